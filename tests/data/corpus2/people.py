"""Invented people and identifiers with valid check digits. Nothing here belongs to anybody; numbers are drawn from a seeded generator."""
import base64
import hashlib
import json
import string
import uuid

import tomllib

from marks import P, ascii_only, norm

FIRST = {
    "us": ["Harriet", "Desmond", "Lucille", "Trevor", "Yolanda", "Curtis", "Bethany", "Marcus", "Naomi", "Clifford"],
    "de": ["Annegret", "Tobias", "Friederike", "Jörg", "Käthe", "Sönke", "Mechthild", "Volker"],
    "fr": ["Maëlle", "Thibault", "Clémence", "Gaëtan", "Hélène", "Loïc", "Apolline"],
    "es": ["Íñigo", "Rocío", "Begoña", "Álvaro", "Nuria", "Jacinto"],
    "br": ["Jussara", "Leandro", "Conceição", "Otávio", "Iracema"],
    "it": ["Ludovica", "Ermanno", "Fiammetta", "Saverio"],
    "pl": ["Zbigniew", "Małgorzata", "Jadwiga", "Wojciech"],
    "tr": ["Gülşen", "Oğuzhan", "Şebnem", "Kerem"],
    "ru": ["Светлана", "Геннадий", "Людмила", "Аркадий"],
    "cn": ["丽华", "建国", "晓梅", "志强"],
    "jp": ["美咲", "健太郎", "さくら", "雄一"],
    "gb": ["Imogen", "Alistair", "Philippa", "Gareth"],
}
LAST = {
    "us": ["Whitcombe", "Pettigrew", "Hollins", "Ashworth", "Mayfield", "Tolliver", "Brannigan", "Kingsley"],
    "de": ["Schöneberg", "Kowalke", "Huckebein", "Freudenthal", "Bäcker", "Lütjens"],
    "fr": ["Desrosiers", "Lefebvre", "Charbonnier", "Béranger", "Vasseur"],
    "es": ["Echevarría", "Carrasco", "Villanueva", "Quintanilla"],
    "br": ["Figueiredo", "Cavalcanti", "Guimarães", "Queiroz"],
    "it": ["Bevilacqua", "Santoro", "Marchetti", "Pellegrino"],
    "pl": ["Wiśniewska", "Kaczmarek", "Zieliński", "Dąbrowska"],
    "tr": ["Yıldırım", "Karaca", "Demirtaş", "Özbek"],
    "ru": ["Воробьёва", "Соколов", "Лебедева", "Кузнецов"],
    "cn": ["王", "李", "张", "陈"],
    "jp": ["佐藤", "鈴木", "高橋", "渡辺"],
    "gb": ["Featherstone", "Pemberton", "Llewellyn", "Cartwright"],
}
TOWNS = {   # city, state or region, postal code maker, latitude, longitude, streets
    "us": [("Tucson", "AZ", "857#1", 32.2226, -110.9747), ("Duluth", "MN", "558#2", 46.7867, -92.1005), ("Savannah", "GA", "314#4", 32.0809, -81.0912), ("Spokane", "WA", "992#5", 47.6588, -117.4260)],
    "de": [("Göttingen", "NI", "370#3", 51.5413, 9.9158), ("Erfurt", "TH", "990#4", 50.9848, 11.0299), ("Lübeck", "SH", "235#2", 53.8655, 10.6866)],
    "fr": [("Nantes", "PDL", "440#0", 47.2184, -1.5536), ("Annecy", "ARA", "740#0", 45.8992, 6.1294)],
    "es": [("Zaragoza", "AR", "500#3", 41.6488, -0.8891), ("Vigo", "GA", "362#1", 42.2406, -8.7207)],
    "br": [("Curitiba", "PR", "80#20-1#0", -25.4284, -49.2733), ("Recife", "PE", "50#30-2#0", -8.0476, -34.8770)],
    "it": [("Bologna", "BO", "401#3", 44.4949, 11.3426), ("Lecce", "LE", "731#0", 40.3515, 18.1750)],
    "pl": [("Poznań", "WP", "60-1#4", 52.4064, 16.9252), ("Lublin", "LU", "20-0#2", 51.2465, 22.5684)],
    "tr": [("İzmir", "35", "350#0", 38.4237, 27.1428)],
    "ru": [("Казань", "ТА", "4200#1", 55.7963, 49.1088)],
    "cn": [("杭州市", "浙江省", "3100#0", 30.2741, 120.1551)],
    "jp": [("札幌市", "北海道", "060-00#1", 43.0618, 141.3545)],
    "gb": [("Norwich", "NFK", "NR# 4TQ", 52.6309, 1.2974)],
}
STREETS = {
    "us": ["{n} Juniper Hollow Rd", "{n} E Saltmarsh Ave Apt {k}", "{n} Kettle Creek Ln", "{n} Larkspur Ct Unit {k}"], "de": ["Eichenkamp {n}", "Am Mühlgraben {n}", "Lindenstraße {n}b"],
    "fr": ["{n} rue des Tilleuls", "{n} bis allée du Moulin"], "es": ["Calle del Olivar {n}, {k}º B", "Avenida de los Almendros {n}"], "br": ["Rua das Acácias, {n}", "Avenida Ipê Amarelo, {n} ap {k}"],
    "it": ["Via dei Gelsi {n}", "Corso Garibaldi {n}"], "pl": ["ul. Jesionowa {n}/{k}", "ul. Klonowa {n}"], "tr": ["Çınar Sokak No:{n}"], "ru": ["ул. Садовая, д. {n}, кв. {k}"], "cn": ["文三路{n}号{k}室"], "jp": ["中央区北1条西{k}丁目{n}"],
    "gb": ["{n} Thornfield Crescent"],
}
MAIL = ["wolkenpost.test", "brisamail.example", "inkpotmail.test", "courrielet.example", "lettera.test", "fastmoss.example", "pochta-reka.test", "hayline.example"]
DIAL = {"us": "+1", "de": "+49", "fr": "+33", "es": "+34", "br": "+55", "it": "+39", "pl": "+48", "tr": "+90", "ru": "+7", "cn": "+86", "jp": "+81", "gb": "+44"}
AREAS = ["520", "218", "912", "509", "212", "415", "303", "617", "704", "801"]


