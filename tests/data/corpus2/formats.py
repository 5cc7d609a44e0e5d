"""Tiny encoders, standard library only: each takes plain data and gives the bytes an app would send."""
import base64
import gzip
import json
import plistlib
import struct
import zlib
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from marks import Embed, Float32, Proto, resolve

BOUNDARY = "----b0undary7Qx2Lm"


def json_bytes(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":")).encode()


def json_ascii(v):
    return json.dumps(v).encode()


def json_escaped(v):
    """JSON whose string values are written as \\u escapes throughout."""
    def text(s):
        units = s.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)) + '"'
    if isinstance(v, dict):
        return b"{" + b",".join(json_bytes(k) + b":" + json_escaped(x) for k, x in v.items()) + b"}"
    if isinstance(v, list):
        return b"[" + b",".join(json_escaped(x) for x in v) + b"]"
    return text(v).encode() if isinstance(v, str) else json_bytes(v)


def json_utf16(v):
    return b"\xff\xfe" + json_bytes(v).decode().encode("utf-16-le")


def json_guarded(v):
    return b")]}',\n" + json_bytes(v)


def ndjson(v):
    return b"".join(json_bytes(x) + b"\n" for x in v)


def as_text(v):
    return v if isinstance(v, str) else json.dumps(v)


def form(v):
    return "&".join(f"{quote_plus(k)}={quote_plus(as_text(x))}" for k, x in v.items()).encode()


def form_latin1(v):
    return "&".join(f"{quote_plus(k)}={quote_plus(as_text(x), encoding='latin-1')}" for k, x in v.items()).encode()


def xml_nodes(k, v):
    if isinstance(v, list):
        return "".join(xml_nodes(k, x) for x in v)
    attrs = ""
    if isinstance(v, dict):
        attrs = "".join(f' {a[1:]}="{escape(as_text(x), {chr(34): "&quot;"})}"' for a, x in v.items() if a.startswith("@"))
        inner = "".join(escape(as_text(x)) if a == "#" else xml_nodes(a, x) for a, x in v.items() if not a.startswith("@"))
    else:
        inner = escape(as_text(v))
    return f"<{k}{attrs}>{inner}</{k.split(' ')[0]}>"


def xml(v, charset="UTF-8"):
    return (f'<?xml version="1.0" encoding="{charset}"?>' + "".join(xml_nodes(k, x) for k, x in v.items())).encode(charset)


def xml_latin1(v):
    return xml(v, "ISO-8859-1")


def soap(v):
    body = "".join(xml_nodes(k, x) for k, x in v.items())
    return ('<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' + body + "</soap:Body></soap:Envelope>").encode()


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def protobuf(msg):
    out = b""
    for k, v in msg:
        if isinstance(v, bool) or isinstance(v, int):
            out += varint(k << 3) + varint(int(v))
        elif isinstance(v, Float32):
            out += varint(k << 3 | 5) + struct.pack("<f", v)
        elif isinstance(v, float):
            out += varint(k << 3 | 1) + struct.pack("<d", v)
        elif isinstance(v, list) and not isinstance(v, Proto):
            out += b"".join(protobuf([(k, x)]) for x in v)
        else:
            data = protobuf(v) if isinstance(v, Proto) else v.encode() if isinstance(v, str) else v
            out += varint(k << 3 | 2) + varint(len(data)) + data
    return out


def frame(data, flag=0):
    return struct.pack(">BI", flag, len(data)) + data


def grpc(v):
    return frame(protobuf(v))


def grpc_gzip(v):
    return frame(gzip.compress(protobuf(v), mtime=0), 1)


def grpc_web(v):
    return frame(protobuf(v)) + frame(b"grpc-status:0\r\ngrpc-message:OK\r\n", 0x80)


def grpc_web_text(v):
    return base64.b64encode(grpc_web(v))


