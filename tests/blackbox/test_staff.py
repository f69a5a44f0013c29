"""Staff enrolled, suspended and replaced with tongbanctl while the daemon runs, and what hostile peers of its socket get."""
import hashlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import time

import pytest

from office import ROOT, World, control_path, make_certificate

TONGBANCTL = control_path()
OFFICE = "/window/v1/office"


@pytest.fixture(name="office", scope="module")
def one_office():
    world = World()
    try:
        world.start()
        yield world.home
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


def control(office, *words, code=0, language="C"):
    return office.control(*words, code=code, language=language)


def staff(office, *words):
    return office.control_json("staff", *words)


def person(office, number, name=""):
    return make_certificate(office.tls, f"staff-{number}{name}", office.tls / "staff-ca", "clientAuth",
                            f"URI:urn:tongban:staff:{office.code}:{number}")


def enrol(office, number, role="window", name="", *more):
    base = person(office, number, name)
    staff(office, "enrol", number, "--name", "卢小兰", "--role", role, "--certificate", f"{base}.crt", *more)
    return base


def row(office, number):
    found = [one for one in staff(office, "list")["rows"] if one["id"] == f"{office.code}:{number}"]
    return found[0] if found else None


def detail(answer):
    assert answer.status == 403 and answer.problem() == "not-allowed", answer
    return answer.json()["detail"]


def test_a_person_is_enrolled_and_works_at_once(office):
    base = person(office, "0301")
    assert "not known here" in detail(office.window("GET", OFFICE, certificate=base))
    staff(office, "enrol", "0301", "--name", "卢小兰", "--role", "window", "--certificate", f"{base}.crt", "--window", "三号窗口", "--township",
          f"{office.code}101")
    answer = office.window("GET", OFFICE, certificate=base)
    assert answer.status == 200 and answer.json()["staff"]["role"] == "window", answer
    one = row(office, "0301")
    assert (one["window"], one["township"], one["state"], one["source"]) == ("三号窗口", f"{office.code}101", "works", "enrolled")
    assert one["changed_by"] == os.getuid()
    assert "卢小兰" not in office.log_text()
    assert office.events("staff_changed")[-1]["staff"] == f"{office.code}:0301"


def test_a_suspended_person_is_refused_at_the_next_request_of_an_open_connection(office):
    base = enrol(office, "0302")
    connection = office.connect_window(certificate=base)
    try:
        assert office.window("GET", OFFICE, connection=connection).status == 200
        staff(office, "suspend", "0302", "--reason", "调离窗口")
        assert "is suspended" in detail(office.window("GET", OFFICE, connection=connection))
    finally:
        connection.close()
    assert row(office, "0302")["reason"] == "调离窗口"
    staff(office, "resume", "0302")
    assert office.window("GET", OFFICE, certificate=base).status == 200
    staff(office, "end", "0302", "--reason", "退休")
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=base))
    for words in (("resume", "0302"), ("suspend", "0302", "--reason", "x"), ("end", "0302")):
        said = control(office, "staff", *words, code=1)
        assert "ended" in said and ("done before" in said) == (words[0] == "end"), said
    assert "ended" in control(office, "staff", "enrol", "0302", "--name", "某人", "--role", "window", "--certificate", f"{base}.crt", code=1)


def test_a_replaced_certificate_opens_nothing(office):
    old = enrol(office, "0303")
    connection = office.connect_window(certificate=old)
    try:
        assert office.window("GET", OFFICE, connection=connection).status == 200
        new = person(office, "0303", "-new")
        assert "replaced" in detail(office.window("GET", OFFICE, certificate=new)) # not before it is enrolled
        staff(office, "replace", "0303", "--certificate", f"{new}.crt", "--reason", "到期换证")
        assert "replaced" in detail(office.window("GET", OFFICE, connection=connection))
    finally:
        connection.close()
    assert office.window("GET", OFFICE, certificate=new).status == 200


def test_a_change_of_role_counts_at_once(office):
    base = enrol(office, "0304", "supervisor")
    assert office.window("GET", "/window/v1/cases", certificate=base).status == 403
    staff(office, "change", "0304", "--role", "handler", "--reason", "轮岗")
    assert office.window("GET", "/window/v1/cases", certificate=base).status == 200
    assert row(office, "0304")["name"] == "卢小兰"


