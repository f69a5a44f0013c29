"""A new key for the ledger: the exchange goes on before, while and after each counterpart accepts it, and proofs verify across it."""
import json
import os
import sqlite3
import subprocess
import time

import pytest

from desk import Desk
from office import WAIT_S, World, control_path, daemon_path

TONGBANCTL = control_path()
VERIFY = control_path().with_name("tongban-verify")


def run(*words, code=0):
    done = subprocess.run([TONGBANCTL, *words], capture_output=True, text=True, check=False, timeout=30, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def control(office, *words, code=0):
    return run("--socket", f"{office.directory}/ctl", *words, code=code)


def keys(office):
    return json.loads(control(office, "--json", "key", "list"))["rows"]


def one_key(office, code, *uses):
    found = [row for row in keys(office) if row["office"] == code and row["use"] in uses]
    assert len(found) == 1, keys(office)
    return found[0]


@pytest.fixture(name="world")
def two_offices():
    world = World(proxies=True)
    try:
        yield world.start()
    finally:
        world.remove()


def rotate(office):
    """A new key, and the restart that begins to sign with it; the file for the counterparts."""
    rotation = office.directory / "rotation.note"
    run("key", "rotate", str(office.directory / "ledger.key"), "--out", str(rotation))
    assert office.stop() == 0
    office.start()
    return rotation


def passes(world):
    """One case from Rudong to Tongxiang and its answer back."""
    number = world.away.intake().json()["case"]
    world.home.wait_state(number, "received")
    assert world.home.act(number, "accept").status in (200, 201)
    world.away.wait_state(number, "accepted")
    return number


def untrusted(world):
    return [office.metric("peer_untrusted_total") for office in world.offices.values()]


def test_the_exchange_never_stops(world):
    home, away = world.home, world.away
    first = passes(world)
    before = one_key(home, home.code, "signs")
    rotation = rotate(home)
    after = one_key(home, home.code, "signs")
    assert after["vkey"] != before["vkey"] and one_key(home, home.code, "signs-too")["vkey"] == before["vkey"]
    assert after["rotation"] == rotation.read_text()
    second = passes(world)  # Rudong still pins the old key: its line stands on every checkpoint
    assert one_key(away, home.code, "pinned")["vkey"] == before["vkey"]

    shown = control(away, "key", "accept", home.code, "--rotation", str(rotation), code=1)
    assert before["fingerprint"] in shown and after["fingerprint"] in shown and "telephone" in shown
    assert one_key(away, home.code, "pinned")
    shown = control(away, "key", "accept", home.code, "--rotation", str(rotation), "--fingerprint", after["fingerprint"])
    assert one_key(away, home.code, "accepted")["vkey"] == after["vkey"]
    third = passes(world)  # at once, without a restart

    assert away.stop() == 0
    away.start()
    assert one_key(away, home.code, "accepted")["vkey"] == after["vkey"]  # the store has it
    run("key", "retire", str(home.directory / "ledger.key"))
    assert home.stop() == 0
    home.start()
    assert "signs-too" not in [row["use"] for row in keys(home)]
    fourth = passes(world)
    assert untrusted(world) == [0, 0]
    assert len({first, second, third, fourth}) == 4
    assert away.events("peer_key_accepted")[0]["peer"] == home.code


def prove(office, number, given, code=0):
    bundle = office.directory / "bundle.json"
    bundle.unlink(missing_ok=True)
    Desk(office, "0007").run("case", "proof", number, "--out", str(bundle))
    words = [word for vkey in given for word in ("--key", vkey)]
    done = subprocess.run([VERIFY, "case", *words, str(bundle)], capture_output=True, text=True, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_a_proof_verifies_across_the_rotation(world):
    home, away = world.home, world.away
    number = passes(world)
    old = {office.code: (office.directory / "ledger.vkey").read_text().strip() for office in world.offices.values()}
    prove(home, number, old.values())
    rotation = rotate(home)
    new = one_key(home, home.code, "signs")
    control(away, "key", "accept", home.code, "--rotation", str(rotation), "--fingerprint", new["fingerprint"])
    assert home.act(number, "grant", {"result": {"name": "居民身份证", "number": "TX-1"}}).status in (200, 201)
    away.wait_state(number, "granted")
    run("key", "retire", str(home.directory / "ledger.key"))
    assert home.stop() == 0
    home.start()
    passes(world)
    both = [old[home.code], new["vkey"], old[away.code]]
    for office in (home, away):  # entries of before and after, under checkpoints of before and after
        prove(office, number, both)
    prove(home, number, [old[away.code], old[home.code]], code=1)  # the new key was not given


def test_who_did_not_accept_takes_nothing_after_the_old_key_is_gone(world):
    rotate(world.home)
    passes(world)
    run("key", "retire", str(world.home.directory / "ledger.key"))
    assert world.home.stop() == 0
    world.home.start()
    world.away.intake()
    end = time.monotonic() + WAIT_S
    while not world.away.metric("peer_untrusted_total") and time.monotonic() < end:
        time.sleep(0.1)
    assert world.away.metric("peer_untrusted_total")


def rotations(office):
    """Entries of the ledger of an office that does not run."""
    with sqlite3.connect(office.directory / "data" / "office.db") as db:
        entries = [json.loads(row[0]) for row in db.execute("SELECT line FROM entry ORDER BY idx")]
    return [entry for entry in entries if entry["type"] == "ledger.key_rotated"]


def test_the_rotation_is_an_entry_signed_by_both(world):
    home = world.home
    rotation = rotate(home)
    lines = rotation.read_text().split("\n")
    assert lines[0] == "tongban ledger key rotation" and lines[1] == f"tongban/{home.code}"
    assert len([line for line in lines if line.startswith(f"— tongban/{home.code} ")]) == 2
    home.stop()
    found = rotations(home)
    assert len(found) == 1 and found[0]["body"]["rotation"] == rotation.read_text()
    assert [found[0]["body"]["from"], found[0]["body"]["to"]] == lines[2:4]
    home.start()
    home.stop()
    assert len(rotations(home)) == 1  # a further start says it no second time


def test_what_is_no_rotation_of_the_pinned_key_is_refused(world, tmp_path):
    home, away = world.home, world.away
    rotation = rotate(home)
    text = rotation.read_text()
    fingerprint = one_key(home, home.code, "signs")["fingerprint"]
    lines = text.split("\n")
    stranger = tmp_path / "stranger.key"
    subprocess.run([daemon_path(), "--make-ledger-key", f"tongban/{home.code}", stranger], check=True, capture_output=True)
    run("key", "rotate", str(stranger), "--out", str(tmp_path / "stranger.note"))
    bad = {
        "stranger": (tmp_path / "stranger.note").read_text(),  # well signed, by a key that nobody pinned
        "one signature": "\n".join(lines[:6] + [""]),
        "the other signature": "\n".join(lines[:5] + lines[6:]),
        "other key": text.replace(lines[3], lines[2]),
        "changed": text.replace("rotation", "rotatiom", 1),
        "more text": text.replace(lines[3], lines[3] + "\nmore"),
        "garbage": "garbage",
        "empty": "",
        "long": text + "x" * 4000,
    }
    for name, content in bad.items():
        (tmp_path / "bad.note").write_text(content)
        done = subprocess.run([TONGBANCTL, "--socket", f"{away.directory}/ctl", "key", "accept", home.code, "--rotation", tmp_path / "bad.note",
                               "--fingerprint", fingerprint], capture_output=True, text=True, check=False)
        assert done.returncode not in (0,), (name, done)
    (tmp_path / "bad.note").write_bytes(os.urandom(500))
    assert "cannot be read as a text" in control(away, "key", "accept", home.code, "--rotation", str(tmp_path / "bad.note"), code=2)
    wrong = control(away, "key", "accept", home.code, "--rotation", str(rotation), "--fingerprint", "0" * 64, code=3)
    assert "do not accept it" in wrong
    assert "no counterpart" in control(away, "key", "accept", "330503", "--rotation", str(rotation), "--fingerprint", fingerprint, code=1)
    assert one_key(away, home.code, "pinned")
    passes(world)


def test_key_files(world, tmp_path):
    home = world.home
    key = home.directory / "ledger.key"
    before = key.read_bytes()
    (tmp_path / "there").write_text("x")
    assert "there already" in run("key", "rotate", str(key), "--out", str(tmp_path / "there"), code=2)
    assert key.read_bytes() == before
    assert "no key of before" in run("key", "retire", str(key), code=2)
    run("key", "rotate", str(key), "--out", str(tmp_path / "note"))
    assert key.stat().st_mode & 0o777 == 0o600 and key.read_bytes().endswith(before)
    assert "under way" in run("key", "rotate", str(key), "--out", str(tmp_path / "note2"), code=2)
    key.chmod(0o644)  # a new key would be as little of a secret
    assert "everybody may read" in run("key", "retire", str(key), code=2)
    key.chmod(0o600)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(os.urandom(200))
    garbage.chmod(0o600)
    assert "not the file" in run("key", "rotate", str(garbage), "--out", str(tmp_path / "note3"), code=2)
    # a key that was put there without the one of before is no rotation: the daemon does not start
    home.stop()
    key.write_bytes(key.read_bytes().split(b"\n")[0] + b"\n")
    process = home.start(wait=False).process
    assert process.wait(20) != 0
    home.process = None
    key.write_bytes(before)
    home.start()
