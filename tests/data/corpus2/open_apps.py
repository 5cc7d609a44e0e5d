"""Open half: bank, ride hailing, clinic, genetics, messenger."""
from exchange import Exchange
from marks import Embed, Group, N, O, P, Proto, Text, num
from people import aba, digits, geohash, groups, hexs, iban, jwt, luhn, polyline, token, uid, vin, wallet

TEMPLATES = []


def t(arche, times, **attrs):
    def keep(f):
        for k, v in attrs.items():
            setattr(f, k, v)
        TEMPLATES.append((arche, f, times))
        return f
    return keep


BANK = "Saldo Nord"
SHOPS = ["Corner Bakery Lindqvist", "Tankstelle Holm", "Farmacia del Puente", "Bäckerei Immergrün", "Mercado Bom Preço", "Ferretería Ruiz Hnos", "Blue Heron Books", "Kardeşler Market", "永辉超市", "Cordonnerie Petit"]


def iban_of(c, me, **kw):
    cc = me.cc if me.cc in ("de", "fr", "es", "it", "pl", "gb", "tr", "br") else "de"
    raw = iban(c.r, cc)
    shown = c.c(raw, groups(raw), raw.lower() if c.chance(.1) else raw)
    return P("iban", shown, accept=[raw], **kw)


def money(c, lo=4, hi=900):
    return c.c(round(c.r.uniform(lo, hi), 2), f"{c.r.uniform(lo, hi):.2f}", f"{c.r.uniform(lo, hi):.2f}".replace(".", ","), int(c.r.uniform(lo, hi) * 100))


@t("banking", 8)
def bank_login(c):
    me, r = c.me, c.r
    u, p = c.c(("login", "passwd"), ("benutzername", "kennwort"), ("identifiant", "mot_de_passe"), ("usuario", "clave"), ("kullaniciAdi", "sifre"), ("usuario", "senha"), ("yonghuming", "mima"), ("userName", "pwd"), ("Login-Name", "Pass-Word"))
    x = Exchange(c, BANK, "POST", "id.saldonord.example", c.c("/oauth/v2/token", "/sso/anmelden", "/api/sesion/nueva"))
    if c.chance(.2):
        x.head(("Authorization", Text("Basic ", Embed("text", Text(P("username", me.username), ":", P("password", me.password)), "base64"))))
        x.send("form", {"grant_type": "client_credentials", "scope": "accounts"})
    else:
        x.send(c.c("json", "form", "form", "plist", "soap", "msgpack"), {u: P("username", me.username), p: P("password", me.password), "appVersion": N(f"7.{r.randrange(9)}.{r.randrange(20)}.{r.randrange(300)}", "version string", "ip_address"), "nonce": N(hexs(r, 32), "nonce", "session_token", "oaid")})
    a, b = c.c(("access_token", "refresh_token"), ("accessToken", "refreshToken"), ("jeton_acces", "jeton_rafraichissement"), ("sessionKey", "renewalToken"))
    x.reply("json", {a: P("session_token", jwt(r), "strong"), b: P("session_token", token(r, 44)), "expires_in": 1800, "token_type": "bearer"})
    return x.head(c.rid())


@t("banking", 5)
def bank_id_token(c):
    me = c.me
    claims = {"iss": "https://id.saldonord.example", "sub": N(uid(c.r), "uuid id", "gaid"), "given_name": P("person_name", me.first), "family_name": P("person_name", me.last), "email": P("email", me.email), "phone_number": me.ph("e164"), "birthdate": me.dob("iso"), "exp": 1790003600}
    token_ = P("session_token", Embed("jwt", claims), "strong")
    x = Exchange(c, BANK, "POST", "api.saldonord.example", "/v3/session/exchange")
    if c.chance(.5):
        return x.send(c.c("json", "form"), {c.c("id_token", "idToken", "assertion"): token_})
    return x.head(("Authorization", Text("Bearer ", token_))).send("json", {"device": "phone"})


