"""Held half: a tester's values behind digests and odd encodings, in other surroundings than the open half's."""
import base64
import uuid

from exchange import Exchange
from held_words import born_key, keeper, mark_id, tel_key, where_lives, who
from marks import Embed, N, O, P, Proto, Text
from open_persona import digest
from people import hexs, token, uid

TEMPLATES = []
t = keeper(TEMPLATES, needs_persona=True, countries=["us", "de", "br", "fr"])


def shapes(c, me):
    return [("email", me.email, me.email), ("phone_number", me.phone, c.c(me.phone, me.phone[1:])), ("mac_address", me.mac, c.c(me.mac, me.mac.replace(":", ""), me.mac.upper())), ("imei", me.imei, me.imei), ("person_name", me.last, me.last.lower()), ("zip_code", me.zip, me.zip)]


def stands_as_cookie(mark):
    """To a tool that knows nobody a digest in a cookie is an identifying cookie."""
    mark.also = ["cookie_id"]
    return mark


@t("identity exchange", 13)
def id_exchange(c):
    me, r = c.me, c.r
    picks = r.sample(shapes(c, me)[:5], 3)
    algo, show = c.c("sha256", "sha1", "md5", "sha512"), c.c("hex", "HEX", "base64")
    tree = {"identities": [{"kind": f"{algo}:{i}", "id": digest(c, el, plain, form, algo, show)} for i, (el, plain, form) in enumerate(picks)], "ttl": 86400, "batch": N(uid(r), "uuid used as request/event id", "gaid")}
    return Exchange(c, "Brückenschlag", "POST", "x.brueckenschlag.example", "/graph/put").send(c.c("json", "msgpack", "cbor", "xml"), tree, c.c(None, "gzip", "zlib"))


@t("identity exchange", 7)
def id_cookie(c):
    me, r = c.me, c.r
    el, plain, form = r.choice(shapes(c, me)[:2])
    return Exchange(c, "Brückenschlag", "GET", "px.brueckenschlag.example", "/s", {"u": Embed("text", P("email", me.email, "persona"), "percent")} if c.chance(.4) else {"hem": digest(c, "email", me.email, me.email)}).cookie({"pid": stands_as_cookie(digest(c, el, plain, form, None, c.c("hex", "HEX"))), "tz": "60"})


@t("identity exchange", 7)
def ws_proto(c):
    me, r = c.me, c.r
    ad = ("idfa", me.idfa) if any(e == "idfa" for e, _ in me.identifiers) else ("gaid", me.gaid)
    x = Exchange(c, "Brückenschlag", "GET", "ws.brueckenschlag.example", "/live")
    x.ws("send", "protobuf", Proto([(1, P(ad[0], c.c(ad[1].lower(), ad[1].replace("-", "")), "persona", plain=ad[1])), (2, Proto([(1, P("device_serial", me.serial)), (7, P("imei", int(me.imei), "persona", plain=me.imei))])), (3, P("phone_number", int(me.phone[1:]), "persona", plain=me.phone))]))
    return x.ws("send", "json", {"h": digest(c, "email", me.email, me.email), "raw": P(ad[0], uuid.UUID(ad[1]).hex, "persona", plain=ad[1])}, extra=c.c((), ("gzip",)))


@t("blind blob", 7)
def blob64(c):
    me, r = c.me, c.r
    # The value stands inside a larger base64 text, at any alignment.
    text = Text("v" * r.randrange(1, 4) + "|", P("email", me.email, "persona"), "|", P("iccid", me.iccid, "persona"), "|", P("device_serial", me.serial, "persona"), "|" + hexs(r, 6))
    return Exchange(c, "Brückenschlag", "POST", "b.brueckenschlag.example", "/q").send(c.c("json", "form", "multipart"), {"d": Embed("text", text, c.c("base64", "base64url"), *(["base64"] if c.chance(.4) else [])), "c": N(token(r, 18), "opaque cursor", "session_token")})


@t("blind blob", 6)
def hexed(c):
    me, r = c.me, c.r
    return Exchange(c, "Brückenschlag", "GET", "b.brueckenschlag.example", ["t", Embed("text", P("email", me.email), c.c("hex", "HEX"))], {"m": P("mac_address", me.mac.replace(":", c.c("-", "")).upper(), "persona", plain=me.mac), "n": Embed("text", P("person_name", me.name, "persona"), "percent", "percent")})


@t("blind blob", 7)
def reshaped(c):
    me, r = c.me, c.r
    tree = {**who(c, me), born_key(c, me): me.dob(c.c("us", "dotted", "compact", "iso")), tel_key(c, me): me.ph(c.c("e164", "digits", "00", "intl")), **where_lives(c, me), "pan": me.card(), "login": P("username", me.username.upper() if c.chance(.3) else me.username, plain=me.username), "mail": P("email", me.email.upper() if c.chance(.4) else me.email, plain=me.email)}
    return Exchange(c, "Bonusheft", "POST", "api.bonusheft.example", "/profile").send(c.c("json", "json_escaped", "bplist", "json_utf16", "xml", "form", "msgpack"), tree, c.c(None, "gzip", "raw_deflate"))
