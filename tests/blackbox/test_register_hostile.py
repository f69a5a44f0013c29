"""A counterpart that breaks the rules of the registers: no crash, no effect without right, a clear verdict, and the next message is taken."""
import json
import pathlib
import re

import pytest

from ledger import FakeOffice, verdicts
from office import AWAY, HOME, World
from test_peer_api import authorisation, case_number, submit
from test_registers import OFFER, act, done, rows, show


SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Peer:
    """The office 320623 as the test plays it, against the real 330483."""

    def __init__(self, world):
        self.world, self.home = world, world.home
        self.fake = FakeOffice(AWAY, HOME, world.away.directory / "ledger.key")
        self.sent = 0

    def act(self, kind, no, name, data=None, body=None, role="handler", **members):
        self.fake.message(f"{kind}.act", {"no": no, "act": name, "data": {} if data is None else data} if body is None else body,
                          **{"actor": {"staff": f"{AWAY}:0101", "role": role}, **members})

    def exchange(self):
        """Verdicts of what was not sent yet, in batches as they are allowed."""
        got = []
        while self.sent < len(self.fake.lines):
            upto, size = min(self.sent + 200, len(self.fake.lines)), 0
            for at in range(self.sent, upto):
                size += len(self.fake.lines[at])
                if size > 900_000 and at > self.sent:
                    upto = at
                    break
            part = FakeOffice(AWAY, HOME, self.world.away.directory / "ledger.key")
            part.lines, part.tallies = self.fake.lines[:upto], self.fake.tallies[:upto + 1]
            answer = self.home.peer("POST", "/peer/v1/messages", part.batch(first=self.sent + 1, old=self.sent))
            assert answer.status == 200, answer
            self.sent = upto
            got += verdicts(answer.body)
        return got

    def one(self, *arguments, **members):
        self.act(*arguments, **members)
        return self.exchange()[-1]


def word(verdict):
    return verdict["verdict"] if verdict["verdict"] == "done" else verdict["problem"]["type"].removeprefix("urn:tongban:problem:")


@pytest.fixture(scope="module")
def peer():
    world = World()
    try:
        world.home.start()
        yield Peer(world)
        assert world.home.stop() == 0
        assert "ERROR: AddressSanitizer" not in world.home.log_text() and "runtime error" not in world.home.log_text()
    finally:
        world.remove()


SERIAL = [0]


def fresh_no(letter, office=AWAY):
    SERIAL[0] += 1
    return f"{letter}{office}-2026-{SERIAL[0]}"


@pytest.fixture(scope="module")
def case(peer):
    number = submit(peer.world, peer.fake)
    assert [v["verdict"] for v in peer.exchange()] == ["done"]
    return number


def test_wrong_envelopes(peer, case):
    local = peer.home.intake(staff="0101")
    local_no = local.json()["case"] if local.status == 201 else case_number(99999999)
    text = {"text": "x"}
    before = len(rows(peer.home, "note"))
    wrong = [
        dict(no=fresh_no("P"), case=case), dict(no=fresh_no("N", HOME), case=case), dict(no=fresh_no("N", "330503"), case=case),
        dict(no="N", case=case), dict(no="N" * 5000, case=case), dict(no="", case=case), dict(no=None, case=case), dict(no=7, case=case),
        dict(no="N320623-2026-1234567890", case=case), dict(no="N320623-2026-0", case=case), dict(no="N320623-2026-1\u0000", case=case),
        dict(no=fresh_no("N")), dict(no=fresh_no("N"), case=case_number(88888888)), dict(no=fresh_no("N"), case="x"),
        dict(no=fresh_no("N"), case=local_no),
        dict(no=fresh_no("N"), case=case, rev=5), dict(no=fresh_no("N"), case=case, rev=-1), dict(no=fresh_no("N"), case=case, rev=2**63),
        dict(no=fresh_no("N"), case=case, rev="1"), dict(no=fresh_no("N"), case=case, rev=1.5),
        dict(no=fresh_no("N"), case=case, name="explode"), dict(no=fresh_no("N"), case=case, name=""), dict(no=fresh_no("N"), case=case, name="a" * 999),
        dict(no=fresh_no("N"), case=case, name="answer"), dict(no=fresh_no("N"), case=case, role="emperor"),
        dict(no=fresh_no("N"), case=case, data=[]), dict(no=fresh_no("N"), case=case, data="x"), dict(no=fresh_no("N"), case=case, data={"text": 1}),
        dict(no=fresh_no("N"), case=case, data={}), dict(no=fresh_no("N"), case=case, data={"text": "x" * 6001}),
        dict(no=fresh_no("N"), case=case, data={"text": "x", "more": 1}), dict(no=fresh_no("N"), case=case, data={"text": "a\u0007"}),
        dict(no=fresh_no("N"), case=case, data={"text": json.loads("[" * 40 + "]" * 40)}),
        dict(no=fresh_no("N"), case=case, body=[]), dict(no=fresh_no("N"), case=case, body={}),
        dict(no=fresh_no("N"), case=case, body={"no": fresh_no("N"), "act": "write", "data": text, "extra": 1}),
        dict(no=fresh_no("N"), case=case, body={"no": fresh_no("N"), "act": "write"}),
    ]
    for one in wrong:
        peer.act("note", one.pop("no"), one.pop("name", "write"), **{"data": text, **one})
    peer.fake.message("horoscope.act", {"no": fresh_no("N"), "act": "write", "data": text}, case=case)
    good = fresh_no("N")
    peer.act("note", good, "write", {"text": "最后一条"}, case=case)
    got = peer.exchange()
    assert len(got) == len(wrong) + 2
    assert [v for v in got[:-1] if v["verdict"] == "done"] == [], "nothing of this may be taken"
    for verdict in got[:-1]:
        assert verdict["problem"]["title"] and word(verdict) not in ("internal", "store-failed", "busy"), verdict
    assert word(got[-1]) == "done" and got[-1]["state"] == "asked" and got[-1]["rev"] > 1
    assert len(rows(peer.home, "note")) == before + 1 and show(peer.home, "note", good).json()["state"] == "asked"


