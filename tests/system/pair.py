"""pair.py: two machines, a cable between them, and on each an office, set up as docs/how-to/set-up-two-offices.md says."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import root
import run as demo  # config/demo/run.py: the application of the demonstration
from office import AWAY, HOME
from test_set_up import ADDRESSES, blocks

NAMESPACES = pathlib.Path("/run/netns")
WAIT_S = 60
TLS = {"authority": "/etc/tongban/authority/authority.crt", "base": "/etc/tongban/staff-{}"}


class Cable:
    """A veth between two network namespaces of this process, which live longer than the machines in them."""

    def __init__(self, addresses):
        self.addresses, self.names = list(addresses), [f"tongban-{os.getpid()}-{side}" for side in "ab"]
        sweep()
        try:
            for name in self.names:
                root.run("ip", "netns", "add", name)
            root.run("ip", "link", "add", "eth0", "netns", self.names[0], "type", "veth", "peer", "name", "eth0", "netns", self.names[1])
            for name, address in zip(self.names, self.addresses):
                self.inside(name, "link", "set", "lo", "up")
                self.inside(name, "addr", "add", address + "/32", "dev", "eth0")
            self.restore()
        except BaseException:
            self.remove()
            raise

    @staticmethod
    def inside(name, *words):
        root.run("ip", "-n", name, *words)

    def cut(self):
        """Pulls it out of the second machine: that one has no way any more, what the first one sends is lost without a word."""
        self.inside(self.names[1], "link", "set", "eth0", "down")

    def restore(self):
        for name, other in zip(self.names, reversed(self.addresses)):
            self.inside(name, "link", "set", "eth0", "up")
            self.inside(name, "route", "replace", other + "/32", "dev", "eth0")

    def remove(self):
        for name in self.names:
            if (NAMESPACES / name).exists():
                root.run("ip", "netns", "del", name)


def sweep():
    """Takes away what runs that were killed have left behind."""
    for path in [*NAMESPACES.glob("tongban-*-[ab]"), *root.ROOTS.glob("machine-*-*")]:
        found = re.search(r"-(\d+)(-[ab])?$", path.name)
        if not found or pathlib.Path("/proc", found.group(1)).exists():
            continue
        if path.parent == NAMESPACES:
            subprocess.run(["ip", "netns", "del", path.name], check=False)
        else:
            shutil.rmtree(path, ignore_errors=True)


class Server(root.Machine):
    """The machine of one office."""

    def __init__(self, code, namespace):
        super().__init__(f"office{code}")
        self.code, self.address = code, ADDRESSES[code]
        self.network = f"--network-namespace-path={NAMESPACES / namespace}"

    def type(self, commands):
        """Commands of the page, in the directory and with the mask that its first block sets."""
        return self.try_run("bash", "-e", "-c", f"umask 077; cd /etc/tongban; {{ {commands}\n}} 2>&1")

    def active(self, seconds=WAIT_S):
        until(lambda: self.show("ActiveState") == "active", lambda: self.journal("-n", "40"), seconds)

    def health(self):
        return self.try_run("curl", "-s", "http://127.0.0.1:7403/healthz").stdout

    def ask(self, path, staff="0007"):
        """Status of a request to the window; 0 when there is no answer."""
        base = TLS["base"].format(staff)
        done = self.try_run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", TLS["authority"], "--cert", f"{base}.crt",
                            "--key", f"{base}.key", f"https://{self.address}:7401{path}")
        return int(done.stdout or 0)

    def has(self, numbers, staff):
        """How many of these cases the office knows."""
        done = self.run("python3", "-c", CLIENT, "look", self.address, self.code, staff, input="\n".join(numbers), stdin=None)
        return int(done)

    def timelines(self, numbers, staff):
        """{case: [[revision, type, id, pending]]}."""
        return json.loads(self.run("python3", "-c", CLIENT, "timelines", self.address, self.code, staff, input="\n".join(numbers), stdin=None))

    def intake(self):
        """(status, problem or number) of one intake for the other office."""
        return json.loads(self.run("python3", "-c", CLIENT, "once", self.address, self.code, "0007"))


def until(test, what, seconds=WAIT_S):
    """Waits for it; the seconds that it took."""
    started = time.monotonic()
    while not test():
        assert time.monotonic() < started + seconds, what() if callable(what) else what
        time.sleep(0.1)
    return time.monotonic() - started


# What members of staff do in a machine, each request on a connection of its own.  `load`: intakes and lists one after another until the
# input ends, a line for each answer; what was cut is repeated under the same key, as `tongban` does.
CLIENT = """
import http.client, json, ssl, sys, threading, time, uuid
what, address, office, staff = sys.argv[1:]
context = ssl.create_default_context(cafile="/etc/tongban/authority/authority.crt")
context.load_cert_chain(f"/etc/tongban/staff-{staff}.crt", f"/etc/tongban/staff-{staff}.key")
APPLICATION = json.dumps({
    "item": {"office": "330483" if office == "320623" else "320623", "code": "GA01"},
    "applicant": {"kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"}, "mobile": "13900001234"},
    "materials": [{"name": "原居民身份证", "form": "original", "original_seen": True}],
    "comparison": {"result": "match", "score": 93}, "forward": True}).encode()


