#include <stdlib.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_track.h"
#include "client/tongban_view.h"
#include "proto/register.h"
#include "proto/strict_json.h"

static const struct {
    enum entry_type type;
    const char *text;
} entry_words[] = {
    {ENTRY_CASE_INTAKEN, N_("taken in at the window")},
    {ENTRY_CASE_MATERIAL, N_("material added")},
    {ENTRY_CASE_COMPARED, N_("person compared")},
    {ENTRY_CASE_ABANDONED, N_("given up before forwarding")},
    {ENTRY_CASE_VIEWED, N_("viewed")},
    {ENTRY_CASE_SUBMITTED, N_("forwarded to the home side")},
    {ENTRY_CASE_RECEIVED, N_("received by the home side")},
    {ENTRY_CASE_ACCEPTED, N_("accepted")},
    {ENTRY_CASE_NOTICE, N_("one-time notice given")},
    {ENTRY_CASE_SUPPLEMENTED, N_("supplement handed in")},
    {ENTRY_CASE_REFUSED, N_("not accepted")},
    {ENTRY_CASE_DECIDED, N_("decided")},
    {ENTRY_CASE_DELIVERY, N_("delivery asked for")},
    {ENTRY_CASE_DELIVERED, N_("delivered")},
    {ENTRY_CASE_WITHDRAWN, N_("withdrawn")},
    {ENTRY_CASE_COMPLETED, N_("completed")},
    {ENTRY_DOCUMENT_PRINTED, N_("document printed")},
    {ENTRY_DOCUMENT_VOIDED, N_("document declared void")},
    {ENTRY_CASE_CORRECTED, N_("corrected on the spot")},
    {ENTRY_CASE_DEEMED, N_("deemed accepted")},
    {ENTRY_CASE_TOLERATED, N_("accepted with gaps")},
    {ENTRY_CASE_CURED, N_("gaps closed")},
    {ENTRY_CASE_REVOKED, N_("acceptance revoked")},
    {ENTRY_CASE_LAPSED, N_("deemed withdrawn")},
    {ENTRY_CASE_REVIEW, N_("under review")},
    {ENTRY_CASE_SPECIAL, N_("special procedure begun")},
    {ENTRY_CASE_RESUMED, N_("special procedure ended")},
    {ENTRY_CASE_EXTENDED, N_("limit extended")},
    {ENTRY_CASE_RETURNED, N_("returned")},
    {ENTRY_CASE_ABORTED, N_("ended without a result")},
    {ENTRY_CASE_RECALCULATED, N_("date moved by a new calendar")},
    {ENTRY_RECEIPT, N_("receipt")},
};

const char *track_entry_word(const char *type)
{
    int known = entry_type_by_text(type);
    for (size_t i = 0; i < sizeof entry_words / sizeof entry_words[0]; i++)
        if (known == (int)entry_words[i].type)
            return gettext(entry_words[i].text);
    return type;
}

const char *track_row_word(const json_t *row, char *out, size_t size)
{
    const char *type = view_text(row, "type"), *name = view_text(json_object_get(row, "summary"), "act");
    int known = entry_type_by_text(type);
    const struct register_kind *kind = known < 0 ? NULL : register_by_entry((enum entry_type)known);
    const struct register_act *act = kind ? register_act_by_name(kind, name) : NULL;
    if (kind)
        (void)snprintf(out, size, "%s%s%s", lang_pick(kind->en, kind->zh), _(": "), act ? lang_pick(act->name, act->zh) : name);
    else
        (void)snprintf(out, size, "%s", track_entry_word(type));
    return out;
}

