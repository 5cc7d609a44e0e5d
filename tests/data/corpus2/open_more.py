"""Open half: messenger, smart home, food delivery, news with ad SDKs, fitness band, staff office, identity check, device SDK."""
import base64
import math

import open_apps
from exchange import Exchange
from formats import exif_jpeg
from marks import Embed, Group, N, O, P, Proto, Text, num
from open_apps import SHOPS, money
from people import bssid, digits, geohash, hexs, jwt, luhn, mrz, plus_code, token, uid, wallet

TEMPLATES = []


def t(arche, times, **attrs):
    def keep(f):
        for k, v in attrs.items():
            setattr(f, k, v)
        TEMPLATES.append((arche, f, times))
        return f
    return keep


MSG = "Plauder"


def said(c):
    """A chat line with something personal in it, in one of several languages."""
    me, r, o = c.me, c.r, c.other(c.c("us", "de", "fr", "es"))
    return c.c(
        Text("can you text ", P("person_name", o.name, "text"), "? number is ", P("phone_number", o.phone, "strong")),
        Text("Schreib bitte ", P("person_name", o.name, "text"), " an ", P("email", o.email), ", danke!"),
        Text("on se retrouve chez moi, ", P("postal_address", f"{r.randrange(3, 90)} rue des Tilleuls, 44000 Nantes", "text"), " vers 20h"),
        Text("transfiéreme a ", P("iban", open_apps.iban_of(c, o).value), " porfa, son 40 euros"),
        Text("my new address: ", P("postal_address", f"{r.randrange(101, 989)} Juniper Hollow Rd, Tucson, AZ 85719", "text"), " see you sat"),
        Text("send the deposit to ", P("crypto_wallet", wallet(r, "btc"))),
        Text("Ich hab jetzt ", P("diagnosis", c.c("Diabetes Typ 2", "Borreliose", "Asthma"), "text", also=["health_note"]), " und nehme ", P("medication", c.c("Metformin", "Doxycyclin", "Salbutamol"), "text")),
        Text("estou aqui: ", P("precise_geolocation", f"{round(me.lat, 5)},{round(me.lon, 5)}", "strong", accept=[str(round(me.lat, 5)), str(round(me.lon, 5))])),
        Text("me llamo ", P("person_name", o.name, "text"), " y nací el ", P("birth_date", f"{r.randrange(1, 29):02d}/0{r.randrange(1, 9)}/{r.randrange(1960, 2004)}", "text")),
        Text("my SSN is ", P("ssn", c.other("us").ssn, "text"), " don't share it"),
        Text("card for the hotel: ", P("card_pan", c.other("us").card().value, "strong"), " exp 04/29"),
        Text("Doktor tansiyonum ", P("vital_sign", "150/95", "text"), " dedi"),
        Text("write me under ", P("account_handle", "@" + o.handle, "text"), " there"))


@t("messaging", 15)
def msg_ws(c):
    r = c.r
    x = Exchange(c, MSG, "GET", "edge.plauder.example", "/gw").head(c.rid())
    fmt, extra, pre = c.c(("json", (), ""), ("json", (), "42"), ("json", (), "42/room,17"), ("msgpack", (), ""), ("json", ("gzip",), ""), ("json", ("deflate",), ""), ("cbor", (), ""))
    for _ in range(r.randrange(1, 4)):
        x.ws(c.c("send", "recv"), fmt, {c.c("txt", "body", "nachricht"): said(c), "mid": N(uid(r), "uuid id", "gaid"), "seq": N(int(digits(r, 9, "123456789")), "9-digit sequence", "ssn")} if not pre else ["m", {"body": said(c)}], prefix=pre, extra=extra)
    return x


