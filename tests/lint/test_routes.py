"""proto/openapi.yaml names exactly the routes of the tables in daemon/api, and the words and numbers of the tables."""
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

METHODS = "get|put|post|patch|delete|head|options"
ROW = re.compile(r'\.method = HTTP_([A-Z]+), \.pattern = (\w+)?\s*((?:"[^"]*")?)')
CALL = re.compile(r'^\s+(GET|POST|API_MATERIAL_ROUTES)\(((?:CASE)?\s*"[^"]*"|CASE)', re.M)


def spoken(text):
    """(method, path) of each operation of an OpenAPI document in our block style."""
    found, path = set(), None
    for line in text[text.index("\npaths:\n"):text.index("\ncomponents:\n")].splitlines():
        if match := re.match(r"  (/\S*):$", line):
            path = match.group(1)
        elif match := re.match(rf"    ({METHODS}):", line):
            found.add((match.group(1).upper(), path))
    return found


def served(sources, header):
    """(method, path) of each row of the route tables; the macros stand for what their definitions say."""
    materials = ROW.findall(header)
    case = re.search(r'#define CASE "([^"]*)"', "".join(sources))
    found = set()
    for text in sources:
        for table in re.findall(r"api_\w+_routes\[\] = \{(.*?)\n\};", text, re.S):
            for method, _, path in ROW.findall(table):
                found.add((method, path.strip('"')))
            for macro, argument in CALL.findall(table):
                path = argument.replace("CASE", case.group(1) if case else "").replace('"', "").replace(" ", "")
                if macro == "API_MATERIAL_ROUTES":
                    found |= {(method, path + tail.strip('"')) for method, _, tail in materials}
                else:
                    found.add((macro, path))
    return found


def in_tree():
    sources = [common.read(path) for path in common.files("_routes.c", under="daemon/api")]
    return served(sources, common.read("daemon/api/api.h"))


def rows_of(text):
    """How many rows the tables have, counted another way: so that a row in a new style is not overlooked."""
    return sum(len(re.findall(r"(?:^|[^\w.])(?:get|post)_\w+\)|\.handle =|api_material_get\)|api_healthz\)", table))
               for table in re.findall(r"api_\w+_routes\[\] = \{(.*?)\n\};", text, re.S))


def test_every_route_is_described_and_nothing_else():
    described, have = spoken(common.read("proto/openapi.yaml")), in_tree()
    assert have - described == set(), "not in proto/openapi.yaml"
    assert described - have == set(), "in proto/openapi.yaml, but in no table of routes"
    assert len(have) > 20


def test_no_row_is_overlooked():
    materials = len(ROW.findall(common.read("daemon/api/api.h")))
    sources = [common.read(path) for path in common.files("_routes.c", under="daemon/api")]
    calls = sum(text.count("API_MATERIAL_ROUTES(\"") for text in sources)
    doubled = 1  # /healthz is on two listeners
    assert sum(map(rows_of, sources)) + calls * materials - doubled == len(in_tree())


def test_words_of_the_tables():
    text = common.read("proto/openapi.yaml")
    page = common.read("docs/reference/case-machine.md")
    states = re.findall(r"^\| `(\w+)` \|", page[page.index("## States"):page.index("## Actions")], re.M)
    actions = set(re.findall(r"^\| `(\w+)` ", page[page.index("## Actions"):page.index("## Bodies")], re.M))
    said = {name: re.findall(r"\w+", re.search(rf"    {name}:\n      enum: \[(.*?)\]", text, re.S).group(1))
            for name in ("State", "Action")}
    assert said["State"] == states
    assert set(said["Action"]) == actions - {"intake", "submit", "received", "deem", "lapse"}  # by POST /cases, and by the system


def problems():
    return re.findall(r'\bP\([A-Z_]+, "([a-z0-9-]+)"', common.read("proto/problem.h"))


