"""Backups of real offices: under load, by night, interrupted, on a full disk, with a damaged material; and the drill of restoring one."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

from office import application, daemon_path

WAIT_S = 30
PDF = b"%PDF-1.7\n"


def until(test, seconds=WAIT_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.fixture(name="place")
def backup_place(fresh):
    directory = fresh.directory / "backups"
    directory.mkdir()
    return directory


def configure(office, place, more=""):
    office.admission(staff_per_s=100000)
    with open(office.config, "a", encoding="utf-8") as file:
        file.write(f"backup: {{directory: {place}{more}}}\n")


def backups(place):
    return sorted(path for path in place.iterdir() if not path.name.startswith("."))


def manifest(path):
    return json.loads((path / "manifest.json").read_text())


def program(office, *words, code=0):
    done = subprocess.run([daemon_path(), *map(str, words), "--config", str(office.config)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def material(number, size=3000):
    return PDF + hashlib.sha256(str(number).encode()).hexdigest().encode() * (size // 64)


def with_material(office, number):
    digest = office.upload(material(number))
    return office.intake(materials=[{"name": "户口簿", "form": "copy", "sha256": digest}]).json()["case"], digest


def material_path(base, digest):
    return base / "materials" / digest[:2] / digest


class Load(threading.Thread):
    """Intakes one after the other, each timed."""

    def __init__(self, office):
        super().__init__(daemon=True)
        self.office, self.times, self.ended, self.cases = office, [], False, []

    def run(self):
        connection = self.office.connect_window()
        document = application(self.office.world.other(self.office).code)
        while not self.ended:
            began = time.monotonic()
            answer = self.office.window("POST", "/window/v1/cases", document, connection=connection)
            self.times.append((began, time.monotonic() - began))
            assert answer.status == 201, answer
            self.cases.append(answer.json()["case"])
        connection.close()


def p99(times):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def test_a_backup_under_load_is_consistent_and_restores(fresh, place):
    """The drill: what the backup has is there again, the counterpart goes on with the restored office, and nothing differs."""
    configure(fresh.away, place, ", bytes_per_second: 4000000")
    fresh.start()
    fresh.away.control("backup")  # the night's, so that none comes by itself
    cases = [with_material(fresh.away, number)[0] for number in range(20)]
    for _ in range(300):
        fresh.away.intake(forward=False)
    load = Load(fresh.away)
    load.start()
    time.sleep(2)
    began = time.monotonic()
    done = fresh.away.control_json("backup")["done"]
    ended = time.monotonic()
    time.sleep(0.5)
    load.ended = True
    load.join(WAIT_S)
    before = [took for at, took in load.times if at < began]
    during = [took for at, took in load.times if began <= at < ended]
    print(f"\nintake p99 before {p99(before) * 1000:.1f} ms ({len(before)}), during a backup of {ended - began:.1f} s "
          f"{p99(during) * 1000:.1f} ms ({len(during)})")
    assert len(during) > 5 and p99(during) < max(10 * p99(before), 0.5)
    assert done["fault_count"] == 0 and done["materials"] == 20 and done["ledger_size"] > 300
    path = pathlib.Path(done["path"])
    said = manifest(path)
    assert said["office"] == fresh.away.code and said["cases"] == done["cases"] and said["ledger"]["size"] == done["ledger_size"]
    assert said["ledger"]["checkpoint"].startswith(f"tongban/{fresh.away.code}\n{done['ledger_size']}\n")
    assert len((path / "materials.list").read_text().splitlines()) == 20
    assert "whole" in program(fresh.away, "--verify", path)
    assert fresh.away.events("backup_made")

    # nothing happens any more; a second backup has all of it, and takes no room for the materials again
    for case in cases + load.cases[-1:]:
        fresh.home.wait_state(case, "received")
        fresh.away.wait_state(case, "received")
    last = fresh.away.control_json("backup")["done"]
    assert last["linked"] == 20 and last["ledger_size"] > done["ledger_size"]
    path = pathlib.Path(last["path"])
    assert "tongband has the store" in program(fresh.away, "--restore", path, "--force", code=1)
    assert fresh.away.stop() == 0
    old = fresh.away.directory / "data"
    (old / "of-another-office").mkdir()
    assert "--force" in program(fresh.away, "--restore", path, code=1)
    assert "restored" in program(fresh.away, "--restore", path, "--force")
    aside = next(old.glob("before-*"))
    assert (old / "of-another-office").exists() and (aside / "office.db").exists() and not (old / "restoring").exists()
    mark = json.loads((old / "restored").read_text())
    assert mark["ledger_size"] == last["ledger_size"] and set(mark) == {"time", "ledger_size", "restored_at"}
    fresh.away.start()
    until(lambda: fresh.away.intake().status == 201)
    number = fresh.away.intake().json()["case"]
    fresh.home.wait_state(number, "received")
    assert fresh.home.act(cases[0], "accept").status == 200
    fresh.away.wait_state(cases[0], "accepted")
    digest = hashlib.sha256(material(3)).hexdigest()
    assert fresh.away.window("GET", f"/window/v1/materials/{digest}").body == material(3)


def test_a_nightly_backup_keeps_the_newest(fresh, place):
    configure(fresh.away, place, ", keep: 2")
    fresh.start()
    fresh.away.intake()
    until(lambda: fresh.away.events("backup_made"))  # no backup was there: the night is made up for
    status = json.loads(fresh.away.control("--json", "status", wait=False).communicate(timeout=60)[0])
    assert "backup-old" not in {one["finding"] for one in status["findings"]}
    first = backups(place)
    assert len(first) == 1 and manifest(first[0])["materials"]["faults"] == 0
    for _ in range(3):
        fresh.away.control("backup")
    assert len(backups(place)) == 2 and first[0] not in backups(place)


def test_no_backup_is_found_out(fresh, place):
    shutil.rmtree(place)  # the disk for backups is away: the office serves all the same, and says so
    configure(fresh.away, place)
    fresh.start()
    until(lambda: fresh.away.events("backup_failed"))
    status = json.loads(fresh.away.control("--json", "status", wait=False).communicate(timeout=60)[0])
    assert {"backup-old", "backup-failed"} <= {one["finding"] for one in status["findings"]}
    assert fresh.away.intake().status == 201
    assert "no directory" in fresh.home.control("backup", code=1)


def test_kill_during_a_backup_leaves_nothing_that_looks_whole(fresh, place):
    fresh.away.admission(staff_per_s=100000)
    fresh.start()
    for _ in range(200):
        fresh.away.intake(forward=False)
    fresh.away.kill()
    configure(fresh.away, place, ", bytes_per_second: 100000")
    fresh.away.start()
    asking = fresh.away.control("backup", "--out", str(place), wait=False)
    until(lambda: list(place.glob(".partial-*/office.db")))
    time.sleep(0.5)
    fresh.away.kill()
    asking.communicate(timeout=WAIT_S)
    assert asking.returncode != 0 and not backups(place) and list(place.glob(".partial-*"))
    fresh.away.edit("bytes_per_second: 100000", "bytes_per_second: 0")
    fresh.away.start()
    fresh.away.control("backup")
    until(lambda: not list(place.glob(".partial-*")))
    assert "whole" in program(fresh.away, "--verify", backups(place)[0])


def test_an_asker_who_leaves_and_a_stop_end_a_backup(fresh, place):
    fresh.away.admission(staff_per_s=100000)
    fresh.start()
    for _ in range(200):
        fresh.away.intake(forward=False)
    assert fresh.away.stop() == 0
    configure(fresh.away, place, ", bytes_per_second: 50000")
    fresh.away.start()
    asking = fresh.away.control("backup", "--out", str(place), wait=False)
    until(lambda: list(place.glob(".partial-*/office.db")))
    assert "under way" in fresh.away.control("backup", code=3)
    assert fresh.away.stop() == 0
    asking.communicate(timeout=WAIT_S)
    assert not list(place.iterdir())


def test_a_full_disk_for_backups_harms_the_office_not(fresh, place):
    fresh.start()
    for _ in range(60):
        fresh.away.intake(forward=False)
    if os.geteuid():
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no right to mount")
    try:
        said = fresh.away.control("backup", "--out", str(place), code=3)
        assert "no space left" in said, said
        assert not list(place.iterdir())
        assert fresh.away.events("backup_failed")
        assert fresh.away.intake().status == 201
    finally:
        subprocess.run(["umount", str(place)], check=True)
    fresh.away.control("backup", "--out", str(place))
    assert len(backups(place)) == 1


def test_a_damaged_material_is_named_and_the_rest_is_backed_up(fresh, place):
    fresh.start()
    digests = [with_material(fresh.away, number)[1] for number in range(4)]
    data = fresh.away.directory / "data"
    os.chmod(material_path(data, digests[0]), 0o600)
    material_path(data, digests[0]).write_bytes(material(99))
    material_path(data, digests[1]).unlink()
    said = fresh.away.control("backup", "--out", str(place), code=1)
    assert f"{digests[0]} damaged" in said and f"{digests[1]} missing" in said
    path = backups(place)[0]
    assert manifest(path)["materials"]["count"] == 2 and manifest(path)["materials"]["faults"] == 2
    assert not material_path(path, digests[0]).exists() and material_path(path, digests[2]).exists()
    assert "not whole" in program(fresh.away, "--verify", path, code=1)


def test_a_material_that_was_damaged_since_comes_from_the_backup_before(fresh, place):
    fresh.start()
    digest = with_material(fresh.away, 1)[1]
    fresh.away.control("backup", "--out", str(place))
    path = material_path(fresh.away.directory / "data", digest)
    os.chmod(path, 0o600)
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-1] + b"x")
    assert "taken from the one before" in fresh.away.control("backup", "--out", str(place), code=1)
    assert hashlib.sha256(material_path(backups(place)[1], digest).read_bytes()).hexdigest() == digest


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))


@pytest.mark.parametrize("harm", ["database", "list", "material", "manifest", "office", "newer"])
def test_a_damaged_backup_is_not_restored(fresh, place, harm):
    fresh.start()
    digest = with_material(fresh.away, 1)[1]
    fresh.away.control("backup", "--out", str(place))
    assert fresh.away.stop() == 0
    path = backups(place)[0]
    if harm == "database":
        flip(path / "office.db", 20000)
    elif harm == "list":
        flip(path / "materials.list", 3)
    elif harm == "material":
        material_path(path, digest).unlink()
    elif harm == "manifest":
        (path / "manifest.json").unlink()
    elif harm == "newer":
        (path / "manifest.json").write_text(re.sub(r'"schema": \d+', '"schema": 999', (path / "manifest.json").read_text()))
    office = fresh.home if harm == "office" else fresh.away
    if harm == "office":
        assert office.stop() == 0
    database = next((office.directory / "data").glob("*.db")).read_bytes()
    said = program(office, "--verify", path, code=1)
    words = {"database": "manifest says", "list": "manifest says", "material": "not there", "manifest": "no backup", "office": "of office",
             "newer": "use the newer program"}
    assert words[harm] in said, said
    if harm != "material":  # what can be restored of it is; the rest is told
        program(office, "--restore", path, "--force", code=1)
        assert next((office.directory / "data").glob("*.db")).read_bytes() == database
    fresh.home.process or fresh.home.start()


def test_a_restore_that_was_interrupted_is_done_again(fresh, place):
    fresh.start()
    with_material(fresh.away, 1)
    fresh.away.control("backup", "--out", str(place))
    assert fresh.away.stop() == 0
    data = fresh.away.directory / "data"
    shutil.rmtree(data)
    (data / "restoring").mkdir(parents=True)
    assert "interrupted" in program(fresh.away, code=1)
    program(fresh.away, "--restore", backups(place)[0])
    with sqlite3.connect(data / "office.db") as db:
        assert db.execute("SELECT count(*) FROM cases").fetchone() == (1,)
    fresh.away.start()
    assert fresh.away.intake().problem() == "ledger-behind"  # the counterpart has seen more than the backup holds

    def recovered():
        process = fresh.away.control("--json", "recover", "--apply", wait=False)
        return '"state": "open"' in process.communicate(timeout=60)[0]
    until(recovered)
    until(lambda: fresh.away.intake().status == 201)


KILLED_AT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int left = -1;
static void step(void)
{
    if (left < 0)
        left = atoi(getenv("KILLED_AT"));
    if (left-- == 0)
        kill(getpid(), SIGKILL);
}
int rename(const char *from, const char *to) { step(); return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to); }
int mkdir(const char *path, mode_t mode) { step(); return ((int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir"))(path, mode); }
int rmdir(const char *path) { step(); return ((int (*)(const char *))dlsym(RTLD_NEXT, "rmdir"))(path); }
int fsync(int fd) { step(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
"""


