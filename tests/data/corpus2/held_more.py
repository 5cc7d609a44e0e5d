"""Held half: wallet, cycle diary, clinic, laboratory, authorities, hotel, budget, voice assistant, ancestry, search, scale, help desk."""
import base64
import struct

import held_apps
from exchange import Exchange
from held_words import born_key, keeper, mark_id, sess, spot, tel_key, where_lives, who
from marks import Embed, Group, N, O, P, Proto, Text, num
from people import aba, card_shown, digits, hexs, iban, jwt, luhn, token, uid, wallet

TEMPLATES = []
t = keeper(TEMPLATES)


@t("crypto wallet", 8)
def wallet_rpc(c):
    r = c.r
    g = Group("transaction")
    kind = c.c("eth", "eth", "bech32", "btc")
    if kind == "eth":
        a, b = wallet(r, "eth"), wallet(r, "eth")
        tree = {"jsonrpc": "2.0", "id": r.randrange(99), "method": "eth_sendTransaction", "params": [{"from": P("crypto_wallet", a, also=["transaction"]), "to": P("crypto_wallet", b, also=["transaction"]), "value": g("0x" + hexs(r, 14)), "data": "0x", "gas": "0x5208"}]}
    else:
        tree = {"method": "wallet_send", "params": {"recipients": [{"addr": P("crypto_wallet", wallet(r, kind), also=["transaction"]), "sats": g(r.randrange(10**4, 10**8))}], "feeRate": 14}}
    return Exchange(c, "Münzkiste", "POST", "rpc.muenzkiste.example", "/").head(mark_id(c)).send(c.c("json", "json", "msgpack", "cbor"), tree, c.c(None, "gzip")).reply("json", {"jsonrpc": "2.0", "result": N("0x" + hexs(r, 64), "transaction hash", "crypto_wallet", "session_token")})


@t("crypto wallet", 6, countries=["us"])
def wallet_kyc(c):
    me, r = c.me, c.r
    g = Group("face_template")
    tree = {**who(c, me), born_key(c, me): me.dob(), c.c("ssn9", "us_ssn", "TaxpayerSSN"): P("ssn", me.ssn, plain=me.ssn), "liveness": {c.c("faceEmbedding", "face_vec", "faceprint"): [g(round(r.gauss(0, .1), 5)) for _ in range(40)]}, c.c("itin_number", "ITIN"): P("itin", f"9{digits(r, 2)}-{c.c('72', '83', '90')}-{digits(r, 4)}") if c.chance(.7) else None}
    return Exchange(c, "Münzkiste", "POST", "kyc.muenzkiste.example", "/verify").head(sess(c)).send(c.c("json", "cbor", "msgpack"), tree, c.c(None, "gzip"))


@t("cycle diary", 8)
def diary(c):
    r = c.r
    x = Exchange(c, "Mondtagebuch", "POST", "sync.mondtagebuch.example", "/entries").head(sess(c))
    if c.chance(.4):
        g = Group("reproductive_health", accept=["MenstruationFlowRecord", "OvulationTestRecord"])
        return x.send("json", {"records": [{"recordType": "MenstruationFlowRecord", "flow": g(c.c("MEDIUM", "HEAVY")), "time": f"2026-09-{r.randrange(10, 29)}T08:00:00Z"}, {"recordType": "OvulationTestRecord", "result": g("POSITIVE")}]}, c.c(None, "gzip"))
    k = c.c(("cycleDay", "dueDate", "trying_to_conceive"), ("giorno_ciclo", "data_presunta_parto", "test_gravidanza"), ("dzien_cyklu", "termin_porodu", "test_ciazowy"), ("день_цикла", "дата_родов", "тест_на_беременность"), ("月経周期日", "出産予定日", "妊娠検査"))
    g = Group("reproductive_health")
    return x.send(c.c("json", "cbor", "xml", "json_ascii"), {k[0]: g(r.randrange(1, 33)), k[1]: g(f"2027-0{r.randrange(1, 9)}-{r.randrange(10, 28)}"), k[2]: g(c.c("yes", "positivo", "tak", "да", "陽性"))})