@t("messaging", 6)
def msg_addressbook(c):
    r = c.r
    people = [c.other() for _ in range(r.randrange(2, 6))]
    n, p = c.c(("displayName", "msisdns"), ("anzeigename", "nummern"), ("nom_affiche", "telephones"), ("nombre", "telefonos"), ("fn", "tels"))
    kind = r.randrange(4)
    x = Exchange(c, MSG, "POST", "sync.plauder.example", "/addressbook").head(c.bearer())
    if kind == 0:
        return x.send(c.c("protobuf", "grpc", "grpc_web_text"), Proto([(1, Proto([(1, P("person_name", o.name)), (2, o.ph("e164")), (3, P("email", o.email))])) for o in people]), )
    if kind == 1:
        card = []
        for o in people:
            card += ["BEGIN:VCARD\nVERSION:3.0\nFN:", P("person_name", o.name, "keyed"), "\nTEL;TYPE=CELL:", o.ph("e164", tier="strong"), "\nEMAIL:", P("email", o.email), "\nEND:VCARD\n"]
        return x.send("text", Text(*card), ctype="text/vcard; charset=utf-8")
    return x.send(c.c("json", "msgpack", "cbor", "json_utf16"), {"entries": [{n: P("person_name", o.name), p: [o.ph()], c.c("mails", "emails"): [P("email", o.email)] if c.chance(.5) else []} for o in people]}, c.c(None, "gzip", "zlib"))


@t("messaging", 6)
def msg_calls(c):
    r = c.r
    num_, dir_, dur, at = c.c(("remoteParty", "callType", "durationSec", "startedAt"), ("gegenstelle", "richtung", "dauer", "beginn"), ("numero_distant", "sens", "duree", "debut"), ("numeroRemoto", "direccion_llamada", "duracion", "inicio"), ("peer_msisdn", "direction", "talk_time", "ts_start"))
    rows = []
    for _ in range(r.randrange(2, 5)):
        g = Group("call_detail", also=["phone_number"])
        rows.append({num_: g(c.other().phone), dir_: g(c.c("INCOMING", "OUTGOING", "MISSED", "eingehend", "sortant")), dur: g(r.randrange(5, 3000)), at: g(f"2026-10-{r.randrange(1, 29):02d}T{r.randrange(0, 24):02d}:14:09Z")})
    return Exchange(c, MSG, "POST", "sync.plauder.example", c.c("/backup/call-log", "/backup/anrufliste")).head(c.bearer()).send(c.c("json", "xml", "msgpack", "cbor", "bplist"), {c.c("callHistory", "anrufliste", "cdr", "journal_appels"): rows}, c.c(None, "gzip"))


@t("messaging", 7)
def msg_signup(c):
    me, r = c.me, c.r
    tree = {c.c("msisdn", "rufnummer", "numero_mobile", "celular", "cepTelefonu", "shoujihao"): me.ph(), c.c("nickname", "screenName", "handle", "pseudo", "apodo", "kullanici_adi_herkese_acik"): P("account_handle", me.handle, also=["username"]), **c.names(me), c.c("bday", "geburtstag", "naissance", "cumpleanos"): me.dob()}
    x = Exchange(c, MSG, "POST", "id.plauder.example", "/register").send(c.c("json", "msgpack", "form", "plist", "bplist"), tree)
    return x.reply("json", {"ok": True, "profileUrl": Text("https://plauder.example/u/", P("account_handle", me.handle, optional=True))}).set_cookie(c.c("plsess", "SID", "auth_session"), P("session_token", hexs(r, 40)))


HOME = "Stubenwart"


def rough(c, a, b):
    """A position rounded to one decimal."""
    lat, lon = round(c.me.lat, 1), round(c.me.lon, 1)
    g = Group("coarse_geolocation", value=f"{lat},{lon}")
    return {a: g(lat), b: g(lon)}


def vector(c, el, k=48):
    g = Group(el)
    return [g(round(c.r.gauss(0, .12), 6)) for _ in range(k)]


@t("smart home", 12)
def home_bio(c):
    r = c.r
    tree = {"deviceUid": N("lock-" + hexs(r, 12), "object id", "mac_address")}
    for el in sorted({*r.sample(["face_template", "voiceprint", "fingerprint_template"], 2), c.c("fingerprint_template", "voiceprint")}):
        if el == "fingerprint_template":
            tree[c.c("fingerTemplate", "fingerabdruck_vorlage", "huella_template", "minutiaeTemplate", "empreinte_digitale")] = P(el, base64.b64encode(b"FMR\x00 20\x00" + r.randbytes(90)).decode())
        elif el == "face_template":
            tree[c.c("faceVector", "gesichtsmerkmale", "face-embedding", "vecteur_visage", "plantillaFacial")] = vector(c, el)
        else:
            tree[c.c("speakerEmbedding", "stimmabdruck", "voice_print", "empreinte_vocale", "huella_de_voz")] = vector(c, el, 32)
    return Exchange(c, HOME, "POST", "hub.stubenwart.example", "/v2/enroll").head(c.bearer()).send(c.c("json", "cbor", "msgpack"), tree, c.c(None, "gzip"))


