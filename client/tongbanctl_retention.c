/* tongbanctl retention: what is over its retention, and erasing it. */
#include <stdio.h>

#include "client/tongbanctl.h"

int ctl_retention_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    size_t i, k;
    const json_t *row, *no, *rows = json_object_get(answer, "rows");
    long long kept = (long long)json_integer_value(json_object_get(answer, "kept"));
    if (!json_array_size(rows) && !kept)
        (void)puts(_("nothing is over its retention"));
    json_array_foreach(rows, i, row)
    {
        (void)printf(_("%s, %s: cases %lld, bytes of materials %lld\n"), ctl_cell(row, "item"), ctl_cell(row, "retention"),
                     (long long)json_integer_value(json_object_get(row, "cases")),
                     (long long)json_integer_value(json_object_get(row, "bytes")));
        json_array_foreach(json_object_get(row, "first"), k, no)
            (void)printf("  %s\n", json_string_value(no));
    }
    if (kept)
        (void)printf(_("Cases that stay, because their archive could not be written: %lld; the log says why (retention_kept)\n"), kept);
    return EXIT_DONE;
}

/* Nothing was lost, but somebody has to look. */
int ctl_retention_judge(const json_t *answer)
{
    return json_integer_value(json_object_get(answer, "kept")) ? EXIT_REFUSED : EXIT_DONE;
}

int ctl_retention_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)answer;
    (void)printf(_("done: %s %s\n"), c->verb, ctl->word[2]);
    return EXIT_DONE;
}

static const struct ctl_column hold_columns[] = {
    {.title = N_("case"), .key = "case"},
    {.title = N_("held since"), .key = "since", .show = ctl_show_time},
    {.title = N_("user id"), .key = "uid", .show = ctl_show_number},
    {.title = N_("entry"), .key = "entry", .show = ctl_show_number},
    {.title = N_("reason"), .key = "reason", .least = 6},
};

int ctl_holds_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "rows"), hold_columns);
}
