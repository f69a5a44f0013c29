#!/usr/bin/env python3
"""Includes point only where design §3 lets them (docs/architecture.md), libraries are used only in their places, SQL stands in
daemon/store only.  The tables below are the rule."""
import re

from common import files, line_of, read, report, without_comments

# directory -> directories whose headers it may include
LAYERS = {
    "proto": {"proto"},
    "daemon/base": {"daemon/base", "proto"},
    "daemon/store": {"daemon/store", "daemon/base", "proto"},
    "daemon/office": {"daemon/office", "daemon/store", "daemon/base", "proto"},
    "daemon/net": {"daemon/net", "daemon/base", "proto"},
    "daemon/peer": {"daemon/peer", "daemon/office", "daemon/net", "daemon/base", "proto"},
    "daemon/api": {"daemon/api", "daemon/office", "daemon/net", "daemon/base", "proto"},
    "daemon/hook": {"daemon/hook", "daemon/office", "daemon/net", "daemon/base", "proto"},
    "client": {"client", "proto"},
}
# The files directly in daemon/ are wiring only: they alone see every layer.
LAYERS["daemon"] = set().union(*LAYERS.values()) - {"client"} | {"daemon"}
# pattern of a file -> headers beyond its layer's: the bytes of materials stream past daemon/office, which knows their names only;
# the same of backups, which are made of files; the client lints catalogue files with the reader that the daemon will read them with
BEYOND = [
    (r"daemon/api/material", {"daemon/store/material.h"}),
    (r"daemon/api/(control_)?backup", {"daemon/store/backup.h"}),
    (r"client/tongban_(catalogue_read|import)\.c", {"daemon/base/config_yaml.h"}),
]
# pattern of a system header -> patterns of the files that may include it
LIBRARIES = [
    (r"sqlite3\.h", [r"daemon/store/"]),
    (r"curl/", [r"daemon/peer/", r"client/"]),
    (r"llhttp\.h", [r"daemon/net/http1\.c$"]),
    (r"openssl/", [r"proto/suite[a-z0-9_]*\.[ch]$", r"daemon/net/tls", r"client/"]),
    (r"qrencode\.h", [r"proto/document_query\.c$"]),
    (r"uv\.h", [r"daemon/net/", r"daemon/peer/(driver|carrier)", r"daemon/api/", r"daemon/hook/", r"daemon/\w+\.c$"]),
    (r"(cyaml/|yaml\.h)", [r"daemon/base/config", r"daemon/base/catalogue", r"client/"]),
    (r"systemd/", [r"daemon/base/sd\.c$", r"daemon/\w+\.c$"]),
    (r"pthread\.h|threads\.h", [r"daemon/(base|store|net|peer|api)/", r"daemon/\w+\.c$", r"proto/suite\.c$"]),
    (r"(sys/socket|netinet/.*|arpa/inet|netdb|poll|sys/epoll)\.h",
     [r"daemon/(net|peer|api)/", r"daemon/base/config\.c$", r"daemon/\w+\.c$", r"client/"]),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
SQL = re.compile(r'"\s*(SELECT\s+[\w*(?]|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|CREATE\s+(TABLE|INDEX)\b|'
                 r'PRAGMA\s+\w|SAVEPOINT\b|BEGIN\s+IMMEDIATE)')


def layer_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "daemon" and len(parts) > 2 else parts[0]


def check(path, text):
    if path.startswith(("tests/", "config/")):
        return []
    problems = []
    allowed = LAYERS.get(layer_of(path))
    if allowed is None:
        return [(path, 1, "this directory is no layer of tests/lint/layers.py")]
    plain = without_comments(text)
    for match in INCLUDE.finditer(plain):
        kind, name = match.groups()
        line = line_of(plain, match.start())
        if kind == '"':
            target = layer_of(name) if "/" in name else None
            if target is None:
                problems.append((path, line, f'"{name}": include by the path from the root of the tree'))
            elif target not in allowed and not any(re.match(at, path) and name in more for at, more in BEYOND):
                problems.append((path, line, f"{layer_of(path)} may not include {name}"))
        for pattern, places in LIBRARIES:
            if re.fullmatch(pattern + ".*" if pattern.endswith("/") else pattern, name) or re.match(pattern + r"\S", name):
                if not any(re.match(place, path) for place in places):
                    problems.append((path, line, f"<{name}> is used only in " + ", ".join(places)))
    if layer_of(path) != "daemon/store":
        for match in SQL.finditer(plain):
            problems.append((path, line_of(plain, match.start()), "SQL stands in daemon/store only"))
    return problems


if __name__ == "__main__":
    report([p for path in files(".c", ".h") for p in check(path, read(path))])
