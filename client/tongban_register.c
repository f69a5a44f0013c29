/* The registers on the command line: `tongban KIND ACT …`, `tongban KIND list`, `tongban KIND show NO`, all from proto/register.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_register.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/limits.h"

enum { LABEL = 18, CELL_BYTES = 4096 };

const struct option register_act_options[] = {{"file", "BODY.json", N_("take the fields from this document")},
                                              {"yes", NULL, N_("do not ask for missing fields")},
                                              {NULL, NULL, NULL}};
/* What makes a new object takes these, too. */
const struct option register_open_options[] = {{"file", "BODY.json", N_("take the fields from this document")},
                                               {"yes", NULL, N_("do not ask for missing fields")},
                                               {"case", "NO", N_("case it is about")},
                                               {"office", "CODE", N_("the other office, where there are several")},
                                               {NULL, NULL, NULL}};
const struct option register_list_options[] = {{"case", "NO", N_("only what is about this case")},
                                               {"open", NULL, N_("only what is not finished")},
                                               {"limit", "N", N_("at most this many rows")},
                                               {"print", NULL, N_("as a Markdown page, to be printed")},
                                               {NULL, NULL, NULL}};

bool register_opens(const struct register_act *act)
{
    return act->from & REGISTER_FROM(REGISTER_NONE);
}

bool register_typed(const struct register_act *act)
{
    return (act->roles & (unsigned)(CASE_ROLE_WINDOW | CASE_ROLE_HANDLER | CASE_ROLE_LIAISON)) != 0;
}

bool register_command_find(int argc, char *const *argv, struct register_command *out)
{
    const struct register_kind *kind = argc > 0 ? register_by_name(argv[0]) : NULL;
    const struct register_act *act = kind && argc > 1 ? register_act_by_name(kind, argv[1]) : NULL;
    bool list = kind && argc > 1 && !strcmp(argv[1], "list"), show = kind && argc > 1 && !strcmp(argv[1], "show");
    if (!list && !show && !(act && register_typed(act)))
        return false;
    *out = (struct register_command){.kind = kind, .act = act, .list = list};
    out->options = list ? register_list_options : show ? NULL : register_opens(act) ? register_open_options : register_act_options;
    return true;
}

/* ---- acts ---- */

/* {"case"?,"office"?,"data"} of the options and of the fields. */
static int build_body(struct client *client, const struct register_command *command, const struct args *args, json_t **out)
{
    static const char *const envelope[] = {"case", "office", NULL};
    const char *file = args_option(args, "file");
    bool opens = register_opens(command->act);
    json_t *data = NULL, *body = json_object();
    int status = file ? view_read_json(client, file, &data) : EXIT_DONE;
    if (!status && (!body || (!data && !(data = json_object()))))
        status = report_local(client, REPORT_MEMORY, NULL);
    status = status ? status : action_options_take(client, args, command->act->fields, opens ? envelope : NULL, data);
    if (!status && ask_possible(client) && !args_option(args, "yes"))
        status = action_ask_missing(client, command->act->fields, data);
    if (!status && json_object_set(body, "data", data))
        status = report_local(client, REPORT_MEMORY, NULL);
    for (size_t i = 0; !status && opens && envelope[i]; i++)
        if (args_option(args, envelope[i]))
            (void)json_object_set_new(body, envelope[i], json_string(args_option(args, envelope[i])));
    json_decref(data);
    if (status)
        json_decref(body);
    else
        *out = body;
    return status;
}

static int put_answer(json_t *body, const char *key, char *answer)
{
    int rc = answer && json_object_set_new(body, key, json_string(answer)) ? TB_ENOMEM : 0;
    free(answer);
    return rc;
}

