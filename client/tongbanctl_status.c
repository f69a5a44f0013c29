/* tongbanctl status, peer, queue, drain: what the operator sees. */
#include "client/tongbanctl.h"

#include <libintl.h>
#include <limits.h>
#include <string.h>

#include "client/tongban_lang.h"
#include "client/tongban_view.h"

enum { LABEL_COLUMNS = 14, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static json_int_t number(const json_t *doc, const char *key)
{
    return json_integer_value(json_object_get(doc, key));
}

/* "3 min", "2 h", "5 d"; "-" for none. */
static const char *age_text(json_int_t seconds, char out[CTL_CELL_TEXT])
{
    if (seconds <= 0)
        (void)snprintf(out, CTL_CELL_TEXT, "-");
    else if (seconds < MINUTE)
        (void)snprintf(out, CTL_CELL_TEXT, _("%d s"), (int)seconds);
    else if (seconds < HOUR)
        (void)snprintf(out, CTL_CELL_TEXT, _("%d min"), (int)(seconds / MINUTE));
    else if (seconds < 2 * DAY)
        (void)snprintf(out, CTL_CELL_TEXT, _("%d h"), (int)(seconds / HOUR));
    else
        (void)snprintf(out, CTL_CELL_TEXT, _("%d d"), (int)(seconds / DAY));
    return out;
}

static const char *size_text(json_int_t bytes, char out[CTL_CELL_TEXT])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    unsigned unit = 0;
    for (; size >= 1024 && unit < sizeof units / sizeof units[0] - 1; unit++)
        size /= 1024;
    (void)snprintf(out, CTL_CELL_TEXT, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return out;
}

void ctl_progress(const json_t *doc)
{
    if (!ctl_backup_progress(doc) && !strcmp(ctl_cell(doc, "step"), "waiting"))
        (void)fprintf(stderr, _("messages that wait: %d\n"), (int)number(doc, "messages"));
}

/* ---- peer list ---- */

static const char *show_age(const json_t *value, char room[CTL_CELL_TEXT])
{
    return age_text(json_integer_value(value), room);
}

static const char *show_unsent(const json_t *value, char room[CTL_CELL_TEXT])
{
    return json_is_integer(value) ? ctl_show_number(value, room) : "?";
}

static const struct ctl_column peers_columns[] = {
    {.title = N_("office"), .key = "office"},
    {.title = N_("name of the office"), .key = "name", .least = 6},
    {.title = N_("state"), .key = "state", .show = ctl_show_word},
    {.title = N_("waiting"), .key = "unsent", .show = show_unsent},
    {.title = N_("oldest"), .key = "oldest_unsent_s", .show = show_age},
    {.title = N_("last exchange"), .key = "last_exchange", .show = ctl_show_time},
    {.title = N_("reason"), .key = "detail", .least = 10, .hide = HIDE_EMPTY},
};

int ctl_peers_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "peers"), peers_columns);
}

/* ---- status ---- */

/* Where to read on: in the reader's language, which po/ knows as the translation of the name, and where the package has put it. */
static void print_page(const char *page)
{
    char path[PATH_MAX];
    if (!*page)
        return; /* gettext("") is the head of the catalogue */
    (void)snprintf(path, sizeof path, "%s%s", lang_built("locale") ? "docs/" : TONGBAN_PAGES_INSTALL, _(page));
    term_pair(_("    see"), LABEL_COLUMNS, path);
}

static void print_finding(const json_t *finding)
{
    static const char *const marks[] = {"✗", "!", "·"};
    static const char *const levels[] = {"error", "warning", "notice"};
    const char *level = ctl_cell(finding, "level"), *about = ctl_cell(finding, "about"), *mark = marks[0];
    char time[20], since[80];
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (!strcmp(levels[i], level))
            mark = marks[i];
    (void)printf("%s %s%s%s\n", mark, about, *about ? " " : "", _(ctl_cell(finding, "title")));
    (void)snprintf(since, sizeof since, "%.20s (%.30s)", term_time(json_object_get(finding, "since"), time), ctl_cell(finding, "finding"));
    term_pair(_("    since"), LABEL_COLUMNS, since);
    term_pair(_("    do"), LABEL_COLUMNS, _(ctl_cell(finding, "remedy")));
    print_page(ctl_cell(finding, "page"));
}

