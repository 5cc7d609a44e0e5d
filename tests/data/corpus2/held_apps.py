"""Held half: airline, dating, games, school, navigation, car, insurance, telephone company."""
import base64

from exchange import Exchange
from formats import exif_jpeg
from held_words import born_key, keeper, mark_id, nmea, sess, spot, tel_key, where_lives, who
from marks import Embed, Group, N, O, P, Proto, Text, num
from people import aba, bssid, digits, geohash, hexs, iban, jwt, luhn, mrz, plus_code, token, uid, vin

TEMPLATES = []
t = keeper(TEMPLATES)
CITIES = ["Leeds", "Perugia", "Gdynia", "Самара", "長野", "Omaha", "Mainz"]


@t("airline", 8)
def air_booking(c):
    r = c.r
    pax = []
    for p in [c.me] + [c.other() for _ in range(r.randrange(0, 3))]:
        pax.append({"paxType": "ADT", **who(c, p), born_key(c, p): p.dob(c.c("iso", "dotted", "eu")), c.c("passport_no", "PassportNbr", "numPassaporto"): P("passport", c.c("P", "K", "YA") + digits(r, 7)), "ffn": N("SK" + digits(r, 9), "loyalty number", "ssn", "phone_number")})
    lead = c.me
    tree = {"recordLocator": N(token(r, 6, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), "booking code", "session_token"), "passengers": pax, "contactDetails": {tel_key(c, lead): lead.ph(), c.c("emailAddr", "posta", "e_mail"): P("email", lead.email)}, "segments": [{"carrier": "QX", "flt": "0412", "from": "LBA", "to": "PEG", "dep": "2026-12-19T07:05"}]}
    return Exchange(c, "Quixair", "POST", "ndc.quixair.example", "/v19/orders").head(sess(c), mark_id(c)).send(c.c("json", "xml", "soap", "msgpack", "json_ascii"), {"OrderCreateRQ": tree}, c.c(None, "gzip", "zlib"))


@t("airline", 6)
def air_apis(c):
    me, r = c.me, c.r
    code = {"us": "USA", "gb": "GBR", "it": "ITA", "pl": "POL", "ru": "RUS", "jp": "JPN", "de": "D<<", "br": "BRA", "fr": "FRA"}[me.cc]
    doc = c.c("T", "M") + digits(r, 8)
    attrs = {"@DocID": P("passport", doc), "@DocType": "P", "@ExpireDate": "2031-04-15", "@BirthPlace": P("birthplace", r.choice(CITIES)), "@BirthDate": me.dob("iso")}
    if c.chance(.5):
        attrs["ReadableZone"] = P("passport", mrz(r, code, me.last if me.last.isascii() else "Novak", me.first if me.first.isascii() else "Ana", doc, me.born), "strong", accept=[doc], also=["person_name", "birth_date"])
    return Exchange(c, "Quixair", "POST", "apis.quixair.example", "/DocsInfo").head(sess(c)).send(c.c("xml", "soap"), {"DOCS": attrs}, c.c(None, "gzip"))


@t("airline", 5)
def air_seat_jsonp(c):
    me, r = c.me, c.r
    tree = {"pnr": N(token(r, 6, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), "booking code", "session_token"), "traveller": {"title": "Mx", "paxName": P("person_name", me.name)}, "bag_tag": N("0" + digits(r, 9), "bag tag", "phone_number", "ssn"), "gate": "C14"}
    return Exchange(c, "Quixair", "GET", "m.quixair.example", ["checkin", N(token(r, 6, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), "booking code", "session_token")], {"surname": P("person_name", me.last), "callback": "cb91"}).reply("text", Text("cb91(", Embed("json", tree), ");"), ctype="application/javascript")


