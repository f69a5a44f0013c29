/* An older disk is put back, and what the counterpart has is not in order: a later thing crossed, an earlier one did not. */
#include "recovering.h"

#include "daemon/base/log.h"

static struct halls h;

static int make(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    halls_make(&h, halls_items, true, "2026-11-23 09:00");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    halls_drop(&h);
    recovering_forget();
    return 0;
}

/* An entry that stays in the office, and is lost with the disk. */
static int write_own(struct store_db *db, void *context)
{
    struct entry entry = {.type = ENTRY_OFFICE_STARTED, .body = json_object()};
    (void)context;
    int rc = store_append(db, &entry, NULL, NULL);
    entry_clear(&entry);
    return rc;
}

static struct recover_sum recover(int victim, char (*lacking)[CASE_NO_TEXT])
{
    struct office_recovery r;
    recovering_put_back(&h, victim);
    recovering_ask(&h, victim, &r);
    assert_int_equal(r.standing, RECOVER_BEHIND);
    if (recovering_apply(&h, victim, &r))
        fail_msg("%s", r.problem.detail);
    struct recover_sum sum = r.sum;
    assert_int_equal(sum.unapplied, 0);
    assert_int_equal(sum.differing, 0);
    assert_int_equal(r.lacking_count, lacking ? 1 : 0);
    if (lacking)
        memcpy(*lacking, r.lacking[0], sizeof *lacking);
    office_recovery_clear(&r);
    return sum;
}

/* ---- afterwards ---- */

/* What the rows say is what the entries say, and every entry is known. */
static void assert_reports(int hall)
{
    for (size_t i = 0; i < report_count; i++) {
        struct office_report page;
        office_report_init(&page, h.hall[hall].office, &reports[i]);
        page.verify = true;
        OK(page.query.run(store_sync_view(h.hall[hall].store), &page.query));
        const json_t *one = json_array_get(json_object_get(page.answer, "differences"), 0);
        char *text = one ? json_dumps(one, JSON_COMPACT) : NULL;
        if (text)
            fail_msg("office %d, %s: %s", hall, reports[i].name, text);
        office_report_clear(&page);
    }
}

static json_t *shared_timeline(int hall, const char *no)
{
    json_t *doc = halls_ask(&h, hall, ASK_TIMELINE, no), *rows = json_array(), *row;
    size_t i;
    json_array_foreach(json_object_get(doc, "rows"), i, row)
        if (json_integer_value(json_object_get(row, "rev")) > 0)
            (void)json_array_append(rows, row);
    json_decref(doc);
    return rows;
}

static void assert_alike(const char *no, enum case_state state)
{
    json_t *home = shared_timeline(HOME, no), *intake = shared_timeline(INTAKE, no);
    if (!json_equal(home, intake)) {
        char *left = json_dumps(home, JSON_COMPACT | JSON_SORT_KEYS), *right = json_dumps(intake, JSON_COMPACT | JSON_SORT_KEYS);
        fail_msg("%s:\n%s\n%s", no, left, right);
    }
    json_decref(home);
    json_decref(intake);
    for (int hall = 0; hall < HALLS; hall++) {
        struct case_row row = halls_row(&h, hall, no);
        assert_int_equal(row.state, state);
        assert_int_equal(row.pending, 0);
        case_row_clear(&row);
        assert_reports(hall);
    }
}

/* No revision is left out, where no act is lost. */
static void assert_counted(const char *no)
{
    json_t *rows = shared_timeline(HOME, no), *row;
    size_t i;
    json_array_foreach(rows, i, row) assert_int_equal(json_integer_value(json_object_get(row, "rev")), i + 1);
    json_decref(rows);
}

/* The copy has one case, received at both sides. */
static void copy_with_case(char no[CASE_NO_TEXT], int victim)
{
    halls_intake(&h, "X1", no);
    halls_exchange(&h);
    recovering_copy(&h, victim);
}

/* ---- what nobody can prove any more ---- */

