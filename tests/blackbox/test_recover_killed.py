"""`tongbanctl recover --apply`, and the daemon killed at every step of it: it goes on as if it had not begun, or as if it had ended."""
import json
import os
import shutil
import sqlite3
import subprocess
import time

import pytest

from test_recover import keep_copy, put_back, quiet, refused, standing, store_of, timeline, until, wait_state, work

# Once the file KILL_AT is there, counts what the process does to the store and every connection that it begins, and kills it before that
# step which the file names.  Of what is written to the write-ahead log before it is synced, the first and every 32nd piece counts.
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
    if (!strcmp(what, "write") && !strcmp(said, now) && !strcmp(name, "/office.db-wal") && ++frames % 32)
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

    def start(self):
        """A daemon that can be told to die."""
        # the address sanitizer wants to be the first library of all, which here the one that kills is
        sanitizer = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.at.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        with self.monkeypatch.context() as patch:
            for name, value in (("LD_PRELOAD", self.place / "steps.so"), ("KILL_AT", self.at), ("KILL_LOG", self.log),
                                ("KILL_STORE", store_of(self.office)), ("ASAN_OPTIONS", sanitizer)):
                patch.setenv(name, str(value))
            self.office.start()

    def die_at(self, step):
        """Counted from now on."""
        (self.place / "next").write_text(str(step))
        (self.place / "next").rename(self.at)

    def is_dead(self):
        return self.office.process.poll() is not None

    def bury(self):
        assert self.office.process.returncode == -9
        self.office.process = None

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


def whole(world, kept):
    """Both sides tell the same of each case, know no others, verify, and have seen no second history."""
    quiet(world)
    for office in (world.away, world.home):
        assert cases(office) == sorted(kept), office.code
        for number in kept:
            until(lambda office=office, number=number: timeline(office, number) == kept[number] or None)
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
    kept[number] = timeline(world.home, number)


def test_killed_at_every_step_of_the_recovery(fresh, victim):
    office, other = fresh.away, fresh.home
    fresh.start()
    numbers = work(fresh, 3)
    copy = keep_copy(office)
    numbers += work(fresh, 3)
    paper = office.intake(materials=[{"name": "原居民身份证", "form": "electronic", "sha256": office.upload(b"%PDF-1.4\npaper")}]).json()["case"]
    other.wait_state(paper, "received")
    assert other.act(paper, "accept").status == 200
    office.wait_state(paper, "accepted")
    quiet(fresh)
    kept = {number: timeline(other, number) for number in [*numbers, paper]}
    ends = []
    for step in range(60):
        put_back(office, copy)
        victim.start()
        assert not wait_state(office, "behind")["written_on"]
        victim.die_at(step)
        said = office.control("--json", "recover", "--apply", wait=False).communicate(timeout=60)[0]
        answered = bool(said) and json.loads(said).get("done", {}).get("applied", False)
        time.sleep(0.3)  # what it does behind its answer
        if not victim.is_dead():
            break
        done = victim.steps()
        victim.bury()
        office.start()
        now = until(lambda: (lambda now: now if now["state"] != "asking" else None)(standing(office)))
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
    victim.at.unlink()
    whole(fresh, kept)
    states = [state for state, _, _ in ends]
    assert 8 < len(ends) < 59 and set(states) == {"behind", "open"}, ends
    assert fresh.stop() == [0, 0]
    (received, sent), (theirs, ours) = receipts(office), receipts(other)
    assert (received, sent) == (ours, theirs)
