#!/usr/bin/env python3
"""Functions that are not called: unbounded, not thread-safe, ambiguous on errors, or doors to the world past struct world."""
import re

from common import code_only, files, line_of, read, report

# name -> (what to use, paths where it is allowed all the same)
BANNED = {
    "strcpy": ("buf_append, snprintf", ""), "strcat": ("buf_append", ""), "stpcpy": ("snprintf", ""), "sprintf": ("snprintf", ""),
    "vsprintf": ("vsnprintf", ""), "strncpy": ("snprintf or memcpy", ""), "strncat": ("buf_append", r"daemon/net/http_request\.c"),
    "gets": ("fgets", ""),
    "strtok": ("strchr", ""), "strtok_r": ("strchr", "client/"), "atoi": ("strtol with its checks", ""), "atol": ("strtol", ""),
    "atoll": ("strtoll", ""), "atof": ("nothing: there are no reals", ""), "sscanf": ("a bounded cursor", ""),
    "fscanf": ("a bounded cursor", ""), "scanf": ("a bounded cursor", ""), "system": ("posix_spawn", ""), "popen": ("posix_spawn", ""),
    "localtime": ("timestamp.h", ""), "gmtime": ("timestamp.h", ""), "ctime": ("timestamp.h", ""), "asctime": ("timestamp.h", ""),
    "alloca": ("malloc", ""), "rand": ("struct world", ""), "srand": ("struct world", ""),
    "random": ("struct world", r"daemon/base/world\.h"),
    "drand48": ("struct world", ""), "tmpnam": ("mkstemp", ""), "mktemp": ("mkstemp", ""), "setjmp": ("an error code", "tests/"),
    "longjmp": ("an error code", "tests/"), "gethostbyname": ("libcurl", ""), "strerror": ("strerrordesc_np or %m", "tests/|client/"),
    "usleep": ("a timer", "tests/|client/"), "sleep": ("a timer", "tests/|client/"),
    "time": ("struct world", "tests/|client/"), "gettimeofday": ("struct world", "tests/|client/"),
    "clock_gettime": ("struct world", r"daemon/base/world\.c|tests/|client/|daemon/store/"),
    "getrandom": ("struct world", r"daemon/base/world\.c|tests/|client/"),
    "RAND_bytes": ("struct world", r"tests/|client/"),
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")


def check(path, text):
    code = code_only(text)
    problems = []
    for match in CALL.finditer(code):
        name = match.group(1)
        instead, allowed = BANNED[name]
        if allowed and re.match(allowed, path):
            continue
        # a declaration of a member of that name is no call
        if code[max(0, match.start() - 2):match.start()].endswith("(*"):
            continue
        problems.append((path, line_of(code, match.start()), f"{name}: use {instead}"))
    return problems


if __name__ == "__main__":
    report([p for path in files(".c", ".h") for p in check(path, read(path))])