@t("clinic", 3, countries=["us", "gb"])
def clinic_hl7(c):
    me, r = c.me, c.r
    msg = Text("MSH|^~\\&|VIEW|NORTH|LAB|NORTH|20261102101500||ORU^R01|", N(digits(r, 9, "123456789"), "message control number", "ssn"), "|P|2.5\rPID|1||", O("user_id", digits(r, 7)), "||", P("person_name", f"{me.last}^{me.first}", "text", accept=[me.first, me.last]), "||", P("birth_date", me.born.replace("-", ""), "text", plain=me.born, accept=[me.born]), "|F|||", P("postal_address", me.street, "text"), "^^", O("postal_address", me.city), "^", me.state, "^", P("zip_code", me.zip, "text"), "||", P("phone_number", me.ph("national").value, "text", plain=me.phone, accept=[me.phone]),
               "\rOBX|1|NM|718-7^Hemoglobin^LN||", P("lab_result", f"{r.uniform(9, 17):.1f}", "text", accept=["Hemoglobin"]), "|g/dL|12-16\rDG1|1||", P("diagnosis", c.c("D50.9", "E78.5"), "text"), "^coded^I10\r")
    return Exchange(c, "Nordklinik", "POST", "hl7.nordklinik.example", "/v2").send("text", msg, ctype="x-application/hl7-v2+er7")


@t("clinic", 9)
def clinic_chart(c):
    me, r = c.me, c.r
    lab, lv, vit, med, alg, dia = c.c(("labName", "labValue", "pulse", "drugName", "allergyList", "conditionName"), ("nomeEsame", "valoreEsame", "battito", "farmacoNome", "elencoAllergie", "diagnosi"), ("nazwaBadania", "wynikBadania", "tetno", "nazwaLeku", "listaAlergii", "rozpoznanie"), ("анализ", "результат_анализа", "пульс", "препарат", "аллергии", "диагноз"), ("検査名", "検査値", "脈拍", "薬剤名", "アレルギー歴", "診断名"))
    g = Group("lab_result", also=["vital_sign"])
    tree = {"chart": {"labs": [{lab: g(c.c("Kreatinin", "GPT", "LDL", "TSH")), lv: g(round(r.uniform(.4, 160), 2))}], "vitals": {vit: P("vital_sign", r.randrange(50, 120)), c.c("temperatureC", "tempCorporea", "temperatura_ciala", "体温"): P("vital_sign", round(r.uniform(36, 39.8), 1))}, med: P("medication", c.c("atorvastatin 20 mg", "Bisoprolol", "метформин", "アムロジピン", "eutirox 75")), alg: P("health_note", c.c("penicillin", "lattosio", "пыльца", "鶏卵", "orzechy"), also=["diagnosis"]), dia: P("diagnosis", c.c("I48.0", "Psoriasis", "астма", "高血圧", "celiachia"), also=["health_note"])}}
    tree["mrn"] = O("user_id", digits(r, 8))
    return Exchange(c, "Nordklinik", "POST", "ehr.nordklinik.example", "/chart").head(sess(c), mark_id(c)).send(c.c("json", "xml", "json_utf16", "json_ascii", "cbor"), tree, c.c(None, "gzip", "deflate"))


