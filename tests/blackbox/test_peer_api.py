"""The peer API of one office, its counterpart played by the test: what is taken, what is refused, and with which words."""
import base64
import datetime
import json
import re

import pytest

from ledger import FakeOffice, b64, consistency, receipts, verdicts, verify_answer
from office import AWAY, HOME, World, application, make_certificate

CASES = [0]


@pytest.fixture
def alone():
    """The office 330483 alone, and its counterpart as the test plays it."""
    world = World()
    try:
        world.home.start()
        yield world, FakeOffice(AWAY, HOME, world.away.directory / "ledger.key")
        assert world.home.stop() == 0
    finally:
        world.remove()


@pytest.fixture(scope="module")
def office():
    """One running office for everything that it refuses as a whole."""
    world = World()
    try:
        world.home.start()
        yield world
        assert world.home.stop() == 0
    finally:
        world.remove()


def fake(world):
    return FakeOffice(AWAY, HOME, world.away.directory / "ledger.key")


def case_number(serial):
    """ISO 7064 MOD 11,10 check digit behind office, day and serial."""
    text = f"{AWAY}{datetime.date.today():%y%m%d}{serial:08d}"
    check = 10
    for digit in text:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return text + str((11 - check) % 10)


def authorisation(world):
    return re.search(r"id: ([0-9a-f-]{36})", world.home.config.read_text())[1]


def submit(world, peer, **changes):
    """One application as the counterpart would forward it."""
    CASES[0] += 1
    body = application(HOME)
    del body["forward"]
    body["item"] |= {"version": 1, "name": "居民身份证遗失补领"}
    body["handed_in_at"] = "2026-01-05T09:00:00.000+08:00"
    body |= changes.pop("body", {})
    number = changes.pop("case", None) or case_number(CASES[0])
    peer.message("case.submitted", body, case=number, authorisation=changes.pop("authorisation", authorisation(world)), **changes)
    return number


def send(world, body, **options):
    return world.home.peer("POST", "/peer/v1/messages", body, **options)


def test_heartbeat_and_first_contact(alone):
    world, peer = alone
    peer.append(b'{"v":1}')  # a ledger is never empty; its first entry is nobody else's business
    answer = send(world, heartbeat(peer))
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/x-ndjson")
    header, lines = receipts(answer.body)
    assert (header["from"], header["to"], lines) == (HOME, AWAY, [])
    assert header["seen"] == 1 and header["cosignature"].startswith(f"— tongban/{HOME} ")


def heartbeat(peer, old=0, changes=None):
    header = peer.header(len(peer.lines) + 1, old) | {"sent": {"seq": 0, "hash": b64(bytes(32))}} | (changes or {})
    return json.dumps(header, ensure_ascii=False).encode() + b"\n"


def test_message_receipt_and_replay(alone):
    world, peer = alone
    number = submit(world, peer)
    first = send(world, peer.batch())
    assert first.status == 200, first
    verify_answer(first.body, f"tongban/{HOME}+")
    verdict = verdicts(first.body)
    assert [v["verdict"] for v in verdict] == ["done"] and verdict[0]["rev"] == 1
    # the same again: the stored receipt, byte for byte, and no second case
    again = send(world, peer.batch(old=1))
    assert again.status == 200 and receipts(again.body)[1] == receipts(first.body)[1]
    assert len(world.home.window("GET", f"/window/v1/cases?q={number}").json()["rows"]) == 1
    assert world.home.metric("peer_duplicates_total") == 1
    # and a batch that holds old and new
    submit(world, peer)
    both = send(world, peer.batch(old=1))
    assert both.status == 200 and receipts(both.body)[1][0] == receipts(first.body)[1][0]
    assert [v["verdict"] for v in verdicts(both.body)] == ["done", "done"]


