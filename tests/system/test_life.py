"""Install, configure, crash, upgrade, remove and purge on a bare machine with its own systemd; what is left is compared file by file."""
import os
import re
import shutil
import subprocess
import threading
import time

import pytest

import packages
from office import AWAY, HOME, World
from pair import until

# what dpkg, systemd and the accounts' tools keep about packages that are gone; none of it is ours
NOT_OURS = re.compile(r"/(var/(log|cache|lib/(dpkg|systemd|apt))|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/\.pwd\.lock|"
                      r"run|proc|sys|tmp|dev)(/|$)")
PORTS = {HOME: 7401, AWAY: 7411}
# the configuration as the service sees it
CHECK = ("mkdir -p /run/check && cp /etc/tongban/credentials/tongban.key /run/check/office_tongban.key && "
         "CREDENTIALS_DIRECTORY=/run/check tongband --check-config --config /etc/tongban/tongban.yaml 2>&1; rm -r /run/check")


def files(machine):
    """{path: (kind, mode, owner)} of the machine's own files."""
    found = {}
    for directory, names, plain in os.walk(machine.root):
        inside = "/" + os.path.relpath(directory, machine.root)
        names[:] = [name for name in names if not NOT_OURS.match(os.path.join(inside, name).replace("//", "/"))]
        for name in names + plain:
            path = os.path.join(inside, name).replace("/./", "/").replace("//", "/")
            if not NOT_OURS.match(path):
                state = os.lstat(os.path.join(directory, name))
                found[path] = (state.st_mode, state.st_uid)
    return found


@pytest.fixture
def offices(tmp_path):
    world = World(tmp_path / "world")
    yield world
    world.remove()


def configure(machine, offices, code, name, state):
    """An office's files as an operator puts them: /etc/tongban/NAME.yaml and what it names, the ledger's key as a credential."""
    office, etc = offices.offices[code], machine.path("/etc/tongban")
    place = etc / code
    shutil.copytree(office.tls, place / "tls", dirs_exist_ok=True)
    shutil.copy(office.directory / "catalogue.yaml", place / "catalogue.yaml")
    shutil.copy(office.directory / "ledger.key", etc / "credentials" / f"{name}.key")
    text = office.config.read_text()
    text = text.replace(f"'{office.directory / 'catalogue.yaml'}'", f"{code}/catalogue.yaml")
    text = re.sub(r"key: ledger\.key", f"key: credential:office_{name}.key", text)
    text = re.sub(r"(store: \{directory: )[^,}]+", rf"\g<1>{state}", text)
    text = re.sub(r"calendar: .*", "calendar: /usr/share/tongban/calendar/holidays.tsv", text)
    text = re.sub(r"(: )('?)tls/", rf"\g<1>\g<2>{code}/tls/", text)
    text = re.sub(r"^control: .*\n", "", text.replace(": ../", ": "), flags=re.M)  # the usual one
    for other in offices.offices.values():
        (etc / other.code / "tls").mkdir(parents=True, exist_ok=True)
        shutil.copy(other.tls / "peer-ca.crt", etc / other.code / "tls")
        text = re.sub(rf"{other.port}\b", str(PORTS[other.code]), text)
        text = re.sub(rf"{other.port + 1}\b", str(PORTS[other.code] + 1), text)
        text = re.sub(rf"{other.port + 2}\b", str(PORTS[other.code] + 2), text)
    (etc / f"{name}.yaml").write_text(text)
    # as the manual says: root owns, the group of the daemon reads, keys of credentials root alone
    machine.run("sh", "-c", "chown -R root:tongban /etc/tongban/[0-9t]* && chmod -R u=rwX,g=rX,o= /etc/tongban/[0-9t]* && "
                            "chown -R root:root /etc/tongban/credentials && chmod -R u=rwX,go= /etc/tongban/credentials")


def ask(machine, code, path="/window/v1/items", staff="0007"):
    """Status of a request to the window, from inside the machine; 0 when there is no answer."""
    tls = f"/etc/tongban/{code}/tls"
    done = machine.try_run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", f"{tls}/staff-ca.crt", "--cert",
                           f"{tls}/staff-{staff}.crt", "--key", f"{tls}/staff-{staff}.key", f"https://127.0.0.1:{PORTS[code]}{path}")
    return int(done.stdout or 0)


