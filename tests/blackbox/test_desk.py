"""The desk as people meet it: two real offices, `tongban` on terminals of 80 columns, in Chinese and in English."""
import json
import re
import time
import unicodedata

import pytest

from desk import Desk
from office import AWAY, HOME, THIRD, WAIT_S, World, item

LANGUAGES = ["C.UTF-8", "zh_CN.UTF-8"]


@pytest.fixture(scope="module")
def clerk(pair):
    return Desk(pair.away, "0007")


@pytest.fixture(scope="module")
def officer(pair):
    return Desk(pair.home, "0101")


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fits(text, columns=80, lang="zh_CN.UTF-8"):
    """Whole lines, aligned, and no English left under a Chinese locale but for commands, codes and numbers."""
    for line in text.splitlines():
        if line.startswith(("下一步", "Next", "还可以", "Also", "    ")):
            continue
        assert width(line) <= columns, line
        assert line == line.rstrip(), line
        if lang.startswith("zh"):
            words = re.findall(r"(?<![A-Za-z0-9_.-])[a-z]{3,}(?![A-Za-z0-9_.-])", line)
            assert not words, (words, line)
    return text


def following(text):
    lines = [line for line in text.splitlines() if line.startswith(("下一步：", "Next: "))]
    assert len(lines) == 1, text
    return lines[0]


def wait_for(look):
    end = time.monotonic() + WAIT_S
    while not look():
        assert time.monotonic() < end
        time.sleep(0.05)


def received(pair):
    case = pair.away.intake().json()["case"]
    pair.home.wait_state(case, "received", "0101")
    return case


def test_the_morning_screen_is_one_list_in_the_order_of_urgency(pair, clerk, officer):
    case = received(pair)
    later = (time.time() + 9 * 86400)
    officer.run("case", "notice", case, "--deadline", time.strftime("%Y-%m-%d", time.localtime(later)), "--defects.material", "照片",
                "--defects.defect", "缺少", "--defects.standard", "近期免冠", "--defects.cure", "补拍")
    officer.run("note", "write", "--case", case, "--text", "请说明照片来源")
    wait_for(lambda: len(clerk.json("todo")["registers"]) >= 2)
    shown = fits(clerk.run("todo"))
    lines = shown.splitlines()
    place = {word: i for i, line in enumerate(lines) for word in ("一次性告知", "GA01", "请说明照片来源") if word in line}
    assert place["一次性告知"] < place["GA01"] < place["请说明照片来源"], shown  # due tomorrow, stands still, no date
    assert "签收" in lines[place["一次性告知"]] and "补正" in lines[place["GA01"]] and "回复" in lines[place["请说明照片来源"]]
    first = lines[1].split()[2]
    assert following(shown) == f"下一步：tongban step show {first}"
    assert set(clerk.json("todo")) == {"rows", "registers"}
    english = fits(clerk.run("todo", lang="C.UTF-8"), lang="C.UTF-8")
    assert "acknowledge" in english and "supplement" in english


def test_registers_fit_a_line_and_speak_chinese(pair, clerk, officer):
    case = received(pair)
    clerk.run("transfer", "keep", "--case", case, "--documents.name", "原居民身份证", "--documents.originals", "1", "--documents.name", "户口簿",
              "--documents.originals", "1")
    packed = clerk.json("transfer", "pack", "--case", case, "--documents.name", "原居民身份证", "--documents.originals", "1", "--bag", "F001",
                        "--packed-by", "顾海燕")["no"]
    clerk.run("problem", "raise", "--class", "other", "--subject", "照片标准两地不一致", "--due", "2031-01-31")
    clerk.run("precheck", "ask", "--item", "GA01", "--question", "照片可以用手机拍吗")
    clerk.run("rating", "record", "--case", case, "--about", "intake_window", "--level", "5", "--channel", "tablet")
    for kind, words in (("transfer", ["清单", "原居民身份证等 2 项", "F001"]), ("problem", ["其他", "照片标准两地不一致", "2031-01-31"]),
                        ("precheck", ["照片可以用手机拍吗", "GA01"]), ("rating", ["收件窗口"]), ("step", [])):
        shown = fits(clerk.run(kind, "list"))
        assert all(word in shown for word in words) and "…" not in shown, shown
        following(shown)
        assert len(clerk.run(kind, "list", columns=200).splitlines()[0]) >= len(shown.splitlines()[0])
    shown = fits(clerk.run("transfer", "show", packed))
    assert "移交清单" in shown and "留存清单" not in shown and f"{AWAY} 如东县 → {HOME} 桐乡市" in shown
    assert following(shown) == f"下一步：tongban transfer send {packed}（寄出）"
    shown = fits(clerk.run("case", "track", case))
    assert "材料移交：封装" in shown and "好差评：评价" in shown and "transfer.act" not in shown
    assert "材料移交：封装" in fits(officer.run("case", "accountability", case))


