#include <string.h>

#include "client/tongban.h"
#include "client/tongban_catalogue.h"

static const struct option item_list_options[] = {
    {"office", "CODE", N_("only items of this home office")},
    {"subject", "P|E", N_("only items for persons (P) or for enterprises (E)")},
    {"mode", "ONLINE|PROXY|LOCAL|JOINT", N_("only items of this mode")},
    {"category", "TEXT", N_("only items of this category")},
    {"department", "TEXT", N_("only items of this department")},
    {NULL, NULL, NULL}};
static const struct option item_page_options[] = {{"office", "CODE", N_("home office of the item")},
                                                  {"version", "N", N_("this version instead of the one in force")},
                                                  {"out", "FILE", N_("write the page here instead of to standard output")},
                                                  {NULL, NULL, NULL}};
static const struct option catalogue_lint_options[] = {{"strict", NULL, N_("warnings count as errors")}, {NULL, NULL, NULL}};
static const struct option catalogue_diff_options[] = {
    {"whole", NULL, N_("the files are the whole catalogue: what is not in them is shown as withdrawn")}, {NULL, NULL, NULL}};
static const struct option catalogue_import_options[] = {
    {"office", "CODE", N_("office whose items are made")},
    {"out", "DIR", N_("directory for the files, one for each group of codes")},
    {"rules", "FILE", N_("rules that add what the table does not say")},
    {"from", "DATE", N_("first day of the items")},
    {"force", NULL, N_("replace files that are there")},
    {NULL, NULL, NULL}};
static const struct option catalogue_publish_options[] = {
    {"note", "TEXT", N_("why; the counterparts and the ledger keep it")},
    {"bump", NULL, N_("raise the version of a changed item by one where the file has not")},
    {"dry-run", NULL, N_("only show what would be published")},
    {NULL, NULL, NULL}};
static const struct option catalogue_retire_options[] = {
    {"reason", "TEXT", N_("why; the counterparts and the ledger keep it")},
    {"last-day", "DATE", N_("still offered until the end of this day")},
    {NULL, NULL, NULL}};
static const struct option catalogue_history_options[] = {{"office", "CODE", N_("only editions of this office")},
                                                          {"limit", "N", N_("at most this many rows")},
                                                          {NULL, NULL, NULL}};
static const struct option item_show_options[] = {{"office", "CODE", N_("home office of the item")},
                                                  {"version", "N", N_("this version instead of the one in force")},
                                                  {NULL, NULL, NULL}};
static const struct option case_new_options[] = {
    {"file", "FORM.json", N_("take the intake from this form instead of asking")},
    {"item", "CODE", N_("code of the item")},
    {"office", "CODE", N_("home office of the item")},
    {"no-forward", NULL, N_("take in only; forward later")},
    {NULL, NULL, NULL}};
#define DESK_OPTIONS                                                                                                   \
    {"window", "NAME", N_("only what was taken in at this window")},                                                   \
    {                                                                                                                  \
        "township", "CODE", N_("only what was taken in at this township (镇街): its nine digits")                      \
    }
static const struct option todo_options[] = {DESK_OPTIONS, {NULL, NULL, NULL}};
static const struct option case_list_options[] = {{"state", "STATE", N_("only cases in this state")},
                                                  {"open", NULL, N_("only cases that are not closed")},
                                                  {"limit", "N", N_("at most this many rows")},
                                                  DESK_OPTIONS,
                                                  {NULL, NULL, NULL}};
static const struct option case_export_options[] = {
    {"format", "json|tsv", N_("form of the file; tsv is the default")},
    {"out", "FILE", N_("write the cases here instead of to standard output; only its owner can read it")},
    {"force", NULL, N_("replace a file that is there")},
    {"list", NULL, N_("instead of named cases those of `case list`, with the three options below")},
    {"state", "STATE", N_("only cases in this state")},
    {"open", NULL, N_("only cases that are not closed")},
    {"limit", "N", N_("at most this many rows")},
    {NULL, NULL, NULL}};
static const struct option case_import_options[] = {
    {"forward", NULL, N_("forward each case to the office that decides; else only take it in")},
    {"dry-run", NULL, N_("only check the rows; nothing is sent")},
    {"result", "FILE", N_("write here what became of each row: line, case number or error")},
    {"force", NULL, N_("replace a result file that is there")},
    {NULL, NULL, NULL}};
