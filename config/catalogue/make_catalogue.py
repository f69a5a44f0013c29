#!/usr/bin/env python3
"""Makes the catalogue files of the offices from items.tsv.

    python3 config/catalogue/make_catalogue.py                 writes config/catalogue/<office>/<prefix>.yaml
    python3 config/catalogue/make_catalogue.py --check         fails when a file differs from what would be written
    python3 config/catalogue/make_catalogue.py --json 330483   prints that office's items as one JSON document

The YAML is the simple part of the language: block style, no anchors, aliases or tags.  `approximate` names the elements
whose value is a sample or taken from the practice elsewhere (evidence A or R): a person has to check them before use.
"""
import csv
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
OFFICES = {"330483": "dept_tongxiang", "320623": "dept_rudong"}
EVIDENCE = {"N": "name", "M": "materials", "S": "statutory_limit", "P": "promised_limit", "F": "fee", "R": "result",
            "L": "legal_basis"}
UNITS = {"WD": "working_day", "CD": "calendar_day"}
PROJECT_TYPES = {"1": "instant", "2": "committed"}
# A material with one of these in brackets is needed only then.
CONDITIONS = re.compile(r"\((代办|未满.*|如有|如需|换领|户籍变更|配偶提取|利害关系人)\)")


def limit(text):
    """'20WD' -> 20 working days; '0' -> on the spot; '-' -> none fixed."""
    if text == "-":
        return None
    match = re.fullmatch(r"(\d+)(WD|CD)|0", text)
    if not match:
        raise ValueError(f"limit {text!r}")
    return {"days": int(match[1] or 0), "unit": UNITS[match[2] or "WD"]}


def material(text):
    match = re.fullmatch(r"(.+)\[([FOCPESI])\]", text)
    if not match:
        raise ValueError(f"material {text!r}")
    # An internal document is the offices' own business; the applicant need not bring it.
    return {"name": match[1], "form": match[2], "required": match[2] != "I" and not CONDITIONS.search(match[1])}


def item(row, department):
    evidence = dict(pair.split("=") for pair in row["evidence"].split())
    approximate = ["department"] + [name for key, name in EVIDENCE.items() if evidence[key] in "AR"]
    made = {"code": row["item_id"], "version": 1, "name": row["name_zh"], "name_en": row["name_en"],
            "category": row["category"], "department": row[department], "task_type": row["task_type"],
            "subject": row["subject"], "mode": row["mode"]}
    if row["alt_mode"]:
        made["alternative"] = row["alt_mode"]
    made |= {"steps": row["delegable_steps"], "in_person": row["in_person"] == "Y",
             "materials": [material(text) for text in row["materials"].split(";") if text],
             "statutory_limit": limit(row["statutory_limit"])}
    if row["statutory_note"]:
        made["statutory_note"] = row["statutory_note"]
    made |= {"promised_limit": limit(row["promised_limit"]), "project_type": PROJECT_TYPES[row["project_type"]],
             "fee": row["fee"], "result": row["result_document"], "legal_basis": row["legal_basis"],
             "effective_from": "2026-01-01", "approximate": approximate}
    return made


def items(office):
    with open(HERE / "items.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for before, row in zip(rows, rows[1:]):
        for column, value in row.items():
            if value == "同上":  # "as above": an item stands alone in the catalogue
                row[column] = before[column]
    return [item(row, OFFICES[office]) for row in rows]


def scalar(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    plain = re.fullmatch(r"[^\W\d](?:[\w ()/.;、，〔〕《》-]*[\w()〔〕《》])?", value)
    if plain and value.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return value
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a YAML double-quoted one


def block(value, indent):
    """Lines of a mapping."""
    pad = " " * indent
    for key, part in value.items():
        if isinstance(part, dict):
            yield f"{pad}{key}:"
            yield from block(part, indent + 2)
        elif isinstance(part, list):
            yield f"{pad}{key}:" + ("" if part else " []")
            for element in part:
                if isinstance(element, dict):
                    lines = list(block(element, indent + 4))
                    yield f"{pad}  - {lines[0].strip()}"
                    yield from lines[1:]
                else:
                    yield f"{pad}  - {scalar(element)}"
        else:
            yield f"{pad}{key}: {scalar(part)}"


def files():
    """Path -> text of every catalogue file."""
    for office in OFFICES:
        groups = {}
        for made in items(office):
            groups.setdefault(made["code"][:2], []).append(made)
        for prefix, group in groups.items():
            lines = [f"# {group[0]['category']}, office {office}. Made from items.tsv by make_catalogue.py; "
                     "`approximate` elements are to be checked by a person."]
            lines += block({"office": office, "items": group}, 0)
            yield HERE / office / f"{prefix}.yaml", "\n".join(lines) + "\n"


def main(arguments):
    if arguments[:1] == ["--json"] and len(arguments) == 2 and arguments[1] in OFFICES:
        json.dump({"office": arguments[1], "edition": 1, "published": "2026-01-01", "items": items(arguments[1])},
                  sys.stdout, ensure_ascii=False)
        return 0
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for path, text in files():
        if not arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.relative_to(HERE)} differs from items.tsv: run make_catalogue.py", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
