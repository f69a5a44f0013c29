"""What tongbanctl says when the command is wrong, the daemon is away, or somebody asks who may not: what is wrong, and what to do."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

import pytest

from office import control_path


@pytest.fixture(name="place")
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="tongbanctl-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def ctl(*words, program=None, **more):
    process = subprocess.run([program or control_path(), *words], capture_output=True, text=True, timeout=20, check=False,
                             env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, **more)
    return process.returncode, process.stdout + process.stderr


@pytest.mark.parametrize("words, wrong", [
    (["peer", "test"], "OFFICE: is missing"),
    (["staff", "suspend"], "ID: is missing"),
    (["staff", "suspend", "0008"], "--reason: is missing"),
    (["staff", "enrol", "0008", "--name", "示例"], "--role: is missing"),
    (["peer", "list", "330483"], "one word too many: 330483"),
    (["audit", "views", "--until", "2026-11-26"], "--until: does not belong to this command"),
    (["drain", "--wait", "--end"], "--wait: does not go with --end"),
])
def test_a_wrong_command_is_told_what_is_wrong_with_it(words, wrong):
    code, said = ctl(*words)
    assert code == 2 and wrong in said
    assert f"tongbanctl {words[0]}" in said, "its usage is shown"
    assert said.count("  tongbanctl ") == 1, "and of no other command"


def test_an_unknown_command_does_not_fill_the_screen():
    code, said = ctl("staus")
    assert code == 2 and 'no command "staus"' in said and len(said.splitlines()) == 3


def test_the_columns_of_the_help_are_aligned():
    lines = [line for line in ctl("--help")[1].splitlines() if line.startswith("  --")]
    assert len(lines) > 20
    assert {len(line) - len(line[2:].split(" ", 1)[1].lstrip()) for line in lines} == {20}


def test_a_daemon_that_is_away_is_looked_for_with_systemctl(place):
    code, said = ctl("--socket", str(place / "320623.ctl"), "status")
    assert code == 3 and "no such socket" in said and "systemctl status tongband" in said
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(place / "320623.ctl"))
    left.close()
    code, said = ctl("--socket", str(place / "320623.ctl"), "status")
    assert code == 3 and "nobody answers" in said and "systemctl status tongband" in said
    assert "network" not in said, "it is on this machine"


@pytest.mark.skipif(os.getuid() != 0, reason="another user is needed")
def test_who_may_not_open_the_socket_is_told_who_may(place):
    program = shutil.copy(control_path(), place / "tongbanctl")
    there = socket.socket(socket.AF_UNIX)
    there.bind(str(place / "320623.ctl"))
    there.listen()
    (place / "320623.ctl").chmod(0o660)
    nobody = pwd.getpwnam("nobody")
    code, said = ctl("--socket", str(place / "320623.ctl"), "status", program=program, user=nobody.pw_uid, group=nobody.pw_gid,
                     extra_groups=[])
    there.close()
    assert code == 4 and "root" in said and "may ask" in said
