"""An office played by a test: a ledger in memory, its proofs and its signed batches.

Written from the public formats alone (RFC 6962 and RFC 9162 hashing, C2SP signed notes, RFC 8032 Ed25519, docs/protocol.md), without a
look at the C sources, so that both must agree with the formats and not only with each other.  Slow and naive on purpose.
"""
import base64
import datetime
import hashlib
import json
import uuid

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    return P - x if x % 2 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def multiply(point, n):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def ed25519_sign(secret, message):
    digest = hashlib.sha512(secret).digest()
    a = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    public = compress(multiply(BASE, a))
    r = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
    point = compress(multiply(BASE, r))
    k = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % L
    return point + ((r + k * a) % L).to_bytes(32, "little")


def b64(data):
    return base64.b64encode(data).decode()


def leaf_hash(line):
    return hashlib.sha256(b"\0" + line).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    return 1 << (n - 1).bit_length() - 1


def root(leaves):
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def inclusion(leaves, index):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(leaves[:k], index) + [root(leaves[k:])]
    return inclusion(leaves[k:], index - k) + [root(leaves[:k])]


def consistency(leaves, old, whole=True):
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return consistency(leaves[:k], old, whole) + [root(leaves[k:])]
    return consistency(leaves[k:], old - k, False) + [root(leaves[:k])]


class FakeOffice:
    """The counterpart `code` as the office `to` sees it, with the real office's signing key."""

    def __init__(self, code, to, key_file):
        self.code, self.to = code, to
        self.name, self.key_id, key = key_file.read_text().strip().removeprefix("PRIVATE+KEY+").split("+", 2)
        self.secret = base64.b64decode(key)[1:33]
        self.lines, self.seq = [], 0
        self.tally = bytes(32)
        self.tallies = [bytes(32)]

    def leaves(self):
        return [leaf_hash(line) for line in self.lines]

    def message(self, kind, body, case=None, at=None, seq=None, **members):
        """Appends one message; its index in the ledger."""
        self.seq += 1
        now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
        entry = {"v": 1, "type": kind, "id": str(uuid.uuid4()), "from": self.code, "to": self.to, "seq": seq or self.seq,
                 "at": at or now.isoformat(timespec="milliseconds")}
        if case:
            entry["case"] = case
        if "rev" in members:
            entry["rev"] = members.pop("rev")
        entry["actor"] = {"staff": f"{self.code}:0007", "role": "window"}
        entry |= members
        entry["body"] = body
        return self.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())

    def append(self, line):
        self.lines.append(line)
        self.tally = node_hash(self.tally, leaf_hash(line))
        self.tallies.append(self.tally)
        return len(self.lines) - 1

    def checkpoint(self, size=None, secret=None, leaves=None):
        leaves = leaves or self.leaves()
        size = len(leaves) if size is None else size
        text = f"{self.name}\n{size}\n{b64(root(leaves[:size]))}\n"
        signature = bytes.fromhex(self.key_id) + ed25519_sign(secret or self.secret, text.encode())
        return f"{text}\n— {self.name} {b64(signature)}\n"

    def header(self, first, old):
        """Header of a batch with every message from number `first` on; all entries of this ledger are messages."""
        leaves = self.leaves()
        return {
            "v": 1, "from": self.code, "to": self.to, "checkpoint": self.checkpoint(), "old": old,
            "consistency": b64(b"".join(consistency(leaves, old))) if old else "", "seen": 0,
            "sent": {"seq": first - 1, "hash": b64(self.tallies[first - 1])}, "received": {"seq": 0, "hash": b64(bytes(32))},
            "lines": [{"index": i, "path": b64(b"".join(inclusion(leaves, i)))} for i in range(first - 1, len(leaves))],
        }

    def batch(self, first=1, old=0, lines=None, changes=None):
        """A whole request; `lines` and `changes` (of header members) make it a wrong one."""
        header = json.dumps(self.header(first, old) | (changes or {}), ensure_ascii=False, separators=(",", ":")).encode()
        return b"".join(part + b"\n" for part in [header, *(self.lines[first - 1:] if lines is None else lines)])


def receipts(body):
    """Header and receipt entries of an answer."""
    lines = body.split(b"\n")
    return json.loads(lines[0]), lines[1:-1]


def verdicts(body):
    return [verdict for line in receipts(body)[1] for verdict in json.loads(line)["body"]["verdicts"]]


def verify_answer(body, vkey):
    """Checks the answer's inclusion proofs against the root that its checkpoint states (the signature is the C side's test)."""
    header, lines = receipts(body)
    name, size, stated = header["checkpoint"].split("\n")[:3]
    assert vkey.startswith(name + "+")
    for place, line in zip(header["lines"], lines, strict=True):
        value, index, last = leaf_hash(line), place["index"], int(size) - 1
        path = base64.b64decode(place["path"])
        assert len(path) % 32 == 0
        for step in (path[at:at + 32] for at in range(0, len(path), 32)):
            if index & 1 or index == last:
                value = node_hash(step, value)
                while not index & 1 and index:
                    index, last = index >> 1, last >> 1
            else:
                value = node_hash(value, step)
            index, last = index >> 1, last >> 1
        assert last == 0 and b64(value) == stated