def test_a_restart_keeps_it(office):
    base, gone = enrol(office, "0305"), enrol(office, "0306")
    staff(office, "suspend", "0306", "--reason", "停用")
    assert office.stop() == 0
    office.start()
    assert office.window("GET", OFFICE, certificate=base).status == 200
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=gone))
    assert office.kill() == -9 # a socket that nobody listens to any more is no obstacle
    office.start()
    assert row(office, "0306")["state"] == "suspended"


def test_the_configuration_wins(office):
    assert row(office, "0007")["source"] == "configuration"
    for words in (("replace", "0007", "--fingerprint", "a" * 64), ("change", "0007", "--role", "handler"),
                  ("enrol", "0007", "--name", "某人", "--role", "window", "--fingerprint", "a" * 64)):
        refused = control(office, "staff", *words, code=1)
        assert "stands in the configuration file: change it there" in refused and "suspend, resume and end work here" in refused
        assert "done before" not in refused and "Nothing more to do" not in refused
    enrol(office, "0307", "handler")
    line = '  - {id: "0307", name: 配置中的人, role: window}\n'
    office.edit("staff:\n", "staff:\n" + line)
    assert office.stop() == 0
    office.start()
    assert office.events("staff_in_configuration_too")[-1]["count"] == 1
    assert office.window("GET", OFFICE, certificate=office.tls / "staff-0307").json()["staff"]["role"] == "window"
    assert [one["source"] for one in staff(office, "list")["rows"] if one["id"].endswith(":0307")] == ["configuration", "shadowed"]


def changes(office, number):
    with sqlite3.connect(f"file:{next(office.directory.rglob('office.db'))}?mode=ro", uri=True) as db:
        lines = db.execute("SELECT line FROM entry WHERE instr(line, CAST('staff.changed' AS BLOB)) ORDER BY idx").fetchall()
    return [body for body in (json.loads(line)["body"] for line, in lines) if body["staff"] == f"{office.code}:{number}"]


def test_the_migration_keeps_who_was_enrolled(tmp_path):
    first, = (ROOT / "daemon" / "store" / "migrations").glob("*_staff.sql")
    script, = (ROOT / "daemon" / "store" / "migrations").glob("*_staff_of_file.sql")
    insert = "INSERT INTO staff (staff, name, role, desk, township, certificate, state, reason, changed, changed_by) VALUES (?,?,?,?,?,?,?,?,?,?)"
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.executescript(first.read_text())
        for number in range(3):
            db.execute(insert, (f"330483:000{number}", "卢小兰", "window", "一号窗口", "330483101", "a" * 64, number, "调离", 5, 0))
        before = db.execute("SELECT * FROM staff ORDER BY id").fetchall()
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(insert, ("330483:0009", "卢小兰", "window", "", "", "", 1, "", 5, 0))
        db.executescript(script.read_text())
        assert len(before) == 3 and db.execute("SELECT * FROM staff ORDER BY id").fetchall() == before
        db.execute(insert, ("330483:0009", "卢小兰", "window", "", "", "", 1, "", 5, 0))


def of_file(office, number, more=""):
    """A person of the configuration, who may work."""
    base = person(office, number)
    office.edit("staff:\n", f'staff:\n  - {{id: "{number}", name: 配置中的人, role: handler{more}}}\n')
    return base


def again(office):
    assert office.stop() == 0
    office.start()