def test_bad_message_does_not_block_the_next(alone):
    world, peer = alone
    future = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=15)).isoformat(timespec="milliseconds")
    submit(world, peer, at=future)
    submit(world, peer, authorisation="018f0000-0000-7000-8000-000000000999")
    submit(world, peer, body={"item": {"office": HOME, "code": "XX99", "version": 1}})
    submit(world, peer, body={"surprise": 1})
    submit(world, peer, case="110101" + case_number(1)[6:])
    peer.message("case.withdrawn", {"reason": "x"}, case=case_number(777))
    joint = {"id": case_number(1), "title": "t", "leg": "a", "n": 1, "of": 2}
    for wrong in ({"id": "330503" + case_number(1)[6:]}, {"id": "x"}, {"leg": ""}, {"n": 0}, {"of": 17}, {"surprise": 1}):
        submit(world, peer, body={"joint": joint | wrong})
    peer.message("no.such.type", {})
    peer.seq += 1
    peer.append(b"not json at all")
    submit(world, peer)
    answer = send(world, peer.batch())
    assert answer.status == 200, answer
    got = verdicts(answer.body)
    assert [v["verdict"] for v in got[:2]] == ["invalid", "refused"]
    assert got[0]["problem"]["type"].endswith("from-the-future") and got[1]["problem"]["type"].endswith("no-authorisation")
    assert all(v["verdict"] in ("invalid", "refused") for v in got[2:-1]) and got[-1]["verdict"] == "done", got


def test_gap_and_conflict_say_where(alone):
    world, peer = alone
    submit(world, peer)
    submit(world, peer)
    gap = send(world, peer.batch(first=2))
    assert gap.status == 409 and gap.problem() == "sequence-gap" and gap.json()["expected"] == 1
    assert send(world, peer.batch()).status == 200
    submit(world, peer)
    conflict = send(world, peer.batch(first=3, old=0))
    assert conflict.status == 409 and conflict.problem() == "checkpoint-conflict" and conflict.json()["size"] == 2
    assert send(world, peer.batch(first=3, old=2)).status == 200


def test_fork_is_refused(alone):
    world, peer = alone
    submit(world, peer)
    submit(world, peer)
    assert send(world, peer.batch()).status == 200
    forked = fake(world)
    submit(world, forked)
    submit(world, forked)
    submit(world, forked)
    answer = send(world, forked.batch(first=3, old=2))
    assert answer.status == 409 and answer.problem() == "ledger-fork"
    rolled_back = fake(world)
    rolled_back.append(peer.lines[0])
    assert send(world, heartbeat(rolled_back, old=0, changes={"old": 2})).problem() in ("ledger-fork", "untrusted")
    # the true ledger still goes on
    submit(world, peer)
    assert send(world, peer.batch(first=3, old=2)).status == 200


def test_same_number_other_content(alone):
    world, peer = alone
    submit(world, peer)
    assert send(world, peer.batch()).status == 200
    submit(world, peer, seq=1)
    header = peer.header(2, 1) | {"sent": {"seq": 0, "hash": b64(bytes(32))}}
    body = json.dumps(header, ensure_ascii=False).encode() + b"\n" + peer.lines[1] + b"\n"
    assert send(world, body).problem() == "sequence-reused"


def change(text, at):
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


@pytest.mark.parametrize("what", ["line", "path", "checkpoint", "signature", "consistency", "foreign-key", "size"])
def test_every_altered_element_is_refused(office, what):
    peer = fake(office)
    submit(office, peer)
    submit(office, peer)
    header, lines = peer.header(1, 0), list(peer.lines)
    if what == "line":
        lines[0] = lines[0].replace("张三".encode(), "张四".encode())
    elif what == "path":
        header["lines"][0]["path"] = change(header["lines"][0]["path"], 5)
    elif what == "checkpoint":
        header["checkpoint"] = change(header["checkpoint"], header["checkpoint"].index("\n2\n") + 8)
    elif what == "signature":
        header["checkpoint"] = change(header["checkpoint"], len(header["checkpoint"]) - 20)
    elif what == "consistency":
        header["consistency"] = b64(bytes(32))
    elif what == "foreign-key":
        header["checkpoint"] = peer.checkpoint(secret=bytes(32))
    elif what == "size":
        header["checkpoint"] = header["checkpoint"].replace("\n2\n", "\n3\n")
    body = b"\n".join([json.dumps(header, ensure_ascii=False).encode(), *lines, b""])
    before = office.home.metric("peer_untrusted_total")
    answer = send(office, body)
    assert answer.status == 403 and answer.problem() == "untrusted"
    assert office.home.metric("peer_untrusted_total") == before + 1
    assert office.home.window("GET", "/window/v1/cases").json()["rows"] == []


@pytest.mark.parametrize("body", [
    b"", b"\n", b"{}\n", b"[]\n", b"{", b'{"v":1,"v":1}\n', b"\xff\n", b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"\n", b"{}\n\n\n", b"\0\n",
    b'{"v":2}\n', b'{"v":1,"from":"\\ud800"}\n',
], ids=lambda body: repr(body[:16]))
def test_bad_bytes(office, body):
    answer = send(office, body)
    assert (answer.status, answer.problem()) in ((400, "malformed"), (422, "field"))