@t("smart home", 8)
def home_wifi(c):
    me, r = c.me, c.r
    b, s = c.c(("bssid", "ssid"), ("apMac", "networkName"), ("BSSID", "SSID"), ("punto_acceso_mac", "nombre_red"), ("ap_bssid", "ap_ssid"))
    aps = []
    for _ in range(r.randrange(2, 5)):
        g = Group("wifi_scan", also=["mac_address"])
        aps.append({b: g(bssid(r)), s: g(c.c("FRITZ!Box 7590 QX", "Livebox-4A2C", "MOVISTAR_91F0", "xfinity-guest", "TP-LINK_8C1E")), "rssi": -r.randrange(40, 90), "channel": r.randrange(1, 13)})
    tree = {c.c("surroundings", "scanResults", "netzwerke", "wifiAccessPoints"): aps, c.c("lanAddress", "localIp", "ipLocal", "lokale_ip"): P("ip_address", f"192.168.{r.randrange(1, 200)}.{r.randrange(2, 250)}"), c.c("hwAddr", "wlan_mac", "macAdresse"): P("mac_address", c.c(me.mac, me.mac.upper(), me.mac.replace(":", "-"), me.mac.replace(":", "")), plain=me.mac), c.c("serialNo", "seriennummer", "numSerie"): P("device_serial", me.serial), "fw": N("2.14.0.118", "version string", "ip_address")}
    return Exchange(c, HOME, "POST", "prov.stubenwart.example", "/pair").send(c.c("json", "cbor", "msgpack", "json_ascii", "xml"), tree, c.c(None, None, "gzip", "raw_deflate")).head(c.rid())


@t("smart home", 8)
def home_geofence(c):
    me, r = c.me, c.r
    gh = geohash(me.lat, me.lon, c.c(7, 8, 9))
    tree = c.c({"home": {"geoHash": P("precise_geolocation", gh)}}, {"heim": {"plusCode": P("precise_geolocation", plus_code(me.lat, me.lon))}}, {"home": {"iso6709": P("precise_geolocation", f"{me.lat:+09.5f}{me.lon:+010.5f}/", accept=[str(round(me.lat, 5)), str(round(me.lon, 5))])}},
               {"region": {"geohash": P("coarse_geolocation", gh[:4])}}, {"areal": rough(c, "lat", "lon")},
               {"approx": {"latitude": (h := Group("coarse_geolocation", accept=[f"{me.lat},{me.lon}"]))(me.lat), "longitude": h(me.lon), "accuracy_m": 4500}})
    return Exchange(c, HOME, "PUT", "api.stubenwart.example", "/geofence").head(c.bearer()).send(c.c("json", "cbor", "msgpack"), tree)


FOOD = "Tellerlein"


@t("food delivery", 8)
def food_order(c):
    me, r = c.me, c.r
    g = Group("transaction")
    ins = {"us": ("deliveryInstructions", "Leave it with "), "de": ("lieferhinweis", "Bitte klingeln bei "), "fr": ("consignes", "Sonner chez "), "es": ("instrucciones", "Tocar el timbre de "), "br": ("observacao", "Entregar para "), "tr": ("teslimatNotu", "Zil: "), "cn": ("beizhu", "请打电话给")}[me.cc]
    o = c.other(me.cc)
    tree = {"dropoff": {**c.names(me), **c.address(me), c.c("contactNumber", "telefon", "tel", "celular"): me.ph()}, "mail" if c.chance(.5) else "receiptEmail": P("email", me.email), ins[0]: Text(ins[1], P("person_name", o.name, "text"), c.c(", 3rd floor", ", 2. OG", "!")), "lines": [{"sku": N(f"{digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}", "phone-like SKU", "phone_number"), "qty": 1}]}
    flat = c.chance(.35)
    if flat:
        d = tree.pop("dropoff")
        tree.pop("lines")
        tree = {f"order[dropoff][{k}]": v for k, v in d.items() if v is not None} | tree
    x = Exchange(c, FOOD, "POST", "shop.tellerlein.example", "/checkout").head(c.bearer()).send("form" if flat else c.c("json", "msgpack", "json_ascii"), tree, c.c(None, "gzip"))
    return x.reply("json", {"orderNo": N(digits(r, 16, "123456789"), "order id", "card_pan", "phone_number"), c.c("charge", "payment", "zahlung"): {c.c("grandTotal", "gesamtbetrag", "total_paid"): g(money(c)), c.c("merchantName", "restaurant", "haendler"): g(r.choice(SHOPS))}, "partner": {"support_phone": N("+1-800-4" + digits(r, 2) + "-" + digits(r, 4), "business phone", "phone_number")}})


