"""Disks that are full, read-only or lie, under real daemons: what is refused, what goes on, and what is still there afterwards."""
import http.client
import os
import shutil
import sqlite3
import ssl
import subprocess
import time

import pytest

from office import daemon_path

PDF = b"%PDF-1.7\n" + b"synthetic page\n" * 2000
DISK_MB, FLOOR_MB = 96, 24


def can_mount(directory):
    probe = directory / "probe"
    probe.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(probe)], capture_output=True, check=False)
    if done.returncode == 0:
        subprocess.run(["umount", str(probe)], check=True)
    return done.returncode == 0


@pytest.fixture
def small(fresh):
    """The window's office keeps its data on a disk of its own, of DISK_MB."""
    if os.geteuid() or not can_mount(fresh.directory):
        pytest.skip("only root with the right to mount can make a disk full")
    data = fresh.away.directory / "data"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(data)], check=True)
    fresh.away.edit(r"disk_floor_bytes: \d+", f"disk_floor_bytes: {FLOOR_MB << 20}")
    try:
        yield fresh
    finally:
        if fresh.away.process:
            fresh.away.kill()
        subprocess.run(["umount", str(data)], check=True)


def until(test, seconds=10):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.05)


def fill(office, leave_mb):
    path = office.directory / "data" / "filler"
    free = shutil.disk_usage(path.parent).free - (leave_mb << 20)
    with open(path, "ab") as file:
        while free > 0:
            try:
                free -= file.write(b"\0" * min(free, 1 << 20))
                file.flush()
            except OSError:
                break
    return path


def free(office):
    (office.directory / "data" / "filler").unlink()


def test_below_the_floor_only_intake_stops(small):
    small.start()
    first = small.away.intake().json()["case"]
    small.home.wait_state(first, "received")
    fill(small.away, FLOOR_MB // 2)
    until(lambda: small.away.events("disk_low"))
    answer = small.away.intake(key="while-full")
    assert answer.status == 503 and answer.problem() == "disk-low", answer
    # everything else goes on: looking, acting, and what the other side decides
    assert small.away.case(first).status == 200
    assert small.home.act(first, "accept").status == 200
    small.away.wait_state(first, "accepted")
    assert small.away.admin("/healthz").json()["status"] != "ok"
    free(small.away)
    until(lambda: small.away.intake(key="while-full").status == 201)
    assert len(small.away.events("disk_ok")) == 1


def test_a_disk_without_a_byte(small):
    small.start()
    numbers = [small.away.intake(key=f"k{i}").json()["case"] for i in range(5)]
    for number in numbers:
        small.home.wait_state(number, "received")
    fill(small.away, 0)
    answers = [small.away.act(number, "withdraw", {"reason": "申请人要求"}, staff="0007", key=f"w{number}") for number in numbers]
    refused = [number for number, answer in zip(numbers, answers) if answer.status != 200]
    assert refused, "the disk was not full"
    assert {answer.problem() for answer in answers if answer.status != 200} <= {"disk-low", "store-failed"}
    assert small.away.window("GET", "/window/v1/cases").status == 200
    assert small.away.process.poll() is None
    free(small.away)
    for number in refused:  # the same request, the same key, until the disk takes it
        until(lambda: small.away.act(number, "withdraw", {"reason": "申请人要求"}, staff="0007", key=f"w{number}").status == 200)
    for number in numbers:
        small.home.wait_state(number, "withdrawn")
        small.away.wait_state(number, "withdrawn")
    assert small.away.stop() == 0
    small.away.start()
    assert {row["case"] for row in small.away.window("GET", "/window/v1/cases").json()["rows"]} == set(numbers)


def test_a_read_only_disk_is_refused_at_the_start(small):
    small.start()
    number = small.away.intake().json()["case"]
    assert small.away.stop() == 0
    data = small.away.directory / "data"
    subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True)
    done = subprocess.run([daemon_path(), "--config", str(small.away.config)], capture_output=True, timeout=20, check=False)
    assert done.returncode not in (0, -6, -11) and b"read-only" in done.stderr.lower(), done.stderr[-500:]
    subprocess.run(["mount", "-o", "remount,rw", str(data)], check=True)
    small.away.start()
    assert small.away.case(number).status == 200


def database(office):
    return next((office.directory / "data").glob("*.db"))


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))