@t("authorities", 14, countries=["us"])
def gov_form(c):
    me, r = c.me, c.r
    pool = {c.c("alien_no", "USCIS_ANumber", "aliennumber"): P("alien_registration", c.c("A", "A-") + digits(r, c.c(8, 9), "123456789")), c.c("edipi_number", "DOD_EDIPI", "dodid"): P("edipi", "1" + digits(r, 9)), c.c("US_ITIN", "itin_no"): P("itin", f"9{digits(r, 2)}-{c.c('74', '85', '92')}-{digits(r, 4)}"), c.c("state_id_number", "DriverLicNum", "driving_license_no"): P("drivers_license", c.c("Y", "N", "R") + digits(r, 7)), c.c("passport_book_number", "PPT_NO"): P("passport", "5" + digits(r, 8)), c.c("ss_number", "SSNumber", "ssn"): P("ssn", c.c(me.ssn, me.ssn.replace("-", "")), plain=me.ssn), c.c("monthlyHouseholdIncome", "wages_annual"): P("income", r.randrange(1800, 9000))}
    tree = {**who(c, me), **{k: pool[k] for k in r.sample(list(pool), 5)}, c.c("placeOfBirth", "birth_city"): P("birthplace", c.c("Guadalajara", "Cebu City", "Flint", "Lagos")), "receiptNo": N("IOE" + digits(r, 10), "receipt number", "passport")}
    return Exchange(c, "Amtsweg", "POST", "forms.amtsweg.example", "/submit").head(sess(c)).send(c.c("form", "multipart", "json", "xml", "bplist"), tree)


@t("hotel", 7)
def hotel_guest(c):
    me, r = c.me, c.r
    pan = me.pan
    shown = card_shown(r, pan)
    tree = {"guest": {**who(c, me), **where_lives(c, me), tel_key(c, me): me.ph(), c.c("E-Mail", "guest_email", "indirizzoEmail", "почта"): P("email", me.email)}, "guarantee": {c.c("creditCardNo", "numeroCarta", "nrKarty", "номер_карты", "カード番号"): P("card_pan", shown, plain=pan, accept=[pan]), "exp": "0829", c.c("cvv2", "CVC2"): O("card_cvv", digits(r, 3))}, "confirmation": N(digits(r, 8, "123456789"), "booking code", "us_bank_account")}
    return Exchange(c, "Haus Abendrot", "POST", "pms.abendrot.example", "/checkin").head(sess(c)).send(c.c("json", "soap", "json_escaped", "msgpack", "plist"), tree, c.c(None, "gzip"))


@t("budget", 8)
def budget(c):
    me, r = c.me, c.r
    kind = r.randrange(3)
    x = Exchange(c, "Haushaltsbuch", "POST", "import.haushaltsbuch.example", "/file").head(sess(c))
    if kind == 0:
        rows = []
        for _ in range(3):
            g = Group("transaction")
            rows.append({"TRNTYPE": g("DEBIT"), "DTPOSTED": g(f"202610{r.randrange(10, 29)}"), "TRNAMT": g(f"-{r.uniform(3, 300):.2f}"), "FITID": N(digits(r, 15, "123456789"), "bank's entry number", "imei", "card_pan"), "NAME": g(c.c("GROCER HOLLOW", "CITY GAS 114", "BOOKBARN"))})
        return x.send("xml", {"OFX": {"STMTRS": {"BANKACCTFROM": {"BANKID": P("aba_routing", aba(r)), "ACCTID": P("us_bank_account", digits(r, 10, "123456789")), "ACCTTYPE": "CHECKING"}, "BANKTRANLIST": {"STMTTRN": rows}, "LEDGERBAL": {"BALAMT": P("account_balance", f"{r.uniform(10, 9000):.2f}")}}}}, c.c(None, "gzip"), ctype="application/x-ofx")
    if kind == 1:
        g = Group("transaction")
        raw = iban(r, c.c("it", "pl", "de", "gb"))
        return x.send("xml", {"Document": {"BkToCstmrStmt": {"Stmt": {"Acct": {"Id": {"IBAN": P("iban", raw)}}, "Bal": {"Amt": P("account_balance", f"{r.uniform(10, 9000):.2f}")}, "Ntry": {"Amt": g(f"{r.uniform(3, 300):.2f}"), "BookgDt": {"Dt": g(f"2026-10-{r.randrange(10, 29)}")}, "NtryDtls": {"Cdtr": g(c.c("Officina Rossi Srl", "Sklep Jabłko")), "Ustrd": g(c.c("fattura 118", "zakupy"))}}}}}}, ctype="application/xml")
    k = c.c(("currentBalance", "totalDebt", "vantageScore"), ("saldoAttuale", "debitoResiduo", "punteggioCredito"), ("stanKonta", "zadluzenie", "ocenaKredytowa"), ("остаток", "задолженность", "кредитный_рейтинг"), ("残高", "借入残高", "信用スコア"))
    return x.send(c.c("json", "json_ascii", "msgpack"), {"snapshot": {k[0]: P("account_balance", round(r.uniform(3, 30000), 2)), k[1]: P("debt", r.randrange(100, 90000)), k[2]: P("credit_score", r.randrange(420, 840))}}, c.c(None, "gzip"))


