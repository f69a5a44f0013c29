"""`tongban` against a window API from memory (fake_window.py), in both languages.  TONGBAN_BUILD names the build directory."""
import json
import os
import pathlib
import pty
import re
import stat
import subprocess
import unicodedata

import pytest

from fake_window import CASE, FakeWindow, make_certificates, problem

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TONGBAN_BUILD", "build/release")
TONGBAN = os.environ.get("TONGBAN", str(BUILD / "client" / "tongban"))
LANGUAGES = ["C.UTF-8", "zh_CN.UTF-8"]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    make_certificates(directory)
    return directory


class Desk:
    def __init__(self, directory, certificates):
        self.directory, self.world = directory, FakeWindow(certificates)
        self.configure(certificates)

    def configure(self, certificates, authority="ca.pem", extra="", port=None):
        text = (f"server: https://127.0.0.1:{port or self.world.port}\nauthority: {certificates}/{authority}\n"
                f"certificate: {certificates}/staff.pem\nkey: {certificates}/staff.key\noffice: \"320623\"\n{extra}")
        (self.directory / "tongban.yaml").write_text(text)

    def run(self, *words, lang="C.UTF-8", **more):
        env = {"PATH": os.environ["PATH"], "LANG": lang, "HOME": str(self.directory),
               "TONGBAN_CONFIG": str(self.directory / "tongban.yaml")}
        env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "TSAN", "TONGBAN_LOCALE"))})
        env.update(more)
        return subprocess.run([TONGBAN, *words], capture_output=True, text=True, env=env, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=self.directory)

    def states(self):
        return list((self.directory / ".local/state/tongban").glob("*"))


@pytest.fixture
def desk(tmp_path, certificates):
    desk = Desk(tmp_path, certificates)
    yield desk
    desk.world.close()


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_item_list_is_aligned_and_in_the_language(desk, lang):
    got = desk.run("item", "list", lang=lang)
    assert got.returncode == 0, got.stderr
    lines = got.stdout.splitlines()
    head, row = lines[0], lines[1]
    assert ("事项" in head) == (lang == "zh_CN.UTF-8") and ("Item" in head) == (lang == "C.UTF-8")
    column = head.index("部门" if lang != "C.UTF-8" else "Department")
    assert width(head[:column]) == width(row[:row.index("桐乡市公安局")])
    assert all(line == line.rstrip() for line in lines)
    assert ("下一步：" in got.stdout) == (lang == "zh_CN.UTF-8")


