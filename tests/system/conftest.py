import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]

import root  # noqa: E402


@pytest.fixture
def machine():
    """One booted bare machine for one test."""
    missing = root.why_not()
    if missing:
        pytest.skip(missing)
    machine = root.Machine("m1")
    try:
        yield machine.boot()
    finally:
        machine.remove()