def test_install_and_purge_leave_nothing_behind(machine, debs):
    before = files(machine)
    machine.install(debs[0])
    # enabled, not started, and nothing has failed
    assert machine.show("UnitFileState") == "enabled"
    assert machine.show("ActiveState") == "inactive" and machine.show("ConditionResult") == "no"
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    assert "tongban" in machine.run("getent", "passwd", "tongban")
    for path, mode in (("/etc/tongban", "750 root tongban"), ("/etc/tongban/credentials", "700 root root"),
                       ("/var/lib/tongban", "700 tongban tongban"), ("/run/tongban", "750 tongban tongban")):
        assert machine.run("stat", "-c", "%a %U %G", path).strip() == mode, path
    machine.run("dpkg", "--purge", *packages.NAMES)
    assert files(machine) == before
    assert machine.try_run("getent", "passwd", "tongban").returncode == 2
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    assert not machine.path("/run/tongban").exists() and machine.try_run("ls", "/run/tongban").returncode != 0


def hammer(machine, code, ended, answers):
    """Asks over and over in one process of the machine, so that a refused connection is not missed."""
    tls = f"/etc/tongban/{code}/tls"
    script = f"""
import ssl, socket, sys, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("{tls}/staff-ca.crt")
context.load_cert_chain("{tls}/staff-0007.crt", "{tls}/staff-0007.key")
while True:
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", {PORTS[code]}), 30), server_hostname="127.0.0.1") as s:
            s.sendall(b"GET /window/v1/items HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
            print(s.recv(100).decode("latin1").split()[1], flush=True)
    except Exception as error:
        print(repr(error), flush=True)
"""
    process = subprocess.Popen(machine.inside("python3", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        answers.append(line.strip())
        if ended.is_set():
            break
    process.kill()
    process.wait()


def test_a_life(machine, debs, offices):
    """From the first configuration to the purge of an office that has a ledger."""
    machine.install(debs[0])
    configure(machine, offices, HOME, "tongban", "/var/lib/tongban")
    assert machine.run("sh", "-c", CHECK) == "ok\n"
    machine.run("systemctl", "start", "tongband")
    assert machine.show("ActiveState") == "active"
    # how much is queued at that moment is not for us to say
    assert re.match(r"running; write queue \d+; counterpart 320623 not reached since", machine.show("StatusText"))
    assert ask(machine, HOME) == 200
    figure = re.search(r"exposure level for tongband.service: ([0-9.]+)", machine.run("systemctl", "--version") and machine.run(
        "systemd-analyze", "security", "--no-pager", "tongband.service")).group(1)
    assert float(figure) <= 1.5
    # operators reach it, the key on the disk is root's alone, and the daemon can read nothing else there
    assert "0007" in machine.run("tongbanctl", "staff", "list")
    assert machine.try_run("setpriv", "--reuid=tongban", "--regid=tongban", "--clear-groups", "cat",
                           "/etc/tongban/credentials/tongban.key").returncode != 0

    # a wrong configuration is told from a crash: not tried again
    wrong = machine.path("/etc/tongban/tongban.yaml")
    good = wrong.read_text()
    wrong.write_text(good + "nonsense: 1\n")
    assert machine.try_run("systemctl", "restart", "tongband").returncode != 0
    time.sleep(6)
    assert (machine.show("ActiveState"), machine.show("ExecMainStatus"), machine.show("NRestarts")) == (
        "failed", "78", "0")
    assert "unknown key 'nonsense'" in machine.run("journalctl", "-u", "tongband", "-o", "cat", "--no-pager")
    wrong.write_text(good)
    machine.run("systemctl", "start", "tongband")

    # the journal explains its events, in the language of the reader
    assert "tongban" in machine.run("journalctl", "--list-catalog").lower()

    # a crash is: and who connects meanwhile waits and is answered
    answers, ended = [], threading.Event()
    hammering = threading.Thread(target=hammer, args=(machine, HOME, ended, answers))
    hammering.start()
    until(lambda: len(answers) > 20, "no answers")
    pid = machine.show("MainPID")
    machine.run("kill", "-SEGV", pid)
    until(lambda: machine.show("NRestarts") == "1" and machine.show("ActiveState") == "active", "no restart")
    count = len(answers)
    until(lambda: len(answers) > count + 20, "no answers")
    # cut by the crash: only what was under way on the one connection
    assert len([answer for answer in answers if answer != "200"]) <= 1 and not [a for a in answers if "Refused" in a], set(answers)

    # an upgrade restarts what runs, and nobody is refused or cut
    pid, count = machine.show("MainPID"), len(answers)
    size = machine.run("stat", "-c", "%i", "/var/lib/tongban/office.db")
    machine.install(debs[1])
    until(lambda: machine.show("ActiveState") == "active" and machine.show("MainPID") != pid, "not restarted")
    upgraded = len(answers)
    until(lambda: len(answers) > upgraded + 20, "no answers")
    machine.run("systemctl", "restart", "tongband")
    ended.set()
    hammering.join(30)
    assert set(answers[count:]) == {"200"}, set(answers[count:])
    assert machine.run("stat", "-c", "%i", "/var/lib/tongban/office.db") == size

    # reload
    machine.run("systemctl", "reload", "tongband")
    assert machine.show("ActiveState") == "active"

    # remove keeps what is the office's; what comes back goes on with it
    machine.run("dpkg", "--remove", *packages.NAMES)
    assert machine.path("/var/lib/tongban/office.db").exists() and machine.path("/etc/tongban/tongban.yaml").exists()
    assert not machine.path("/usr/sbin/tongband").exists() and machine.try_run("pgrep", "tongband").returncode == 1
    machine.install(debs[1])
    until(lambda: machine.show("ActiveState") == "active", "not started")
    assert ask(machine, HOME) == 200 and machine.run("stat", "-c", "%i", "/var/lib/tongban/office.db") == size

    # at boot it comes by itself
    machine.halt()
    machine.boot()
    until(lambda: machine.show("ActiveState") == "active", "not started at boot")

    # purge never deletes a ledger
    told = machine.run("sh", "-c", "dpkg --purge " + " ".join(packages.NAMES) + " 2>&1")
    kept = re.search(r"/var/lib/tongban\.purged-\S+", told).group().rstrip(".,")
    assert "WARNING" in told and machine.path(kept + "/lib/office.db").exists() and machine.path(kept + "/etc/tongban.yaml").exists()
    assert machine.path(kept).stat().st_mode & 0o777 == 0o700
    assert not machine.path("/etc/tongban").exists() and not machine.path("/var/lib/tongban").exists()


def test_two_offices_on_one_server(machine, debs, offices):
    """Instances of the template exchange with each other; one of them restarts without touching the other.  One gets its window's port from
    a socket unit."""
    machine.install(debs[0])
    for code in (HOME, AWAY):
        configure(machine, offices, code, code, f"/var/lib/tongban/{code}")
    directory = machine.path(f"/etc/systemd/system/tongband-window@{AWAY}.socket.d")
    directory.mkdir(parents=True)
    (directory / "port.conf").write_text(f"[Socket]\nListenStream=127.0.0.1:{PORTS[AWAY]}\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "enable", "--now", f"tongband-window@{AWAY}.socket")
    machine.run("systemctl", "enable", "--now", f"tongband@{HOME}", f"tongband@{AWAY}")
    for code in (HOME, AWAY):
        assert machine.show("ActiveState", f"tongband@{code}") == "active"
        assert ask(machine, code) == 200
        assert machine.path(f"/var/lib/tongban/{code}/office.db").exists()
        assert "0007" in machine.run("tongbanctl", "--socket", f"/run/tongban/{code}.ctl", "staff", "list")
    until(lambda: ask(machine, AWAY, f"/window/v1/items/{HOME}/GA01") == 200, lambda: machine.run("journalctl", "-o", "cat", "--no-pager", "-n", "30"))
    pid = machine.show("MainPID", f"tongband@{HOME}")
    machine.run("systemctl", "stop", f"tongband@{AWAY}")
    # the other's socket of tongbanctl is still there; a connection starts the one that sleeps
    assert "0007" in machine.run("tongbanctl", "--socket", f"/run/tongban/{HOME}.ctl", "staff", "list")
    assert machine.show("ActiveState", f"tongband@{AWAY}") == "inactive"
    assert ask(machine, AWAY) == 200 and machine.show("ActiveState", f"tongband@{AWAY}") == "active"
    assert machine.show("MainPID", f"tongband@{HOME}") == pid
    # the line of systemctl status is renewed within the minute
    until(lambda: re.fullmatch(r"running; write queue \d+; 1 of 1 counterparts in order", machine.show("StatusText", f"tongband@{HOME}")),
          lambda: machine.show("StatusText", f"tongband@{HOME}"), 70)
    machine.run("dpkg", "--remove", *packages.NAMES)
    assert machine.try_run("pgrep", "tongband").returncode == 1


HOOK = """#!/bin/sh
read -r event
{
    echo "$TONGBAN_TYPE"
    id -un
    python3 -c 'import json; print("python runs")'
    curl -s -o /dev/null -w "network %{http_code}\\n" http://127.0.0.1:7403/healthz
    (touch /etc/tongban/x /usr/x) 2>&1 | grep -c 'Read-only'
    ls /home /root 2>/dev/null | wc -l
    ls -d /proc/[0-9]* | wc -l
} > /var/lib/tongban/told
"""


def test_hooks_and_the_watchdog(machine, debs, offices):
    """A hook runs under what the unit forbids; a daemon that stands still is killed and comes back."""
    machine.install(debs[0])
    configure(machine, offices, HOME, "tongban", "/var/lib/tongban")
    hooks = machine.path("/etc/tongban/hooks.d")
    hooks.mkdir(mode=0o755)
    (hooks / "10-tell").write_text(HOOK)
    (hooks / "10-tell").chmod(0o755)
    with open(machine.path("/etc/tongban/tongban.yaml"), "a", encoding="utf-8") as text:
        text.write("hooks: {directory: /etc/tongban/hooks.d}\n")
    # the keys may as well be files that the group of the daemon reads: then the directory of credentials is not needed
    machine.run("sh", "-c", "mv /etc/tongban/credentials/tongban.key /etc/tongban/ledger.key && chown root:tongban /etc/tongban/ledger.key && "
                            "chmod 640 /etc/tongban/ledger.key && sed -i 's/credential:office_tongban.key/ledger.key/' /etc/tongban/tongban.yaml")
    unit = machine.path("/etc/systemd/system/tongband.service.d")
    unit.mkdir(parents=True)
    (unit / "watchdog.conf").write_text("[Service]\nWatchdogSec=4\nRestartSec=1\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "tongband")
    machine.run("tongbanctl", "staff", "enrol", "0300", "--name", "示例", "--role", "window", "--fingerprint", "ab" * 32)  # an event
    told = machine.path("/var/lib/tongban/told")
    until(lambda: told.exists() and told.read_text().count("\n") == 7, lambda: machine.run("journalctl", "-u", "tongband", "-o", "cat", "--no-pager"))
    kind, user, python, network, read_only, homes, processes = told.read_text().splitlines()
    assert kind and (user, python, network, read_only, homes) == ("tongban", "python runs", "network 200", "2", "0")
    assert int(processes) < 12  # those of the daemon's user
    pid = machine.show("MainPID")
    machine.run("kill", "-STOP", pid)
    until(lambda: machine.show("NRestarts") == "1" and machine.show("ActiveState") == "active", "not restarted")
    assert machine.show("MainPID") != pid and ask(machine, HOME) == 200
    assert "Watchdog timeout" in machine.run("journalctl", "-u", "tongband", "-o", "cat", "--no-pager")
    # without the directory systemd cannot start it, and does not try again; the boot, or this, makes it anew
    machine.run("rmdir", "/etc/tongban/credentials")
    assert machine.try_run("systemctl", "restart", "tongband").returncode != 0
    assert (machine.show("ExecMainStatus"), machine.show("ActiveState")) == ("243", "failed")
    machine.run("systemd-tmpfiles", "--create", "tongban.conf")
    machine.run("systemctl", "start", "tongband")
