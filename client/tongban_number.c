/* case number: the number under which a line system (条线系统) knows a case. */
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"

int case_number(struct client *client, const struct args *args)
{
    const char *system = args_option(args, "system"), *value = args_option(args, "value");
    char path[80];
    json_t *doc = NULL, *number;
    size_t i;
    int status = view_check_no(client, args->positional[0]);
    if (status)
        return status;
    if (!system || !value)
        return report_local(client, REPORT_USAGE, "%s", _("say which number with --system NAME --value NUMBER"));
    json_t *body = json_pack("{s:s, s:s}", "system", system, "value", value);
    if (!body || (args_option(args, "remove") && json_object_set_new(body, "remove", json_true())))
        return json_decref(body), report_local(client, REPORT_USAGE, _("%s: the text is not UTF-8"), "--system --value");
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/numbers", args->positional[0]);
    status = http_post(client, path, body, &doc);
    json_decref(body);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        json_array_foreach(json_object_get(doc, "numbers"), i, number)
            (void)printf("%s  %s\n", view_text(number, "system"), view_text(number, "value"));
        view_next("tongban case show %s", args->positional[0]);
    }
    json_decref(doc);
    return EXIT_DONE;
}