@t("food delivery", 6)
def food_search(c):
    me, r = c.me, c.r
    la, lo = c.point(me)
    return Exchange(c, FOOD, "GET", "shop.tellerlein.example", c.c("/search", "/suche", "/buscar"), c.c({"q": c.c("ramen", "pizza vegan"), "ll": P("precise_geolocation", f"{la.value},{lo.value}", accept=[num(la.value), num(lo.value)]), "r": "2500"}, {"term": "sushi", "geo.lat": la, "geo.lng": lo}, {"q": Text("delivery to ", P("postal_address", me.street, "text")), "zip" if me.cc == "us" else "plz": P("zip_code", me.zip)})).head(c.bearer()) \
        .reply("json", {"restaurants": [{"name": N(s, "business name", "person_name"), "lat": N(round(me.lat + .004, 6), "shop coordinates in a response", "precise_geolocation"), "lng": N(round(me.lon - .003, 6), "shop coordinates in a response", "precise_geolocation"), "phone": N("+1 800 5" + digits(r, 2) + " " + digits(r, 4), "business phone", "phone_number"), "rating": 4.6} for s in r.sample(SHOPS, 3)]}, c.c(None, "gzip"))


@t("food delivery", 4)
def food_photo(c):
    me, r = c.me, c.r
    la, lo = (int(abs(me.lat)) or 1, r.randrange(60), r.randrange(6000)), (int(abs(me.lon)) or 1, r.randrange(60), r.randrange(6000))
    la, lo = (la[0] * (1 if me.lat > 0 else -1), *la[1:]), (lo[0] * (1 if me.lon > 0 else -1), *lo[1:])
    dec = [math.copysign(abs(d) + m / 60 + s / 360000, d) for d, m, s in (la, lo)]
    acc = [f"{v:.{k}f}" for v in dec for k in (5, 6, 7)] + [f"{dec[0]:.5f},{dec[1]:.5f}"]
    img = P("precise_geolocation", exif_jpeg(la, lo), "strong", shown=f"{dec[0]:.6f},{dec[1]:.6f}", accept=acc, layer="exif")
    x = Exchange(c, FOOD, "POST", "media.tellerlein.example", "/review/photo").head(c.bearer())
    if c.chance(.5):
        return x.send("multipart", {"stars": "5", "photo": {"filename": "IMG_2231.jpg", "type": "image/jpeg", "data": img}})
    return x.send("raw", img, ctype="image/jpeg")


NEWS = "Morgenblick"


@t("news with ad SDKs", 18)
def ad_request(c):
    me, r = c.me, c.r
    ios = me.persona and me.persona.endswith("ios") or not me.persona and c.chance(.6)
    ad = {c.c("idfa", "ifa", "ios_ifa", "apple_advertising_id"): P("idfa", me.idfa), c.c("idfv", "vendorId", "identifier_for_vendor"): P("idfv", me.idfv)} if ios else {c.c("gaid", "google_aid", "gps_adid", "rdid", "aaid"): P("gaid", me.gaid)}
    if not ios and c.chance(.5):
        ad[c.c("oaid", "hms_oaid", "msa_oaid", "OAID")] = P("oaid", c.c(uid(r), hexs(r, 32), hexs(r, 64)))
    if not ios and c.chance(.4):
        ad[c.c("andi", "androidid", "ssaid", "android-id")] = P("android_id", me.android_id)
    la, lo = c.point(me)
    geo = c.c({"lat": la, "lon": lo}, rough(c, "lat", "lon"), {})
    tree = {"slot": "home_top", **ad, "ip" if c.chance(.5) else "client-ip": P("ip_address", me.ip), "geo": geo, "imp_id": N(uid(r), "uuid used as request/event id", "gaid", "idfa"), "sdk": N("12.4.1.0", "version string", "ip_address"), "w": 320, "h": 50}
    kind = r.randrange(5)
    x = Exchange(c, NEWS, "GET" if kind == 0 else "POST", c.c("a.werbeflut.example", "bid.pubkite.example"), c.c("/ad", "/v4/sdk/fetch"))
    if kind == 0:
        x.query = {k: v for k, v in tree.items() if k != "geo"}
    elif kind == 1:
        x.send("form", {"data": Embed("json", tree, "base64"), "v": "4"})
    elif kind == 2:
        x.send("json", {"enc": "none", "ctx": Embed("json", tree, "gzip", "base64url")})
    else:
        x.send(c.c("json", "json", "msgpack", "cbor"), tree, c.c(None, "gzip"))
    return x.reply("json", {"ads": [{"crid": N(digits(r, 10, "123456789"), "creative id", "phone_number"), "price": 1.27, "adomain": "autohaus-beck.example", "nurl": N(f"https://bid.pubkite.example/win/{hexs(r, 32)}", "bid notice url", "session_token")}]})