/* One member of a summary; the bare word or number where it speaks for itself, of a time on `day` only the hour. */
static int summary_member(const char *key, const json_t *value, const char *day, struct buf *out)
{
    static const struct {
        const char *key, *label;
    } dates[] = {{"deadline", N_("until")}, {"promised", N_("promised for")}, {"received_at", N_("received")},
               {"accepted_at", N_("accepted from")}, {"until", N_("until")}, {"due", N_("now due")}};
    const char *text = json_string_value(value);
    char at[20] = "";
    if (!text)
        return buf_printf(out, "%s %lld", _("materials:"), (long long)json_integer_value(value));
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        if (!strcmp(key, dates[i].key)) {
            const char *when = strlen(text) > 10 ? term_time(value, at) : text;
            return buf_printf(out, "%s %s", gettext(dates[i].label), at[0] && !strncmp(at, day, 10) ? at + 11 : when);
        }
    return buf_append_str(out, !strcmp(key, "state") ? view_state(text) : view_value_word(key, text));
}

/* A summary in one line: "granted, 居民身份证". */
static int summary_text(const json_t *summary, const char *day, struct buf *out)
{
    const char *key;
    json_t *value;
    int rc = 0;
    buf_clear(out);
    json_object_foreach((json_t *)(uintptr_t)summary, key, value)
    {
        if (rc || !strcmp(key, "act") || (!json_is_string(value) && strcmp(key, "materials") != 0))
            continue; /* the act stands in the line's own word */
        rc = out->len ? buf_append_str(out, _(", ")) : 0;
        rc = rc ? rc : summary_member(key, value, day, out);
    }
    return rc;
}

/* Rows from `from` on; the header only with the first. */
static int rows_print(const json_t *rows, size_t from)
{
    struct table t;
    struct buf summary, out;
    size_t i;
    json_t *row;
    int rc = 0;
    buf_init(&summary, 8192);
    buf_init(&out, 1024 * 1024);
    table_init(&t);
    table_column(&t, _("Rev"), 0);
    table_column(&t, _("Time"), 0);
    table_column(&t, _("By"), 0);
    table_column(&t, _("What happened"), 0);
    table_column(&t, _("Staff"), 0);
    table_column(&t, _("Particulars"), 12);
    json_array_foreach(rows, i, row)
    {
        char rev[24] = "-", at[20], what[160];
        const json_t *number = json_object_get(row, "rev");
        const char *from_office = view_text(row, "from"), *name = office_name(from_office);
        if (json_integer_value(number) > 0)
            (void)snprintf(rev, sizeof rev, "%lld", (long long)json_integer_value(number));
        const char *when = term_time(json_object_get(row, "at"), at);
        rc = rc ? rc : summary_text(json_object_get(row, "summary"), when, &summary);
        if (!rc && json_is_true(json_object_get(row, "pending")))
            rc = buf_append_str(&summary, _(" (waits for the other side's receipt)"));
        if (!rc && !strcmp(view_text(row, "verdict"), "refused"))
            rc = buf_append_str(&summary, _(" (refused by the home side)"));
        const char *cells[] = {rev,
                               when,
                               name ? name : from_office,
                               track_row_word(row, what, sizeof what),
                               view_text(row, "staff"),
                               summary.len ? summary.data : ""};
        rc = rc ? rc : table_row(&t, cells);
    }
    rc = rc ? rc : table_write(&t, term_width(), &out);
    /* the whole table is laid out each time, so that new rows stand under the old columns */
    const char *line = out.data;
    for (size_t n = 0; !rc && line && *line; n++) {
        const char *end = strchr(line, '\n');
        if (n ? n > from : !from)
            (void)fwrite(line, 1, (size_t)(end - line) + 1, stdout);
        line = end + 1;
    }
    (void)fflush(stdout);
    table_free(&t);
    buf_free(&summary);
    buf_free(&out);
    return rc;
}

enum { WATCH_TRIES = 120 };

struct watch {
    struct client *client;
    const char *no;
    char path[80];
    const char *until; /* state, or NULL = any final one */
    json_t *timeline;  /* last one shown, owned */
    struct sse sse;
    bool open, over;
    int status;
};

