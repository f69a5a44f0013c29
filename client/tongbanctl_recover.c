/* tongbanctl recover: how our ledger stands to what the counterparts have seen of it. */
#include "client/tongbanctl.h"

#include <libintl.h>
#include <string.h>

static int number(const json_t *doc, const char *key)
{
    return (int)json_integer_value(json_object_get(doc, key));
}

/* What the states and the answers of counterparts mean. */
static const struct {
    const char *word, *means;
} words[] = {
    {"open", N_("No counterpart has seen more of the ledger than is here.")},
    {"asking", N_("The store was restored. Nothing is recorded until every counterpart has answered.")},
    {"behind", N_("The ledger is behind. Nothing is recorded until it is recovered.")},
    {"forked", N_("The ledger says otherwise than what a counterpart has seen of it. Restore the copy again: then it is asked before anything is recorded.")},
    {"told", N_("answered")},
    {"silent", N_("does not answer")},
    {"cannot-tell", N_("runs an older program and keeps nothing")},
    {"without", N_("is not waited for")},
};

static const char *means(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcmp(words[i].word, word))
            return _(words[i].means);
    return word;
}

static void print_sum(const json_t *sum, bool applied)
{
    (void)printf(applied ? _("Taken back: %d messages and %d receipts of this office, %d messages of the counterparts.\n")
                         : _("Can be taken back: %d messages and %d receipts of this office, %d messages of the counterparts.\n"),
                 number(sum, "messages"), number(sum, "receipts"), number(sum, "theirs"));
    if (number(sum, "lost"))
        (void)printf(_("Lost: %d entries that never left this office (views, prints, applications not forwarded, local cases).\n"),
                     number(sum, "lost"));
    if (number(sum, "repeated"))
        (void)printf(_("Written again: %d entries of before the copy whose place could not be proved any more.\n"),
                     number(sum, "repeated"));
    if (number(sum, "refused"))
        (void)printf(_("Not believed, and passed over: %d parts of what the counterparts sent.\n"), number(sum, "refused"));
    if (number(sum, "materials"))
        (void)printf(_("Materials named by them that are not here: %d.\n"), number(sum, "materials"));
    if (number(sum, "unapplied") || number(sum, "differing"))
        (void)printf(_("To be looked at by hand: %d that fit no case here, %d that were taken otherwise than before.\n"),
                     number(sum, "unapplied"), number(sum, "differing"));
}

/* The receipts of this office show a state that its entries do not: what was recorded between is lost. */
static void print_lacking(const json_t *done)
{
    const json_t *cases = json_object_get(done, "lacking"), *one;
    size_t i;
    if (!json_array_size(cases))
        return;
    (void)printf(_("An act of this office is lost that its own receipts show. Have it recorded again (cases: %d):\n"),
                 number(json_object_get(done, "sum"), "lacking"));
    json_array_foreach(cases, i, one)
        (void)printf("  %s\n", json_string_value(one));
}

int ctl_recover_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    const json_t *done = json_object_get(answer, "done"), *sum = json_object_get(done, "sum"), *row;
    const char *state = ctl_cell(done, "state");
    bool applied = json_is_true(json_object_get(done, "applied"));
    size_t i;
    (void)ctl;
    (void)c;
    (void)printf("%s\n", means(state));
    if (!applied)
        (void)printf(_("Entries here: %d; seen by counterparts: %d\n"), number(done, "size"), number(done, "seen"));
    json_array_foreach(json_object_get(done, "peers"), i, row)
        (void)printf("  %s  %s\n", ctl_cell(row, "office"), means(ctl_cell(row, "answer")));
    if (sum)
        print_sum(sum, applied);
    print_lacking(done);
    if (sum && !applied)
        (void)printf("%s\n", _("Take it back with: tongbanctl recover --apply"));
    if (applied) /* a key that somebody lost works again */
        (void)printf("%s\n", _("Staff suspended, ended or enrolled since the copy: do it again now. Who is here: tongbanctl staff list"));
    return EXIT_DONE;
}

int ctl_recover_judge(const json_t *answer)
{
    return strcmp(ctl_cell(json_object_get(answer, "done"), "state"), "open") ? EXIT_REFUSED : EXIT_DONE;
}
