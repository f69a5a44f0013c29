/* progress: where a case stands, as its applicant may know it. */
#include <stdint.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/document_query.h"
#include "proto/progress.h"

static const char *plain_words(const json_t *doc)
{
    int state = case_state_by_name(view_text(doc, "state"));
    return state < 0 ? view_text(doc, "text") : lang_pick(progress_rows[state].en, progress_rows[state].zh);
}

static void show(const json_t *doc)
{
    const char *turn = view_text(doc, "turn"), *office = view_text(doc, "office");
    const json_t *date;
    size_t i;
    (void)printf("%s\n", plain_words(doc));
    if (!strcmp(turn, "applicant"))
        (void)printf("%s\n", _("It is the applicant's turn."));
    else if (office[0])
        (void)printf(_("It is the turn of: %s\n"), office);
    (void)printf("%s\n", json_is_true(json_object_get(doc, "bring")) ? _("Something has to be handed in or fetched.")
                                                                     : _("Nothing has to be brought."));
    json_array_foreach(json_object_get(doc, "dates"), i, date)
        (void)printf(json_is_true(json_object_get(date, "provisional")) ? _("%s: until %s (provisional)\n") : _("%s: until %s\n"),
                     view_text(date, "name"), view_text(date, "due"));
}

int progress_show(struct client *client, const struct args *args)
{
    char no[CASE_NO_TEXT], code[QUERY_CODE_TEXT], path[96];
    const char *given = args->positional[0];
    json_t *doc = NULL;
    if (args->count == 2) {
        (void)snprintf(no, sizeof no, "%s", given);
        int status = view_check_no(client, given);
        if (status)
            return status;
        if (strlen(args->positional[1]) != QUERY_CODE_LEN || strspn(args->positional[1], "0123456789ABCDEFabcdef") != QUERY_CODE_LEN)
            return report_local(client, REPORT_USAGE, "%s",
                                _("a query code has 8 characters, 0 to 9 and A to F; it stands on the receipt"));
        (void)snprintf(code, sizeof code, "%s", args->positional[1]);
    } else if (document_query_read(given, no, code)) {
        return report_local(client, REPORT_USAGE, "%s", _("give the case number and the query code, or the whole text of the QR code"));
    }
    (void)snprintf(path, sizeof path, "/window/v1/progress?case=%s&code=%s", no, code);
    int status = http_get(client, path, &doc);
    if (status)
        return status;
    if (client->json)
        term_json(doc);
    else
        show(doc);
    json_decref(doc);
    return EXIT_DONE;
}
