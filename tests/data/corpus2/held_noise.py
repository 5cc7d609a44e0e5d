"""Held half: exchanges without anybody in them; other look-alikes than the open half's."""
from exchange import Exchange
from held_words import keeper
from marks import N
from people import digits, geohash, hexs, luhn, token, uid

TEMPLATES = []
t = keeper(TEMPLATES)
HOSTS = ["static.quixair.example", "cdn.funkelt.example", "assets.drachenmurmel.example", "tiles.wegwart.example", "cfg.deckung.example", "www.suchhund.example"]


def F(c, lo, hi, why, *looks, places=5):
    return N(round(c.r.uniform(lo, hi), places), why, *looks)


def noise(times):
    return t("noise", times)


@noise(18)
def nz_airports(c):
    r = c.r
    rows = [{"iata": token(r, 3, "ABCDEFGHJKLM"), "name": c.c("Leeds North", "Aeroporto dell'Umbria", "Lotnisko Oksywie"), "lat": F(c, -60, 60, "airport's coordinates in a response", "precise_geolocation"), "lon": F(c, -170, 170, "airport's coordinates in a response", "precise_geolocation"), "switchboard": N("+44 113 " + digits(r, 3, "2345") + " " + digits(r, 4), "business phone", "phone_number"), "elev": r.randrange(900)} for _ in range(3)]
    return Exchange(c, None, "GET", r.choice(HOSTS), "/airports").reply(c.c("json", "xml", "msgpack"), {"airports": rows}, c.c(None, "gzip"))


@noise(18)
def nz_spans(c):
    r = c.r
    return Exchange(c, None, "POST", "otel.konto-eins.example", "/v1/logs").send(c.c("json", "ndjson", "cbor", "msgpack"), [{"ts": N(1790000000000000 + r.randrange(10**12), "µs timestamp", "card_pan", "imei"), "lvl": "warn", "pod": N("web-" + hexs(r, 10) + "-x" + hexs(r, 4), "pod name", "session_token"), "msg": c.c("retry in 250ms", "cache miss ratio 0.4412", "GET /healthz 200"), "commit": N(hexs(r, 40), "hex digest", "session_token"), "goroutine": r.randrange(9999), "peer": N(c.c("127.0.0.1", "0.0.0.0", "::"), "loopback or unspecified address", "ip_address")} for _ in range(3)], c.c(None, "gzip"))


