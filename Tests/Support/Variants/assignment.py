#!/usr/bin/env python3
"""Which variant a subject gets, as Documentation/VARIANTS.md defines it.

    assignment.py vectors.json    checks the test vectors; 0 if all are right
    assignment.py --write         prints them anew
"""
import hashlib
import json
import sys

MASK = 2**64 - 1


def first_eight(data):
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def rarity(number):
    x = mix(number) | 1
    zeros = 64 - x.bit_length()
    mantissa, places = x << zeros, 0
    for _ in range(32):
        square = mantissa * mantissa
        bit = square >> 127
        places = places << 1 | bit
        mantissa = square >> (63 + bit)
    return ((zeros + 1) << 32) - places


def variant(experiment, salt, weights, subject):
    s = first_eight(b"\0".join(t.encode() for t in (experiment, salt, subject)))
    best = None
    for name in sorted((n for n, w in weights.items() if w > 0), key=str.encode):
        r, w = rarity(s ^ first_eight(name.encode())), weights[name]
        if best is None or r * best[1] < best[0] * w:
            best = (r, w, name)
    return s, best[2]


EXPERIMENTS = [
    ("checkout", "checkout", {"control": 50, "treatment": 50}),
    ("checkout", "2026-11", {"control": 50, "treatment": 50}),
    ("checkout", "checkout", {"control": 90, "treatment": 10}),
    ("app", "app", {"control": 1, "blue": 2, "green": 3, "off": 0}),
    ("sub/app", "a salt that with the name is longer than one block of 64 bytes has room for",
     {"control": 1, "rare": 1000000}),
    ("größe", "✓", {"control": 999999, "A": 1, "b_1": 333333}),
]
SUBJECTS = [
    "", "0", "user-1", "user-2", "user-3", "0f8fad5b-d9cb-469f-a165-70867728950e",
    "someone@example.org", "\u00e9", "e\u0301", "\0", "日本語", "x" * 200,
] + [f"subject-{n}" for n in range(20)]


def vectors():
    for experiment, salt, weights in EXPERIMENTS:
        for subject in SUBJECTS:
            s, name = variant(experiment, salt, weights, subject)
            yield {"experiment": experiment, "salt": salt, "weights": weights,
                   "subject": subject, "hash": f"{s:016x}", "variant": name}


def main():
    if sys.argv[1:] == ["--write"]:
        lines = ",\n".join(json.dumps(v, ensure_ascii=True) for v in vectors())
        print(f'{{"vectors": [\n{lines}\n]}}')
        return
    wrong = 0
    cases = json.load(open(sys.argv[1]))["vectors"]
    for case in cases:
        s, name = variant(case["experiment"], case["salt"], case["weights"], case["subject"])
        if (f"{s:016x}", name) != (case["hash"], case["variant"]):
            print(f"expected {case}, found {s:016x} {name}")
            wrong += 1
    print(f"{len(cases)} vectors, {wrong} wrong")
    sys.exit(1 if wrong or not cases else 0)


main()
