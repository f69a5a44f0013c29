/* case steps, case originals: the registers of one case. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

enum { LABEL = 18, CELL_BYTES = 4096 };

static int steps_print(const json_t *rows)
{
    const struct register_kind *kind = &register_kinds[REGISTER_STEP];
    struct table t;
    struct buf text;
    size_t i;
    json_t *row;
    int rc = 0;
    buf_init(&text, CELL_BYTES);
    table_init(&t);
    table_column(&t, _("Number"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("Step"), 0);
    table_column(&t, _("State"), 0);
    table_column(&t, _("Due"), 0);
    table_hide(&t, HIDE_EMPTY);
    table_column(&t, _("What"), 12);
    table_hide(&t, HIDE_EMPTY);
    json_array_foreach(rows, i, row)
    {
        const json_t *data = json_object_get(row, "data");
        const char *no = view_text(row, "no"), *due = view_text(row, "due"), *task = view_text(row, "task");
        const json_t *evidence = json_object_get(data, "evidence");
        buf_clear(&text);
        if (!task[0])
            task = view_text(data, "task");
        if (evidence)
            task = register_cell(kind, "evidence", evidence, &text);
        const char *cells[] = {no[0] ? no : "-", view_value_word("step", view_text(row, "step")),
                               register_state_word(kind, view_text(row, "state")), due[0] ? due : "-", task};
        rc = rc ? rc : table_row(&t, cells);
    }
    buf_free(&text);
    if (rc)
        table_free(&t);
    return rc ? rc : table_print(&t);
}

/* The first step that is still to be done; else the case. */
static void steps_next(const json_t *rows, const char *no)
{
    const struct register_kind *kind = &register_kinds[REGISTER_STEP];
    const json_t *row;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        int state = register_state_by_name(kind, view_text(row, "state"));
        char text[96];
        if (!view_text(row, "no")[0] || state < 0 || kind->states[state].final)
            continue;
        (void)snprintf(text, sizeof text, "tongban step show %.28s", view_text(row, "no"));
        term_next(text);
        return;
    }
    view_next("tongban case show %s", no);
}

int case_steps(struct client *client, const struct args *args)
{
    char path[64];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/steps", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    const json_t *rows = json_object_get(doc, "rows");
    int rc = 0;
    if (client->json)
        term_json(doc);
    else if (!json_array_size(rows))
        (void)printf("%s\n", _("This case has no delegated step."));
    else
        rc = steps_print(rows);
    if (!client->json)
        steps_next(rows, args->positional[0]);
    json_decref(doc);
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

int case_originals(struct client *client, const struct args *args)
{
    static const struct {
        const char *key, *label;
    } sums[] = {{"kept", N_("Left by the applicant")},
                {"at_intake", N_("At the intake side")},
                {"at_home", N_("At the home side")},
                {"moving", N_("On their way")},
                {"lost", N_("Lost")},
                {"returned", N_("Handed back")}};
    char path[64], text[32];
    json_t *doc;
    int status = view_check_no(client, args->positional[0]);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/originals", args->positional[0]);
    status = status ? status : http_get(client, path, &doc);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        bool any = json_integer_value(json_object_get(doc, "kept")) || json_integer_value(json_object_get(doc, "returned"));
        for (size_t i = 0; i < sizeof sums / sizeof sums[0] && any; i++) {
            (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json_object_get(doc, sums[i].key)));
            term_pair(gettext(sums[i].label), LABEL + 6, text);
        }
        bool balanced = json_is_true(json_object_get(doc, "balanced"));
        (void)printf("%s\n", !balanced ? _("The ledger of originals does not balance: compare the transfer lists.")
                             : any     ? _("The ledger of originals balances.")
                                       : _("No original was left with this case."));
        view_next(any || !balanced ? _("tongban transfer list --case %s")
                                   : _("when the applicant leaves originals: tongban transfer keep --case %s"),
                  args->positional[0]);
    }
    json_decref(doc);
    return EXIT_DONE;
}