def test_a_supervisor_is_sent_to_the_reports(pair, clerk):
    supervisor = Desk(pair.home, "0201")
    assert following(supervisor.run("office")) == "下一步：tongban report list"
    assert following(clerk.run("office")) == "下一步：tongban todo"
    assert "窗口或承办" in supervisor.run("todo", code=4)


def test_next_is_what_brings_the_object_on(pair, clerk, officer):
    no = clerk.json("problem", "raise", "--class", "delay", "--subject", "五日未复核")["no"]
    wait_for(lambda: no in officer.run("todo"))
    assert following(officer.run("problem", "show", no)) == f"下一步：tongban problem take {no}（认领）"
    shown = officer.run("problem", "take", no, "--responsible", "沈洁")
    assert following(shown) == f"下一步：tongban problem measure {no}（反馈措施）" and "take（认领）" in shown
    assert [line.split()[-1] for line in officer.run("todo").splitlines() if no in line] == ["反馈措施"]


@pytest.mark.parametrize("kind,words", [("authorisation", "tongban report authorisation")])
def test_an_empty_register_says_how_it_is_filled(clerk, kind, words):
    assert words in following(clerk.run(kind, "list"))


def test_the_address_book_shows_telephone_and_hours_whole(pair, clerk, officer):
    hours, phone = "工作日9:00-12:00,13:30-17:00", "0573-88880001"
    no = officer.json("contact", "add", "--name", "陆文斌", "--function", "officer", "--department", "桐乡市公安局", "--items", "GA01", "--phone", phone,
                      "--duty-hours", hours, "--deputy", "王五", "--deputy-phone", "0573-88880002")["no"]
    wait_for(lambda: clerk.json("contact", "list")["rows"])
    shown = fits(clerk.run("contact", "list"))
    assert hours in shown and phone in shown and "陆文斌" in shown
    shown = clerk.run("contact", "list", columns=140)
    assert "王五 0573-88880002" in shown and no in shown
    shown = fits(clerk.run("contact", "find", "GA01"))
    assert hours in shown and phone in shown and "桐乡市" in shown
    following(shown)
    officer.run("contact", "away", no, "--from", "2026-01-01", "--until", "2049-01-01")
    wait_for(lambda: clerk.json("contact", "list")["rows"][0]["state"] == "away")
    assert "陆文斌（不在岗）" in fits(clerk.run("contact", "list"))
    assert "王五" in clerk.run("contact", "find", "GA01")


def test_originals_of_a_case_without_any(pair, clerk):
    case = received(pair)
    assert "本件没有留存原件" in clerk.run("case", "originals", case)
    assert following(clerk.run("case", "originals", case)).endswith(f"tongban transfer keep --case {case}")
    assert following(clerk.run("case", "steps", case)) == f"下一步：tongban case show {case}"