/* In the copy an application waits; what stands beside it is lost, and the other side has seen the ledger with both. */
static void leave_waiting(char first[CASE_NO_TEXT], char waiting[CASE_NO_TEXT])
{
    halls_intake(&h, "X1", first);
    halls_exchange(&h);
    halls_intake(&h, "X1", waiting);
    recovering_copy(&h, INTAKE);
    OK(halls_run(&h, INTAKE, write_own, NULL));
    OK(halls_act(&h, HOME, "handler", first, "accept", "{}"));
    halls_send(&h, HOME); /* its answer shows the checkpoint */
}

/* The same of a receipt at the home side that did not arrive. */
static void leave_receipt(char first[CASE_NO_TEXT], char second[CASE_NO_TEXT])
{
    halls_intake(&h, "X1", first);
    halls_exchange(&h);
    halls_intake(&h, "X1", second);
    halls_send_part(&h, INTAKE, 64, false);
    recovering_copy(&h, HOME);
    OK(halls_run(&h, HOME, write_own, NULL));
    halls_send_part(&h, HOME, 1, true); /* the last checkpoint that the other side sees */
}

static void test_a_message_that_nobody_took_in_is_written_again(void **state)
{
    char first[CASE_NO_TEXT], waiting[CASE_NO_TEXT];
    (void)state;
    leave_waiting(first, waiting);
    struct recover_sum sum = recover(INTAKE, NULL);
    assert_int_equal(sum.repeated, 1);
    halls_exchange(&h);
    assert_alike(waiting, CASE_RECEIVED);
    assert_alike(first, CASE_ACCEPTED);
    /* it stays so, and can be proved */
    halls_restart(&h, INTAKE);
    OK(halls_act(&h, HOME, "handler", waiting, "accept", "{}"));
    halls_exchange(&h);
    assert_alike(waiting, CASE_ACCEPTED);
    json_decref(halls_ask(&h, INTAKE, ASK_BUNDLE, waiting));
}

static void test_a_receipt_that_did_not_arrive_is_written_again(void **state)
{
    char first[CASE_NO_TEXT], second[CASE_NO_TEXT];
    (void)state;
    leave_receipt(first, second);
    assert_true(recover(HOME, NULL).repeated > 0);
    halls_exchange(&h);
    assert_alike(second, CASE_RECEIVED);
}

/* The copy was put back, what had no proof was written again and crossed; then the same copy is put back once more. */
static void test_what_was_written_again_comes_back_in_its_place(void **state)
{
    char first[CASE_NO_TEXT], waiting[CASE_NO_TEXT];
    (void)state;
    leave_waiting(first, waiting);
    assert_int_equal(recover(INTAKE, NULL).repeated, 1);
    halls_exchange(&h);
    OK(halls_act(&h, HOME, "handler", waiting, "accept", "{}"));
    halls_exchange(&h);
    for (int i = 0; i < 2; i++) { /* it may be lost as often as it likes */
        (void)recover(INTAKE, NULL);
        halls_exchange(&h);
        assert_alike(waiting, CASE_ACCEPTED);
        assert_alike(first, CASE_ACCEPTED);
        halls_restart(&h, INTAKE);
        json_decref(halls_ask(&h, INTAKE, ASK_BUNDLE, waiting));
    }
}

/* The same at the other side, with a receipt. */
static void test_a_receipt_that_was_written_again_comes_back_in_its_place(void **state)
{
    char first[CASE_NO_TEXT], second[CASE_NO_TEXT];
    (void)state;
    leave_receipt(first, second);
    assert_true(recover(HOME, NULL).repeated > 0);
    halls_exchange(&h);
    for (int i = 0; i < 2; i++) {
        (void)recover(HOME, NULL);
        halls_exchange(&h);
        assert_alike(second, CASE_RECEIVED);
        halls_restart(&h, HOME);
        json_decref(halls_ask(&h, HOME, ASK_BUNDLE, second));
    }
}

/* ---- what came before is lost, or did not arrive ---- */

static void write_note(const char *no)
{
    char body[256], note[REGISTER_NO_TEXT];
    (void)snprintf(body, sizeof body, "{'case':'%s','data':{'text':'请核对'}}", no);
    OK(halls_register(&h, INTAKE, "window", "note", NULL, "write", body, note));
}

