#!/usr/bin/env python3
"""Writes proto/pinyin.inc: the initial letter of the Mandarin reading of each hanzi U+4E00 … U+9FA5, one letter each.

    python3 proto/make_pinyin.py > proto/pinyin.inc

The readings are those of ICU's transliterator (uconv, Debian package icu-devtools), the most frequent one of each character.
The result is kept in the tree, so that a build needs no ICU and does not change with its version.
"""
import subprocess

FIRST, LAST, WIDTH = 0x4E00, 0x9FA5, 100


def initials():
    lines = "\n".join(chr(code) for code in range(FIRST, LAST + 1)) + "\n"
    made = subprocess.run(["uconv", "-f", "utf-8", "-t", "utf-8", "-x", "Han-Latin; Latin-ASCII; Lower"], input=lines.encode(),
                          stdout=subprocess.PIPE, check=True)
    readings = made.stdout.decode().split("\n")[:-1]
    assert len(readings) == LAST - FIRST + 1, len(readings)
    return "".join(reading[0] if reading[:1].isalpha() and reading[0].isascii() else " " for reading in readings)


def main():
    text = initials()
    print("/* Made by make_pinyin.py: initials of U+4E00 … U+9FA5; a blank where ICU knows no reading. */")
    print(f"enum {{ PINYIN_ROW = {WIDTH} }};\nstatic const char pinyin_initials[][PINYIN_ROW + 1] = {{")
    for at in range(0, len(text), WIDTH):
        print(f'    "{text[at:at + WIDTH]}",')
    print("};")


if __name__ == "__main__":
    main()
