"""The window API of one office: intake, actions, refusals, repetition, bad input."""
import json
import threading
import uuid

import pytest

from office import AWAY, HOME, application, exchange, item, make_certificate


def test_who_am_i(pair):
    document = pair.away.window("GET", "/window/v1/office").json()
    assert document["office"] == AWAY
    assert document["staff"] == {"id": f"{AWAY}:0007", "name": "顾海燕", "role": "window"}
    assert [peer["office"] for peer in document["peers"]] == [HOME]


def test_items(pair):
    rows = pair.away.window("GET", f"/window/v1/items?office={HOME}").json()["rows"]
    assert {row["code"] for row in rows} == {"GA01", "GA09"}
    document = pair.away.window("GET", f"/window/v1/items/{HOME}/GA01").json()
    assert document["office"] == HOME and document["name"] == "居民身份证遗失补领"
    assert pair.away.window("GET", f"/window/v1/items/{HOME}/XX99").problem() in ("item-unknown", "not-found")


def test_intake_and_repetition(pair):
    key = str(uuid.uuid4())
    first = pair.away.intake(key=key)
    assert first.status == 201 and "idempotent-replayed" not in first.headers
    again = pair.away.intake(key=key)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    reused = pair.away.intake(key=key, remark="another request")
    assert reused.status == 409 and reused.problem() == "idempotency-key-reused"
    assert pair.away.metric("api_replayed_total") >= 1