def test_a_number_is_used_once(peer, case):
    no = fresh_no("N")
    assert word(peer.one("note", no, "write", {"text": "一"}, case=case)) == "done"
    assert word(peer.one("note", no, "write", {"text": "二"}, case=case)) == "transition"
    assert word(peer.one("note", no, "write", {"text": "一"}, case=case)) == "transition"
    other = submit(peer.world, peer.fake)
    assert word(peer.one("note", no, "add", {"text": "三"}, case=other)) == "wrong-office"
    assert word(peer.one("note", no, "answer", {"text": "四"}, case=case)) == "not-allowed", "the other party answers"
    assert word(peer.one("note", no, "close", case=case)) == "done"
    assert word(peer.one("note", no, "add", {"text": "五"}, case=case)) == "transition"
    document = show(peer.home, "note", no).json()
    assert document["data"]["text"] == "一" and [row["act"] for row in document["history"]] == ["write", "close"]


def test_what_an_authority_may_not(peer):
    """The counterpart numbers the acts on what it opened: the numbers must be new, the acts must follow from each other."""
    no, raised = fresh_no("P"), {"class": "other", "subject": "一"}
    assert word(peer.one("problem", no, "raise", raised)) == "field", "no revision"
    assert word(peer.one("problem", no, "raise", raised, rev=0)) in ("field", "malformed")
    assert word(peer.one("problem", no, "close", {"result": "x"}, rev=1)) == "not-found", "nothing was opened yet"
    assert word(peer.one("problem", no, "raise", raised, rev=1)) == "done"
    assert word(peer.one("problem", no, "raise", {"class": "mail", "subject": "二"}, rev=2)) == "transition", "the same number again"
    assert word(peer.one("problem", no, "meet", {"meeting": "2026-12-01"}, rev=1)) == "field", "revision 1 was given"
    assert word(peer.one("problem", no, "close", {"result": "x"}, rev=2)) == "transition", "it was never measured"
    assert word(peer.one("problem", no, "take", {"responsible": "x"}, rev=2)) == "not-allowed", "this office takes"
    assert word(peer.one("problem", no, "meet", {"meeting": "2026-12-01"}, rev=2**62)) == "done", "numbers may jump"
    assert word(peer.one("problem", no, "withdraw", {"reason": "x"}, rev=2**63 - 1)) == "done"
    assert word(peer.one("problem", no, "meet", {"meeting": "2026-12-01"}, rev=2**61)) == "done", "it stands before the last one"
    assert word(peer.one("problem", no, "reopen", {"reason": "x"}, rev=2**60)) == "transition"
    document = show(peer.home, "problem", no).json()
    assert document["state"] == "withdrawn" and document["data"]["subject"] == "一" and not document["open"]
    assert act(peer.home, "problem", "take", no, {"responsible": "陆文斌"}).problem() == "transition"


