"""Ends and beginnings: SIGTERM under load, kill -9, SIGHUP, bad configurations."""
import json
import os
import signal
import subprocess
import threading
import time
import uuid

import pytest

from office import HOME, daemon_path, make_certificate


class Load:
    """Clerks that take in cases as fast as they are answered; remembers what was answered."""

    def __init__(self, office, clerks=4):
        self.office, self.ended, self.answered, self.asked = office, False, {}, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clerks)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.ended:
            key = str(uuid.uuid4())
            with self.lock:
                self.asked.append(key)
            try:
                answer = self.office.intake(key=key)
            except (OSError, ValueError, AssertionError, Exception):
                continue
            if answer.status == 201:
                with self.lock:
                    self.answered[key] = answer.json()["case"]

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join(30)
        return self.answered


def check_nothing_lost(world, load):
    """Everything answered is there, once, and reaches the other side; a repetition of what was not answered makes no second case."""
    answered = load.end()
    assert answered
    for key in load.asked[-20:]:
        again = world.away.intake(key=key)
        assert again.status == 201
        if key in answered:
            assert again.json()["case"] == answered[key] and again.headers["idempotent-replayed"] == "true"
    for number in list(answered.values())[-20:]:
        world.home.wait_state(number, "received")
    assert len(set(answered.values())) == len(answered)
    for number in answered.values():
        assert len(world.away.window("GET", f"/window/v1/cases?q={number}").json()["rows"]) == 1, number


def test_sigterm_under_load(fresh):
    fresh.away.admission(staff_per_s=100000)
    fresh.start()
    load = Load(fresh.away)
    time.sleep(1)
    started = time.monotonic()
    assert fresh.away.stop() == 0
    assert time.monotonic() - started < 8
    fresh.away.start()
    check_nothing_lost(fresh, load)
    assert fresh.stop() == [0, 0]


@pytest.mark.parametrize("victim", ["away", "home"])
def test_kill_under_load(fresh, victim):
    fresh.away.admission(staff_per_s=100000)
    fresh.start()
    load = Load(fresh.away)
    office = getattr(fresh, victim)
    for _ in range(3):
        time.sleep(0.4)
        office.kill()
        office.start()
    check_nothing_lost(fresh, load)
    assert fresh.stop() == [0, 0]


def test_state_survives(fresh):
    fresh.start()
    key = str(uuid.uuid4())
    first = fresh.away.intake(key=key)
    number = first.json()["case"]
    fresh.home.wait_state(number, "received")
    for office in fresh.offices.values():
        assert office.stop() == 0
    for office in fresh.offices.values():
        office.start()
    again = fresh.away.intake(key=key)
    assert again.body == first.body and again.headers["idempotent-replayed"] == "true"
    assert fresh.home.case(number).json()["state"] == "received"
    assert fresh.home.act(number, "accept").status == 200
    fresh.away.wait_state(number, "accepted")


def test_streams_and_idle_connections_do_not_hold_up_the_end(fresh):
    fresh.start()
    number = fresh.away.intake().json()["case"]
    stream, idle = fresh.away.connect_window(), fresh.away.connect_window()
    stream.request("GET", f"/window/v1/cases/{number}/events")
    assert stream.getresponse().status == 200
    idle.connect()
    started = time.monotonic()
    assert fresh.away.stop() == 0
    assert time.monotonic() - started < 5
    stream.close()
    idle.close()


def test_sighup_takes_new_certificates(fresh, tmp_path):
    fresh.start()
    before = fresh.away.connect_window()
    before.request("GET", "/window/v1/office")
    before.getresponse().read()
    old = before.sock.getpeercert(True)
    names = f"URI:urn:tongban:office:{fresh.away.code},IP:127.0.0.1"
    new = make_certificate(tmp_path, "window", fresh.away.tls / "staff-ca", "serverAuth", names)
    for suffix in ("crt", "key"):
        os.replace(f"{new}.{suffix}", fresh.away.tls / f"window.{suffix}")
    fresh.away.process.send_signal(signal.SIGHUP)
    wait_for(lambda: fresh.away.metric("tls_reloads_total") == 1)
    after = fresh.away.connect_window()
    after.request("GET", "/window/v1/office")
    assert after.getresponse().read() and after.sock.getpeercert(True) != old
    # the connection of before still lives
    before.request("GET", "/window/v1/office")
    assert before.getresponse().status == 200
    # a bad file changes nothing and says so
    (fresh.away.tls / "window.key").write_text("nonsense\n")
    fresh.away.process.send_signal(signal.SIGHUP)
    wait_for(lambda: fresh.away.events("reload_failed"))
    assert fresh.away.window("GET", "/window/v1/office").status == 200
    number = fresh.away.intake().json()["case"]
    fresh.home.wait_state(number, "received")
    before.close()
    after.close()


