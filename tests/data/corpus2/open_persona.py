"""Open half: a tester's values behind digests and odd encodings."""
import base64
import hashlib

from exchange import Exchange
from marks import Embed, N, O, P, Proto, Text, ascii_only
from people import hexs, token, uid

TEMPLATES = []


def t(arche, times, **attrs):
    def keep(f):
        f.needs_persona = True
        for k, v in attrs.items():
            setattr(f, k, v)
        TEMPLATES.append((arche, f, times))
        return f
    return keep


def digest(c, el, plain, form, algo=None, show=None):
    """A mark whose value is a digest of `form`, one of the usual normal forms of `plain`."""
    algo = algo or c.c("md5", "sha1", "sha256", "sha256", "sha512")
    d = hashlib.new(algo, form.encode()).digest()
    show = show or c.c("hex", "hex", "HEX", "base64")
    v = {"hex": d.hex(), "HEX": d.hex().upper(), "base64": base64.b64encode(d).decode()}[show]
    return P(el, v, "persona", plain=plain, layer=algo)


def forms(c, me):
    """element -> one of the normal forms it is usually hashed in."""
    return {"email": me.email.lower().strip(), "phone_number": c.c(me.phone, me.phone[1:], me.national), "person_name": c.c(me.first.lower(), me.last.lower(), me.last) if me.first.isascii() else me.last.lower(), "mac_address": c.c(me.mac, me.mac.replace(":", ""), me.mac.upper(), me.mac.replace(":", "").upper()), "imei": me.imei,
            "birth_date": me.born.replace("-", ""), "zip_code": me.zip}


def plain_of(me, el, form):
    if el == "person_name":
        return next(n for n in (me.first, me.last) if n.lower() == form.lower())
    return {"email": me.email, "phone_number": me.phone, "mac_address": me.mac, "imei": me.imei, "birth_date": me.born, "zip_code": me.zip}[el]


@t("ad conversions", 12)
def conversions(c):
    me, r = c.me, c.r
    f = forms(c, me)
    algo, show = c.c("sha256", "sha256", "md5", "sha1", "sha512"), c.c("hex", "hex", "HEX", "base64")
    keys = {"email": c.c("em", "hashedEmail", "sha256_email_address", "user.email_hash"), "phone_number": c.c("ph", "hashedPhoneNumber", "tel_hash"), "person_name": c.c("ln", "nm_hash", "hashedName"), "birth_date": c.c("db", "dob_hash")}
    tree = {keys[el]: digest(c, el, plain_of(me, el, f[el]), f[el], algo, show) for el in r.sample(list(keys), 3)}
    tree |= {"event": "signup", "eventId": N(uid(r), "uuid used as request/event id", "gaid"), "sig": N(hexs(r, 64), "hex digest", "session_token")}
    return Exchange(c, "Zielspur", "POST", "capi.zielspur.example", "/collect").send(c.c("json", "form", "msgpack"), tree, c.c(None, "gzip"))


@t("ad conversions", 6)
def identity_graph(c):
    me, r = c.me, c.r
    f = forms(c, me)
    els = r.sample(["email", "phone_number", "mac_address", "imei"], 2)
    return Exchange(c, "Zielspur", "GET", "sync.zielspur.example", "/match", {c.c("h", "fp", "k") + str(i): digest(c, el, plain_of(me, el, f[el]), f[el]) for i, el in enumerate(els)} | {"p": "33"}).cookie({"zuid": P("cookie_id", uid(r))})


@t("tracker blob", 7)
def blob(c):
    me, r = c.me, c.r
    inner = {"a": me.ph("e164"), "u": P("email", me.email), "n": P("person_name", me.name)}
    # A bare name under "n" is not a name field to a tool that knows nobody.
    inner["n"] = P("person_name", me.name, optional=False, tier="persona")
    inner["a"].tier = "strong"
    return Exchange(c, "Zielspur", "POST", "b.zielspur.example", "/b").send("json", {"z": c.c(Embed("json", inner, "base64", "base64"), Embed("json", inner, "hex"), Embed("json", inner, "deflate", "base64url"), Embed("json", inner, "percent", "percent"), Embed("json_escaped", inner), Embed("form", inner, "base64url"))})


@t("tracker blob", 6)
def bare_values(c):
    me, r = c.me, c.r
    return Exchange(c, "Zielspur", "POST", "b.zielspur.example", "/e").send(c.c("form", "json"), {"e": Embed("text", P("email", me.email), c.c("base64", "base64url", "hex", "HEX")), "i": Embed("text", P("imei", me.imei, "persona"), "base64"), "t": N(token(r, 22), "opaque cursor", "session_token")})


@t("tracker blob", 6)
def proto_ids(c):
    me, r = c.me, c.r
    import uuid
    ad = ("idfa", me.idfa) if any(e == "idfa" for e, _ in me.identifiers) else ("gaid", me.gaid)
    raw16 = uuid.UUID(ad[1]).bytes
    return Exchange(c, "Zielspur", "POST", "p.zielspur.example", "/tracker.v1.Ingest/Put").send(c.c("grpc", "protobuf", "grpc_gzip", "grpc_web_text"), Proto([(1, "2.0"), (2, P(ad[0], raw16, "persona", plain=ad[1], accept=[ad[1]])), (3, P("imei", int(me.imei), "persona", plain=me.imei)), (4, Proto([(1, P("email", me.email)), (2, P("person_name", me.name))]))]))


@t("loyalty", 6)
def loyalty(c):
    me, r = c.me, c.r
    u, p = P("username", me.username), P("password", me.password)
    tree = {c.c("kundenkonto", "memberLogin", "userName"): u, c.c("kennwort", "passphrase", "pass_word"): p, c.c("ident", "dob"): me.dob(c.c("us", "dotted", "compact", "eu")), c.c("phoneNo", "rufnr"): me.ph(), c.c("postcode", "plz", "zipcode"): P("zip_code", me.zip), c.c("street", "anschrift"): P("postal_address", me.street.upper() if c.chance(.3) else me.street, plain=me.street)}
    if any(e == "ssn" for e, _ in me.identifiers):
        tree[c.c("ssn", "social_security")] = P("ssn", c.c(me.ssn, me.ssn.replace("-", " ")), plain=me.ssn)
    tree[c.c("handle", "publicName")] = P("account_handle", me.handle, also=["username"])
    tree = {("birth" if k == "ident" else k): v for k, v in tree.items()}
    if "birth" in tree:
        tree["birthdate"] = tree.pop("birth")
    return Exchange(c, "Treuepunkt", "POST", "api.treuepunkt.example", "/join").send(c.c("json", "json_escaped", "form", "bplist", "multipart", "json_utf16"), tree)
