#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

const char *lang_built(const char *name)
{
    static char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = slash ? sizeof path - (size_t)(slash - path) : 0;
    int need = slash ? snprintf(slash, room, "/../client/%s", name) : -1;
    return need > 0 && (size_t)need < room && access(path, R_OK) == 0 ? path : NULL;
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
    const char *built = lang_built("locale");
    (void)bindtextdomain("tongban", dir && dir[0] ? dir : built ? built : TONGBAN_LOCALE_INSTALL);
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
