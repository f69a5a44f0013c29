"""`tongbanctl recover --apply`, and the daemon killed at every step of it: it goes on as if it had not begun, or as if it had ended."""
import json
import os
import sqlite3
import subprocess
import time

import pytest

from test_recover import keep_copy, put_back, quiet, refused, standing, store_of, until, wait_state, work

# Once the file KILL_AT is there, counts what the process does to the store and every connection that it begins, and kills it before that
# step which the file names.  Of pieces that are written one after another to the write-ahead log or its index, the first counts and every
# 32nd.
STEPS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_int done;

static void step(const char *what)
{
    char text[16] = "";
    int fd = open(getenv("KILL_AT"), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return;
    int now = atomic_fetch_add(&done, 1), at = atoi(text);
    if (now > at)
        return;
    fd = open(getenv("KILL_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dprintf(fd, "%d %s\n", now, what);
    close(fd);
    if (now == at)
        kill(getpid(), SIGKILL);
}

/* Of a file of the store. */
static void written(int fd, const char *what)
{
    char link[40], path[1000];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got <= 0)
        return;
    path[got] = '\0';
    const char *name = strrchr(path, '/');
    if (strncmp(path, getenv("KILL_STORE"), strlen(getenv("KILL_STORE"))) != 0 || !name)
        return;
    static _Thread_local char said[100];
    static _Thread_local unsigned frames;
    char now[100];
    snprintf(now, sizeof now, "%s %s", what, name + 1);
    if (!strcmp(what, "write") && !strcmp(said, now) && !strncmp(name, "/office.db-", 11) && ++frames % 32)
        return;
    strcpy(said, now);
    step(said);
}

#define NEXT(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)
ssize_t write(int fd, const void *from, size_t n) { written(fd, "write"); return NEXT(write, fd, from, n); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { written(fd, "write"); return NEXT(pwrite, fd, from, n, at); }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) { written(fd, "write"); return NEXT(pwrite64, fd, from, n, at); }
int ftruncate(int fd, off_t n) { written(fd, "truncate"); return NEXT(ftruncate, fd, n); }
int ftruncate64(int fd, off64_t n) { written(fd, "truncate"); return NEXT(ftruncate64, fd, n); }
int fsync(int fd) { written(fd, "sync"); return NEXT(fsync, fd); }
int fdatasync(int fd) { written(fd, "sync"); return NEXT(fdatasync, fd); }
int unlink(const char *path) { step("unlink"); return NEXT(unlink, path); }
int rename(const char *from, const char *to) { step("rename"); return NEXT(rename, from, to); }
int connect(int fd, const struct sockaddr *to, socklen_t n) { if (to->sa_family == AF_INET) step("connect"); return NEXT(connect, fd, to, n); }
"""


@pytest.fixture(name="victim")
def victim_of(fresh, tmp_path, monkeypatch):
    """The office that is killed, and what was done to it."""
    (tmp_path / "steps.c").write_text(STEPS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "steps.so", tmp_path / "steps.c"], check=True)
    return Victim(fresh.away, tmp_path, monkeypatch)


class Victim:
    def __init__(self, office, place, monkeypatch):
        self.office, self.place, self.monkeypatch = office, place, monkeypatch
        self.at, self.log = place / "kill-at", place / "steps"

    def start(self, step=None):
        """A daemon that can be told to die, or dies before its first step, second …"""
        # the address sanitizer wants to be the first library of all, which here the one that kills is
        sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.at.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        if step is not None:
            self.die_at(step)
        with self.monkeypatch.context() as patch:
            for name, value in (("LD_PRELOAD", self.place / "steps.so"), ("KILL_AT", self.at), ("KILL_LOG", self.log),
                                ("KILL_STORE", store_of(self.office)), ("ASAN_OPTIONS", sanitizer)):
                patch.setenv(name, str(value))
            self.office.start(wait=step is None)

    def die_at(self, step):
        """Counted from now on, or from the start."""
        (self.place / "next").write_text(str(step))
        (self.place / "next").rename(self.at)

    def is_dead(self):
        return self.office.process.poll() is not None

    def buried(self):
        """Whether it died; if not, it lives on."""
        self.at.unlink()
        time.sleep(0.05)
        if not self.is_dead():
            return False
        assert self.office.process.returncode == -9
        self.office.process = None
        return True

    def steps(self):
        """What it did since then."""
        return [line.split(maxsplit=1)[1] for line in self.log.read_text().splitlines()] if self.log.exists() else []


def receipts(office):
    """How far the counterpart's messages were taken, each under one receipt and none left out.  Of an office that stands."""
    with sqlite3.connect(store_of(office) / "office.db") as db:
        lines = [json.loads(bytes(line)) for line, in db.execute("SELECT line FROM entry ORDER BY idx")]
        received, sent = db.execute("SELECT received_seq, next_seq - 1 FROM peer").fetchone()
        taken = [key % (1 << 40) for key, in db.execute("SELECT key FROM inbox ORDER BY key")]
    db.close()
    given = {line["id"]: (line["body"]["first"], line["body"]["last"]) for line in lines if line["type"] == "receipt"}
    numbers = sorted(n for first, last in given.values() for n in range(first, last + 1))
    assert numbers == taken == list(range(1, received + 1)), (given, taken, received)
    return received, sent


def told(office):
    """What tongbanctl recover tells now: a state, "unfit" when the copy has to be restored again, None when it cannot tell yet."""
    output, _ = office.control("--json", "recover", wait=False).communicate(timeout=60)
    answer = json.loads(output) if output else {}
    if "restore the copy again" in answer.get("detail", ""):
        return "unfit"
    return answer.get("done", {}).get("state")


def differences(office):
    """What tongbanctl verify names; materials may still be on their way."""
    process = office.control("--json", "verify", wait=False)
    output, errors = process.communicate(timeout=60)
    assert output, errors
    return json.loads(output)["done"]["differences"]


def cases(office):
    """Those that both sides have to have."""
    rows = office.window("GET", "/window/v1/cases?limit=100").json()["rows"]
    assert len(rows) < 100
    return sorted(row["case"] for row in rows)


def timelines(office, numbers):
    connection = office.connect_window()
    try:
        answers = {number: office.window("GET", f"/window/v1/cases/{number}/timeline", connection=connection).json() for number in numbers}
    finally:
        connection.close()
    return {number: [(row["rev"], row["type"], row["id"], row["pending"]) for row in answer["rows"]] for number, answer in answers.items()}


def whole(world, kept):
    """Both sides tell the same of each case, know no others, verify, and have seen no second history."""
    world.home.control("queue", "retry")  # it has waited while the other was not there
    quiet(world)
    for office in (world.away, world.home):
        assert cases(office) == sorted(kept), office.code
        until(lambda office=office: timelines(office, kept) == kept)
        until(lambda office=office: not differences(office))
        assert office.metric("peer_differences_total") == 0 and office.metric("peer_contradictions_total") == 0
        assert not office.events("tallies_differ")
        assert not [line for line in office.events("batch_refused") if line["problem"] in ("ledger-fork", "sequence-reused", "untrusted")]


def one_more(world, kept):
    """A case that only the newest ledger has; its number was never given before."""
    number = world.away.intake().json()["case"]
    assert number not in kept
    world.home.wait_state(number, "received")
    world.away.wait_state(number, "received")
    quiet(world)
    kept.update(timelines(world.home, [number]))


def prepared(world):
    """An older copy of the first office's store, and what both know since."""
    office, other = world.away, world.home
    world.start()
    numbers = work(world, 3)
    copy = keep_copy(office)
    numbers += work(world, 3)
    paper = office.intake(materials=[{"name": "原居民身份证", "form": "electronic", "sha256": office.upload(b"%PDF-1.4\npaper")}]).json()["case"]
    other.wait_state(paper, "received")
    assert other.act(paper, "accept").status == 200
    office.wait_state(paper, "accepted")
    quiet(world)
    return copy, timelines(other, [*numbers, paper])


def ended(world, kept):
    """Both sides in the end, and their books."""
    whole(world, kept)
    assert world.stop() == [0, 0]
    (received, sent), (theirs, ours) = receipts(world.away), receipts(world.home)
    assert (received, sent) == (ours, theirs)


def settled(office):
    """How it stands once it has asked its counterpart."""
    return until(lambda: (lambda now: now if now["state"] != "asking" else None)(standing(office)))


def test_killed_at_every_step_of_the_recovery(fresh, victim):
    office = fresh.away
    copy, kept = prepared(fresh)
    ends = []
    for step in range(60):
        put_back(office, copy)
        victim.start()
        assert not wait_state(office, "behind")["written_on"]
        victim.die_at(step)
        said = office.control("--json", "recover", "--apply", wait=False).communicate(timeout=60)[0]
        answered = bool(said) and json.loads(said).get("done", {}).get("applied", False)
        end = time.monotonic() + 5  # what it does behind its answer
        while not victim.is_dead() and (store_of(office) / "restored").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        if not victim.buried():
            break
        done = victim.steps()
        office.start()
        now = settled(office)
        assert now["state"] in ("behind", "open"), now
        ends.append((now["state"], answered, done[-1]))
        assert now["state"] == "open" or not answered
        if now["state"] == "behind":
            assert not now["written_on"] and refused(office.intake())
            assert office.control_json("recover", "--apply")["done"]["applied"]
        else:
            until(lambda: not (store_of(office) / "restored").exists())
        whole(fresh, kept)
        one_more(fresh, kept)
    states = [state for state, _, _ in ends]
    assert 8 < len(ends) < 59 and set(states) == {"behind", "open"}, ends
    ended(fresh, kept)


def put_into(office, copy):
    """As a snapshot of the whole disk has it: the same files, so that nothing tells that their content is older."""
    assert office.stop() in (0, None)
    for path in store_of(office).glob("office.db-*"):
        path.unlink()
    with open(store_of(office) / "office.db", "r+b") as old:
        old.truncate(0)
        old.write((copy / "office.db").read_bytes())
    (store_of(office) / "restored").unlink(missing_ok=True)


@pytest.mark.parametrize("put", [put_back, put_into])
def test_killed_at_every_step_of_the_start(fresh, victim, put):
    """The start that finds an older ledger, by a sign on the disk or only by what the counterpart says."""
    office = fresh.away
    copy, kept = prepared(fresh)
    ends = []
    for step in range(60):
        put(office, copy)
        victim.start(step)
        until(lambda: victim.is_dead() or told(office) in ("behind", "forked", "unfit"))
        if not victim.buried():
            break
        done = victim.steps()
        office.start()
        state = until(lambda: (lambda now: now if now in ("behind", "forked", "unfit") else None)(told(office)))
        ends.append((state, done[-1]))
        assert refused(office.intake())
        if state != "behind":  # it had begun to write before it knew
            assert put is put_into and "restore the copy again" in office.control("recover", "--apply", code=1)
            put_back(office, copy)
            office.start()
            assert settled(office)["state"] == "behind"
        assert office.control_json("recover", "--apply")["done"]["applied"]
        whole(fresh, kept)
        one_more(fresh, kept)
    put_back(office, copy)
    office.start()
    assert settled(office)["state"] == "behind" and office.control_json("recover", "--apply")["done"]["applied"]
    assert 2 < len(ends) < 59, ends
    ended(fresh, kept)
