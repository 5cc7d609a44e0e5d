"""Open half: exchanges without anybody in them, full of look-alikes."""
import zlib

from exchange import Exchange
from marks import N
from people import digits, hexs, luhn, token, uid

TEMPLATES = []


def noise(times):
    def keep(f):
        TEMPLATES.append(("noise", f, times))
        return f
    return keep


HOSTS = ["cdn.saldonord.example", "cfg.rollo.example", "s.morgenblick.example", "telemetry.pulsa.example", "static.tellerlein.example"]


def coord(c, lo=-80, hi=80):
    return N(round(c.r.uniform(lo, hi), 6), "shop coordinates in a response", "precise_geolocation")


@noise(17)
def nz_stores(c):
    r = c.r
    a, b, s, p = c.c(("lat", "lng", "street", "tel"), ("breite", "laenge", "strasse", "telefon"), ("latitud", "longitud", "direccion", "telefono"))
    rows = [{"name": N(c.c("Filiale Mitte", "Tienda Sol", "Pharmacy 24/7", "Boutique Hauteville"), "business name", "person_name"), a: coord(c), b: coord(c), s: N(f"Hauptstraße {r.randrange(2, 99)}", "public business address", "postal_address"), "zip": N(digits(r, 5), "public business address", "zip_code"), p: N("+49 30 2" + digits(r, 7), "business phone", "phone_number"), "email": N("filiale@tellerlein.example", "public company contact", "email")} for _ in range(r.randrange(2, 5))]
    return Exchange(c, None, "GET", r.choice(HOSTS), c.c("/stores", "/filialen", "/tiendas"), {"page": "1"}).reply(c.c("json", "xml", "json_guarded"), {"stores": rows}, c.c(None, "gzip"))