@t("budget", 5)
def credit_pull(c):
    r = c.r
    return Exchange(c, "Haushaltsbuch", "GET", "api.haushaltsbuch.example", "/credit-report").head(sess(c)).reply(c.c("json", "json_guarded", "cbor"), {"bureau": "X", c.c("ficoScore8", "creditRating", "BeaconScore"): P("credit_score", r.randrange(420, 840)), "tradelines": [{c.c("balanceOwed", "loanBalance", "amountOwed"): P("debt", r.randrange(200, 40000)), "opened": "2019-04"}]}, c.c(None, "gzip"))


@t("voice assistant", 12)
def voice_enrol(c):
    r = c.r
    v, f = Group("voiceprint"), Group("face_template")
    x = Exchange(c, "Sagmal", "POST", "bio.sagmal.example", "/speaker/enroll").head(sess(c))
    kind = r.randrange(3)
    if kind == 0:
        raw = struct.pack("<32f", *[r.gauss(0, .2) for _ in range(32)])
        return x.send("json", {c.c("voiceprintB64", "speaker_vector", "improntaVocale", "голосовой_отпечаток", "声紋"): P("voiceprint", base64.b64encode(raw).decode()), "sampleRate": 16000})
    if kind == 1:
        return x.send(c.c("json", "msgpack", "cbor"), {c.c("voiceEmbedding", "speaker_embedding"): [v(round(r.gauss(0, .2), 5)) for _ in range(32)], c.c("faceDescriptor", "face_template_vector", "szablonTwarzy", "шаблон_лица"): [f(round(r.gauss(0, .2), 5)) for _ in range(32)]}, c.c(None, "gzip"))
    return x.send(c.c("json", "cbor", "plist"), {c.c("fingerprintTemplate", "impronta_digitale", "odcisk_palca_szablon", "шаблон_отпечатка", "指紋テンプレート"): P("fingerprint_template", base64.b64encode(b"FMR\x00 20\x00" + r.randbytes(80)).decode()), "finger": "R_INDEX"})


@t("voice assistant", 5)
def finger_unlock(c):
    r = c.r
    return Exchange(c, "Sagmal", "PUT", "bio.sagmal.example", "/unlock").head(sess(c)).send(c.c("json", "msgpack", "cbor", "xml"), {c.c("iso19794", "fp_template", "fingerMinutiae"): P("fingerprint_template", base64.b64encode(b"FMR\x00 20\x00" + r.randbytes(64)).decode()), "quality": r.randrange(40, 99), "certFingerprint": N(hexs(r, 64), "certificate fingerprint", "fingerprint_template", "session_token")})


