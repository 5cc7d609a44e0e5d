"""One exchange: marked trees in, bytes and labels out."""
import base64
from urllib.parse import quote, quote_plus

import formats
from marks import Embed, Mark, N, O, P, Text, assemble, resolve
from people import TOWNS, Person, hexs, jwt, token, uid

AGENTS = ["okhttp/5.0.0-alpha.14", "Dart/3.5 (dart:io)", "CFNetwork/1494.0.7 Darwin/23.4.0", "Dalvik/2.1.0 (Linux; U; Android 14; SM-A546B Build/UP1A.231005.007)", "ktor-client", "Alamofire/5.9.1", "python-requests/2.32.3", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"]


class Ctx:
    """What a template draws from: the seeded generator, the person at the device, other people."""

    def __init__(self, r, me, ccs):
        self.r, self.me, self.ccs = r, me, ccs

    def c(self, *options):
        return self.r.choice(options)

    def other(self, cc=None):
        return Person(self.r, cc or self.r.choice(self.ccs))

    def chance(self, p):
        return self.r.random() < p

    def bearer(self):
        """An Authorization header or one of its look-alikes, as a header pair."""
        r = self.r
        kind = r.randrange(5)
        if kind < 2:
            return ("Authorization", Text("Bearer ", P("session_token", jwt(r), "strong")))
        if kind == 2:
            return ("Authorization", Text(r.choice(["Bearer ", "Token "]), P("session_token", token(r, 40), "keyed")))
        if kind == 3:
            return (r.choice(["X-Auth-Token", "x-session-token", "X-Access-Token"]), P("session_token", token(r, 32)))
        return ("authorization", Text("Bearer ", P("session_token", hexs(r, 48), "keyed")))

    def rid(self):
        r = self.r
        return r.choice([("X-Request-ID", N(uid(r), "uuid used as request/event id", "gaid", "idfa", "idfv")), ("X-B3-TraceId", N(hexs(r, 32), "trace id", "oaid", "session_token")), ("X-Correlation-Id", N(uid(r), "uuid used as request/event id", "gaid")),
                         ("sentry-trace", N(f"{hexs(r, 32)}-{hexs(r, 16)}-1", "trace id", "android_id", "session_token")), ("If-None-Match", N(f'W/"{hexs(r, 32)}"', "entity tag", "session_token"))])

    def address(self, p, style=None):
        """An address in one of several vocabularies: street required, city and state optional, postal code its own element."""
        k = style or self.r.choice(["en", "en2", "en3", "loc"])
        if k == "loc":
            k = p.cc
        st, ci, rg, zi = {"en": ("line1", "city", "state", "postalCode"), "en2": ("street_address", "locality", "region", "postal_code"), "en3": ("addr1", "town", "province", "zip"), "de": ("strasse", "ort", "bundesland", "plz"), "fr": ("adresse", "ville", "region", "code_postal"),
                          "es": ("direccion", "ciudad", "provincia", "codigo_postal"), "br": ("logradouro", "cidade", "uf", "cep"), "it": ("indirizzo", "comune", "provincia", "cap"), "pl": ("ulica", "miasto", "wojewodztwo", "kod_pocztowy"), "tr": ("adres", "il", "bolge", "posta_kodu"),
                          "ru": ("адрес", "город", "регион", "индекс"), "cn": ("详细地址", "城市", "省份", "邮编"), "jp": ("jusho", "shi", "todofuken", "yubin_bango"), "us": ("street1", "city", "state", "zipCode"), "gb": ("address_line_1", "post_town", "county", "postcode")}[k]
        return {st: P("postal_address", p.street), ci: O("postal_address", p.city), rg: O("postal_address", p.state) if p.state else None, zi: P("zip_code", p.zip)}

    def names(self, p):
        """Name fields in several vocabularies and languages."""
        r = self.r
        both = {"us": [("firstName", "lastName"), ("given_name", "family_name"), ("fname", "lname")], "de": [("vorname", "nachname")], "fr": [("prenom", "nom")], "es": [("nombre", "apellidos")], "br": [("nome", "sobrenome")], "it": [("nome", "cognome")], "pl": [("imie", "nazwisko")],
                "tr": [("ad", "soyad")], "ru": [("imya", "familiya"), ("имя", "фамилия")], "cn": [("ming", "xing")], "jp": [("mei", "sei"), ("名", "姓")], "gb": [("forename", "surname")]}[p.cc]
        one = {"us": "fullName", "de": "kontoinhaber", "fr": "nom_complet", "es": "nombre_completo", "br": "nome_completo", "it": "nominativo", "pl": "imie_i_nazwisko", "tr": "adSoyad", "ru": "фио", "cn": "xingming", "jp": "氏名", "gb": "customer_name"}[p.cc]
        if r.random() < .35:
            return {r.choice([one, "full-name", "displayName"]): P("person_name", p.name)}
        a, b = r.choice(both + [("first_name", "surname"), ("GivenName", "FamilyName")])
        return {a: P("person_name", p.first), b: P("person_name", p.last)}

    def point(self, p, el="precise_geolocation", **kw):
        """A latitude and longitude of one group near a person."""
        from marks import Group
        from marks import num
        g = Group(el, **kw)
        lat, lon = round(p.lat + self.r.uniform(-.01, .01), 6), round(p.lon + self.r.uniform(-.01, .01), 6)
        g.value, g.accept = f"{num(lat)},{num(lon)}", [f"{num(lon)},{num(lat)}"]
        return g(lat), g(lon)


class Exchange:
    """Built by a template with `send`, `reply`, `ws`; `finish` gives the corpus line."""

    def __init__(self, ctx, app, method, host, path="/", query=None):
        self.ctx, self.app, self.method, self.host, self.path, self.query = ctx, app, method, host, path, query
        self.headers, self.rheaders, self.cookies, self.set_cookies = [], [], None, []
        self.req = self.res = (None, None, None, None)
        self.status, self.messages = 200, []
        self.h2 = ctx.r.random() < .6

    def send(self, fmt, tree, coding=None, ctype=None):
        self.req = (fmt, tree, coding, ctype)
        return self

    def reply(self, fmt, tree, coding=None, ctype=None, status=200):
        self.res, self.status = (fmt, tree, coding, ctype), status
        return self

    def head(self, *pairs):
        self.headers += [p for p in pairs if p]
        return self

    def rhead(self, *pairs):
        self.rheaders += pairs
        return self

    def cookie(self, jar):
        self.cookies = jar
        return self

    def set_cookie(self, name, node, rest="; Path=/; Secure; HttpOnly"):
        self.set_cookies.append((name, node, rest))
        return self

    def ws(self, way, fmt, tree, prefix="", opcode=None, extra=()):
        self.messages.append((way, fmt, tree, prefix, opcode, list(extra)))
        return self

    def body(self, side, part, rec):
        fmt, tree, coding, ctype = part
        if fmt is None:
            return b"", []
        if fmt in ("xml", "xml_latin1", "soap") and (len(tree) != 1 or isinstance(next(iter(tree.values())), list)):
            tree = {"request" if side == "request" else "response": tree}   # XML has one root
        enc, layers, default = formats.FORMATS[fmt]
        coded = [{"x-gzip": "gzip", "raw_deflate": "deflate", "zlib": "deflate"}.get(coding, coding)] if coding else []
        got = []
        data = enc(resolve(tree, "$", coded + layers, got))
        rec += [(side + ".body", *g) for g in got]
        luck = self.ctx.r.random()
        hidden = coding in ("gzip", "zlib") and luck < .08      # compressed, and no header says so
        if coding:
            data = formats.CODECS[{"x-gzip": "gzip", "zlib": "deflate"}.get(coding, coding)](data)
        heads = [["Content-Type", ctype or default]]
        if fmt in ("grpc_gzip",):
            heads.append(["grpc-encoding", "gzip"])
        if coding and not hidden:
            heads.append(["Content-Encoding", {"raw_deflate": "deflate", "zlib": "deflate"}.get(coding, coding)])
        if not coding and fmt in ("json", "form", "xml") and luck < .03:
            heads.append(["Content-Encoding", "gzip"])          # said to be compressed, and is not
        return data, heads

    def header(self, side, pairs, rec):
        out = []
        for k, node in pairs:
            got = []
            v = resolve(node, k, ["header"], got)
            rec += [(side + ".header", m, k, lay, s) for m, _, lay, s in got]
            out.append([k, str(v)])
        return out

    def url(self, rec):
        parts = self.path if isinstance(self.path, list) else [self.path.strip("/")]
        out, got, index = [], [], 0
        for p in parts:
            v = str(resolve(p, f"$[{index}]", ["path"], got))
            out.append(quote(v, safe="/@:,;+~.-_!") if isinstance(p, str) else quote(v, safe=",@+:"))
            index += v.count("/") + 1 if isinstance(p, str) else 1
        rec += [("request.path", *g) for g in got]
        url = f"https://{self.host}/" + "/".join(out)
        if self.query:
            got, pairs = [], []
            for k, node in self.query.items():
                v = resolve(node, f"$.{k}", ["query"], got)
                pairs.append(f"{quote_plus(k, safe='[]')}={quote_plus(v if isinstance(v, str) else formats.as_text(v))}")
            rec += [("request.query", *g) for g in got]
            url += "?" + "&".join(pairs)
        return url

    def jar(self, side, items, rec):
        out = []
        for k, node in items:
            got = []
            v = str(resolve(node, k, ["cookie"], got))
            rec += [(side + ".cookie", m, k if p == k else p, lay, s) for m, p, lay, s in got]
            out.append(f"{k}={v}")
        return out

    def finish(self, known, ident, archetype, template):
        rec, ctx = [], self.ctx
        url = self.url(rec)
        body, heads = self.body("request", self.req, rec)
        rbody, rheads = self.body("response", self.res, rec)
        headers = [["Host", self.host], ["User-Agent", ctx.r.choice(AGENTS)], ["Accept-Encoding", "gzip, deflate"]] + self.header("request", self.headers, rec) + heads
        if self.cookies:
            headers.append(["Cookie", "; ".join(self.jar("request", self.cookies.items(), rec))])
        rheaders = self.header("response", self.rheaders, rec) + rheads
        for name, node, rest in self.set_cookies:
            rheaders.append(["Set-Cookie", self.jar("response", [(name, node)], rec)[0] + rest])
        out = {"id": ident, "app": self.app, "archetype": archetype, "template": template, "persona": ctx.me.persona if ctx.me else None,
               "request": {"method": self.method, "url": url, "http_version": "HTTP/2" if self.h2 and not self.messages else "HTTP/1.1", "headers": headers, "body_b64": base64.b64encode(body).decode()},
               "response": {"status": 101 if self.messages else self.status, "headers": rheaders, "body_b64": base64.b64encode(rbody).decode()}}
        if self.messages:
            headers += [["Upgrade", "websocket"], ["Connection", "Upgrade"]]
            out["ws"] = [self.frame(i, m, rec) for i, m in enumerate(self.messages)]
        out["labels"], out["negatives"] = assemble(rec, known)
        return out

    def frame(self, i, message, rec):
        way, fmt, tree, prefix, opcode, extra = message
        enc, layers, _ = formats.FORMATS[fmt]
        got = []
        data = enc(resolve(tree, f"$[{i}]", ["websocket"] + extra + (["socketio"] if prefix else []) + layers, got))
        rec += [(("request" if way == "send" else "response") + ".message", *g) for g in got]
        for c in extra:
            data = formats.CODECS[c](data)
        data = prefix.encode() + data
        binary = fmt in ("msgpack", "cbor", "protobuf", "bplist") or bool(extra)
        return {"dir": way, "opcode": opcode or (2 if binary else 1), "data_b64": base64.b64encode(data).decode()}
