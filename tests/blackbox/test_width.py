"""Every report and the account of a case on a terminal of 80 columns, in both languages: whole lines, nothing cut to nothing."""
import pytest

from desk import Desk
from test_desk import width
from test_reports import REPORTS, decide, deliver, take


def lines(text):
    """What is not a command to be copied, nor a root hash."""
    return [line for line in text.splitlines() if not line.startswith(("下一步", "Next"))]


@pytest.fixture(scope="module", name="hall")
def busy(pair):
    world = pair
    world.cases = [take(world) for _ in range(2)]
    decide(world, world.cases[0])
    deliver(world, world.cases[0])
    window = Desk(world.away, "0007")
    window.run("transfer", "keep", "--case", world.cases[1], "--documents.name", "原居民身份证", "--documents.originals", "1")
    window.run("transfer", "pack", "--case", world.cases[1], "--documents.name", "原居民身份证", "--documents.originals", "1", "--bag", "F00012345",
               "--packed-by", "顾海燕")
    window.run("problem", "raise", "--class", "other", "--subject", "照片标准两地不一致，已电话联系两次，仍无书面答复", "--due", "2031-01-31")
    window.run("rating", "record", "--case", world.cases[0], "--about", "intake_window", "--level", "5", "--channel", "tablet")
    Desk(world.home, "0101").run("contact", "add", "--name", "顾海燕", "--function", "officer", "--department", "如东县政务服务中心", "--items", "GA01", "--phone",
                               "0513-84100001", "--duty-hours", "工作日9:00-12:00,13:30-17:00", "--deputy", "示例", "--deputy-phone", "0513-84100002")
    return world


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fits(hall, name, lang):
    supervisor = Desk(hall.away, "0201")
    for columns in (80, 100, 132):
        shown = supervisor.run("report", name, lang=lang, columns=columns)
        assert all(width(line) <= columns for line in lines(shown)), shown
        for case in hall.cases:
            assert (case in shown) == (case in supervisor.run("report", name, lang=lang, columns=1000)), shown
    for line in lines(shown):
        assert line == line.rstrip(), shown


def test_a_table_that_does_not_fit_loses_nothing(hall):
    supervisor = Desk(hall.away, "0201")
    narrow, wide = (supervisor.run("report", "intake", columns=columns) for columns in (80, 300))
    for words in ("收件日期", "办件编号", "补录"):
        assert words in wide.splitlines()[1], wide
    row, = [line.split() for line in wide.splitlines() if hall.cases[0] in line]
    record = narrow[narrow.index(hall.cases[0]) - 12:narrow.index(hall.cases[1])]
    assert all(cell in record for cell in row), (row, record)
    assert "补录 否" in record and "事项名称 " in record and "…" not in narrow


def test_a_flag_is_a_word_in_a_table_and_a_number_in_files(hall):
    supervisor = Desk(hall.away, "0201")
    assert "补录 否" in supervisor.run("report", "intake") and "late no" in supervisor.run("report", "intake", lang="C.UTF-8")
    assert {row["late"] for row in supervisor.json("report", "intake")["rows"]} == {0}
    csv = supervisor.run("report", "intake", "--csv").splitlines()
    assert csv[0].split(",")[8] == "补录" and csv[1].split(",")[8] == "0"
    assert "补录 0" in supervisor.run("report", "intake"), "the sum is a number"


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_the_account_of_a_case_fits(hall, lang):
    for office, staff in ((hall.away, "0007"), (hall.home, "0101"), (hall.home, "0201")):
        for case in hall.cases:
            shown = Desk(office, staff).run("case", "accountability", case, lang=lang)
            assert all(width(line) <= 80 for line in lines(shown)), shown