/* The acceptance is lost; the receipts of what came after it count it. */
static void lose_acceptance(bool note, bool withdraw)
{
    char no[CASE_NO_TEXT], lacking[CASE_NO_TEXT];
    copy_with_case(no, HOME);
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    if (note)
        write_note(no);
    if (withdraw)
        OK(halls_act(&h, INTAKE, "window", no, "withdraw", "{'reason':'不办了'}"));
    halls_send(&h, INTAKE);
    struct case_row then = halls_row(&h, HOME, no);
    (void)recover(HOME, &lacking);
    assert_string_equal(lacking, no);
    struct case_row now = halls_row(&h, HOME, no);
    assert_int_equal(now.rev, then.rev);
    case_row_clear(&now);
    case_row_clear(&then);
    if (!withdraw)
        OK(halls_act(&h, HOME, "handler", no, "accept", "{}")); /* as the recovery says */
    halls_exchange(&h);
    assert_alike(no, withdraw ? CASE_WITHDRAWN : CASE_ACCEPTED);
}

static void test_revisions_are_what_the_receipt_said(void **state)
{
    (void)state;
    lose_acceptance(false, true);
}

static void test_revisions_of_acts_are_what_the_receipt_said(void **state)
{
    (void)state;
    lose_acceptance(true, false);
}

static void test_an_act_comes_after_what_its_revision_counts(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    copy_with_case(no, HOME);
    write_note(no);
    halls_send_part(&h, INTAKE, 64, false);
    OK(halls_act(&h, HOME, "handler", no, "accept", "{}"));
    halls_send(&h, HOME);
    (void)recover(HOME, NULL);
    halls_exchange(&h);
    assert_alike(no, CASE_ACCEPTED);
    assert_counted(no);
}

static void test_what_follows_crossed_without_the_receipt(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    recovering_copy(&h, HOME);
    halls_intake(&h, "X1", no);
    halls_send_part(&h, INTAKE, 64, false);
    halls_send(&h, HOME); /* case.received */
    struct recover_sum sum = recover(HOME, NULL);
    assert_int_equal(sum.theirs, 1);
    halls_exchange(&h);
    assert_alike(no, CASE_RECEIVED);
}

static void test_an_act_that_rests_on_a_message_without_receipt(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    copy_with_case(no, INTAKE);
    OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2026-12-31")));
    halls_send_part(&h, HOME, 64, false);
    OK(halls_act(&h, INTAKE, "window", no, "supplement", SUPPLEMENT));
    halls_send(&h, INTAKE);
    (void)recover(INTAKE, NULL);
    halls_exchange(&h);
    assert_alike(no, CASE_SUPPLEMENTED);
}

/* ---- what follows is lost ---- */

static void test_an_application_without_its_receipt_at_home_is_received(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    recovering_copy(&h, HOME);
    halls_intake(&h, "X1", no);
    halls_send(&h, INTAKE); /* the receipt crosses, case.received does not */
    (void)recover(HOME, NULL);
    halls_exchange(&h);
    assert_alike(no, CASE_RECEIVED);
}

static size_t open_steps(int hall, const char *no)
{
    struct case_row row = halls_row(&h, hall, no);
    struct object_filter filter = {.kind = REGISTER_STEP, .case_id = row.id, .open_only = true, .limit = LIMIT_LIST_PAGE};
    struct object_row *rows = NULL;
    size_t count = 0, steps = 0;
    OK(object_list(store_sync_view(h.hall[hall].store), &filter, &rows, &count, &filter.cursor));
    for (size_t i = 0; i < count; i++)
        steps += rows[i].kind == REGISTER_STEP;
    object_rows_free(rows, count);
    case_row_clear(&row);
    return steps;
}

static void test_what_was_asked_of_the_delegate_is_asked_again(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    copy_with_case(no, HOME);
    OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2026-12-31")));
    assert_int_equal(open_steps(HOME, no), 1);
    halls_send_part(&h, HOME, 1, true); /* the notice crosses, the request to hand it over does not */
    assert_int_equal(open_steps(INTAKE, no), 0);
    (void)recover(HOME, NULL);
    assert_int_equal(open_steps(HOME, no), 1);
    halls_exchange(&h);
    assert_int_equal(open_steps(INTAKE, no), 1);
    assert_alike(no, CASE_SUPPLEMENT_ASKED);
}

