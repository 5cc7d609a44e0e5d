#!/usr/bin/env python3
"""Writes open.jsonl and held.jsonl: labelled app exchanges of invented people (see README.md). Seeded: the same files every time.

    python3 generate.py [open|held]
"""
import importlib
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.modules.setdefault("generate", sys.modules["__main__"])

from exchange import Ctx  # noqa: E402
from people import Person, personas  # noqa: E402

COUNTRIES = {"open": ["us", "us", "us", "de", "fr", "es", "br", "tr", "cn"], "held": ["us", "us", "us", "gb", "it", "pl", "ru", "jp", "de"]}


def half(name):
    people, known = personas(HERE / "personas.toml")
    r = random.Random(f"landfall corpus2 {name}")
    todo = []
    for module in (f"{name}_apps", f"{name}_more", f"{name}_noise", f"{name}_persona"):
        for arche, template, times in importlib.import_module(module).TEMPLATES:
            todo += [(arche, template, k) for k in range(times)]
    r.shuffle(todo)
    lines = []
    for i, (arche, template, k) in enumerate(todo):
        seed = random.Random(f"{name} {template.__name__} {k}")   # one template's change leaves the others' exchanges alone
        want = getattr(template, "countries", COUNTRIES[name])
        if arche == "noise":
            me = None
        elif getattr(template, "needs_persona", False) or seed.random() < .4:
            fit = [p for p in people if p.cc in want and getattr(template, "platform", p.platform) == p.platform]
            me = seed.choice(fit) if fit else Person(seed, seed.choice(want))
        else:
            me = Person(seed, seed.choice(want))
        if me is not None:
            me.r = seed
        ex = template(Ctx(seed, me, COUNTRIES[name]))
        line = ex.finish(known, f"c2{name[0]}-{i:04d}", arche, template.__name__)
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    path = HERE / f"{name}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(lines)} exchanges, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    for which in sys.argv[1:] or ["open", "held"]:
        half(which)