@t("dating", 7)
def dating_profile(c):
    me, r = c.me, c.r
    lat, lon, g = spot(c, me)
    tail = [c.c("birthdate", "bornOn"), ': "', me.dob("iso"), '", heightCm: ', P("body_measurement", r.randrange(150, 199)), ", gender: F"]
    if c.chance(.5):
        q = Text("mutation { updateMe(input: { screenName: \"", P("account_handle", me.handle, "keyed", also=["username"]), '", ', *tail, " }) { id } }")
        return Exchange(c, "Funkelt", "POST", "gql.funkelt.example", "/query").head(sess(c)).send("json", {"query": q})
    return Exchange(c, "Funkelt", "POST", "gql.funkelt.example", "/query").head(sess(c)).send(c.c("json", "json_ascii"), {"operationName": "UpdateMe", "query": "mutation UpdateMe($p: ProfileInput!) { updateMe(p: $p) { id } }", "variables": {"p": {"user_handle": P("account_handle", me.handle, also=["username"]), born_key(c, me): me.dob(), "heightIn": P("body_measurement", r.randrange(60, 78)), "lastSeenAt": {"coordinates": {"lat_deg": g(lat), "lon_deg": g(lon)}}}}}, c.c(None, "gzip"))


@t("dating", 5)
def dating_nearby(c):
    me, r = c.me, c.r
    lat, lon, g = spot(c, me, c.c(2, 5, 6))
    if c.chance(.5):
        g.also = ["coarse_geolocation"] if len(str(lat).split(".")[1]) <= 2 else []
        return Exchange(c, "Funkelt", "GET", "api.funkelt.example", ["recs/at", leaf(g, f"{lat},{lon}"), "50km"]).head(sess(c), mark_id(c))
    g.also = ["coarse_geolocation"] if len(str(lat).split(".")[1]) <= 2 else []
    return Exchange(c, "Funkelt", "PUT", "api.funkelt.example", "/ping", {"my_lat": leaf(g, lat), "my_lon": leaf(g, lon), "v": N("21.4.0.7", "version string", "ip_address")}).head(sess(c))


def leaf(g, v):
    """A leaf of the group with the group's `also` as it stands now."""
    m = g(v)
    m.also = list(g.also)
    return m


def line(c):
    """Running text in the held half's languages."""
    r, o = c.r, c.other(c.c("it", "pl", "ru", "jp", "gb", "us"))
    return {"it": lambda: c.c(Text("Ci vediamo da ", P("person_name", o.name, "text"), " in ", P("postal_address", o.street, "text")), Text("scrivimi a ", P("email", o.email), " o chiama ", P("phone_number", o.phone, "strong")), Text("mi hanno trovato ", P("diagnosis", "celiachia", "text", also=["health_note"]), ", niente pasta")),
            "pl": lambda: c.c(Text("Mieszkam przy ", P("postal_address", o.street, "text"), ", wpadnij"), Text("zadzwoń do ", P("person_name", o.name, "text"), ": ", P("phone_number", o.phone, "strong")), Text("przelej na ", P("iban", iban(r, "pl")), " dzięki")),
            "ru": lambda: c.c(Text("меня зовут ", P("person_name", o.name, "text"), ", мой номер ", P("phone_number", o.phone, "strong")), Text("пиши на ", P("email", o.email)), Text("я живу на ", P("postal_address", o.street, "text"))),
            "jp": lambda: c.c(Text(P("person_name", o.name, "text"), "です。電話は", P("phone_number", o.phone, "strong"), "です"), Text("メールは ", P("email", o.email), " に送ってください")),
            "gb": lambda: c.c(Text("pop round, it's ", P("postal_address", f"{o.street}, {o.city} {o.zip}", "text")), Text("ask for ", P("person_name", o.name, "text"), " at the desk, ", P("phone_number", o.phone, "strong")), Text("started ", P("medication", "sertraline", "text"), " for my ", P("diagnosis", "depression", "text", also=["health_note"]), " last week")),
            "us": lambda: c.c(Text("here's my cell ", P("phone_number", o.ph("paren").value, "text", plain=o.phone, accept=[o.phone]), " - ", P("person_name", o.first, "text", optional=True)), Text("zelle me at ", P("email", o.email), " pls"), Text("my social is ", P("ssn", o.ssn, "text")), Text("born on ", P("birth_date", f"{c.c('March', 'June', 'October')} {r.randrange(1, 29)}, {r.randrange(1960, 2003)}", "text")))}[o.cc]()


