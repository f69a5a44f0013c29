#!/usr/bin/env python3
"""Writes the vectors of this directory with an implementation of its own (Python, the `cryptography` package): the tree of RFC 9162
by its recursive definition, notes, cosignatures and proofs by the text of c2sp.org.  Not run by the tests, which only read the files;
run it to see that it writes the same bytes (Ed25519 is deterministic)."""
import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
CASE, TIME = "320623261123000000122", 1795397400


def b64(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


def root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def path(m, leaves):
    if len(leaves) <= 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return path(m, leaves[:k]) + [root(leaves[k:])]
    return path(m - k, leaves[k:]) + [root(leaves[:k])]


class Office:
    def __init__(self, code, seed):
        self.code, self.name, self.lines = code, "tongban/" + code, []
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.key.public_key().public_bytes_raw()

    def key_id(self, kind):
        return sha(self.name.encode() + b"\n" + bytes([kind]) + self.public)[:4]

    def vkey(self, kind=1):
        return f"{self.name}+{self.key_id(kind).hex()}+{b64(bytes([kind]) + self.public)}"

    def leaves(self):
        return [sha(b"\0" + line.encode()) for line in self.lines]

    def checkpoint(self, witness):
        text = f"{self.name}\n{len(self.lines)}\n{b64(root(self.leaves()))}\n"
        stamp = TIME.to_bytes(8, "big")
        cosigned = witness.key.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode())
        return (text + "\n" + f"— {self.name} {b64(self.key_id(1) + self.key.sign(text.encode()))}\n"
                + f"— {witness.name} {b64(witness.key_id(4) + stamp + cosigned)}\n")

    def proof(self, index, witness):
        hashes = "".join(b64(h) + "\n" for h in path(index, self.leaves()))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{self.checkpoint(witness)}"

    def write(self, kind, serial, to=None, seq=None, rev=None, case=CASE, body=None):
        entry = {"v": 1, "type": kind, "id": f"019ad8f2-0000-7000-8000-{serial:012x}", "from": self.code}
        if to:
            entry["to"] = to
        if seq:
            entry["seq"] = seq
        entry["at"] = f"2026-11-23T09:30:{serial:02d}.000+08:00"
        if case:
            entry["case"] = case
        if rev:
            entry["rev"] = rev
        entry["body"] = body or {}
        self.lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
        return len(self.lines) - 1


def main():
    intake, home = Office("320623", 1), Office("330483", 2)
    intake.write("office.started", 1, case=None)
    home.write("office.started", 2, case=None)
    rows = [(intake, intake.write("case.intaken", 3, body={"applicant": {"name": "张三"}}), 0)]
    submitted = intake.write("case.submitted", 4, to="330483", seq=1, body={"applicant": {"name": "张三"}})
    rows.append((intake, submitted, 1))
    leaf = intake.leaves()[submitted]
    body = {"first": 1, "last": 1, "tally": b64(sha(b"\1" + bytes(32) + leaf)),
            "verdicts": [{"leaf": b64(leaf), "verdict": "done", "rev": 1, "state": "forwarded"}]}
    rows.append((home, home.write("receipt", 5, to="320623", case=None, body=body), 0))
    for rev, kind in enumerate(["case.received", "case.accepted", "case.decided"], 2):
        rows.append((home, home.write(kind, rev + 4, to="320623", seq=rev - 1, rev=rev), rev))
    other = {intake: home, home: intake}
    bundle = {"v": 1, "case": CASE, "offices": [{"office": o.code, "vkey": o.vkey()} for o in (intake, home)],
              "entries": [{"line": o.lines[i], "proof": o.proof(i, other[o]), "rev": rev} for o, i, rev in rows]}
    files = {
        "case.json": json.dumps(bundle, ensure_ascii=False, separators=(",", ":")),
        "entry.json": home.lines[3] + "\n",
        "entry.tlog-proof": home.proof(3, intake),
        "checkpoint": home.checkpoint(intake),
        "320623.vkey": intake.vkey(), "330483.vkey": home.vkey(), "320623.witness.vkey": intake.vkey(4),
    }
    for name, text in files.items():
        (OUT / name).write_text(text, encoding="utf-8")


main()
