#!/usr/bin/env python3
"""root.py: a bare Debian root with its own systemd under build/system/root, and machines that boot from copies of it (systemd-nspawn).

    tests/system/root.py            makes the root, or says where it is
    tests/system/root.py --why      says what keeps it from working here, nothing when it works

A `Machine` is a copy of the root, booted in a network of its own.  Needs root, systemd-nspawn (systemd-container) and debootstrap; the
root is made once for its list of packages.
"""
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
ROOTS = TREE / "build" / "system"
RELEASE = "bookworm"
# what our packages need, beside a system that boots; the tests install ours with dpkg, without a network
PACKAGES = """systemd systemd-sysv dbus iproute2 procps ca-certificates openssl curl python3 libcurl4 libcyaml1 libjansson4 libqrencode4
    libsqlite3-0 libssl3 libsystemd0 libuv1 libyaml-0-2 libfaketime""".split()
# capabilities that no namespace confines; systemd-nspawn does not give them to the machine either
BEYOND = "-sys_time,-sys_module,-sys_rawio,-sys_boot,-syslog,-mac_admin,-mac_override,-bpf,-perfmon,-wake_alarm"
BOOT_S, HALT_S, MAKE_S = 60, 30, 900


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, text=True, **more)


def mirror():
    """Where Debian's packages come from: TONGBAN_MIRROR, else what this machine's apt uses, else None."""
    if os.environ.get("TONGBAN_MIRROR"):
        return os.environ["TONGBAN_MIRROR"]
    apt = pathlib.Path("/etc/apt")
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        for line in path.read_text().splitlines() if path.exists() else ():
            found = re.match(rf"deb\s+(?:\[[^]]*\]\s+)?(https?://\S+)\s+{RELEASE}\s", line)
            if found:
                return found.group(1)
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^(\w[\w-]*):\s*(.*)$", stanza, re.M))
            found = re.search(r"https?://\S+", fields.get("URIs", ""))
            if found and RELEASE in fields.get("Suites", "").split() and "deb" in fields.get("Types", "").split():
                return found.group()
    return None


def why_not():
    """What is missing here, or None."""
    if os.geteuid():
        return "only root can boot a container"
    for program, package in (("systemd-nspawn", "systemd-container"), ("debootstrap", "debootstrap"), ("nsenter", "util-linux"),
                             ("ip", "iproute2")):
        if not shutil.which(program):
            return f"{program} is not here (Debian package {package})"
    if not os.path.ismount("/sys/fs/cgroup"):
        return "no cgroups are mounted"
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        return "no namespaces can be made here"
    if not mirror():
        return f"apt's sources name no http mirror of {RELEASE}; TONGBAN_MIRROR may"
    return None


def make_root():
    """The root directory, made when it is not there yet (about a minute)."""
    name = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    root, making = ROOTS / f"root-{name}", ROOTS / f"making-{name}"
    ROOTS.mkdir(parents=True, exist_ok=True)
    with open(ROOTS / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # suites may run beside each other
        if root.exists():
            return root
        shutil.rmtree(making, ignore_errors=True)
        with open(ROOTS / "debootstrap.log", "wb") as log:
            run("debootstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES), RELEASE, making, mirror(), stdout=log, stderr=log,
                timeout=MAKE_S)
        (making / "etc/resolv.conf").unlink(missing_ok=True)
        (making / "etc/machine-id").write_text("")
        for path in (making / "var/cache/apt/archives").glob("*.deb"):
            path.unlink()
        making.rename(root)
    return root


class Machine:
    """One container with a systemd of its own."""

    network = "--private-network"  # only a loopback interface

    def __init__(self, name, directory=None):
        self.name, self.root = name, pathlib.Path(directory or ROOTS / f"machine-{name}-{os.getpid()}")
        self.log = self.root.with_suffix(".console")
        self.nspawn = self.leader = None
        if not self.root.exists():
            run("cp", "-a", "--reflink=auto", make_root(), self.root)
            (self.root / "etc/hostname").write_text(name + "\n")

    def boot(self, *options):
        """Starts it and waits until it is up; more options are systemd-nspawn's."""
        with open(self.log, "ab") as log:
            # no machined, no unit of its own: works where systemd is not the first process, with cgroups of either version
            self.nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", "--boot", "--directory", str(self.root), "--machine", self.name,
                                            "--register=no", "--keep-unit", self.network, *options],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end and self.nspawn.poll() is None:
            self.leader = self.find_leader()
            if self.leader and self.try_run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return self
            time.sleep(0.1)
        raise AssertionError(f"{self.name} does not boot:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def find_leader(self):
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def inside(self, *command):
        """The command line that runs a command in the machine, without what would reach beyond it: the clock is the host's, too."""
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "setpriv", "--bounding-set=" + BEYOND,
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *map(str, command)]

    def try_run(self, *command, **more):
        more = {"stdin": subprocess.DEVNULL, "timeout": 120, **more}
        return subprocess.run(self.inside(*command), capture_output=True, text=True, check=False, **more)

    def run(self, *command, **more):
        done = self.try_run(*command, **more)
        assert done.returncode == 0, f"{self.name}: {' '.join(map(str, command))}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    # ---- the service in it ----
    def install(self, debs):
        """dpkg's output; no network is needed."""
        for package in debs.values():
            shutil.copy(package, self.path("/root"))
        return self.run("sh", "-c", "dpkg -i /root/*.deb 2>&1 && rm /root/*.deb")

    def show(self, name, unit="tongband"):
        """A property of a unit."""
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def journal(self, *options, unit="tongband"):
        return self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager", *options)

    def drop_in(self, text, unit="tongband.service"):
        """Sets or (None) takes away the tests' addition to a unit."""
        directory = self.path(f"/etc/systemd/system/{unit}.d")
        directory.mkdir(parents=True, exist_ok=True)
        if text is None:
            (directory / "test.conf").unlink(missing_ok=True)
        else:
            (directory / "test.conf").write_text("[Service]\n" + text)
        self.run("systemctl", "daemon-reload")

    def halt(self):
        """Shuts it down as an administrator would."""
        if self.nspawn and self.nspawn.poll() is None:
            self.try_run("systemctl", "--no-block", "poweroff")
            try:
                self.nspawn.wait(HALT_S)
            except subprocess.TimeoutExpired:
                self.cut()
        self.nspawn = self.leader = None

    def cut(self):
        """The power goes: every process of it is killed at once.  What the kernel has not written yet is not lost, unlike with real power."""
        if self.nspawn:
            if self.leader:
                try:
                    os.kill(self.leader, 9)  # the first process of the namespace takes all others with it
                except ProcessLookupError:
                    pass
            self.nspawn.kill()
            self.nspawn.wait()
        self.nspawn = self.leader = None

    def remove(self):
        self.cut()
        # what systemd mounted below is gone with its namespace
        shutil.rmtree(self.root, ignore_errors=True)
        self.log.unlink(missing_ok=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--why"]:
        print(why_not() or "", end="")
    elif sys.argv[1:] or why_not():
        sys.exit(why_not() or __doc__)
    else:
        print(make_root())
