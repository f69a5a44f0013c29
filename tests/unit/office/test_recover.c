/* An older disk is put back under an office, at random moments of random work: what its counterpart has makes it what it was. */
#include "recovering.h"

#include "daemon/base/log.h"
#include "proto/timestamp.h"

enum { SEEDS = 24, STEPS = 90, CASES = 40, OBJECTS = 80 };

struct run {
    struct halls h;
    uint64_t random;
    char cases[CASES][CASE_NO_TEXT], objects[OBJECTS][REGISTER_NO_TEXT];
    const char *kinds[OBJECTS];
    size_t case_count, object_count;
};

static size_t dice(struct run *r, size_t sides)
{
    r->random = r->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (size_t)((r->random >> 33) % sides);
}

/* ---- random work; what the rules refuse is no matter here ---- */

static const struct {
    int hall;
    const char *role, *action, *body;
} acts[] = {
    {HOME, "handler", "accept", "{}"},
    {HOME, "handler", "notice", NOTICE("2026-12-31")},
    {HOME, "handler", "grant", "{}"},
    {HOME, "handler", "deny", "{'reason':'不符','legal_basis':'行政许可法38'}"},
    {HOME, "handler", "refuse", REFUSAL},
    {HOME, "handler", "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-12-30'}"},
    {HOME, "handler", "special", "{'kind':'hearing','basis':'行政许可法46','days':4,'unit':'working_day'}"},
    {HOME, "handler", "resume", "{'result':'听证笔录'}"},
    {HOME, "handler", "review", "{'kind':'substantive_review','officers':[{'name':'甲'},{'name':'乙'}]}"},
    {HOME, "handler", "return", "{'reason_class':'DUPLICATE','reason':'重复','agreed':true}"},
    {HOME, "handler", "request-delivery", "{'place':'intake','documents':[{'name':'证'}]}"},
    {HOME, "handler", "complete", "{}"},
    {INTAKE, "window", "supplement", SUPPLEMENT},
    {INTAKE, "window", "withdraw", "{'reason':'不办了'}"},
    {INTAKE, "window", "deliver",
     "{'way':'direct','received_at':'2026-11-23T10:00:00+08:00','recipient':'张三','server':'顾','documents':[{'name':'证'}]}"},
};

static void keep_object(struct run *r, const char *kind, const char *no)
{
    if (r->object_count == OBJECTS)
        return;
    r->kinds[r->object_count] = kind;
    memcpy(r->objects[r->object_count++], no, REGISTER_NO_TEXT);
}

static void on_register(struct run *r)
{
    char body[512], no[REGISTER_NO_TEXT];
    const char *about = r->cases[dice(r, r->case_count)];
    int hall = (int)dice(r, HALLS);
    const char *role = hall == HOME ? "handler" : "window";
    switch (dice(r, 5)) {
    case 0:
        (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'请核对'}}", about);
        if (!halls_register(&r->h, hall, role, "note", NULL, "write", body, no))
            keep_object(r, "note", no);
        break;
    case 1:
        (void)snprintf(body, sizeof body, "{'case':'%s','data':{'documents':[{'name':'户口簿','originals':%d}]}}", about, 2);
        if (!halls_register(&r->h, INTAKE, "window", "transfer", NULL, "keep", body, no))
            keep_object(r, "transfer", no);
        break;
    case 2:
        (void)snprintf(body, sizeof body,
                       "{'case':'%s','data':{'documents':[{'name':'户口簿','originals':1}],'bag':'F1','packed_by':'顾'}}", about);
        if (!halls_register(&r->h, INTAKE, "window", "transfer", NULL, "pack", body, no))
            keep_object(r, "transfer", no);
        break;
    case 3:
        if (!halls_register(&r->h, HOME, "handler", "authorisation", NULL, "offer",
                            "{'data':{'from':'2026-01-01','until':'2027-11-25','announcement':'桐政办发〔2026〕1号','items':'*',"
                            "'steps':'INOPD','open_cases':'finish'}}", no))
            keep_object(r, "authorisation", no);
        break;
    default:
        if (r->object_count) {
            size_t which = dice(r, r->object_count);
            const char *kind = r->kinds[which];
            const char *act = !strcmp(kind, "note") ? "add" : !strcmp(kind, "transfer") ? "send" : "accept";
            const char *data = !strcmp(kind, "note")       ? "{'data':{'text':'好'}}"
                               : !strcmp(kind, "transfer") ? "{'data':{'carrier':'EMS','tracking_no':'EE123456785CN'}}"
                                                           : "{}";
            (void)halls_register(&r->h, hall, hall == INTAKE && !strcmp(kind, "authorisation") ? "handler" : role, kind, r->objects[which],
                                 act, data, NULL);
        }
    }
}

