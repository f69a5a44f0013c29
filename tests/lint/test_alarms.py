"""The alarms of config/prometheus: parsed and tested by promtool, each with its entry in both languages, a runbook that is there and
a test in which it fires; the expressions of the rules and of the dashboard name metrics that the tables have."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402
from test_docs import anchors  # noqa: E402

RULES, TESTS, DASHBOARD = "config/prometheus/tongban.rules.yml", "tests/prometheus/alarms.test.yml", "config/grafana/tongban.json"
PAGE, CHINESE = "docs/reference/alarms.md", "docs/zh/alarms.md"
NAME = re.compile(r"\b(?:tongban|process)_[a-z0-9_]+\b")
PROMTOOL = shutil.which("promtool")


def rules(text):
    """{alert: {expr, for, severity, summary, summary_zh, runbook}} of a rule file in our block style."""
    found = {}
    for block in re.split(r"^      - alert: ", text, flags=re.M)[1:]:
        name = block.split("\n", 1)[0]
        rule = dict(re.findall(r"^ +(expr|for|summary|summary_zh|runbook): (.*)$", block, re.M))
        rule["severity"] = re.search(r"severity: (\w+)", block).group(1)
        assert name not in found, name
        found[name] = rule
    return found


def known_metrics():
    """Names that /metrics may show."""
    header = common.read("daemon/base/metrics.h")
    names = {"tongban_" + name for name in re.findall(r'M\([A-Z_0-9]+, (?:counter|gauge), "(\w+)"', header)}
    for kind, name in re.findall(r'S\([A-Z_0-9]+, (\w+), \d+, \w+, \w+, "(\w+)"', common.read("daemon/base/series.h")):
        names |= {"tongban_" + name + end for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    names |= set(re.findall(r'P\([A-Z_]+, \w+, \d+, "(\w+)"', common.read("daemon/base/process.h")))
    return names | {"tongban_build_info"}


def expressions(dashboard):
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def promtool(*arguments):
    if not PROMTOOL:
        pytest.skip("no promtool here (Debian package prometheus): the rules are not checked")
    done = subprocess.run([PROMTOOL, *arguments], cwd=common.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_promtool_reads_the_rules():
    promtool("check", "rules", RULES)


def test_promtool_runs_the_tests_of_the_rules():
    promtool("test", "rules", TESTS)


def test_promtool_reads_the_expressions_of_the_dashboard(tmp_path):
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for n, expr in enumerate(expressions(json.loads(common.read(DASHBOARD)))):
        lines += [f"      - record: panel:{n}", "        expr: " + json.dumps(expr.replace("$instance", ".*"))]
    (tmp_path / "dashboard.yml").write_text("\n".join(lines) + "\n")
    promtool("check", "rules", str(tmp_path / "dashboard.yml"))


def test_every_expression_names_metrics_that_there_are():
    known, found = known_metrics(), rules(common.read(RULES))
    used = {name: NAME.findall(rule["expr"]) for name, rule in found.items()}
    for n, expr in enumerate(expressions(json.loads(common.read(DASHBOARD)))):
        used[f"panel {n}"] = NAME.findall(expr)
    assert len(known) > 80 and len(used) > 50
    wrong = {where: [name for name in names if name not in known] for where, names in used.items()}
    assert {where: names for where, names in wrong.items() if names} == {}


def test_every_alarm_says_what_and_where():
    for name, rule in rules(common.read(RULES)).items():
        assert rule["severity"] in ("critical", "warning", "info"), name
        assert re.fullmatch(r"\d+[mh]", rule["for"]), name
        assert re.search(r"[\u4e00-\u9fff]", rule["summary_zh"]) and not re.search(r"[\u4e00-\u9fff]", rule["summary"]), name
        path, _, anchor = rule["runbook"].partition("#")
        assert path.startswith("docs/how-to/") and os.path.exists(os.path.join(common.ROOT, path)), (name, path)
        assert not anchor or anchor in anchors(common.read(path)), (name, rule["runbook"])


def test_what_runs_out_is_told_by_alarm_and_status_on_the_same_day():
    days = dict(re.findall(r"FINDING_(\w+)_DAYS = (\d+)", common.read("proto/finding.h")))
    found = rules(common.read(RULES))
    for constant, alarm in (("CERTIFICATE", "CertificateExpires"), ("CERTIFICATE_NOW", "CertificateExpiresNow"), ("CALENDAR", "CalendarEnds")):
        assert found["Tongban" + alarm]["expr"].endswith(f"_seconds < {days[constant]} * 86400"), constant


def test_every_alarm_has_its_entry():
    page, found = common.read(PAGE), rules(common.read(RULES))
    entries = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert list(entries) == list(found)
    for name, rule in found.items():
        after = "at once" if rule["for"] == "0m" else "after " + rule["for"]
        assert f"`{rule['severity']}`, {after}: `{rule['expr']}`" in entries[name], name
        for part in ("- Meaning: ", "- Impact: ", "- Do: "):
            assert part in entries[name], (name, part)
        assert "](../" + rule["runbook"].removeprefix("docs/") + ")" in entries[name], name
        row = f"| [{name}](#{name.lower()}) | {rule['severity']} | {after.removeprefix('after ')} |"
        assert row in page, row


def test_every_alarm_has_its_entry_in_chinese():
    page, found = common.read(CHINESE), rules(common.read(RULES))
    entries = dict(re.findall(r"^## (Tongban\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert list(entries) == list(found)
    for name, rule in found.items():
        after = "立即" if rule["for"] == "0m" else f"持续 {rule['for'][:-1]} " + {"m": "分钟", "h": "小时"}[rule["for"][-1]]
        assert f"`{rule['severity']}`，{after}。" in entries[name], name
        assert re.search(r"^- 含义：.+\n- 影响：.+\n- 处理：.+ → \[.+\]\(.+\)", entries[name], re.M), name
    steps = re.findall(r"^## (?!Tongban)", page, re.M)
    assert len(steps) == len(re.findall(r"^## ", common.read("docs/how-to/answer-an-alarm.md"), re.M))


def test_every_alarm_fires_in_a_test_and_is_quiet_in_another():
    text = common.read(TESTS)
    fired = set(re.findall(r'alertname="(\w+)"', text))
    assert fired == set(rules(common.read(RULES)))
    assert "a healthy office has no alarm" in text and text.count("exp_samples: []") > len(fired)


def test_the_lint_finds_what_it_is_for():
    text = common.read(RULES)
    assert "Nothing" in rules(text.replace("alert: TongbanDown", "alert: Nothing")) and len(rules(text)) > 20
    assert "tongban_nothing" not in known_metrics() and "tongban_store_commit_seconds_bucket" in known_metrics()
