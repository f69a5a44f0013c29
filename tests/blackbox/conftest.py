import functools
import importlib.util
import pathlib
import shutil
import sys

import pytest

from office import AWAY, HOME, ROOT, World, daemon_path, free_ports, running

sys.path.insert(0, str(ROOT / "config" / "demo"))


@pytest.fixture(scope="session", autouse=True)
def remove_template():
    yield
    for directory in World.templates.values():
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def pair():
    """Two running offices that know each other, shared by the tests of one file."""
    with running() as world:
        yield world


@pytest.fixture
def fresh():
    """Two offices of its own for one test, not started; the links go through proxies that can be cut."""
    world = World(proxies=True)
    try:
        yield world
    finally:
        world.remove()


@functools.cache
def demonstration():
    """config/demo/run.py; by its path, for tests/run.py has the same name."""
    spec = importlib.util.spec_from_file_location("demonstration", ROOT / "config" / "demo" / "run.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The demonstration in a directory and on ports of this test."""
    run = demonstration()
    monkeypatch.setitem(sys.modules, "run", run)  # what its other files import
    first = free_ports(6)
    monkeypatch.setattr(run, "BUILD", str(pathlib.Path(daemon_path()).parents[1]))
    monkeypatch.setattr(run, "DEMO", str(tmp_path / "demo"))
    monkeypatch.setattr(run, "PORTS", {HOME: first, AWAY: first + 3})
    return run
