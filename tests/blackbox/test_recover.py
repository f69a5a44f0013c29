"""An older copy of an office's directory was restored: the office finds out, records nothing, and takes back what its counterpart has."""
import hashlib
import json
import pathlib
import shutil
import subprocess
import time

import pytest

import test_joint
import test_key_rotation
from office import AWAY, HOME, THIRD, WAIT_S, World, application, daemon_path

VERIFY = pathlib.Path(daemon_path()).parent / "tongban-verify"


def store_of(office):
    return office.directory / "data"


def keep_copy(office):
    """A cold copy of the store, the office running again afterwards."""
    assert office.stop() == 0
    copy = office.directory / "copy"
    shutil.copytree(store_of(office), copy)
    office.start()
    return copy


def put_back(office, copy):
    assert office.stop() in (0, None)
    shutil.rmtree(store_of(office))
    shutil.copytree(copy, store_of(office))


def until(test, seconds=WAIT_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def standing(office):
    """What tongbanctl recover says without --apply."""
    process = office.control("--json", "recover", wait=False)
    output, errors = process.communicate(timeout=60)
    assert output, errors
    return json.loads(output)["done"]


def wait_state(office, state):
    return until(lambda: (lambda now: now if now["state"] == state else None)(standing(office)))


def timeline(office, number):
    rows = office.window("GET", f"/window/v1/cases/{number}/timeline").json()["rows"]
    return [(row["rev"], row["type"], row["id"], row["pending"]) for row in rows]


def refused(answer):
    return answer.status == 503 and answer.problem() == "ledger-behind"


def quiet(world):
    """Nothing waits at either side."""
    def nothing():
        for office in (world.home, world.away):
            peers = office.window("GET", "/window/v1/office").json()["peers"]
            if any(peer["unsent"] for peer in peers):
                return False
        return True
    until(nothing)


def verifies(office, number, tmp_path):
    bundle = office.window("GET", f"/window/v1/cases/{number}/bundle")
    assert bundle.status == 200, bundle
    path = tmp_path / f"{office.code}-{number}.json"
    path.write_bytes(bundle.body)
    keys = [word for one in office.world.offices.values() for word in ("--key", (one.directory / "ledger.vkey").read_text().strip())]
    run = subprocess.run([VERIFY, "case", *keys, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return bundle.json()


def work(world, count):
    """Cases in both directions, each at another point of its way; their numbers."""
    numbers = []
    for n in range(count):
        intake, home = (world.away, world.home) if n % 2 == 0 else (world.home, world.away)
        answer = intake.intake()
        assert answer.status == 201, answer
        number = answer.json()["case"]
        numbers.append(number)
        home.wait_state(number, "received")
        if n % 3 == 0:
            continue
        assert home.act(number, "accept").status == 200
        intake.wait_state(number, "accepted")
        if n % 3 == 1:
            continue
        answer = home.act(number, "grant", {"result": {"name": "居民身份证"}})
        assert answer.status == 200, answer
        intake.wait_state(number, "granted")
    quiet(world)
    return numbers


@pytest.mark.parametrize("victim", ["away", "home"])
def test_an_older_copy_is_noticed_and_recovered(fresh, victim, tmp_path):
    fresh.start()
    office = getattr(fresh, victim)
    other = fresh.other(office)
    before = work(fresh, 4)
    at_window = office.intake(forward=False).json()["case"]
    copy = keep_copy(office)
    after = work(fresh, 10)
    paper, decision = b"%PDF-1.4\npaper " + victim.encode(), b"%PDF-1.4\ndecision " + victim.encode()
    with_paper = office.intake(materials=[{"name": "原居民身份证", "form": "electronic", "sha256": office.upload(paper)}])
    assert with_paper.status == 201, with_paper
    after.append(with_paper.json()["case"])
    other.wait_state(after[-1], "received")
    assert other.act(after[-1], "accept").status == 200
    result = {"name": "居民身份证", "sha256": other.upload(decision, staff="0101")}
    assert other.act(after[-1], "grant", {"result": result}).status == 200
    office.wait_state(after[-1], "granted")
    digest = hashlib.sha256(decision).hexdigest()
    until(lambda: office.window("GET", f"/window/v1/materials/{digest}").status == 200)
    assert office.act(at_window, "forward", staff="0007").status == 200
    other.wait_state(at_window, "received")
    after.append(at_window)
    lost_local = office.intake(forward=False).json()["case"]
    quiet(fresh)
    kept = {number: timeline(other, number) for number in before + after}
    seen_before = office.metric("ledger_size")

    put_back(office, copy)
    office.start()
    now = wait_state(office, "behind")
    assert now["seen"] > now["size"] and not now["written_on"]
    assert refused(office.intake())
    assert refused(office.case(before[0]))  # a view is an entry, too
    assert office.window("GET", "/window/v1/cases").status == 200
    assert "ledger-behind" in [finding["finding"] for finding in office.control_json("status", code=1)["findings"]]
    assert office.metric("ledger_behind") == now["seen"] - now["size"]
    assert office.events("store_was_restored")
    # the counterpart is refused in a way that passes, and sees no fork
    until(lambda: other.control("--json", "queue", "retry") and not other.admin("/healthz").json()["peers"][0]["state"] == "ok")
    assert other.admin("/healthz").json()["peers"][0]["state"] != "alarm"
    assert not [line for line in other.events("batch_refused") if line["problem"] == "ledger-fork"]

    text = office.control("recover", code=1)
    assert "--apply" in text and other.code in text
    done = office.control_json("recover", "--apply")["done"]
    assert done["applied"] and done["state"] == "open", done
    assert not done["sum"]["unapplied"] and not done["sum"]["differing"], done["sum"]
    assert done["sum"]["lost"] > 0 and done["sum"]["materials"] == 2

    for one in (office, other):
        one.control("queue", "retry")
    quiet(fresh)
    for number in before + after:
        until(lambda number=number: timeline(office, number) == kept[number] == timeline(other, number) or None, 10)
        assert office.case(number).json()["state"] == other.case(number).json()["state"]
        assert office.case(number).json()["applicant"]["name"] == "张三"
    for content in (paper, decision):  # the counterpart sends again what was lost with the disk
        path = f"/window/v1/materials/{hashlib.sha256(content).hexdigest()}"
        until(lambda path=path: office.window("GET", path).status == 200)
        assert office.window("GET", path).body == content
    assert office.window("GET", f"/window/v1/cases?q={lost_local}").json()["rows"] == []
    for number in (before[0], before[1], after[0], after[1], after[2], after[5], at_window):
        verifies(office, number, tmp_path)
        verifies(other, number, tmp_path)
    assert office.metric("ledger_size") > seen_before - 20

    # the exchange goes on, and no number is given twice
    further = work(fresh, 4)
    assert not set(further) & set(before + after + [lost_local])
    for one in (office, other):
        assert one.metric("peer_differences_total") == 0 and one.metric("peer_contradictions_total") == 0
        assert one.admin("/healthz").json()["peers"][0]["state"] == "ok"
    assert not other.events("tallies_differ") and not office.events("tallies_differ")
    assert standing(office)["state"] == "open"
    verifies(office, further[0], tmp_path)
    # the tables are what the ledger says, as far as it is there
    verified = office.control_json("verify")["done"]
    assert verified["difference_count"] == 0, verified
    # and it survives a restart, without being asked again
    assert office.stop() == 0
    office.start()
    assert office.intake().status == 201
    for number in after:
        assert timeline(office, number) == kept[number]
    assert fresh.stop() == [0, 0]


def test_two_witnesses(tmp_path):
    """Of two counterparts one has seen more; both go on with what was recovered, also the one that has seen less."""
    world = World(codes=(AWAY, HOME, THIRD))
    try:
        world.start()
        office, far, near = world.home, world.away, world.offices[THIRD]
        def case_for(other):
            answer = office.window("POST", "/window/v1/cases", application(other.code))
            assert answer.status == 201, answer
            other.wait_state(answer.json()["case"], "received")
            office.wait_state(answer.json()["case"], "received")
            return answer.json()["case"]
        case_for(far), case_for(near)
        copy = keep_copy(office)
        mine = [(far, case_for(far)), (near, case_for(near)), (far, case_for(far))]
        office.case(mine[0][1])  # an entry that nobody else has
        mine += [(near, case_for(near)), (near, case_for(near))]
        put_back(office, copy)
        office.start()
        now = wait_state(office, "behind")
        assert sorted(peer["answer"] for peer in now["peers"]) == ["told", "told"]
        assert len({peer["seen"] for peer in now["peers"]}) == 2, now
        assert office.control_json("recover", "--apply")["done"]["applied"]
        for other, number in mine:
            until(lambda other=other, number=number: timeline(office, number) == timeline(other, number))
        mine += [(far, case_for(far)), (near, case_for(near))]
        for other, number in mine:
            verifies(office, number, tmp_path)
            verifies(other, number, tmp_path)
        for one in world.offices.values():
            assert {peer["state"] for peer in one.admin("/healthz").json()["peers"]} == {"ok"}, one.log_text()[-2000:]
        assert world.stop() == [0, 0, 0]
    finally:
        world.remove()


def test_a_store_taken_back_behind_our_back(fresh):
    """A snapshot of the machine: the same files with older content.  It is noticed only after the start has recorded something."""
    fresh.start()
    work(fresh, 2)
    copy = keep_copy(fresh.away)
    after = work(fresh, 3)
    assert fresh.away.stop() == 0
    for name in ("office.db", "place"):
        with open(store_of(fresh.away) / name, "r+b") as old:
            old.truncate(0)
            old.write((copy / name).read_bytes())
    fresh.away.start()
    now = wait_state(fresh.away, "forked")
    assert now["written_on"]
    assert refused(fresh.away.intake())
    assert "restore the copy again" in fresh.away.control("recover", "--apply", code=1)
    put_back(fresh.away, copy)  # as it says
    fresh.away.start()
    assert not wait_state(fresh.away, "behind")["written_on"]
    assert fresh.away.control_json("recover", "--apply")["done"]["applied"]
    for number in after:
        until(lambda number=number: timeline(fresh.away, number) == timeline(fresh.home, number))
    assert not [line for line in fresh.home.events("batch_refused") if line["problem"] in ("sequence-reused", "untrusted")]
    work(fresh, 2)
    assert fresh.stop() == [0, 0]


def test_a_restored_store_waits_for_its_counterparts(fresh):
    fresh.start()
    numbers = work(fresh, 2)
    assert [office.stop() for office in (fresh.away, fresh.home)] == [0, 0]
    copy = fresh.away.directory / "copy"  # the newest: nothing was recorded after it
    shutil.copytree(store_of(fresh.away), copy)
    put_back(fresh.away, copy)
    fresh.away.start()
    now = wait_state(fresh.away, "asking")
    assert [peer["answer"] for peer in now["peers"]] == ["silent"]
    assert refused(fresh.away.intake())
    assert "ledger-closed" in [finding["finding"] for finding in fresh.away.control_json("status", code=1)["findings"]]
    # with the counterpart it opens by itself, as nothing is missing
    fresh.home.start()
    until(lambda: fresh.away.intake().status == 201)
    assert standing(fresh.away)["state"] == "open"
    assert not (store_of(fresh.away) / "restored").exists()
    # whoever restores says so with a file; an operator may go on without a counterpart
    assert fresh.away.stop() == 0
    assert fresh.home.stop() == 0
    (store_of(fresh.away) / "restored").write_text("")
    fresh.away.start()
    wait_state(fresh.away, "asking")
    assert "999999" in fresh.away.control("recover", "--without", "999999", code=1)
    assert fresh.away.control_json("recover", "--without", HOME)["done"]["state"] == "open"
    until(lambda: fresh.away.intake().status == 201)
    fresh.home.start()
    fresh.home.wait_state(numbers[0], "received", pending=True)
    assert fresh.stop() == [0, 0]


def test_what_was_not_sent_yet_is_sent(fresh, tmp_path):
    """An application waits in the copy; what was written beside it is lost, and the counterpart has seen a ledger with both."""
    fresh.start()
    numbers = work(fresh, 1)
    fresh.away.control("peer", "pause", HOME)
    waiting = fresh.away.intake()
    assert waiting.status == 201, waiting
    waiting = waiting.json()["case"]
    assert fresh.home.stop() == 0  # else it is sent in the moment between start and pause
    copy = keep_copy(fresh.away)
    fresh.away.control("peer", "pause", HOME)
    fresh.home.start()
    fresh.away.case(numbers[0])  # a view is an entry
    assert fresh.home.act(numbers[0], "accept").status == 200
    fresh.away.wait_state(numbers[0], "accepted")  # the answer showed the checkpoint
    put_back(fresh.away, copy)
    fresh.away.start()
    wait_state(fresh.away, "behind")
    text = fresh.away.control("recover", "--apply")
    assert "Written again: 1 " in text, text
    fresh.home.control("queue", "retry")
    fresh.home.wait_state(waiting, "received")
    fresh.away.wait_state(waiting, "received")
    assert fresh.home.act(waiting, "accept").status == 200
    fresh.away.wait_state(waiting, "accepted")
    for office in (fresh.away, fresh.home):
        assert timeline(office, waiting) == timeline(fresh.home, waiting)
        verifies(office, waiting, tmp_path)
        assert office.control_json("verify")["done"]["difference_count"] == 0
    assert fresh.stop() == [0, 0]


def test_an_act_that_is_lost_is_named(fresh):
    """An acceptance does not leave the office; the receipt of what came after it counts it."""
    fresh.start()
    number = fresh.away.intake().json()["case"]
    fresh.away.wait_state(number, "received")
    quiet(fresh)
    copy = keep_copy(fresh.home)
    fresh.links[HOME, AWAY].cut()
    assert fresh.home.act(number, "accept").status == 200
    assert fresh.away.act(number, "withdraw", {"reason": "不办了"}, staff="0007").status == 200
    fresh.home.wait_state(number, "withdrawn")
    until(lambda: not fresh.away.window("GET", "/window/v1/office").json()["peers"][0]["unsent"])
    put_back(fresh.home, copy)
    fresh.links[HOME, AWAY].restore()
    fresh.home.start()
    wait_state(fresh.home, "behind")
    text = fresh.home.control("recover", "--apply")
    assert f"Have it recorded again (cases: 1):\n  {number}\n" in text, text
    until(lambda: timeline(fresh.home, number) == timeline(fresh.away, number))
    assert fresh.home.control_json("verify")["done"]["difference_count"] == 0
    assert fresh.stop() == [0, 0]


@pytest.mark.parametrize("whose", ["own", "counterpart"])
def test_a_key_was_changed_and_retired_since_the_copy(fresh, whose):
    fresh.start()
    office, other = fresh.away, fresh.home
    one = office if whose == "own" else other
    work(fresh, 2)
    copy = keep_copy(office)
    rotation, both = test_key_rotation.rotate(one), one.directory / "both.key"
    shutil.copy(one.directory / "ledger.key", both)
    word = ("key", "accept", one.code, "--rotation", str(rotation), "--fingerprint", test_key_rotation.one_key(one, one.code, "signs")["fingerprint"])
    fresh.other(one).control(*word)
    test_key_rotation.run("key", "retire", str(one.directory / "ledger.key"))
    assert one.stop() == 0
    one.start()
    numbers = work(fresh, 3)
    kept = {number: timeline(other, number) for number in numbers}

    put_back(office, copy)
    if whose == "own":
        with pytest.raises(AssertionError, match="key file back that has both"):
            office.start()
        office.stop()
        shutil.copy(both, office.directory / "ledger.key")
    office.start()
    if whose == "counterpart":
        said = until(lambda: (lambda text: text if "does not continue" in text else None)(office.control("recover", wait=False).communicate()[1]))
        assert "--without" in said
        office.control(*word)  # also while the ledger is closed
    wait_state(office, "behind")
    assert office.control_json("recover", "--apply")["done"]["applied"]
    other.control("queue", "retry")
    quiet(fresh)
    for number in numbers:
        until(lambda number=number: timeline(office, number) == kept[number])
    if whose == "own":
        test_key_rotation.run("key", "retire", str(office.directory / "ledger.key"))
        assert office.stop() == 0
        office.start()
    work(fresh, 2)
    assert "nothing differs" in office.control("verify")
    assert fresh.stop() == [0, 0]


@pytest.fixture
def joints():
    with test_joint.running_trio() as world:
        yield world


def recovered(world, office, copy):
    """What was done when the office goes on from an older copy with what the others have."""
    put_back(office, copy)
    office.start()
    wait_state(office, "behind")
    done = office.control_json("recover", "--apply")["done"]
    assert done["applied"], done
    for other in world.others(office):
        other.control("queue", "retry")
    return done


def test_a_joint_case_goes_on_with_the_legs_that_crossed(joints, tmp_path):
    """Legs that were opened after the copy are found by what their applications say: no office gets the same application twice."""
    office, far, near = joints.home, joints.away, joints.offices[THIRD]
    document = test_joint.open_joint(joints, "TWICE")
    number, first = document["joint"], test_joint.legs(document)["a"]
    far.wait_state(first["case"], "received")
    copy = keep_copy(office)
    test_joint.decide(joints, first)
    second = test_joint.wait_leg(joints, number, "b", "open")
    test_joint.decide(joints, second)
    third = test_joint.wait_leg(joints, number, "c", "open")
    near.wait_state(third["case"], "received")
    office.wait_state(third["case"], "received")
    def stands():
        return {name: (leg["state"], leg["case"]) for name, leg in test_joint.legs(test_joint.joint(joints, number)).items()}
    before = stands()
    there = {other: len(other.window("GET", "/window/v1/cases").json()["rows"]) for other in (far, near)}

    done = recovered(joints, office, copy)
    assert not done["sum"]["unapplied"] and not done["sum"]["differing"], done
    assert stands() == before
    test_joint.decide(joints, third)
    test_joint.wait_joint(joints, number, "granted")
    assert there == {other: len(other.window("GET", "/window/v1/cases").json()["rows"]) for other in (far, near)}
    for one in (first, second, third):
        verifies(office, one["case"], tmp_path)
    assert "nothing differs" in office.control("verify")


def test_local_legs_are_lost_and_opened_again(joints, tmp_path):
    """What never left the office has to be decided again; the leg between, which crossed, is not opened twice."""
    office, far = joints.home, joints.away
    document = test_joint.open_joint(joints, "MOVE")
    number, permit = document["joint"], test_joint.legs(document)["permit"]
    copy = keep_copy(office)
    test_joint.decide(joints, permit)
    out = test_joint.wait_leg(joints, number, "out", "open")
    test_joint.decide(joints, out)
    lost = test_joint.wait_leg(joints, number, "in", "open")["case"]
    cases = len(far.window("GET", "/window/v1/cases").json()["rows"])

    recovered(joints, office, copy)
    found = test_joint.legs(test_joint.joint(joints, number))
    assert (found["permit"]["state"], found["out"]["state"], found["in"]["state"]) == ("open", "granted", "open")
    assert found["out"]["case"] == out["case"] and found["in"]["case"] != lost, "numbers are not given twice"
    for name in ("permit", "in"):
        test_joint.decide(joints, found[name])
    test_joint.wait_joint(joints, number, "granted")
    assert len(far.window("GET", "/window/v1/cases").json()["rows"]) == cases
    verifies(office, out["case"], tmp_path)
    assert "nothing differs" in office.control("verify")


def test_a_joint_case_withdrawn_since_the_copy_is_withdrawn_again(joints):
    """That the whole was withdrawn is lost, what it did to the legs elsewhere is not: nothing more is opened, and it can be said again."""
    office = joints.home
    document = test_joint.open_joint(joints, "FAN0")
    number, legs = document["joint"], test_joint.legs(document)
    for name in ("a", "b"):
        joints.offices[legs[name]["office"]].wait_state(legs[name]["case"], "received")
    copy = keep_copy(office)
    path = f"/window/v1/joint/{number}/withdraw"
    assert office.window("POST", path, {"reason": "搬家取消"}).status == 200
    test_joint.wait_joint(joints, number, "withdrawn")

    recovered(joints, office, copy)
    for name in ("a", "b"):
        test_joint.wait_leg(joints, number, name, "withdrawn")
    assert test_joint.legs(test_joint.joint(joints, number))["d"]["case"] is None
    assert office.window("POST", path, {"reason": "搬家取消"}).status == 200
    test_joint.wait_joint(joints, number, "withdrawn")
    assert "nothing differs" in office.control("verify")
