/* tongbanctl retention: what is over its retention, and erasing it. */
#include <stdio.h>

#include "client/tongbanctl.h"

int ctl_retention_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    size_t i, k;
    const json_t *row, *no, *rows = json_object_get(answer, "rows");
    if (!json_array_size(rows))
        (void)puts(_("nothing is over its retention"));
    json_array_foreach(rows, i, row)
    {
        (void)printf(_("%s, %s: %lld cases, %lld bytes of materials\n"), ctl_cell(row, "item"), ctl_cell(row, "retention"),
                     (long long)json_integer_value(json_object_get(row, "cases")),
                     (long long)json_integer_value(json_object_get(row, "bytes")));
        json_array_foreach(json_object_get(row, "first"), k, no)
            (void)printf("  %s\n", json_string_value(no));
    }
    return EXIT_DONE;
}

int ctl_retention_done(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)answer;
    (void)printf(_("done: %s %s\n"), c->verb, ctl->word[2]);
    return EXIT_DONE;
}
