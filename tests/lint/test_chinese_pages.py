"""The Chinese pages of the operator stay with the English ones: the same commands to type, the same words that a program prints.

A Chinese page may explain more or less; what is typed, and what stands in `code` in the tables of the English page, it must have."""
import os
import re
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

# Chinese page: the English ones, in the order of its parts; of a page with a heading only that part
PAGES = {
    "docs/zh/certificates.md": [("docs/how-to/certificates.md", None)],
    "docs/zh/backup-and-restore.md": [("docs/how-to/backup-and-restore.md", None)],
    "docs/zh/disk-trouble.md": [("docs/how-to/disk-trouble.md", None)],
    "docs/zh/add-staff.md": [("docs/how-to/add-staff.md", None)],
    "docs/zh/rotate-the-ledger-key.md": [("docs/how-to/rotate-the-ledger-key.md", None)],
    "docs/zh/maintenance.md": [("docs/how-to/maintenance.md", None), ("docs/how-to/install.md", "## Upgrade")],
    "docs/zh/new-calendar.md": [("docs/how-to/new-calendar.md", None)],
}
BLOCK = re.compile(r"^ *```(sh|yaml|ini)\n(.*?)^ *```$", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")


def part(path, heading):
    text = common.read(path)
    return text if heading is None else re.search(rf"^{heading}\n(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)


def blocks(text):
    """What a page tells people to type, without the explanations behind it (` # …`), which are in the page's language."""
    for language, block in BLOCK.findall(text):
        yield language, [re.sub(r"\s+# .*", "", line).strip() for line in block.splitlines()]


def prose(text):
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)


def words(text):
    """`code` of the tables: names of settings, events, refusals, files, commands."""
    rows = [row for row in prose(text).splitlines() if row.startswith("|")]
    return {word for row in rows for word in SPAN.findall(row)}


def commands():
    """{"staff suspend": {"--reason", …}} of the page that is made from the program's table."""
    rows = re.findall(r"^\| `tongbanctl ((?:[a-z][a-z-]* ?)+)([^`]*)`", common.read("docs/reference/tongbanctl-commands.md"), re.M)
    return {name.strip(): set(re.findall(r"--[a-z][a-z-]*", rest)) for name, rest in rows}


def unknown(text, known):
    """Commands of tongbanctl on a page that the program has not."""
    everywhere = {"--json", "--socket", "--config", "--help"}
    for typed in re.findall(r'tongbanctl ([a-z][^`\n#|"；，。（）]*)', text):
        plain = [word for word in typed.split() if re.fullmatch(r"[a-z][a-z-]*", word)]
        name = next((" ".join(plain[:n]) for n in (2, 1) if plain and " ".join(plain[:n]) in known), None)
        group = len(plain) <= 1 and any(one.split()[0] == (plain or [""])[0] for one in known)
        if name is None and not group:
            yield typed
        for option in re.findall(r"(--[a-z][a-z-]*)", typed) if name else ():
            if option not in known[name] | everywhere:
                yield typed


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_has_the_commands_of_the_english_one(page):
    english = [block for path, heading in PAGES[page] for block in blocks(part(path, heading))]
    assert list(blocks(common.read(page))) == english


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_has_the_words_of_the_english_tables(page):
    text = common.read(page)
    missing = {word for path, heading in PAGES[page] for word in words(part(path, heading))
               if word not in text and not re.search(r"[\u4e00-\u9fff]", word)}
    assert not missing


def test_every_command_on_the_chinese_pages_is_one_of_the_program():
    known = commands()
    assert len(known) > 30 and "--reason" in known["staff suspend"]
    assert list(unknown("`tongbanctl staff frobnicate`", known)) and list(unknown("`tongbanctl drain --frobnicate`", known))
    wrong = [(path, typed) for path in common.files(".md", under="docs/zh") for typed in unknown(common.read(path), known)]
    assert wrong == []


def test_the_operator_finds_every_chinese_page():
    manual, night = common.read("docs/zh/operators.md"), "".join(common.read(page) for page in [*PAGES, "docs/zh/night.md", "docs/zh/set-up.md"])
    assert [page for page in PAGES if f"]({os.path.basename(page)}" not in manual] == []
    for english in (path for pairs in PAGES.values() for path, heading in pairs if heading is None):
        name = os.path.basename(english)
        # each page names the English one once, in its head; where to read on it says in Chinese
        assert len(re.findall(rf"\]\(\.\./how-to/{name}", manual)) == 0, english
        assert len(re.findall(rf"\]\(\.\./how-to/{name}", night)) <= 2, english


def test_a_chinese_status_sends_to_chinese_pages():
    chinese = dict(re.findall(r'^msgid "(how-to/.*)"\nmsgstr "(.*)"$', common.read("client/po/zh_CN.po"), re.M))
    named = set(re.findall(r'"(how-to/[\w-]+\.md)"\)', common.read("proto/finding.h")))
    assert len(named) > 6 and named == set(chinese)
    for english, page in chinese.items():
        assert page.startswith("zh/") and os.path.exists(os.path.join(common.ROOT, "docs", page)), english


def test_one_word_for_one_thing():
    """A message is 消息, an office 单位, ours 本单位, theirs 对方单位: one who reads at night must not ask whether two words are two things."""
    banned = re.compile(r"报文|本机构|对方机构|对端|(?<!账)本处|(?<!组织)机构代码|单位编码")
    pages = ["client/po/zh_CN.po", "daemon/base/log_events.inc", "config/prometheus/tongban.rules.yml", "config/grafana/tongban.json",
             "docs/reference/alarms.md", *common.files(".md", under="docs/zh")]
    wrong = [(path, number) for path in pages for number, line in enumerate(common.read(path).splitlines(), 1) if banned.search(line)]
    assert wrong == []


def test_the_chinese_page_explains_every_mistake_of_a_configuration():
    """What `tongband --check-config` says is English; the page has each sentence, with … for what the program fills in."""
    page, missing, found = common.read("docs/zh/configuration-errors.md"), [], 0
    for path in ("daemon/base/config.c", "daemon/base/config_yaml.c", "daemon/setup.c"):
        text = common.read(path)
        calls = re.findall(r"(?:config_yaml_refuse|problem_set)\((.*?)\);", text, re.S) + re.findall(r'words\[\] = (".*?");', text)
        for call in calls:
            texts = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', one)) for one in re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+', call)]
            said = next((one for one in texts if " " in one and not one.startswith("/")), "")
            said = re.sub(r"%[-.*0-9]*(?:ll|l|z)?[a-z]", "…", said).replace('\\"', '"').replace("……", "…")
            said = re.sub(r'^(?:…|"…")(?::…|:1)?:? ', "", said)  # the file and the line
            found += bool(said)
            if said.strip("…: ") and said not in page:
                missing.append((path, said))
    assert found > 45 and missing == []