ITEM = {"conditions": ["具有办理地常住户口"], "survey_standards": ["人、证、照一致"], "delivery": ["mail"],
        "materials": [{"name": "登记表", "form": "F", "required": True}, {"name": "原居民身份证", "form": "O", "required": True},
                      {"name": "结婚证", "form": "C", "required": True, "deferrable": True}, {"name": "户籍信息", "form": "E", "required": True},
                      {"name": "单位证明", "form": "O", "original": False, "required": False}]}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_intake_asks_what_the_catalogue_wants(pair, clerk, officer, lang):
    """Conditions and survey standards first; no question about what must not be demanded; only the ways of the item; what is missing is said."""
    zh, code = lang.startswith("zh"), "QS01" if lang.startswith("zh") else "QS02"
    catalogue = {"office": HOME, "items": [{**item(code, "问询事项"), **ITEM}]}
    (officer.directory / "items.yaml").write_text(json.dumps(catalogue, ensure_ascii=False))
    officer.run("catalogue", "publish", "items.yaml", "--note", "测试")
    wait_for(lambda: code in clerk.run("item", "list", code, "--office", HOME))
    shown, status = clerk.answer("case", "new", "--item", code, "--office", HOME, lang=lang, answers=[
        "张三", "", "33048318500101001X", "13900001234", "", "", "", "1", "y", "", "5", "1", "", "1", "如东县掘港街道1号", "张三", "13900001234", "", "y"])
    assert status == 0, shown
    before, _, rest = shown.partition("申请人姓名" if zh else "Name of the applicant")
    assert "具有办理地常住户口" in before and "人、证、照一致" in before and "结婚证" in before
    questions, _, summary = rest.partition("将要提交的内容" if zh else "This is what will be sent")
    assert "户籍信息" not in questions  # the home side gets it itself
    assert questions.count("是否已核对原件" if zh else "Was the original seen") == 1  # only where the item wants it
    assert ("结婚证：缺少，可容缺" if zh else "结婚证: not there; may come later") in summary
    assert ("在本窗口领取" if zh else "fetched at this window") not in questions and ("邮寄" if zh else "by mail") in questions
    case = re.search(r"\d{21}", rest).group()
    document = pair.away.case(case).json()
    assert document["delivery"]["way"] == "mail" and [m["name"] for m in document["materials"]] == ["登记表", "原居民身份证", "单位证明"]
    assert [m["original_seen"] for m in document["materials"]] == [False, True, False]


def test_a_needed_material_that_is_missing_is_named(pair, clerk):
    shown, status = clerk.answer("case", "new", "--item", "GA01", "--office", HOME, answers=[
        "张三", "", "33048318500101001X", "13900001234", "", "5", "1", "1", "", "n"])
    assert status == 2 and "原居民身份证：缺少" in shown and "一次性告知" in shown
    assert "没有办理" in shown and "看不懂" not in shown, shown


def test_an_act_asks_for_the_case_it_is_about(pair, clerk):
    case = received(pair)
    clerk.run("transfer", "keep", "--case", case, "--documents.name", "原居民身份证", "--documents.originals", "1")
    shown, status = clerk.answer("transfer", "pack", answers=["原居民身份证", "1", "F009", "顾海燕", case])
    assert status == 0 and "所涉办件编号" in shown and "已封装" in shown
    shown, status = clerk.answer("problem", "raise", answers=["2", "照片标准", ""])  # one counterpart: no question about it
    assert status == 0 and "待处置" in shown
    shown, status = clerk.answer("transfer", "pack", answers=["原居民身份证"])
    assert status == 2 and "没有办理" in shown


def test_the_most_fitting_translation_of_a_detail(trio):
    clerk = Desk(trio.offices[HOME], "0007")
    told = clerk.run("precheck", "ask", "--item", "GA01", "--question", "可以吗", code=1)
    assert "对方单位" in told and "counterparts" not in told, told
    shown, status = clerk.answer("precheck", "ask", answers=["RS01", "可以吗", "1"])
    assert status == 0 and "320623 如东" in shown and "待预审" in shown


@pytest.fixture(scope="module")
def trio():
    world = World(codes=(HOME, AWAY, THIRD))
    try:
        yield world.start()
    finally:
        world.remove()