def digits(r, k, first="0123456789"):
    return r.choice(first) + "".join(r.choice("0123456789") for _ in range(k - 1))


def luhn(body):
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return body + str(-total % 10)


def hexs(r, k):
    return "".join(r.choice("0123456789abcdef") for _ in range(k))


def token(r, k, alphabet=string.ascii_letters + string.digits):
    return "".join(r.choice(alphabet) for _ in range(k))


def uid(r):
    return str(uuid.UUID(int=r.getrandbits(128), version=4))


def b64json(v):
    return base64.urlsafe_b64encode(json.dumps(v, separators=(",", ":")).encode()).decode().rstrip("=")


def jwt(r, claims=None):
    return b64json({"alg": r.choice(["RS256", "ES256", "HS512"]), "kid": hexs(r, 6)}) + "." + b64json(claims or {"sub": uid(r), "iat": 1790000000 + r.randrange(9999), "exp": 1790000000 + r.randrange(99999)}) + "." + token(r, 43)


def phone(r, cc):
    """(E.164, national digits) of a number valid in its country's plan."""
    nat = {"us": lambda: r.choice(AREAS) + r.choice("2346789") + r.choice("234567") + r.choice("0246789") + digits(r, 4), "de": lambda: "1512" + digits(r, 7), "fr": lambda: "612" + digits(r, 6), "es": lambda: "6" + digits(r, 8),
           "br": lambda: r.choice(["41", "81"]) + "99" + digits(r, 7), "it": lambda: "347" + digits(r, 7), "pl": lambda: "60" + r.choice("123456789") + digits(r, 6), "tr": lambda: "532" + digits(r, 7), "ru": lambda: "916" + digits(r, 7),
           "cn": lambda: "138" + digits(r, 8), "jp": lambda: "90" + digits(r, 8, "2345678"), "gb": lambda: "7712" + digits(r, 6)}[cc]()
    return DIAL[cc] + nat, nat