def test_a_restore_killed_at_every_step(fresh, place, tmp_path):
    """Over a store that a kill left with its newest entries in the write-ahead log: at no moment does a daemon find a part of it, or nothing."""
    fresh.start()
    with_material(fresh.away, 1)
    fresh.away.control("backup", "--out", str(place))
    with_material(fresh.away, 2)
    fresh.away.kill()
    backup, data, kept = backups(place)[0], fresh.away.directory / "data", tmp_path / "kept"
    assert (data / "office.db-wal").stat().st_size
    shutil.copytree(data, kept)
    (tmp_path / "step.c").write_text(KILLED_AT)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "step.so", tmp_path / "step.c"], check=True)

    def whole():
        files = {path.name: path.read_bytes() for path in data.glob("office.db*")}
        before = {path.name: path.read_bytes() for path in kept.glob("office.db*")}
        old = files == before and (data / "materials").exists() and not (data / "restored").exists()
        return old or ((data / "restored").exists() and files == {"office.db": (backup / "office.db").read_bytes()})

    # the address sanitizer wants to be the first library of all, which here the one that kills is
    sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    for step in range(200):
        shutil.rmtree(data)
        shutil.copytree(kept, data)
        done = subprocess.run([daemon_path(), "--restore", backup, "--force", "--config", fresh.away.config], capture_output=True, timeout=60,
                              env={**os.environ, "LD_PRELOAD": str(tmp_path / "step.so"), "KILLED_AT": str(step), "ASAN_OPTIONS": sanitizer},
                              check=False)
        if not done.returncode:
            break
        assert done.returncode == -9, done
        assert (data / "restoring").exists() or whole(), (step, sorted(path.name for path in data.iterdir()))
        program(fresh.away, "--restore", backup, "--force")
        assert whole() and not (data / "restoring").exists()
    assert 10 < step < 199