def msgpack(v):
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        if 0 <= v < 128:
            return bytes([v])
        for lo, hi, tag, f in ((0, 2**8, 0xCC, ">B"), (0, 2**16, 0xCD, ">H"), (0, 2**32, 0xCE, ">I"), (0, 2**64, 0xCF, ">Q"), (-2**31, 0, 0xD2, ">i"), (-2**63, 0, 0xD3, ">q")):
            if lo <= v < hi:
                return bytes([tag]) + struct.pack(f, v)
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, bytes):
        return (b"\xc4" + bytes([len(v)]) if len(v) < 256 else b"\xc5" + struct.pack(">H", len(v))) + v
    if isinstance(v, str):
        b = v.encode()
        head = bytes([0xA0 | len(b)]) if len(b) < 32 else b"\xd9" + bytes([len(b)]) if len(b) < 256 else b"\xda" + struct.pack(">H", len(b))
        return head + b
    many = len(v)
    if isinstance(v, dict):
        head = bytes([0x80 | many]) if many < 16 else b"\xde" + struct.pack(">H", many)
        return head + b"".join(msgpack(k) + msgpack(x) for k, x in v.items())
    head = bytes([0x90 | many]) if many < 16 else b"\xdc" + struct.pack(">H", many)
    return head + b"".join(msgpack(x) for x in v)


def cbor(v):
    def head(major, n):
        for size, tag, f in ((24, n, None), (2**8, 24, ">B"), (2**16, 25, ">H"), (2**32, 26, ">I"), (2**64, 27, ">Q")):
            if n < size:
                return bytes([major << 5 | tag]) + (struct.pack(f, n) if f else b"")
    if v is None or isinstance(v, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[v]
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, float):
        return b"\xfb" + struct.pack(">d", v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, dict):
        return head(5, len(v)) + b"".join(cbor(k) + cbor(x) for k, x in v.items())
    return head(4, len(v)) + b"".join(cbor(x) for x in v)


def multipart(v):
    """{name: value} or {name: {"filename", "type", "data"}}."""
    out = b""
    for k, x in v.items():
        head = f'Content-Disposition: form-data; name="{k}"'
        data = x
        if isinstance(x, dict):
            head += f'; filename="{x["filename"]}"\r\nContent-Type: {x["type"]}'
            data = x["data"]
        data = data if isinstance(data, bytes) else as_text(data).encode()
        out += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


def csv(v):
    def cell(x):
        s = as_text(x)
        return '"' + s.replace('"', '""') + '"' if any(c in s for c in ',"\n') else s
    return b"".join((",".join(cell(x) for x in row) + "\n").encode() for row in v)


def sse(v):
    return b"".join(b"event: " + e["event"].encode() + b"\ndata: " + json_bytes(e["data"]) + b"\n\n" for e in v)


def raw(v):
    return v if isinstance(v, bytes) else as_text(v).encode()


def text_latin1(v):
    return v.encode("latin-1")


def jwt(claims):
    """A signed token whose claims are data; the signature is of the right length and means nothing."""
    return b".".join([b64(json_bytes({"alg": "RS256", "typ": "JWT"}), True, False).encode(), b64(json_bytes(claims), True, False).encode(), b64(b"landfall" * 8, True, False).encode()])


def exif_jpeg(lat, lon, extra=b""):
    """A JPEG of no picture with a GPS directory. `lat`, `lon`: (degrees, minutes, seconds × 100), negative degrees are south or west."""
    def rationals(t):
        return struct.pack("<6I", abs(t[0]), 1, t[1], 1, t[2], 100)
    entries = 4
    base = 8 + 2 + 12 + 4
    data = base + 2 + 12 * entries + 4
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + struct.pack("<HHII", 0x8825, 4, 1, base) + struct.pack("<I", 0)
    tiff += struct.pack("<H", entries)
    tiff += struct.pack("<HHI4s", 1, 2, 2, (b"S" if lat[0] < 0 else b"N") + b"\0\0\0") + struct.pack("<HHII", 2, 5, 3, data)
    tiff += struct.pack("<HHI4s", 3, 2, 2, (b"W" if lon[0] < 0 else b"E") + b"\0\0\0") + struct.pack("<HHII", 4, 5, 3, data + 24)
    tiff += struct.pack("<I", 0) + rationals(lat) + rationals(lon)
    app1 = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + extra + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(range(1, 60)) + b"\xff\xd9"


