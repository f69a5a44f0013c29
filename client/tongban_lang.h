/* lang: the language of the programs' messages, Chinese or English. */
#ifndef CLIENT_TONGBAN_LANG_H
#define CLIENT_TONGBAN_LANG_H

#include <stdbool.h>

/* Sets locale and message catalogue.  A bare Debian has only C.UTF-8: then the language is still read from LC_ALL,
 * LC_MESSAGES, LANG and LANGUAGE, and LANGUAGE is set for gettext. */
void lang_init(void);
/* Pure part: true when these values of the environment (NULL = unset) ask for Chinese. */
bool lang_wants_zh(const char *language, const char *lc_all, const char *lc_messages, const char *lang);
/* A file of the build tree that this program lies in, or NULL when it is an installed one; static, until the next call. */
const char *lang_built(const char *name);
/* True when messages are Chinese. */
bool lang_zh(void);
/* The column of a two-language table for this user. */
const char *lang_pick(const char *en, const char *zh);

#endif