@t("dating", 12)
def dating_chat(c):
    r = c.r
    kind = r.randrange(5)
    x = Exchange(c, "Funkelt", "GET", "hub.funkelt.example", ("/hubs/chat", "/stomp", "/socket.io", "/gateway", "/stream")[kind]).head(mark_id(c))
    if kind == 0:   # SignalR: JSON and a record separator
        for _ in range(r.randrange(1, 3)):
            x.ws(c.c("send", "recv"), "text", Text(Embed("json", {"type": 1, "target": "SendMsg", "arguments": [{"convo": N(uid(r), "uuid id", "gaid"), "says": line(c)}]}), "\x1e"))
    elif kind == 1:   # STOMP
        x.ws("send", "text", Text("SEND\ndestination:/app/c.17\ncontent-type:application/json\n\n", Embed("json", {"w": line(c)}), "\0"))
    elif kind == 2:   # socket.io with an acknowledgement id, and a namespace
        x.ws("send", "json", ["say", {"t": line(c), "k": N(hexs(r, 24), "object id", "session_token")}], prefix=c.c("4217", "42/lobby,3"))
    elif kind == 3:
        x.ws(c.c("send", "recv"), c.c("msgpack", "cbor"), {"op": 7, "d": {"content": line(c)}}, extra=())
    else:
        x.ws("recv", "protobuf", Proto([(1, hexs(r, 8)), (4, Proto([(2, line(c))]))]))
    return x


@t("games", 6)
def game_login(c):
    me, r = c.me, c.r
    f = lambda node: {"stringValue": node}
    if c.chance(.5):   # a document store's typed fields
        tree = {"fields": {"gamerTag": f(P("account_handle", me.handle, also=["username"])), c.c("loginName", "kontoname"): f(P("username", me.username, also=["account_handle"])), "accountPassword": f(P("password", me.password)), "level": {"integerValue": "41"}}}
    else:
        tree = [{"key": "gamertag", "value": P("account_handle", me.handle, also=["username"])}, {"key": c.c("user_name", "nome_utente", "логин", "nazwa_uzytkownika"), "value": P("username", me.username, also=["account_handle"])}, {"key": c.c("password", "haslo", "пароль", "パスワード"), "value": P("password", me.password)}]
        tree = {"attributes": tree}
    x = Exchange(c, "Drachenmurmel", "POST", "auth.drachenmurmel.example", "/v1/login").head(mark_id(c)).send(c.c("json", "json_ascii", "msgpack", "cbor"), tree)
    return x.reply("json", {"sessionTicket": P("session_token", token(r, 50)), "entity": {"Id": O("user_id", hexs(r, 16).upper())}})


@t("games", 7)
def game_shop(c):
    me, r = c.me, c.r
    rows = []
    for _ in range(r.randrange(1, 4)):
        g = Group("transaction")
        rows.append({"sku": "gem_pack_" + digits(r, 2), c.c("priceAmountMicros", "paidPrice", "cena"): g(c.c(r.randrange(1, 90) * 990000, round(r.uniform(1, 99), 2))), "purchaseTime": g(1790000000000 + r.randrange(10**9)), "seller": g(c.c("Drachenmurmel Studio", "Gem Bazaar"))})
    return Exchange(c, "Drachenmurmel", "GET", "shop.drachenmurmel.example", "/purchase-history").head(sess(c)).reply(c.c("json", "json_guarded", "cbor", "ndjson"), rows, c.c(None, "gzip"))


@t("games", 12)
def game_device(c):
    me, r = c.me, c.r
    ios = c.chance(.5)
    ids = {c.c("advertisingIdentifier", "IFA", "adIdentifier"): P("idfa", me.idfa), c.c("IFV", "vendorIdentifier"): P("idfv", me.idfv)} if ios else {c.c("AAID", "adv_id_google", "googleAdId"): P("gaid", me.gaid), c.c("secureAndroidId", "Settings.Secure.ANDROID_ID", "android-ssaid"): P("android_id", me.android_id)}
    tree = {**ids, "deviceIPv6": P("ip_address", "2a02:" + ":".join(hexs(r, 4) for _ in range(7))), "gpu": "Adreno 740", "fps": 59.94, "buildHash": N(hexs(r, 40), "hex digest", "session_token"), "run": N(uid(r), "uuid used as request/event id", "gaid")}
    return Exchange(c, "Drachenmurmel", "POST", "t.drachenmurmel.example", "/boot").send(c.c("json", "bplist" if ios else "cbor", "msgpack", "form"), tree, c.c(None, "raw_deflate", "gzip"))


