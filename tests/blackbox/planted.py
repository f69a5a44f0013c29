"""Personal data that a test plants, and the search for it in what must not have any: logs, metrics, support bundles.

All of it is made up: numbers of the year 1850, telephones of no network.  Each value is found again in the forms in which programs write bytes: as
it is, as JSON, URL and base64 write it, in hexadecimal, in GB 18030, and cut (numbers by any ten digits in a row).
"""
import base64
import copy
import json
import urllib.parse


def citizen_id(front):
    """An identity number with its check digit (GB 11643)."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return front + "10X98765432"[sum(int(d) * w for d, w in zip(front, weights)) % 11]


# by what they are; a value stands nowhere else in the tree, so that each hit is ours
PLANTED = {
    "name": "欧阳甄玉",
    "agent": "司徒蘅芷",
    "staff": "令狐静姝",
    "peer_staff": "慕容知微",
    "latin": "Zhenyu OUYANG-Planted",
    "number": citizen_id("33048318500202772"),
    "agent_number": citizen_id("32062318510303881"),
    "mobile": "19900778811",
    "address": "桐乡市梧桐街道甄玉巷七十七号",
    "file": "欧阳甄玉身份证正面.pdf",
    "mail": "planted.zhenyu@example.invalid",
    "text": "申请人欧阳甄玉患病住院",
    "credit": "91330483MA2PLNT77X",
    "account": "6222021850020277219",
}
WINDOW = 10  # digits in a row that give a number away


def forms(value):
    """(how, bytes) of the ways in which a value may be written."""
    raw = value.encode()
    yield "as it is", raw
    yield "JSON", json.dumps(value)[1:-1].encode()
    yield "JSON", json.dumps(value)[1:-1].upper().replace("\\U", "\\u").encode()
    yield "URL", urllib.parse.quote(value, safe="").encode()
    yield "URL", urllib.parse.quote(value, safe="").lower().encode()
    yield "hexadecimal", raw.hex().encode()
    yield "hexadecimal", raw.hex().upper().encode()
    yield "GB 18030", value.encode("gb18030")
    for shift in range(3):  # base64 of a text that holds the value, whatever stands before it
        whole = base64.b64encode(bytes(shift) + raw)
        yield "base64", whole[4 if shift else 0:-4]
    digits = value.rstrip("X")
    if digits.isdigit() and len(digits) > WINDOW:
        for at in range(len(digits) - WINDOW + 1):
            yield "a part", digits[at:at + WINDOW].encode()
    if not value.isascii():  # a cut line still shows a name
        for at in range(len(value) - 3):
            yield "a part", value[at:at + 4].encode()


# every form of every value, short ones last: the first that is found names the hit
NEEDLES = [(name, how, needle) for name, value in PLANTED.items() for how, needle in forms(value) if len(needle) >= 8]


def hits(content, where=""):
    """What of the planted is in the bytes (or text): one line each, with what stands around it."""
    content = content.encode() if isinstance(content, str) else content
    found, seen = [], set()
    for name, how, needle in NEEDLES:
        at = content.find(needle)
        if at >= 0 and name not in seen:
            seen.add(name)
            found.append(f"{where}: {name}, {how}: …{content[max(0, at - 160):at + 120].decode('utf-8', 'replace')}…")
    return found


def leaves(document, path=()):
    """Paths of all strings and numbers in a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*path, key))
    elif isinstance(document, list):
        for at, value in enumerate(document):
            yield from leaves(value, (*path, at))
    elif not isinstance(document, bool):
        yield path


def with_leaf(document, path, value):
    """A copy of the document with another value at one place."""
    changed = copy.deepcopy(document)
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return changed


def variants(document, value):
    """The document with the value planted at each leaf in turn, as a member that nobody knows, and as the name of one."""
    for path in leaves(document):
        yield with_leaf(document, path, value)
    if isinstance(document, dict):
        yield {**document, value: 1}
        yield {**document, "unknown": value}


def broken_bodies(value):
    """Bytes that are no document of ours but hold the value."""
    quoted = json.dumps(value, ensure_ascii=False)
    yield from (text.encode() for text in (
        value, quoted, f"[{quoted}]", f"{{{quoted}:{quoted}}}", f"{{{quoted}", f'{{"a":{quoted},"a":{quoted}}}', f'{{"a": {quoted}}} {value}',
        f'{{"a": "{value}\u0007"}}', f'{{"item": {quoted}}}', f'{{"data": {{{quoted}: {quoted}}}}}', "[" * 40 + quoted + "]" * 40))
    yield value.encode("gb18030")
    yield b'{"a":"' + value.encode()[:-1] + b'"}'  # broken UTF-8