def iban(r, cc):
    body = {"de": lambda: digits(r, 18), "fr": lambda: digits(r, 10) + token(r, 11, string.digits) + digits(r, 2), "es": lambda: digits(r, 20), "it": lambda: "X" + digits(r, 10) + token(r, 12, string.digits), "pl": lambda: digits(r, 24),
            "gb": lambda: "HBKL" + digits(r, 14), "nl": lambda: "RGNB" + digits(r, 10), "tr": lambda: digits(r, 5) + "0" + digits(r, 16), "br": lambda: digits(r, 23) + "P1"}[cc]()
    code = cc.upper()
    check = 98 - int("".join(str(int(c, 36)) for c in body + code + "00")) % 97
    return f"{code}{check:02d}{body}"


def groups(s, k=4, sep=" "):
    return sep.join(s[i:i + k] for i in range(0, len(s), k))


def aba(r):
    d = [int(c) for c in f"{r.choice([*range(1, 13), *range(21, 33)]):02d}" + digits(r, 6)]
    s = 3 * (d[0] + d[3] + d[6]) + 7 * (d[1] + d[4] + d[7]) + d[2] + d[5]
    return "".join(map(str, d)) + str(-s % 10)


def vin(r):
    chars = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9])) | {str(i): i for i in range(10)}
    v = list(r.choice(["1HG", "WVW", "5YJ", "JTD", "3FA", "WBA"]) + token(r, 5, chars) + "0" + r.choice("KLMNPRST") + token(r, 1, chars) + digits(r, 6))
    v[8] = "0123456789X"[sum(values[c] * w for c, w in zip(v, [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])) % 11]
    return "".join(v)


def card(r):
    iin, k = r.choice([("4485", 16), ("4716", 16), ("5291", 16), ("5483", 16), ("3767", 15), ("6011", 16), ("2231", 16)])
    return luhn(iin + digits(r, k - 5))


def card_shown(r, pan):
    if len(pan) == 15:
        return r.choice([pan, f"{pan[:4]} {pan[4:10]} {pan[10:]}"])
    return r.choice([pan, groups(pan), groups(pan, 4, "-")])


def wallet(r, kind):
    if kind == "btc":
        data = bytes([0]) + r.randbytes(20)
        full = data + hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
        alphabet, n, out = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", int.from_bytes(full, "big"), ""
        while n:
            n, m = divmod(n, 58)
            out = alphabet[m] + out
        return "1" + out
    if kind == "bech32":
        return bech32("bc", r.randbytes(20))
    return "0x" + hexs(r, 40)