# name -> (encoder, layers it adds, content type)
FORMATS = {
    "json": (json_bytes, ["json"], "application/json"), "json_ascii": (json_ascii, ["json"], "application/json; charset=utf-8"),
    "json_escaped": (json_escaped, ["json"], "application/json"), "json_utf16": (json_utf16, ["utf16", "json"], "application/json; charset=utf-16"),
    "json_guarded": (json_guarded, ["json"], "application/json"),
    "ndjson": (ndjson, ["ndjson"], "application/x-ndjson"), "form": (form, ["form"], "application/x-www-form-urlencoded"),
    "form_latin1": (form_latin1, ["latin1", "form"], "application/x-www-form-urlencoded; charset=iso-8859-1"),
    "xml": (xml, ["xml"], "text/xml; charset=utf-8"), "xml_latin1": (xml_latin1, ["latin1", "xml"], "text/xml; charset=iso-8859-1"), "soap": (soap, ["xml"], "application/soap+xml; charset=utf-8"),
    "plist": (lambda v: plistlib.dumps(v, sort_keys=False), ["plist"], "application/x-plist"),
    "bplist": (lambda v: plistlib.dumps(v, fmt=plistlib.FMT_BINARY, sort_keys=False), ["plist"], "application/x-apple-binary-plist"),
    "protobuf": (protobuf, ["protobuf"], "application/x-protobuf"), "grpc": (grpc, ["grpc", "protobuf"], "application/grpc"),
    "grpc_gzip": (grpc_gzip, ["grpc", "gzip", "protobuf"], "application/grpc+proto"), "grpc_web": (grpc_web, ["grpc", "protobuf"], "application/grpc-web+proto"),
    "grpc_web_text": (grpc_web_text, ["base64", "grpc", "protobuf"], "application/grpc-web-text"),
    "msgpack": (msgpack, ["msgpack"], "application/msgpack"), "cbor": (cbor, ["cbor"], "application/cbor"),
    "multipart": (multipart, ["multipart"], f"multipart/form-data; boundary={BOUNDARY}"), "csv": (csv, ["csv"], "text/csv"),
    "sse": (sse, ["sse", "json"], "text/event-stream"), "text": (raw, [], "text/plain; charset=utf-8"), "text_latin1": (text_latin1, ["latin1"], "text/plain; charset=iso-8859-1"),
    "jwt": (jwt, ["jwt"], "application/jwt"), "raw": (raw, [], "application/octet-stream"), "jpeg": (raw, ["exif"], "image/jpeg"),
}


def b64(data, url=False, pad=True):
    s = (base64.urlsafe_b64encode if url else base64.b64encode)(data).decode()
    return s if pad else s.rstrip("=")


def raw_deflate(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


CODECS = {"base64": lambda d: b64(d).encode(), "base64url": lambda d: b64(d, True, False).encode(), "hex": lambda d: d.hex().encode(), "HEX": lambda d: d.hex().upper().encode(),
          "gzip": lambda d: gzip.compress(d, mtime=0), "deflate": zlib.compress, "raw_deflate": raw_deflate, "percent": lambda d: quote(d, safe="").encode()}


def embed(node, path, layers, rec):
    """An embedded subtree's string (bytes when the last codec is binary)."""
    enc, names, _ = FORMATS[node.fmt]
    names = ["json_string" if n == "json" else n for n in names]
    undone = [{"HEX": "hex", "base64url": "base64url_nopad", "raw_deflate": "deflate"}.get(c, c) for c in reversed(node.codecs)]
    data = enc(resolve(node.tree, path, layers + undone + names, rec))
    for c in node.codecs:
        data = CODECS[c](data)
    if node.codecs and node.codecs[-1] in ("gzip", "deflate", "raw_deflate") or not node.codecs and isinstance(data, bytes) and node.fmt in ("protobuf", "msgpack", "cbor", "jpeg", "bplist"):
        return data
    return node.prefix + data.decode() + node.suffix