@t("banking", 7)
def bank_accounts(c):
    me, r = c.me, c.r
    bal = c.c("availableBalance", "saldo", "kontostand", "solde", "bakiye", "saldo_disponible", "current-balance", "余额", "ledger_balance")
    rows = []
    for _ in range(r.randrange(1, 4)):
        v = c.c(round(r.uniform(20, 20000), 2), f"{r.uniform(1000, 9999):.2f}")
        row = {"id": N("acc_" + token(r, 14), "object id", "session_token"), "currency": "USD" if me.cc == "us" else "EUR", bal: P("account_balance", v)}
        if me.cc == "us":
            row |= {c.c("acctNo", "accountNumber", "account-no"): P("us_bank_account", digits(r, r.randrange(8, 13), "123456789")), c.c("rtn", "routingNo", "aba"): P("aba_routing", aba(r))}
        else:
            row |= {c.c("iban", "IBAN", "kontoIban"): iban_of(c, me)}
        rows.append(row)
    x = Exchange(c, BANK, "GET", "api.saldonord.example", c.c("/v3/accounts", "/v3/konten", "/v3/comptes"), {"expand": "balances"}).head(c.bearer(), c.rid())
    return x.reply(c.c("json", "json_ascii", "json_guarded", "xml", "cbor"), {"result": rows if c.chance(.5) else {"items": rows}}, c.c(None, "gzip", "deflate"))


@t("banking", 8)
def bank_history(c):
    me, r = c.me, c.r
    m, a, d, w = c.c(("counterparty", "amount", "bookedAt", "remittanceInfo"), ("haendler", "betrag", "buchungstag", "verwendungszweck"), ("commercant", "montant", "date_operation", "libelle"), ("comercio", "importe", "fecha", "concepto"), ("estabelecimento", "valor", "data", "descricao"), ("isyeri", "tutar", "tarih", "aciklama"), ("payee", "amt", "posted", "memo"), ("shanghu", "jine", "riqi", "beizhu"))
    rows = []
    for _ in range(r.randrange(2, 6)):
        g = Group("transaction")
        day = f"2026-{r.randrange(1, 12):02d}-{r.randrange(1, 29):02d}"
        rows.append({"ref": N(digits(r, 16, "123456789"), "booking reference", "card_pan"), m: g(r.choice(SHOPS)), a: g(money(c)), d: g(c.c(day, ".".join(reversed(day.split("-"))))), w: g(c.c("Lastschrift 4411", "abono mensual", "card payment", "Miete Oktober", "kira", "loyer novembre", "aluguel"))})
    fmt = c.c("json", "json", "ndjson", "csv", "xml")
    x = Exchange(c, BANK, "GET", "api.saldonord.example", ["v3/accounts", N(uid(r), "uuid id", "gaid"), "transactions"], {"from": "2026-08-01", "limit": "50"}).head(c.bearer())
    if fmt == "csv":
        return x.reply("csv", [list(rows[0])] + [list(row.values()) for row in rows])
    return x.reply(fmt, rows if fmt == "ndjson" else {"umsaetze" if m == "haendler" else "entries": rows, "cursor": N(token(r, 28), "opaque cursor", "session_token")}, c.c(None, "gzip"))


@t("banking", 7)
def bank_transfer(c):
    me, r, o = c.me, c.r, c.other(c.c("de", "fr", "es"))
    g = Group("transaction")
    n, i, a, w = c.c(("creditorName", "creditorIban", "instructedAmount", "remittance"), ("empfaenger", "iban", "betrag", "verwendungszweck"), ("beneficiaire", "iban_beneficiaire", "montant", "motif"), ("beneficiario", "cuenta_iban", "importe", "concepto"), ("aliciAdi", "aliciIban", "tutar", "aciklama"))
    x = Exchange(c, BANK, "POST", "api.saldonord.example", "/v3/payments/sepa").head(c.bearer(), c.rid())
    x.send(c.c("json", "soap", "form", "json_utf16", "msgpack", "xml_latin1"), {n: P("person_name", o.name, also=["transaction"]), i: iban_of(c, o, also=["transaction"]), a: g(money(c, 10, 2000)), w: g(c.c("Rechnung 2026-118", "regalo cumple", "part du loyer", "Nachhilfe September")), "endToEndId": N("E2E" + digits(r, 17), "payment reference", "iccid")})
    return x.reply("json", {"status": "ACSC", "paymentId": N(uid(r), "uuid id", "gaid")})


