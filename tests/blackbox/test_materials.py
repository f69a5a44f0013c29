"""Materials from window to window: uploads, the way to the counterpart, interruptions."""
import os
import time

PDF = b"%PDF-1.7\n" + b"synthetic page\n" * 20000


def done(answer):
    assert answer.status == 200, answer
    return answer


def test_materials_travel(pair):
    digest = pair.away.upload(PDF)
    number = pair.away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": digest}]).json()["case"]
    document = pair.home.wait_state(number, "received", "0101")
    assert document["materials"][0]["here"] is True and document["materials"][0]["size"] == len(PDF)
    answer = pair.home.window("GET", f"/window/v1/materials/{digest}", staff="0101")
    assert answer.status == 200 and answer.body == PDF


def test_result_travels_back(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received", "0101")
    done(pair.home.act(number, "accept"))
    content = PDF + b"result"
    digest = pair.home.upload(content, staff="0101")
    done(pair.home.act(number, "grant", {"result": {"name": "居民身份证", "sha256": digest}}))
    pair.away.wait_state(number, "granted")
    end = time.monotonic() + 10
    while pair.away.window("GET", f"/window/v1/materials/{digest}").status != 200:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_large_material_in_pieces(pair):
    content = b"%PDF-1.7\n" + os.urandom(20 * 1024 * 1024)
    digest = pair.away.upload(content)
    number = pair.away.intake(materials=[{"name": "图纸", "form": "electronic", "sha256": digest}]).json()["case"]
    pair.home.wait_state(number, "received", "0101")
    assert pair.home.window("GET", f"/window/v1/materials/{digest}", staff="0101").body == content


def test_unexpected_material_is_refused(pair):
    import base64
    metadata = f"sha256 {base64.b64encode(b'ab' * 32).decode()},type {base64.b64encode(b'application/pdf').decode()}"
    answer = pair.home.peer("POST", "/peer/v1/materials", b"", headers={
        "Tus-Resumable": "1.0.0", "Upload-Length": "100", "Upload-Metadata": metadata, "Content-Type": "application/offset+octet-stream"})
    assert answer.status in (403, 404), answer


def test_material_resumes_after_a_cut(fresh):
    fresh.start()
    content = b"%PDF-1.7\n" + os.urandom(24 * 1024 * 1024)
    digest = fresh.away.upload(content)
    number = fresh.away.intake(materials=[{"name": "图纸", "form": "electronic", "sha256": digest}]).json()["case"]
    fresh.home.wait_case(number, lambda row: True)
    fresh.cut()
    time.sleep(0.2)
    fresh.restore()
    fresh.home.wait_state(number, "received", "0101")
    assert fresh.home.window("GET", f"/window/v1/materials/{digest}", staff="0101").body == content


def test_a_damaged_material_holds_up_no_other(fresh):
    """What cannot be sent is set aside with an alarm, what stands behind it goes, and it goes itself once it is mended."""
    fresh.start()
    fresh.cut()
    lost, good = PDF + b"one", PDF + b"two"
    digests = [fresh.away.upload(content) for content in (lost, good)]
    path = next((fresh.away.directory / "data").rglob(digests[0]))
    path.rename(path.with_suffix(".aside"))
    numbers = [fresh.away.intake(materials=[{"name": "户口簿", "form": "copy", "sha256": digest}]).json()["case"] for digest in digests]
    fresh.restore()
    fresh.home.wait_state(numbers[1], "received", "0101")
    assert fresh.home.case(numbers[0], "0101").json()["state"] != "received"
    assert fresh.away.events("material_failed")[0]["material"] == digests[0]
    path.with_suffix(".aside").rename(path)
    fresh.home.wait_state(numbers[0], "received", "0101")