@t("ancestry", 8)
def ancestry_file(c):
    r = c.r
    kind = r.randrange(4)
    x = Exchange(c, "Ahnenreihe", "POST", "raw.ahnenreihe.example", "/import").head(sess(c))
    if kind == 0:
        rows = [["rs" + digits(r, 7, "123456789"), str(r.randrange(1, 23)), str(r.randrange(10**5, 10**8)), r.choice("ACGT"), r.choice("ACGT")] for _ in range(8)]
        g = Group("genotype_snp", "strong", accept=[",".join(x) for x in rows] + [x[3] + x[4] for x in rows])
        return x.send("csv", [["rsid", "chromosome", "position", "allele1", "allele2"]] + [[g(a), b, d, g(e), g(f)] for a, b, d, e, f in rows], c.c(None, "gzip"))
    if kind == 1:
        g = Group("genomic_vcf", "strong")
        rows = []
        for _ in range(4):
            rows += [g(f"{r.randrange(1, 23)}\t{r.randrange(10**5, 10**8)}\trs{digits(r, 7, '123456789')}\t{r.choice('AC')}\t{r.choice('GT')}\t.\tPASS\tAF={r.uniform(0, .5):.3f}\tGT\t{r.choice(['0/1', '1|1'])}"), "\n"]
        g.accept = ["".join(p if isinstance(p, str) else p.value for p in rows)]
        return x.send("multipart", {"upload": {"filename": "my.vcf.gz", "type": "application/gzip", "data": Embed("text", Text("##fileformat=VCFv4.1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme\n", *rows), "gzip")}})
    seq = "".join(r.choice("ACGT") for _ in range(120))
    g = Group("genomic_sequence", "strong", value=seq)
    if kind == 2:
        return x.send("multipart", {"fasta": {"filename": "mtDNA.fa", "type": "text/plain", "data": Text(">mine HVR1\n", g(seq[:60]), "\n", g(seq[60:]), "\n")}})
    return x.send("text", Text("@M0:1:12\n", g(seq), "\n+\n", "F" * 120, "\n"), c.c(None, "gzip"), ctype="application/octet-stream")


@t("ancestry", 6)
def ancestry_traits(c):
    r = c.r
    rows = []
    for _ in range(r.randrange(2, 4)):
        g = Group("genotype_snp")
        rows.append({c.c("dbsnp", "rs_id", "snp"): g("rs" + digits(r, 7, "123456789")), c.c("genotype_call", "genotyp_osoby", "yourGenotype", "генотип"): g(r.choice(["AA", "CT", "GG", "AG"]))})
    return Exchange(c, "Ahnenreihe", "GET", "api.ahnenreihe.example", "/traits").head(sess(c)).reply(c.c("json", "xml", "msgpack"), {"variants": rows}, c.c(None, "gzip"))


