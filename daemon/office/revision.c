/* What a counterpart says about revisions, held against what is known here (decision 1): the home side numbers each effect on a case once
 * and leaves no number out.  A number that does not fit is a fault of a program or of a ledger, and an operator hears of it. */
#include "daemon/office/office_internal.h"

#include <stdlib.h>
#include <string.h>

const char *const discord_words[DISCORDS] = {
    [DISCORD_TAKEN] = "revision_taken",      [DISCORD_GAP] = "revision_gap",     [DISCORD_UNNUMBERED] = "revision_missing",
    [DISCORD_REFUSED] = "decision_refused",  [DISCORD_OTHER] = "other_revision", [DISCORD_SURPLUS] = "revision_of_refused",
};

void discord_note(struct office_discord *discord, enum discord what, const char *about, int64_t rev)
{
    if (discord->count++)
        return; /* the first one is named */
    discord->what = what;
    discord->rev = rev;
    (void)snprintf(discord->about, sizeof discord->about, "%s", about);
}

int revision_look(struct store_db *db, int64_t case_id, int64_t rev, bool *taken, bool *gap)
{
    struct event_row *events = NULL;
    size_t count = 0;
    int64_t last = 0, between = 0, waiting = 0;
    bool found = false;
    int rc = event_list(db, case_id, &events, &count); /* in the order of revisions, those without one last */
    for (size_t i = 0; i < count && !rc; i++) {
        found = found || events[i].rev == rev;
        if (events[i].rev > 0 && events[i].rev < rev) {
            last = events[i].own ? last : events[i].rev;
            between = events[i].own ? between + 1 : 0;
        }
        waiting += !events[i].rev && events[i].own && events[i].verdict < 0 && entry_type_is_message(events[i].type);
    }
    *taken = found && rev > 0;
    *gap = !rc && rev - last - 1 > between + waiting;
    free(events);
    return rc;
}

int64_t revision_of_verdict(struct office_discord *discord, const struct receipt_line *line, bool we_number, int64_t ours, bool taken,
                            const char *about)
{
    bool done = line->verdict == VERDICT_DONE;
    if (we_number && !done)
        discord_note(discord, DISCORD_REFUSED, about, ours);
    else if (we_number && line->rev && line->rev != ours)
        discord_note(discord, DISCORD_OTHER, about, line->rev);
    else if (!we_number && !done && line->rev)
        discord_note(discord, DISCORD_SURPLUS, about, line->rev);
    else if (!we_number && done && !line->rev)
        discord_note(discord, DISCORD_UNNUMBERED, about, 0);
    else if (!we_number && done && taken)
        discord_note(discord, DISCORD_TAKEN, about, line->rev);
    else if (!we_number && done)
        return line->rev;
    return 0;
}