# ---- verify ----

def differences(office, *words, code=1):
    """What the running office finds out about itself."""
    done = office.control_json("verify", *words, code=code)["done"]
    assert done["difference_count"] == len(done["differences"])
    return [(row["difference"], row["where"], row["detail"]) for row in done["differences"]]


def busy(world):
    """Two offices with something in every table: cases of each state, materials, a delegated step."""
    world.start()
    numbers = [with_material(world.away, number)[0] for number in range(3)]
    for number in numbers:
        world.home.wait_state(number, "received")
    assert world.home.act(numbers[0], "accept").status == 200
    world.away.wait_state(numbers[0], "accepted")
    return numbers


def test_a_sound_office_differs_in_nothing(fresh, place):
    busy(fresh)
    for office in fresh.offices.values():
        done = office.control_json("verify")["done"]
        assert done["difference_count"] == 0 and done["entries"] > 5 and done["cases"] == 3 and done["materials"] == 3, done
        assert done["messages"] >= 3 and done["receipts"] >= 1 and done["checkpoints"] >= 1
        assert "nothing differs" in office.control("verify")
    fresh.away.control("backup", "--out", str(place))
    path = backups(place)[0]
    assert "nothing differs" in fresh.away.control("verify", "--backup", str(path))
    material_path(path, hashlib.sha256(material(1)).hexdigest()).unlink()
    assert differences(fresh.away, "--backup", str(path)) == [("material-missing", hashlib.sha256(material(1)).hexdigest(), "")]