static const struct option number_options[] = {
    {"system", "NAME", N_("the line system (条线系统) that knows the case under this number")},
    {"value", "NUMBER", N_("the number there")},
    {"remove", NULL, N_("take this number away again")},
    {NULL, NULL, NULL}};
static const struct option track_options[] = {
    {"watch", NULL, N_("stay and show what happens until the case is closed")},
    {"until", "STATE", N_("with --watch: stop when this state is reached")},
    {NULL, NULL, NULL}};
static const struct option proof_options[] = {
    {"out", "FILE", N_("write the bundle here instead of to standard output")}, {NULL, NULL, NULL}};
static const struct option archive_options[] = {
    {"out", "FILE", N_("the tar to be written; only its owner can read it")},
    {"force", NULL, N_("replace a file that is there")},
    {NULL, NULL, NULL}};
static const struct option form_options[] = {
    {"office", "CODE", N_("home office of the item")},
    {"out", "FILE", N_("write the form here instead of to standard output")},
    {"format", "text|markdown|html", N_("form of the text; text is the default")},
    {NULL, NULL, NULL}};
static const struct option letter_options[] = {
    {"out", "FILE", N_("write the letter here instead of to standard output")},
    {"format", "text|markdown|html", N_("form of the text; text is the default")},
    {NULL, NULL, NULL}};
static const struct option document_options[] = {
    {"out", "FILE", N_("write the document here instead of to standard output")},
    {"format", "text|markdown|html", N_("form of the text; text is the default")},
    {"number", "NUMBER", N_("the one with this number, also a void one, instead of the newest of its kind")},
    {NULL, NULL, NULL}};
static const struct option void_options[] = {
    {"reason", "TEXT", N_("why it is void")},
    {"number", "NUMBER", N_("the one with this number instead of the newest of its kind")},
    {NULL, NULL, NULL}};
static const struct option material_options[] = {
    {"name", "NAME", N_("name of the material as in the item's list")},
    {"form", "original|copy|electronic|form", N_("form in which it was handed in")},
    {"original-seen", NULL, N_("the original was seen and agrees")},
    {"licence", "ID", N_("identifier of the e-licence (GB/T 36904); without FILE the material is the licence alone, named by --name")},
    {NULL, NULL, NULL}};
static const struct option contact_find_options[] = {{"office", "CODE", N_("home office of the item")}, {NULL, NULL, NULL}};
static const struct option calendar_options[] = {
    {"calendar", "FILE", N_("holiday table to use instead of the configured one")}, {NULL, NULL, NULL}};

static const struct option joint_new_options[] = {
    {"file", "FORM.json", N_("take the intake from this form instead of asking")},
    {"item", "CODE", N_("code of the joint item of this office")},
    {"applicant-office", "CODE", N_("office of the legs \"applicant\": where the applicant is registered")},
    {"other-office", "CODE", N_("office of the legs \"other\"")},
    {NULL, NULL, NULL}};
static const struct option joint_list_options[] = {{"open", NULL, N_("only joint cases that are not closed")},
                                                   {"limit", "N", N_("at most this many rows")},
                                                   {NULL, NULL, NULL}};
static const struct option joint_withdraw_options[] = {{"reason", "TEXT", N_("the reason that the applicant gives")},
                                                       {NULL, NULL, NULL}};
static const struct option account_options[] = {
    {"out", "FILE.md", N_("write a Markdown page here instead of showing it")}, {NULL, NULL, NULL}};
#define PERIOD_OPTIONS                                                                                                 \
    {"from", "DATE", N_("first day of the period")}, {"to", "DATE", N_("last day of the period; else today")},         \
        {"quarter", "2026Q4", N_("this quarter")}, {"office", "CODE", N_("only cases with this office")},              \
        {"item", "CODE", N_("only cases of this item")}, DESK_OPTIONS,                                                 \
        {"by", "window|township|staff", N_("of intake: how many each of them took in")}
static const struct option report_options[] = {
    PERIOD_OPTIONS,
    {"csv", NULL, N_("comma-separated values (RFC 4180), UTF-8")},
    {"bom", NULL, N_("CSV with a byte order mark, as spreadsheet programs want it")},
    {"out", "FILE", N_("write it here: .json as JSON, else CSV")},
    {NULL, NULL, NULL}};