@t("school", 7)
def school_pupil(c):
    me, r = c.me, c.r
    kid = c.other(me.cc)
    par, alg = {"us": ("guardian", "allergyNotes"), "gb": ("parentCarer", "medicalInfo"), "it": ("genitore", "allergie"), "pl": ("opiekun", "alergie"), "ru": ("родитель", "аллергия"), "jp": ("保護者", "アレルギー"), "de": ("Erziehungsberechtigte", "Allergien"), "br": ("responsavel", "alergias"), "fr": ("responsable", "allergies")}[me.cc]
    tree = {"pupil": {**who(c, kid), born_key(c, kid): kid.dob(), alg: P("health_note", c.c("peanuts, carries EpiPen", "lattosio", "orzechy", "цитрусовые", "卵", "Erdnüsse"), also=["diagnosis"])}, par: {**who(c, me), tel_key(c, me): me.ph(), **where_lives(c, me)}, "schoolCode": N(digits(r, 7, "123456789"), "school number", "phone_number")}
    return Exchange(c, "Klassenheft", "POST", "api.klassenheft.example", "/enrolment").head(sess(c)).send(c.c("json", "xml", "json_utf16", "plist", "json_ascii"), tree, c.c(None, "gzip"))


@t("school", 4)
def school_photo(c):
    me, r = c.me, c.r
    la, lo = [(int(abs(v)) * (1 if v > 0 else -1) or 1, r.randrange(60), r.randrange(6000)) for v in (me.lat, me.lon)]
    dec = [(abs(d) + m / 60 + s / 360000) * (1 if d > 0 else -1) for d, m, s in (la, lo)]
    img = P("precise_geolocation", exif_jpeg(la, lo), "strong", shown=f"{dec[0]:.6f},{dec[1]:.6f}", accept=[f"{v:.{k}f}" for v in dec for k in (5, 6, 7)], layer="exif")
    x = Exchange(c, "Klassenheft", "POST", "files.klassenheft.example", "/homework").head(sess(c))
    if c.chance(.5):
        return x.send("json", {"title": "Herbarium", "image": Embed("raw", img, "base64", prefix=c.c("data:image/jpeg;base64,", ""))})
    return x.send("multipart", {"meta": Embed("json", {"subject": "biology"}), "upload": {"filename": "leaf.jpg", "type": "image/jpeg", "data": img}})


def decimals(v):
    """A degree as tools may print it."""
    return [f"{v:.{k}f}" for k in (4, 5, 6, 7)]


def undo(minute):
    """Degrees of (degrees and minutes, hemisphere)."""
    dot = minute[0].index(".") - 2
    return (int(minute[0][:dot]) + float(minute[0][dot:]) / 60) * (-1 if minute[1] in "SW" else 1)