def test_concurrent_repetitions_make_one_case(pair):
    key, answers = str(uuid.uuid4()), []
    threads = [threading.Thread(target=lambda: answers.append(pair.away.intake(key=key))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize("key,problem", [("", "idempotency-key-missing"), ("x" * 65, "malformed"), ("two words", "malformed")])
def test_bad_keys(pair, key, problem):
    assert pair.away.intake(key=key).problem() == problem


def test_list_masks_and_view_does_not(pair):
    number = pair.away.intake().json()["case"]
    row = pair.away.window("GET", f"/window/v1/cases?q={number}").json()["rows"][0]
    assert "张三" not in json.dumps(row, ensure_ascii=False) and "33048318500101001X" not in json.dumps(row)
    assert pair.away.case(number).json()["applicant"]["name"] == "张三"


def test_pages(pair):
    for _ in range(3):
        assert pair.away.intake().status == 201
    first = pair.away.window("GET", "/window/v1/cases?limit=2").json()
    assert len(first["rows"]) == 2 and first["next"]
    second = pair.away.window("GET", f"/window/v1/cases?limit=2&cursor={first['next']}").json()
    assert not {row["case"] for row in first["rows"]} & {row["case"] for row in second["rows"]}
    for query in ("limit=0", "limit=101", "limit=x", "limit=-1", "cursor=x", "state=nowhere"):
        assert pair.away.window("GET", f"/window/v1/cases?{query}").problem() == "field", query


def test_rare_names_survive(pair):
    name = "𬎆䶮·阿卜杜拉"
    applicant = application(HOME)["applicant"] | {"name": name}
    number = pair.away.intake(applicant=applicant).json()["case"]
    assert pair.away.case(number).json()["applicant"]["name"] == name
    assert pair.home.wait_state(number, "received")["applicant"]["name"] == name


# ---- refusals ----

def test_unknown_and_foreign_items(pair):
    assert pair.away.intake(item={"office": HOME, "code": "XX99"}).problem() == "item-unknown"
    assert pair.away.intake(item={"office": "110000", "code": "GA01"}).problem() == "item-unknown"
    assert pair.away.intake(item={"office": HOME, "code": "GA01", "version": 99}).problem() in ("item-unknown", "item-retired")


@pytest.mark.parametrize("members,field", [
    ({"applicant": None}, "/applicant"),
    ({"applicant": {"kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "330483185001010011"}}}, "/applicant"),
    ({"applicant": {"kind": "person", "name": " ", "certificate": {"type": "other", "number": "1"}}}, "/applicant"),
    ({"surprise": 1}, "/surprise"),
    ({"agent": {"name": "李四", "certificate": {"type": "other", "number": "1"}}}, "/agent"),
])
def test_wrong_fields_are_named(pair, members, field):
    answer = pair.away.intake(**members)
    assert answer.status == 422 and answer.problem() == "field"
    assert answer.json()["field"].startswith(field)


def test_missing_material(pair):
    answer = pair.away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": "0" * 64}])
    assert answer.problem() == "material-missing"


def test_unknown_cases_and_actions(pair):
    number = pair.away.intake().json()["case"]
    for path in ("", "/timeline", "/bundle", "/events"):
        assert pair.away.window("GET", f"/window/v1/cases/320623261123000000990{path}").status == 404, path
        assert pair.away.window("GET", f"/window/v1/cases/nonsense{path}").status in (404, 422), path
    assert pair.away.act("320623261123000000990", "withdraw", {"reason": "x"}, staff="0007").status == 404
    assert pair.away.act(number, "conjure", staff="0007").problem() == "not-found"
    assert pair.away.window("GET", "/window/v2/cases").status == 404
    assert pair.away.window("PUT", "/window/v1/cases", {}).problem() == "method-not-allowed"


def test_roles_and_states(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received")
    assert pair.home.act(number, "accept", staff="0007").problem() == "not-allowed"
    assert pair.home.act(number, "grant").problem() == "transition"
    assert pair.home.act(number, "deliver", {}).status in (409, 422)
    assert pair.home.act(number, "accept").status == 200
    assert pair.home.act(number, "accept").problem() in ("transition", "already-done")


def test_only_one_notice(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received")
    notice = {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": "2031-01-01"}
    assert pair.home.act(number, "notice", notice).status == 200
    pair.away.wait_state(number, "supplement_asked")
    assert pair.away.act(number, "supplement", {"materials": [{"name": "照片", "form": "original"}]}, staff="0007").status == 200
    pair.home.wait_state(number, "supplemented")
    assert pair.home.act(number, "notice", notice).problem() in ("one-notice-only", "transition")


# ---- who may ----

def test_certificates(pair, tmp_path):
    from ssl import SSLError
    tls = pair.away.tls
    stranger = make_certificate(tmp_path, "stranger", tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{AWAY}:0999")
    assert pair.away.window("GET", "/window/v1/office", certificate=stranger).problem() == "not-allowed"
    foreign = make_certificate(tmp_path, "foreign", tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{HOME}:0007")
    assert pair.away.window("GET", "/window/v1/office", certificate=foreign).problem() == "wrong-office"
    gateway = make_certificate(tmp_path, "gateway", tls / "staff-ca", "clientAuth", f"URI:urn:tongban:office:{AWAY}")
    assert pair.away.window("GET", "/window/v1/office", certificate=gateway).problem() == "not-allowed"
    # authorities that this listener does not know, nobody at all, and an expired one end in the handshake or with a refusal
    for bad in (make_certificate(tmp_path, "self", None, "clientAuth", f"URI:urn:tongban:staff:{AWAY}:0007"),
                pair.home.tls / "staff-0007", pair.home.tls / "gateway",
                make_certificate(tmp_path, "old", tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{AWAY}:0007", days=-1),
                make_certificate(tmp_path, "usage", tls / "staff-ca", "serverAuth", f"URI:urn:tongban:staff:{AWAY}:0007")):
        with pytest.raises((SSLError, OSError)):
            pair.away.window("GET", "/window/v1/office", certificate=bad)


# ---- bad bytes ----

def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("body", [
    b"", b"[]", b"null", b"{", b'{"item":1}{}', b'{"item":{},"item":{}}', b'{"a":"\xff\xfe"}', b'{"a":"\xc0\xaf"}',
    b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"a":"\\u0000"}', b'{"a":"x\x00y"}', b'{"a":1e999}', b'{"a":123456789012345678901234567890}',
    b'{"a":1.5}', b'{"a":NaN}', b"\xef\xbb\xbf{}", nested(17), nested(9000),
], ids=lambda body: repr(body[:24]))
def test_bad_json(pair, body):
    answer = pair.away.window("POST", "/window/v1/cases", body)
    assert answer.status in (400, 422), answer
    assert answer.problem() in ("malformed", "field")


def test_depth_of_100000(pair):
    answer = pair.away.window("POST", "/window/v1/cases", nested(100000)[:60000])
    assert answer.problem() == "malformed"


def test_body_too_large(pair):
    connection = pair.away.connect_window()
    try:
        answer = exchange(connection, "POST", "/window/v1/cases", b" " * (64 * 1024 + 1),
                          {"Content-Type": "application/json", "Idempotency-Key": "k"})
        assert answer.status == 413 and answer.problem() == "too-large"
    except OSError:
        pass  # refused at its head, before the body was out
    finally:
        connection.close()
    assert pair.away.window("GET", "/window/v1/office").status == 200


def test_wrong_media_type(pair):
    answer = pair.away.window("POST", "/window/v1/cases", b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status == 415 and answer.problem() == "unsupported-type"


# ---- following a case ----

def read_event(response):
    lines = []
    while True:
        line = response.readline().decode()
        assert line, "the stream ended"
        if line == "\n" and lines:
            fields = dict(part.rstrip("\n").split(": ", 1) for part in lines if ": " in part)
            if "data" in fields:
                return fields["event"], json.loads(fields["data"])
            lines = []
        elif line != "\n":
            lines.append(line)


def test_events(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received")
    pair.away.wait_state(number, "received")
    connection = pair.away.connect_window()
    try:
        connection.request("GET", f"/window/v1/cases/{number}/events")
        response = connection.getresponse()
        assert response.status == 200 and response.getheader("Content-Type").startswith("text/event-stream")
        event, data = read_event(response)
        assert (event, data["case"], data["state"]) == ("state", number, "received")
        assert pair.away.metric("watchers") == 1
        assert pair.home.act(number, "accept").status == 200
        event, data = read_event(response)
        assert (event, data["state"]) == ("state", "accepted") and data["rev"] >= 3
    finally:
        connection.close()


# ---- operation ----

def test_health_and_metrics(pair):
    for answer in (pair.away.admin("/healthz"), pair.away.window("GET", "/healthz")):
        document = answer.json()
        assert answer.status == 200 and document["status"] == "ok" and document["version"]
        assert document["store"]["write_ms"] >= 0 and document["store"]["read_ms"] >= 0
    text = pair.away.admin("/metrics").body.decode()
    assert "# TYPE tongban_http_requests_total counter" in text
    assert pair.away.admin("/window/v1/office").status == 404


def test_log_names_nobody(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received")
    for office in pair.offices.values():
        text = office.log_text()
        assert "张三" not in text and "33048318500101001X" not in text and "13900001234" not in text
        for line in text.splitlines():
            json.loads(line)


def test_suspended_staff_and_retired_items(fresh):
    fresh.away.edit(r'(id: "0007", name: [^,]*, role: window)', r"\1, suspended: true")
    fresh.write_catalogue(fresh.home, [item("GA01", "居民身份证遗失补领", until="2022-12-31"), item("GA09", "户口迁移审批", version=3)])
    fresh.home.start()
    fresh.away.start()
    assert fresh.away.window("GET", "/window/v1/office").problem() == "not-allowed"
    end = fresh.away.window("GET", f"/window/v1/items?office={HOME}", staff="0101")
    for _ in range(500):
        if end.json()["rows"]:
            break
        end = fresh.away.window("GET", f"/window/v1/items?office={HOME}", staff="0101")
    fresh.away.stop()
    fresh.away.edit(r", suspended: true", "")
    fresh.away.start()
    assert fresh.away.intake().problem() == "item-retired"
    assert fresh.away.intake(item={"office": HOME, "code": "GA09"}).status == 201
    assert fresh.away.intake(item={"office": HOME, "code": "GA09", "version": 2}).problem() in ("item-unknown", "item-retired")


def test_step_without_authorisation(fresh):
    fresh.home.edit(r"steps: INOPD", "steps: OPD")
    fresh.start()
    assert fresh.away.intake().problem() == "no-authorisation"