static void test_what_was_asked_and_crossed_is_not_asked_twice(void **state)
{
    char no[CASE_NO_TEXT];
    (void)state;
    copy_with_case(no, HOME);
    OK(halls_act(&h, HOME, "handler", no, "notice", NOTICE("2026-12-31")));
    halls_send(&h, HOME);
    (void)recover(HOME, NULL);
    halls_exchange(&h);
    assert_int_equal(open_steps(HOME, no), 1);
    assert_int_equal(open_steps(INTAKE, no), 1);
}

/* ---- a counterpart that lies ---- */

/* Behind at the intake side, with three applications that crossed. */
static void fall_behind(char no[3][CASE_NO_TEXT], struct office_recovery *r)
{
    recovering_copy(&h, INTAKE);
    for (int i = 0; i < 3; i++)
        halls_intake(&h, "X1", no[i]);
    halls_exchange(&h);
    recovering_put_back(&h, INTAKE);
    recovering_ask(&h, INTAKE, r);
    assert_int_equal(r->standing, RECOVER_BEHIND);
    assert_true(r->peers[0].entry_count > 3);
}

static void test_a_place_outside_its_own_ledger_is_not_believed(void **state)
{
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    (void)state;
    fall_behind(no, &r);
    r.peers[0].entries[1].size = 1; /* nothing of that size is verified: it is here */
    assert_int_equal(recovering_apply(&h, INTAKE, &r), TB_EBEHIND);
    assert_non_null(strstr(r.problem.detail, r.peers[0].peer->code));
    office_recovery_clear(&r);
}

static void test_what_is_not_believed_is_passed_over(void **state)
{
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    struct case_row row;
    (void)state;
    fall_behind(no, &r);
    r.peers[0].entries[1].line[60] ^= 1; /* the second application */
    assert_int_equal(recovering_apply(&h, INTAKE, &r), TB_EBEHIND);
    office_recovery_clear(&r);
    recovering_ask(&h, INTAKE, &r);
    r.peers[0].entries[1].line[60] ^= 1;
    r.peers[0].without = true;
    OK(recovering_apply(&h, INTAKE, &r));
    assert_int_equal(r.sum.refused, 1);
    office_recovery_clear(&r);
    row = halls_row(&h, INTAKE, no[0]);
    case_row_clear(&row);
    assert_int_equal(case_get(store_sync_view(h.hall[INTAKE].store), no[1], &row), TB_ENOTFOUND);
}

static void test_an_entry_that_comes_twice_is_one(void **state)
{
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    (void)state;
    fall_behind(no, &r);
    struct recover_entry *last = &r.peers[0].entries[r.peers[0].entry_count - 1];
    struct recover_entry *one = &r.peers[0].entries[0];
    free(last->line);
    free(last->path);
    *last = *one;
    last->line = strdup(one->line);
    last->path = malloc((one->path_count + 1) * sizeof *one->path);
    assert_non_null(last->path);
    memcpy(last->path, one->path, one->path_count * sizeof *one->path);
    OK(recovering_apply(&h, INTAKE, &r));
    office_recovery_clear(&r);
}

/* Our signature says that it has seen more than it admits: whoever goes on before that contradicts himself. */
static void test_nobody_goes_on_before_what_was_signed(void **state)
{
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    (void)state;
    recovering_copy(&h, INTAKE);
    halls_intake(&h, "X1", no[0]);
    halls_exchange(&h);
    halls_intake(&h, "X1", no[1]);
    halls_exchange(&h);
    recovering_put_back(&h, INTAKE);
    for (int which = 0; which < 3; which++) {
        recovering_ask(&h, INTAKE, &r);
        assert_int_equal(r.standing, RECOVER_BEHIND);
        struct recover_peer *peer = &r.peers[0];
        assert_true(peer->checkpoint_count > 1);
        peer->without = which == 2;
        peer->size = peer->checkpoints[0].size;
        if (which) { /* keeps the rest back */
            while (peer->checkpoint_count > 1) {
                struct recover_checkpoint *last = &peer->checkpoints[--peer->checkpoint_count];
                free(last->note);
                free(last->frontier);
            }
            while (peer->entry_count) {
                free(peer->entries[--peer->entry_count].line);
                free(peer->entries[peer->entry_count].path);
            }
        }
        assert_int_equal(recovering_apply(&h, INTAKE, &r), TB_EBEHIND);
        assert_non_null(strstr(r.problem.detail, peer->peer->code));
        assert_non_null(strstr(r.problem.detail, "--without does not help"));
        office_recovery_clear(&r);
    }
}

