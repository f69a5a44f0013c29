#!/usr/bin/env python3
"""A clerk's hour: a normal morning at both windows, typed with `tongban` as it is, in Chinese, on terminals of 80 columns.

The transcript is docs/zh/clerk-hour.md; tests/blackbox/test_clerk_hour.py plays it again and compares.  `clerk_hour.py --write` renews
it.  Days, times and case numbers are written as of one Monday, so that the page stays the same: a date is moved by as many working days
as it lies from today.
"""
import datetime
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
import time

import run as demo
import terminal

PAGE = os.path.join(demo.ROOT, "docs", "zh", "clerk-hour.md")
MONDAY, MORNING, CASE = "2026-11-23", "09:30", "320623261123000000018"
WINDOW, OFFICER = ("320623", "0007"), ("330483", "0101")
WHO = {WINDOW: "如东窗口 顾海燕", OFFICER: "桐乡承办 陆文斌"}
PICTURE = "本人人像及指纹信息(现场采集)"
ANSWERS = ("张三", "", "33048318500101001x", "33048318500101001X", "13900001234", "", "", "registration-form.pdf", "5", "5", "", "", "",
           "y")
INTRODUCTION = """# 一个上午

如东窗口（顾海燕）和桐乡承办（陆文斌）一个平常的上午，从头到尾只用 `tongban`。以 `$` 开头的是输入的命令，其余是屏幕上看到的，宽 80 列。
人和号码都是虚构的。每条命令的说明见[窗口操作手册](window-manual.md)。

本页由程序写成：`config/demo/clerk_hour.py --write`。日期和编号统一写成同一天的；测试（`tests/blackbox/test_clerk_hour.py`）每次重做一遍并与本页比较。
"""

# Text: a heading or a remark.  (person, command): what is typed; CASE, STEP and the like stand for numbers that were shown before, +N for
# the Nth working day from today, NOW for the time.  A third member: a word that the output waits for, or the answers at a terminal.
MORNING_STEPS = (
    "## 到岗",
    (WINDOW, "tongban office"),
    (WINDOW, "tongban todo"),
    "## 来了一位申请人，身份证到期",
    "拼音首字母就能查；再看属地要什么。",
    (WINDOW, "tongban item list jmsfz"),
    (WINDOW, "tongban item show GA01 --office 330483"),
    (WINDOW, "tongban item guide GA01 --office 330483 --out 指南.md"),
    "## 收件",
    "先收后推：指纹要到采集台采，旧证要扫描。号码输错，当场就拒绝。",
    (WINDOW, "tongban case new --item GA01 --office 330483 --no-forward", ANSWERS),
    (WINDOW, "tongban material add CASE old-card.pdf --name 原居民身份证 --form original --original-seen"),
    (WINDOW, "tongban case forward CASE"),
    (WINDOW, "tongban case document CASE intake_receipt --out 收件凭证.txt"),
    "## 电话里有人问：材料行不行",
    "不是办件，先请对方看。",
    (WINDOW, "tongban precheck ask --item GA01 --question 旧证过期半年还能换领吗"),
    "## 桐乡",
    (OFFICER, "tongban todo", "PRECHECK"),
    (OFFICER, "tongban precheck answer PRECHECK --opinion complete --advice 可以换领，带户口簿"),
    (OFFICER, "tongban case show CASE"),
    "采集的人像没有附上，一次性告知，并留一句话。",
    (OFFICER, f"tongban case notice CASE --deadline +10 --defects.material '{PICTURE}' --defects.defect 未采集 "
              "--defects.standard 近期免冠 --defects.cure 到窗口采集"),
    (OFFICER, "tongban note write --case CASE --text 请注意采集十指指纹"),
    "## 如东：送交告知书，收补正",
    (WINDOW, "tongban todo", "NOTE"),
    (WINDOW, "tongban precheck show PRECHECK", "可以换领"),
    (WINDOW, "tongban case document CASE supplement_notice --out 告知书.txt"),
    (WINDOW, "tongban step done STEP --handed-over.document 一次性告知书 --handed-over.way direct --handed-over.recipient 张三 "
             "--handed-over.server 顾海燕 --handed-over.received-at NOW"),
    (WINDOW, f"tongban material add CASE picture.pdf --name '{PICTURE}' --form electronic"),
    (WINDOW, "tongban note answer NOTE --text 已采集十指"),
    "## 桐乡：受理、决定",
    (OFFICER, "tongban todo", "NOTE"),
    (OFFICER, "tongban case accept CASE"),
    (OFFICER, "tongban case grant CASE --result.name 居民身份证 --result.sha256 new-card.pdf"),
    (OFFICER, "tongban case delivery CASE --way pickup --place intake --documents.name 居民身份证"),
    "## 如东：送达",
    (WINDOW, "tongban todo", "送达"),
    (WINDOW, "tongban case deliver CASE --way direct --documents.name 居民身份证 --place 如东窗口 --recipient 张三 --server 顾海燕 --received-at NOW"),
    (WINDOW, "tongban case document CASE delivery_receipt --out 送达回证.txt"),
    (WINDOW, "tongban rating record --case CASE --about intake_window --level 5 --channel tablet"),
    "## 桐乡：办结",
    (OFFICER, "tongban case complete CASE"),
    (OFFICER, "tongban note close NOTE"),
    (OFFICER, "tongban todo"),
    "## 如东：上午结束",
    (WINDOW, "tongban precheck close PRECHECK"),
    (WINDOW, "tongban case track CASE"),
    (WINDOW, "tongban case documents CASE"),
    (WINDOW, "tongban report intake --from +0 --to +0"),
    (WINDOW, "tongban todo"),
)
NUMBERS = {"CASE": r"\b\d{21}\b", "PRECHECK": r"\bQ\d{6}-\d{4}-\d+", "NOTE": r"\bN\d{6}-\d{4}-\d+", "STEP": r"\bS\d{6}-\d{4}-\d+"}


