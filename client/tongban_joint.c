/* joint: one application for several legs (多地联办) — taking it in, where it stands, taking it back. */
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/joint.h"
#include "proto/limits.h"

enum { LABEL = 16 };

/* A word of one of the joint tables in the user's language; unknown ones as they are. */
static const char *joint_word(const struct joint_word *table, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(table[i].name, name))
            return lang_zh() ? table[i].zh : table[i].en;
    return name;
}

static const json_t *leg_at(const json_t *legs, size_t n)
{
    return json_array_get(legs, n);
}

/* ---- the tree of legs ---- */

/* Where a leg hangs: under the last of the legs that it follows; −1 for the root. */
static int parent_of(const json_t *legs, size_t n)
{
    const json_t *after = json_object_get(leg_at(legs, n), "after");
    const json_t *last = json_array_get(after, json_array_size(after) ? json_array_size(after) - 1 : 0);
    for (size_t k = 0; last && k < json_array_size(legs); k++)
        if (json_equal(json_object_get(leg_at(legs, k), "name"), last))
            return (int)k;
    return -1;
}

static bool has_later_brother(const json_t *legs, size_t n)
{
    for (size_t k = n + 1; k < json_array_size(legs); k++)
        if (parent_of(legs, k) == parent_of(legs, n))
            return true;
    return false;
}

/* "│  └─ " before the name; a tree of more levels than there are legs is none. */
static int tree_prefix(const json_t *legs, size_t n, struct buf *out)
{
    size_t chain[LIMIT_JOINT_LEGS], depth = 0;
    for (int at = (int)n; at >= 0 && depth < LIMIT_JOINT_LEGS; at = parent_of(legs, (size_t)at))
        chain[depth++] = (size_t)at;
    int rc = 0;
    for (size_t i = depth - 1; i > 0 && !rc; i--)
        rc = buf_append_str(out, has_later_brother(legs, chain[i]) ? "│  " : "   ");
    return rc ? rc : buf_append_str(out, has_later_brother(legs, n) ? "├─ " : "└─ ");
}

static const char *leg_due(const json_t *leg, char *out, size_t size)
{
    const json_t *due = json_object_get(leg, "due");
    (void)snprintf(out, size, "%s%s", json_is_object(due) ? view_text(due, "date") : "-",
                   json_is_true(json_object_get(due, "provisional")) ? "?" : "");
    return out;
}

/* The joint case's own clock for the leg: the day when it runs, the length while it waits. */
static const char *leg_limit(const json_t *leg, char *out, size_t size)
{
    const json_t *due = json_object_get(leg, "limit_due"), *limit = json_object_get(leg, "limit");
    if (!json_is_object(limit))
        return "-";
    if (!json_is_object(due))
        return view_limit(limit, out, size);
    bool late = json_is_true(json_object_get(due, "overdue"));
    (void)snprintf(out, size, "%s%s%s%s", view_text(due, "date"), json_is_true(json_object_get(due, "provisional")) ? "?" : "",
                   late ? " " : "", late ? _("overdue") : "");
    return out;
}

/* What there is to say of it: the state of its case, what it waits for, why it never came. */
static int leg_note(const json_t *leg, struct buf *out)
{
    const char *state = view_text(leg, "case_state"), *reason = view_text(leg, "reason");
    const json_t *names = json_object_get(leg, "waits_for"), *name;
    size_t i;
    int rc = 0;
    if (json_array_size(names))
        rc = buf_append_str(out, _("waits for: "));
    json_array_foreach(names, i, name) rc = rc ? rc : buf_printf(out, "%s%s", i ? _(", ") : "", json_string_value(name));
    if (!rc && reason[0])
        rc = buf_append_str(out, detail_text(reason));
    else if (!rc && state[0])
        rc = buf_printf(out, "%s%s", view_state(state),
                        json_is_true(json_object_get(leg, "case_pending")) ? _(" (waits for the other side's receipt)") : "");
    return rc;
}

static int leg_row(const json_t *legs, size_t n, struct table *t)
{
    const json_t *leg = leg_at(legs, n);
    struct buf name, note;
    char due[96], limit[64], item[80];
    buf_init(&name, 1024);
    buf_init(&note, 4096);
    int rc = tree_prefix(legs, n, &name);
    rc = rc ? rc : buf_printf(&name, "%s%s", view_text(leg, "name"), json_is_false(json_object_get(leg, "required")) ? "*" : "");
    rc = rc ? rc : leg_note(leg, &note);
    (void)snprintf(item, sizeof item, "%s", view_text(json_object_get(leg, "item"), "code"));
    const char *no = view_text(leg, "case"), *what = view_text(json_object_get(leg, "due"), "what");
    const char *light = view_light(view_text(leg, "light"));
    const char *cells[] = {name.data,
                           view_office(view_text(leg, "office")),
                           joint_word(joint_leg_states, LEG_STATES, view_text(leg, "state")),
                           no[0] ? no : "-",
                           leg_due(leg, due, sizeof due),
                           note.len ? note.data : "",
                           what[0] ? view_word(what) : "-",
                           light[0] ? light : "-",
                           leg_limit(leg, limit, sizeof limit),
                           item};
    rc = rc ? rc : table_row(t, cells);
    buf_free(&name);
    buf_free(&note);
    return rc;
}

