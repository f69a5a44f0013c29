"""Documents on paper: the printable page and its QR code; progress by case number and query code; recognition of results."""
import base64
import hashlib
import html.parser
import json
import re
import shutil
import subprocess

import pytest

from office import HOME, application
from test_documents import REFUSALS, act, desk, paper, received, void

HOSTILE = "<script>alert(1)</script>\"'&lt;</bdi>"


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a page, as a browser reads them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self.style = set(), set(), [], ""
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.inside = tag
        for name, value in attrs:
            if name == "content" and "default-src" in value:
                self.policy = value

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "style":
            self.style += data
        self.words.append(data)


def scan(page, directory):
    """What a reader of QR codes sees on the page."""
    picture = re.search(r"<svg .*?</svg>", page, re.S).group()
    (directory / "code.svg").write_text(picture)
    subprocess.run(["rsvg-convert", "--zoom", "4", "-o", directory / "code.png", directory / "code.svg"], check=True, timeout=60)
    got = subprocess.run(["zbarimg", "--quiet", "--raw", directory / "code.png"], capture_output=True, text=True, check=True, timeout=60)
    return got.stdout.strip()


def query_code(office, case, staff="0007"):
    return re.search(r"查询码：\s*([0-9A-F]{8})", paper(office, case, "intake_receipt", staff=staff).json()["text"]).group(1)


@pytest.mark.skipif(not shutil.which("zbarimg") or not shutil.which("rsvg-convert"), reason="needs zbar-tools and librsvg2-bin")
def test_the_code_on_the_page_is_read(pair):
    case = received(pair)
    page = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert scan(page, pair.directory) == f"tongban:{case}?q={query_code(pair.away, case)}"


def test_the_page_is_plain_and_needs_nothing(pair):
    case = received(pair)
    page = Page(paper(pair.away, case, "intake_receipt", format="html").json()["text"])
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "a", "base"} and {"svg", "table", "h1"} <= page.tags
    assert not page.attributes & {"src", "href", "style"} and not any(name.startswith("on") for name in page.attributes)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith("default-src 'none'") and f"style-src 'sha256-{digest}'" in page.policy
    assert "url(" not in page.style and "@import" not in page.style and "size:A4" in page.style


def test_hostile_names_stay_words(pair):
    materials = [{"name": HOSTILE, "form": "original", "original_seen": True, "remark": HOSTILE}]
    case = received(pair, applicant=application(HOME)["applicant"] | {"name": HOSTILE}, materials=materials)
    text = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    page = Page(text)
    assert "script" not in page.tags and "<script" not in text
    assert "".join(page.words).count(HOSTILE) == 3
    assert text.count("<bdi>") == text.count("</bdi>")


def test_copies_are_marked_on_the_page(pair):
    case = received(pair)
    first = paper(pair.away, case, "intake_receipt", format="html").json()
    assert "补印" not in first["text"] and "作废" not in first["text"]
    assert "补印：第2次打印" in paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="<b>错</b>").status == 200
    text = paper(pair.away, case, "intake_receipt", format="html", number=first["number"]).json()["text"]
    assert "【作废】" in text and "&lt;b&gt;错&lt;/b&gt;" in text
    text = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert "本文书代替已作废的" in text and first["number"] in text
    assert paper(pair.away, case, "intake_receipt", format="pdf").json()["field"] == "/format"


def test_the_desk_writes_the_page(pair):
    case = received(pair)
    out = pair.directory / "desk-320623-0007" / "receipt.html"
    got = desk(pair.away, "case", "document", case, "intake_receipt", "--format", "html", "--out", str(out))
    assert got.returncode == 0 and out.read_text().startswith("<!DOCTYPE html>") and out.read_text().endswith("</html>\n")
    got = desk(pair.away, "item", "form", "GA01", "--format", "html")
    assert got.returncode == 0 and "<svg" not in got.stdout and "代理授权委托书" in got.stdout