@noise(17)
def nz_flags(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/flags.json").head(c.rid()).reply("json", {"rollout": {k: r.random() < .5 for k in ("newCheckout", "email_verification_required", "phone_first", "ssn_mask_v2")}, "salt": N(hexs(r, 40), "hex digest", "session_token"), "minVersion": N("3.14.15.92", "version string", "ip_address"), "weights": [N(round(r.uniform(-1, 1), 5), "float, not a coordinate", "precise_geolocation") for _ in range(4)], "brand": "#8A2B" + hexs(r, 2), "help": N("hilfe@saldonord.example", "public company contact", "email")}, c.c(None, "gzip"))


@noise(18)
def nz_metrics(c):
    r = c.r
    span = lambda: {"traceId": N(hexs(r, 32), "trace id", "oaid", "session_token"), "spanId": N(hexs(r, 16), "span id", "android_id"), "startNs": N(1790000000000000000 + r.randrange(10**15), "ns timestamp", "iccid"), "durUs": N(int(digits(r, 9, "123456789")), "9-digit number", "ssn"), "name": c.c("http.client", "db.query", "render"), "heap": r.randrange(10**7, 10**8)}
    return Exchange(c, None, "POST", r.choice(HOSTS), "/v1/traces").send(c.c("json", "msgpack", "cbor", "ndjson"), [span() for _ in range(3)], c.c(None, "gzip", "deflate"))


@noise(17)
def nz_crash(c):
    r = c.r
    head = {"eventId": N(hexs(r, 32), "hex event id", "oaid", "session_token"), "release": N(f"5.2.{r.randrange(9)}.{r.randrange(400)}", "version string", "ip_address"), "buildUuid": N(uid(r).upper(), "build uuid", "idfa", "gaid")}
    frames = {"stack": [{"fn": "_ZN3app5startEv", "addr": N("0x" + hexs(r, 16), "instruction address", "android_id"), "line": r.randrange(900)} for _ in range(3)], "free_mem": N(int(digits(r, 10, "123456789")), "10-digit number", "phone_number"), "thread": "main", "message": "java.net.SocketTimeoutException: failed to connect to /127.0.0.1 (port 8443)"}
    return Exchange(c, None, "POST", "crash.messpunkt.example", "/envelope").send(c.c("ndjson", "ndjson", "json"), [head, frames], c.c(None, "gzip"))


@noise(17)
def nz_products(c):
    r = c.r
    rows = [{"gtin": N(digits(r, 13, "123456789"), "13-digit GTIN", "card_pan"), "sku": N(f"{digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}", "SKU in the shape of an SSN", "ssn"), "title": c.c("Wok 28 cm", "Zimtschnecke", "Kopfhörer X2"), "price": round(r.uniform(2, 90), 2), "dims": [N(round(r.uniform(5, 60), 4), "float, not a coordinate", "precise_geolocation") for _ in range(3)], "weight": N(1.2, "weight of an article", "body_measurement"), "pid": N(digits(r, 9, "123456789"), "9-digit product id", "ssn")} for _ in range(3)]
    return Exchange(c, None, "GET", r.choice(HOSTS), "/catalog", {"cat": digits(r, 4), "sort": "price"}).reply(c.c("json", "json_ascii", "msgpack", "xml"), {"items": rows}, c.c(None, "gzip"))


@noise(14)
def nz_assets(c):
    r = c.r
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0" + r.randbytes(160)
    kind = r.randrange(4)
    x = Exchange(c, None, "GET", r.choice(HOSTS), f"/assets/{hexs(r, 20)}.{('png', 'js', 'css', 'woff2')[kind]}")
    js = f'!function(e){{var t="{hexs(r, 32)}",n={digits(r, 10, "123456789")},a=[{r.uniform(-90, 90):.5f},{r.uniform(-90, 90):.5f}];e.v="{r.randrange(9)}.{r.randrange(20)}.{r.randrange(9)}.{r.randrange(99)}"}}(window);'
    css = f".a{{transform:matrix(.{digits(r, 4)},0,0,1.{digits(r, 5)},{r.randrange(99)}.{digits(r, 4)},0);color:#{hexs(r, 6)}}}"
    body, ctype = ((png, "image/png"), (js, "application/javascript"), (css, "text/css"), (b"wOF2" + r.randbytes(200), "font/woff2"))[kind]
    return x.reply("raw", N(body, ("image file", "minified JS", "CSS", "font file")[kind], *([] if kind in (0, 3) else ["precise_geolocation", "phone_number", "ip_address"])), ctype=ctype, coding=c.c(None, "gzip") if kind in (1, 2) else None)


@noise(14)
def nz_placeholders(c):
    r = c.r
    return Exchange(c, None, c.c("GET"), r.choice(HOSTS), "/i18n/forms").reply("json", {"email.placeholder": N("jane.doe@example.com", "placeholder", "email"), "phone.placeholder": N("(555) 555-0100", "placeholder", "phone_number"), "card.hint": N(c.c("4111 1111 1111 1111", "4242424242424242", "5555 5555 5555 4444", "378282246310005"), "test card", "card_pan"), "ssn.mask": N(c.c("123-45-6789", "000-00-0000", "XXX-XX-XXXX"), "placeholder", "ssn"), "iban.hint": N("DE89 3704 0044 0532 0130 00", "documentation IBAN", "iban"), "name.label": "Vollständiger Name", "greeting": N("Hallo {{vorname}}, dein Code ist {{code}}", "template placeholder", "person_name"), "dob.format": "TT.MM.JJJJ"}, c.c(None, "gzip"))


@noise(13)
def nz_zeroed(c):
    r = c.r
    return Exchange(c, None, "POST", "a.werbeflut.example", "/sdk/init").send(c.c("json", "form", "msgpack"), {"gaid": N("00000000-0000-0000-0000-000000000000", "zeroed advertising id", "gaid", "idfa"), "lmt": 1, "androidId": N(c.c("9774d56d682e549c", "0000000000000000"), "emulator's shared android id", "android_id"), "mac": N("02:00:00:00:00:00", "placeholder MAC of the platform", "mac_address"), "imei": N("000000000000000", "zeroed IMEI", "imei"), "ip": N(c.c("0.0.0.0", "127.0.0.1", "::1"), "loopback or unspecified address", "ip_address"), "lat": N(0.0, "null island", "precise_geolocation"), "lon": N(0.0, "null island", "precise_geolocation"), "appKey": N(token(r, 20), "public SDK app token", "session_token")}).reply("json", {"ttl": 3600})


@noise(13)
def nz_bid(c):
    r = c.r
    return Exchange(c, None, "GET", "bid.pubkite.example", "/auction", {"slot": "story_mid", "cb": N(digits(r, 13, "1"), "ms timestamp", "card_pan", "phone_number")}).reply("json", {"id": N(uid(r), "uuid used as request/event id", "gaid", "idfa"), "seatbid": [{"bid": [{"impid": "1", "price": 2.31, "adid": N(digits(r, 8, "123456789"), "creative id", "gaid"), "crid": N(digits(r, 12, "123456789"), "creative id", "phone_number"), "adm": "<a href='https://autohaus-beck.example/?c=" + digits(r, 6) + "'>Ad</a>", "cat": ["IAB2-3"]}], "seat": "77"}], "cur": "EUR"})


@noise(13)
def nz_weather(c):
    r = c.r
    return Exchange(c, None, "GET", "wetter.morgenblick.example", "/cities/top").reply(c.c("json", "cbor"), {"cities": [{"city": n, "temp": round(r.uniform(-5, 31), 1), "hum": r.randrange(20, 99), "pressure": N(1013.25, "air pressure", "vital_sign"), "station": {"lat": N(la, "weather station's coordinates", "precise_geolocation"), "lon": N(lo, "weather station's coordinates", "precise_geolocation")}} for n, la, lo in (("Oslo", 59.9139, 10.7522), ("Lyon", 45.764, 4.8357), ("Cádiz", 36.5271, -6.2886))]})


@noise(13)
def nz_keys(c):
    r = c.r
    return Exchange(c, None, "GET", "id.saldonord.example", "/.well-known/jwks.json").reply("json", {"keys": [{"kty": "RSA", "kid": N(hexs(r, 40), "key id", "session_token"), "n": N(token(r, 172), "public key", "session_token", "face_template"), "e": "AQAB", "x5t": N(token(r, 27), "certificate fingerprint", "fingerprint_template"), "fingerprint": N(":".join(hexs(r, 2).upper() for _ in range(20)), "certificate fingerprint", "fingerprint_template", "mac_address")}], "issuer": "https://id.saldonord.example", "contact": N("security@saldonord.example", "public company contact", "email")})


@noise(13)
def nz_counters(c):
    r = c.r
    return Exchange(c, None, "POST", "telemetry.pulsa.example", "/counters").send(c.c("json", "form"), {"bytesTx": N(luhn(digits(r, 14, "3")), "15-digit Luhn-valid counter", "imei", "card_pan"), "uptimeNs": N(luhn("89" + digits(r, 16)), "19-digit Luhn-valid counter", "iccid", "card_pan"), "etag": N(hexs(r, 40), "hex digest", "session_token"), "order": N(digits(r, 17, "123456789"), "order id", "card_pan"), "checksum": N(hexs(r, 16), "checksum", "android_id"), "rate": 60, "wizardSteps": N(12, "steps of a wizard", "exercise_log"), "cpuTemperature": N(41.5, "temperature of a chip", "vital_sign"), "screenHeight": N(1920, "height of a screen", "body_measurement"), "weight": N(0.75, "weight of an experiment", "body_measurement")}, c.c(None, "gzip"))


@noise(10)
def nz_transit(c):
    r = c.r
    return Exchange(c, None, "GET", "cfg.rollo.example", "/lines").reply(c.c("json", "xml", "json_ascii"), {"line": [{"code": N(f"{digits(r, 2)}-{digits(r, 4)}", "line number", "phone_number"), "stop": c.c("Hauptbahnhof", "Marktplatz", "Plaza Mayor"), "pos": {"lat": N(round(r.uniform(40, 54), 6), "stop's coordinates in a response", "precise_geolocation"), "lon": N(round(r.uniform(1, 14), 6), "stop's coordinates in a response", "precise_geolocation")}, "dep": f"{r.randrange(24):02d}:{r.randrange(60):02d}", "validFrom": "2026-12-13"} for _ in range(3)]})