/* A leg of a template: who does what, how long it may take, and which results it gets. */
static int template_row(const json_t *legs, size_t n, struct table *t)
{
    const json_t *leg = leg_at(legs, n), *passed;
    const char *office = view_text(leg, "office");
    struct buf name, note;
    char limit[64];
    size_t i;
    buf_init(&name, 1024);
    buf_init(&note, 4096);
    int rc = tree_prefix(legs, n, &name);
    rc = rc ? rc : buf_printf(&name, "%s%s", view_text(leg, "name"), json_is_false(json_object_get(leg, "required")) ? "*" : "");
    json_array_foreach(json_object_get(leg, "passes"), i, passed)
        rc = rc ? rc : buf_printf(&note, "%s%s", i ? _(", ") : _("result of: "), json_string_value(passed));
    const char *cells[] = {name.data, !strcmp(office, "intake") ? _("this office") : !strcmp(office, "applicant") ? "--applicant-office" :
                           !strcmp(office, "other") ? "--other-office" : view_office(office), view_text(leg, "item"),
                           view_limit(json_object_get(leg, "limit"), limit, sizeof limit), note.len ? note.data : ""};
    rc = rc ? rc : table_row(t, cells);
    buf_free(&name);
    buf_free(&note);
    return rc;
}

/* Each leg behind the one it hangs under, brothers in the order of the template. */
static int tree_rows(const json_t *legs, int parent, unsigned depth, struct table *t,
                     int (*row)(const json_t *legs, size_t n, struct table *t))
{
    int rc = 0;
    for (size_t n = 0; n < json_array_size(legs) && depth <= LIMIT_JOINT_LEGS && !rc; n++) {
        if (parent_of(legs, n) != parent)
            continue;
        rc = row(legs, n, t);
        rc = rc ? rc : tree_rows(legs, (int)n, depth + 1, t, row);
    }
    return rc;
}

static int show_tree(const json_t *legs)
{
    struct table t;
    table_init(&t);
    table_column(&t, _("Leg"), 0);
    table_column(&t, _("Decided at"), 0);
    table_column(&t, _("State"), 0);
    table_column(&t, _("Case"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("Due"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("Note"), 8);
    table_column(&t, _("Clock"), 0);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, lang_pick("Light", "灯"), 0);
    table_paint(&t, view_light_colour);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Time of the leg"), 0);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Item"), 6);
    table_hide(&t, HIDE_NARROW);
    int rc = tree_rows(legs, -1, 0, &t, leg_row);
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

bool joint_needs(const json_t *item, const char *which)
{
    size_t i;
    const json_t *leg;
    json_array_foreach(json_object_get(item, "legs"), i, leg) if (!strcmp(view_text(leg, "office"), which)) return true;
    return false;
}