DAMAGES = {
    "row": ("UPDATE cases SET local_state = 0, state = 0 WHERE case_no = :case", "row"),
    "line": ("UPDATE entry SET line = CAST(replace(CAST(line AS TEXT), '张三', '李四') AS BLOB) WHERE idx = (SELECT min(idx) FROM entry "
             "WHERE instr(CAST(line AS TEXT), '张三'))", "ledger-line"),
    "tree": ("UPDATE entry SET hashes = CAST(substr(hashes, 1, 32) || zeroblob(length(hashes) - 32) AS BLOB) WHERE idx = 1", "ledger-tree"),
    "checkpoint": ("UPDATE checkpoint SET note = replace(note, '— tongban', '— tongbam') WHERE size = (SELECT min(size) FROM checkpoint)",
                   "checkpoint"),
    "message": ("UPDATE inbox SET line = CAST(replace(CAST(line AS TEXT), 'case.', 'care.') AS BLOB) WHERE key = (SELECT max(key) FROM inbox)", "message"),
    "message lost": ("DELETE FROM inbox WHERE key = (SELECT max(key) FROM inbox)", "message"),
    "receipt": ("UPDATE receipt SET line = CAST(line || ' ' AS BLOB) WHERE key = (SELECT max(key) FROM receipt)", "receipt"),
    "tally": ("UPDATE peer SET received_hash = randomblob(32)", "tally"),
    "event": ("DELETE FROM event WHERE id = (SELECT max(id) FROM event)", "row"),
}