static void one_step(struct run *r)
{
    static const char *const items[] = {"X1", "X2", "X3", "X4", "X5", "X6"};
    r->h.now += (int64_t)(dice(r, 30) + 1) * 60 * 1000;
    size_t what = dice(r, 20);
    if (!r->case_count || (what < 4 && r->case_count < CASES)) {
        halls_intake(&r->h, items[dice(r, 6)], r->cases[r->case_count++]);
    } else if (what < 12) {
        size_t n = dice(r, sizeof acts / sizeof acts[0]);
        (void)halls_act(&r->h, acts[n].hall, acts[n].role, r->cases[dice(r, r->case_count)], acts[n].action, acts[n].body);
    } else if (what < 15) {
        on_register(r);
    } else if (what < 18) {
        halls_send(&r->h, (int)dice(r, HALLS));
    } else if (what < 19) {
        halls_exchange(&r->h);
    } else {
        r->h.now += (int64_t)dice(r, 4) * 24 * 3600 * 1000;
        halls_tick(&r->h, (int)dice(r, HALLS), NULL);
    }
}

/* ---- what an office knows ---- */

static json_t *tell_case(struct run *r, int hall, const char *no)
{
    struct case_row row = halls_row(&r->h, hall, no);
    json_t *times = json_array(), *timeline = halls_ask(&r->h, hall, ASK_TIMELINE, no);
    for (int i = 0; i < CASE_TIMES; i++)
        (void)json_array_append_new(times, json_integer(row.times[i]));
    json_t *doc = json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:i, s:o, s:I, s:I, s:I, s:s, s:o}", "case", no, "state", (int)row.state,
                            "local", (int)row.local_state, "pending", (json_int_t)row.pending, "rev", (json_int_t)row.rev, "noticed",
                            (json_int_t)row.noticed, "shifted", (json_int_t)row.shifted, "todo", (int)row.todo, "times", times, "due",
                            (json_int_t)row.due_day, "clock", (json_int_t)row.due_clock, "rule", (json_int_t)row.rule, "applicant",
                            row.applicant, "timeline", timeline);
    case_row_clear(&row);
    assert_non_null(doc);
    return doc;
}

static json_t *tell_object(struct run *r, int hall, const char *no)
{
    struct object_row row = halls_object(&r->h, hall, no);
    json_t *doc = json_pack("{s:s, s:i, s:i, s:I, s:I, s:b, s:b, s:I, s:s, s:s}", "no", no, "state", row.state, "local", row.local_state,
                            "pending", (json_int_t)row.pending, "rev", (json_int_t)row.rev, "open", (int)row.open, "turn", (int)row.turn, "due",
                            (json_int_t)row.due_day, "owner", row.owner, "doc", row.doc);
    object_row_clear(&row);
    assert_non_null(doc);
    return doc;
}

static json_t *tell(struct run *r, int hall)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->case_count; i++)
        (void)json_array_append_new(all, tell_case(r, hall, r->cases[i]));
    for (size_t i = 0; i < r->object_count; i++)
        (void)json_array_append_new(all, tell_object(r, hall, r->objects[i]));
    return all;
}

static void assert_same(const json_t *was, const json_t *is, const char *what, unsigned seed)
{
    assert_int_equal(json_array_size(was), json_array_size(is));
    for (size_t i = 0; i < json_array_size(was); i++)
        if (!json_equal(json_array_get(was, i), json_array_get(is, i))) {
            char *left = json_dumps(json_array_get(was, i), JSON_COMPACT | JSON_SORT_KEYS),
                 *right = json_dumps(json_array_get(is, i), JSON_COMPACT | JSON_SORT_KEYS);
            fail_msg("seed %u, %s:\n%s\n%s", seed, what, left, right);
        }
}