static const struct option check_options[] = {PERIOD_OPTIONS, {NULL, NULL, NULL}};

const struct option action_options[] = {{"file", "BODY.json", N_("take the fields from this document")},
                                        {"reason", "TEXT", N_("the reason, where the action has one")},
                                        {"yes", NULL, N_("do not ask for missing fields")},
                                        {NULL, NULL, NULL}};

const struct command commands[] = {
    {"office", NULL, "", 0, 0, NULL, N_("who am I, and how is the link to the other offices"), office_show},
    {"item", "list", "[QUERY]", 0, 1, item_list_options,
     N_("list the items that both sides offer; QUERY is part of a name, initials of its pinyin, a code, a department"), item_list},
    {"item", "show", "CODE", 1, 1, item_show_options, N_("show one item: materials, limits, departments"), item_show},
    {"item", "form", "CODE", 1, 1, form_options, N_("a blank power of attorney for an item, to be filled in and signed"), item_form},
    {"item", "guide", "CODE", 1, 1, item_page_options, N_("write the service guide of an item for applicants, as Markdown"), item_guide_run},
    {"item", "manual", "CODE", 1, 1, item_page_options, N_("write the operation manual of an item for staff, as Markdown"), item_manual_run},
    {"catalogue", "lint", "FILE|DIR…", 1, ARGS_POSITIONAL, catalogue_lint_options, N_("check catalogue files, without a server"), catalogue_lint},
    {"catalogue", "diff", "[OLD] NEW", 1, 2, catalogue_diff_options,
     N_("show what differs between two files or directories, or between what is published and NEW"), catalogue_diff},
    {"catalogue", "import", "TABLE.tsv", 1, 1, catalogue_import_options, N_("make catalogue files from a table, without a server"),
     catalogue_import},
    {"catalogue", "publish", "FILE|DIR…", 1, ARGS_POSITIONAL, catalogue_publish_options,
     N_("publish the items of these files that changed as a new edition"), catalogue_publish},
    {"catalogue", "retire", "CODE", 1, 1, catalogue_retire_options, N_("withdraw an item; open cases keep their version"), catalogue_retire},
    {"catalogue", "history", "[CODE]", 0, 1, catalogue_history_options,
     N_("show the editions of all offices: who published, what changed, who has taken it"), catalogue_history},
    {"case", "new", "", 0, 0, case_new_options, N_("take in an application"), case_new},
    {"case", "list", "[QUERY]", 0, 1, case_list_options,
     N_("list cases, newest first; QUERY is a case number, a whole name, a whole certificate number or the number of a line "
        "system"), case_list},
    {"case", "show", "NO", 1, 1, NULL, N_("show a case whole (this view is recorded)"), case_show},
    {"case", "export", "[NO…]", 0, ARGS_POSITIONAL, case_export_options,
     N_("write cases to a file for a line system: JSON or TSV (each case is recorded as a view)"), case_export_run},
    {"case", "import", "FILE", 1, 1, case_import_options,
     N_("take in the cases of a file, JSON or TSV; the same file again doubles nothing"), case_import_run},
    {"case", "number", "NO", 1, 1, number_options, N_("note the number under which a line system knows a case; only at this office"),
     case_number},
    {"case", "track", "NO", 1, 1, track_options, N_("show what happened to a case, step by step"), case_track},
    {"case", "clocks", "NO", 1, 1, NULL, N_("show the limits of a case, their lights, and who took how long"),
     case_clocks_show},
    {"case", "proof", "NO", 1, 1, proof_options, N_("fetch the proof bundle for tongban-verify case"), case_proof},
    {"case", "archive", "NO", 1, 1, archive_options,
     N_("write a case with its materials, proof and manifest into one tar for the archives (recorded as a view)"), case_archive},
    {"case", "steps", "NO", 1, 1, NULL, N_("the delegated steps of a case: asked for, done, with their evidence"), case_steps},
    {"case", "originals", "NO", 1, 1, NULL, N_("where the originals of a case are, and whether the count balances"), case_originals},
    {"contact", "find", "CODE", 1, 1, contact_find_options, N_("whom to ring about an item today: officer, liaison, window, office"),
     contact_find},
    {"authorisation", "letter", "NO", 1, 1, letter_options, N_("the letter of an authorisation, to be signed by both offices and announced"),
     authorisation_letter},
    {"case", "documents", "NO", 1, 1, NULL, N_("list the written documents of a case: numbers, prints, what is void"), case_documents},
    {"case", "document", "NO KIND", 2, 2, document_options, N_("print a written document (each print is recorded)"), case_document},
    {"case", "void-document", "NO KIND", 2, 2, void_options, N_("declare a written document void; the next print takes a new number"),
     case_void_document},
    {"joint", "new", "", 0, 0, joint_new_options, N_("take in one application for several legs, here and at other offices"), joint_new},
    {"joint", "list", "[QUERY]", 0, 1, joint_list_options,
     N_("list joint cases, newest first; QUERY is a number, a whole name or a whole certificate number"), joint_list},
    {"joint", "show", "NO", 1, 1, NULL, N_("show where a joint case stands: its legs as a tree"), joint_show},
    {"joint", "withdraw", "NO", 1, 1, joint_withdraw_options, N_("take a joint case back: every leg that is not decided"), joint_withdraw},
    {"case", "accountability", "NO", 1, 1, account_options,
     N_("who did what on a case, when, under which authorisation, and what was not as the law wants it"), case_accountability},
    {"report", "list", "", 0, 0, NULL, N_("the registers and figures that there are"), figures_list},
    {"report", "check", "NAME", 1, 1, check_options, N_("compute a report again from the ledger's entries and compare"), figures_check},
    {"report", NULL, "NAME", 1, 1, report_options, N_("show a register or figures: intake, mail, overdue, meeting and more"),
     figures_show},
    {"material", "add", "NO [FILE…]", 1, ARGS_POSITIONAL, material_options, N_("upload scans, or note an e-licence, and add them to a case"),
     material_add},
    {"result", "check", "NUMBER", 1, 1, NULL,
     N_("whether a document or licence is known here and in force: its number, or the text of its QR code"), result_check},
    {"progress", NULL, "CASE [CODE]", 1, 2, NULL, N_("where a case stands, for the applicant: number and query code, or the text of the QR code"),
     progress_show},
    {"todo", NULL, "", 0, 0, todo_options, N_("what waits for this office"), todo_list},
    {"code", "check", "KIND VALUE", 2, 2, NULL,
     N_("check a number offline: citizen-id, uscc, licence-id, case-no, tracking"), code_run},
    {"calendar", "add", "DATE N", 2, 2, calendar_options, N_("the date N working days after DATE"), calendar_run},
    {"help", NULL, "[COMMAND]", 0, 2, NULL, N_("explain the commands"), help_run},
    {NULL, NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const struct command *command_find(int argc, char *const *argv, int *used)
{
    for (const struct command *c = commands; argc > 0 && c->group; c++) {
        if (strcmp(c->group, argv[0]) != 0)
            continue;
        if (!c->verb) {
            *used = 1;
            return c;
        }
        if (argc > 1 && !strcmp(c->verb, argv[1])) {
            *used = 2;
            return c;
        }
    }
    return NULL;
}

/* Rows that a person at a window or a desk may carry out and that are not commands of their own. */
static bool is_action(size_t row)
{
    const struct case_transition *t = &case_transitions[row];
    return (t->roles & (unsigned)(CASE_ROLE_WINDOW | CASE_ROLE_HANDLER)) && t->from != CASE_FROM(NONE) &&
           strcmp(t->action, "material") != 0;
}

const struct case_transition *action_at(size_t n)
{
    for (size_t i = 0; i < case_transition_count; i++) {
        bool first = is_action(i);
        for (size_t k = 0; k < i && first; k++)
            first = !is_action(k) || strcmp(case_transitions[k].action, case_transitions[i].action) != 0;
        if (first && n-- == 0)
            return &case_transitions[i];
    }
    return NULL;
}

const struct case_transition *action_find(const char *name)
{
    const struct case_transition *action;
    for (size_t n = 0; (action = action_at(n)); n++)
        if (!strcmp(action->action, name))
            return action;
    return NULL;
}

const struct case_field *action_fields(const struct case_transition *action)
{
    /* forwarding sends what was taken in; the office puts it together */
    return action->entry == ENTRY_CASE_SUBMITTED ? NULL : case_fields(action->entry);
}