@t("news with ad SDKs", 7)
def news_pixel(c):
    me, r = c.me, c.r
    jar = {c.c("_ga", "visitor", "uuid2", "_mb_vid", "tuuid"): P("cookie_id", c.c(f"GA1.2.{digits(r, 9)}.{digits(r, 10, '1')}", uid(r), digits(r, 19, "123456789"))), "consent": "granted", "theme": "dark"}
    if c.chance(.4):
        jar["profil"] = O("cookie_id", Embed("json", {"mail": P("email", me.email), "plz": P("zip_code", me.zip)}, "percent"))
    if c.chance(.4):
        jar[c.c("PHPSESSID", "connect.sid", "mb_session", "JSESSIONID")] = P("session_token", hexs(r, 32), also=["cookie_id"])
    x = Exchange(c, NEWS, "GET", "px.morgenblick.example", "/t.gif", {"cb": N(str(1790000000000 + r.randrange(10**8)), "ms timestamp", "phone_number", "card_pan"), "art": N(digits(r, 9, "123456789"), "article id", "ssn")}).cookie(jar)
    x.head(c.c(("X-Forwarded-For", P("ip_address", me.ip)), c.rid()))
    if c.chance(.5):
        x.set_cookie(c.c("_cid", "demdex", "uid"), P("cookie_id", uid(r)), "; Max-Age=31536000; Path=/; SameSite=None; Secure")
    return x


@t("news with ad SDKs", 6)
def news_link(c):
    """A link handed on whole: its query stands inside another query."""
    me = c.me
    la, lo = c.point(me)
    inner = c.c({"mail": P("email", me.email), "utm": "x"}, {"breite": la, "laenge": lo}, {"tel": me.ph("e164"), "z": "1"}, {"rdid": P("gaid", me.gaid), "is_lat": "0"})
    return Exchange(c, NEWS, "GET", "go.morgenblick.example", "/out", {c.c("to", "u", "ziel"): Embed("form", inner, prefix="https://partner.werbeflut.example/land?"), "c": "7"}).head(c.rid()).reply("text", "", status=302)


@t("news with ad SDKs", 5)
def news_newsletter(c):
    me, r = c.me, c.r
    return Exchange(c, NEWS, "POST", "api.morgenblick.example", "/newsletter").send(c.c("form", "form_latin1") if me.cc in ("de", "fr", "es", "br") else "form", {c.c("email", "courriel", "correo", "e-mail-adresse"): P("email", me.email), c.c("name", "anrede_name"): P("person_name", me.name), "source": "footer", "tz": "Europe/Berlin"}).reply("json", {"ok": True, "kontakt": N("redaktion@morgenblick.example", "public company contact", "email"), "impressum": N("Morgenblick Verlag GmbH, Presseplatz 4, 20095 Hamburg", "public business address", "postal_address"), "fon": N("+49 40 3" + digits(r, 7), "business phone", "phone_number")})


FIT = "Pulsa"


