"""What systemd and the daemon tell each other: sockets handed over, READY, STATUS, the watchdog, credentials.

The test plays the service manager: it holds the listening sockets, hears the notify socket and starts the daemon as systemd does.
"""
import array
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from office import START_S, WAIT_S, daemon_path

# the descriptors named in argv[1] become 3, 4, … ; then the program
START = """
import fcntl, os, sys
high = [fcntl.fcntl(int(text), fcntl.F_DUPFD, 100) for text in sys.argv[1].split(",") if text]
os.closerange(3, 100)
for place, fd in enumerate(high):
    os.dup2(fd, 3 + place, inheritable=True)
os.closerange(100, 200)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""
SO_TIMESTAMPNS = 35
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


class Manager:
    """One office under the eyes of a service manager."""

    def __init__(self, office, names=(), ports=()):
        self.office, self.names = office, names
        self.path = str(office.directory / "notify")
        self.heard = []  # (time, message)
        self.kept = {}  # name -> descriptor that the daemon left here
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.notify.bind(self.path)
        self.sockets = [socket.create_server(("127.0.0.1", port)) for port in ports]
        self.numbers = [one.fileno() for one in self.sockets]
        self.ended = False
        self.thread = threading.Thread(target=self.hear, daemon=True)
        self.thread.start()

    def hear(self):
        self.notify.settimeout(0.1)
        while not self.ended:
            try:
                text, ancillary, _, _ = self.notify.recvmsg(4096, 256)
            except socket.timeout:
                continue
            fds, at = array.array("i"), time.monotonic()
            for _, kind, data in ancillary:
                if kind == socket.SCM_RIGHTS:
                    fds.frombytes(data)
                elif kind == SO_TIMESTAMPNS:  # when it was sent: this thread may have waited for a processor
                    seconds, nanoseconds = struct.unpack("qq", data)
                    at -= time.time() - seconds - nanoseconds / 1e9
            words = dict(line.partition("=")[::2] for line in text.decode().splitlines())
            if "FDSTORE" in words:
                self.kept[words["FDNAME"]] = fds[0]
            elif "FDSTOREREMOVE" in words:
                os.close(self.kept.pop(words["FDNAME"]))
            else:
                self.heard.append((at, text.decode()))

    def start(self, watchdog_s=0, **environment):
        count = len(self.heard)
        environment = {**os.environ, "NOTIFY_SOCKET": self.path, **environment}
        numbers, names = [*self.numbers, *self.kept.values()], [*self.names, *self.kept]
        if numbers:
            environment.update(LISTEN_FDS=str(len(numbers)), LISTEN_FDNAMES=":".join(names))
        if watchdog_s:
            environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        with open(self.office.log, "ab") as log:
            self.office.process = subprocess.Popen(
                [sys.executable, "-c", START, ",".join(map(str, numbers)), daemon_path(), "--config", str(self.office.config)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, pass_fds=numbers)
        return count

    def wait(self, word, since=0, seconds=START_S):
        """Index behind the first message from `since` on that has the word."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for n in range(since, len(self.heard)):
                if word in self.heard[n][1]:
                    return n + 1
            time.sleep(0.01)
        raise AssertionError(f"{word} was not told: {self.heard}\n{self.office.log_text()[-2000:]}")

    def told(self, word, since=0.0):
        return [at for at, text in self.heard if word in text and at >= since]

    def close(self):
        self.ended = True
        self.thread.join()
        self.notify.close()
        for one in self.sockets:
            one.close()
        for number in self.kept.values():
            os.close(number)


@pytest.fixture
def manage(fresh):
    managers = []

    def make(office, names=(), ports=()):
        managers.append(Manager(office, names, ports))
        return managers[-1]

    yield make
    for office in fresh.offices.values():
        if office.process:
            office.kill()
    for manager in managers:
        manager.close()


def test_ready_when_everything_answers(fresh, manage):
    office = fresh.away
    manager = manage(office)
    manager.start()
    while not manager.heard:
        assert office.process.poll() is None, office.log_text()
    # nothing is told before READY, and then every listener answers and the start is written down
    assert "READY=1" in manager.heard[0][1]
    assert office.admin("/healthz").status == 200
    assert office.window("GET", "/window/v1/items").json()["rows"]
    assert [line["event"] for line in office.events("opened")]
    assert re.search(rf"STATUS=running; write queue \d+; counterpart {fresh.home.code} not reached since the start", manager.heard[0][1])
    # a reload begins and ends, and its end has the present line
    count = len(manager.heard)
    office.process.send_signal(signal.SIGHUP)
    begun = manager.wait("RELOADING=1\nMONOTONIC_USEC=", count)
    manager.wait("READY=1\nSTATUS=running", begun)
    count = len(manager.heard)
    assert office.stop() == 0
    stopping = manager.wait("STOPPING=1", count, 1)
    drain = manager.wait("EXTEND_TIMEOUT_USEC=20000000", stopping, 1)
    manager.wait("EXTEND_TIMEOUT_USEC=120000000", drain, 1)
    assert manager.told("WATCHDOG") == []