class Clock:
    """Days as working days from today, by the calendar of the client."""

    def __init__(self, days=25):
        self.today = demo.now()[:10]
        self.real, self.written = ([self.add(start, n) for n in range(days)] for start in (self.today, MONDAY))

    @staticmethod
    def add(start, days):
        done = subprocess.run([demo.program("tongban"), "--json", "calendar", "add", start, str(days)], check=True, capture_output=True,
                              env={**os.environ, "TONGBAN_CONFIG": demo.Person(*WINDOW).config})
        return json.loads(done.stdout)["date"]

    def moment(self, found):
        """A date, with its time if there is one, as the page has it."""
        date, rest = found.group(1), found.group(2) or ""
        moved = self.written[self.real.index(date)] if date in self.real else date
        return moved + re.sub(r"\d\d:\d\d", MORNING, rest, count=1)

    def page(self, text):
        """What was shown, as of that Monday: days, times, years, case numbers, the state of the ledger; a line as it stood at the end."""
        text = "\n".join(line.rsplit("\r", 1)[-1] for line in text.split("\n"))
        text = re.sub(r"\b(\d{4}-\d\d-\d\d)([ T]\d\d:\d\d)?", self.moment, text)
        text = re.sub(r"(?<=收到 )\d\d:(\d\d|…)", lambda m: MORNING if m.group(1) != "…" else MORNING[:3] + "…", text)
        text = re.sub(r"(?<=[A-Z]\d{6}-)\d{4}(?=-\d)|(?<=政服.〔)\d{4}(?=〕)", MONDAY[:4], text)
        text = re.sub(r"账本规模 \d+，根哈希(\s)[A-Za-z0-9+/=]{44}", r"账本规模 27，根哈希\1" + "A" * 43 + "=", text)
        return re.sub(NUMBERS["CASE"], CASE, text)