static void days_text(json_int_t days, char *out, size_t size)
{
    (void)snprintf(out, size, ngettext("%d day", "%d days", (unsigned long)days), (int)days);
}

/* Cases over their retention, and the last pass that erased; nothing of a daemon that does not say. */
static void print_retention(const json_t *retention)
{
    char time[20], text[200];
    const json_t *due = json_object_get(retention, "due"), *last = json_object_get(retention, "last");
    if (!json_is_integer(due))
        return;
    int cases = (int)json_integer_value(due);
    if (json_is_string(last))
        (void)snprintf(text, sizeof text, _("cases due: %d; last erased %s: %d"), cases, term_time(last, time),
                       (int)number(retention, "erased"));
    else
        (void)snprintf(text, sizeof text, _("cases due: %d; nothing was erased so far"), cases);
    term_pair(_("retention"), LABEL_COLUMNS, text);
}

int ctl_status_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *findings = json_object_get(answer, "findings"), *store = json_object_get(answer, "store"), *finding;
    char time[20], text[200], free_text[CTL_CELL_TEXT], wal_text[CTL_CELL_TEXT];
    size_t i;
    (void)printf(_("%s %s, tongband %s, %s, started %s\n"), ctl_cell(answer, "office"), ctl_cell(answer, "name"),
                 ctl_cell(answer, "version"), view_word(ctl_cell(answer, "state")), term_time(json_object_get(answer, "started"), time));
    json_array_foreach(findings, i, finding)
    print_finding(finding);
    if (!json_array_size(findings))
        (void)printf("%s\n", _("nothing is wrong"));
    (void)printf("\n");
    int status = CTL_ROWS_PRINT(json_object_get(answer, "peers"), peers_columns);
    (void)printf("\n");
    (void)snprintf(text, sizeof text, _("%s free; write-ahead log %s; entries: %d"), size_text(number(store, "disk_free_bytes"), free_text),
                   size_text(number(store, "wal_bytes"), wal_text), (int)number(store, "ledger_size"));
    term_pair(_("store"), LABEL_COLUMNS, text);
    days_text(number(answer, "certificate_days"), text, sizeof text);
    term_pair(_("certificates"), LABEL_COLUMNS, text);
    days_text(number(answer, "calendar_days"), text, sizeof text);
    term_pair(_("calendar"), LABEL_COLUMNS, text);
    print_retention(json_object_get(answer, "retention"));
    return status;
}

int ctl_status_judge(const json_t *answer)
{
    size_t i;
    const json_t *finding;
    json_array_foreach(json_object_get(answer, "findings"), i, finding)
    if (strcmp(ctl_cell(finding, "level"), "notice") != 0)
        return EXIT_REFUSED;
    return EXIT_DONE;
}

/* ---- peer test, pause, resume ---- */

int ctl_test_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done");
    bool ok = json_is_true(json_object_get(done, "ok"));
    if (ok)
        (void)printf(_("%s answers: exchanged and verified in %d ms, clocks differ by %.1f s\n"), ctl_cell(done, "office"),
                     (int)number(done, "ms"), (double)number(done, "skew_ms") / 1000);
    else
        (void)printf(_("%s: failed after %d ms: %s\n"), ctl_cell(done, "office"), (int)number(done, "ms"), ctl_cell(done, "detail"));
    return EXIT_DONE;
}

int ctl_test_judge(const json_t *answer)
{
    return json_is_true(json_object_get(json_object_get(answer, "done"), "ok")) ? EXIT_DONE : EXIT_REFUSED;
}

int ctl_peer_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done");
    (void)printf(json_is_true(json_object_get(done, "paused")) ? _("%s: paused; tongbanctl peer resume goes on\n") : _("%s: resumed\n"),
                 ctl_cell(done, "office"));
    return EXIT_DONE;
}

/* ---- queue ---- */

