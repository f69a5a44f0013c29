/* pinyin: finding Chinese text by the initials of its Mandarin reading, as clerks type it: "jmsfz" finds 居民身份证换领; pure.
 *
 * One letter per hanzi of U+4E00 … U+9FA5 (pinyin.inc, made by make_pinyin.py) and a short list of further readings for characters
 * that have two.  Letters and digits of the text stand for themselves, everything else is passed over. */
#ifndef PROTO_PINYIN_H
#define PROTO_PINYIN_H

#include <stdbool.h>

/* True when the letters and digits of `query` (case does not matter) are consecutive initials of `text`.  False for a query that is
 * empty or has anything else in it, so that a caller may try it with whatever was typed.  Looks at the first 400 characters. */
bool pinyin_match(const char *text, const char *query);

#endif