static void test_a_checkpoint_that_cannot_be_read_is_none(void **state)
{
    static const char *const pages[] = {
        "{'rows':[{'size':99999,'old':0,'consistency':'','frontier':null}],'next':null}",
        "{'rows':[{'size':1,'old':0,'note':'x','consistency':'','frontier':null}],'next':null}",
        "{'rows':[{'size':99999,'old':0,'note':'x','consistency':'','frontier':'?'}],'next':null}",
    };
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char text[256];
        int64_t next;
        if (i) {
            recovering_put_back(&h, INTAKE);
            recovering_ask(&h, INTAKE, &r);
        } else {
            fall_behind(no, &r);
        }
        size_t count = r.peers[0].checkpoint_count;
        (void)snprintf(text, sizeof text, "%s", pages[i]);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_int_equal(recover_read_checkpoints(&r.peers[0], text, strlen(text), &next), TB_EMALFORMED);
        assert_int_equal(r.peers[0].checkpoint_count, count);
        r.peers[0].without = true;
        OK(recovering_apply(&h, INTAKE, &r));
        office_recovery_clear(&r);
    }
}

/* However much it has to say, it is cut off before this office runs out of memory. */
static void test_a_flood_is_cut_off(void **state)
{
    static const char page[] = "{\"rows\":[{\"index\":1,\"size\":2,\"path\":\"\",\"line\":\"x\"}],\"next\":null}";
    char no[3][CASE_NO_TEXT];
    struct office_recovery r;
    struct office_batch batch;
    int64_t next;
    (void)state;
    fall_behind(no, &r);
    struct recover_peer *peer = &r.peers[0];
    peer->bytes = LIMIT_RECOVER_BYTES - 1;
    OK(recover_read_entries(peer, page, strlen(page), &next));
    assert_int_equal(recover_read_entries(peer, page, strlen(page), &next), TB_ELIMIT);
    peer->bytes = 0;
    for (int i = 0; i < 2; i++) {
        size_t len;
        office_batch_init(&batch, h.hall[HOME].office, h.hall[INTAKE].office->code);
        batch.force_after = 0;
        batch.force_old = 0;
        OK(batch.query.run(store_sync_view(h.hall[HOME].store), &batch.query));
        char *bytes = buf_take(&batch.out, &len);
        peer->message_count = i ? LIMIT_RECOVER_ROWS : 0;
        assert_int_equal(recover_read_outbox(peer, bytes, len, &next), i ? TB_ELIMIT : 0);
        office_batch_clear(&batch);
    }
    office_recovery_clear(&r);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERR);
#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        T(test_a_message_that_nobody_took_in_is_written_again),
        T(test_a_receipt_that_did_not_arrive_is_written_again),
        T(test_what_was_written_again_comes_back_in_its_place),
        T(test_a_receipt_that_was_written_again_comes_back_in_its_place),
        T(test_revisions_are_what_the_receipt_said),
        T(test_revisions_of_acts_are_what_the_receipt_said),
        T(test_an_act_comes_after_what_its_revision_counts),
        T(test_what_follows_crossed_without_the_receipt),
        T(test_an_act_that_rests_on_a_message_without_receipt),
        T(test_an_application_without_its_receipt_at_home_is_received),
        T(test_what_was_asked_of_the_delegate_is_asked_again),
        T(test_what_was_asked_and_crossed_is_not_asked_twice),
        T(test_a_place_outside_its_own_ledger_is_not_believed),
        T(test_what_is_not_believed_is_passed_over),
        T(test_an_entry_that_comes_twice_is_one),
        T(test_nobody_goes_on_before_what_was_signed),
        T(test_a_checkpoint_that_cannot_be_read_is_none),
        T(test_a_flood_is_cut_off),
    };
    return cmocka_run_group_tests_name("recover holes", tests, NULL, NULL);
}