/* Shows the rows that are new, and again those that changed: one that waited has its receipt and its number now. */
static int show_new(struct watch *w)
{
    json_t *doc;
    w->status = http_get(w->client, w->path, &doc);
    if (w->status)
        return w->status;
    const json_t *rows = json_object_get(doc, "rows"), *before = json_object_get(w->timeline, "rows");
    size_t same = 0, count = json_array_size(rows);
    while (same < count && json_equal(json_array_get(rows, same), json_array_get(before, same)))
        same++;
    if (!w->client->json && (same < count || !w->timeline) && rows_print(rows, same))
        w->status = report_local(w->client, REPORT_MEMORY, NULL);
    json_decref(w->timeline);
    w->timeline = doc;
    return w->status;
}

/* Whether the case has come where the watch ends; `state` as the home side confirmed it. */
static void check_over(struct watch *w)
{
    const char *state = view_text(w->timeline, "state");
    int known = case_state_by_name(state);
    w->over = (w->until && !strcmp(state, w->until)) || (known >= 0 && case_states[known].final);
}

/* Asks through a second handle, because the stream occupies the first: its callback must not call into itself. */
static int refresh(struct watch *w)
{
    struct http *stream = w->client->http;
    struct problem p;
    if (http_open(w->client->config, &w->client->http, &p)) {
        w->client->http = stream;
        return TB_ENOMEM;
    }
    int status = show_new(w);
    if (!status)
        check_over(w);
    http_close(w->client->http);
    w->client->http = stream;
    return status || w->over ? TB_ECLOSED : 0;
}

static int on_event(void *context, const char *event, const char *data)
{
    (void)data;
    return !strcmp(event, "state") ? refresh(context) : 0;
}

static int on_bytes(void *context, const char *bytes, size_t len)
{
    struct watch *w = context;
    if (!w->open) {
        /* what happened between the last look and the begin of the stream sends no event */
        w->open = true;
        int rc = refresh(w);
        if (rc)
            return rc;
    }
    return sse_feed(&w->sse, bytes, len, on_event, w);
}

static void watch_run(struct watch *w)
{
    char path[80];
    const char *headers[] = {"Accept: text/event-stream", NULL};
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/events", w->no);
    for (unsigned lost = 0; !w->over && !w->status;) {
        struct http_request request = {
            .method = "GET", .path = path, .headers = headers, .event = on_bytes, .context = w};
        struct http_answer answer;
        struct problem p;
        sse_free(&w->sse);
        sse_init(&w->sse);
        w->open = false;
        int rc = http_send(w->client->http, &request, &answer, &p);
        if (w->open)
            lost = 0;
        if (!rc && answer.status != 200 && answer.status < 500)
            w->status = http_refused(w->client, &answer);
        if (!rc)
            http_answer_free(&answer);
        if (w->over || w->status)
            return;
        if (rc == TB_ETRUST || lost > WATCH_TRIES) {
            w->status = http_report(w->client, rc ? rc : TB_ECLOSED, &p);
            return;
        }
        if (lost++ == 1 && !w->client->json)
            (void)fprintf(stderr, "%s\n", _("The connection broke; trying again."));
        struct timespec wait = {.tv_sec = lost < 5 ? (time_t)lost - 1 : 5, .tv_nsec = 200L * 1000 * 1000};
        (void)nanosleep(&wait, NULL);
    }
}

int case_track(struct client *client, const struct args *args)
{
    const char *no = args->positional[0];
    struct watch w = {.client = client, .no = no, .until = args_option(args, "until")};
    if (w.until && case_state_by_name(w.until) < 0)
        return report_local(client, REPORT_USAGE, "--until %s", w.until);
    int status = view_check_no(client, no);
    if (status)
        return status;
    sse_init(&w.sse);
    (void)snprintf(w.path, sizeof w.path, "/window/v1/cases/%.21s/timeline", no);
    status = show_new(&w);
    if (!status && args_option(args, "watch")) {
        check_over(&w);
        if (!w.over)
            watch_run(&w);
        status = w.status;
    }
    if (!status && client->json)
        term_json(w.timeline);
    else if (!status)
        view_next(args_option(args, "watch") ? "tongban case proof %s --out %s.json" : "tongban case show %s", no);
    json_decref(w.timeline);
    sse_free(&w.sse);
    return status;
}