@t("banking", 10)
def bank_card(c):
    me, r = c.me, c.r
    k, e, v, h = c.c(("primaryAccountNumber", "expiryDate", "securityCode", "cardholderName"), ("kartennummer", "gueltig_bis", "pruefziffer", "karteninhaber"), ("numero_carte", "expiration", "cryptogramme", "titulaire"), ("numeroTarjeta", "caducidad", "cvc", "titular"), ("numero_cartao", "validade", "codigo_seguranca", "nome_titular"), ("kartNo", "sonKullanma", "guvenlikKodu", "kartSahibi"), ("cc-number", "cc-exp", "cc-csc", "cc-name"))
    tree = {k: me.card(), e: f"{r.randrange(1, 13):02d}/{r.randrange(27, 33)}", v: O("card_cvv", digits(r, 3)), h: P("person_name", me.name.upper() if c.chance(.3) else me.name)}
    if c.chance(.6):
        tree[c.c("newPin", "karten_pin", "code_pin", "pin_tarjeta", "atmPin", "cardPin", "senha_4_digitos")] = P("pin", digits(r, 4))
    fmt = c.c("json", "form", "json_escaped", "plist", "cbor", "multipart")
    x = Exchange(c, BANK, "POST", "cards.saldonord.example", "/enrol").head(c.bearer()).send(fmt, tree, c.c(None, "gzip", "zlib") if fmt != "multipart" else None)
    return x.reply("json", {"token": N("tok_" + token(r, 20), "payment token of the gateway", "session_token"), "ultimos4": O("card_last4", me.pan[-4:])})


@t("banking", 6, countries=["us"])
def bank_direct_deposit(c):
    me, r = c.me, c.r
    ssn = c.c(P("ssn", me.ssn[-4:], plain=me.ssn), P("ssn", me.ssn, plain=me.ssn), P("ssn", me.ssn.replace("-", ""), plain=me.ssn))
    sk = "socialLast4" if len(ssn.value) == 4 else c.c("socialSecurityNumber", "tax_ssn", "SSN")
    tree = {c.c("transitRoutingNumber", "aba_rtn", "bank-routing"): P("aba_routing", aba(r)), c.c("dda", "acct_num", "bankAccountNo"): P("us_bank_account", digits(r, c.c(9, 10, 12), "123456789")), sk: ssn, **c.names(me), "kind": c.c("checking", "savings"), "companyId": N(digits(r, 9), "9-digit reference", "ssn")}
    return Exchange(c, BANK, "PUT", "api.saldonord.example", "/v3/direct-deposit").head(c.bearer()).send(c.c("json", "form", "soap", "msgpack"), tree).reply("json", {"ok": True})


@t("banking", 8)
def bank_loan(c):
    me, r = c.me, c.r
    inc, debt, score = c.c(("grossAnnualIncome", "outstandingDebt", "creditScore"), ("jahreseinkommen", "verbindlichkeiten", "bonitaetsscore"), ("revenu_annuel", "dettes", "score_credit"), ("ingresos_anuales", "deudas", "puntaje_crediticio"), ("renda_mensal", "dividas", "score_de_credito"), ("yillik_gelir", "toplam_borc", "kredi_notu"), ("salary_per_year", "total_liabilities", "fico"))
    tree = {**c.names(me), c.c("dob", "birthDate", "geburtsdatum", "date_naissance", "fecha_nacimiento", "data_nascimento", "dogumTarihi", "shengri"): me.dob(), inc: P("income", r.randrange(24, 190) * 1000), debt: P("debt", c.c(r.randrange(1, 60) * 500, f"{r.randrange(900, 9000)}.50")), "purpose": "car", "months": 48}
    if me.cc == "us":
        tree |= {c.c("taxpayerSsn", "social", "ssnFull"): P("ssn", me.ssn, plain=me.ssn)} if c.chance(.6) else {c.c("itin", "taxId_itin", "individualTaxpayerId"): P("itin", f"9{digits(r, 2)}-{c.c('70', '78', '81', '94')}-{digits(r, 4)}")}
        tree[c.c("driverLicenseNo", "dlNumber", "license_num")] = P("drivers_license", c.c("D", "W", "K") + digits(r, 8))
    x = Exchange(c, BANK, "POST", "loans.saldonord.example", "/applications").head(c.bearer(), c.rid()).send(c.c("json", "json_ascii", "form", "xml"), tree, c.c(None, None, "gzip"))
    return x.reply("json", {"decision": "review", score: P("credit_score", r.randrange(480, 840)), "rate": N(round(r.uniform(2, 9), 4), "float, not a coordinate", "precise_geolocation"), "caseNo": N(digits(r, 9, "123456789"), "9-digit reference", "ssn")})