def test_authorisations(peer):
    configured = authorisation(peer.world)
    no = fresh_no("A")
    assert word(peer.one("authorisation", no, "offer", OFFER, rev=1, id=configured)) == "field", "the id of another authorisation"
    peer.fake.message("authorisation.granted", {
        "id": configured, "delegate": HOME, "items": "*", "steps": "I", "from": "2021-01-01", "until": "2049-12-31", "announcement": "x"})
    peer.exchange()
    number = submit(peer.world, peer.fake)
    assert [word(v) for v in peer.exchange()][-1] == "done", f"{configured} still covers {number}"
    first = "018f0000-0000-7000-8000-00000000abcd"
    assert word(peer.one("authorisation", no, "offer", OFFER, rev=1, id=first)) == "done"
    assert word(peer.one("authorisation", fresh_no("A"), "offer", OFFER, rev=1, id=first)) == "field", "one entry, one authorisation"
    assert word(peer.one("authorisation", no, "accept", rev=2)) == "not-allowed", "who offers cannot accept"
    assert word(peer.one("authorisation", no, "resume", rev=2)) == "transition", "nor put into force what was not accepted"
    assert word(peer.one("authorisation", fresh_no("A"), "offer", {**OFFER, "announcement": "x" * 4000}, rev=1)) == "field"
    assert word(peer.one("authorisation", fresh_no("A"), "offer", {**OFFER, "steps": "INOPDX"}, rev=1)) == "field"
    # what this office offered: only it may end it
    mine = done(act(peer.home, "authorisation", "offer", data={**OFFER, "items": "GA01"}))["no"]
    for name, data in (("expire", {}), ("suspend", {"reason": "x"}), ("revoke", {"reason": "x"}), ("withdraw", {"reason": "x"}), ("resume", {})):
        assert word(peer.one("authorisation", mine, name, data)) == "not-allowed", name
    assert word(peer.one("authorisation", mine, "accept", role="window")) == "not-allowed"
    assert word(peer.one("authorisation", mine, "accept", actor={})) in ("not-allowed", "field", "malformed"), "somebody accepts"
    assert word(peer.one("authorisation", mine, "accept", rev=9)) == "field"
    # dated back to before the offer: it covers nothing earlier
    assert word(peer.one("authorisation", mine, "accept", at="2022-01-01T00:00:00.000+08:00")) == "done"
    uuid = show(peer.home, "authorisation", mine).json()["uuid"]
    submit(peer.world, peer.fake, authorisation=uuid, at="2022-06-01T00:00:00.000+08:00",
           body={"handed_in_at": "2022-06-01T00:00:00.000+08:00"})
    assert word(peer.exchange()[-1]) == "no-authorisation"
    submit(peer.world, peer.fake, authorisation=uuid, body={"materials": [], "comparison": {"result": "match", "score": 90, "device": "d"}})
    assert word(peer.exchange()[-1]) in ("done", "field")


def test_steps_need_right_and_evidence(peer, case):
    no = done(act(peer.home, "step", "request", data={"step": "person"}, case=case))["no"]
    seen = {"comparison": {"result": "match", "officer": "顾海燕"}}
    right = authorisation(peer.world)
    assert word(peer.one("step", fresh_no("S"), "request", {"step": "person"}, case=case)) == "not-allowed", "the home side asks"
    assert word(peer.one("step", no, "done", seen, case=case, role="window")) == "no-authorisation"
    assert word(peer.one("step", no, "done", seen, case=case, role="window", authorisation="018f0000-0000-7000-8000-000000000999")) == "no-authorisation"
    assert word(peer.one("step", no, "done", {}, case=case, role="window", authorisation=right)) == "field"
    assert word(peer.one("step", no, "done", {"entry": "x"}, case=case, role="window", authorisation=right)) == "field", "evidence is not a word"
    assert word(peer.one("step", no, "void", {"reason": "x"}, case=case)) == "not-allowed"
    assert word(peer.one("step", no, "done", seen, case=case, role="handler", authorisation=right)) == "not-allowed"
    assert word(peer.one("step", no, "done", seen, case=case, role="window", authorisation=right)) == "done"
    assert word(peer.one("step", no, "fail", {"reason": "x"}, case=case, role="window")) == "transition"


