#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"

static bool is_among(const char *const *words, const char *word, size_t len)
{
    for (; words && *words; words++)
        if (strlen(*words) == len && !strncmp(*words, word, len))
            return true;
    return false;
}

int action_options_take(const struct client *client, const struct args *args, const struct case_field *fields,
                        const char *const *others, json_t *body)
{
    struct problem p;
    for (unsigned i = 0; i < args->options; i++) {
        const char *name = args->option[i].name;
        if (!strcmp(name, "file") || !strcmp(name, "yes") || is_among(others, name, strcspn(name, "=")))
            continue;
        if (fields_set(fields, body, name, args->option[i].value, &p)) {
            (void)report_problem(client, &p);
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

/* Two actions that share a form are told apart by its outcome, which is the action's own word: nobody has to type it.
 */
static void set_outcome(const struct case_transition *action, json_t *body)
{
    for (const struct case_field *f = action_fields(action); f && f->name; f++)
        if (f->kind == FIELD_ENUM && !strcmp(f->name, "outcome") && strstr(f->values, action->action))
            (void)json_object_set_new(body, "outcome", json_string(action->action));
}

int action_ask_missing(const struct client *client, const struct case_field *fields, json_t *body)
{
    char path[160];
    const struct case_field *field;
    struct problem p;
    while (fields_missing(fields, body, path, sizeof path, &field)) {
        const char *question = field->help ? lang_pick(gettext(field->help), field->zh) : field->name;
        char *answer = NULL;
        int rc;
        if (field->kind == FIELD_ENUM && field->values) {
            char words[512], *save = NULL;
            const char *value[32], *label[32];
            unsigned count = 0, chosen = 0;
            (void)snprintf(words, sizeof words, "%s", field->values);
            for (char *w = strtok_r(words, "|", &save); w && count < 32; w = strtok_r(NULL, "|", &save)) {
                value[count] = w;
                label[count++] = view_value_word(field->name, w);
            }
            rc = ask_choice(question, label, count, count, &chosen);
            answer = rc ? NULL : strdup(value[chosen]);
        } else {
            rc = ask_text(question, true, &answer);
        }
        if (rc || !answer)
            return report_local(client, REPORT_STOPPED, "%s", _("the questions were not answered"));
        if (fields_set(fields, body, path, answer, &p))
            (void)report_problem(client, &p); /* and asked again */
        free(answer);
    }
    return EXIT_DONE;
}

static int action_send(struct client *client, const struct case_transition *action, const char *no, const json_t *body)
{
    char path[128];
    json_t *doc;
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/actions/%s", no, action->action);
    int status = http_post(client, path, body, &doc);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        (void)printf(lang_zh() ? "%s：已办\n" : "%s: done\n", lang_pick(action->action, action->zh));
        view_case(client, doc, true);
    }
    json_decref(doc);
    return EXIT_DONE;
}

int action_run(struct client *client, const struct case_transition *action, const struct args *args)
{
    const struct case_field *fields = action_fields(action);
    const char *file = args_option(args, "file");
    json_t *body = NULL;
    if (args->count != 1)
        return report_local(client, REPORT_USAGE, "tongban case %s NO", action->action);
    int status = view_check_no(client, args->positional[0]);
    if (!status && file)
        status = view_read_json(client, file, &body);
    if (!status && !body && !(body = json_object()))
        status = report_local(client, REPORT_MEMORY, NULL);
    if (!status)
        set_outcome(action, body);
    status = status ? status : action_options_take(client, args, fields, NULL, body);
    if (!status && ask_possible(client) && !args_option(args, "yes"))
        status = action_ask_missing(client, fields, body);
    if (!status)
        status = client_open(client);
    status = status ? status : view_upload_fields(client, fields, body);
    status = status ? status : action_send(client, action, args->positional[0], body);
    json_decref(body);
    return status;
}