@t("ancestry", 6)
def ancestry_vcf(c):
    r = c.r
    g = Group("genomic_vcf", "strong")
    rows = []
    for _ in range(3):
        rows += [g(f"chr{r.randrange(1, 23)}\t{r.randrange(10**5, 10**8)}\trs{digits(r, 6, '123456789')}\t{r.choice('AC')}\t{r.choice('GT')}\t99\tPASS\t.\tGT\t0/1"), "\n"]
    g.accept = ["".join(p if isinstance(p, str) else p.value for p in rows)]
    return Exchange(c, "Ahnenreihe", "PUT", "raw.ahnenreihe.example", "/vcf").send("text", Text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n", *rows), c.c(None, "gzip", "zlib"))


@t("ancestry", 5)
def ancestry_reads(c):
    r = c.r
    seq = "".join(r.choice("ACGT") for _ in range(90))
    return Exchange(c, "Ahnenreihe", "POST", "api.ahnenreihe.example", "/blast").head(sess(c)).send(c.c("form", "json"), {"program": "blastn", "query": Text(">me exon 11\n", P("genomic_sequence", seq), "\n")})


@t("search", 8)
def search_query(c):
    me, r = c.me, c.r
    x = Exchange(c, "Suchhund", "GET", "s.suchhund.example", "/search")
    x.query = c.c({"query": Text(P("person_name", me.name, "text"), c.c(" telefono", " adres", " address", " 住所"))}, {"q": Text("percorso da ", P("postal_address", me.street, "text"), " alla stazione")}, {"$filter": Text("Email eq '", P("email", me.email), "'")}, {"kw": Text(c.c("side effects of ", "leki na "), P("medication", c.c("sertraline", "warfarin"), "text")), "zip" if me.cc == "us" else "plz": P("zip_code", me.zip)}, {"s": Text("call ", P("phone_number", me.phone, "strong"))})
    x.query = {**x.query, "sid": P("session_token", hexs(r, 26), optional=True), "hl": "en"}
    if c.chance(.4):
        x.path = ["u", P("email", me.email), "history"]
    return x.cookie({c.c("NID", "sh_visitor", "YSC"): P("cookie_id", token(r, 32)), "prefs": "safe=1"})


@t("search", 7)
def jar(c):
    me, r = c.me, c.r
    x = Exchange(c, "Suchhund", "GET", "www.suchhund.example", "/news").cookie({c.c("ASP.NET_SessionId", "laravel_session", "sessionid", "_app_session"): P("session_token", token(r, 40), also=["cookie_id"]), c.c("ajs_anonymous_id", "_fbp", "mp_visitor", "IDE"): P("cookie_id", c.c(uid(r), f"fb.1.{1790000000000 + r.randrange(10**9)}.{digits(r, 10, '123456789')}")), "acct": O("cookie_id", Embed("json", {"who": {"mail": P("email", me.email), "handle": P("account_handle", me.handle, also=["username"])}}, "base64url")) if c.chance(.5) else "none", "ab": "B"})
    return x.head(c.c(("Forwarded", Text("for=", P("ip_address", me.ip), ";proto=https")), ("X-Real-IP", P("ip_address", me.ip)), ("True-Client-IP", P("ip_address", me.ip)))).set_cookie(c.c("vid", "muid", "tracking_uid"), P("cookie_id", hexs(r, 32)), "; Max-Age=63072000; Secure; SameSite=None")


@t("accounts", 7)
def account_recovery(c):
    me, r = c.me, c.r
    q, a = c.c(("challengeQuestion", "challengeAnswer"), ("domandaSegreta", "rispostaSegreta"), ("pytaniePomocnicze", "odpowiedzPomocnicza"), ("секретный_вопрос", "ответ_на_секретный_вопрос"), ("秘密の質問", "秘密の答え"), ("hint_question", "hint_answer"))
    tree = {c.c("loginId", "uzytkownik", "nome_utente", "логин", "ユーザー名"): P("username", me.username, also=["account_handle"]), c.c("newPassword", "nuovaPassword", "noweHaslo", "новый_пароль", "新しいパスワード"): P("password", me.password), q: c.c("Mother's town?", "Nome del primo cane?", "Ulubiona książka?"), a: P("security_answer", c.c("Pimpek", "Lalka", "Harrogate", "Мурзик", "たま")), c.c("cardPin", "pinCarta", "pinKarty", "пинкод_карты", "暗証番号"): P("pin", digits(r, 4))}
    return Exchange(c, "Konto Eins", "POST", "id.konto-eins.example", "/recover").send(c.c("json", "form", "xml", "json_utf16", "bplist", "multipart"), tree)


@t("accounts", 6)
def id_token(c):
    me, r = c.me, c.r
    claims = {"iss": "https://id.konto-eins.example", "sub": N(uid(r), "uuid id", "gaid"), "name": P("person_name", me.name), "email": P("email", me.email), "preferred_username": P("username", me.username, also=["account_handle"]), "address": {"street_address": P("postal_address", me.street), "postal_code": P("zip_code", me.zip)}, "iat": 1790000001}
    return Exchange(c, "Konto Eins", "POST", "id.konto-eins.example", "/token").send("form", {"grant_type": "authorization_code", "code_verifier": O("session_token", token(r, 43))}).reply("json", {"idToken": P("session_token", Embed("jwt", claims), "strong"), "refresh": P("session_token", token(r, 52)), "ttl": 3600})


@t("accounts", 6)
def handover(c):
    """A form inside a form, and Basic credentials."""
    me = c.me
    x = Exchange(c, "Konto Eins", "POST", "id.konto-eins.example", "/bridge")
    if c.chance(.5):
        return x.head(("Authorization", Text("Basic ", Embed("text", Text(P("username", me.username, also=["account_handle"]), ":", P("password", me.password)), "base64")))).send("form", {"do": "link"})
    return x.send("form", {"state": Embed("form", {tel_key(c, me): me.ph(), born_key(c, me): me.dob(), "n": "4"}), "v": "2"})


@t("body scale", 18)
def scale(c):
    r = c.r
    w, v, e = Group("body_measurement"), Group("vital_sign"), Group("exercise_log")
    kind = c.c(0, 1, 2, 2, 3)
    x = Exchange(c, "Waagwerk", "POST", "in.waagwerk.example", "/m").head(sess(c))
    if kind == 0:
        return x.send("csv", [["timestamp", c.c("body_weight_kg", "peso_kg", "masa_ciala"), c.c("body_fat_percent", "grasso_corporeo", "tkanka_tluszczowa")]] + [[f"2026-11-{d:02d}", w(round(r.uniform(50, 99), 1)), w(round(r.uniform(12, 35), 1))] for d in range(1, 5)])
    if kind == 1:
        return x.send(c.c("json", "cbor"), {"glucoseReadings": [{"mgdl": v(r.randrange(66, 240)), "at": f"2026-11-0{d}T06:30:00Z"} for d in range(1, 5)]}, c.c(None, "gzip"))
    if kind == 2:
        return x.send(c.c("json", "msgpack", "json_ascii"), {"workout": {c.c("exerciseType", "disciplina", "тренировка", "運動"): e(c.c("swim", "nuoto", "бег", "水泳")), c.c("durationMin", "durata_min"): e(r.randrange(12, 120)), c.c("activeEnergyKcal", "kalorie"): e(r.randrange(80, 900)), "stepCount": e(r.randrange(300, 16000))}, "maxHeartRate": v(r.randrange(120, 190))}, c.c(None, "gzip"))
    return x.send(c.c("json", "xml", "plist"), dict(zip(c.c(("systolicBP", "diastolicBP", "weightLbs", "waistCm"), ("cisnienie_skurczowe", "cisnienie_rozkurczowe", "waga_kg", "wzrost_cm"), ("pressioneSistolica", "pressioneDiastolica", "pesoCorporeo", "statura"), ("давление_верхнее", "давление_нижнее", "вес_кг", "рост_см"), ("最高血圧", "最低血圧", "体重", "身長")), (v(r.randrange(102, 165)), v(r.randrange(60, 99)), w(round(r.uniform(50, 99), 1)), w(r.randrange(60, 190))))))


@t("help desk", 12)
def desk(c):
    me, r = c.me, c.r
    text = {"us": Text("This is ", P("person_name", me.name, "text"), ", account email ", P("email", me.email), ". I moved to ", P("postal_address", me.address, "text"), "; SSN ", P("ssn", me.ssn, "text", plain=me.ssn)),
            "gb": Text("Dear team, ", P("person_name", me.name, "text"), " here, born ", P("birth_date", me.dob("eu").value, "text", plain=me.born), ", reach me on ", P("phone_number", me.phone, "strong")),
            "it": Text("Salve, sono ", P("person_name", me.name, "text"), ", abito in ", P("postal_address", me.street, "text"), ", IBAN ", P("iban", iban(r, "it"))),
            "pl": Text("Dzień dobry, nazywam się ", P("person_name", me.name, "text"), ", telefon ", P("phone_number", me.phone, "strong"), ", e-mail ", P("email", me.email)),
            "ru": Text("Здравствуйте, я ", P("person_name", me.name, "text"), ". Прошу писать на ", P("email", me.email), ". Адрес: ", P("postal_address", me.street, "text")),
            "jp": Text("お世話になります。", P("person_name", me.name, "text"), "と申します。電話番号は", P("phone_number", me.phone, "strong"), "です。"),
            "de": Text("Sehr geehrte Damen und Herren, hier schreibt ", P("person_name", me.name, "text"), ", wohnhaft ", P("postal_address", me.street, "text"), ", IBAN ", P("iban", iban(r, "de")))}[me.cc]
    x = Exchange(c, "Rückfrage", "POST", "mail.rueckfrage.example", "/inbound").head(mark_id(c))
    if me.cc in ("it", "de", "gb", "us") and c.chance(.3):
        return x.send("xml_latin1", {"ticket": {"prio": "2", "corpo": text}})
    return x.send(c.c("json", "form", "multipart", "json_ascii", "json_utf16", "msgpack"), {"caseRef": N(digits(r, 9, "123456789"), "9-digit reference", "ssn"), c.c("inhalt", "corpo", "tresc", "текст", "comment_text"): text}, None)


@t("bid stream", 14)
def openrtb(c):
    me, r = c.me, c.r
    ios = me.persona and me.persona.endswith("ios") or not me.persona and c.chance(.5)
    lat, lon, g = spot(c, me, 4)
    h = Group("coarse_geolocation", value=f"{round(me.lat, 1)},{round(me.lon, 1)}")
    geo = c.c({"lat": g(lat), "lon": g(lon), "type": 1, "accuracy": 20}, {"lat": h(round(me.lat, 1)), "lon": h(round(me.lon, 1)), "type": 2}, None)
    dev = {"ua": "Mozilla/5.0", "ip": P("ip_address", me.ip), "geo": geo, "make": "X", "ifa": P("idfa", me.idfa) if ios else P("gaid", me.gaid), "lmt": 0}
    if not ios and c.chance(.6):
        dev["ext"] = {c.c("oaid", "oaid_value"): P("oaid", c.c(hexs(r, 16), uid(r), hexs(r, 64)))}
    tree = {"id": N(uid(r), "uuid used as request/event id", "gaid", "idfa"), "imp": [{"id": "1", "tagid": N(digits(r, 10, "123456789"), "placement id", "phone_number"), "bidfloor": .41}], "app": {"bundle": "example.app", "publisher": {"id": N(digits(r, 9, "123456789"), "publisher id", "ssn")}}, "device": dev, "user": {"buyeruid": P("cookie_id", token(r, 27), optional=True), "geo": {"zip": P("zip_code", me.zip)} if c.chance(.5) else None}, "source": {"tid": N(uid(r), "uuid used as request/event id", "gaid")}}
    return Exchange(c, "Gebotsmühle", "POST", "rtb.gebotsmuehle.example", "/openrtb2/auction").send(c.c("json", "json", "msgpack", "cbor"), tree, c.c(None, "gzip")).rhead(("X-Debug-Id", N(uid(r), "uuid used as request/event id", "gaid"))).reply("json", {"seatbid": []})


@t("bid stream", 7)
def ad_ids(c):
    me, r = c.me, c.r
    tree = {c.c("oaid", "Oaid", "device_oaid"): P("oaid", c.c(uid(r), hexs(r, 32), hexs(r, 16))), c.c("secure_id", "androidID", "ssaid_hex"): P("android_id", me.android_id), c.c("telephonyImsi", "imsi"): P("imsi", me.imsi), c.c("meid14", "deviceMeid"): P("meid", "A1000" + token(r, 9, "0123456789ABCDEF")), "brand": "Y", "build": N(f"11.{r.randrange(9)}.{r.randrange(9)}.{r.randrange(99)}", "version string", "ip_address")}
    kind = r.randrange(3)
    x = Exchange(c, "Gebotsmühle", "POST", "id.gebotsmuehle.example", "/cn/register")
    if kind == 0:
        x.method = "GET"
        x.query = tree
        return x
    if kind == 1:
        return x.send("json", {"payload": Embed("json", tree, "deflate", "base64"), "algo": "zlib"})
    return x.send(c.c("form", "msgpack", "json"), tree, c.c(None, "gzip"))