@t("fitness wearable", 13)
def band_sync(c):
    me, r = c.me, c.r
    g, s, w = Group("vital_sign", accept=["HKQuantityTypeIdentifierHeartRate", "com.google.heart_rate.bpm"]), Group("exercise_log", accept=["HKQuantityTypeIdentifierStepCount"]), Group("body_measurement")
    hr = [r.randrange(52, 168) for _ in range(r.randrange(4, 9))]
    kind = c.c(0, 1, 2, 2, 3, 3, 4)
    x = Exchange(c, FIT, "POST", "sync.pulsa.example", "/v7/upload").head(c.bearer())
    if kind == 0:
        tree = {"samples": [{"type": "HKQuantityTypeIdentifierHeartRate", "value": g(v), "unit": "count/min"} for v in hr] + [{"type": "HKQuantityTypeIdentifierStepCount", "value": s(r.randrange(200, 9000)), "unit": "count"}]}
    elif kind == 1:
        tree = {"dataSource": "raw:com.google.heart_rate.bpm:band", "point": [{"dataTypeName": "com.google.heart_rate.bpm", "value": [{"fpVal": g(float(v))}]} for v in hr]}
    elif kind == 2:
        tree = {c.c("heartRateSeries", "herzfrequenz", "frequence_cardiaque", "ritmo_cardiaco", "nabiz", "xinlv"): [g(v) for v in hr], c.c("stepsToday", "schritte", "pas", "pasos", "adim", "bushu"): s(r.randrange(200, 18000)), c.c("bodyFatPct", "koerperfett", "masse_grasse", "grasa_corporal"): w(round(r.uniform(9, 38), 1))}
    elif kind == 3:
        tree = {"session": {c.c("sport", "sportart", "activityType"): s(c.c("running", "rudern", "natation", "ciclismo")), c.c("distanceMeters", "distanz_m"): s(r.randrange(900, 21000)), c.c("kcal", "caloriesBurned", "kalorien"): s(r.randrange(60, 900)), "avgHr": g(r.randrange(90, 170)), "spo2": g(r.randrange(92, 100))}}
    else:
        tree = {"bodyMass": {"kilograms": w(round(r.uniform(47, 118), 1))}, "sleepStages": None, "bloodGlucoseMgDl": g(r.randrange(70, 190)), "restingHeartRate": g(r.randrange(46, 80))}
    return x.send(c.c("json", "cbor", "msgpack", "json_ascii", "bplist" if kind != 4 else "json"), tree, c.c(None, "gzip", "deflate")).reply("json", {"synced": True, "cursor": N(token(r, 24), "opaque cursor", "session_token")})


@t("fitness wearable", 4)
def band_gpx(c):
    me, r = c.me, c.r
    g, h = Group("precise_geolocation"), Group("vital_sign")
    pts = [(round(me.lat + i * .0008, 6), round(me.lon + i * .0013, 6)) for i in range(5)]
    tree = {"gpx": {"@version": "1.1", "trk": {"name": O("exercise_log", "Evening run"), "trkseg": {"trkpt": [{"@lat": g(la), "@lon": g(lo), "ele": 212.4, "hr": h(r.randrange(95, 171))} for la, lo in pts]}}}}
    return Exchange(c, FIT, "POST", "sync.pulsa.example", "/gpx").head(c.bearer()).send("xml", tree, c.c(None, "gzip"), ctype="application/gpx+xml")


@t("fitness wearable", 6)
def band_cycle(c):
    r = c.r
    g = Group("reproductive_health")
    k = c.c(("lastPeriodStart", "cycleLengthDays", "ovulationTest"), ("letzte_periode", "zykluslaenge", "ovulationstest"), ("dernieres_regles", "duree_cycle", "test_ovulation"), ("ultima_regla", "duracion_ciclo", "prueba_ovulacion"), ("ultima_menstruacao", "duracao_ciclo", "teste_ovulacao"), ("sonRegl", "donguUzunlugu", "ovulasyonTesti"))
    return Exchange(c, FIT, "PUT", "api.pulsa.example", "/cycle").head(c.bearer()).send(c.c("json", "cbor", "form", "plist"), {k[0]: g(f"2026-{r.randrange(1, 12):02d}-{r.randrange(1, 28):02d}"), k[1]: g(r.randrange(24, 34)), k[2]: g(c.c("positive", "negativ", "LH_HIGH"))})


STAFF = "Personalis"


