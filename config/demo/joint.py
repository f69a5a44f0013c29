"""The story of ./dev demo --joint: 多地联办, one intake in Tongxiang, six legs at three offices.

A couple moves from Nanxun to Tongxiang: the household move (准予迁入 here, 迁出登记 in Nanxun, 落户 here) and the transfer of the pension
insurance from Rudong (接收审核 here, 转出 in Rudong, 接收办结 here; 15+15+15 working days).  Each leg is decided by the officer of its own
office; whatever follows it is opened by the daemon in the same commit.  A second one shows that a denied leg takes only its followers with
it.
"""
import time

ITEM = "LB03"
RESULTS = {  # leg -> (result document, its number)
    "准予迁入": ("准予迁入证明", "浙桐准迁字〔2026〕1号"), "迁出登记": ("户口迁移证", "浙浔迁字〔2026〕1号"), "落户": ("居民户口簿", "TX-H-0001"),
    "接收审核": ("基本养老保险关系转移接续联系函(同意接收函)", "TX-S-0001"), "养老保险转出": ("基本养老保险参保缴费信息表", "RD-S-0001"),
    "接收办结": ("转移接续办结告知", "TX-S-0002"),
}
MATERIALS = ("户口迁移申请表", "居民户口簿", "居民身份证", "结婚证", "迁入地合法稳定住所证明", "基本养老保险关系转移接续申请表", "居民身份证或社会保障卡")


def form(demo):
    """One form for all legs; each scan is uploaded once."""
    materials = []
    for n, name in enumerate(MATERIALS):
        demo.paper(f"joint-{n}.pdf", 60 + 30 * n)
        materials.append({"name": name, "form": "original", "original_seen": True, "file": f"joint-{n}.pdf"})
    demo.document("joint.json", {
        "item": {"code": ITEM},
        "applicant": {"kind": "person", "name": "李四", "certificate": {"type": "citizen-id", "number": "330503199002020018"},
                      "mobile": "13900005678", "address": "浙江省桐乡市梧桐街道测试路2号"},
        "materials": materials, "comparison": {"result": "match", "score": 95, "device": "window-1"},
        "delivery": {"way": "pickup", "place": "intake"},
    })


def show(demo, clerk, number, chinese, english):
    demo.say(chinese, english)
    clerk.show("joint", "show", number)
    print(flush=True)


def open_leg(clerk, number, name):
    """The leg once it is open; it follows the decision before it by itself."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        legs = {leg["name"]: leg for leg in clerk.run("joint", "show", number)["legs"]}
        if legs[name]["state"] == "open":
            return legs[name]
        time.sleep(0.1)
    raise clerk.error(f"leg {name} is {legs[name]['state']} after 30 s")


def decide(demo, officers, leg, denied=None):
    """The officer of the leg's office accepts it and grants it with a result document, or denies it for a reason."""
    officer, (name, number) = officers[leg["office"]], RESULTS[leg["name"]]
    officer.wait(leg["case"], "received")
    officer.run("case", "accept", leg["case"])
    if denied:
        officer.run("case", "deny", leg["case"], "--reason", denied, "--yes")
        return
    demo.paper(f"result-{leg['n']}.pdf", 40)
    demo.document("result.json", {"result": {"name": name, "number": number, "sha256": f"result-{leg['n']}.pdf"}})
    officer.run("case", "grant", leg["case"], "--file", "result.json")


def new(clerk):
    return clerk.run("joint", "new", "--file", "joint.json", "--applicant-office", "330503", "--other-office", "320623")["joint"]


def denied(demo, clerk, officers):
    """Rudong denies the transfer: the transfer ends there, the household move goes on, and the whole is granted in part."""
    number = new(clerk)
    decide(demo, officers, open_leg(clerk, number, "接收审核"))
    decide(demo, officers, open_leg(clerk, number, "养老保险转出"), "申请人已领取基本养老保险待遇")
    for name in ("准予迁入", "迁出登记", "落户"):
        decide(demo, officers, open_leg(clerk, number, name))
    show(demo, clerk, number, "另一件：如东不予转出，户口迁移照常办结", "another one: Rudong denies the transfer, the household move goes on to its end")


def story(demo):
    """From one intake to the end; returns the number of the joint case."""
    clerk = demo.Person("330483", "0007")
    clerk.error = demo.DemoError
    officers = {office: demo.Person(office, "0101") for office in demo.ALL}
    clerk.show("item", "show", "LB03", "--office", "330483")
    clerk.wait_item("330503", "LB01-2")
    clerk.wait_item("320623", "LB02-2")
    demo.say("三地互换并验证事项目录与授权", "the three offices exchanged and verified catalogues and authorisations")
    form(demo)
    number = new(clerk)
    show(demo, clerk, number, f"桐乡窗口一次收件，联办编号 {number}", "one intake at the window in Tongxiang: the first leg of each chain is open")
    decide(demo, officers, open_leg(clerk, number, "准予迁入"))
    decide(demo, officers, open_leg(clerk, number, "接收审核"))
    show(demo, clerk, number, "桐乡公安准予迁入，社保同意接收；南浔、如东环节自动启动",
         "both permits granted: the legs in Nanxun and Rudong opened by themselves, with the results as materials")
    there = open_leg(clerk, number, "迁出登记")
    officers["330503"].wait(there["case"], "received")
    demo.say("南浔看到的是一个普通办件，注明所属联办", "in Nanxun it is an ordinary case that names its joint case:")
    officers["330503"].show("case", "show", there["case"])
    print(flush=True)
    decide(demo, officers, there)
    decide(demo, officers, open_leg(clerk, number, "养老保险转出"))
    landing, closing = open_leg(clerk, number, "落户"), open_leg(clerk, number, "接收办结")
    show(demo, clerk, number, "南浔迁出、如东转出，回到桐乡落户与接收", "moved out, transferred out: the last legs are open in Tongxiang")
    decide(demo, officers, landing)
    decide(demo, officers, closing)
    show(demo, clerk, number, "联办办结", "the joint case closed itself by its rule")
    for leg in clerk.run("joint", "show", number)["legs"]:
        text = demo.prove(clerk, leg["case"])
        entries = sum(" verified" in line for line in text.splitlines())
        demo.say(f"环节 {leg['n']} {leg['name']} {leg['case']} 的证明离线验证通过", f"proof of leg {leg['n']} verifies offline, {entries} entries")
    demo.prove(clerk, number)
    demo.say("联办件本身的证明离线验证通过", "so does the proof of the joint case itself: what was opened, and how it ended")
    denied(demo, clerk, officers)
    return number