def ask(method, path, body=None, key=None):
    connection = http.client.HTTPSConnection(address, 7401, context=context, timeout=60)
    try:
        connection.request(method, path, body, {"Idempotency-Key": key, "Content-Type": "application/json"} if key else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def intake(key):
    status, body = ask("POST", "/window/v1/cases", APPLICATION, key)
    answer = json.loads(body)
    return status, answer["case"] if status == 201 else answer["type"].rsplit(":", 1)[-1]


def repeat(kind):
    key = str(uuid.uuid4())
    while not ended.is_set():
        try:
            status, told = intake(key) if kind == "intake" else (ask("GET", "/window/v1/todo")[0], "")
            key = str(uuid.uuid4())
            print(kind, status, told, flush=True)
        except (OSError, http.client.HTTPException) as error:
            print(kind, 0, repr(error), flush=True)
        time.sleep(0.05)


def look(path):
    while (answer := ask("GET", path))[0] == 429:  # one asks more quickly than a person may
        time.sleep(0.5)
    return answer


def known(number):
    return look(f"/window/v1/cases/{number}")[0] == 200


def timeline(number):
    status, body = look(f"/window/v1/cases/{number}/timeline")
    return [[row[name] for name in ("rev", "type", "id", "pending")] for row in json.loads(body)["rows"]] if status == 200 else status


if what == "look":
    print(sum(known(number) for number in sys.stdin.read().split()))
elif what == "timelines":
    print(json.dumps({number: timeline(number) for number in sys.stdin.read().split()}))
elif what == "once":
    print(json.dumps(intake(str(uuid.uuid4()))))
else:
    ended = threading.Event()
    workers = [threading.Thread(target=repeat, args=(kind,)) for kind in ("intake", "list")]
    for worker in workers:
        worker.start()
    sys.stdin.read()
    ended.set()
    for worker in workers:
        worker.join()
"""


class Load:
    """Staff who work all the time, from inside the machine."""

    def __init__(self, server):
        self.server, self.lines = server, []
        self.process = subprocess.Popen(server.inside("python3", "-c", CLIENT, "load", server.address, server.code, "0007"), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        start_new_session=True)  # Ctrl-C is for the test, which then ends this in order
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.split(maxsplit=2))

    def __enter__(self):
        try:
            self.more()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.reader.join(WAIT_S)

    def more(self, count=10):
        """Waits for so many more intakes that were answered."""
        wanted = len(self.cases()) + count
        until(lambda: len(self.cases()) >= wanted or self.process.poll() is not None, lambda: self.lines[-20:])

    def cases(self):
        """Numbers of the cases that were acknowledged."""
        return [line[2].strip() for line in list(self.lines) if line[:2] == ["intake", "201"]]

    def lost(self):
        """Requests without a good answer."""
        return [line for line in self.lines if line[1] not in ("200", "201")]


class Person(demo.Person):
    """A member of staff at the office's own machine."""

    def __init__(self, server, number):
        super().__init__(server.code, number)
        self.server, self.config = server, f"/srv/{number}.yaml"
        base = TLS["base"].format(number)
        server.path(self.config).write_text(f"server: https://{server.address}:7401\nauthority: {TLS['authority']}\ncertificate: {base}.crt\n"
                                            f"key: {base}.key\noffice: \"{server.code}\"\n"
                                            "calendar: /usr/share/tongban/calendar/holidays.tsv\n")

    def run(self, *words):
        done = self.server.try_run("env", "-C", "/srv/papers", "tongban", "--config", self.config, "--json", *words)
        if done.returncode:
            raise demo.DemoError(f"tongban {' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)


class Pair:
    """Both machines, booted; `set_up` makes offices of them."""

    def __init__(self, debs):
        self.debs, self.servers, self.usb = debs, {}, None
        self.cable = Cable(ADDRESSES[code] for code in (HOME, AWAY))
        try:
            for code, namespace in zip((HOME, AWAY), self.cable.names):
                self.servers[code] = Server(code, namespace)
                self.servers[code].boot()
        except BaseException:
            self.remove()
            raise
        self.home, self.away = self.servers[HOME], self.servers[AWAY]

    def remove(self):
        for server in self.servers.values():
            server.remove()
        self.cable.remove()

    def set_up(self):
        """Types the page; the number of its case, from the take-in until it stands in the other office's list."""
        number = done = None
        for office, commands in blocks():
            server, other = self.servers[office], self.servers[AWAY if office == HOME else HOME]

            def typed():
                nonlocal done
                done = server.type(commands)
                return done.returncode == 0 and (number is None or number in done.stdout)
            # what the page says to wait for: that the offices have met, that the case has arrived
            until(typed, lambda: (commands, done, server.journal("-n", "20")), WAIT_S if "case new" in commands or "todo" in commands else 0)
            number = number or (re.search(r"\b\d{21}\b", done.stdout) or [None])[0]
            if server.path("/media/usb").exists():  # the medium goes to and fro
                shutil.copytree(server.path("/media/usb"), other.path("/media/usb"), dirs_exist_ok=True)
        return number

    def people(self):
        """The clerk at the window and the officer, with the demonstration's papers."""
        demo.DEMO = str(self.away.path("/srv"))
        shutil.rmtree(self.away.path("/srv/papers"), ignore_errors=True)
        demo.papers()
        shutil.copytree(self.away.path("/srv/papers"), self.home.path("/srv/papers"), dirs_exist_ok=True)
        return Person(self.away, "0007"), Person(self.home, "0101")

    def application(self):
        """The whole application of the demonstration; its number."""
        clerk, officer = self.people()
        clerk.wait_item(HOME, "GA01")
        number = demo.take_in(clerk, officer)
        demo.decide_and_deliver(clerk, officer, number)
        assert demo.same_timeline(clerk, officer, number) > 5
        return number

    def both_have(self, numbers, seconds=WAIT_S):
        """Waits until the home office has what the other acknowledged, too, the last of it last; the seconds that took."""
        took = until(lambda: self.home.has(numbers[-1:], "0101"), lambda: self.away.health() + self.home.health(), seconds)
        for server, staff in ((self.away, "0007"), (self.home, "0101")):
            assert server.has(numbers, staff) == len(numbers), f"acknowledged cases are lost in {server.code}"
        return took