@pytest.mark.parametrize("harm", DAMAGES)
def test_each_damage_is_found(fresh, place, harm):
    numbers = busy(fresh)
    for _ in range(110):  # the start looks at the last hundred entries again
        fresh.away.intake(forward=False)
    assert fresh.away.stop() == 0
    sql, wanted = DAMAGES[harm]
    with sqlite3.connect(fresh.away.directory / "data" / "office.db") as db:
        db.execute("PRAGMA foreign_keys = OFF")
        assert db.execute(sql, {"case": numbers[1]} if ":case" in sql else {}).rowcount == 1
    db.close()
    fresh.away.start()
    found = differences(fresh.away)
    assert wanted in {kind for kind, _, _ in found}, found
    said = fresh.away.control("verify", code=1)
    assert "do: " in said and max(len(line.encode("gb18030")) for line in said.splitlines()) < 250


def test_damaged_materials_are_found(fresh):
    busy(fresh)
    names = [hashlib.sha256(material(number)).hexdigest() for number in range(3)]
    data = fresh.away.directory / "data"
    os.chmod(material_path(data, names[0]), 0o600)
    flip(material_path(data, names[0]), 100)
    material_path(data, names[1]).unlink()
    assert sorted(differences(fresh.away)) == sorted([("material-damaged", names[0], ""), ("material-missing", names[1], "")])