@t("staff office", 8)
def staff_onboard(c):
    me, r = c.me, c.r
    tree = {"worker": {**c.names(me), **c.address(me), c.c("privatePhone", "telefon_privat", "tel_perso", "telefono_particular"): me.ph(), c.c("privateEmail", "email_privat"): P("email", me.email), c.c("birthplace", "geburtsort", "lieu_naissance", "lugar_nacimiento", "naturalidade", "dogumYeri", "chushengdi"): P("birthplace", c.c("Kassel", "Oviedo", "Trabzon", "Belo Horizonte", "Dijon", "Omaha"))}, c.c("passportNumber", "reisepassnummer", "numero_passeport", "numeroPasaporte", "numero_passaporte", "pasaportNo", "huzhaohao"): P("passport", c.c("C", "X", "P") + token(r, 1, "FGHJKLMN") + digits(r, 7))}
    if me.cc == "us" and c.chance(.75):
        tree |= c.c({c.c("alienNumber", "aNumber", "uscis_number", "alien_registration_no"): P("alien_registration", c.c("A", "A-", "A ") + digits(r, 9, "123"))}, {c.c("edipi", "dodId", "dod_id_number"): P("edipi", "1" + digits(r, 9))})
    return Exchange(c, STAFF, "POST", "api.personalis.example", "/onboarding").head(c.bearer(), c.rid()).send(c.c("json", "xml", "soap", "json_ascii", "plist"), tree, c.c(None, "gzip"))


@t("staff office", 6, countries=["us"])
def staff_i9(c):
    me, r = c.me, c.r
    tree = {"i9": {**c.names(me), c.c("a_number", "AlienRegistrationNumber", "uscisANumber"): P("alien_registration", c.c("A", "A-") + digits(r, 9, "0123")), c.c("edipi", "DoDIdNumber"): P("edipi", "1" + digits(r, 9)), c.c("itin", "ITIN"): P("itin", c.c("-", "").join([f"9{digits(r, 2)}", c.c("71", "84", "88"), digits(r, 4)]))}}
    return Exchange(c, STAFF, "POST", "api.personalis.example", "/forms/i9").head(c.bearer()).send(c.c("json", "xml", "msgpack"), tree)


@t("staff office", 6)
def staff_payslip(c):
    me, r = c.me, c.r
    a, b = c.c(("grossPay", "netPay"), ("bruttolohn", "nettolohn"), ("salaire_brut", "salaire_net"), ("salario_bruto", "salario_neto"), ("salario_bruto", "salario_liquido"), ("brutMaas", "netMaas"), ("yingfagongzi", "shifagongzi"))
    return Exchange(c, STAFF, "GET", "api.personalis.example", "/payslips/2026-10").head(c.bearer()).reply(c.c("json", "xml", "json_guarded", "cbor"), {"payslip": {a: P("income", c.c(round(r.uniform(2500, 9000), 2), f"{r.uniform(2500, 9000):.2f}")), b: P("income", round(r.uniform(1500, 6000), 2)), c.c("employee", "mitarbeiter"): P("person_name", me.name), "docHash": N(hexs(r, 64), "hex digest", "session_token")}}, c.c(None, "gzip"))


@t("identity check", 5)
def kyc_scan(c):
    me, r = c.me, c.r
    pp = c.c("C", "L") + digits(r, 8)
    zone = mrz(r, {"us": "USA", "de": "D<<", "fr": "FRA", "es": "ESP", "br": "BRA", "tr": "TUR", "cn": "CHN"}[me.cc], me.last, me.first, pp, me.born)
    tree = {"ocr": {c.c("mrz", "mrzText", "machineReadableZone"): P("passport", zone, "strong", accept=[pp, *zone.split("\n")], also=["person_name", "birth_date"]), c.c("documentNumber", "passportNo"): P("passport", pp), c.c("placeOfBirth", "geburtsort", "lieuNaissance"): P("birthplace", c.c("Marburg", "Tours", "Gijón", "Adana")), **c.names(me)}, "selfie": {c.c("faceTemplate", "face_descriptor"): vector(c, "face_template", 32)}}
    return Exchange(c, "Ausweisblick", "POST", "verify.ausweisblick.example", "/scan").head(c.bearer()).send(c.c("json", "msgpack"), tree, c.c(None, "gzip"))