@t("banking", 6)
def bank_wallet(c):
    me, r = c.me, c.r
    kind = c.c("btc", "eth", "bech32")
    g = Group("transaction")
    a = wallet(r, kind)
    tree = {c.c("destination", "toAddress", "payout_address", "direccionDestino", "zieladresse"): P("crypto_wallet", a, also=["transaction"]), c.c("qty", "amount", "betrag"): g(f"{r.uniform(.001, 2):.6f}"), "asset": {"btc": "BTC", "eth": "ETH", "bech32": "BTC"}[kind], "memo": g("rent split"), "idempotencyKey": N(uid(r), "uuid used as request/event id", "gaid", "idfa")}
    return Exchange(c, BANK, "POST", "vault.saldonord.example", "/withdraw").head(c.bearer()).send(c.c("json", "form", "cbor", "msgpack"), tree).reply("json", {"txHash": N("0x" + hexs(r, 64), "transaction hash", "crypto_wallet", "session_token"), "state": "queued"})


@t("banking", 8)
def bank_recovery(c):
    me, r = c.me, c.r
    q, a = c.c(("securityQuestion", "securityAnswer"), ("sicherheitsfrage", "sicherheitsantwort"), ("question_secrete", "reponse_secrete"), ("pregunta_seguridad", "respuesta_seguridad"), ("guvenlikSorusu", "guvenlikCevabi"), ("kba_question", "kba_answer"), ("pergunta_secreta", "resposta_secreta"))
    return Exchange(c, BANK, "POST", "id.saldonord.example", "/recovery/setup").head(c.bearer()).send(c.c("json", "form", "json_utf16", "soap", "plist"), {q: c.c("Name of your first teacher?", "Lieblingsbuch?", "Ville de rencontre des parents ?"), a: P("security_answer", c.c("Frau Hambüchen", "Momo", "Besançon", "Pelusa", "blue gate")), c.c("hint_email", "kontakt-mail", "courriel", "correo"): P("email", me.email)}).reply("json", {"ok": 1})


RIDE = "Rollo"


@t("ride hailing", 8)
def ride_request(c):
    me, r = c.me, c.r
    la, lo = c.point(me)
    a, b = c.c(("lat", "lng"), ("latitude", "longitude"), ("breite", "laenge"), ("latitud", "longitud"), ("enlem", "boylam"), ("y", "x"), ("weidu", "jingdu"))
    d = Group("precise_geolocation", optional=True)
    tree = {c.c("pickup", "origin", "abholort", "recogida", "startPoint"): {a: la, b: lo, "horizontalAccuracy": round(r.uniform(3, 40), 1)}, "dropoff": {a: d(round(me.lat + .031, 5)), b: d(round(me.lon - .022, 5))}, "vehicle": "eco", c.c("riderPhone", "telefono", "handynummer", "tel"): me.ph()}
    o = c.other()
    x = Exchange(c, RIDE, "POST", "dispatch.rollo.example", "/v5/rides").head(c.bearer(), c.rid()).send(c.c("json", "msgpack", "cbor", "json_ascii"), tree, c.c(None, "gzip", "deflate"))
    return x.reply("json", {"ride": N(hexs(r, 24), "object id", "session_token"), "driver": {"firstName": P("person_name", o.first), "rating": 4.87, "plate": "RL-" + digits(r, 4)}, "etaSec": r.randrange(60, 900), "surge": N(1.2475, "float, not a coordinate", "precise_geolocation")})


