import shutil

import pytest

from office import World


@pytest.fixture(scope="session", autouse=True)
def remove_template():
    yield
    for directory in World.templates.values():
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def pair():
    """Two running offices that know each other, shared by the tests of one file."""
    world = World()
    try:
        world.start()
        yield world
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


@pytest.fixture
def fresh():
    """Two offices of its own for one test, not started; the links go through proxies that can be cut."""
    world = World(proxies=True)
    try:
        yield world
    finally:
        world.remove()