def wait_for(test, seconds=10):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.05)


def run(*arguments):
    return subprocess.run([daemon_path(), *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_check_config(fresh):
    good = run("--config", str(fresh.home.config), "--check-config")
    assert (good.returncode, good.stdout) == (0, "ok\n")
    text = fresh.home.config.read_text()
    for change, status in ((lambda t: t + "surprise: 1\n", 2), (lambda t: t.replace("code: 330483", "code: 33048"), 2),
                           (lambda t: t.replace("ledger.key", "no-such.key"), 2), (lambda t: "{", 2)):
        fresh.home.config.write_text(change(text))
        bad = run("--config", str(fresh.home.config), "--check-config")
        assert bad.returncode == status and bad.stdout == "" and bad.stderr.startswith("tongband: "), bad
        assert run("--config", str(fresh.home.config)).returncode == 78
    assert "office.yaml" in run("--config", str(fresh.directory / "no" / "office.yaml"), "--check-config").stderr


def test_options(tmp_path):
    assert run("--version").stdout.startswith("tongband ")
    assert run("--help").returncode == 0
    assert run().returncode == 64 and run("--no-such").returncode == 64
    key = tmp_path / "ledger.key"
    made = run("--make-ledger-key", f"tongban/{HOME}", str(key))
    assert made.returncode == 0 and made.stdout.startswith(f"tongban/{HOME}+")
    assert oct(key.stat().st_mode & 0o777) == "0o600" and key.read_text().startswith(f"PRIVATE+KEY+tongban/{HOME}+")
    assert run("--make-ledger-key", f"tongban/{HOME}", str(key)).returncode == 1, "an old key must not be overwritten"
    for wrong in ("foo", "tongban/", "tongban/33048", "tongban/3304833", "tongban/33048x", "Tongban/330483", "330483", ""):
        refused = run("--make-ledger-key", wrong, str(tmp_path / "no.key"))
        assert refused.returncode == 64 and "tongban/330483" in refused.stderr and refused.stdout == "", wrong
    assert not (tmp_path / "no.key").exists()


def test_wrong_keys_and_ports(fresh):
    # the ledger's key of another office
    own = fresh.home.directory / "ledger.key"
    text = own.read_text()
    own.write_text((fresh.away.directory / "ledger.key").read_text())
    assert run("--config", str(fresh.home.config)).returncode == 78
    own.write_text(text)
    # a port that is taken: an ordinary failure, not one of the configuration
    fresh.home.start()
    second = run("--config", str(fresh.home.config))
    assert second.returncode == 1 and second.stderr
    assert fresh.home.stop() == 0


def test_damaged_database_is_refused(fresh):
    fresh.start()
    fresh.away.intake()
    assert fresh.stop() == [0, 0]
    database = next(fresh.away.directory.glob("data/*.db"))
    content = bytearray(database.read_bytes())
    for at in range(100, len(content), 4096):
        content[at:at + 64] = bytes(64)
    database.write_bytes(content)
    answer = run("--config", str(fresh.away.config))
    assert answer.returncode == 1 and "tongband: " in answer.stderr


def test_idle_memory_and_start(fresh):
    started = time.monotonic()
    fresh.start()
    assert time.monotonic() - started < 10
    if "asan" not in daemon_path() and "tsan" not in daemon_path():
        for office in fresh.offices.values():
            with open(f"/proc/{office.process.pid}/status", encoding="ascii") as status:
                resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
            assert resident <= 20 * 1024, f"{office.code} has {resident} KiB"
    assert json.loads(fresh.home.log_text().splitlines()[0])["t"]