def test_narrow_terminal_leaves_out_and_cuts_with_an_ellipsis(desk):
    got = desk.run("case", "list", COLUMNS="76", lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "…" not in got.stdout and "收件时间" not in got.stdout
    assert "收件时间" in desk.run("case", "list", COLUMNS="110", lang="zh_CN.UTF-8").stdout
    got = desk.run("case", "list", COLUMNS="64", lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "…" in got.stdout
    assert max(width(line) for line in got.stdout.splitlines()) <= 64
    assert CASE in got.stdout  # a number is never cut


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_next_line_and_the_other_steps_in_short(desk, lang):
    zh = lang == "zh_CN.UTF-8"
    desk.world.changes.update(state="received", state_confirmed="received", turn="handler",
                           actions=["tolerate", "notice", "accept", "refuse", "withdraw", "material"])
    got = desk.run("case", "show", CASE, lang=lang, COLUMNS="80")
    lines = got.stdout.splitlines()
    following = [line for line in lines if line.startswith("下一步：" if zh else "Next: ")]
    assert following == [f"下一步：tongban case accept {CASE}（受理）" if zh else f"Next: tongban case accept {CASE}"]
    assert f"tongban material add {CASE} " + ("文件" if zh else "FILE") in got.stdout
    assert ("notice（一次性告知）" in got.stdout) == zh and max(width(line) for line in lines) <= 80


@pytest.mark.parametrize("group", ["case", "transfer", "joint"])
def test_help_of_a_group(desk, group):
    got = desk.run("help", group, lang="zh_CN.UTF-8")
    assert got.returncode == 0 and f"  {group} " in got.stdout and not re.search(r" (NO|CODE|FILE|NAME|QUERY)\b", got.stdout)
    assert got.stdout == desk.run(group, "--help", lang="zh_CN.UTF-8").stdout
    assert not re.search(r"[\u4e00-\u9fff]", desk.run("help", group).stdout.splitlines()[0])
    assert "report check" in desk.run("help", "report").stdout
    assert desk.run(group, "nonsense", "--help").returncode == 2
    got = desk.run("case", "accept", lang="zh_CN.UTF-8")
    assert got.returncode == 2 and "tongban help case accept" in got.stderr


def test_empty_lists_say_what_to_do(desk):
    desk.world.empty = True
    for words in (["case", "list"], ["todo"], ["item", "list", "没有的"]):
        got = desk.run(*words, lang="zh_CN.UTF-8")
        assert got.returncode == 0 and got.stdout.splitlines()[-1].startswith("下一步："), (words, got)


def test_list_follows_its_cursor(desk):
    assert len(json.loads(desk.run("case", "list", "--json").stdout)["rows"]) == 3
    assert len(json.loads(desk.run("case", "list", "--json", "--limit", "1").stdout)["rows"]) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_case_show(desk, lang):
    got = desk.run("case", "show", CASE, lang=lang)
    assert got.returncode == 0 and "张三" in got.stdout and ("已推送" in got.stdout) == (lang == "zh_CN.UTF-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_clocks_and_lights(desk, lang):
    zh = lang == "zh_CN.UTF-8"
    got = desk.run("case", "clocks", CASE, lang=lang)
    assert got.returncode == 0, got.stderr
    for word in (("红", "决定", "超期 2 天", "窗口负责人", "进行中", "属地", "2026-12-07?") if zh else
                 ("red", "decision", "2 over", "head of the window", "goes on", "the home side", "2026-12-07?")):
        assert word in got.stdout, (word, got.stdout)
    lines = got.stdout.splitlines()
    assert all(line == line.rstrip() for line in lines) and "\033" not in got.stdout
    clocks = [line for line in lines if "行政许可法" in line]
    law = [width(line[:line.index("行政许可法")]) for line in clocks]
    assert len(law) == 2 and law[0] == law[1]  # aligned in columns, whatever the script
    assert lines[-1].startswith("下一步：" if zh else "Next: ")
    assert json.loads(desk.run("case", "clocks", CASE, "--json").stdout)["delay"]["home"] == 2
    assert desk.run("case", "clocks", "123").returncode == 1
    listed = desk.run("case", "list", lang=lang).stdout
    assert ("黄" if zh else "yellow") in listed and ("灯" if zh else "Light") in listed


def test_colours_only_on_a_terminal(desk):
    def screen(**more):
        master, slave = pty.openpty()
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(desk.directory), "TERM": "xterm",
               "TONGBAN_CONFIG": str(desk.directory / "tongban.yaml"), **more}
        run = subprocess.Popen([TONGBAN, "todo"], stdout=slave, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(master)
        assert run.wait(60) == 0
        return shown
    assert b"\033[33myellow\033[0m" in screen()
    assert b"\033" not in screen(NO_COLOR="1") and b"yellow" in screen(NO_COLOR="1")
    assert b"\033" not in screen(TERM="dumb")


@pytest.mark.parametrize("number", ["123", "320623261123000000123", "../../items", "320623261123000000122x"])
def test_a_wrong_case_number_is_not_sent(desk, number):
    got = desk.run("case", "show", number)
    assert got.returncode == 1 and not desk.world.seen


@pytest.mark.parametrize("lang", LANGUAGES)
def test_exit_statuses(desk, certificates, lang):
    desk.world.refusal = problem("transition", 409, "not from here")
    form = desk.directory / "form.json"
    form.write_text('{"item":{"office":"330483","code":"GA01"}}')
    got = desk.run("case", "new", "--file", str(form), lang=lang)
    assert got.returncode == 1
    assert ("办件当前状态不能做这一步" in got.stderr) == (lang == "zh_CN.UTF-8") and "not from here" in got.stderr
    desk.world.refusal = problem("not-allowed", 403, "role handler")
    assert desk.run("case", "new", "--file", str(form)).returncode == 4
    assert desk.run("case", "nonsense").returncode == 2
    assert desk.run("case", "list", "--nonsense").returncode == 2
    assert desk.run("case", "show").returncode == 2
    desk.configure(certificates, authority="other.pem")
    untrusted = desk.run("todo")
    assert untrusted.returncode == 3 and "not trusted" in untrusted.stderr
    desk.configure(certificates, port=1)
    assert desk.run("todo").returncode == 3
    desk.configure(certificates, extra="colour: red\n")
    unknown = desk.run("todo")
    assert unknown.returncode == 2 and "colour" in unknown.stderr


def test_json_problem_on_stdout(desk):
    desk.world.refusal = problem("one-notice-only", 409, "second notice")
    (desk.directory / "f.json").write_text("{}")
    got = desk.run("--json", "case", "new", "--file", "f.json")
    assert got.returncode == 1 and json.loads(got.stdout)["type"] == "urn:tongban:problem:one-notice-only" and got.stderr == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_request_is_named_when_the_server_is_in_trouble(desk, lang):
    label = "请求编号：" if lang == "zh_CN.UTF-8" else "Request: "

    def said(name, status, instance):
        form = desk.directory / f"{name}.json"
        form.write_text(json.dumps({"of": name + instance}))  # another one each time: an unanswered request keeps its key and answer
        desk.world.refusal = problem(name, status, instance=instance)
        return desk.run("case", "new", "--file", str(form), lang=lang).stderr

    assert f"  {label}019a3f5c-8f21-7c4e\n" in said("internal", 500, "urn:tongban:request:019a3f5c-8f21-7c4e")
    assert label not in said("internal", 500, "https://example.invalid/1")
    assert label not in said("transition", 409, "urn:tongban:request:019a3f5c-8f21-7c4e"), "a refusal by rule is the clerk's own matter"


def pdf(desk, size=5000, name="扫描 件.pdf"):
    path = desk.directory / name
    path.write_bytes(b"%PDF-1.7\n" + os.urandom(size))
    return path


def test_intake_uploads_and_a_lost_answer_makes_one_case(desk):
    path = pdf(desk)
    form = {"item": {"office": "330483", "code": "GA01"},
            "materials": [{"name": "表", "form": "original", "original_seen": True, "file": str(path)}]}
    (desk.directory / "form.json").write_text(json.dumps(form))
    desk.world.drop = 2
    got = desk.run("case", "new", "--file", "form.json", "--json")
    assert got.returncode == 0 and json.loads(got.stdout)["case"] == CASE
    assert len(desk.world.bodies) == 1
    material = desk.world.bodies[0][1]["materials"][0]
    assert material["size"] == path.stat().st_size and material["type"] == "application/pdf" and "file" not in material
    assert desk.world.uploads[material["sha256"]][1] == path.read_bytes()
    assert desk.states() == []


def test_the_key_survives_a_crash(desk):
    (desk.directory / "form.json").write_text('{"item":{"office":"330483","code":"GA01"}}')
    desk.world.drop = 5
    assert desk.run("case", "new", "--file", "form.json").returncode == 3
    state, = desk.states()
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert desk.run("case", "new", "--file", "form.json").returncode == 0
    assert len(desk.world.bodies) == 1 and desk.states() == []
    assert desk.run("case", "new", "--file", "form.json").returncode == 0
    assert len(desk.world.bodies) == 2, "an answered request is over; the same again is a new one"


def test_upload_in_pieces_continues_after_a_cut(desk):
    path = pdf(desk, 9 * 1024 * 1024)
    desk.world.drop_patch = 2
    got = desk.run("material", "add", CASE, str(path), "--name", "表", "--form", "copy")
    assert got.returncode == 0, got.stderr
    (length, data), = desk.world.uploads.values()
    assert data == path.read_bytes()
    pieces = [e for e in desk.world.seen if e[0] == "PATCH"]
    assert pieces[0][1] == 2000 and max(e[2] for e in pieces) == 4 * 1024 * 1024
    assert desk.world.bodies[0][0].endswith("/actions/material")


def test_material_of_a_supplement(desk):
    desk.world.state = "supplement_asked"
    assert desk.run("material", "add", CASE, str(pdf(desk))).returncode == 0
    assert desk.world.bodies[0][0].endswith("/actions/supplement")


@pytest.mark.parametrize("content,name", [(b"", "material-empty"), (b"MZ\x90\0 no scan", "unsupported-type")])
def test_files_that_are_not_taken(desk, content, name):
    (desk.directory / "x.pdf").write_bytes(content)
    got = desk.run("--json", "material", "add", CASE, "x.pdf")
    assert got.returncode == 1 and json.loads(got.stdout)["type"].endswith(name) and not desk.world.uploads


def test_an_action_uploads_its_file_and_says_its_outcome(desk):
    got = desk.run("case", "grant", CASE, "--result.name", "居民身份证", "--result.file", str(pdf(desk)), "--legal-basis", "第十条")
    assert got.returncode == 0, got.stderr
    path, body = desk.world.bodies[0]
    assert path.endswith("/actions/grant") and body["outcome"] == "grant" and body["legal_basis"] == "第十条"
    assert body["result"]["sha256"] in desk.world.uploads and body["result"]["name"] == "居民身份证"


def test_an_action_refuses_unknown_fields_before_sending(desk):
    assert desk.run("case", "grant", CASE, "--result.colour", "red").returncode == 2
    assert desk.run("case", "notice", CASE, "--defects", "x").returncode == 2
    assert not desk.world.bodies


def test_lists_and_times_of_an_action(desk):
    got = desk.run("case", "notice", CASE, "--defects.material", "甲", "--defects.defect", "缺页", "--defects.material", "乙",
                   "--deadline", "2026-12-01")
    assert got.returncode == 0, got.stderr
    assert desk.world.bodies[0][1]["defects"] == [{"material": "甲", "defect": "缺页"}, {"material": "乙"}]
    assert desk.run("case", "deliver", CASE, "--received-at", "2026-11-23 09:30").returncode == 0
    assert desk.world.bodies[1][1]["received_at"] == "2026-11-23T09:30:00+08:00"


def test_watch_reconnects_and_ends_with_the_case(desk):
    got = desk.run("case", "track", CASE, "--watch", lang="zh_CN.UTF-8")
    assert got.returncode == 0, got.stderr
    assert got.stdout.count("办结") >= 1 and got.stdout.count("推送属地") == 1 and desk.world.streams == 2


def test_proof_is_written_as_it_came(desk):
    got = desk.run("case", "proof", CASE, "--out", "b.json")
    assert got.returncode == 0 and json.loads((desk.directory / "b.json").read_text()) == {"v": 1, "entries": []}
    assert stat.S_IMODE((desk.directory / "b.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("lang", LANGUAGES)
def test_code_and_calendar_need_no_server(tmp_path, desk, lang):
    assert desk.run("code", "check", "citizen-id", "33048318500101001X", lang=lang, TONGBAN_CONFIG="").returncode == 0
    bad = desk.run("code", "check", "citizen-id", "33048318500101001x", lang=lang, TONGBAN_CONFIG="")
    assert bad.returncode == 1 and ("大写" in bad.stderr) == (lang == "zh_CN.UTF-8") and bad.stdout == ""
    assert desk.run("code", "check", "nonsense", "1", TONGBAN_CONFIG="").returncode == 2
    table = str(ROOT / "config/calendar/holidays.tsv")
    got = desk.run("calendar", "add", "2026-09-30", "1", "--calendar", table, "--json", TONGBAN_CONFIG="")
    assert json.loads(got.stdout) == {"date": "2026-10-08", "provisional": False}
    year = max(line[:4] for line in (ROOT / "config/calendar/holidays.tsv").read_text().splitlines()[1:])
    beyond = desk.run("calendar", "add", f"{year}-12-31", "5", "--calendar", table, "--json", TONGBAN_CONFIG="")
    assert json.loads(beyond.stdout)["provisional"]
    assert desk.run("calendar", "add", "2026-02-30", "1", TONGBAN_CONFIG="").returncode == 2


def test_manuals_do_not_drift():
    for option, path in (("--man", "client/man/tongban.1"), ("--complete", "client/completion/tongban"),
                         ("--manual", "docs/reference/tongban.md")):
        made = subprocess.run([TONGBAN, option], capture_output=True, text=True, env={"LANG": "C.UTF-8"}, check=True)
        assert (ROOT / path).read_text() == made.stdout, f"make it again: tongban {option} >{path}"


def test_completion_knows_each_group_once_and_whole():
    script = (ROOT / "client/completion/tongban").read_text()
    groups = re.findall(r"^            ([a-z]+)\) words=\"([^\"]*)\"", script, re.M)
    names = [name for name, _ in groups]
    assert len(names) == len(set(names)) and "(null)" not in script
    words = {name: text.split() for name, text in groups}
    assert {"find", "list", "add"} <= set(words["contact"]) and {"letter", "offer", "revoke"} <= set(words["authorisation"])
    first = re.search(r'words="(office [^"]*)"', script).group(1).split()
    assert len(first) == len(set(first)) and set(names) <= set(first)


def test_every_message_is_translated():
    got = subprocess.run([str(ROOT / "client/po/check")], capture_output=True, text=True)
    assert got.returncode == 0, got.stderr


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_names_every_command(desk, lang):
    got = desk.run("help", lang=lang)
    assert got.returncode == 0 and ("退出状态" in got.stdout) == (lang == "zh_CN.UTF-8")
    for command in ("case new", "material add", "calendar add"):
        assert re.search(rf"^  {command}", got.stdout, re.M)