@t("ride hailing", 7)
def ride_track(c):
    me, r = c.me, c.r
    g = Group("precise_geolocation")
    pts = [(round(me.lat + i * .0011 + r.uniform(0, .0004), 6), round(me.lon - i * .0009, 6)) for i in range(r.randrange(3, 7))]
    g.value = f"{num(pts[0][0])},{num(pts[0][1])}"
    kind = r.randrange(6)
    x = Exchange(c, RIDE, "POST", "loc.rollo.example", c.c("/rollo.track.v2.Telemetry/Push", "/ingest/positions"))
    if kind == 0:
        return x.head(c.bearer()).send(c.c("grpc", "grpc_gzip", "grpc_web", "grpc_web_text"), Proto([(1, N(hexs(r, 16), "ride id", "android_id"))] + [(2, Proto([(1, g(la)), (2, g(lo)), (3, 1790000000 + i * 5)])) for i, (la, lo) in enumerate(pts)]))
    if kind == 1:
        e7 = [(round(la * 1e7), round(lo * 1e7)) for la, lo in pts]
        g.value, g.accept = f"{e7[0][0]},{e7[0][1]}", [num(v) for p in pts for v in p] + [f"{pts[0][0]},{pts[0][1]}"]
        return x.send(c.c("json", "cbor"), {"trip": "t-" + token(r, 8), "locations": [{"latitudeE7": g(la), "longitudeE7": g(lo), "timestampMs": N(str(1790000000000 + i * 4000), "ms timestamp", "phone_number")} for i, (la, lo) in enumerate(e7)]}, c.c(None, "gzip"))
    if kind == 2:
        g.value, g.accept = None, [v for p in pts for v in (num(p[0]), num(p[1]))]
        return x.send("json", {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[g(lo), g(la)] for la, lo in pts]}, "properties": {"speed": [round(r.uniform(2, 15), 1) for _ in pts]}})
    if kind == 3:
        wkt = "LINESTRING(" + ", ".join(f"{lo} {la}" for la, lo in pts) + ")"
        return x.send("form", {"wkt": P("precise_geolocation", wkt, "strong", accept=[num(v) for p in pts for v in p]), "srid": "4326"})
    if kind == 4:
        return x.send("json", {"points": [P("precise_geolocation", f"geo:{la},{lo};u=12", "strong", accept=[num(la), num(lo), f"{la},{lo}"], group=g) for la, lo in pts]})
    return x.send("json", {"v": 2, "poly": P("precise_geolocation", polyline(pts), optional=True), "at": g(f"{pts[0][0]},{pts[0][1]}")})


@t("ride hailing", 6)
def ride_ws(c):
    me, r = c.me, c.r
    x = Exchange(c, RIDE, "GET", "rt.rollo.example", "/socket.io/", {"EIO": "4", "transport": "websocket", "sid": O("session_token", token(r, 20))})
    la, lo = c.point(me)
    x.ws("send", "json", ["loc", {"p": {"lat": la, "lng": lo}, "hdg": r.randrange(360)}], prefix=c.c("42", "42/riders,", "421"))
    o = c.other()
    x.ws("recv", "json", ["chat", {"von" if me.cc == "de" else "from": N("driver", "role, nobody's handle", "account_handle"), "body": Text(c.c("Hi, I am ", "Hallo, hier ist ", "Bonjour, c'est ", "Hola, soy "), P("person_name", o.name, "text"), c.c(", call me at ", " – ruf an: ", ", appelez le ", ", llame al "), P("phone_number", o.phone, "strong"))}], prefix="42")
    if c.chance(.6):
        x.ws("send", "json", ["chat", {"body": Text(c.c("I'm waiting at ", "Ich stehe vor ", "Je suis devant "), P("postal_address", me.street, "text"))}], prefix="42")
    return x


@t("ride hailing", 12)
def ride_driver_docs(c):
    me, r = c.me, c.r
    tree = {**c.names(me), c.c("vin", "fahrgestellnummer", "numero_chassis", "chasis", "vehicleIdentificationNumber", "chejiahao"): P("vin", vin(r)), c.c("licencePlate", "plate"): "R" + digits(r, 5)}
    if me.cc == "us":
        tree[c.c("driversLicense", "dl_no", "stateIdNumber")] = P("drivers_license", digits(r, 8, "123456789") if c.chance(.5) else c.c("F", "S") + digits(r, 12))
    return Exchange(c, RIDE, "POST", "onboard.rollo.example", "/driver/documents").head(c.bearer()).send(c.c("json", "multipart", "form", "plist"), tree).reply("json", {"state": "pending", "ticket": N(digits(r, 10, "123456789"), "10-digit id", "phone_number")})


CLINIC = "Visita"


