"""Two offices: whole cases from window to window, materials, and the link between them."""
import os
import re
import threading
import time

import pytest

from office import AWAY, HOME

DELIVERED = {"way": "direct", "documents": [{"name": "居民身份证"}], "place": "如东县政务服务中心", "received_at": "2026-01-05T09:00:00+08:00",
             "recipient": "张三", "server": "顾海燕"}
DELIVERY = {"way": "pickup", "place": "intake", "documents": [{"name": "居民身份证"}]}
NOTICE = {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": "2031-01-01"}


def done(answer):
    assert answer.status == 200, answer
    return answer


def timeline(office, number):
    return office.window("GET", f"/window/v1/cases/{number}/timeline").json()["rows"]


def same_timelines(pair, number):
    """Both sides show the same entries of the exchange in the same order."""
    def shared(office):
        return [(row["rev"], row["type"], row["at"], row["from"]) for row in timeline(office, number) if row["rev"]]
    end = time.monotonic() + 10
    while shared(pair.home) != shared(pair.away):
        assert time.monotonic() < end, (shared(pair.home), shared(pair.away))
        time.sleep(0.05)
    return [row[1] for row in shared(pair.home)]


def test_from_window_to_delivery(pair):
    number = pair.away.intake().json()["case"]
    assert re.fullmatch(AWAY + r"\d{15}", number)
    document = pair.home.wait_state(number, "received", "0101")
    assert "accept" in document["actions"] and document["due"]["date"]
    done(pair.home.act(number, "accept"))
    pair.away.wait_state(number, "accepted")
    done(pair.home.act(number, "grant", {"result": {"name": "居民身份证", "number": "33048318500101001X"}}))
    pair.away.wait_state(number, "granted")
    done(pair.home.act(number, "delivery", DELIVERY))
    pair.away.wait_state(number, "delivering")
    todo = pair.away.window("GET", "/window/v1/todo").json()["rows"]
    assert number in {row["case"] for row in todo}
    done(pair.away.act(number, "deliver", DELIVERED, staff="0007"))
    pair.home.wait_state(number, "delivered", "0101")
    done(pair.home.act(number, "complete"))
    document = pair.away.wait_state(number, "completed")
    assert all(document["times"][name] for name in ("handed_in", "sent", "received", "accepted", "decided", "delivered", "closed"))
    assert same_timelines(pair, number) == [
        "case.submitted", "case.received", "case.accepted", "case.decided", "case.delivery", "step.act", "case.delivered", "step.act",
        "case.completed"]


def test_intake_first_forward_later(pair):
    number = pair.away.intake(forward=False).json()["case"]
    assert pair.away.case(number).json()["state"] == "intaken"
    assert pair.home.window("GET", f"/window/v1/cases?q={number}").json()["rows"] == []
    done(pair.away.act(number, "material", {"materials": [{"name": "照片", "form": "original"}]}, staff="0007"))
    done(pair.away.act(number, "compare", {"comparison": {"result": "match", "score": 91}}, staff="0007"))
    done(pair.away.act(number, "forward", staff="0007"))
    document = pair.home.wait_state(number, "received", "0101")
    assert [material["name"] for material in document["materials"]] == ["原居民身份证", "照片"]
    assert document["comparison"]["score"] == 91


def test_abandon(pair):
    number = pair.away.intake(forward=False).json()["case"]
    done(pair.away.act(number, "abandon", {"reason": "申请人撤回"}, staff="0007"))
    assert pair.away.case(number).json()["state"] == "abandoned"
    assert pair.away.act(number, "forward", staff="0007").problem() == "transition"


def test_notice_and_supplement(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received", "0101")
    done(pair.home.act(number, "notice", NOTICE))
    document = pair.away.wait_state(number, "supplement_asked")
    assert document["notice"]["defects"][0]["material"] == "照片"
    done(pair.away.act(number, "supplement", {"materials": [{"name": "照片", "form": "original"}]}, staff="0007"))
    pair.home.wait_state(number, "supplemented", "0101")
    done(pair.home.act(number, "accept"))
    pair.away.wait_state(number, "accepted")
    same_timelines(pair, number)


def test_refuse(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received", "0101")
    assert pair.home.act(number, "refuse", {"reason": "x"}).problem() == "field"
    done(pair.home.act(number, "refuse", {"reason_class": "NOT_COMPETENT", "reason": "不属于本机关职权", "legal_basis": "行政许可法第32条",
                                             "referral": "如东县公安局"}))
    pair.away.wait_state(number, "refused")
    same_timelines(pair, number)


def test_deny(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received", "0101")
    done(pair.home.act(number, "accept"))
    assert pair.home.act(number, "deny", {}).problem() == "field"
    done(pair.home.act(number, "deny", {"reason": "不符合条件", "legal_basis": "居民身份证法"}))
    document = pair.away.wait_state(number, "denied")
    assert document["decision"]["remedies"]


@pytest.mark.parametrize("side", ["home", "away"])
def test_withdraw(pair, side):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received", "0101")
    pair.away.wait_state(number, "received")
    office, staff = (pair.home, "0101") if side == "home" else (pair.away, "0007")
    done(office.act(number, "withdraw", {"reason": "不办了"}, staff=staff))
    pair.home.wait_state(number, "withdrawn", "0101")
    pair.away.wait_state(number, "withdrawn")
    same_timelines(pair, number)


def test_both_directions_at_once(pair):
    cases, threads = [], []

    def run(office):
        for _ in range(25):
            cases.append((office, office.intake().json()["case"]))
    for office in pair.offices.values():
        threads += [threading.Thread(target=run, args=(office,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({number for _, number in cases}) == 100
    for office, number in cases:
        pair.other(office).wait_state(number, "received")
        office.wait_state(number, "received")


def test_bundle(pair):
    number = pair.away.intake().json()["case"]
    pair.home.wait_state(number, "received")
    pair.away.wait_state(number, "received")
    answer = pair.away.window("GET", f"/window/v1/cases/{number}/bundle")
    assert answer.status == 200 and answer.json()["case"] == number


# ---- the link ----

def test_link_cut_and_restored(fresh):
    fresh.start()
    before = fresh.away.intake().json()["case"]
    fresh.home.wait_state(before, "received")
    fresh.cut()
    during = [fresh.away.intake().json()["case"] for _ in range(3)]
    assert fresh.away.case(during[0]).json()["pending"] is True
    time.sleep(0.5)
    fresh.restore()
    for number in during:
        fresh.home.wait_state(number, "received")
        fresh.away.wait_state(number, "received")
    assert fresh.away.events("exchange_failed") and fresh.away.events("exchange_restored")


def test_impostor_behind_the_link(fresh, tmp_path):
    """A gateway of the right authority but of another office gets nothing from us."""
    from office import make_certificate
    other = make_certificate(tmp_path, "other", fresh.home.tls / "peer-ca", "serverAuth,clientAuth", "URI:urn:tongban:office:330503,IP:127.0.0.1")
    for suffix in ("crt", "key"):
        os.replace(f"{other}.{suffix}", fresh.home.tls / f"gateway.{suffix}")
    fresh.home.start()
    fresh.away.start()
    end = time.monotonic() + 10
    while not fresh.away.events("exchange_failed"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert fresh.away.events("exchange_failed")[0]["level"] == "err"
    assert fresh.home.metric("peer_batches_taken_total") == 0
    assert fresh.away.admin("/healthz").json()["peers"][0]["state"] == "alarm"
    # and ours is not taken by them either: their client certificate says another office
    assert fresh.away.metric("peer_batches_taken_total") == 0


def test_wrong_ledger_key(fresh):
    """A gateway that is right, with a ledger that is not the pinned one."""
    import subprocess
    from office import daemon_path
    key = fresh.home.directory / "ledger.key"
    key.unlink()
    subprocess.run([daemon_path(), "--make-ledger-key", f"tongban/{HOME}", str(key)], check=True, capture_output=True)
    fresh.home.start()
    fresh.away.start()
    end = time.monotonic() + 10
    while fresh.away.metric("peer_untrusted_total") == 0:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert fresh.away.window("GET", f"/window/v1/items?office={HOME}").json()["rows"] == []
