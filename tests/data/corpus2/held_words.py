"""Held half: its own vocabularies for names, addresses, sessions, so that no key list fitted to the open half helps."""
from marks import Group, N, O, P, Text, num
from people import hexs, jwt, token, uid


def keeper(templates, **always):
    """A decorator factory that files templates under `templates`."""
    def t(arche, times, **attrs):
        def keep(f):
            for k, v in {**always, **attrs}.items():
                setattr(f, k, v)
            templates.append((arche, f, times))
            return f
        return keep
    return t


def who(c, p):
    """Somebody's name: two fields or one."""
    two = {"us": [("guestFirst", "guestLast"), ("nameGiven", "nameFamily"), ("FIRST_NM", "LAST_NM")], "gb": [("fore_name", "family-name"), ("customerForename", "customerSurname")], "it": [("nomeCliente", "cognomeCliente"), ("Nome", "Cognome")], "pl": [("imię", "nazwisko"), ("imieKlienta", "nazwiskoKlienta")],
           "ru": [("имя_клиента", "фамилия_клиента"), ("ImyaKlienta", "FamiliyaKlienta")], "jp": [("お名前_名", "お名前_姓"), ("namaeMei", "namaeSei")], "de": [("Rufname", "Familienname"), ("vorname_kunde", "nachname_kunde")], "br": [("primeiro_nome", "ultimo_nome")], "fr": [("prenomClient", "nomFamille")]}[p.cc]
    one = {"us": ["insuredName", "acct_holder_name", "LegalName"], "gb": ["policyholder_name", "Full_Name"], "it": ["intestatario", "nominativoCliente"], "pl": ["imię_i_nazwisko", "nazwaKlienta"], "ru": ["ФИО", "polnoe_imya"], "jp": ["お名前", "shimei"], "de": ["versicherungsnehmer", "NameVollstaendig"], "br": ["nomeTitular"], "fr": ["nomPrenom"]}[p.cc]
    if c.chance(.4):
        return {c.r.choice(one): P("person_name", p.name)}
    a, b = c.r.choice(two)
    return {a: P("person_name", p.first), b: P("person_name", p.last)}


def where_lives(c, p):
    st, ci, zi = {"us": c.c(("StreetAddr", "CityNm", "ZIP5"), ("residence_street", "residence_city", "residence_zip")), "gb": ("AddressLine1", "PostTown", "PostCode"), "it": ("viaCivico", "localita", "CAP"), "pl": ("ulicaNr", "miejscowosc", "kodPocztowy"), "ru": c.c(("улица_дом", "населённый_пункт", "почтовый_индекс"), ("ulica_dom", "gorod", "pochtovyi_indeks")),
                  "jp": c.c(("住所", "市区町村", "郵便番号"), ("banchi", "shikuchoson", "yubinBango")), "de": ("StrasseHausnr", "Wohnort", "Postleitzahl"), "br": ("enderecoRua", "municipio", "CEP"), "fr": ("rueNumero", "commune", "codePostal")}[p.cc]
    return {st: P("postal_address", p.street), ci: O("postal_address", p.city), zi: P("zip_code", p.zip)}


def tel_key(c, p):
    return {"us": c.c("cellPhone", "day-phone", "PhoneNbr"), "gb": c.c("MobileNo", "contactTel"), "it": c.c("cellulare", "recapitoTelefonico"), "pl": c.c("telefonKontaktowy", "nr_tel"), "ru": c.c("телефон", "nomer_telefona"), "jp": c.c("電話番号", "denwaBango", "keitai"), "de": c.c("Mobilnummer", "telefonnr"), "br": "telefoneCelular", "fr": "telPortable"}[p.cc]


def born_key(c, p):
    return {"us": c.c("DOB", "date-of-birth", "BirthDt"), "gb": c.c("DateOfBirth", "d_o_b"), "it": c.c("dataNascita", "data_di_nascita"), "pl": c.c("dataUrodzenia", "data_ur"), "ru": c.c("дата_рождения", "data_rozhdeniya"), "jp": c.c("生年月日", "seinengappi"), "de": c.c("GebDatum", "geb_dat"), "br": "dataNascimento", "fr": "dateDeNaissance"}[p.cc]


def sess(c):
    """Session headers of other makes than the open half's."""
    r = c.r
    return c.c(("Authorization", Text("JWT ", P("session_token", jwt(r), "strong"))), ("X-Amz-Security-Token", P("session_token", token(r, 80))), ("x-user-token", P("session_token", token(r, 27))), ("Authorization", Text("Bearer ", P("session_token", "ya29." + token(r, 60, "abcdefghijklmnopqrstuvwxyzABCDEFG0123456789_-"), "keyed"))),
               ("X-Session-Key", P("session_token", hexs(r, 64))), ("Authorization", Text("DPoP ", P("session_token", jwt(r), "strong"))))


def mark_id(c):
    r = c.r
    return c.c(("CF-Ray", N(hexs(r, 16) + "-FRA", "ray id", "android_id")), ("X-Amzn-Trace-Id", N(f"Root=1-{hexs(r, 8)}-{hexs(r, 24)}", "trace id", "session_token")), ("Idempotency-Key", N(uid(r), "uuid used as request/event id", "gaid", "idfa")), ("X-Cloud-Trace-Context", N(f"{hexs(r, 32)}/{r.randrange(10**18, 10**19)};o=1", "trace id", "oaid", "iccid")))


def spot(c, p, places=6):
    """(latitude, longitude, group) near somebody; not marked yet."""
    lat, lon = round(p.lat + c.r.uniform(-.01, .01), places), round(p.lon + c.r.uniform(-.01, .01), places)
    g = Group("precise_geolocation", value=f"{num(lat)},{num(lon)}", accept=[f"{num(lon)},{num(lat)}", f"{num(lat)}, {num(lon)}", num(lat), num(lon)])
    return lat, lon, g


def minutes(v, axis):
    """Degrees and decimal minutes, as NMEA 0183 writes them, and the hemisphere."""
    d = int(abs(v))
    m = (abs(v) - d) * 60
    return f"{d:0{2 if axis == 'NS' else 3}d}{m:07.4f}", axis[v < 0]


def nmea(lat, lon, clock="114209.00"):
    (a, ns), (o, ew) = minutes(lat, "NS"), minutes(lon, "EW")
    body = f"GPGGA,{clock},{a},{ns},{o},{ew},1,08,0.9,112.4,M,46.9,M,,"
    check = 0
    for ch in body:
        check ^= ord(ch)
    return f"${body}*{check:02X}"
