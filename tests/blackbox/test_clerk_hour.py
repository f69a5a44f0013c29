"""docs/zh/clerk-hour.md says what the programs show: the morning is played again and compared with the page."""
import datetime
import importlib
import re
import unicodedata

import pytest

from office import ROOT

PAGE = ROOT / "docs" / "zh" / "clerk-hour.md"


def blocks(text):
    """What was typed and shown, one list of lines per command."""
    return [block.split("\n") for block in re.findall(r"```console\n(.*?)\n```", text, re.S)]


def without_days(text):
    """On a day off the same act is due otherwise: lights and days say nothing then."""
    return re.sub(r"(?m)^[红黄蓝绿灰]  |[红黄蓝绿灰]$", "", re.sub(r"\d{4}-\d\d-\d\d", "DAY", text))


def test_the_page_is_what_the_terminal_shows(demo):
    hour = importlib.import_module("clerk_hour")
    today = datetime.date.fromisoformat(demo.now()[:10])
    page, shown = PAGE.read_text(), hour.transcript()
    if demo.now()[:10] != str(today):  # midnight came between
        shown, today = hour.transcript(), today + datetime.timedelta(days=1)
    if hour.Clock.add(str(today - datetime.timedelta(days=1)), 1) != str(today):
        page, shown = without_days(page), without_days(shown)
    assert page == shown, "renew it: config/demo/clerk_hour.py --write"


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("block", blocks(PAGE.read_text()), ids=lambda block: "-".join(re.findall(r"[a-z]{3,}", block[0])[1:3]))
def test_a_clerk_can_read_it(block):
    """Chinese, within 80 columns but for the commands to copy, and every answer ends with what comes next."""
    typed, lines = block[0], block[1:]
    assert typed.startswith("$ tongban ")
    assert sum(line.startswith("下一步：") for line in lines) == 1, lines
    for line in lines:
        if line.startswith(("下一步", "还可以", "        ", "依据 ")):  # commands and a hash are copied whole
            continue
        assert width(line) <= 80 or typed.startswith("$ tongban report "), line  # a register has its columns
        assert line == line.rstrip() or line.endswith("："), line