@pytest.mark.parametrize("change_header", [
    {"old": -1}, {"old": 1.5}, {"old": "1"}, {"old": 2**63}, {"sent": {"seq": -1, "hash": b64(bytes(32))}}, {"sent": {"seq": 0, "hash": "AA=="}},
    {"lines": [{"index": 0, "path": ""}] * 257}, {"consistency": b64(bytes(32 * 65))},
    {"consistency": b64(bytes(33))}, {"consistency": []}, {"surprise": 1}, {"checkpoint": ""}, {"v": 0},
    {"checkpoint": "x" * 20000},
], ids=lambda change_header: ",".join(change_header))
def test_bad_headers(office, change_header):
    peer = fake(office)
    submit(office, peer)
    assert send(office, peer.batch(changes=change_header)).problem() in ("malformed", "too-large", "field")


def test_missing_and_surplus_lines(office):
    peer = fake(office)
    submit(office, peer)
    assert send(office, peer.batch(lines=[])).problem() == "malformed"
    assert send(office, peer.batch(lines=[*peer.lines, b"{}"])).problem() == "malformed"
    assert send(office, peer.batch()[:-1]).problem() == "malformed"


def test_too_large(office):
    try:
        answer = send(office, b"x" * (3 * 1024 * 1024 + 1))
        assert answer.status == 413 and answer.problem() == "too-large"
    except OSError:
        pass  # refused at its head, before the body was out
    assert send(office, b"x" * 2_000_000).status in (400, 413)


def test_wrong_offices(office):
    peer = fake(office)
    submit(office, peer)
    assert send(office, peer.batch(changes={"to": "320509"})).problem() == "wrong-office"
    assert send(office, peer.batch(changes={"from": "330503"})).problem() == "wrong-office"


def test_certificates(office, tmp_path):
    from ssl import SSLError
    peer = fake(office)
    submit(office, peer)
    authority = office.away.tls / "peer-ca"
    # known authority, wrong name
    other = make_certificate(tmp_path, "other", authority, "clientAuth", "URI:urn:tongban:office:330503")
    assert send(office, peer.batch(), certificate=other).problem() == "wrong-office"
    ourselves = make_certificate(tmp_path, "ourselves", authority, "clientAuth", f"URI:urn:tongban:office:{HOME}")
    assert send(office, peer.batch(), certificate=ourselves).problem() == "wrong-office"
    staff = make_certificate(tmp_path, "staff", authority, "clientAuth", f"URI:urn:tongban:staff:{AWAY}:0007")
    assert send(office, peer.batch(), certificate=staff).problem() == "wrong-office"
    nobody = make_certificate(tmp_path, "nobody", authority, "clientAuth", "IP:127.0.0.1")
    with pytest.raises((SSLError, OSError, AssertionError)):
        assert send(office, peer.batch(), certificate=nobody).status == 200
    for bad in (office.home.tls / "staff-0007", office.away.tls / "staff-0007", office.home.tls / "gateway",
                make_certificate(tmp_path, "self", None, "clientAuth", f"URI:urn:tongban:office:{AWAY}"),
                make_certificate(tmp_path, "old", authority, "clientAuth", f"URI:urn:tongban:office:{AWAY}", days=-1)):
        with pytest.raises((SSLError, OSError)):
            send(office, peer.batch(), certificate=bad)
    assert office.home.peer("GET", "/peer/v1/messages").problem() == "method-not-allowed"
    assert office.home.peer("GET", "/window/v1/office").status == 404


def test_the_test_itself():
    """The naive proofs agree with the vectors of RFC 9162's tree of seven leaves (2.1.5), so that a refusal means what it says."""
    from ledger import inclusion, leaf_hash, node_hash, root
    leaves = [leaf_hash(bytes([i])) for i in range(7)]
    a, b, c, d, e, f, j = leaves
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)
    assert root(leaves) == node_hash(k, l)
    assert inclusion(leaves, 0) == [b, h, l] and inclusion(leaves, 3) == [c, g, l] and inclusion(leaves, 6) == [i, k]
    assert consistency(leaves, 3) == [c, d, g, l] and consistency(leaves, 4) == [l] and consistency(leaves, 6) == [i, j, k]
    assert base64.b64decode(b64(a)) == a
