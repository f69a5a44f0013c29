"""The tutorial, typed as it stands in docs/tutorial/first-application.md, with the offices' real catalogues."""
import os
import pathlib
import re
import subprocess
import time

import pytest

from desk import TONGBAN, Desk
from office import AWAY, HOME, ROOT, WAIT_S, World, daemon_path

PAGE = ROOT / "docs" / "tutorial" / "first-application.md"
PEOPLE = {"WINDOW": (AWAY, "0007"), "OFFICER": (HOME, "0101"), "DEPARTMENT": (AWAY, "0101")}
ANSWERS = ["张三", "", "33048318500101001x", "33048318500101001X", "13900001234", "", "", "registration-form.pdf", "", "y", "old-card.pdf", "5",
           "", "", "", "y"]
NUMBERS = {"NO": r"\b\d{21}\b", "A-NO": r"\bA\d{6}-\d{4}-\d+", "S-NO": r"\bS\d{6}-\d{4}-\d+", "T-NO": r"\bT\d{6}-\d{4}-\d+"}


def commands():
    """(person, command) in the order of the page: the person is the last one named in capitals before it."""
    person, inside = None, False
    for line in PAGE.read_text().splitlines():
        if line.startswith("```"):
            inside = not inside and line == "```sh"
        elif not inside:
            named = re.findall(r"\b(WINDOW|OFFICER|DEPARTMENT)\b", line)
            person = named[-1] if named else person
        elif line.startswith("tongban"):
            yield person, line


@pytest.fixture
def town():
    """Two offices with the catalogues that the demonstration has."""
    world = World()
    try:
        for office in world.offices.values():
            files = sorted((ROOT / "config" / "catalogue" / office.code).glob("*.yaml"))
            lists = [path for path in files if re.search(rf"^office: *['\"]?{office.code}", path.read_text(), re.M)]
            office.edit(r"catalogue:\n(  - [^\n]*\n)*", "catalogue:\n" + "".join(f"  - '{path}'\n" for path in lists))
        papers = world.directory / "papers"
        papers.mkdir()
        for name in ("registration-form.pdf", "old-card.pdf", "new-card.pdf"):
            (papers / name).write_bytes(b"%PDF-1.4\n" + name.encode() + b"\n%%EOF\n")
        yield world.start()
    finally:
        world.remove()


def test_the_tutorial_works_as_it_stands(town):
    desks = {name: Desk(town.offices[code], staff) for name, (code, staff) in PEOPLE.items()}
    path = os.pathsep.join([str(pathlib.Path(TONGBAN).parent), str(pathlib.Path(daemon_path()).parent), os.environ["PATH"]])
    known, count = {}, 0

    def once(person, line):
        words = re.sub(r"\b(?:[AST]-)?NO\b", lambda m: known[m.group()], line)
        env = {**desks[person].environment("C.UTF-8", 110), "PATH": path}
        got = subprocess.run(["bash", "-c", words], capture_output=True, text=True, env=env, cwd=town.directory / "papers",
                             stdin=subprocess.DEVNULL, timeout=60, check=False)
        return got.returncode, got.stdout + got.stderr

    for person, line in commands():
        count += 1
        if line.startswith("tongban case new"):
            shown, status = desks[person].answer(*line.split()[1:], answers=ANSWERS, lang="C.UTF-8", cwd=town.directory / "papers")
            assert "Form check" in shown and ": not there" in shown, shown
        else:
            end = time.monotonic() + WAIT_S
            status, shown = once(person, line)
            while status == 1 and time.monotonic() < end:  # the other office has not heard of it yet
                time.sleep(0.1)
                status, shown = once(person, line)
        assert status == 0, (person, line, shown)
        for name, form in NUMBERS.items():
            if name not in known and re.search(form, shown):
                known[name] = re.search(form, shown).group()
            elif name == "T-NO" and line.startswith("tongban transfer pack"):
                known[name] = re.search(form, shown).group()
        if line.startswith("tongban case originals"):
            assert "balances" in shown
        time.sleep(0.3)  # a person takes longer
    assert count > 25 and set(known) == set(NUMBERS)