static const char *show_size(const json_t *value, char room[CTL_CELL_TEXT])
{
    return size_text(json_integer_value(value), room);
}

/* What holds up the messages, and that none of them can be set aside. */
static void print_held(const json_t *held)
{
    size_t i;
    const json_t *row;
    bool failing = false;
    json_array_foreach(held, i, row)
    {
        bool paused = json_is_true(json_object_get(row, "paused"));
        failing = failing || !paused;
        if (paused)
            (void)printf(_("%s: paused; tongbanctl peer resume goes on\n"), ctl_cell(row, "peer"));
        else
            (void)printf(json_is_true(json_object_get(row, "refused")) ? _("%s: refused (in a row: %d): %s\n")
                                                                       : _("%s: not delivered (in a row: %d): %s\n"),
                         ctl_cell(row, "peer"), (int)number(row, "failures"), ctl_cell(row, "detail"));
    }
    if (failing)
        (void)printf("%s\n", _("Messages go in order without gaps, none is set aside.\n"
                              "Now again: tongbanctl queue retry; why: tongbanctl peer test OFFICE"));
}

static const char *show_parked(const json_t *value, char room[CTL_CELL_TEXT])
{
    (void)room;
    return json_is_true(value) ? _("parked") : "";
}

static const struct ctl_column materials_columns[] = {
    {.title = N_("office"), .key = "peer"},
    {.title = N_("material"), .key = "material", .least = 12},
    {.title = N_("size"), .key = "size", .show = show_size},
    {.title = N_("state"), .key = "parked", .show = show_parked, .hide = HIDE_EMPTY},
};

static const struct ctl_column queue_columns[] = {
    {.title = N_("office"), .key = "peer"},
    {.title = N_("number"), .key = "seq", .show = ctl_show_number},
    {.title = N_("message"), .key = "type"},
    {.title = N_("case"), .key = "case"},
    {.title = N_("written"), .key = "at", .show = ctl_show_time},
    {.title = N_("waiting"), .key = "age_s", .show = show_age},
};

int ctl_queue_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *rows = json_object_get(answer, "rows"), *materials = json_object_get(answer, "materials");
    if (!json_array_size(rows) && !json_array_size(materials)) {
        (void)printf("%s\n", _("nothing waits"));
        return EXIT_DONE;
    }
    int status = CTL_ROWS_PRINT(rows, queue_columns);
    if (json_is_true(json_object_get(answer, "more")))
        (void)printf("%s\n", _("there are more; these are the oldest"));
    if (json_array_size(rows))
        print_held(json_object_get(answer, "held"));
    return status == EXIT_DONE && json_array_size(materials) ? CTL_ROWS_PRINT(materials, materials_columns) : status;
}

int ctl_park_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done");
    (void)printf(json_is_true(json_object_get(done, "parked")) ? _("%s: parked; --end lets it go again\n") : _("%s: is sent again\n"),
                 ctl_cell(done, "material"));
    return EXIT_DONE;
}

int ctl_retry_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *done = json_object_get(answer, "done");
    (void)printf(_("counterparts spoken to now: %d; tongbanctl peer list says how it goes\n"), (int)number(done, "peers"));
    if (number(done, "paused"))
        (void)printf(_("paused and not spoken to: %d; tongbanctl peer resume OFFICE ends it\n"), (int)number(done, "paused"));
    return EXIT_DONE;
}

int ctl_retry_judge(const json_t *answer)
{
    const json_t *done = json_object_get(answer, "done");
    return number(done, "peers") || !number(done, "paused") ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- drain ---- */

int ctl_drain_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)c;
    const json_t *done = json_object_get(answer, "done");
    if (!json_is_true(json_object_get(done, "draining")))
        (void)printf("%s\n", _("the intake is open again"));
    else if (ctl->given[CTL_WAIT])
        (void)printf("%s\n", _("the intake is closed and every message is delivered; tongband may be stopped"));
    else
        (void)printf("%s\n", _("the intake is closed; tongbanctl drain --end opens it again, and so does a restart"));
    return EXIT_DONE;
}
