#!/usr/bin/env python3
"""Writes proto/text_width.inc: code points that take two columns (UAX #11 W and F) or none (combining, invisible).

    python3 proto/make_text_width.py > proto/text_width.inc

The result is kept in the tree, so that a build needs no Python and does not change with the version of Unicode on the machine.
"""
import unicodedata


def ranges(wanted):
    found, start = [], None
    for code in range(0x80, 0x110001):
        inside = code < 0x110000 and wanted(code)
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            found.append((start, code - 1))
            start = None
    return found


def wide(code):
    # Planes 2 and 3 are wide by default, assigned or not (EastAsianWidth.txt); newer extensions need no new table.
    if 0x20000 <= code <= 0x2FFFD or 0x30000 <= code <= 0x3FFFD:
        return True
    return unicodedata.east_asian_width(chr(code)) in "WF" and not zero(code)


def zero(code):
    char = chr(code)
    if code == 0xAD or 0xD800 <= code <= 0xDFFF:  # the soft hyphen is drawn
        return False
    return unicodedata.category(char) in ("Mn", "Me", "Cf") or 0x1160 <= code <= 0x11FF


def table(name, wanted):
    print(f"static const struct text_range {name}[] = {{")
    line = "   "
    for first, last in ranges(wanted):
        item = f" {{0x{first:04X}, 0x{last:04X}}},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


print(f"/* Made by proto/make_text_width.py from Unicode {unicodedata.unidata_version}; do not edit. */")
table("text_wide", wide)
table("text_zero", zero)
