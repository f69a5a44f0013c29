"""Every detail of a refusal that a clerk can meet stands in client/tongban_details.inc, and so in the Chinese catalogue."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

# where the refusals of the window API and of the program itself are written
SOURCES = [
    "proto/case_check.c", "proto/case_machine.c", "proto/document.c", "daemon/office/document.c", "daemon/office/document_print.c",
    "daemon/office/request.c", "daemon/office/act_prepare.c",
    "daemon/office/authority.c", "daemon/office/materials.c",
    "daemon/office/register_act.c", "daemon/office/register_rules.c", "daemon/office/register_view.c", "proto/register.c",
    "proto/register_fields.c", "daemon/office/question.c", "daemon/store/material.c", "daemon/store/material_upload.c",
    "daemon/office/joint.c", "daemon/office/joint_run.c", "daemon/office/joint_view.c",
    "daemon/office/catalogue.c", "daemon/office/catalogue_question.c", "proto/item.c",
    "daemon/store/material_disk.c", "daemon/api/window_routes.c", "daemon/api/material_routes.c",
    "daemon/api/admission.c", "daemon/api/material_api.c", "daemon/api/material_download.c", "daemon/api/watch.c", "daemon/net/tus.c",
    "daemon/net/tus_headers.c", "proto/access.c", "proto/report.c", "daemon/api/report_api.c", "daemon/office/report.c",
    "daemon/office/accountability.c", "daemon/office/staff.c", "daemon/office/retention_hold.c", "daemon/api/control.c", "daemon/office/audit.c",
    "proto/case_file.c", "client/tongban_case_import.c",
]
LITERAL = r'"(?:\\.|[^"\\])*"'


def details(text):
    """The first literal of each call that is a sentence: names and pointers of fields have no blank."""
    found = set()
    for call in re.findall(r"\b(?:problem_set|need)\(((?:[^;\"]|" + LITERAL + r")*)\);", text):
        literals = ["".join(part[1:-1] for part in re.findall(LITERAL, piece))
                    for piece in re.findall(LITERAL + r"(?:\s*" + LITERAL + ")*", call)]
        sentences = [one for one in literals if " " in one]
        found |= set(sentences[:1])
    return found


def known():
    return set(re.findall(r'^"(.*)",$', common.read("client/tongban_details.inc"), re.M))


def test_every_detail_is_listed():
    missing = {path: sorted(details(common.read(path)) - known()) for path in SOURCES}
    assert {path: found for path, found in missing.items() if found} == {}


def test_details_are_found():
    text = ('a = problem_set(p, PROBLEM_FIELD, "/x", "one %s"\n    "two", y);\n'
            'return need(b, "", "key", "because of that", p);\nproblem_set(&p, PROBLEM_BUSY, "", "n");\n')
    assert details(text) == {"one %stwo", "because of that"}
    assert len(known()) > 100