def test_originals_that_are_not_there(peer, case):
    papers = [{"name": "户口簿", "originals": 1000}]
    bag = {"documents": papers, "bag": "F1", "packed_by": "顾"}
    assert word(peer.one("transfer", fresh_no("T"), "pack", bag, case=case)) == "transition"
    assert word(peer.one("transfer", fresh_no("T"), "keep", {"documents": [{"name": "户口簿", "originals": -1}]}, case=case)) == "field"
    assert word(peer.one("transfer", fresh_no("T"), "keep", {"documents": [{"name": "户口簿", "originals": 1001}]}, case=case)) == "field"
    assert word(peer.one("transfer", fresh_no("T"), "keep", {"documents": [{"name": "户口簿", "originals": 3}]}, case=case)) == "done"
    no = fresh_no("T")
    bag["documents"] = [{"name": "户口簿", "originals": 3}]
    assert word(peer.one("transfer", no, "pack", bag, case=case)) == "done"
    assert word(peer.one("transfer", fresh_no("T"), "pack", bag, case=case)) == "transition", "no original is packed twice"
    assert word(peer.one("transfer", no, "send", {"carrier": "EMS", "tracking_no": "EE123456785CN"}, case=case)) == "done"
    opening = {"opened_by": "陆文斌", "second": "沈佳怡", "seal_intact": False}
    one = {"name": "户口簿", "listed": 3, "found": 2}
    assert word(peer.one("transfer", no, "open", opening, case=case)) == "not-allowed", "who sent it does not open it"
    assert act(peer.home, "transfer", "open", no, {**opening, "differences": [one, one]}).json()["field"] == "/differences/name"
    done(act(peer.home, "transfer", "open", no, {**opening, "differences": [one]}))
    assert word(peer.one("transfer", no, "settle", {"explanation": "x", "recovered": 2}, case=case)) == "field", "one is missing, not two"
    assert word(peer.one("transfer", no, "settle", {"explanation": "x", "recovered": 1}, case=case)) == "done"
    sums = peer.home.window("GET", f"/window/v1/cases/{case}/originals", staff="0101").json()
    assert (sums["kept"], sums["at_intake"], sums["at_home"], sums["lost"], sums["balanced"]) == (3, 1, 2, 0, True)


def test_size_of_one_act(peer, case):
    """200 rows of 2,400 bytes fit into an entry, but not into an object that this office numbers."""
    def papers(count, size):
        return {"documents": [{"name": "名" * (size // 3), "originals": 0} for _ in range(count)]}
    for data, want in ((papers(201, 30), "field"), (papers(200, 2400), "too-large"), (papers(100, 2400), "done")):
        verdict = peer.one("transfer", fresh_no("T"), "keep", data, case=case)
        assert word(verdict) == want, (want, verdict)
    no = fresh_no("N")
    assert word(peer.one("note", no, "write", {"text": "x"}, case=case)) == "done"


def test_an_object_grows_to_its_limit_and_can_be_ended(peer, case):
    """By content: what is refused leaves nothing behind, and the object lives on."""
    no = fresh_no("N")
    peer.act("note", no, "write", {"text": "x"}, case=case)
    for _ in range(60):
        peer.act("note", no, "add", {"text": "字" * 2000}, case=case)
    peer.act("note", no, "close", {"remark": "x"}, case=case)
    got = [word(verdict) for verdict in peer.exchange()]
    taken = got.count("done")
    assert 40 < taken < 50 and set(got) == {"done", "too-large"} and got[-1] == "done", got
    document = show(peer.home, "note", no).json()
    assert document["state"] == "closed" and len(document["history"]) == taken
    lines = [row for row in peer.home.window("GET", f"/window/v1/cases/{case}/timeline", staff="0101").json()["rows"]]
    revisions = [row["rev"] for row in lines]
    assert len(set(revisions)) == len(revisions), "no revision was used for what was refused"


def test_acts_without_end(peer):
    limit = int(re.search(r"LIMIT\(OBJECT_ACTS, (\d+)", (SOURCE / "proto/limits.h").read_text())[1])
    mine = done(act(peer.home, "problem", "raise", data={"class": "other", "subject": "一"}))["no"]
    for _ in range(limit + 20):
        peer.act("problem", mine, "meet", {"meeting": "2026-12-01"})
    got = [word(verdict) for verdict in peer.exchange()]
    assert got == ["done"] * (limit - 1) + ["too-large"] * 21
    assert act(peer.home, "problem", "meet", mine, {"meeting": "2026-12-02"}).problem() == "too-large"
    assert done(act(peer.home, "problem", "withdraw", mine, {"reason": "x"}))["state"] == "withdrawn"
    # an authority has some more room, and no more than that
    no = fresh_no("P")
    peer.act("problem", no, "raise", {"class": "other", "subject": "一"}, rev=1)
    for rev in range(2, 3 * limit + 20):
        peer.act("problem", no, "meet", {"meeting": "2026-12-01"}, rev=rev)
    got = [word(verdict) for verdict in peer.exchange()]
    assert got == ["done"] * 3 * limit + ["too-large"] * 19
    assert word(peer.one("problem", no, "withdraw", {"reason": "x"}, rev=9999)) == "done"
