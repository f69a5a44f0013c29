"""The pages of security and of the night: the tests they name are there, and the Chinese page has the rows of the English ones."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402


def test_the_tests_that_the_security_pages_name_are_there():
    for page in ("docs/explanation/security.md", "docs/zh/dengbao.md"):
        named = set(re.findall(r"`((?:[a-z]+/)*(?:test_\w+\.(?:py|c)|alarms\.test\.yml))`", common.read(page)))
        assert len(named) > 10, page
        missing = [name for name in named if not any(os.path.exists(os.path.join(common.ROOT, "tests", *prefix, name))
                                                     for prefix in ((), ("blackbox",)))]
        assert missing == [], page


def test_the_chinese_page_of_the_night_has_the_rows_of_the_english_ones():
    """Of both tables what a program prints: the answers of `peer test`, the events of the log."""
    page = common.read("docs/zh/night.md")
    away, disk = common.read("docs/how-to/a-counterpart-is-away.md"), common.read("docs/how-to/disk-trouble.md")
    answers = [word for row in re.findall(r"^\| (`[^|]*) \|", away, re.M) for word in re.findall(r"`([^`]+)`", row) if word != "peer test"]
    events = sorted(set(re.findall(r"`((?:disk|writing|stored|material|backup)_[a-z_]+)`", disk.split("## Restore", maxsplit=1)[0])))
    assert len(answers) > 10 and len(events) > 5
    assert [word for word in answers + events if f"`{word}`" not in page] == []