def test_a_person_of_the_configuration_is_suspended_at_once_and_stays_so(office):
    base = of_file(office, "0351")
    again(office)
    connection = office.connect_window(certificate=base)
    try:
        assert office.window("GET", OFFICE, connection=connection).status == 200
        staff(office, "suspend", "0351", "--reason", "密钥失窃")
        assert "is suspended" in detail(office.window("GET", OFFICE, connection=connection))
    finally:
        connection.close()
    entry = changes(office, "0351")[-1]
    assert (entry["act"], entry["state"], entry["role"], entry["certificate"], entry["reason"], entry["uid"]) == (
        "suspend", "suspended", "handler", "", "密钥失窃", os.getuid())
    one = row(office, "0351")
    assert (one["state"], one["source"], one["reason"], one["changed_by"]) == ("suspended", "overruled", "密钥失窃", os.getuid())
    assert "已在此停用" in control(office, "staff", "list", language="zh_CN.UTF-8")
    assert "done before" in control(office, "staff", "suspend", "0351", "--reason", "x", code=1)
    again(office)
    assert office.events("staff_suspended_here")[-1]["count"] == 1
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=base))
    staff(office, "resume", "0351", "--reason", "换发证书")
    assert office.window("GET", OFFICE, certificate=base).json()["staff"]["role"] == "handler"
    assert (row(office, "0351")["state"], row(office, "0351")["source"]) == ("works", "configuration")
    assert len(office.events("staff_suspended_here")) == 1
    again(office)
    assert len(office.events("staff_suspended_here")) == 1, "nobody is"
    assert office.window("GET", OFFICE, certificate=base).status == 200
    assert [one["act"] for one in changes(office, "0351")] == ["suspend", "resume"]


def test_who_ended_works_no_more_wherever_the_number_stands(office):
    base = of_file(office, "0352")
    again(office)
    staff(office, "end", "0352", "--reason", "退休")
    assert "ended" in control(office, "staff", "resume", "0352", code=1)
    office.edit('  - {id: "0352", name: 配置中的人, role: handler}\n', "")
    again(office)
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=base))
    one = row(office, "0352")
    assert (one["state"], one["source"], one["name"]) == ("ended", "removed", "配置中的人")
    assert "ended" in control(office, "staff", "enrol", "0352", "--name", "某人", "--role", "window", "--certificate", f"{base}.crt", code=1)


def test_the_file_and_the_command_both_suspend(office):
    base = of_file(office, "0353", ", suspended: true")
    again(office)
    assert row(office, "0353")["source"] == "configuration" and row(office, "0353")["state"] == "suspended"
    staff(office, "suspend", "0353", "--reason", "调查")
    assert "is suspended in the configuration file" in control(office, "staff", "resume", "0353", code=1)
    office.edit("role: handler, suspended: true}", "role: handler}")
    again(office)
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=base))
    staff(office, "resume", "0353")
    assert office.window("GET", OFFICE, certificate=base).status == 200


def test_a_line_taken_away_opens_nothing_until_the_person_is_enrolled(office):
    base = of_file(office, "0354")
    again(office)
    staff(office, "suspend", "0354", "--reason", "调离")
    office.edit('  - {id: "0354", name: 配置中的人, role: handler}\n', "")
    again(office)
    words = ("staff", "enrol", "0354", "--name", "卢小兰", "--role", "window", "--certificate", f"{base}.crt")
    assert "suspended" in control(office, *words, code=1)
    staff(office, "resume", "0354")
    assert office.window("GET", OFFICE, certificate=base).status == 403, "any certificate of that number"
    for act in (("change", "0354", "--role", "handler"), ("replace", "0354", "--certificate", f"{base}.crt")):
        assert "nobody with the number" in control(office, "staff", *act, code=1)
    control(office, *words)
    assert office.window("GET", OFFICE, certificate=base).json()["staff"]["role"] == "window"


def test_an_enrolled_person_who_was_suspended_is_not_freed_by_a_line_in_the_file(office):
    base = enrol(office, "0355")
    staff(office, "suspend", "0355", "--reason", "调查")
    of_file(office, "0355")
    again(office)
    assert "is suspended" in detail(office.window("GET", OFFICE, certificate=base))
    staff(office, "resume", "0355")
    assert office.window("GET", OFFICE, certificate=base).json()["staff"]["role"] == "handler", "the line counts"


@pytest.mark.parametrize("words, why", [
    (["--role", "boss", "--fingerprint", "a" * 64], "there is no role 'boss'"),
    (["--role", "window", "--fingerprint", "A" * 64], "fingerprint"),
    (["--role", "window", "--fingerprint", "a" * 64, "--township", "320623101"], "township"),
    (["--role", "window", "--fingerprint", "a" * 64, "--window", " x"], "window"),
])
def test_a_wrong_field_is_named(office, words, why):
    run = subprocess.run([TONGBANCTL, "--socket", f"{office.directory}/ctl", "staff", "enrol", "0399", "--name", "某人", *words],
                         capture_output=True, text=True, check=False, env={"LANG": "C"})
    assert run.returncode and why in run.stderr, run
    assert row(office, "0399") is None


