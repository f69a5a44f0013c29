#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_lang.h"

static bool wants_zh;

bool lang_wants_zh(const char *language, const char *lc_all, const char *lc_messages, const char *lang)
{
    const char *locale = lc_all && lc_all[0] ? lc_all : lc_messages && lc_messages[0] ? lc_messages : lang ? lang : "";
    /* LANGUAGE is a list of preferences, and does not count in the C locale (gettext manual 2.3.3) */
    bool plain = !locale[0] || !strcmp(locale, "C") || !strcmp(locale, "POSIX");
    if (language && language[0] && !plain)
        return !strncmp(language, "zh", 2);
    return !strncmp(locale, "zh", 2);
}

void lang_init(void)
{
    const char *dir = getenv("TONGBAN_LOCALEDIR");
    wants_zh = lang_wants_zh(getenv("LANGUAGE"), getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"));
    bool whole = setlocale(LC_ALL, "") != NULL;
    const char *charset = whole ? nl_langinfo(CODESET) : "";
    const char *messages = whole ? setlocale(LC_MESSAGES, NULL) : "C";
    if (!whole || strcmp(charset, "UTF-8") != 0 || (wants_zh && !strncmp(messages, "C", 1))) {
        /* glibc translates in C.UTF-8 too, when LANGUAGE names the language, but never in "C" */
        (void)setlocale(LC_CTYPE, "C.UTF-8");
        (void)setlocale(LC_MESSAGES, "C.UTF-8");
    }
    (void)setlocale(LC_NUMERIC, "C");
    if (wants_zh)
        (void)setenv("LANGUAGE", "zh_CN", 1);
    else
        (void)setenv("LANGUAGE", "en", 1);
#ifdef TONGBAN_LOCALE_BUILD
    static char built[] = TONGBAN_LOCALE_BUILD;
    char *found = realpath(built, NULL);
    (void)bindtextdomain("tongban", dir && dir[0] ? dir : found ? built : TONGBAN_LOCALE_INSTALL);
    free(found);
#else
    (void)bindtextdomain("tongban", dir && dir[0] ? dir : TONGBAN_LOCALE_INSTALL);
#endif
    (void)bind_textdomain_codeset("tongban", "UTF-8");
    (void)textdomain("tongban");
}

bool lang_zh(void)
{
    return wants_zh;
}

const char *lang_pick(const char *en, const char *zh)
{
    return wants_zh && zh ? zh : en;
}