int joint_template(struct client *client, const json_t *item)
{
    struct table t;
    (void)putchar('\n');
    term_pair(_("Done when"), LABEL, joint_word(joint_rules, JOINT_RULES, view_text(item, "joint_rule")));
    table_init(&t);
    table_column(&t, _("Leg"), 0);
    table_column(&t, _("Decided at"), 6);
    table_column(&t, _("Item"), 6);
    table_column(&t, _("Time of the leg"), 0);
    table_column(&t, _("Note"), 10);
    int rc = tree_rows(json_object_get(item, "legs"), -1, 0, &t, template_row);
    if (rc)
        table_free(&t);
    return rc || table_print(&t) ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

/* ---- the whole ---- */

/* The first leg that somebody at this office can move, undecided ones before those that have to be delivered. */
static void next_step(const json_t *doc)
{
    const json_t *leg, *legs = json_object_get(doc, "legs");
    const char *first = "", *open = "", *decided = "";
    size_t i;
    json_array_foreach(legs, i, leg)
    {
        const char *turn = view_text(leg, "turn"), *no = view_text(leg, "case");
        bool ours = no[0] && (!strcmp(turn, "window") || !strcmp(turn, "handler"));
        const char **kind = !strcmp(view_text(leg, "state"), "open") ? &open : &decided;
        if (!first[0])
            first = no;
        if (ours && !(*kind)[0])
            *kind = no;
    }
    bool running = !strcmp(view_text(doc, "state"), "running");
    if (open[0] || decided[0])
        view_next(_("tongban case show %s"), open[0] ? open : decided);
    else if (!running)
        view_next(_("the joint case is closed. The proof of a leg: tongban case proof %s --out %s.json"), first);
    else
        view_next(_("nothing here; the other offices act. See: tongban joint show %s"), view_text(doc, "joint"));
}

static int joint_view(struct client *client, const json_t *doc)
{
    char text[700], at[20];
    const json_t *item = json_object_get(doc, "item"), *applicant = json_object_get(doc, "applicant");
    const json_t *progress = json_object_get(doc, "progress");
    const char *state = view_text(doc, "state"), *outlook = view_text(doc, "outlook");
    if (client->json) {
        term_json(doc);
        return EXIT_DONE;
    }
    term_pair(_("Joint case"), LABEL, view_text(doc, "joint"));
    (void)snprintf(text, sizeof text, "%s %s", view_text(item, "code"), view_text(doc, "title"));
    term_pair(_("Item"), LABEL, text);
    int granted = (int)json_integer_value(json_object_get(progress, "granted"));
    int of = (int)json_integer_value(json_object_get(progress, "of"));
    int n = snprintf(text, sizeof text, _("%s; %d of %d legs granted"), joint_word(joint_states, JOINT_STATES, state), granted, of);
    if (n > 0 && (size_t)n < sizeof text && !strcmp(state, "running") && json_is_true(json_object_get(doc, "withdrawn")))
        n += snprintf(text + n, sizeof text - (size_t)n, "; %s", _("taken back, its legs are being closed"));
    if (n > 0 && (size_t)n < sizeof text && !strcmp(state, "running") && strcmp(outlook, state))
        (void)snprintf(text + n, sizeof text - (size_t)n, "; %s: %s", _("certain already"),
                       joint_word(joint_states, JOINT_STATES, outlook));
    term_pair(_("State"), LABEL, text);
    term_pair(_("Done when"), LABEL, joint_word(joint_rules, JOINT_RULES, view_text(doc, "rule")));
    (void)snprintf(text, sizeof text, "%s  %s", view_text(applicant, "name"), view_text(applicant, "number"));
    if (json_is_object(applicant))
        term_pair(_("Applicant"), LABEL, text);
    term_pair(_("Opened"), LABEL, term_time(json_object_get(doc, "opened_at"), at));
    if (json_is_string(json_object_get(doc, "closed_at")))
        term_pair(_("Closed"), LABEL, term_time(json_object_get(doc, "closed_at"), at));
    (void)putchar('\n');
    if (show_tree(json_object_get(doc, "legs")))
        return report_local(client, REPORT_MEMORY, NULL);
    next_step(doc);
    return EXIT_DONE;
}

/* The options name the offices that the template leaves open; they count before the form. */
static int set_offices(const struct client *client, const struct args *args, json_t *form)
{
    static const char *const names[][2] = {{"applicant-office", "applicant"}, {"other-office", "other"}};
    json_t *offices = json_object_get(form, "offices");
    for (size_t i = 0; i < 2; i++) {
        const char *code = args_option(args, names[i][0]);
        if (!code)
            continue;
        if (!json_is_object(offices)) {
            offices = json_object();
            if (!offices || json_object_set_new(form, "offices", offices))
                return report_local(client, REPORT_MEMORY, NULL);
        }
        if (json_object_set_new(offices, names[i][1], json_string(code)))
            return report_local(client, REPORT_USAGE, "--%s", names[i][0]);
    }
    return EXIT_DONE;
}

/* At a terminal the offices that the template leaves open are asked for; a script gets the server's word about them. */
static int ask_offices(struct client *client, json_t *form)
{
    static const char *const names[] = {"applicant", "other"};
    const char *const questions[] = {_("Office of the legs \"applicant\", where the applicant is registered (six digits)"),
                                     _("Office of the legs \"other\" (six digits)")};
    json_t *item = NULL, *offices = json_object_get(form, "offices");
    if (!ask_possible(client))
        return EXIT_DONE;
    int status = view_item(client, view_text(json_object_get(form, "item"), "code"), client->config->office, NULL, &item);
    for (size_t i = 0; i < 2 && !status; i++) {
        char *typed = NULL;
        if (!joint_needs(item, names[i]) || json_object_get(offices, names[i]))
            continue;
        if (!offices && (!(offices = json_object()) || json_object_set_new(form, "offices", offices)))
            status = report_local(client, REPORT_MEMORY, NULL);
        else if (ask_text(questions[i], true, &typed) || json_object_set_new(offices, names[i], json_string(typed)))
            status = report_local(client, REPORT_STOPPED, "%s", _("nothing was sent"));
        free(typed);
    }
    json_decref(item);
    return status;
}

int joint_new(struct client *client, const struct args *args)
{
    json_t *form = NULL, *doc = NULL;
    int status = intake_form(client, args, client->config->office, &form);
    status = status ? status : set_offices(client, args, form);
    status = status ? status : ask_offices(client, form);
    status = status ? status : http_post(client, "/window/v1/joint", form, &doc);
    json_decref(form);
    if (status)
        return status;
    if (!client->json)
        (void)printf("%s\n", _("The application has been taken in; the first legs are under way."));
    status = joint_view(client, doc);
    json_decref(doc);
    return status;
}

int joint_show(struct client *client, const struct args *args)
{
    char path[64];
    json_t *doc = NULL;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/joint/%.21s", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    status = joint_view(client, doc);
    json_decref(doc);
    return status;
}

int joint_withdraw(struct client *client, const struct args *args)
{
    char path[80], *typed = NULL;
    const char *reason = args_option(args, "reason");
    int status = view_check_no(client, args->positional[0]);
    if (status)
        return status;
    if (!reason && (!ask_possible(client) || ask_text(_("Reason that the applicant gives"), true, &typed)))
        return report_local(client, REPORT_USAGE, "%s", _("say why with --reason TEXT"));
    json_t *body = json_pack("{s:s}", "reason", reason ? reason : typed), *doc = NULL;
    free(typed);
    (void)snprintf(path, sizeof path, "/window/v1/joint/%.21s/withdraw", args->positional[0]);
    status = body ? http_post(client, path, body, &doc) : report_local(client, REPORT_USAGE, "--reason");
    json_decref(body);
    if (status)
        return status;
    status = joint_view(client, doc);
    json_decref(doc);
    return status;
}

/* ---- the list ---- */

static int list_print(const json_t *rows)
{
    struct table t;
    size_t i;
    json_t *row;
    int rc = 0;
    table_init(&t);
    table_column(&t, _("Joint case"), 0);
    table_column(&t, _("State"), 0);
    table_column(&t, _("Legs"), 0);
    table_column(&t, _("Item"), 8);
    table_column(&t, _("Applicant"), 6);
    table_column(&t, _("Opened"), 0);
    json_array_foreach(rows, i, row)
    {
        char item[400], count[48], at[20];
        const json_t *progress = json_object_get(row, "progress");
        (void)snprintf(item, sizeof item, "%s %s", view_text(json_object_get(row, "item"), "code"), view_text(row, "title"));
        (void)snprintf(count, sizeof count, "%d/%d", (int)json_integer_value(json_object_get(progress, "granted")),
                       (int)json_integer_value(json_object_get(progress, "of")));
        (void)snprintf(at, sizeof at, "%.10s", view_text(row, "opened_at"));
        const char *cells[] = {view_text(row, "joint"), joint_word(joint_states, JOINT_STATES, view_text(row, "state")), count, item,
                               view_text(json_object_get(row, "applicant"), "name"), at};
        rc = rc ? rc : table_row(&t, cells);
    }
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

int joint_list(struct client *client, const struct args *args)
{
    const char *limit = args_option(args, "limit");
    long most = limit ? strtol(limit, NULL, 10) : 20;
    struct buf path;
    json_t *rows = NULL;
    if (most < 1 || most > 10000)
        return report_local(client, REPORT_USAGE, "--limit %s", limit);
    buf_init(&path, 4096);
    int rc = buf_printf(&path, "/window/v1/joint?limit=%ld", most < LIMIT_LIST_PAGE ? most : (long)LIMIT_LIST_PAGE);
    if (!rc && args->count)
        rc = buf_append_str(&path, "&q=");
    if (!rc && args->count)
        rc = http_escape(args->positional[0], &path);
    if (!rc && args_option(args, "open"))
        rc = buf_append_str(&path, "&open=1");
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : view_rows(client, path.data, (size_t)most, &rows);
    buf_free(&path);
    if (status)
        return status;
    if (client->json) {
        view_json_rows(rows);
        return EXIT_DONE;
    }
    size_t count = json_array_size(rows);
    char next[64];
    (void)snprintf(next, sizeof next, "tongban joint show %.21s", view_text(json_array_get(rows, 0), "joint"));
    rc = count ? list_print(rows) : 0;
    json_decref(rows);
    if (rc)
        return report_local(client, REPORT_MEMORY, NULL);
    if (!count)
        (void)printf("%s\n", _("No joint case was found."));
    else
        (void)printf(ngettext("%zu joint case\n", "%zu joint cases\n", count), count);
    term_next(count == 1 ? next : count ? _("tongban joint show NO") : _("tongban joint new --item CODE"));
    return EXIT_DONE;
}
