"""The units of systemd/: what they allow the daemon (systemd-analyze security), and that all of them tell the same story."""
import os
import re
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

EXPOSURE_MAX = 1.5
SERVICES = ["tongband.service", "tongband@.service"]
# what the daemon must not be able to do; the figure alone could be reached by other ways
NEEDED = """
    NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes PrivateUsers=yes
    PrivateIPC=yes ProtectProc=invisible ProcSubset=pid ProtectClock=yes ProtectHostname=yes ProtectKernelTunables=yes
    ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes RestrictNamespaces=yes RestrictRealtime=yes
    RestrictSUIDSGID=yes LockPersonality=yes MemoryDenyWriteExecute=yes RemoveIPC=yes KeyringMode=private SystemCallArchitectures=native
    SystemCallFilter=@system-service SystemCallErrorNumber=EPERM UMask=0077 LimitCORE=0 NotifyAccess=main Type=notify
""".split()


def unit(name):
    return common.read("systemd/" + name)


def settings(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", SERVICES)
def test_exposure(name):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={int(EXPOSURE_MAX * 10)}",
                           os.path.join(common.ROOT, "systemd", name)], capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert done.returncode == 0 and float(found.group(1)) <= EXPOSURE_MAX, done.stdout
    print(name, found.group(1))


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_forbidden(name):
    lines = settings(unit(name))
    assert [setting for setting in NEEDED if setting not in lines] == []
    assert "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX" in lines and "SystemCallFilter=~@privileged @resources" in lines


def test_one_office_and_several_differ_in_names_only():
    one = unit("tongband.service")
    made = (one.replace("/etc/tongban/tongban.", "/etc/tongban/%i.").replace("exchange daemon\n", "exchange daemon of %i\n")
            .replace("StateDirectory=tongban\n", "StateDirectory=tongban/%i\n"))
    assert settings(made) == settings(unit("tongband@.service"))
    for kind in ("window", "peer"):
        made = (unit(f"tongband-{kind}.socket").replace("/etc/tongban/tongban.", "/etc/tongban/%i.").replace("tongband.service", "tongband@%i.service"))
        made = re.sub(r"^(Description=.*)$", r"\1 of %i", made, flags=re.M)
        assert [line for line in settings(made) if not line.startswith("ListenStream=")] == settings(unit(f"tongband-{kind}@.socket"))


def test_a_wrong_configuration_is_not_tried_again():
    """The codes are those that the program's usage names."""
    usage = re.search(r"Exit: [^\n]*", common.read("daemon/main.c")).group()
    assert "2 --check-config found a mistake, 64 wrong usage, 78 wrong configuration" in usage
    for name in SERVICES:
        assert "RestartPreventExitStatus=2 64 78 243" in settings(unit(name)) and "Restart=on-failure" in settings(unit(name))


def test_ports_are_those_of_the_example():
    example = common.read("config/tongban.example.yaml")
    for kind in ("window", "peer"):
        port = re.search(rf"^{kind}:\n(?:  .*\n)*?  port: (\d+)", example, re.M).group(1)
        assert f"ListenStream={port}" in settings(unit(f"tongband-{kind}.socket")), kind
        assert f"FileDescriptorName={kind}" in settings(unit(f"tongband-{kind}.socket")), kind
