"""Every link of the documentation leads somewhere, and every `tongban …` command in it is one of the tables'."""
import os
import re
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

REFERENCE = "docs/reference/tongban.md"
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
# programs that make the pages; they are for developers and stand in no help
GENERATORS = {"--manual", "--man", "--complete", "--help", "--version"}


def pages():
    return [path for path in common.files(".md") if path.startswith(("docs/", "README"))]


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", heading).replace(" ", "-"))
    return found


def broken(path, text, read=common.read):
    """Links of a page that lead nowhere."""
    bare = re.sub(r"```.*?```", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for match in LINK.finditer(bare):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        where = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(os.path.join(common.ROOT, where)):
            yield common.line_of(bare, match.start()), target
        elif anchor and where.endswith(".md") and anchor not in anchors(read(where) if name else text):
            yield common.line_of(bare, match.start()), target


def tables(text):
    """{"case grant": {"--file", …}} of the reference page, which a test compares with the tables of the program."""
    parts = re.split(r"^(##+ .*)$", text, flags=re.M)
    commands, general, steps, register = {}, set(), set(), set()
    name, chapter = None, ""
    for part in parts[1:]:
        if part.startswith("### `tongban "):
            words = part[len("### `tongban "):].rstrip("`").split()
            name = " ".join(word for word in words if re.fullmatch(r"[a-z][a-z-]*", word))
            commands[name] = set()
            continue
        if part.startswith("## "):
            name, chapter = None, part[3:]
            continue
        options = set(re.findall(r"^\| `(--[A-Za-z0-9.-]+)", part, re.M))
        if name:
            commands[name] = options | (steps if chapter == "Steps of a case" else register if chapter == "Registers" else set())
        elif chapter == "Everywhere":
            general |= options
        elif chapter == "Steps of a case":
            steps |= options
        elif chapter == "Registers":
            register |= options
    for kind in re.findall(r"^## \S+ `(\w+)`$", common.read("docs/reference/registers.md"), re.M):
        commands[kind + " list"], commands[kind + " show"] = set(register), set()
    return {words: options | general for words, options in commands.items()}


def typed(text):
    """(line, words) of what a page tells people to type: lines of blocks, and spans of code."""
    blocks = [(m.start(1), m.group(1)) for m in re.finditer(r"^```sh\n(.*?)^```", text, re.M | re.S)]
    for start, block in blocks:
        joined = re.sub(r"\\\n\s*", lambda m: " " * 0, block)
        for match in re.finditer(r"^(?:export \S+; )?(tongban .*)$", joined, re.M):
            yield common.line_of(text, start), match.group(1)
    bare = re.sub(r"^```.*?^```", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M | re.S)
    for match in SPAN.finditer(bare):
        if match.group(1).startswith("tongban "):
            yield common.line_of(bare, match.start()), match.group(1)


def words_of(command):
    command = re.split(r"\s(?:#|\||;|&&|>)", command)[0]
    try:
        return shlex.split(command, comments=False)[1:]
    except ValueError:
        return command.split()[1:]


def mistake(command, known):
    """What is wrong with a command as a page has it, or None."""
    words = words_of(command)
    plain = [word for word in words if not word.startswith("-")]
    if not plain or GENERATORS & set(words):
        return None
    names = [name for name in known if plain[:len(name.split())] == name.split()]
    group = {name.split()[0] for name in known}
    if not names:
        # a whole group, or a placeholder for one of its commands
        placeholder = len(plain) > 1 and not re.fullmatch(r"[a-z][a-z-]*", plain[1])
        whole = plain[0] in group and (len(plain) == 1 or placeholder)
        return None if whole or not re.fullmatch(r"[a-z][a-z-]*", plain[0]) else f"no such command: tongban {' '.join(plain[:2])}"
    options = known[max(names, key=len)]
    for word in words:
        option = word.partition("=")[0].rstrip("…").replace("_", "-")
        if option.startswith("--") and len(option) > 2 and option not in {o.replace("_", "-") for o in options}:
            return f"{max(names, key=len)} has no option {option}"
    return None


def test_every_link_leads_somewhere():
    wrong = [f"{path}:{line}: {target}" for path in pages() for line, target in broken(path, common.read(path))]
    assert not wrong, "\n".join(wrong)


def test_every_command_is_in_the_tables():
    known = tables(common.read(REFERENCE))
    wrong = []
    for path in pages():
        if path in (REFERENCE,) or path.startswith("docs/decisions/"):
            continue
        for line, command in typed(common.read(path)):
            what = mistake(command, known)
            if what:
                wrong.append(f"{path}:{line}: {what}")
    assert len(known) > 100 and not wrong, "\n".join(wrong)


def test_every_page_is_on_the_map():
    """A page that docs/README.md does not name is a page that nobody finds."""
    linked = {os.path.normpath(os.path.join("docs", target.partition("#")[0])) for target in LINK.findall(common.read("docs/README.md"))}
    linked |= {os.path.normpath(os.path.join("docs/decisions", target)) for target in LINK.findall(common.read("docs/decisions/README.md"))}
    missing = [path for path in common.files(".md", under="docs") if path not in linked and path != "docs/README.md"]
    assert not missing, missing


def test_the_protocol_page_names_every_route_and_entry():
    page = common.read("docs/protocol.md")
    routes = re.findall(r"^  (/\S+):$", common.read("proto/openapi.yaml").split("\ncomponents:\n")[0], re.M)
    types = re.findall(r'"((?:[a-z]+\.[a-z_]+)|receipt)"', common.read("proto/entry.h"))
    assert len(routes) > 30 and len(types) > 40
    tus = ("/window/v1/materials", "/peer/v1/materials")  # the page tells their requests without the prefix
    assert not [route for route in routes if route not in page and not route.startswith(tus)]
    assert not [name for name in types if f"`{name}`" not in page]


def test_the_architecture_page_names_files_that_are_there():
    page = common.read("docs/architecture.md")
    table = page[page.index("## Parts"):page.index("**The tick**")]
    names = set(re.findall(r"`([a-z_/]+[a-z])`", table))
    there = {path.rsplit(".", 1)[0] for path in common.files(".c", ".h")}
    assert len(names) > 40
    assert not [name for name in names if not there & {f"proto/{name}", f"daemon/{name}", f"client/{name}"}]


def test_the_tables_of_the_rules_are_where_the_page_says():
    page = common.read("docs/how-to/change-a-rule.md")
    table = page[:page.index("## Worked example")]
    paths = set(re.findall(r"`((?:proto|config|daemon)/[\w./-]+\.\w+)`", table))
    names = set(re.findall(r"`([A-Z_]{6,})` in `([^`]+)`", table))
    assert len(paths) > 10 and len(names) > 1
    assert not [path for path in paths if not os.path.exists(os.path.join(common.ROOT, path))]
    assert not [(name, path) for name, path in names if name not in common.read(path)]


def test_the_lint_finds_what_it_is_for():
    known = tables(common.read(REFERENCE))
    assert mistake("tongban case frobnicate NO", known) and mistake("tongban case grant NO --no-such x", known)
    assert mistake("tongban frobnicate", known)
    for good in ("tongban case grant NO --result.name x", "tongban transfer list --case NO", "tongban case 步骤 编号", "tongban report figures --csv",
                 "tongban --manual", "tongban transfer", "tongban problem raise --class standard"):
        assert not mistake(good, known), good
    assert list(broken("docs/README.md", "[x](nowhere.md)")) and list(broken("docs/README.md", "[x](protocol.md#no-such-part)"))
    assert not list(broken("docs/README.md", "[x](protocol.md#window-api)"))


def test_the_chinese_manual_names_every_command_of_the_night():
    """What asks the running daemon, but for the day's work on staff, audits and retention, and the change of a key, which have pages."""
    rows = re.findall(r'\.group = "(\w+)", (?:\.verb = "(\w+)", )?\.wire = ', common.read("client/tongbanctl_table.c"))
    night = [" ".join(filter(None, row)) for row in rows if row[0] not in ("staff", "audit", "retention", "key")]
    page = common.read("docs/zh/operators.md")
    assert len(night) > 12 and "queue park" in night
    assert [command for command in night if f"tongbanctl {command}" not in page] == []


def test_the_samples_of_a_status_have_every_line():
    labels = re.findall(r'term_pair\(_\("( *\w+)"\)', common.read("client/tongbanctl_status.c"))
    chinese = dict(re.findall(r'^msgid "(.*)"\nmsgstr "(.*)"$', common.read("client/po/zh_CN.po"), re.M))
    assert len(labels) == 7 and "retention" in labels
    for path, words in (("docs/operators.md", labels), ("docs/zh/operators.md", [chinese[label] for label in labels])):
        page = common.read(path)
        assert [word for word in words if not re.search(rf"^{word} {{2,}}\S", page, re.M)] == [], path


def commands_below(page, heading):
    """The blocks of commands below a heading, without what is said behind them."""
    part = re.split(rf"^#+ {re.escape(heading)}$", common.read(page), flags=re.M)[1]
    part = re.split(r"^#+ ", re.sub(r" +# .*", "", part), flags=re.M)[0]
    return re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S)


def test_the_pages_of_the_disaster_have_the_same_commands():
    """The system test types those of disk-trouble.md."""
    restore, credential, *recover = commands_below("docs/how-to/disk-trouble.md", "From the backup to an open office")
    assert len(recover) == 3 and "--apply" in recover[-1]
    assert commands_below("docs/operators.md", "Restore and recover") == [restore + "".join(recover)]
    assert commands_below("docs/zh/operators.md", "恢复和补回") == [restore + "".join(recover), credential]
    assert commands_below("docs/zh/operators.md", "备份")[:1] == commands_below("docs/how-to/backup-and-restore.md", "Each night")
    assert commands_below("docs/zh/operators.md", "新机器") == commands_below("docs/how-to/disk-trouble.md", "A new machine in the place of the lost one")
