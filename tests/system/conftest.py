import functools
import pathlib
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox"), str(HERE.parents[1] / "config" / "demo")]

import packages  # noqa: E402
import pair as machines  # noqa: E402
import root  # noqa: E402

LATER = "0.99"
measured = []  # (what was measured, in words; the figure)
signal.signal(signal.SIGTERM, signal.default_int_handler)  # machines and namespaces are taken away then, too


@functools.lru_cache
def missing():
    """What keeps machines from booting here, or None: a bare Debian is booted once, before anything of ours is in it."""
    why = root.why_not()
    if why:
        return why
    try:
        root.make_root()
    except subprocess.SubprocessError as error:
        return f"no Debian root could be made from {root.mirror()} (build/system/debootstrap.log): {error}"
    bare = root.Machine("bare")
    try:
        bare.boot()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return f"a bare Debian does not boot in a container here: {' '.join(str(error).split())[-300:]}"
    finally:
        bare.remove()
    return None


def need_machines():
    """Skips, with the reason, where there can be none."""
    if missing():
        pytest.skip(missing())


@pytest.fixture
def machine():
    """One booted bare machine for one test."""
    need_machines()
    machine = root.Machine("m1")
    try:
        yield machine.boot()
    finally:
        machine.remove()


@pytest.fixture(scope="session")
def debs(tmp_path_factory):
    """The packages of the build, and the same of a later version."""
    if packages.instrumented():
        pytest.skip("packages are made of builds without sanitizers and coverage")
    first = packages.make(tmp_path_factory.mktemp("packages"))
    second = {name: packages.later(package, tmp_path_factory.mktemp(name), LATER) for name, package in first.items()}
    return first, second


@pytest.fixture(scope="module")
def bare(debs):
    """Two booted bare machines with a cable between them."""
    need_machines()
    pair = machines.Pair(debs)
    try:
        yield pair
    finally:
        pair.remove()


@pytest.fixture(scope="module")
def pair(bare):
    """The offices, set up and met; the seconds from the first package to the first case that crossed over."""
    started = time.monotonic()
    for server in bare.servers.values():
        server.install(bare.debs[0])
    bare.installed_s = time.monotonic() - started
    bare.first = bare.set_up()
    bare.set_up_s = time.monotonic() - started
    return bare


@pytest.fixture
def figure(request):
    """Notes a figure for the table at the end."""
    return lambda what, value, unit="s": measured.append((request.node.name.removeprefix("test_").replace("_", " "), what, f"{value:.1f} {unit}"
                                                           if isinstance(value, float) else f"{value} {unit}".strip()))


def pytest_terminal_summary(terminalreporter):
    if measured:
        terminalreporter.section("measured")
    for test, what, value in measured:
        terminalreporter.write_line(f"{test:<44} {what:<60} {value:>12}")


def pytest_unconfigure(config):
    """The last line, as ./dev test has it."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter and not hasattr(config, "workerinput"):
        count = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error")}
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed")