@pytest.mark.parametrize("units", [True, False], ids=["socket-units", "kept"])
def test_a_restart_refuses_nobody(fresh, manage, units):
    """Whoever connects while the daemon is down or stopping is answered by the next one: with sockets of socket units, and with those that
    the daemon made itself and left with the manager."""
    office = fresh.away
    manager = manage(office, *((("peer", "window"), (office.port + 1, office.port)) if units else ()))
    manager.start()
    manager.wait("READY=1")
    answers, failures, ended = [], [], threading.Event()

    def ask():
        while not ended.is_set():
            try:
                answers.append(office.window("GET", "/window/v1/items").status)
            except OSError as error:
                failures.append(repr(error))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for thread in askers:
        thread.start()
    restarts = 4
    for _ in range(restarts):
        before = len(answers)
        while len(answers) < before + 20 and not failures:
            time.sleep(0.01)
        assert office.stop() == 0
        time.sleep(0.2)  # nobody is there; the sockets are
        manager.wait("READY=1", manager.start())
    ended.set()
    for thread in askers:
        thread.join(WAIT_S)
    assert failures == [] and set(answers) == {200} and len(answers) > restarts * 20
    assert [line["port"] for line in office.events("listening") if line["listener"] == "window"] == [office.port] * (restarts + 1)


def test_a_kept_socket_of_an_earlier_configuration_is_given_up(fresh, manage):
    office = fresh.away
    manager = manage(office)
    manager.start()
    manager.wait("READY=1")
    names = {f"kept-{name}-127.0.0.1-{office.port + n}" for n, name in enumerate(("window", "peer", "admin"))}
    assert set(manager.kept) == names
    assert office.stop() == 0
    office.edit(r"(window: \{address: )127.0.0.1", r"\g<1>127.0.0.2")
    manager.wait("READY=1", manager.start())
    assert set(manager.kept) == {name.replace("window-127.0.0.1", "window-127.0.0.2") for name in names}
    assert office.events("socket_not_used") == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", office.port), 5)
    socket.create_connection(("127.0.0.2", office.port), 5).close()
    assert office.stop() == 0


def test_a_socket_of_another_port_is_a_wrong_configuration(fresh, manage):
    office = fresh.away
    manager = manage(office, ("window",), (0,))
    manager.start()
    assert office.process.wait(START_S) == 78
    office.process = None
    assert f"socket unit of the listener 'window' does not listen on TCP port {office.port}" in office.log_text()


def test_a_socket_that_nobody_uses_is_named(fresh, manage):
    office = fresh.away
    manager = manage(office, ("windov",), (0,))
    manager.start()
    manager.wait("READY=1")
    assert [line["count"] for line in office.events("socket_not_used")] == [1]
    assert office.stop() == 0


def thread_named(pid, name):
    found = [int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name]
    assert len(found) == 1, (name, found)
    return found[0]


class Halted:
    """One thread of a process stands still, all others go on."""

    def __init__(self, thread):
        self.thread, self.libc = thread, ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def call(self, request):
        if self.libc.ptrace(request, self.thread, None, None):
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        try:
            self.call(PTRACE_SEIZE)
        except PermissionError:
            pytest.skip("this machine does not let one process stop a thread of another (ptrace)")
        self.call(PTRACE_INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL: it has stopped
        return self

    def __exit__(self, *_):
        self.call(PTRACE_DETACH)


@pytest.mark.parametrize("interval", [0.5, 2])
def test_a_short_watchdog_is_fed_all_the_same(fresh, manage, interval):
    manager = manage(fresh.away)
    manager.start(watchdog_s=interval)
    manager.wait("READY=1")
    time.sleep(5)
    fed = manager.told("WATCHDOG=1")
    assert all(b - a < interval for a, b in zip(fed, fed[1:])) and len(fed) >= 5 / interval, (fed, fresh.away.events("writer_silent"))
    assert fresh.away.events("writer_silent") == []
    assert fresh.away.stop() == 0


def test_the_watchdog_starves_with_the_writer(fresh, manage):
    office, interval = fresh.away, 4
    manager = manage(office)
    manager.start(watchdog_s=interval)
    manager.wait("READY=1")
    time.sleep(interval)
    fed = manager.told("WATCHDOG=1")
    # an idle daemon is alive: fed at half the interval
    assert len(fed) >= 2 and all(b - a < interval * 0.75 for a, b in zip(fed, fed[1:])), fed
    with Halted(thread_named(office.process.pid, "writer")):
        halted = time.monotonic()
        time.sleep(2 * interval)
        # the loop still turns, but nobody is told that all is well
        assert office.admin("/metrics").status == 200
        late = manager.told("WATCHDOG=1", halted + interval)
        assert late == [], (halted, late)
        assert len(office.events("writer_silent")) == 1 and office.events("writer_silent")[0]["level"] == "err"
    manager.wait("WATCHDOG=1", len(manager.heard), interval)
    # and with the loop
    with Halted(office.process.pid):
        halted = time.monotonic()
        time.sleep(interval)
        assert manager.told("WATCHDOG=1", halted + 0.2) == []
    manager.wait("WATCHDOG=1", len(manager.heard), interval)
    assert office.stop() == 0


def test_keys_from_credentials(fresh, manage):
    office = fresh.away
    credentials = office.directory / "credentials"
    credentials.mkdir()
    key = office.directory / "ledger.key"
    assert key.exists()
    key.rename(credentials / "office_ledger.key")
    office.edit(r"(ledger:[^}]*?key: )[^\s,}]+", r"\g<1>credential:office_ledger.key")
    check = [daemon_path(), "--check-config", "--config", str(office.config)]
    bare = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    done = subprocess.run(check, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "credential:office_ledger.key (only systemd's service has credentials)" in done.stderr
    done = subprocess.run(check, env={**bare, "CREDENTIALS_DIRECTORY": str(credentials)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    manager = manage(office)
    manager.start(CREDENTIALS_DIRECTORY=str(credentials))
    manager.wait("READY=1")
    assert office.stop() == 0