def test_a_certificate_of_another_number_is_not_enrolled(office):
    base = person(office, "0308")
    run = subprocess.run([TONGBANCTL, "--socket", f"{office.directory}/ctl", "staff", "enrol", "0309", "--name", "某人", "--role", "window",
                          "--certificate", f"{base}.crt"], capture_output=True, text=True, check=False, env={"LANG": "C"})
    assert run.returncode and "not for this number" in run.stderr, run


def raw(office, content, close=False):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(15)
        peer.connect(f"{office.directory}/ctl")
        peer.sendall(content)
        if close:
            peer.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while piece := peer.recv(65536):
                got += piece
        except ConnectionResetError:
            pass # what was sent beyond the limit lay unread
        return got


@pytest.mark.parametrize("content, problem", [
    (b"\n", "malformed"), (b"{}\n", "field"), (b"garbage\n", "malformed"), (b"\xff\xfe\0\n", "malformed"), (b"[" * 4000 + b"\n", "malformed"),
    (b'{"command":"shutdown","request":{}}\n', "field"), (b'{"command":"staff-act","request":{}}\n', "field"),
    (b'{"command":"staff-act","request":{"act":"suspend","id":"0007\'--","reason":"x"}}\n', "field"),
    (b'{"command":"staff-act","request":{"act":"enrol","id":"1","id":"2"}}\n', "malformed"),
    (b'{"command":"staff-list","request":{},"more":1}\n', "field"), (b"x" * 8192, "too-large"),
])
def test_hostile_lines_are_answered_with_a_problem(office, content, problem):
    answer = raw(office, content)
    assert answer.endswith(b"\n") and json.loads(answer)["problem"]["type"].endswith(problem), answer
    assert office.admin("/healthz").status in (200, 503)


def test_slow_and_silent_peers_are_closed(office):
    assert raw(office, b'{"command"', close=True) == b""
    began = time.monotonic()
    assert raw(office, b'{"command"') == b""
    assert 3 < time.monotonic() - began < 12


def test_many_peers_do_not_shut_out_for_long(office):
    held = []
    try:
        for _ in range(40):
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(15)
            held.append(peer)
            try:
                peer.connect(f"{office.directory}/ctl")
            except BlockingIOError: # the kernel's own queue is full
                break
        for peer in held[20:-1]:
            assert peer.recv(1) == b"" # beyond the limit, or out of time
    finally:
        for peer in held:
            peer.close()
    end = time.monotonic() + 2  # until the office has seen that they left
    while (asked := office.control("--json", "staff", "list", wait=False)).communicate(timeout=60) and asked.returncode:
        assert time.monotonic() < end


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_refused(office):
    for directory in (office.directory, *office.directory.parents):
        if directory != pathlib.Path("/"):
            directory.chmod(directory.stat().st_mode | 0o011) if directory == office.directory or directory == office.world.directory else None
    path = office.directory / "ctl"
    assert path.stat().st_mode & 0o777 == 0o660
    path.chmod(0o666)
    program = f"import socket; s=socket.socket(socket.AF_UNIX); s.connect({str(path)!r}); print(s.recv(65536).decode())"
    run = subprocess.run(["/usr/bin/python3", "-c", program], capture_output=True, text=True, check=False, user=65534, group=65534, extra_groups=[])
    assert "not-allowed" in run.stdout, run
    assert office.events("control_refused")[-1]["uid"] == 65534


def test_a_listing_speaks_chinese(office):
    text = control(office, "staff", "list", language="zh_CN.UTF-8")
    assert text.splitlines()[0].startswith("工号"), text


