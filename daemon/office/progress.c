/* What an applicant is told who has the case number and its query code: nothing about a person, and nothing at all without both. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/metrics.h"
#include "daemon/office/office_internal.h"
#include "proto/progress.h"

/* The same work whatever differs. */
static bool same_code(const char right[QUERY_CODE_TEXT], const char *given)
{
    char padded[QUERY_CODE_TEXT] = "";
    size_t len = strlen(given);
    unsigned differs = len != QUERY_CODE_LEN;
    memcpy(padded, given, len < QUERY_CODE_LEN ? len : QUERY_CODE_LEN);
    for (size_t i = 0; i < QUERY_CODE_LEN; i++)
        differs |= (unsigned)(toupper((unsigned char)padded[i]) ^ right[i]);
    return !differs;
}

int case_find_by_code(struct store_db *db, struct office_question *q, struct case_row *row)
{
    struct case_row nobody = {.id = 0};
    char code[QUERY_CODE_TEXT];
    int rc = case_get(db, q->case_no, row);
    bool known = !rc;
    if (rc && rc != TB_ENOTFOUND)
        return rc;
    rc = case_query_code(q->office, known ? row : &nobody, code);
    bool right = !rc && same_code(code, q->item_code) && known;
    if (right)
        return 0;
    if (known)
        case_row_clear(row);
    metric_add(METRIC_PROGRESS_WRONG, !rc);
    return rc ? rc : problem_set(&q->problem, PROBLEM_NOT_FOUND, NULL, "there is no case with this number and this query code");
}

/* Days that the applicant can count on: the limits of law and promise that run, not the halls' own steps. */
static int promised_dates(struct store_db *db, const struct office *office, const struct case_row *row, json_t **out)
{
    json_t *clocks = NULL, *clock;
    size_t i;
    int rc = case_clocks(db, office, row, store_now(db), &clocks);
    json_t *dates = rc ? NULL : json_array();
    json_array_foreach(json_object_get(clocks, "clocks"), i, clock)
    {
        if (json_is_true(json_object_get(clock, "step")) || json_is_string(json_object_get(clock, "ended")) ||
            !json_is_string(json_object_get(clock, "due")))
            continue;
        json_t *date = json_pack("{s:O, s:O, s:O, s:O}", "name", json_object_get(clock, "name"), "due", json_object_get(clock, "due"),
                                 "provisional", json_object_get(clock, "provisional"), "stopped", json_object_get(clock, "stopped"));
        if (!rc && json_array_append_new(dates, date))
            rc = TB_ENOMEM;
    }
    json_decref(clocks);
    *out = dates;
    return rc ? rc : dates ? 0 : TB_ENOMEM;
}

static const char *name_of(const struct office *office, const char *code)
{
    const struct office_peer *peer = office_peer(office, code);
    return !strcmp(office->code, code) ? office->name : peer ? peer->name : code;
}

int ask_progress(struct store_db *db, struct office_question *q)
{
    struct case_row row;
    json_t *dates = NULL;
    int rc = case_find_by_code(db, q, &row);
    if (rc)
        return rc;
    rc = promised_dates(db, q->office, &row, &dates);
    const struct progress_row *said = &progress_rows[row.local_state];
    const char *actor = said->turn == TURN_HOME ? row.home : said->turn == TURN_INTAKE ? row.intake : "";
    if (!rc)
        q->answer = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:O}", "case", row.case_no, "state", case_states[row.local_state].name,
                              "text", said->zh, "turn", progress_turns[said->turn], "office", actor[0] ? name_of(q->office, actor) : "", "bring",
                              (int)said->bring, "dates", dates);
    json_decref(dates);
    case_row_clear(&row);
    metric_add(METRIC_PROGRESS_ASKED, !rc);
    return rc ? rc : q->answer ? 0 : TB_ENOMEM;
}
