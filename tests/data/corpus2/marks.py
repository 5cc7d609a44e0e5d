"""Values with their meaning: the tree a template builds is data whose leaves may be marked as labels or as planted look-alikes.

Marks live in the data that is encoded, so a label can't point at something that is not on the wire.
"""
import json
import re
import unicodedata

STRONG = {"email", "ip_address", "iban", "card_pan", "crypto_wallet", "genomic_vcf", "genomic_sequence", "mac_address"}


class Mark:
    """One marked leaf. `el` is an element id, or None for a look-alike (then `why` and `looks` say what of)."""

    def __init__(self, el, value, tier=None, **kw):
        self.el, self.value = el, value
        self.tier = tier or ("strong" if el in STRONG else "keyed")
        self.group = kw.get("group")
        self.optional = kw.get("optional", False)
        self.also = kw.get("also", [])
        self.accept = [str(a) for a in kw.get("accept", [])]
        self.plain = kw.get("plain")
        self.layer = kw.get("layer")      # the last layer: a digest's or an odd encoding's name
        self.shown = kw.get("shown")      # the value a decoder shows, where it differs from what is encoded
        self.why, self.looks = kw.get("why"), kw.get("looks", [])


class Group:
    """Several leaves that are one label: a point, a track, a transaction, a series."""

    def __init__(self, el, tier=None, value=None, also=(), optional=False, accept=()):
        self.el, self.tier, self.value, self.also, self.optional, self.accept = el, tier, value, list(also), optional, list(accept)

    def __call__(self, value, **kw):
        return Mark(self.el, value, self.tier, group=self, optional=self.optional, also=self.also, **kw)


class Text:
    """Running text: plain pieces and marks joined. `layer` is recorded as "text"."""

    def __init__(self, *parts):
        self.parts = parts


class Embed:
    """A subtree encoded in its own format, then by codecs (base64, hex, gzip…), standing as one string or byte leaf."""

    def __init__(self, fmt, tree, *codecs, prefix="", suffix=""):
        self.fmt, self.tree, self.codecs, self.prefix, self.suffix = fmt, tree, codecs, prefix, suffix


class Proto(list):
    """A protobuf message without schema: a list of (field number, node)."""


class Float32(float):
    """A protobuf fixed32 float."""


def P(el, value, tier=None, **kw):
    return Mark(el, value, tier, **kw)


def O(el, value, **kw):
    return Mark(el, value, optional=True, **kw)


def N(value, why, *looks, **kw):
    return Mark(None, value, why=why, looks=list(looks), **kw)


def num(v):
    return v if isinstance(v, str) else json.dumps(v)


def norm(s):
    return "".join(c for c in unicodedata.normalize("NFKC", str(s)).casefold() if c.isalnum())


def resolve(node, path, layers, rec):
    """The plain data of a tree. Every mark met goes to `rec` as (mark, path, layers, the value shown)."""
    from formats import embed
    if isinstance(node, Mark):
        inner = node.value
        if isinstance(inner, Embed):
            inner = resolve(inner, path, layers, rec)
        shown = node.shown if node.shown is not None else (inner.hex()[:120] if isinstance(inner, bytes) else num(inner))
        rec.append((node, path, layers + ([node.layer] if node.layer else []), shown))
        return inner
    if isinstance(node, Text):
        return "".join(x if isinstance(x, str) else str(resolve(x, path, layers + ["text"], rec)) for x in node.parts)
    if isinstance(node, Embed):
        return embed(node, path, layers, rec)
    if isinstance(node, Proto):
        return Proto((k, resolve(v, f"{path}.{k}", layers, rec)) for k, v in node)
    if isinstance(node, dict) and "filename" in node and "data" in node:
        return {**node, "data": resolve(node["data"], path, layers, rec)}
    if isinstance(node, dict):
        return {k: resolve(v, f"{path}.{k}", layers, rec) for k, v in node.items() if v is not None}
    if isinstance(node, (list, tuple)):
        return [resolve(v, f"{path}[{i}]", layers, rec) for i, v in enumerate(node)]
    return node


def tier_of(mark, layers):
    real = [x for x in layers if x != "text"]
    if real and mark.layer:
        real = real[:-1]
    bare = real and real[-1] == "protobuf"
    if mark.el == "mac_address" and mark.tier == "strong" and isinstance(mark.value, str) and ":" not in mark.value and "-" not in mark.value:
        return "unkeyed" if bare else "keyed"   # twelve hex digits alone tell nothing
    return "unkeyed" if bare and mark.tier == "keyed" else mark.tier


def assemble(records, known):
    """Labels and negatives of one exchange. `records`: (where, mark, path, layers, shown). `known`: element -> normal forms in the personas file."""
    labels, negatives, seen = [], [], {}
    for where, mark, path, layers, shown in records:
        if mark.el is None:
            negatives.append({"value": shown, "why": mark.why, "looks_like": mark.looks, "where": where, "path": path, "encoding": layers})
            continue
        key = (id(mark.group), where) if mark.group else (mark.el, where, shown)
        if key in seen:
            lab = seen[key]
            lab["paths"].append(path)
            if mark.group and shown != lab["value"]:
                lab["_more"].append(shown)
            lab["_more"] += mark.accept
            if not mark.optional:
                lab.pop("optional", None)
            continue
        lab = {"element": mark.el, "value": shown, "where": where, "path": path, "encoding": layers, "tier": tier_of(mark, layers), "paths": [path], "_more": list(mark.accept)}
        if mark.group and mark.group.value:
            lab["_more"].append(shown)
            lab["value"] = mark.group.value
        if mark.group:
            lab["_more"] += mark.group.accept
        if mark.also:
            lab["also"] = list(mark.also)
        if mark.optional:
            lab["optional"] = True
        if mark.plain and mark.plain != shown:
            lab["plain"] = mark.plain
        forms = known.get("username", set()) | known.get("account_handle", set()) if mark.el in ("username", "account_handle") else known.get(mark.el, set())
        if norm(mark.plain or shown) in forms:
            lab["persona"] = True
            lab["persona_values"] = [shown]
        seen[key] = lab
        labels.append(lab)
    for lab in labels:
        more = [m for m in dict.fromkeys(lab.pop("_more")) if m != lab["value"]]
        if more:
            lab["accept"] = more
    return labels, negatives


def ascii_only(s):
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", s.lower().replace("ß", "ss")).encode("ascii", "ignore").decode())
