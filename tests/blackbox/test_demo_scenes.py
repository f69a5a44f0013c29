"""./dev demo --full: the scenes of config/demo/scenes.py on ports of their own; each compares what both sides have of its case."""
import copy
import importlib
import sys

from office import AWAY, HOME

FAST = ["proxy", "deemed", "revoked", "refused", "expired", "originals"]  # the joint case is tests/blackbox/test_joint.py's


def test_both_sides_have_the_same_of_every_scene(demo, capsys):
    scenes, ended = importlib.import_module("scenes"), []
    demo.demo(False, demo.TWO, lambda: ended.extend(scenes.story(demo, FAST)))
    assert [row[1] for row in ended] == [row[2] for row in scenes.SCENES if row[0] in FAST]
    assert all(row[-1] == "yes" and len(row[2]) == 21 for row in ended)
    assert sum(line.endswith("yes") for line in capsys.readouterr().out.splitlines()) == len(FAST)


def test_a_difference_is_found(demo):
    scenes = importlib.import_module("scenes")
    row = {"rev": 1, "type": "case.submitted", "verdict": "done", "pending": True}
    view = {"state": "received", "rows": [row]}
    other = copy.deepcopy(view)
    other["rows"][0]["pending"] = False
    assert scenes.differences(demo, {HOME: view, AWAY: other}) == []
    for change in ({"verdict": "refused"}, {"rev": 2}, {"type": "case.received"}):
        wrong = {"state": "received", "rows": [{**row, **change}]}
        assert len(scenes.differences(demo, {HOME: view, AWAY: wrong})) == 1
    assert len(scenes.differences(demo, {HOME: view, AWAY: {"state": "accepted", "rows": []}})) == 2


def test_a_difference_ends_the_demonstration_with_status_1(demo, monkeypatch, capsys):
    scenes = importlib.import_module("scenes")
    row = {"rev": 1, "type": "case.submitted", "verdict": "done", "pending": False}
    stories = [{HOME: {"state": "received", "rows": [row]}, AWAY: {"state": "received", "rows": [{**row, "verdict": "refused"}]}}]
    monkeypatch.setattr(scenes, "SCENES", (("one", "一", "one", lambda stage: ("3" * 21, "received", stories)),))
    monkeypatch.setattr(demo.Person, "wait_item", lambda *words: None)
    monkeypatch.setattr(demo, "demo", lambda keep, offices, story: story())
    monkeypatch.setattr(sys, "argv", ["demo", "--full"])
    assert demo.main() == 1
    shown = capsys.readouterr()
    assert shown.out.rstrip().endswith("no") and "the timelines of both sides differ" in shown.err