static struct recover_sum recover(struct run *r, int victim, bool spoil)
{
    struct office_recovery rec;
    recovering_ask(&r->h, victim, &rec);
    struct recover_sum sum = rec.sum;
    if (rec.standing == RECOVER_BEHIND) {
        bool spoiled = spoil && rec.peers[0].entry_count;
        if (spoiled)
            rec.peers[0].entries[rec.peers[0].entry_count / 2].line[40] ^= 1;
        int rc = recovering_apply(&r->h, victim, &rec);
        if (spoiled) {
            assert_true(rc < 0);
            assert_non_null(strstr(rec.problem.detail, rec.peers[0].peer->code)); /* who is to be asked */
        } else if (rc)
            fail_msg("%d %s", rc, rec.problem.detail);
        sum = rec.sum;
    }
    office_recovery_clear(&rec);
    return sum;
}

/* ---- the tests ---- */

static int refuse_entry(struct store_db *db, void *context)
{
    struct entry entry = {.type = ENTRY_OFFICE_STARTED, .body = json_object()};
    (void)context;
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc;
}

static void begin(struct run *r, unsigned seed)
{
    memset(r, 0, sizeof *r);
    r->random = seed;
    halls_make(&r->h, halls_items, true, "2026-11-23 09:00");
}

static void test_what_was_delivered_is_there_again(void **state)
{
    (void)state;
    struct run *r = malloc(sizeof *r);
    assert_non_null(r);
    uint64_t taken = 0, theirs = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        begin(r, seed);
        int victim = (int)(seed % HALLS);
        for (size_t i = dice(r, STEPS); i; i--)
            one_step(r);
        recovering_copy(&r->h, victim);
        for (size_t i = dice(r, STEPS); i; i--)
            one_step(r);
        halls_exchange(&r->h);
        json_t *was[HALLS] = {tell(r, 0), tell(r, 1)};
        recovering_put_back(&r->h, victim);
        struct recover_sum sum = recover(r, victim, false);
        assert_int_equal(sum.unapplied, 0);
        assert_int_equal(sum.differing, 0);
        taken += sum.messages;
        theirs += sum.theirs;
        halls_exchange(&r->h);
        json_t *is[HALLS] = {tell(r, 0), tell(r, 1)};
        assert_same(was[victim], is[victim], "restored", seed);
        assert_same(was[1 - victim], is[1 - victim], "witness", seed);
        /* it goes on, and a second time from the same copy */
        for (size_t i = 0; i < 20; i++)
            one_step(r);
        halls_exchange(&r->h);
        halls_restart(&r->h, victim);
        for (int i = 0; i < HALLS; i++) {
            json_decref(was[i]);
            json_decref(is[i]);
            was[i] = tell(r, i);
        }
        recovering_put_back(&r->h, victim);
        (void)recover(r, victim, false);
        halls_exchange(&r->h);
        is[victim] = tell(r, victim);
        assert_same(was[victim], is[victim], "restored twice", seed);
        json_decref(is[victim]);
        json_decref(was[0]);
        json_decref(was[1]);
        assert_int_equal(r->h.hall[0].told.count + r->h.hall[1].told.count, 0);
        halls_drop(&r->h);
    }
    recovering_forget();
    free(r);
    assert_true(taken > 100 && theirs > 100); /* else nothing was tried */
}

static void test_nothing_is_believed(void **state)
{
    (void)state;
    struct run *r = malloc(sizeof *r);
    assert_non_null(r);
    begin(r, 5);
    recovering_copy(&r->h, INTAKE);
    for (size_t i = 0; i < STEPS; i++)
        one_step(r);
    halls_exchange(&r->h);
    recovering_put_back(&r->h, INTAKE);
    uint64_t size = store_ledger_size(store_sync_view(r->h.hall[INTAKE].store));
    /* closed, nothing is appended; one changed byte, and nothing is taken */
    store_close_ledger(r->h.hall[INTAKE].store, true);
    assert_int_equal(halls_run(&r->h, INTAKE, refuse_entry, NULL), TB_EBEHIND);
    (void)recover(r, INTAKE, true);
    assert_int_equal(store_ledger_size(store_sync_view(r->h.hall[INTAKE].store)), size);
    (void)recover(r, INTAKE, false);
    assert_true(store_ledger_size(store_sync_view(r->h.hall[INTAKE].store)) > size);
    store_close_ledger(r->h.hall[INTAKE].store, false);
    halls_exchange(&r->h);
    halls_drop(&r->h);
    recovering_forget();
    free(r);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_delivered_is_there_again),
        cmocka_unit_test(test_nothing_is_believed),
    };
    return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