@t("navigation", 13)
def nav_position(c):
    me, r = c.me, c.r
    lat, lon, g = spot(c, me)
    near = [num(lat), num(lon), f"{lat},{lon}"]
    x = Exchange(c, "Wegwart", "POST", "pos.wegwart.example", c.c("/p", "/standort", "/posizione")).head(mark_id(c))
    kind = r.randrange(9)
    if kind == 0:
        from held_words import minutes
        vals = [nmea(round(lat + i * .0005, 6), lon, f"1142{i:02d}.00") for i in range(3)]
        gg = Group("precise_geolocation", "strong", accept=near + [minutes(lat, "NS")[0], minutes(lon, "EW")[0]] + [x for i in range(3) for x in decimals(undo(minutes(lat + i * .0005, "NS")))] + decimals(undo(minutes(lon, "EW"))))
        return x.send("text", Text(*[y for v in vals for y in (gg(v), "\r\n")]))
    if kind == 1:
        return x.send("json", {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [g(lon), g(lat)]}, "properties": {"speedKmh": r.randrange(0, 120)}}]})
    if kind == 2:
        return x.send(c.c("form", "json"), {"pos": P("precise_geolocation", f"POINT({lon} {lat})", "strong", accept=near), "ts": N("1790" + digits(r, 9), "ms timestamp", "phone_number")})
    if kind == 3:
        lat, lon = [int(abs(v)) + 17 / 60 + r.randrange(10, 590) / 36000 for v in (lat, lon)]
        d = lambda v, a: f"{int(v)}°17'{(v % 1 - 17 / 60) * 3600:04.1f}\"{a}"
        near = decimals(lat) + decimals(lon)
        return x.send("json", {"posizione" if me.cc == "it" else "position": P("precise_geolocation", f"{d(lat, 'N')} {d(lon, 'E')}", "strong", accept=near + [d(lat, "N"), d(lon, "E"), f"{lat:.6f},{lon:.6f}", f"{lat:.5f},{lon:.5f}"])})
    if kind == 4:
        e6 = (round(lat * 1e6), round(lon * 1e6))
        g.value, g.accept = f"{e6[0]},{e6[1]}", near
        return x.send(c.c("json", "cbor", "msgpack"), {"lat_e6": g(e6[0]), "lng_e6": g(e6[1]), "fixQuality": 3})
    if kind == 5:
        gh = geohash(lat, lon, c.c(6, 7, 8))
        return x.send("json", {c.c("geohash", "cell_geohash"): P("precise_geolocation", gh), "eta": 640})
    if kind == 6:
        return x.send("json", {"olc": P("precise_geolocation", plus_code(lat, lon)), "open_location_code": None})
    if kind == 7:
        return x.send("xml", {"fix": {"@breitengrad": g(num(lat)), "@laengengrad": g(num(lon)), "@genauigkeit": "8"}})
    return x.send(c.c("json", "cbor"), dict(zip(c.c(("широта", "долгота"), ("szerokosc", "dlugosc"), ("latitudine", "longitudine"), ("緯度", "経度")), (g(lat), g(lon)))))


@t("navigation", 5)
def nav_coarse(c):
    me, r = c.me, c.r
    lat, lon = round(me.lat, 1), round(me.lon, 1)
    g = Group("coarse_geolocation", value=f"{lat},{lon}")
    h = Group("coarse_geolocation", value=f"{me.lat},{me.lon}", accept=[num(me.lat), num(me.lon)])
    tree = c.c({"region": {"latitude": g(lat), "longitude": g(lon)}}, {"geohash": P("coarse_geolocation", geohash(me.lat, me.lon, c.c(4, 5)))}, {"ipLocation": {"lat": h(me.lat), "lon": h(me.lon), "accuracyMeters": c.c(5000, 20000)}})
    return Exchange(c, "Wegwart", "GET", "tiles.wegwart.example", "/bootstrap").head(mark_id(c)).reply("json", {"client": tree, "style": "night"}) if c.chance(.3) else Exchange(c, "Wegwart", "POST", "pos.wegwart.example", "/area").send(c.c("json", "msgpack", "cbor"), tree)


@t("navigation", 15)
def nav_radio(c):
    me, r = c.me, c.r
    x = Exchange(c, "Wegwart", "POST", "rf.wegwart.example", "/locate").head(mark_id(c))
    mac = lambda: bssid(r).upper()
    if c.chance(.5):
        aps = []
        for _ in range(r.randrange(2, 4)):
            g = Group("wifi_scan", also=["mac_address"])
            aps.append({"mac": g(c.c(mac(), mac().replace(":", "-"))), "ssid": g(c.c("VodafoneStation-77", "Telekom-9A", "Keenetic-4410", "aterm-g")), "signal-strength": -r.randrange(40, 90)})
        return x.send("xml", {"LocationRQ": {"@version": "2.21", "access-point": aps}}) if c.chance(.5) else x.send(c.c("json", "cbor"), {"visible_access_points": [{"bssid": a["mac"], "networkSsid": a["ssid"]} for a in aps]})
    g = Group("cell_id")
    cgi = f"310-260-{r.randrange(1000, 65000)}-{r.randrange(10**4, 10**8)}"
    if c.chance(.4):
        return x.send("json", {"serving": {"cgi": P("cell_id", cgi, accept=cgi.split("-")), "rat": "LTE"}})
    return x.send(c.c("json", "msgpack", "xml"), {"gsmCell": {"mcc": g(c.c(234, 222, 260, 250, 440)), "mnc": g(r.randrange(1, 40)), "tac": g(r.randrange(10**3, 6 * 10**4)), "cellid": g(r.randrange(10**6, 10**8)), "rsrp": -r.randrange(70, 120)}})


