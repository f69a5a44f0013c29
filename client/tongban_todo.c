/* todo: the morning screen — what waits for this person, cases and registers in one list, most urgent first. */
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"

/* Nobody reads ten thousand rows on a morning screen, and it is asked for all day.  Both lists come by due date, so
 * that their first pages are the most urgent. */

struct line {
    const json_t *row;
    const struct register_kind *kind; /* NULL: a case */
    int urgency;                      /* 0 first */
    const char *due;
    size_t place; /* as the server listed them */
};

/* Red before yellow before what has no hurry; what stands still comes behind, what has no clock last. */
static int urgency_of(const char *light)
{
    static const char *const order[] = {"red", "yellow", "blue", "green", "grey"};
    enum { ORDER = sizeof order / sizeof order[0] };
    for (int i = 0; i < ORDER; i++)
        if (!strcmp(light, order[i]))
            return i;
    return ORDER;
}

static int by_urgency(const void *a, const void *b)
{
    const struct line *one = a, *two = b;
    if (one->urgency != two->urgency)
        return one->urgency < two->urgency ? -1 : 1;
    int days = !one->due[0] || !two->due[0] ? (one->due[0] ? -1 : two->due[0] ? 1 : 0) : strcmp(one->due, two->due);
    return days ? days : one->place < two->place ? -1 : one->place > two->place;
}

static const char *due_of(const json_t *row)
{
    const json_t *due = json_object_get(row, "due");
    return json_is_object(due) ? view_text(due, "date") : view_text(row, "due");
}

static size_t take(struct line *lines, size_t count, const json_t *rows, bool registers)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const struct register_kind *kind = registers ? register_by_name(view_text(row, "kind")) : NULL;
        if (!registers || kind)
            lines[count] = (struct line){row, kind, urgency_of(view_text(row, "light")), due_of(row), count};
        count += !registers || kind ? 1 : 0;
    }
    return count;
}

/* What is done next about it, in a word or two. */
static const char *action_word(const struct line *line)
{
    const struct register_act *act = line->kind ? register_usual_act(line->kind, line->row) : NULL;
    const char *name = line->kind ? NULL : view_usual_action(json_object_get(line->row, "actions"));
    const struct case_transition *action = name ? action_find(name) : NULL;
    return act ? lang_pick(act->name, act->zh) : action ? lang_pick(action->action, action->zh) : "-";
}

static int line_row(const struct line *line, struct table *t)
{
    char item[400], due[32];
    struct buf about;
    buf_init(&about, VALUE_BYTES);
    const json_t *row = line->row;
    const char *cells[] = {view_row_light(row),
                           view_row_due(row, due, sizeof due),
                           view_text(row, line->kind ? "no" : "case"),
                           line->kind ? "" : view_row_applicant(row),
                           line->kind ? register_about(row, &about) : view_row_item(row, item, sizeof item),
                           action_word(line),
                           line->kind ? register_state_word(line->kind, view_text(row, "state")) : view_state(view_text(row, "state")),
                           line->kind ? view_text(row, "case") : ""};
    int rc = table_row(t, cells);
    buf_free(&about);
    return rc;
}

static int lines_print(const struct line *lines, size_t count)
{
    struct table t;
    int rc = 0;
    table_init(&t);
    table_column(&t, lang_pick("Light", "灯"), 0);
    table_paint(&t, view_light_colour);
    table_column(&t, _("Due"), 0);
    table_column(&t, _("Number"), 0);
    table_column(&t, _("Applicant"), 4);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("About"), 10);
    table_column(&t, _("To be done"), 0);
    table_column(&t, _("State"), 0);
    table_hide(&t, HIDE_NARROW);
    table_column(&t, _("Case"), 0);
    table_hide(&t, HIDE_NARROW);
    for (size_t i = 0; i < count && !rc; i++)
        rc = line_row(&lines[i], &t);
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

static int screen(struct client *client, const json_t *rows, const json_t *objects, bool more, bool narrowed)
{
    size_t cases = json_array_size(rows), room = cases + json_array_size(objects);
    if (!room) {
        (void)printf("%s\n", _("Nothing waits."));
        term_next(narrowed ? "tongban todo"
                           : _("tongban case new takes an application in; tongban case list --open shows what is under way"));
        return EXIT_DONE;
    }
    struct line *lines = calloc(room, sizeof *lines);
    size_t count = lines ? take(lines, take(lines, 0, rows, false), objects, true) : 0;
    if (lines)
        qsort(lines, count, sizeof *lines, by_urgency);
    int rc = !lines || lines_print(lines, count);
    if (!rc) {
        char next[96];
        (void)printf(_("To do: %zu (cases: %zu, on the registers: %zu)\n"), count, cases, count - cases);
        if (more)
            (void)printf("%s\n", _("Only the most urgent are shown; more wait."));
        if (narrowed)
            (void)printf("%s\n", _("Only cases taken in there; the registers have no window."));
        (void)snprintf(next, sizeof next, "tongban %s show %.28s", lines[0].kind ? lines[0].kind->name : "case",
                       view_text(lines[0].row, lines[0].kind ? "no" : "case"));
        term_next(next);
    }
    free(lines);
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

static int first_page(struct client *client, const char *path, json_t **rows, bool *more)
{
    json_t *doc = NULL;
    int status = http_get(client, path, &doc);
    if (!status && !json_is_array(json_object_get(doc, "rows")))
        status = report_local(client, REPORT_ANSWER, "%s", "rows");
    if (!status) {
        *rows = json_incref(json_object_get(doc, "rows"));
        *more = *more || json_is_string(json_object_get(doc, "next"));
    }
    json_decref(doc);
    return status;
}

/* In JSON one document with both lists, as the server gave them. */
int todo_list(struct client *client, const struct args *args)
{
    json_t *rows = NULL, *objects = NULL;
    bool more = false, narrowed = args_option(args, "window") || args_option(args, "township");
    struct buf path;
    buf_init(&path, 1024);
    int rc = buf_append_str(&path, "/window/v1/todo?limit=100");
    rc = rc ? rc : view_desk_query(args, &path);
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : first_page(client, path.data, &rows, &more);
    buf_free(&path);
    if (!status && narrowed)
        objects = json_array();
    else if (!status)
        status = first_page(client, "/window/v1/registers?limit=100", &objects, &more);
    if (!status && client->json) {
        json_t *doc = json_pack("{s:O, s:O}", "rows", rows, "registers", objects);
        if (more) /* only then: a short list is what it always was */
            (void)json_object_set_new(doc, "more", json_true());
        term_json(doc);
        json_decref(doc);
    } else if (!status) {
        status = screen(client, rows, objects, more, narrowed);
    }
    json_decref(rows);
    json_decref(objects);
    return status;
}
