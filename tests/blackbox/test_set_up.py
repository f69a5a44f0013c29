"""The first set-up of two offices, typed as it stands in docs/how-to/set-up-two-offices.md: two directories stand for the two servers."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

import pytest

from office import AWAY, HOME, ROOT, WAIT_S, daemon_path, free_ports

PAGE = ROOT / "docs" / "how-to" / "set-up-two-offices.md"
CHINESE = ROOT / "docs" / "zh" / "set-up.md"
INSTALL = "apt install ./tongban-common_*.deb ./tongban-daemon_*.deb"
PLACES = {"TONGXIANG": HOME, "RUDONG": AWAY, "在桐乡": HOME, "在如东": AWAY}
ADDRESSES = {HOME: "192.0.2.10", AWAY: "198.51.100.20"}
# What the page's commands find on a server and not here: the unit starts the daemon that is tested, and there is no user tongban.
SYSTEMCTL = """#!/bin/sh
[ "$*" = "enable --now tongband" ] || exit 1
{daemon} --config {etc}/tongban.yaml >> {log} 2>&1 &
echo $! >> {pids}
"""
CHGRP = '#!/bin/sh\n[ "$1 $2" = "-R tongban" ]\n'


def blocks(page=PAGE):
    """(office, commands) in the order of the page; the office is the last one of PLACES before the block."""
    office, lines = None, None
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            if lines:
                yield office, "\n".join(lines)
            lines = [] if lines is None and line == "```sh" else None
        elif lines is not None:
            lines.append(line)
        else:
            named = re.findall("|".join(PLACES), line)
            office = PLACES[named[-1]] if named else office


class Server:
    """A directory in the place of one office's machine: what the page says of / lies below it."""

    def __init__(self, base, code, ports):
        self.code, self.base, self.ports = code, base / code, ports
        self.etc = self.base / "etc"
        for name in ("etc", "var", "bin"):
            (self.base / name).mkdir(parents=True)
        self.pids, self.log = self.base / "pids", self.base / "log"
        tool = self.base / "bin" / "systemctl"
        tool.write_text(SYSTEMCTL.format(daemon=shlex.quote(daemon_path()), etc=shlex.quote(str(self.etc)), log=shlex.quote(str(self.log)),
                                         pids=shlex.quote(str(self.pids))))
        (self.base / "bin" / "chgrp").write_text(CHGRP)
        for name in ("systemctl", "chgrp"):
            (self.base / "bin" / name).chmod(0o755)

    def here(self, text):
        """The page's places and addresses as they are on this machine: both offices are on 127.0.0.1."""
        for code, address in ADDRESSES.items():
            text = re.sub(rf"{re.escape(address)}:740([12])", lambda m, code=code: f"127.0.0.1:{self.ports[code] + int(m[1]) - 1}", text)
            text = text.replace(address, "127.0.0.1")
        text = re.sub(r"port: 740([123])", lambda m: f"port: {self.ports[self.code] + int(m[1]) - 1}", text)
        for place, path in (("/etc/tongban", self.etc), ("/var/lib/tongban", self.base / "var"), ("/media/usb", self.base.parent / "usb"),
                            ("/usr/share/tongban/calendar/holidays.tsv", ROOT / "config" / "calendar" / "holidays.tsv"),
                            ("/usr/share/tongban/catalogue", ROOT / "config" / "catalogue")):
            text = text.replace(place, str(path))
        return text

    def type(self, commands):
        built = pathlib.Path(daemon_path()).parents[1]
        path = os.pathsep.join(str(p) for p in (self.base / "bin", built / "bin", built / "client", os.environ["PATH"]))
        environment = {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(self.base)}
        return subprocess.run(["bash", "-e", "-c", self.here(commands)], cwd=self.etc, env=environment, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)

    def stop(self):
        for pid in self.pids.read_text().split() if self.pids.exists() else []:
            subprocess.run(["kill", pid], check=False)
            end = time.monotonic() + WAIT_S
            while self.runs(pid) and time.monotonic() < end:
                time.sleep(0.05)

    @staticmethod
    def runs(pid):
        """A daemon whose starter is gone may stay as a zombie: nobody waits for it here."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False


@pytest.fixture(name="servers")
def two_servers(tmp_path):
    first = free_ports(6)
    (tmp_path / "usb").mkdir()
    ports = {HOME: first, AWAY: first + 3}
    servers = {code: Server(tmp_path, code, ports) for code in ports}
    try:
        yield servers
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(tmp_path, ignore_errors=True)


def test_the_page_works_as_it_stands(servers):
    shown, number = "", None
    for office, commands in blocks():
        server, end = servers[office], time.monotonic() + WAIT_S
        done = server.type(commands)
        # what the page says to wait for: that the offices have met, that the case has arrived
        repeatable = "case new" in commands or "todo" in commands
        while repeatable and (done.returncode or (number and number not in done.stdout)) and time.monotonic() < end:
            time.sleep(0.2)
            done = server.type(commands)
        assert done.returncode == 0, (office, commands, done.stdout, [one.log.exists() and one.log.read_text()[-2000:] for one in servers.values()])
        shown += done.stdout
        number = number or (re.search(r"\b\d{21}\b", done.stdout) or [None])[0]
    assert number and number in done.stdout, shown
    assert shown.splitlines().count("ok") == 2, shown  # both configurations


def test_no_key_is_left_for_others_to_read(servers):
    for office, commands in blocks():
        if "systemctl" in commands:
            commands = commands.replace("systemctl enable --now tongband", "true")
        if "clerk.yaml" in commands or "officer.yaml" in commands:
            break
        done = servers[office].type(commands)
        assert done.returncode == 0, done.stdout
    for server in servers.values():
        keys = list(server.etc.rglob("*.key")) + [server.etc / "authority.passphrase"]
        assert len(keys) == 7 and all(key.stat().st_mode & 0o007 == 0 for key in keys)


def test_the_chinese_page_has_the_same_commands():
    install, *chinese = blocks(CHINESE)
    assert chinese == list(blocks()) and len(chinese) > 10
    assert install == (None, INSTALL)
    assert INSTALL in [commands for _, commands in blocks(ROOT / "docs" / "how-to" / "install.md")]