def test_a_liaison_speaks_in_the_registers_and_decides_nothing(office):
    base = enrol(office, "0321", "liaison")
    case = office.world.away.intake().json()["case"]
    office.wait_state(case, "received", "0101")
    assert office.window("GET", f"/window/v1/cases/{case}", certificate=base).status == 200
    refused = office.window("POST", f"/window/v1/cases/{case}/actions/accept", {}, certificate=base)
    assert "needs the role window or handler" in detail(refused)
    raised = office.window("POST", "/window/v1/registers/problem/acts/raise",
                           {"office": office.world.away.code, "data": {"class": "other", "subject": "材料标准不一致"}}, certificate=base)
    assert raised.status == 201, raised
    listed = office.window("POST", "/window/v1/registers/contact/acts/add",
                           {"data": {"function": "liaison", "name": "卢小兰", "phone": "0573-00000000", "items": "*"}}, certificate=base)
    assert listed.status != 403, listed
    carry = office.window("POST", "/window/v1/registers/transfer/acts/keep", {"case": case, "data": {"documents": []}}, certificate=base)
    assert carry.status != 201, carry


def test_an_auditor_reads_what_is_masked_and_does_nothing(office):
    base = enrol(office, "0322", "auditor")
    case = office.world.away.intake(applicant={"kind": "person", "name": "欧阳明", "mobile": "13900001235",
                                               "certificate": {"type": "citizen-id", "number": "33048318500101001X"}}).json()["case"]
    office.wait_state(case, "received", "0101")
    for path in ("cases", f"cases?q={case}", "todo", f"cases/{case}/timeline", f"cases/{case}/clocks", f"cases/{case}/steps", "registers/note",
                 f"cases/{case}/originals", f"cases/{case}/accountability", "registers", "registers/problem", "registers/precheck", "joint"):
        answer = office.window("GET", f"/window/v1/{path}", certificate=base)
        assert answer.status == 200, (path, answer)
        for secret in ("欧阳明", "33048318500101001X", "13900001235"):
            assert secret not in answer.body.decode(), (path, secret)
    for method, path in (("GET", f"cases/{case}"), ("GET", f"cases/{case}/bundle"), ("GET", f"cases/{case}/documents"),
                         ("POST", f"cases/{case}/actions/accept"), ("POST", "registers/problem/acts/raise"), ("POST", "cases"), ("POST", "joint")):
        body = {} if method == "POST" else None
        assert "needs the role" in detail(office.window(method, f"/window/v1/{path}", body, certificate=base)), path


def test_the_audit_tells_who_saw_whose_data(office):
    base = enrol(office, "0331")
    case = office.world.away.intake().json()["case"]
    office.wait_state(case, "received", "0101")
    assert office.window("GET", f"/window/v1/cases?q={case}", certificate=base).status == 200  # masked: no view
    assert office.window("GET", f"/window/v1/cases/{case}", certificate=base).status == 200
    assert office.window("GET", f"/window/v1/cases/{case}", certificate=base).status == 200
    views = json.loads(control(office, "--json", "audit", "views", "--staff", "0331"))["rows"]
    assert [(one["staff"], one["name"], one["case"]) for one in views] == [(f"{office.code}:0331", "卢小兰", case)] * 2
    assert json.loads(control(office, "--json", "audit", "views", "--staff", "0331", "--since", "2100-01-01"))["rows"] == []
    seen = json.loads(control(office, "--json", "audit", "views", "--case", case))["rows"]
    assert len(seen) == 3 and views[0] in seen and seen[0]["at"] >= seen[-1]["at"]
    assert case in control(office, "audit", "views", "--since", "2020-01-01")
    assert "date" in control(office, "audit", "views", "--since", "yesterday", code=1)


def seen(office, number):
    return [(one["case"], one["what"], one["material"]) for one in json.loads(control(office, "--json", "audit", "views", "--staff", number))["rows"]]