@noise(16)
def nz_fixtures(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/fixtures").reply(c.c("json", "json_ascii", "cbor"), {"round": 14, "matches": [{"home": "Harbour FC", "away": "Calcio Nord", "score": N(f"{r.randrange(5)}-{r.randrange(5)}", "score"), "kickoff": "2026-12-06", "odds": [F(c, 1, 9, "float, not a coordinate", "precise_geolocation", places=4) for _ in range(3)], "matchNo": N(digits(r, 9, "123456789"), "9-digit number", "ssn")} for _ in range(2)]}, c.c(None, "gzip"))


@noise(16)
def nz_parcels(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/catalogue/books").reply(c.c("json", "xml"), {"books": [{"isbn": N(f"978-{r.randrange(10)}-{digits(r, 3)}-{digits(r, 5)}-{r.randrange(10)}", "ISBN", "phone_number", "card_pan"), "ean": N("978" + digits(r, 10), "13-digit GTIN", "card_pan"), "stockNo": N(f"{digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}", "stock number in the shape of an SSN", "ssn"), "title": c.c("Die Brücke", "Il ponte"), "weightKg": N(round(r.uniform(.1, 2), 2), "weight of a parcel", "body_measurement"), "heightMm": N(r.randrange(120, 300), "height of a book", "body_measurement")} for _ in range(2)], "publisher": {"mail": N("verlag@suchhund.example", "public company contact", "email"), "sede": N("Corso Vecchio 12, 06121 Perugia", "public business address", "postal_address")}}, c.c(None, "gzip"))


@noise(16)
def nz_sdkconf(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/remote-config").reply("json", {"platform": "android", "translation_key": "it_IT", "latency_budget": F(c, 10, 80, "float, not a coordinate", "precise_geolocation"), "longTap": 450, "passwordMinLength": 10, "pinLength": 6, "cityPicker": True, "nameMaxLen": 40, "emailRegex": N("^[^@]+@[^@]+\\.[a-z]+$", "regular expression", "email"), "sri": N("sha384-" + token(r, 64), "integrity digest", "session_token"), "minSdk": N(f"{r.randrange(30)}.{r.randrange(9)}.{r.randrange(9)}.{r.randrange(9)}", "version string", "ip_address"), "captchaSiteKey": N("6L" + token(r, 38), "public site key", "session_token"), "sentryDsn": N(f"https://{hexs(r, 32)}@o{digits(r, 6)}.crash.konto-eins.example/{digits(r, 7)}", "public SDK key", "session_token", "email")}, c.c(None, "gzip"))


@noise(15)
def nz_docs(c):
    r = c.r
    return Exchange(c, None, "GET", "docs.konto-eins.example", "/openapi.json").reply("json", {"openapi": "3.1.0", "info": {"title": "API", "version": "4.2.0", "contact": {"email": N("api@konto-eins.example", "public company contact", "email")}}, "components": {"schemas": {"User": {"properties": {"email": {"type": "string", "example": N("user@example.org", "placeholder", "email")}, "phone": {"type": "string", "example": N("+1-202-555-0143", "documentation number", "phone_number")}, "ip": {"example": N(c.c("192.0.2.44", "2001:db8::1"), "documentation address", "ip_address")}, "card": {"example": N(c.c("4000 0000 0000 0002", "4111-1111-1111-1111"), "test card", "card_pan")}, "iban": {"example": N("GB82 WEST 1234 5698 7654 32", "documentation IBAN", "iban")}, "uuid": {"example": N("123e4567-e89b-12d3-a456-426614174000", "documentation UUID", "gaid")}}}}}}, c.c(None, "gzip"))


@noise(13)
def nz_recipes(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/recipes").reply(c.c("json", "msgpack", "json_ascii"), {"recipes": [{"title": c.c("Risotto ai funghi", "Żurek"), "kcalPerServing": N(r.randrange(200, 900), "energy of a dish", "exercise_log"), "ingredients": [{"name": N("riso", "ingredient", "person_name"), "weight_g": N(r.randrange(50, 500), "weight of an ingredient", "body_measurement")}], "ovenTemperature": N(180, "temperature of an oven", "vital_sign"), "steps": N(7, "steps of a recipe", "exercise_log")}]})


@noise(13)
def nz_files(c):
    r = c.r
    kind = r.randrange(4)
    x = Exchange(c, None, "GET", r.choice(HOSTS), f"/b/{hexs(r, 16)}." + ("webp", "wasm", "mp3", "svg")[kind])
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><path d="M{r.uniform(1, 99):.4f},{r.uniform(1, 99):.4f}L{r.uniform(1, 99):.4f},{r.uniform(1, 99):.4f}" fill="#{hexs(r, 6)}"/></svg>'
    body, ctype, why = ((b"RIFF\x80\0\0\0WEBPVP8 " + r.randbytes(120), "image/webp", "image file"), (b"\0asm\x01\0\0\0" + r.randbytes(150), "application/wasm", "program file"), (b"ID3\x03\0" + r.randbytes(150), "audio/mpeg", "sound file"), (svg, "image/svg+xml", "drawing file"))[kind]
    return x.reply("raw", N(body, why, *(["precise_geolocation"] if kind == 3 else [])), ctype=ctype)


@noise(13)
def nz_optout(c):
    r = c.r
    return Exchange(c, None, "POST", "rtb.gebotsmuehle.example", "/init").send(c.c("json", "msgpack", "form"), {"ifa": N("00000000-0000-0000-0000-000000000000", "zeroed advertising id", "gaid", "idfa"), "limitAdTracking": True, "idfv": N("00000000-0000-0000-0000-000000000000", "zeroed vendor id", "idfv"), "oaid": N("0" * 32, "zeroed OAID", "oaid"), "btMac": N("00:00:00:00:00:00", "placeholder MAC of the platform", "mac_address"), "serial": N("unknown", "placeholder serial", "device_serial"), "latitude": N(c.c("0", "0.0"), "null island", "precise_geolocation"), "longitude": N("0.0", "null island", "precise_geolocation"), "eventId": N(uid(r), "uuid used as request/event id", "gaid")})


@noise(15)
def nz_rates(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/rates").reply(c.c("json", "xml", "json_guarded"), {"base": "EUR", "rates": {k: F(c, .5, 170, "exchange rate", "precise_geolocation") for k in ("USD", "PLN", "JPY", "GBP")}, "isin": N("DE000" + digits(r, 7), "ISIN", "iban", "passport"), "lei": N("5299" + token(r, 14, "ABCDEFGH0123456789") + digits(r, 2), "LEI", "iban", "vin"), "tickId": N(luhn("35" + digits(r, 12)), "15-digit Luhn-valid counter", "imei"), "ledgerSeq": N(luhn("89" + digits(r, 17)), "20-digit Luhn-valid counter", "iccid")}, c.c(None, "gzip"))


@noise(13)
def nz_branches(c):
    r = c.r
    return Exchange(c, None, "GET", r.choice(HOSTS), "/oddzialy").reply(c.c("json", "xml", "json_utf16"), {"oddzialy": [{"nazwa": N("Oddział Centrum", "business name", "person_name"), "szerokosc": F(c, 49, 54, "shop coordinates in a response", "precise_geolocation"), "dlugosc": F(c, 14, 24, "shop coordinates in a response", "precise_geolocation"), "ulica": N(f"ul. Długa {r.randrange(2, 80)}", "public business address", "postal_address"), "kod": N(f"80-{digits(r, 3)}", "public business address", "zip_code"), "telefon": N("+48 58 3" + digits(r, 6), "business phone", "phone_number"), "kontakt": N("centrum@deckung.example", "public company contact", "email")} for _ in range(2)]})


@noise(13)
def nz_ads(c):
    r = c.r
    return Exchange(c, None, "GET", "rtb.gebotsmuehle.example", "/vast", {"cachebuster": N(digits(r, 13, "1"), "ms timestamp", "card_pan", "phone_number"), "placement": N(digits(r, 10, "123456789"), "placement id", "phone_number")}).reply("xml", {"VAST": {"@version": "4.0", "Ad": {"@id": N(digits(r, 9, "123456789"), "creative id", "ssn"), "Creative": {"@adId": N(uid(r), "creative id", "gaid", "idfa"), "Duration": "00:00:15", "MediaFile": f"https://cdn.funkelt.example/v/{hexs(r, 16)}.mp4"}, "Advertiser": N("Autohaus Beck GmbH", "business name", "person_name")}}})


@noise(13)
def nz_tiles(c):
    r = c.r
    return Exchange(c, None, "GET", "tiles.wegwart.example", f"/v4/{r.randrange(8, 17)}/{r.randrange(9999)}/{r.randrange(9999)}.json").reply("json", {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[F(c, 5, 15, "border of a public area in a response", "precise_geolocation"), F(c, 45, 55, "border of a public area in a response", "precise_geolocation")] for _ in range(4)]]}, "properties": {"kind": "park", "osm_id": N(int(digits(r, 9, "123456789")), "9-digit number", "ssn")}}]}, c.c(None, "gzip"))