/* Which of several counterparts, by name. */
static int ask_counterpart(struct client *client, json_t *body)
{
    enum { PEERS = 32 };
    json_t *doc, *peer;
    char label[PEERS][160];
    const char *labels[PEERS], *codes[PEERS];
    unsigned count = 0, chosen = 0;
    size_t i;
    int status = http_get(client, "/window/v1/office", &doc);
    if (status)
        return status;
    json_array_foreach(json_object_get(doc, "peers"), i, peer)
    {
        if (count == PEERS)
            break;
        codes[count] = view_text(peer, "office");
        (void)snprintf(label[count], sizeof label[count], "%s %s", codes[count], view_text(peer, "name"));
        labels[count] = label[count];
        count++;
    }
    if (count > 1 && ask_choice(_("Which office"), labels, count, count, &chosen))
        status = report_local(client, REPORT_STOPPED, "%s", _("the questions were not answered"));
    else if (count > 1 && json_object_set_new(body, "office", json_string(codes[chosen])))
        status = report_local(client, REPORT_MEMORY, NULL);
    json_decref(doc);
    return status;
}

/* What an act that opens an object is about, asked for at a terminal. */
static int ask_about(struct client *client, const struct register_kind *kind, const struct args *args, json_t *body)
{
    char *answer = NULL;
    bool about = json_object_get(body, "case"), needed = kind->scope == REGISTER_CASE;
    if (!ask_possible(client) || args_option(args, "yes") || kind->scope == REGISTER_ALL || json_object_get(body, "office"))
        return EXIT_DONE;
    if (!about && kind->scope != REGISTER_OFFICES) {
        if (ask_text(needed ? _("Number of the case it is about") : _("Number of the case it is about (empty: none)"), needed, &answer))
            return report_local(client, REPORT_STOPPED, "%s", _("the questions were not answered"));
        int status = answer ? view_check_no(client, answer) : EXIT_DONE;
        about = answer != NULL;
        if (put_answer(body, "case", answer))
            return report_local(client, REPORT_MEMORY, NULL);
        if (status)
            return status;
    }
    return about || needed ? EXIT_DONE : ask_counterpart(client, body);
}

static int register_act(struct client *client, const struct register_command *command, const struct args *args)
{
    const struct register_kind *kind = command->kind;
    const char *no = args->count ? args->positional[0] : NULL;
    bool opens = register_opens(command->act);
    char path[160], owner[OFFICE_TEXT];
    json_t *body = NULL, *doc = NULL;
    if (args->count != (opens ? 0 : 1))
        return report_local(client, REPORT_USAGE, opens ? "tongban %s %s" : "tongban %s %s NO", kind->name, command->act->name);
    if (!opens && register_no_read(kind, no, owner))
        return report_local(client, REPORT_USAGE, _("%s is not a number of this register"), no);
    int status = build_body(client, command, args, &body);
    status = status ? status : client_open(client);
    status = status || !opens ? status : ask_about(client, kind, args, body);
    status = status ? status : view_upload_fields(client, command->act->fields, json_object_get(body, "data"));
    (void)snprintf(path, sizeof path, "/window/v1/registers/%s%s%s/acts/%s", kind->name, opens ? "" : "/", opens ? "" : no,
                   command->act->name);
    status = status ? status : http_post(client, path, body, &doc);
    json_decref(body);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        (void)printf(lang_zh() ? "%s：已办\n" : "%s: done\n", lang_pick(command->act->name, command->act->zh));
        register_head(kind, doc);
        register_tail(kind, doc);
    }
    json_decref(doc);
    return EXIT_DONE;
}

int register_run(struct client *client, const struct register_command *command, const struct args *args)
{
    if (command->act)
        return register_act(client, command, args);
    int status = client_open(client);
    if (status)
        return status;
    if (command->list)
        return args->count ? report_local(client, REPORT_USAGE, "tongban %s list", command->kind->name)
                           : register_list(client, command->kind, args);
    return args->count == 1 ? register_show(client, command->kind, args->positional[0])
                            : report_local(client, REPORT_USAGE, "tongban %s show NO", command->kind->name);
}