@t("device SDK", 17)
def device_register(c):
    me, r = c.me, c.r
    pool = {"imei": P("imei", c.c(me.imei, me.imei[:8] + "-" + me.imei[8:14] + "-" + me.imei[14]), plain=me.imei), c.c("meid", "hw_meid"): P("meid", "A0000" + token(r, 9, "0123456789ABCDEF")), c.c("simSerial", "iccid", "iccId", "sim_card_no"): P("iccid", me.iccid), c.c("imsi", "subscriberId"): P("imsi", me.imsi), c.c("android_id", "androidId", "ANDROID_ID"): P("android_id", me.android_id), c.c("serial", "hw_serial", "buildSerial"): P("device_serial", me.serial), c.c("wifi_mac", "mac", "bt_addr"): P("mac_address", c.c(me.mac, me.mac.upper()), plain=me.mac)}
    keep = {k: pool[k] for k in r.sample(list(pool), 5)}
    tree = {**keep, "model": "SM-A546B", "os": "14", "install": N(uid(r), "per-install uuid", "gaid"), "appKey": N(token(r, 24), "public SDK write key", "session_token")}
    x = Exchange(c, "Messpunkt SDK", "POST", "reg.messpunkt.example", "/d")
    kind = r.randrange(4)
    if kind == 0:
        return x.send("form", tree)
    if kind == 1:
        return x.send("form", {"p": Embed("json", tree, "base64", "base64")})
    if kind == 2:
        return x.send("protobuf", Proto([(1, "sdk-3.1"), (2, Proto([(i + 1, v) for i, v in enumerate(keep.values())])), (9, Embed("json", {"lan": P("ip_address", "192.168.1." + digits(r, 2, "123456789"))}))]))
    return x.send(c.c("json", "msgpack", "cbor", "bplist"), tree, c.c(None, "gzip"))


@t("device SDK", 6)
def device_cells(c):
    me, r = c.me, c.r
    rows = []
    for _ in range(r.randrange(1, 4)):
        g = Group("cell_id")
        rows.append({c.c("mcc", "mobileCountryCode"): g(262), c.c("mnc", "mobileNetworkCode"): g(r.randrange(1, 30)), c.c("lac", "tac", "locationAreaCode"): g(r.randrange(1000, 60000)), c.c("cid", "cellId", "ci", "eci"): g(r.randrange(10**6, 2 * 10**8)), "dbm": -r.randrange(60, 120)})
    tree = {c.c("cellTowers", "funkzellen", "cells"): rows}
    if c.chance(.4):
        g = Group("wifi_scan", also=["mac_address"])
        tree["wlan"] = [{"bssid": g(bssid(r)), "level": -61}]
    return Exchange(c, "Messpunkt SDK", "POST", "loc.messpunkt.example", "/v1/geolocate", {"key": N(token(r, 39), "public API key", "session_token")}).send(c.c("json", "cbor", "msgpack"), tree, c.c(None, "gzip"))


@t("support desk", 12)
def support_ticket(c):
    me, r = c.me, c.r
    lines = {
        "us": Text("Hi, I'm ", P("person_name", me.name, "text"), ". My order never came to ", P("postal_address", me.address, "text"), ". Call me on ", P("phone_number", me.phone, "strong"), "."),
        "de": Text("Guten Tag, mein Name ist ", P("person_name", me.name, "text"), ", geboren am ", me.dob("dotted", tier="text"), ". Bitte antworten Sie an ", P("email", me.email), "."),
        "fr": Text("Bonjour, je m'appelle ", P("person_name", me.name, "text"), " et j'habite ", P("postal_address", me.street, "text"), ". Mon courriel : ", P("email", me.email)),
        "es": Text("Hola, soy ", P("person_name", me.name, "text"), ", mi teléfono es ", P("phone_number", me.phone, "strong"), ", tengo ", P("diagnosis", "artritis reumatoide", "text", also=["health_note"])),
        "br": Text("Oi, aqui é ", P("person_name", me.name, "text"), ", meu e-mail é ", P("email", me.email), " e moro na ", P("postal_address", me.street, "text")),
        "tr": Text("Merhaba, adım ", P("person_name", me.name, "text"), ", numaram ", P("phone_number", me.phone, "strong")),
        "cn": Text("你好,我叫", P("person_name", me.name, "text"), ",我的手机号是", P("phone_number", me.national, "text", plain=me.phone, accept=[me.phone]), ",邮箱 ", P("email", me.email)),
    }
    x = Exchange(c, "Hilfstisch", "POST", "desk.hilfstisch.example", "/tickets").head(c.rid())
    body = lines[me.cc]
    if me.cc in ("de", "fr", "es") and c.chance(.4):
        return x.send("text_latin1", body)
    return x.send(c.c("json", "form", "multipart", "json_ascii", "json_utf16"), {"subject": "Help", c.c("message", "nachricht", "texte", "mensaje"): body, "ticketId": N(digits(r, 9, "123456789"), "9-digit reference", "ssn")})
