"""The scenes of ./dev demo --full: what a case may meet on its way, each shown as both sides have it.

A scene is one row of SCENES: its function plays it and returns (case number, outcome, stories), a story being what each office has of
one case.  Most are played through real offices with `tongban`.  What takes days is played by two offices under one virtual clock
(tests/unit/office/test_timelines.c): the law's own time is not changed for a demonstration.  After each scene the stories are compared;
any difference ends the demonstration with exit status 1.
"""
import json
import subprocess
import time
import unicodedata

import joint

WINDOW, HOME, THIRD = "320623", "330483", "330503"
PICTURE = "本人人像及指纹信息(现场采集)"
MISSING = [{"name": "结婚证", "listed": 2, "found": 1, "remark": "袋内只有一份"}]


class Stage:
    """Who acts, and the demonstration's own functions."""

    def __init__(self, demo):
        self.demo = demo
        self.clerk, self.officer = demo.Person(WINDOW, "0007"), demo.Person(HOME, "0101")
        self.say = demo.say

    def taken_in(self):
        return self.demo.take_in(self.clerk, self.officer)

    def told(self, number, window=None, officer=None):
        """Both sides' timelines of a case in the offices, printed as `tongban` shows them, and equal."""
        window, officer = window or self.clerk, officer or self.officer
        self.demo.same_timeline(window, officer, number)
        views = {}
        for person in (window, officer):
            views[person.office] = person.run("case", "track", number)
            print(f"  — {self.demo.PLACES[person.office]} {person.office}", flush=True)
            person.show("case", "track", number)
        return views


# ---- scenes in real time ----

def proxy(stage):
    """代收代办: something is missing, it is asked for once, comes in, and the case goes to its end."""
    clerk, officer, say = stage.clerk, stage.officer, stage.say
    number = stage.taken_in()
    officer.run("case", "notice", number, "--deadline", day(10), "--defects.material", PICTURE, "--defects.defect", "未采集",
                "--defects.standard", "近期免冠", "--defects.cure", "到窗口采集")
    say("桐乡一次性告知补正", "Tongxiang asks once, completely, for what is missing; the clock stands still")
    clerk.wait(number, "supplement_asked")
    step = wait_for(lambda: [row["no"] for row in clerk.run("step", "list", "--case", number)["rows"] if row["step"] == "notice"])[0]
    clerk.run("step", "done", step, "--handed-over.document", "一次性告知书", "--handed-over.way", "direct", "--handed-over.recipient", "张三",
              "--handed-over.server", "顾海燕", "--handed-over.received-at", stage.demo.now())
    clerk.run("material", "add", number, "old-card.pdf", "--name", PICTURE, "--form", "electronic")
    say("如东窗口送交告知书并收补正材料", "the window in Rudong hands the notice over and takes the supplement in")
    officer.wait(number, "supplemented")
    stage.demo.decide_and_deliver(clerk, officer, number)
    return number, "completed", [stage.told(number)]


def refused(stage):
    """不予受理: the reason, the office that is competent, and what the applicant can do about it."""
    number = stage.taken_in()
    stage.officer.run("case", "refuse", number, "--reason-class", "NOT_COMPETENT", "--referral", "如东县公安局", "--reason", "不属于本机关职权范围")
    case = stage.clerk.wait(number, "refused")
    stage.say("桐乡不予受理，如东窗口看到救济途径", "not accepted; the window has the remedies for the applicant:")
    print(f"    {case['refusal']['legal_basis']}\n    {case['refusal']['remedies']}", flush=True)
    if "六十日" not in case["refusal"]["remedies"] or "六个月" not in case["refusal"]["remedies"]:
        raise stage.demo.DemoError("the refusal does not say what the applicant can do")
    return number, "refused", [stage.told(number)]


def originals(stage):
    """原件寄递: a bag arrives with one document too few; two people open it and report the difference, the sender settles it."""
    clerk, officer, say = stage.clerk, stage.officer, stage.say
    number = stage.taken_in()
    papers = ("--documents.name", "户口簿", "--documents.originals", "1", "--documents.name", "结婚证", "--documents.originals", "2")
    clerk.run("transfer", "keep", "--case", number, *papers)
    bag = clerk.run("transfer", "pack", "--case", number, *papers, "--bag", "F0001", "--packed-by", "顾海燕")["no"]
    clerk.run("transfer", "send", bag, "--carrier", "EMS", "--tracking-no", "EE123456785CN")
    say("如东窗口留存原件三份，封袋寄出", "three originals kept, sealed in a bag and posted")
    register_state(officer, "transfer", bag, "sent")
    stage.demo.document("opening.json", {"opened_by": "陆文斌", "second": "沈洁", "seal_intact": False, "differences": MISSING})
    officer.run("transfer", "open", bag, "--file", "opening.json")
    register_state(clerk, "transfer", bag, "differs")
    say("桐乡两人开封，结婚证少一份，差异已报告", "two people open it in Tongxiang: one is missing, the difference is reported")
    balance(stage, number, lost=1, at_home=2)
    clerk.run("transfer", "settle", bag, "--explanation", "遗留在本窗口，已找到", "--recovered", "1")
    register_state(officer, "transfer", bag, "settled")
    say("如东窗口找到，差异了结，原件台账相符", "found at the window in Rudong and settled; the ledger of originals balances:")
    balance(stage, number, lost=0, at_home=2, at_intake=1)
    stage.officer.show("case", "originals", number)
    return number, "difference settled", [stage.told(number)]