def named_problems(text):
    """Names of problems that a page names: as a type, and in lists `x-problems: […]`."""
    named = set(re.findall(r"urn:tongban:problem:([a-z0-9-]+)", text))
    for listed in re.findall(r"^\s*x-problems: \[([^\]]*)\]", text, re.M):
        named |= set(re.findall(r"[a-z0-9-]+", listed))
    return named


def test_problems_exist():
    table = problems()
    assert len(table) > 30 and len(set(table)) == len(table)
    text = common.read("proto/openapi.yaml")
    listed = re.search(r"    ProblemType:\n.*?      enum:\n((?:        - .*\n)+)", text, re.S).group(1)
    assert re.findall(r"problem:([a-z0-9-]+)", listed) == table
    for path in ["proto/openapi.yaml", *common.files(".md", under="docs"), "README.md", "README.zh-CN.md"]:
        assert named_problems(common.read(path)) - set(table) == set(), path


# where a number of the table stands in the file: a pattern with one group
NUMBERS = {
    "MATERIAL_BYTES": [r"Upload-Length, in: header.*?maximum: (\d+)"],
    "LIST_PAGE": [r"name: limit, .*?maximum: (\d+)"],
    "IDEMPOTENCY_KEY_BYTES": [r"name: Idempotency-Key.*?maxLength: (\d+)"],
    "CASE_MATERIALS": [r"    Intake:.*?materials: .*?maxItems: (\d+)"],
    "NAME_BYTES": [r"listItems.*?name: q, .*?maxLength:\s+(\d+)", r"listCases.*?name: q, .*?maxLength:\s+(\d+)"],
    "NOTE_BYTES": [r"    Parcel:.*?checkpoint: .*?maxLength: (\d+)"],
    "BATCH_MESSAGES": [r"    Parcel:.*?lines:\n.*?maxItems: (\d+)"],
    "PROOF_HASHES": [r"consistency: .*?maxItems: (\d+)", r"path: \{type: array, maxItems: (\d+)"],
    "WATCHERS": [r"At most (\d+) streams"],
}


def limits():
    return {name: math.prod(int(number) for number in re.findall(r"\d+", value))
            for name, value in re.findall(r"\bLIMIT\(([A-Z_]+), ([0-9L* ]+),", common.read("proto/limits.h"))}


def test_numbers_of_the_table():
    table, text = limits(), common.read("proto/openapi.yaml")
    for name, patterns in NUMBERS.items():
        for pattern in patterns:
            assert int(re.search(pattern, text, re.S).group(1)) == table[name], (name, pattern)


def test_references_lead_somewhere():
    text = common.read("proto/openapi.yaml")
    for section, name in re.findall(r"\$ref: '#/components/(\w+)/(\w+)'", text):
        body = re.search(rf"^  {section}:\n((?:    .*\n|\n)*)", text, re.M).group(1)
        assert re.search(rf"^    {name}:", body, re.M), (section, name)


def test_planted_differences_are_found():
    assert named_problems("a\n  x-problems: [busy, none]\n urn:tongban:problem:nor-this\n") == {"busy", "none", "nor-this"}
    header = "{.method = HTTP_HEAD, .pattern = prefix \"/m\", .handle = h},"
    source = ('#define CASE "/c/{no}"\nconst struct http_route api_a_routes[] = {\n'
              '    GET(CASE "/x", get_x),\n    POST("/c", post_c),\n'
              '    API_MATERIAL_ROUTES("/p"),\n    {.method = HTTP_PUT, .pattern = "/z", .handle = z},\n};\n')
    assert served([source], header) == {("GET", "/c/{no}/x"), ("POST", "/c"), ("HEAD", "/p/m"), ("PUT", "/z")}
    document = (
        "\npaths:\n  /a:\n    get:\n      x: y\n    parameters: []\n  /b/{c}:\n    head: {tags: []}\n"
        "\ncomponents:\n")
    assert spoken(document) == {("GET", "/a"), ("HEAD", "/b/{c}")}
