"""Numbers under which line systems know a case: noted, found, refused, taken away, and kept to the office."""
import pytest

from desk import Desk


def note(office, case, system="社保系统", value="SB2026000123", key=None, staff="0007", **more):
    return office.window("POST", f"/window/v1/cases/{case}/numbers", {"system": system, "value": value, **more}, staff, key)


def found(office, value):
    return [row["case"] for row in office.window("GET", f"/window/v1/cases?q={value}").json()["rows"]]


def test_a_number_is_noted_shown_and_found_here_only(pair):
    case = pair.away.intake().json()["case"]
    pair.home.wait_state(case, "received")
    answer = note(pair.away, case, key="n-1")
    assert answer.status == 200 and answer.json() == {"case": case, "numbers": [{"system": "社保系统", "value": "SB2026000123"}]}
    assert note(pair.away, case, key="n-1").headers["idempotent-replayed"] == "true"
    assert note(pair.away, case).json() == answer.json()  # once is enough
    assert note(pair.away, case, "公安人口系统", "SB2026000123").status == 200  # another system may count the same way
    assert found(pair.away, "SB2026000123") == [case] and found(pair.away, "SB2026000124") == []
    assert [row["system"] for row in pair.away.case(case).json()["numbers"]] == ["社保系统", "公安人口系统"]
    assert "numbers" not in pair.home.case(case).json() and found(pair.home, "SB2026000123") == []
    assert note(pair.home, case, staff="0101").status == 200  # the other side has systems of its own
    assert note(pair.away, case, remove=True).json()["numbers"] == [{"system": "公安人口系统", "value": "SB2026000123"}]
    assert note(pair.away, case, remove=True).problem() == "not-found"


def test_one_number_is_one_case(pair):
    first, second = (pair.away.intake().json()["case"] for _ in range(2))
    assert note(pair.away, first, value="X-1").status == 200
    refused = note(pair.away, second, value="X-1")
    assert refused.problem() == "field" and first in refused.json()["detail"]
    assert found(pair.away, "X-1") == [first]
    for n in range(15):
        assert note(pair.away, first, value=f"Y-{n}").status == 200
    assert note(pair.away, first, value="Y-15").problem() == "field"


@pytest.mark.parametrize("body, problem", [
    ({"system": "社保系统"}, "field"), ({"value": "1"}, "field"), ({"system": "", "value": "1"}, "field"),
    ({"system": "社保系统", "value": "1\n2"}, "field"), ({"system": "社" * 21, "value": "1"}, "field"),
    ({"system": "社保系统", "value": "1" * 101}, "field"), ({"system": "社保系统", "value": 1}, "field"),
    ({"system": "社保系统", "value": "33048318500101001X"}, "field"), ({"system": "社保系统", "value": "1", "other": 1}, "field"),
    ({"system": "社保系统", "value": "1", "remove": "yes"}, "field"), ([], "malformed"),
])
def test_bad_numbers(pair, body, problem):
    case = pair.away.intake().json()["case"]
    assert pair.away.window("POST", f"/window/v1/cases/{case}/numbers", body).problem() == problem
    assert "numbers" not in pair.away.case(case).json()


def test_an_unknown_case(pair):
    assert note(pair.away, "320623261126000999990").problem() == "not-found"


def test_the_command(pair):
    case, other = (pair.away.intake().json()["case"] for _ in range(2))
    desk = Desk(pair.away, "0007")
    number = ("--system", "社保系统", "--value", "CLI-1")
    assert "社保系统  CLI-1" in desk.run("case", "number", case, *number)
    assert f"已登记在办件{case}上" in desk.run("case", "number", other, *number, code=1)
    assert case in desk.run("case", "list", "CLI-1")
    assert "CLI-1" in desk.run("case", "show", case)
    desk.run("case", "number", case, code=2)
    assert desk.json("case", "number", case, *number, "--remove") == {"case": case, "numbers": []}
    assert "CLI-1" not in desk.run("case", "show", case)