def three_offices(stage):
    """多地联办: the story of --joint; each leg that two offices share is compared."""
    number = joint.story(stage.demo)
    clerk = stage.demo.Person(HOME, "0007")
    whole = clerk.run("joint", "show", number)
    stories = [stage.told(leg["case"], clerk, stage.demo.Person(leg["office"], "0101")) for leg in whole["legs"] if leg["office"] != HOME]
    return number, whole["state"], stories


def balance(stage, number, **expected):
    """The originals as both sides count them."""
    for person in (stage.clerk, stage.officer):
        got = person.run("case", "originals", number)
        if not got["balanced"] or any(got[name] != count for name, count in expected.items()):
            raise stage.demo.DemoError(f"office {person.office} counts the originals otherwise: {got}")


def register_state(person, kind, number, state):
    wait_for(lambda: person.run(kind, "show", number)["state"] == state, person.missing)


def wait_for(look, missing=()):
    """What `look` finds, once it finds something; `missing`: errors of an object that has not arrived."""
    end = time.monotonic() + 30
    while True:
        try:
            found = look()
        except missing:
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError("nothing came within 30 s")
        time.sleep(0.1)


def day(days):
    return time.strftime("%Y-%m-%d", time.localtime(time.time() + days * 86400))


# ---- scenes under the virtual clock ----

def virtual(name, outcome):
    def play(stage):
        done = subprocess.run([stage.demo.program("unit_office_test_timelines"), "--json", name], capture_output=True, text=True, check=False)
        if done.returncode:
            raise stage.demo.DemoError(f"scene {name}: {done.stdout}{done.stderr}")
        told = json.loads(done.stdout)
        if told["object"]:
            stage.say(f"授权 {told['object']} 到期，两地均不再收新件", f"authorisation {told['object']} expired at both; nothing new is taken in under it")
        for office, view in told["sides"].items():
            print(f"  — {stage.demo.PLACES[office]} {office}")
            for row in view["rows"]:
                more = " ".join(f"{name}={value}" for name, value in row["summary"].items())
                print(f"    {row['rev']:2}  {row['at'][:16].replace('T', ' ')}  {row['from']}  {row['type']:24} {row['verdict']}  {more}".rstrip())
        return told["case"], outcome, [told["sides"]]
    return play


SCENES = (  # name, Chinese, English, function
    ("proxy", "代收代办，一次补正", "proxy, one supplement", proxy),
    ("deemed", "第六个工作日视为受理", "deemed accepted, 6th day", virtual("deemed", "accepted by law, granted")),
    ("revoked", "容缺受理后撤销", "tolerance revoked", virtual("revoked", "acceptance revoked")),
    ("refused", "不予受理，告知救济", "refused, with remedies", refused),
    ("expired", "办理中授权到期", "authorisation expires", virtual("expired", "finished by the rule")),
    ("originals", "原件少一份", "one original missing", originals),
    ("joint", "三地联办", "joint case, 3 offices", three_offices),
)


def differences(demo, story):
    """What the offices have otherwise of one case; nothing when their timelines are identical."""
    (one, first), (two, second) = story.items()
    lines = [f"state: {one} has {first['state']}, {two} has {second['state']}"] if first["state"] != second["state"] else []
    rows = demo.shared(first["rows"]), demo.shared(second["rows"])
    lines += [f"entry {n + 1}: {one} has {a}, {two} has {b}" for n, (a, b) in enumerate(zip(*rows)) if a != b]
    if len(rows[0]) != len(rows[1]):
        lines.append(f"{one} has {len(rows[0])} entries, {two} has {len(rows[1])}")
    return lines


def pad(text, columns):
    """`text` filled up to its columns on a terminal, where a Chinese character takes two."""
    return text + " " * (columns - sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text))


def table(rows):
    widths = (22, 26, 23, 26)
    head = ("场景", "scene", "办件编号 case", "结果 outcome", "时间线一致 timelines identical")
    print()
    for row in (head, *rows):
        print("".join(pad(cell, width) for cell, width in zip(row, widths)) + row[-1])


def story(demo, names=None):
    """Plays the scenes (all, or the named ones) and says in one table how each ended."""
    stage, rows, wrong = Stage(demo), [], []
    stage.clerk.wait_item(HOME, "GA01")
    for name, chinese, english, play in SCENES:
        if names and name not in names:
            continue
        print(flush=True)
        demo.say(f"【{chinese}】", english)
        number, outcome, stories = play(stage)
        found = [line for told in stories for line in differences(demo, told)]
        rows.append((chinese, english, number, outcome, "no" if found else "yes"))
        wrong += [f"{number}: {line}" for line in found]
    table(rows)
    if wrong:
        raise demo.DemoError("the timelines of both sides differ:\n" + "\n".join(wrong))
    return rows
