#!/usr/bin/env python3
"""Checks a generated file by other means than its encoders: every label's value must be found on the wire, nothing known of a persona may stand unlabelled.

    python3 check.py open.jsonl [--score PATH/score.py]

Unpacking is by brute force (every layer tried on every piece), so it needs no knowledge of the formats.
"""
import base64
import gzip
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from html import unescape
from urllib.parse import unquote_plus

import tomllib

from marks import norm

HERE = pathlib.Path(__file__).resolve().parent


def attempts(data):
    for f in (gzip.decompress, zlib.decompress, lambda d: zlib.decompressobj(-15).decompress(d)):
        try:
            yield f(data)
        except Exception:
            pass
    for i in [m.start() for m in re.finditer(b"\x1f\x8b\x08", data)]:
        try:
            yield zlib.decompressobj(31).decompress(data[i:])
        except zlib.error:
            pass
    if data[:2] == b"\xff\xfe":
        yield data[2:].decode("utf-16-le", "replace").encode()
    text = data.decode("utf-8", "ignore")
    if len(text.encode()) < len(data):
        yield data.decode("latin-1").encode()
    if text.count("\0") > len(text) // 8:
        yield data.decode("utf-16-be", "ignore").encode()
    if "%" in text or "+" in text:
        yield unquote_plus(text).encode()
        yield unquote_plus(text, "latin-1").encode()
    if "&" in text:
        yield unescape(text).encode()
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")).encode("utf-8", "ignore")
    for m in re.findall(rb"[A-Za-z0-9+/_\-]{8,}={0,2}", data):
        try:
            yield base64.urlsafe_b64decode(m.rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_") + b"=" * (-len(m.rstrip(b"=")) % 4))
        except ValueError:
            pass
    for m in re.findall(rb"(?:[0-9a-fA-F]{2}){6,}", data):
        yield bytes.fromhex(m.decode())


def pieces(data, depth=4):
    seen, todo = {data}, [data]
    for _ in range(depth):
        todo = [p for d in todo for p in attempts(d) if p and p not in seen and (seen.add(p) or True)]
    return seen


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def binary_forms(v):
    """How a number may stand in a binary format."""
    out = []
    if re.fullmatch(r"-?\d+", v) and abs(int(v)) < 2**63:
        n = int(v)
        for f in (">b", ">B", ">h", ">H", ">i", ">I", ">q", ">Q"):
            try:
                out.append(struct.pack(f, n))
            except struct.error:
                pass
        if n >= 0:
            out.append(varint(n))
        else:
            out += [struct.pack(">I", -1 - n)] if -n < 2**32 else []
        out.append(struct.pack(">d", n))
    elif re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", v):
        out += [struct.pack(">d", float(v)), struct.pack("<d", float(v))]
    if re.fullmatch(r"[0-9a-f]{32}", v):
        out.append(bytes.fromhex(v))
    return out


def places(e):
    q, s = e["request"], e["response"]
    url = q["url"].split("?", 1)
    heads = lambda hs, name, keep: "\n".join(v for k, v in hs if (k.lower() in name) == keep).encode()
    out = {"request.path": url[0].encode(), "request.query": (url[1] if len(url) > 1 else "").encode(), "request.header": heads(q["headers"], ("cookie",), False), "request.cookie": heads(q["headers"], ("cookie",), True),
           "response.header": heads(s["headers"], ("set-cookie",), False), "response.cookie": heads(s["headers"], ("set-cookie",), True), "request.body": base64.b64decode(q["body_b64"]), "response.body": base64.b64decode(s["body_b64"])}
    for m in e.get("ws", []):
        k = "request.message" if m["dir"] == "send" else "response.message"
        out[k] = out.get(k, b"") + b"\n" + base64.b64decode(m["data_b64"])
    if e.get("ws"):
        for way in ("send", "recv"):
            k = "request.message" if way == "send" else "response.message"
            for m in e["ws"]:
                if m["dir"] == way:
                    out[k] += b"\n".join(pieces(base64.b64decode(m["data_b64"]), 1))
    return out


def present(value, blobs):
    want = value.encode()
    if any(value.encode("utf-16-be") in b for b in blobs):   # a binary plist's strings
        return True
    if any(want in b for b in blobs) or any(value.encode("latin-1", "ignore") in b for b in blobs if value.isascii() is False and value.encode("latin-1", "ignore")):
        return True
    n = norm(value)
    if any(f in b for f in binary_forms(value) for b in blobs):
        return True
    return len(n) > 5 and any(n in norm(b.decode("utf-8", "ignore")) for b in blobs)


def main():
    path = pathlib.Path(sys.argv[1])
    lines = [json.loads(x) for x in path.open(encoding="utf-8")]
    known = {}
    for p in tomllib.load(open(HERE / "personas.toml", "rb"))["persona"]:
        for i in p["identifier"]:
            known.setdefault(i["value"], i["element"])
    bad, elements, tiers, layers = 0, Counter(), Counter(), Counter()
    for e in lines:
        where = places(e)
        blobs = {k: pieces(v) for k, v in where.items() if v}
        for lab in e["labels"] + e["negatives"]:
            if "exif" in lab["encoding"] or lab.get("why", "").endswith((" file", "CSS", "JS")):
                continue
            if not any(present(v, blobs.get(lab["where"], set())) for v in [lab["value"]] + lab.get("accept", [])):
                bad += 1
                print("not on the wire:", e["id"], e["template"], lab["where"], lab.get("element"), lab["value"][:60])
        for v, el in known.items():
            for w, bs in blobs.items():
                text = "\n".join(b.decode("utf-8", "ignore") for b in bs)
                if re.search(rf"(?i)(?<!\w){re.escape(v)}(?!\w)", text):
                    ok = any(lab["where"] == w and (norm(v) in norm(lab["value"]) or norm(v) in norm(lab.get("plain", "")) or any(norm(v) in norm(a) for a in lab.get("accept", []))) for lab in e["labels"])
                    if not ok:
                        bad += 1
                        print("persona's value unlabelled:", e["id"], e["template"], w, el, v)
        for lab in e["labels"]:
            if not lab.get("optional"):
                elements[lab["element"]] += 1
                tiers[lab["tier"]] += 1
            layers[">".join(lab["encoding"])] += 1
    for name in ("pattern", "persona"):
        if "--score" in sys.argv:
            with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
                for e in lines:
                    f.write(json.dumps({"id": e["id"], "findings": [{"element": x["element"], "where": x["where"], "value": x["value"], "path": x["path"], "detector": "persona" if name == "persona" else "pattern"} for x in e["labels"] if name == "pattern" or x.get("persona")]}) + "\n")
                f.flush()
                done = subprocess.run([sys.executable, sys.argv[sys.argv.index("--score") + 1], str(path), f.name, "--mode", name], capture_output=True, text=True)
                print("\n".join(done.stdout.splitlines()[:2]) + done.stderr)
                bad += "F1 1.000" not in done.stdout
    noise = sum(e["archetype"] == "noise" for e in lines)
    print(f"{len(lines)} exchanges, {noise} noise, {sum(elements.values())} labels wanted, {sum(len(e['negatives']) for e in lines)} negatives, {len(elements)} elements, {len(layers)} encodings")
    print("tiers", dict(tiers.most_common()))
    print("elements", dict(elements.most_common()))
    print("encodings", dict(layers.most_common()))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