class Morning:
    def __init__(self):
        self.clock, self.known, self.lines, self.forwarded = Clock(), {}, [INTRODUCTION], False
        self.last = None

    def command(self, typed):
        typed = re.sub(r"\b(" + "|".join(NUMBERS) + r")\b", lambda m: self.known[m.group()], typed)
        typed = re.sub(r"\+(\d+)\b", lambda m: self.clock.real[int(m.group(1))], typed)
        return typed.replace("NOW", demo.now()[:16] + ":00+08:00")

    def once(self, person, command, answers):
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LANGUAGE": "zh_CN", "HOME": demo.DEMO, "COLUMNS": str(terminal.COLUMNS),
                       "TONGBAN_CONFIG": demo.Person(*person).config}
        environment.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "TSAN", "TONGBAN_LOCALE"))})
        words, papers = [demo.program("tongban"), *shlex.split(command)[1:]], os.path.join(demo.DEMO, "papers")
        if answers:
            return terminal.answer(words, answers, environment, papers)
        done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=papers, stdin=subprocess.DEVNULL, timeout=60, check=False)
        return done.stdout + done.stderr, done.returncode

    def learn(self, shown):
        for name, form in NUMBERS.items():
            if name not in self.known and re.search(form, shown):
                self.known[name] = re.search(form, shown).group()

    def type(self, person, typed, more=""):
        """Types a command, again until the other office's answer has come that it waits for."""
        answers, word = (more, "") if isinstance(more, tuple) else ((), more)
        end = time.monotonic() + demo.STEP_S
        while True:
            command = self.command(typed)
            shown, status = self.once(person, command, answers)
            waiting = not re.search(NUMBERS.get(word, re.escape(word)), shown)
            if not status and not waiting:
                break
            if time.monotonic() > end or (status and answers):
                raise demo.DemoError(f"{command}: exit status {status}\n{shown}")
            time.sleep(0.2)
        self.learn(shown)
        if person != self.last:
            self.lines.append(f"{WHO[person]}：\n")
        self.last = person
        self.lines.append(f"```console\n$ {self.clock.page(command)}\n{self.clock.page(shown).rstrip()}\n```\n")

    def settle(self):
        """Until both offices have heard everything about the case: what is shown next does not depend on who is quicker."""
        if "CASE" in self.known and self.forwarded:
            demo.same_timeline(demo.Person(*WINDOW), demo.Person(*OFFICER), self.known["CASE"])

    def play(self):
        demo.Person(*WINDOW).wait_item("330483", "GA01")
        demo.paper("picture.pdf", 20)
        for step in MORNING_STEPS:
            if isinstance(step, str):
                self.lines.append(step + "\n")
                continue
            self.type(*step)
            self.forwarded = self.forwarded or step[1].startswith("tongban case forward")
            self.settle()
        return "\n".join(self.lines)


def next_years_known():
    """A table of holidays in which the coming year stands as well: near the end of a year limits would be provisional, and lists mark that."""
    with open(os.path.join(demo.ROOT, "config", "calendar", "holidays.tsv"), encoding="utf-8") as table:
        text = table.read().rstrip("\n")
    for year in range(int(text.split("\n")[-1][:4]) + 1, int(demo.now()[:4]) + 2):
        first = datetime.date(year, 12, 1)
        text += f"\n{first + datetime.timedelta(days=(7 - first.weekday()) % 7)}\tworkday\tMonday"
    with open(demo.DEMO + "-holidays.tsv", "w", encoding="utf-8") as table:
        table.write(text + "\n")
    return table.name


def transcript():
    """The page as this build says it."""
    text = []
    os.environ["CALENDAR"] = next_years_known()
    try:
        demo.demo(False, demo.TWO, lambda: text.append(Morning().play()))
    finally:
        del os.environ["CALENDAR"]
    return text[0]


def main():
    text = transcript()
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as page:
            page.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as page:
        changes = list(difflib.unified_diff(page.read().splitlines(), text.splitlines(), PAGE, "now", lineterm=""))
    print("\n".join(changes) or "the page says what the programs say")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