@t("telemedicine", 6)
def fhir_patient(c):
    me, r = c.me, c.r
    ident = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": P("ssn", me.ssn, plain=me.ssn)}] if me.cc == "us" else []
    tree = {"resourceType": "Patient", "id": N(uid(r), "uuid id", "gaid"), "identifier": ident, "name": [{"use": "official", "family": P("person_name", me.last), "given": [P("person_name", me.first)]}], "telecom": [{"system": "phone", "value": me.ph()}, {"system": "email", "value": P("email", me.email)}], "gender": "female", "birthDate": me.dob("iso"),
            "address": [{"line": [P("postal_address", me.street)], "city": O("postal_address", me.city), "postalCode": P("zip_code", me.zip)}]}
    if c.chance(.6):
        tree["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": P("birthplace", c.c("Salzburg", "Oran", "Cusco", "Kiel"))}}]
    return Exchange(c, CLINIC, c.c("PUT", "POST"), "fhir.visita.example", "/r4/Patient").head(c.bearer()).send("json", tree, c.c(None, "gzip"), ctype="application/fhir+json").reply("json", {"resourceType": "OperationOutcome", "issue": []})


@t("telemedicine", 9)
def fhir_clinical(c):
    me, r = c.me, c.r
    subj = {"reference": N("Patient/" + uid(r), "uuid id", "gaid")}
    out = []
    for _ in range(r.randrange(1, 4)):
        kind = r.randrange(5)
        if kind == 0:
            code, name = c.c(("E11.9", "Type 2 diabetes mellitus"), ("J45.20", "Mild intermittent asthma"), ("F41.1", "Generalised anxiety disorder"), ("M54.50", "Low back pain"))
            g = Group("diagnosis")
            out.append({"resourceType": "Condition", "subject": subj, "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": g(code), "display": g(name)}]}})
        elif kind == 1:
            code, name = c.c(("860975", "metformin 500 MG"), ("197361", "amlodipine 5 MG"), ("312938", "sertraline 25 MG"))
            g = Group("medication")
            out.append({"resourceType": "MedicationRequest", "subject": subj, "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": g(code), "display": g(name)}]}})
        elif kind == 2:
            loinc, name, val, unit = c.c(("8867-4", "Heart rate", r.randrange(52, 118), "/min"), ("59408-5", "Oxygen saturation", r.randrange(91, 100), "%"), ("8480-6", "Systolic blood pressure", r.randrange(101, 160), "mm[Hg]"))
            g = Group("vital_sign", accept=[loinc, name], also=["lab_result"])
            out.append({"resourceType": "Observation", "subject": subj, "code": {"coding": [{"system": "http://loinc.org", "code": loinc, "display": name}]}, "valueQuantity": {"value": g(val), "unit": unit}})
        elif kind == 3:
            loinc, name, val, unit = c.c(("4548-4", "Hemoglobin A1c", round(r.uniform(4.6, 9), 1), "%"), ("2093-3", "Cholesterol", r.randrange(140, 290), "mg/dL"), ("2160-0", "Creatinine", round(r.uniform(.6, 1.9), 2), "mg/dL"))
            g = Group("lab_result", accept=[loinc, name], also=["vital_sign"])
            out.append({"resourceType": "Observation", "category": [{"coding": [{"code": "laboratory"}]}], "subject": subj, "code": {"coding": [{"system": "http://loinc.org", "code": loinc, "display": name}]}, "valueQuantity": {"value": g(val), "unit": unit}})
        else:
            out.append({"resourceType": "AllergyIntolerance", "patient": subj, "code": {"text": P("health_note", c.c("penicillin", "tree nuts", "bee venom"), also=["diagnosis"])}})
    tree = out[0] if len(out) == 1 else {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": o} for o in out]}
    return Exchange(c, CLINIC, "POST", "fhir.visita.example", "/r4").head(c.bearer(), c.rid()).send("json", tree, c.c(None, "gzip", "deflate"), ctype="application/fhir+json")


@t("telemedicine", 8)
def clinic_intake(c):
    me, r = c.me, c.r
    note, med, diag = c.c(("symptomDescription", "currentMedication", "knownConditions"), ("beschwerden", "medikamente", "diagnosen"), ("symptomes", "medicaments", "antecedents_medicaux"), ("sintomas", "medicacion", "diagnostico"), ("queixa", "medicamentos", "diagnostico"), ("sikayet", "ilaclar", "tani"), ("zhengzhuang", "yaowu", "zhenduan"))
    tree = {note: P("health_note", c.c("Sharp pain under the left rib since Sunday", "Seit drei Tagen Schwindel und Übelkeit", "Fièvre et toux sèche depuis lundi", "Dolor de cabeza fuerte por las noches", "Dor no joelho ao subir escada", "Geceleri nefes darlığı", "晚上咳嗽,白天头晕")),
            med: c.c(P("medication", c.c("Ibuprofen 400", "levothyroxine", "Omeprazol 20 mg", "salbutamol")), [P("medication", "Ramipril 5 mg"), P("medication", "ASS 100")]), diag: P("diagnosis", c.c("Hypertonie", "migraine", "asma", "I10", "hipotiroidismo"), also=["health_note"])}
    fmt = c.c("json", "json_ascii", "form", "xml", "json_utf16", "plist", "bplist")
    if fmt == "form":
        tree[med] = P("medication", "Levothyroxin 50")
    h, w = c.c(("height", "weight"), ("groesse_cm", "gewicht_kg"), ("taille", "poids"), ("altura", "peso"), ("boy", "kilo"), ("shengao", "tizhong"))
    tree |= {h: P("body_measurement", r.randrange(151, 197)), w: P("body_measurement", c.c(r.randrange(48, 110), round(r.uniform(48, 110), 1)))}
    if c.chance(.45):
        tree |= {c.c("weeksPregnant", "schwangerschaftswoche", "semaines_grossesse", "semanas_embarazo"): P("reproductive_health", r.randrange(5, 39))} if c.chance(.6) else {c.c("lastMenstrualPeriod", "letzte_periode"): P("reproductive_health", f"2026-0{r.randrange(4, 10)}-{r.randrange(10, 29)}")}
    if c.chance(.5):
        tree |= {c.c("bloodPressure", "blutdruck", "tension_arterielle", "presion_arterial"): P("vital_sign", f"{r.randrange(105, 160)}/{r.randrange(65, 99)}")}
    return Exchange(c, CLINIC, "POST", "api.visita.example", "/intake").head(c.bearer()).send(fmt, tree).reply("json", {"queue": r.randrange(1, 30), "visitCode": N(digits(r, 6), "visit number", "zip_code")})


@t("telemedicine", 5)
def clinic_sse(c):
    me, r = c.me, c.r
    g1, g2 = Group("lab_result", also=["vital_sign"], accept=["TSH", "Ferritin", "LDL"]), Group("lab_result", also=["vital_sign"], accept=["HbA1c"])
    return Exchange(c, CLINIC, "GET", "stream.visita.example", "/results", {"access_token": P("session_token", token(r, 36))}).reply("sse", [{"event": "result", "data": {"test": c.c("TSH", "Ferritin", "LDL"), c.c("resultValue", "ergebnis", "resultat"): g1(round(r.uniform(.3, 180), 2)), "labRange": "0.4-4.0"}}, {"event": "result", "data": {"labTest": "HbA1c", "labResult": g2(round(r.uniform(4, 9), 1))}}, {"event": "ping", "data": {"t": N(1790000000000 + r.randrange(10**9), "ms timestamp", "phone_number")}}])


GENE = "Helixa"


def joined(parts):
    """All rows as one text: what a tool shows that reports a file as a whole."""
    return "".join(p if isinstance(p, str) else str(p.value) for p in parts)


@t("genetics", 6)
def gene_upload(c):
    me, r = c.me, c.r
    kind = r.randrange(3)
    if kind == 0:
        rows = [("rs" + digits(r, c.c(5, 7, 8), "123456789"), str(r.randrange(1, 23)), str(r.randrange(10**5, 10**8)), r.choice(["AA", "AG", "CT", "GG", "TT", "--"])) for _ in range(9)]
        g = Group("genotype_snp", "strong", accept=["\t".join(x) for x in rows] + ["\n".join("\t".join(x) for x in rows)])
        parts = ["# rsid\tchromosome\tposition\tgenotype\n"]
        for rs, ch, pos, gt in rows:
            parts += [g(rs), f"\t{ch}\t{pos}\t", g(gt) if gt != "--" else gt, "\n"]
        data, name = Text(*parts), "genome_export.txt"
    elif kind == 1:
        g = Group("genomic_vcf", "strong")
        rows = []
        for _ in range(5):
            rows += [g(f"{r.randrange(1, 23)}\t{r.randrange(10**5, 10**8)}\trs{digits(r, 7, '123456789')}\t{r.choice('AC')}\t{r.choice('GT')}\t{r.randrange(30, 99)}\tPASS\t.\tGT\t{r.choice(['0/1', '1/1', '0|1'])}"), "\n"]
        g.accept = [joined(rows)]
        data, name = Text("##fileformat=VCFv4.2\n##reference=GRCh38\n", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSAMPLE\n", *rows), "sample.vcf"
    else:
        seq = "".join(r.choice("ACGT") for _ in range(140))
        g = Group("genomic_sequence", "strong", value=seq)
        data, name = Text(">kit_7781 chr17 region\n", g(seq[:70]), "\n", g(seq[70:]), "\n"), "brca.fasta"
    x = Exchange(c, GENE, "POST", "upload.helixa.example", "/v1/raw").head(c.bearer())
    if c.chance(.5):
        return x.send("multipart", {"kit": N("HX-" + digits(r, 9), "kit number", "ssn"), "file": {"filename": name, "type": "text/plain", "data": data}})
    return x.send("text", data, c.c(None, "gzip"))


@t("genetics", 6)
def gene_report(c):
    me, r = c.me, c.r
    rs, gt = c.c(("rsid", "genotype"), ("snpId", "alleles"), ("marker", "genotyp"), ("variante_rs", "genotipo"))
    rows = []
    for _ in range(r.randrange(2, 5)):
        g = Group("genotype_snp")
        rows.append({rs: g("rs" + digits(r, 7, "123456789")), gt: g(r.choice(["AG", "CC", "CT", "TT", "GG", "A;G"]) if gt != "alleles" else r.choice(["A/G", "C/C"])), "gene": c.c("MTHFR", "APOE", "LCT")})
    x = Exchange(c, GENE, "POST", "api.helixa.example", "/graphql").head(c.bearer()).send("json", {"operationName": "TraitReport", "query": "query TraitReport($kit: ID!) { traits(kit: $kit) { rsid genotype gene } }", "variables": {"kit": N("HX-" + digits(r, 9), "kit number", "ssn")}})
    return x.reply(c.c("json", "json_guarded"), {"data": {"traits": rows}}, c.c(None, "gzip"))


@t("genetics", 5)
def gene_sequence(c):
    me, r = c.me, c.r
    seq = "".join(r.choice("ACGT") for _ in range(96))
    if c.chance(.5):
        return Exchange(c, GENE, "POST", "api.helixa.example", "/align").head(c.bearer()).send(c.c("json", "form"), {"reference": "GRCh38", "fasta": Text(">subject\n", P("genomic_sequence", seq), "\n")})
    g = Group("genomic_sequence", "strong", accept=[seq])
    return Exchange(c, GENE, "PUT", "upload.helixa.example", "/fastq/lane1").head(c.bearer()).send("text", Text("@SEQ:1:1101\n", g(seq[:48]), "\n+\n", "I" * 48, "\n@SEQ:1:1102\n", g(seq[48:]), "\n+\n", "I" * 48, "\n"), c.c(None, "gzip"))


@t("genetics", 7)
def gene_vcf(c):
    me, r = c.me, c.r
    g = Group("genomic_vcf", "strong")
    rows = []
    for _ in range(4):
        rows += [g(f"chr{r.randrange(1, 23)}\t{r.randrange(10**5, 10**8)}\t.\t{r.choice('AC')}\t{r.choice('GT')}\t{r.randrange(30, 99)}\tPASS\tDP={r.randrange(8, 60)}\tGT:DP\t{r.choice(['0/1', '1/1'])}:{r.randrange(8, 60)}"), "\n"]
    g.accept = [joined(rows)]
    body = Text("##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\n", *rows)
    x = Exchange(c, GENE, "POST", "pgx.helixa.example", "/annotate").head(c.bearer())
    return x.send("json", {"kit": N("HX-" + digits(r, 9), "kit number", "ssn"), "vcf": c.c(body, Embed("text", body, "base64"), Embed("text", body, "gzip", "base64"))})