def test_across_a_new_ledger_key(fresh, place):
    """What was signed with the key of before still verifies, and a backup from before the rotation can be restored."""
    busy(fresh)
    fresh.away.control("backup", "--out", str(place))
    rotation = fresh.away.directory / "rotation.note"
    assert fresh.away.stop() == 0
    fresh.away.control("key", "rotate", str(fresh.away.directory / "ledger.key"), "--out", str(rotation))
    fresh.away.start()
    key = next(row for row in fresh.away.control_json("key", "list")["rows"] if row["use"] == "signs")
    fresh.home.control("key", "accept", fresh.away.code, "--rotation", str(rotation), "--fingerprint", key["fingerprint"])
    fresh.home.wait_state(fresh.away.intake().json()["case"], "received")
    for office in fresh.offices.values():
        assert "nothing differs" in office.control("verify")
    fresh.away.control("backup", "--out", str(place))
    before, after = backups(place)
    for path in (before, after):
        assert "whole" in program(fresh.away, "--verify", path)
    assert fresh.away.stop() == 0
    program(fresh.away, "--restore", before, "--force")


def reseal(backup):
    """The manifest of a database that was changed: not the file's hash is to find it."""
    told = manifest(backup)
    told["database"]["sha256"] = hashlib.sha256((backup / "office.db").read_bytes()).hexdigest()
    (backup / "manifest.json").chmod(0o600)
    (backup / "manifest.json").write_text(json.dumps(told))


def recovered_from(office, backup):
    """The office after a restore of the backup and its recovery."""
    assert office.stop() == 0
    program(office, "--restore", backup, "--force")
    office.start()
    until(lambda: "ledger-behind" in [row["finding"] for row in json.loads(office.control("--json", "status", wait=False).communicate()[0])["findings"]])
    assert office.control_json("recover", "--apply")["done"]["applied"]


def test_a_recovered_office_is_backed_up(fresh, place):
    """Lines came back, those beside them are lost: the tree of such a ledger is checked from what the counterpart gave back of it, twice over."""
    fresh.start()
    numbers = []

    def work():
        numbers.append(with_material(fresh.away, len(numbers))[0])
        fresh.away.case(numbers[-1])  # an entry that nobody else has
        fresh.home.wait_state(numbers[-1], "received")
        numbers.append(with_material(fresh.away, len(numbers))[0])
        fresh.home.wait_state(numbers[-1], "received")
        fresh.away.wait_state(numbers[-1], "received")

    def back_up():
        fresh.away.control("backup", "--out", str(place))
        return backups(place)[-1]
    work()
    for _ in range(2):
        backup = back_up()
        work()
        recovered_from(fresh.away, backup)
        for number in numbers:
            fresh.away.wait_state(number, "received")
        work()
    backup = back_up()
    assert "nothing differs" in fresh.away.control("verify", "--backup", str(backup))
    with sqlite3.connect(backup / "office.db") as db:
        (first, until_), *_ = db.execute("SELECT first, until FROM ledger_gap").fetchall()
        lone = [idx for idx, in db.execute("SELECT idx FROM entry WHERE idx >= ? AND idx < ?", (first, until_))]
        size, = db.execute("SELECT max(idx) + 1 FROM entry").fetchone()
    assert 0 < len(lone) < until_ - first and manifest(backup)["ledger"]["size"] == size
    line = "UPDATE entry SET line = CAST(line || ' ' AS BLOB) WHERE idx = "
    for sql, where in ((line + str(first - 1), f"at entry {first - 1}"), (line + str(lone[0]), f"at entry {lone[0]}"),
                       (line + str(size - 1), f"at entry {size - 1}"), ("UPDATE ledger_node SET hash = zeroblob(32)", f"at entry {first}")):
        copy = place.parent / "damaged"
        shutil.copytree(backup, copy)
        with sqlite3.connect(copy / "office.db") as db:
            db.execute(sql)
        reseal(copy)
        assert where in program(fresh.away, "--verify", copy, code=1), sql
        shutil.rmtree(copy)
    assert fresh.stop() == [0, 0]