@t("connected car", 12)
def car_status(c):
    me, r = c.me, c.r
    lat, lon, g = spot(c, me, 5)
    tree = {c.c("vin", "VIN", "telaio", "FIN", "vehicleVin"): P("vin", vin(r)), "tcu": {c.c("tcuImei", "modemImei"): P("imei", me.imei), c.c("simIccid", "esimIccid"): P("iccid", me.iccid), "ecuSerial": P("device_serial", me.serial), "btMac": P("mac_address", me.mac.upper(), plain=me.mac)}, "gnss": {"latitudeDeg": g(lat), "longitudeDeg": g(lon), "hdop": 0.8}, "odo": r.randrange(900, 190000), "fw": N(f"{r.randrange(20)}.{r.randrange(99)}.{r.randrange(9)}.{r.randrange(200)}", "version string", "ip_address")}
    if c.chance(.25):
        return Exchange(c, "Fahrt", "POST", "mq.fahrt.example", "/ingest").send("protobuf", Proto([(1, P("vin", vin(r))), (3, Proto([(1, g(lat)), (2, g(lon))])), (5, Embed("json", {"iccid": P("iccid", me.iccid)}))]))
    return Exchange(c, "Fahrt", "POST", "mq.fahrt.example", "/ingest").head(sess(c)).send(c.c("json", "cbor", "msgpack", "xml"), tree, c.c(None, "gzip", "zlib"))


@t("insurance", 9)
def ins_quote(c):
    me, r = c.me, c.r
    tree = {**who(c, me), born_key(c, me): me.dob(), **where_lives(c, me), tel_key(c, me): me.ph(), c.c("emailAddress", "posta_elettronica", "эл_почта", "adresEmail"): P("email", me.email)}
    if me.cc == "us":
        tree |= {c.c("DLN", "drvLicNbr", "operatorLicenseNo"): P("drivers_license", c.c("B", "T", "") + digits(r, 8, "123456789")), c.c("SSN", "soc_sec_nbr", "InsuredSSN"): P("ssn", c.c(me.ssn, me.ssn.replace("-", "")), plain=me.ssn), c.c("householdIncome", "AnnlIncome"): P("income", r.randrange(30, 200) * 1000)} if c.chance(.8) else {}
    else:
        tree |= {c.c("reddito_annuo", "roczny_dochod", "годовой_доход", "年収", "Jahresbrutto"): P("income", r.randrange(20, 90) * 1000)}
    tree[c.c("vehicleVIN", "autoVin")] = P("vin", vin(r))
    return Exchange(c, "Deckung", "POST", "quote.deckung.example", c.c("/auto", "/preventivo", "/wycena")).head(sess(c), mark_id(c)).send(c.c("json", "xml", "form", "json_ascii", "soap"), tree, c.c(None, "gzip")).reply("json", {"quoteId": N("Q" + digits(r, 10), "quote number", "phone_number"), "premium": 412.5, "hotline": N("0800 " + digits(r, 3) + " " + digits(r, 4), "business phone", "phone_number")})


@t("insurance", 9)
def ins_claim(c):
    me, r = c.me, c.r
    code, name = c.c(("S52.501A", "fracture of radius"), ("K35.80", "acute appendicitis"), ("G43.909", "migraine"), ("C50.911", "breast cancer"))
    g = Group("diagnosis")
    tree = {"claimNo": N(digits(r, 12, "123456789"), "claim number", "us_bank_account", "phone_number"), c.c("dxCode", "icd10cm", "kod_icd", "codiceDiagnosi"): g(code), "dxText": g(name), c.c("lossDescription", "opis_szkody", "описание", "descrizione"): P("health_note", c.c("Fell from the ladder, wrist swollen, could not sleep", "Przewróciłem się na lodzie, boli nadgarstek", "Упала на лестнице, болит колено", "Sono caduto dalla bici, dolore alla spalla")), c.c("rx", "prescribedDrug", "lek", "farmaco"): P("medication", c.c("amoxicillin 500mg", "NDC 0093-3147-01", "oxycodone", "ketoprofen"))}
    if me.cc == "us":
        tree["payout"] = {c.c("abaNbr", "RoutingNum", "rtNumber"): P("aba_routing", aba(r)), c.c("AcctNum", "depositAccount", "checkingAcctNbr"): P("us_bank_account", digits(r, c.c(8, 10, 12), "123456789"))}
    else:
        raw = iban(r, c.c("it", "pl", "gb", "nl"))
        tree["payout"] = {c.c("IBAN", "conto_iban", "rachunek", "kontonummer"): P("iban", c.c(raw, " ".join(raw[i:i + 4] for i in range(0, len(raw), 4))), accept=[raw])}
    return Exchange(c, "Deckung", "POST", "claims.deckung.example", "/v2/fnol").head(sess(c)).send(c.c("json", "xml", "json_utf16", "msgpack"), tree, c.c(None, "gzip"))


