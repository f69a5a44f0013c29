"""A counterpart whose revisions and verdicts do not fit what was numbered (decision 1): nothing is lost, what an office has decided stands,
and an operator hears of it."""
import json
import threading
import time
import types

import pytest

from ledger import FakeOffice, b64, consistency, inclusion, leaf_hash, node_hash, verdicts
from office import AWAY, HOME, World, item
from test_bad_answers import NDJSON, Gateway
from test_peer_api import authorisation, submit


class Counterpart:
    """The office of `played` as the test plays it, towards the real one: its messages and its receipts stand in one ledger."""

    def __init__(self, world, real, played):
        self.world, self.real = world, real
        self.fake = FakeOffice(played.code, real.code, played.directory / "ledger.key")
        self.messages, self.sent, self.judge, self.lock = [], 0, lambda entry: {"verdict": "done"}, threading.Lock()
        self.gateway = Gateway(types.SimpleNamespace(home=played), self.answer)

    def header(self, indexes, old, sent):
        leaves, tally = self.fake.leaves(), bytes(32)
        for index in self.messages[:sent]:
            tally = node_hash(tally, leaves[index])
        return {"v": 1, "from": self.fake.code, "to": self.fake.to, "checkpoint": self.fake.checkpoint(), "old": old,
                "consistency": b64(b"".join(consistency(leaves, old))) if old else "", "seen": 0,
                "sent": {"seq": sent, "hash": b64(tally)}, "received": {"seq": 0, "hash": b64(bytes(32))},
                "lines": [{"index": i, "path": b64(b"".join(inclusion(leaves, i)))} for i in indexes]}

    def pack(self, indexes, old, sent):
        header = json.dumps(self.header(indexes, old, sent), ensure_ascii=False).encode()
        return b"".join(line + b"\n" for line in [header, *(self.fake.lines[i] for i in indexes)])

    def message(self, kind, body, **members):
        """Appends one message; it is sent with the next post()."""
        with self.lock:
            self.messages.append(self.fake.message(kind, body, **members))

    def post(self):
        """Verdicts of what was not sent yet."""
        old = 0
        while True:
            with self.lock:
                new = self.messages[self.sent:]
                batch = self.pack(new, old, self.sent)
            answer = self.real.peer("POST", "/peer/v1/messages", batch)
            if answer.status == 409 and answer.problem() == "checkpoint-conflict":  # an answer of ours came between
                old = answer.json()["size"]
                continue
            assert answer.status == 200, answer
            self.sent += len(new)
            return verdicts(answer.body)

    def answer(self, body):
        """A receipt for what came, with the verdicts that `judge` gives."""
        header, *lines = body.split(b"\n")[:-1]
        header = json.loads(header)
        with self.lock:
            first, indexes = header["sent"]["seq"] + 1, []
            if lines:
                said = [{"leaf": b64(leaf_hash(line))} | self.judge(json.loads(line)) for line in lines]
                entry = {"v": 1, "type": "receipt", "id": f"018f0000-0000-7000-8000-{len(self.fake.lines):012}", "from": self.fake.code,
                         "to": self.fake.to, "at": "2026-11-24T09:00:00.000+08:00",
                         "body": {"first": first, "last": first + len(lines) - 1, "tally": b64(bytes(32)), "verdicts": said}}
                indexes = [self.fake.append(json.dumps(entry, separators=(",", ":")).encode())]
            return 200, NDJSON, self.pack(indexes, header["seen"], 0)


def alarm(office, what, count=1):
    """Waits for the line of the log that says so; how often the counter has gone up."""
    end = time.monotonic() + 15
    while True:
        found = [line for line in office.events("peer_contradicts") if line["what"] == what]
        if len(found) >= count:
            assert found[-1]["level"] == "err" and found[-1]["count"] == 1
            return found[-1]
        assert time.monotonic() < end, (what, office.log_text()[-3000:])
        time.sleep(0.02)


def revisions(office, case, staff):
    rows = office.window("GET", f"/window/v1/cases/{case}/timeline", staff=staff).json()["rows"]
    return {row["type"]: row["rev"] for row in rows if row["rev"]}