def damage_entry(office, number):
    """Turns a bit of the entry that took the case in, in the file of the stopped office."""
    path = database(office)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        line = db.execute("SELECT line FROM entry WHERE instr(line, CAST(? AS BLOB)) AND instr(line, CAST('case.submitted' AS BLOB))",
                          (number,)).fetchone()[0]
    db.close()
    flip(path, path.read_bytes().index(line) + line.index("张".encode()) + 1)


def test_a_flipped_byte_of_a_recent_entry(fresh):
    """The end of the ledger is checked at the start."""
    fresh.start()
    number = fresh.away.intake().json()["case"]
    fresh.away.wait_state(number, "received")
    assert fresh.away.stop() == 0
    damage_entry(fresh.away, number)
    done = subprocess.run([daemon_path(), "--config", str(fresh.away.config)], capture_output=True, timeout=20, check=False)
    assert done.returncode == 1 and b"ledger is damaged" in done.stderr, done.stderr


def test_a_flipped_byte_of_an_old_entry(fresh):
    """What it belongs to cannot be shown or proved any more, and says so; everything else is untouched."""
    fresh.start()
    hurt, whole, *others = (fresh.away.intake().json()["case"] for _ in range(130))  # more than the start looks at again
    fresh.away.wait_state(others[-1], "received")
    assert fresh.away.stop() == 0
    damage_entry(fresh.away, hurt)
    fresh.away.start()
    for path in (f"/window/v1/cases/{hurt}/bundle", f"/window/v1/cases/{hurt}"):
        answer = fresh.away.window("GET", path)
        assert answer.status == 500 and answer.problem() == "store-damaged", answer
    assert fresh.away.events("stored_line_damaged")
    assert fresh.away.window("GET", f"/window/v1/cases/{whole}/bundle").status == 200
    assert fresh.away.intake().status == 201


def test_a_flipped_byte_of_the_wal(fresh):
    """SQLite drops what follows a frame that does not verify: the ledger is shorter than the peer has seen, and nobody may go on
    as if it were not."""
    fresh.start()
    numbers = [fresh.away.intake().json()["case"] for _ in range(4)]
    for number in numbers:
        fresh.home.wait_state(number, "received")
    fresh.away.kill()
    wal = database(fresh.away).with_name(database(fresh.away).name + "-wal")
    flip(wal, wal.stat().st_size // 2)
    fresh.away.start()
    until(lambda: [e for e in fresh.away.events("exchange_failed") + fresh.home.events("exchange_failed") if e["level"] == "err"], 20)
    assert fresh.away.process.poll() is None and fresh.home.process.poll() is None
    # what was acknowledged is still where it was delivered
    for number in numbers:
        assert fresh.home.case(number, "0101").status == 200


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone"])
def test_a_material_that_the_disk_lost(fresh, harm):
    fresh.start()
    digest = fresh.away.upload(PDF)
    path = next((fresh.away.directory / "data").rglob(digest))
    os.chmod(path, 0o600)
    if harm == "flipped":
        flip(path, 5000)
    elif harm == "cut":
        os.truncate(path, 5000)
    else:
        path.unlink()
    answer = fresh.away.window("GET", f"/window/v1/materials/{digest}")
    if harm == "gone":
        assert answer.status == 404, answer
    else:
        assert answer.status == 500 and answer.problem() == "store-damaged", answer
        assert fresh.away.events("material_damaged")[0]["material"] == digest
    # nor does the counterpart take it for what it is called
    number = fresh.away.intake(materials=[{"name": "户口簿", "form": "copy", "sha256": digest}]).json()["case"]
    until(lambda: fresh.away.events("material_failed"), 20)
    assert fresh.home.window("GET", f"/window/v1/materials/{digest}", staff="0101").status == 404
    assert fresh.home.case(number, "0101").json()["state"] != "received"


def test_a_large_material_that_is_damaged_never_comes_whole(fresh):
    """Its first blocks are out before the last one shows the damage: the connection breaks instead of ending well."""
    fresh.start()
    content = PDF + os.urandom(3 << 20)
    digest = fresh.away.upload(content)
    path = next((fresh.away.directory / "data").rglob(digest))
    os.chmod(path, 0o600)
    flip(path, len(content) - 5)
    with pytest.raises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
        fresh.away.window("GET", f"/window/v1/materials/{digest}")
    assert fresh.away.events("material_damaged")