@t("telephone company", 8)
def tel_usage(c):
    me, r = c.me, c.r
    rows = []
    for _ in range(r.randrange(2, 5)):
        g = Group("call_detail", also=["phone_number"])
        o = c.other()
        rows.append({"@b": g(o.phone), "@dir": g(c.c("MO", "MT")), "@sec": g(r.randrange(4, 3000)), "@t": g(f"202611{r.randrange(1, 24):02d}T0{r.randrange(1, 9)}1500")})
    kind = r.randrange(3)
    x = Exchange(c, "Leitung Nord", "GET", "self.leitung-nord.example", "/usage/calls").head(sess(c))
    if kind == 0:
        return x.reply("xml", {"callDetailRecords": {"cdr": rows}}, c.c(None, "gzip"))
    if kind == 1:
        keys = c.c(["called_number", "call_direction", "duration_seconds", "call_start"], ["numer_wybierany", "kierunek_polaczenia", "czas_trwania", "poczatek_polaczenia"], ["numero_chiamato", "direzione_chiamata", "durata_chiamata", "inizio_chiamata"])
        return x.reply("csv", [keys] + [list(row.values()) for row in rows])
    return x.reply("json", {"callLog": [dict(zip(("calledParty", "callDirection", "talkSeconds", "callTime"), row.values())) for row in rows]}, c.c(None, "gzip"))


@t("telephone company", 8)
def tel_sim(c):
    me, r = c.me, c.r
    tree = {c.c("MSISDN", "subscriberNumber", "numer_abonenta"): me.ph("digits"), c.c("ICC-ID", "simCardNumber", "numerKartySim"): P("iccid", me.iccid), c.c("IMSI", "imsi_primary"): P("imsi", me.imsi), "handset": {"IMEI": P("imei", me.imei if me.persona else c.c(me.imei, me.imei[:14])), "MEID": P("meid", c.c("A1000", "99000") + token(r, 9, "0123456789ABCDEF"))}, c.c("accountPin", "customerPIN", "account_pin_code"): P("pin", digits(r, c.c(4, 6))), "puk": O("pin", digits(r, 8))}
    if c.chance(.4):
        tree.pop("handset")
    return Exchange(c, "Leitung Nord", "POST", "self.leitung-nord.example", "/sim/swap").head(sess(c)).send(c.c("json", "form", "soap", "msgpack") if "handset" not in tree else c.c("json", "soap", "msgpack", "plist"), tree)


@t("telephone company", 8)
def tel_backup(c):
    me, r = c.me, c.r
    people = [c.other() for _ in range(r.randrange(2, 5))]
    lat, lon, g = spot(c, me)
    msg = Proto([(1, P("android_id", me.android_id)), (2, N(hexs(r, 32), "hex digest", "session_token", "oaid"))] + [(3, Proto([(2, P("person_name", o.name)), (4, o.ph("national", tier="keyed")), (5, P("email", o.email) if c.chance(.6) else "")])) for o in people] + [(6, Proto([(1, g(lat)), (2, g(lon))])), (8, P("ip_address", me.ip))])
    return Exchange(c, "Leitung Nord", "POST", "grpc.leitung-nord.example", "/ln.backup.v1.Contacts/Store").head(sess(c)).send(c.c("grpc", "grpc_gzip", "grpc_web", "grpc_web_text", "protobuf"), msg)