def test_the_proof_and_the_materials_are_views_too(office):
    base = enrol(office, "0333")
    away = office.world.away
    scan, alone = b"%PDF-1.4 " + os.urandom(400), b"%PDF-1.4 " + os.urandom(500)
    digest, nowhere = hashlib.sha256(scan).hexdigest(), office.upload(alone, staff="0101")
    away.upload(scan)
    materials = [{"name": "原居民身份证", "form": "original", "original_seen": True, "sha256": digest}]
    cases = [away.intake(materials=materials).json()["case"] for _ in range(2)]
    for case in cases:
        office.wait_state(case, "received", "0101")
    bundle = office.window("GET", f"/window/v1/cases/{cases[0]}/bundle", certificate=base)
    assert bundle.status == 200 and seen(office, "0333") == [(cases[0], "proof", "")]
    assert any('"case.viewed"' in one["line"] for one in bundle.json()["entries"]), "the view itself is in the proof"
    got = office.window("GET", f"/window/v1/materials/{digest}", certificate=base)
    assert got.status == 200 and got.body == scan
    assert seen(office, "0333")[:2] == [(cases[1], "material", digest), (cases[0], "material", digest)], "whose it is: of both cases"
    assert office.window("GET", f"/window/v1/materials/{nowhere}", certificate=base).body == alone
    assert seen(office, "0333")[0] == ("", "material", nowhere), "read before any case lists it"
    assert office.window("GET", f"/window/v1/materials/{digest}", certificate=base).status == 200
    assert len(seen(office, "0333")) == 6, "who reads twice has looked twice"
    assert office.window("HEAD", f"/window/v1/materials/{digest}", headers={"Tus-Resumable": "1.0.0"}, certificate=base).status == 200
    assert office.window("GET", f"/window/v1/materials/{'0' * 64}", certificate=base).problem() == "not-found"
    assert office.window("GET", f"/window/v1/cases/{'1' * 21}/bundle", certificate=base).problem() == "not-found"
    assert office.window("GET", f"/window/v1/cases/{office.code}261123000000122/bundle", certificate=base).problem() == "not-found"
    supervisor = office.window("GET", f"/window/v1/cases/{cases[0]}/bundle", staff="0201")
    assert supervisor.status == 403 and len(seen(office, "0333")) == 6
    assert "存证包" in control(office, "audit", "views", "--staff", "0333", language="zh_CN.UTF-8")
    of_case = json.loads(control(office, "--json", "audit", "views", "--case", cases[1]))["rows"]
    assert [one["what"] for one in of_case if one["staff"].endswith("0333")] == ["material", "material"]


def test_the_migration_finds_the_cases_of_older_materials(office, tmp_path):
    script, = (ROOT / "daemon" / "store" / "migrations").glob("*_material_case.sql")
    with sqlite3.connect(f"file:{next(office.directory.rglob('office.db'))}?mode=ro", uri=True) as live, sqlite3.connect(tmp_path / "copy.db") as db:
        live.backup(db)
    rows = "SELECT sha256, case_id FROM material_case ORDER BY 1, 2"
    before = db.execute(rows).fetchall()
    db.executescript(f"DROP TABLE material_case; {script.read_text()}")
    assert len(before) >= 2 and db.execute(rows).fetchall() == before


def test_the_audit_goes_on_beyond_one_page(office):
    base = enrol(office, "0332")
    case = office.world.away.intake().json()["case"]
    office.wait_state(case, "received", "0101")
    connection = office.connect_window(certificate=base)
    try:
        for _ in range(205):
            assert office.window("GET", f"/window/v1/cases/{case}", connection=connection).status == 200
    finally:
        connection.close()
    views = json.loads(control(office, "--json", "audit", "views", "--staff", "0332"))["rows"]
    assert len(views) == 205 and [one["at"] for one in views] == sorted((one["at"] for one in views), reverse=True)


@pytest.mark.parametrize("number, make", [("0341", enrol), ("0351", person)])
def test_a_suspended_person_follows_no_case_any_more(office, number, make):
    """Enrolled, or of the configuration."""
    base = make(office, number)
    case = office.world.away.intake().json()["case"]
    office.wait_state(case, "received", "0101")
    connection = office.connect_window(certificate=base)
    try:
        connection.request("GET", f"/window/v1/cases/{case}/events")
        stream = connection.getresponse()
        assert stream.status == 200 and stream.readline()
        staff(office, "suspend", number, "--reason", "调离窗口")
        assert office.act(case, "accept", {"documents": []}).status in (200, 201, 422)
        office.world.away.act(case, "withdraw", {"reason": "申请人撤回"}, "0007")
        while stream.readline():  # to the end, not to the time-out
            pass
    finally:
        connection.close()
