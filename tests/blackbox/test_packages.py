"""The Debian packages of this build, looked at without installing them (installing: tests/system/test_life.py)."""
import pathlib
import re
import subprocess
import sys

import pytest

from office import ROOT

sys.path.insert(0, str(ROOT / "tests" / "system"))

import packages  # noqa: E402

EXPECTED = {
    "tongban-daemon": ["usr/sbin/tongband", "usr/sbin/tongbanctl", "usr/lib/systemd/system/tongband.service",
                       "usr/lib/systemd/system/tongband@.service", "usr/lib/systemd/system/tongband-window.socket",
                       "usr/lib/systemd/system/tongband-peer@.socket", "usr/lib/systemd/catalog/tongban.catalog",
                       "usr/lib/sysusers.d/tongban.conf", "usr/lib/tmpfiles.d/tongban.conf",
                       "usr/share/man/man8/tongband.8.gz", "usr/share/man/man8/tongbanctl.8.gz",
                       "usr/share/bash-completion/completions/tongbanctl"],
    "tongban": ["usr/bin/tongban", "usr/share/man/man1/tongban.1.gz", "usr/share/bash-completion/completions/tongban"],
    "tongban-verify": ["usr/bin/tongban-verify", "usr/share/man/man1/tongban-verify.1.gz"],
    "tongban-common": ["usr/share/tongban/calendar/holidays.tsv", "usr/share/tongban/catalogue/items.tsv", "usr/share/tongban/tongban.example.yaml",
                       "usr/share/tongban/journald-tongban.conf", "usr/share/tongban/prometheus/tongban.rules.yml",
                       "usr/share/locale/zh_CN/LC_MESSAGES/tongban.mo", "usr/share/doc/tongban-common/how-to/install.md",
                       "usr/share/doc/tongban-common/reference/units.md", "usr/share/doc/tongban-common/zh/certificates.md"],
}
PROGRAMS = ("usr/sbin/", "usr/bin/")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if packages.instrumented():
        pytest.skip("packages are made of builds without sanitizers and coverage")
    return packages.make(tmp_path_factory.mktemp("packages"))


def contents(package):
    """[(mode, owner, name)] of the files."""
    listed = subprocess.run(["dpkg-deb", "-c", str(package)], capture_output=True, text=True, check=True).stdout
    return [(line.split()[0], line.split()[1], line.split(None, 5)[5].removeprefix("./")) for line in listed.splitlines()]


@pytest.mark.parametrize("name", packages.NAMES)
def test_files(made, name):
    found = contents(made[name])
    names = {path for _, _, path in found}
    assert [path for path in EXPECTED[name] + [f"usr/share/doc/{name}/copyright", f"usr/share/doc/{name}/changelog.gz"] if path not in names] == []
    for mode, owner, path in found:
        program = path.startswith(PROGRAMS) and not path.endswith("/")
        assert owner == "root/root" and mode == ("drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if program else "-rw-r--r--"), path
    # what is configured stands in /etc, and is the site's alone: no package owns a file there
    assert not [path for path in names if not path.startswith("usr/")]


def test_no_file_is_in_two_packages(made):
    seen = {}
    for name in packages.NAMES:
        for mode, _, path in contents(made[name]):
            if not mode.startswith("d"):
                assert path not in seen, (path, name, seen[path])
                seen[path] = name


def test_control(made):
    version = re.search(r"VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text().split("project(")[1]).group(1)
    machine = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    for name, package in made.items():
        assert packages.field(package, "Version") == version
        assert packages.field(package, "Architecture") == ("all" if name == "tongban-common" else machine)
    depends = packages.field(made["tongban-daemon"], "Depends")
    # by the libraries that the programs are linked with, not by a list of ours
    for library in ("libc6", "libcurl4", "libsqlite3-0", "libssl3", "libuv1", "libsystemd0", f"tongban-common (= {version})", "systemd"):
        assert library in depends, library
    verify = packages.field(made["tongban-verify"], "Depends")
    assert "libssl3" in verify and "curl" not in verify and "sqlite" not in verify


def test_scripts(made, tmp_path):
    subprocess.run(["dpkg-deb", "-e", str(made["tongban-daemon"]), str(tmp_path)], check=True)
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = tmp_path / name
        assert script.stat().st_mode & 0o777 == 0o755 and script.read_text().startswith("#!/bin/sh\n")
        subprocess.run(["sh", "-n", str(script)], check=True)


def test_programs_run_from_anywhere_and_name_no_build_directory(made, tmp_path):
    for name in packages.NAMES:
        subprocess.run(["dpkg-deb", "-x", str(made[name]), str(tmp_path)], check=True)
    for path in [*tmp_path.glob("usr/bin/*"), *tmp_path.glob("usr/sbin/*")]:
        done = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0 and path.name.split("d")[0][:7] in done.stdout, (path, done)
        content = path.read_bytes()
        for word in (str(ROOT), str(packages.build_directory())):
            assert word.encode() not in content, (path, word)


def test_the_manual_knows_the_options():
    manual = pathlib.Path(ROOT / "daemon" / "tongband.8").read_text().replace("\\-", "-")
    usage = re.search(r"static const char usage\[\] =\n(.*?);\n", (ROOT / "daemon" / "main.c").read_text(), re.S).group(1)
    for option in set(re.findall(r"--[a-z-]+", usage)):
        assert option in manual, option