def bech32(hrp, program):
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = int.from_bytes(program, "big")
    data = [0] + [bits >> (155 - 5 * i) & 31 for i in range(32)]

    def polymod(vals):
        chk = 1
        for v in vals:
            top = chk >> 25
            chk = (chk & 0x1FFFFFF) << 5 ^ v
            for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                chk ^= g if top >> i & 1 else 0
        return chk
    mod = polymod([ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + data + [0] * 6) ^ 1
    return hrp + "1" + "".join(alphabet[d] for d in data + [mod >> 5 * (5 - i) & 31 for i in range(6)])


def geohash(lat, lon, k):
    la, lo, out, even, bit, ch = [-90., 90.], [-180., 180.], "", True, 0, 0
    while len(out) < k:
        box, x = (lo, lon) if even else (la, lat)
        mid = sum(box) / 2
        up = x >= mid
        ch = ch << 1 | up
        box[0 if up else 1] = mid
        even = not even
        bit += 1
        if bit == 5:
            out += "0123456789bcdefghjkmnpqrstuvwxyz"[ch]
            bit = ch = 0
    return out


def polyline(points):
    out, last = "", (0, 0)
    for p in points:
        q = tuple(round(x * 1e5) for x in p)
        for d in (q[0] - last[0], q[1] - last[1]):
            v = ~(d << 1) if d < 0 else d << 1
            while v >= 32:
                out += chr((32 | v & 31) + 63)
                v >>= 5
            out += chr(v + 63)
        last = q
    return out


def plus_code(lat, lon):
    alphabet, la, lo = "23456789CFGHJMPQRVWX", int((lat + 90) * 8000), int((lon + 180) * 8000)
    out = ""
    for _ in range(5):
        out = alphabet[la % 20] + alphabet[lo % 20] + out
        la, lo = la // 20, lo // 20
    return out[:8] + "+" + out[8:]


def mrz(r, cc, last, first, passport, born):
    """The two lines of a passport's machine-readable zone (ICAO 9303 part 4)."""
    def check(s):
        return str(sum((int(c, 36) if c != "<" else 0) * (7, 3, 1)[i % 3] for i, c in enumerate(s)) % 10)
    l1 = f"P<{cc}{ascii_only(last).upper()}<<{ascii_only(first).upper()}".ljust(44, "<")
    num, bd, exp, opt = passport.ljust(9, "<"), born[2:].replace("-", ""), "310415", "<" * 14
    l2 = num + check(num) + cc + bd + check(bd) + r.choice("MF") + exp + check(exp) + opt + "0"
    l2 += check(l2[:10] + l2[13:20] + l2[21:43])
    return l1 + "\n" + l2


def bssid(r, sep=":"):
    """A universally administered unicast MAC, as access points have."""
    return sep.join([f"{4 * r.randrange(1, 64):02x}"] + [hexs(r, 2) for _ in range(5)])


class Person:
    """Somebody at a device: every identifier they have, drawn once."""

    def __init__(self, r, cc, first=None, last=None):
        self.r, self.cc = r, cc
        self.first, self.last = first or r.choice(FIRST[cc]), last or r.choice(LAST[cc])
        self.name = self.last + self.first if cc in ("cn", "jp") else f"{self.first} {self.last}"
        a, b = ascii_only(self.first) or "u" + hexs(r, 3), ascii_only(self.last) or "k" + hexs(r, 4)
        n = r.randrange(11, 99)
        self.email = r.choice([f"{a}.{b}{n}", f"{a[0]}{b}.{n}", f"{b}_{a}", f"{a}-{n}"]) + "@" + r.choice(MAIL)
        self.username, self.handle = f"{a[:4]}{b[:5]}{r.randrange(100, 999)}", f"{r.choice(['velvet', 'north', 'tiny', 'solar', 'moss', 'pixel'])}_{r.choice(['otter', 'kite', 'anvil', 'fern', 'comet'])}{r.randrange(10, 99)}"
        self.password = r.choice(["Krokus", "hv8Lantern", "Tr0ubadix", "mango-Felt", "Zug.nach"]) + r.choice("!#%?") + digits(r, 4) + r.choice("qxw")
        self.phone, self.national = phone(r, cc)
        self.born = f"{r.randrange(1951, 2007)}-{r.randrange(1, 13):02d}-{r.randrange(13, 29)}"
        city, state, zipf, lat, lon = r.choice(TOWNS[cc])
        self.city, self.state = city, state
        self.zip = "".join(r.choice("0123456789") if c == "#" else c for c in zipf)
        self.lat, self.lon = round(lat + r.uniform(-.04, .04), 6), round(lon + r.uniform(-.04, .04), 6)
        self.street = r.choice(STREETS[cc]).format(n=r.randrange(11, 989), k=r.randrange(2, 29))
        self.address = f"{self.street}, {city}, {state} {self.zip}" if cc == "us" else f"{self.street}, {self.zip} {city}"
        self.ssn = f"{r.choice(['214', '318', '427', '509', '553', '601', '622'])}-{r.randrange(11, 99)}-{digits(r, 4, '123456789')}"
        self.pan = card(r)
        self.imei = luhn(r.choice(["35824005", "86412704", "35391811", "01447800"]) + digits(r, 6))
        self.mac = ":".join([r.choice(["ac:37:43", "f4:f5:d8", "3c:5a:b4", "88:66:5a"])] + [hexs(r, 2) for _ in range(3)])
        self.serial = r.choice(["RF8N", "C7KX", "G6TZ", "HQ63"]) + token(r, 7, "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789")
        self.iccid = luhn("89" + r.choice(["0141", "4902", "3310", "5501"]) + digits(r, 12))
        self.imsi = r.choice(["310260", "262019", "208015", "724051"]) + digits(r, 9)
        self.gaid, self.idfa, self.idfv = uid(r), uid(r).upper(), uid(r).upper()
        self.android_id = r.choice("123456789abcdef") + hexs(r, 15)
        self.ip = f"{r.choice([24, 62, 73, 79, 84, 91, 109, 151, 177, 186, 201, 212])}.{r.randrange(2, 254)}.{r.randrange(2, 254)}.{r.randrange(2, 254)}"
        self.persona = None
        self.identifiers = []

    def ph(self, style=None, **kw):
        """The phone in one of the forms apps send."""
        n, cc, d = self.national, self.cc, DIAL[self.cc]
        shapes = {"e164": self.phone, "00": "00" + self.phone[1:], "digits": self.phone[1:], "national": n if cc in ("us", "es", "pl", "cn", "it", "br", "ru") else "0" + n}
        if cc == "us":
            shapes |= {"paren": f"({n[:3]}) {n[3:6]}-{n[6:]}", "dots": f"{n[:3]}.{n[3:6]}.{n[6:]}", "intl": f"+1 {n[:3]}-{n[3:6]}-{n[6:]}"}
        else:
            shapes |= {"intl": f"{d} {n[:3]} {n[3:6]} {n[6:]}"}
        v = shapes[style] if style in shapes else self.r.choice(list(shapes.values()))
        return P("phone_number", v, plain=self.phone, accept=[self.phone] if v != self.phone else [], **kw)

    def dob(self, style=None, **kw):
        y, m, d = self.born.split("-")
        shapes = {"iso": self.born, "us": f"{m}/{d}/{y}", "dotted": f"{d}.{m}.{y}", "compact": y + m + d, "eu": f"{d}/{m}/{y}", "ymd": f"{y}/{m}/{d}", "isot": f"{self.born}T00:00:00Z", "cjk": f"{y}年{int(m)}月{int(d)}日"}
        v = shapes[style] if style else self.r.choice([shapes[k] for k in ("iso", "us", "dotted", "compact", "eu", "ymd", "isot")])
        return P("birth_date", v, plain=self.born, accept=[self.born] if v != self.born else [], **kw)

    def card(self, **kw):
        v = card_shown(self.r, self.pan)
        return P("card_pan", v, plain=self.pan, accept=[self.pan] if v != self.pan else [], **kw)


def personas(path):
    """The people of personas.toml as `Person`s, and element -> normal forms known to the tester."""
    import random
    known, people = {}, []
    for entry in tomllib.load(open(path, "rb"))["persona"]:
        ids = [(i["element"], i["value"]) for i in entry["identifier"]]
        for el, v in ids:
            known.setdefault(el, set()).add(norm(v))
        names = [v for el, v in ids if el == "person_name"]
        cc = next(c for c, d in DIAL.items() if any(el == "phone_number" and v.startswith(d) for el, v in ids))
        p = Person(random.Random(entry["id"]), cc, names[1], names[2])
        p.persona, p.platform, p.identifiers, p.name = entry["id"], entry["platform"], ids, names[0]
        for el, field in (("email", "email"), ("phone_number", "phone"), ("birth_date", "born"), ("username", "username"), ("account_handle", "handle"), ("password", "password"), ("ssn", "ssn"), ("card_pan", "pan"), ("imei", "imei"), ("mac_address", "mac"),
                          ("device_serial", "serial"), ("iccid", "iccid"), ("imsi", "imsi"), ("gaid", "gaid"), ("idfa", "idfa"), ("idfv", "idfv"), ("android_id", "android_id"), ("zip_code", "zip")):
            mine = [v for e, v in ids if e == el]
            if mine:
                setattr(p, field, mine[0])
        p.national = p.phone[len(DIAL[cc]):]
        p.address, p.street = [v for el, v in ids if el == "postal_address"][:2]
        tail = p.address[len(p.street) + 2:]
        p.city, p.state = tail.split(", ")[0] if cc == "us" else tail[len(p.zip) + 1:], tail.split(", ")[-1].split(" ")[0] if cc == "us" else ""
        people.append(p)
    return people, known