@pytest.fixture
def world():
    world = World()
    played = []
    try:
        yield lambda real, other: played.append(Counterpart(world, real(world), other(world))) or played[0]
    finally:
        if played:
            played[0].gateway.close()
            assert played[0].real.stop() == 0
        world.remove()


def test_what_the_home_side_decided_stands(world):
    peer = world(lambda w: w.home, lambda w: w.away)
    home = peer.real

    def judge(entry):
        if entry["type"] == "case.received":
            return {"verdict": "done", "rev": 77, "state": "received"}
        if entry["type"] == "case.accepted":
            return {"verdict": "refused", "problem": {"type": "urn:tongban:problem:transition", "title": "no", "status": 409}}
        return {"verdict": "done"}
    peer.judge = judge
    home.start()
    adapter = types.SimpleNamespace(message=peer.message)
    case = submit(peer.world, adapter)
    assert peer.post()[-1]["rev"] == 1
    line = alarm(home, "other_revision")
    assert (line["peer"], line["about"], line["revision"], line["seen_in"]) == (AWAY, case, 77, "answer")
    assert home.act(case, "accept").status == 200
    line = alarm(home, "decision_refused")
    assert (line["about"], line["revision"]) == (case, 3)
    assert home.metric("peer_contradictions_total") == 2
    assert revisions(home, case, "0101") == {"case.submitted": 1, "case.received": 2, "case.accepted": 3}
    document = home.case(case, "0101").json()
    assert document["state"] == "accepted" and "acceptance" in document and document["due"]["what"] == "decision"
    assert home.act(case, "extend", {"reason": "疑难", "approver": "局长", "days": 5}).status == 200


def test_what_the_intake_side_hears(world):
    peer = world(lambda w: w.away, lambda w: w.home)
    away, states = peer.real, {"case.submitted": {"rev": 1, "state": "forwarded"}, "case.withdrawn": {"state": "withdrawn"}}
    peer.judge = lambda entry: {"verdict": "done"} | states.get(entry["type"], {})
    away.start()
    peer.message("catalogue.published", {"office": HOME, "edition": 1, "published": "2026-01-01", "items": [item("GA01", "居民身份证遗失补领")]})
    peer.message("authorisation.granted", {"id": authorisation(peer.world), "delegate": AWAY, "items": "*", "steps": "INOPD", "from": "2021-01-01",
                                           "until": "2049-12-31", "announcement": "x"})
    assert [verdict["verdict"] for verdict in peer.post()] == ["done", "done"]
    case = away.intake().json()["case"]
    away.wait_state(case, "forwarded")
    member = {"case": case, "actor": {"staff": f"{HOME}:0101", "role": "handler"}}
    peer.message("case.received", {"received_at": "2026-11-24T09:00:00.000+08:00"}, case=case, rev=2)
    got = peer.post()
    assert got[-1]["verdict"] == "done", got
    away.wait_state(case, "received")
    # given before: not taken, whatever it says
    peer.message("case.accepted", {}, rev=2, **member)
    verdict = peer.post()[-1]
    assert verdict["verdict"] == "invalid" and verdict["problem"]["type"].endswith(":field") and "revision 2" in verdict["problem"]["detail"]
    line = alarm(away, "revision_taken")
    assert (line["peer"], line["about"], line["revision"], line["seen_in"]) == (HOME, case, 2, "batch")
    assert away.case(case).json()["state"] == "received"
    # two left out: taken, for the home side decides
    peer.message("case.accepted", {}, rev=5, **member)
    assert peer.post()[-1]["verdict"] == "done"
    assert alarm(away, "revision_gap")["revision"] == 5
    away.wait_state(case, "accepted")
    # taken, but not numbered
    assert away.act(case, "withdraw", {"reason": "申请人要求"}, staff="0007").status == 200
    assert alarm(away, "revision_missing")["about"] == case
    assert away.metric("peer_contradictions_total") == 3
    assert revisions(away, case, "0007") == {"case.submitted": 1, "case.received": 2, "case.accepted": 5}
