/* Every table function: what it stores, what it says when there is nothing, what it refuses. */
#include "daemon/store/db.h"
#include "fixture.h"

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f, NULL);
    fixture_open(f);
    *state = f;
    return 0;
}

static int drop(void **state)
{
    fixture_drop(*state);
    free(*state);
    return 0;
}

static void number(unsigned serial, char out[CASE_NO_TEXT])
{
    OK(case_no_make("330483", 20780, serial, out));
}

static struct case_row a_case(unsigned serial)
{
    struct case_row row;
    memset(&row, 0, sizeof row);
    number(serial, row.case_no);
    memcpy(row.home, "330483", OFFICE_TEXT);
    memcpy(row.intake, "320623", OFFICE_TEXT);
    memcpy(row.item, "GA01", 5);
    row.item_version = 3;
    row.state = CASE_FORWARDED;
    row.local_state = CASE_RECEIVED;
    row.pending = 1;
    row.rev = 7;
    row.noticed = 1;
    for (int t = 1; t < CASE_TIMES; t++)
        row.times[t] = 1000 * t;
    row.due_day = 20800 + (serial % 5);
    row.due_provisional = 1;
    row.todo = TODO_HANDLER;
    row.applicant = strdup(serial % 2 ? "张三" : "𠮷田");
    row.number = strdup(serial % 3 ? "33048318500101001X" : "330483185001010028");
    return row;
}

static int cases(struct store_db *db, void *context)
{
    (void)context;
    uint32_t serial;
    OK(case_serial_next(db, 20780, &serial));
    assert_int_equal(serial, 1);
    OK(case_serial_next(db, 20780, &serial));
    assert_int_equal(serial, 2);
    OK(case_serial_next(db, 20781, &serial));
    assert_int_equal(serial, 1);

    struct case_row row = a_case(1), got;
    OK(case_insert(db, &row));
    assert_true(row.id > 0);
    assert_int_equal(case_insert(db, &row), TB_ECONFLICT);
    OK(case_get(db, row.case_no, &got));
    assert_int_equal(got.id, row.id);
    assert_string_equal(got.applicant, row.applicant);
    assert_string_equal(got.number, row.number);
    assert_string_equal(got.home, "330483");
    assert_string_equal(got.intake, "320623");
    assert_string_equal(got.item, "GA01");
    assert_memory_equal(got.times, row.times, sizeof row.times);
    assert_int_equal(got.state, CASE_FORWARDED);
    assert_int_equal(got.local_state, CASE_RECEIVED);
    assert_int_equal(got.pending + 10 * got.rev + 1000 * got.noticed, 1071);
    assert_int_equal(got.due_day, 20801);
    assert_int_equal(got.due_provisional, 1);
    assert_int_equal(got.todo, TODO_HANDLER);
    got.state = got.local_state = CASE_COMPLETED;
    got.todo = TODO_NONE;
    OK(case_update(db, &got));
    case_row_clear(&got);
    OK(case_get_by_id(db, row.id, &got));
    assert_int_equal(got.state, CASE_COMPLETED);
    case_row_clear(&got);
    row.id = 12345;
    assert_int_equal(case_update(db, &row), TB_ENOTFOUND);
    row.state = CASE_STATES;
    assert_int_equal(case_update(db, &row), TB_EINVAL);
    assert_int_equal(case_insert(db, &row), TB_EINVAL);
    case_row_clear(&row);
    case_row_clear(NULL);
    char no[CASE_NO_TEXT];
    number(99, no);
    assert_int_equal(case_get(db, no, &got), TB_ENOTFOUND);
    assert_int_equal(case_get_by_id(db, 99, &got), TB_ENOTFOUND);
    /* Without a name and a number. */
    row = a_case(50);
    free(row.applicant);
    free(row.number);
    row.applicant = row.number = NULL;
    OK(case_insert(db, &row));
    OK(case_get(db, row.case_no, &got));
    assert_null(got.applicant);
    assert_null(got.number);
    return 0;
}

static void assert_same_row(const struct case_row *a, const struct case_row *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->local_state, b->local_state);
    assert_int_equal(a->pending, b->pending);
    assert_int_equal(a->rev, b->rev);
    assert_int_equal(a->noticed, b->noticed);
    assert_memory_equal(a->times, b->times, sizeof a->times);
    assert_int_equal(a->due_day, b->due_day);
    assert_int_equal(a->due_provisional, b->due_provisional);
    assert_int_equal(a->todo, b->todo);
    assert_int_equal(a->rule, b->rule);
    assert_int_equal(a->due_clock, b->due_clock);
    assert_int_equal(a->clock_from, b->clock_from);
    assert_int_equal(a->stop_until, b->stop_until);
    assert_int_equal(a->shifted, b->shifted);
    assert_int_equal(a->tick_day, b->tick_day);
}

static void change_row(struct case_row *row, int what)
{
    int64_t *const numbers[] = {&row->pending, &row->rev,       &row->noticed,    &row->due_day,    &row->due_provisional, &row->rule,
                                &row->shifted, &row->due_clock, &row->clock_from, &row->stop_until, &row->tick_day};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    static const enum case_state states[] = {CASE_ACCEPTED, CASE_COMPLETED, CASE_RECEIVED, CASE_WITHDRAWN};
    if (what < NUMBERS)
        *numbers[what] = !*numbers[what];
    else if (what < NUMBERS + CASE_TIMES - 1)
        row->times[what - NUMBERS + 1]++;
    else if (what % 3 == 0)
        row->local_state = states[what / 3 % 4];
    else if (what % 3 == 1)
        row->state = states[what / 3 % 4];
    else
        row->todo = (enum case_todo)(what / 3 % 3);
}

/* Whichever columns an update names, all of the row is written, and each index follows. */
static int updates(struct store_db *db, void *context)
{
    (void)context;
    struct case_row row = a_case(7), got;
    OK(case_insert(db, &row));
    for (int what = 0; what < 60; what++) {
        change_row(&row, what);
        OK(case_update(db, &row)); /* a row that does not know what was written last */
        OK(case_get_by_id(db, row.id, &got));
        assert_same_row(&got, &row);
        change_row(&got, what / 2);
        OK(case_update(db, &got));
        OK(case_update(db, &row));
        case_row_clear(&got);
        OK(case_get(db, row.case_no, &got));
        assert_same_row(&got, &row);
        case_row_clear(&got);
        sqlite3_stmt *check = NULL;
        assert_int_equal(sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check", -1, &check, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(check), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
        sqlite3_finalize(check);
    }
    case_row_clear(&row);
    return 0;
}

/* A command that is undone gives its serial back: numbers have no gaps. */
static int take_and_fail(struct store_db *db, void *context)
{
    int64_t serial;
    OK(document_serial_next(db, "acceptance_notice", 2026, &serial));
    *(int64_t *)context = serial;
    return TB_EREFUSED;
}

static int take(struct store_db *db, void *context)
{
    OK(document_serial_next(db, "acceptance_notice", 2026, context));
    return 0;
}

static void serials_have_no_gaps(void **state)
{
    struct fixture *f = *state;
    int64_t serial = 0;
    for (int64_t n = 1; n <= 5; n++) {
        assert_int_equal(fixture_run(f, take_and_fail, &serial), TB_EREFUSED);
        assert_int_equal(serial, n);
        OK(fixture_run(f, take, &serial));
        assert_int_equal(serial, n);
    }
}

static int documents(struct store_db *db, void *context)
{
    (void)context;
    int64_t serial;
    OK(document_serial_next(db, "acceptance_notice", 2026, &serial));
    assert_int_equal(serial, 1);
    OK(document_serial_next(db, "acceptance_notice", 2026, &serial));
    assert_int_equal(serial, 2);
    OK(document_serial_next(db, "refusal_notice", 2026, &serial)); /* each kind counts by itself */
    assert_int_equal(serial, 1);
    OK(document_serial_next(db, "acceptance_notice", 2027, &serial)); /* and begins anew each year */
    assert_int_equal(serial, 1);

    struct case_row row = a_case(1);
    struct document_entry *rows = NULL, one = {.kind = "acceptance_notice", .own = true, .ref = 7,
                                               .number = "桐政服受〔2026〕000001号", .issued_at = 1234};
    size_t count = 9;
    OK(case_insert(db, &row));
    OK(document_list(db, row.id, &rows, &count));
    assert_int_equal(count, 0);
    documents_free(rows, count);
    OK(document_add(db, row.id, &one));
    OK(document_count_print(db, one.id));
    OK(document_count_print(db, one.id));
    assert_int_equal(document_count_print(db, one.id + 99), TB_ENOTFOUND);
    OK(document_void(db, one.id, 5678, "打印错误"));
    assert_int_equal(document_void(db, one.id, 9999, "再来"), TB_ENOTFOUND);
    struct document_entry two = one;
    memcpy(two.replaces, one.number, sizeof two.replaces);
    two.ref = DOCUMENT_REF_PRINT;
    two.printed = 1;
    OK(document_add(db, row.id, &two));
    OK(document_list(db, row.id, &rows, &count));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].number, one.number);
    assert_string_equal(rows[0].void_reason, "打印错误");
    assert_int_equal(rows[0].printed, 2);
    assert_int_equal(rows[0].voided_at, 5678);
    assert_int_equal(rows[0].issued_at, 1234);
    assert_int_equal(rows[0].ref, 7);
    assert_true(rows[0].own);
    assert_int_equal(rows[1].ref, DOCUMENT_REF_PRINT);
    assert_string_equal(rows[1].replaces, one.number);
    assert_int_equal(rows[1].voided_at, 0);
    documents_free(rows, count);
    case_row_clear(&row);
    return 0;
}

static size_t list(struct store_db *db, struct case_filter filter, unsigned limit, int64_t ids[100])
{
    size_t total = 0;
    filter.limit = limit;
    filter.cursor = 0;
    do {
        struct case_row *rows;
        size_t count;
        OK(case_list(db, &filter, &rows, &count, &filter.cursor));
        assert_true(count <= limit);
        for (size_t i = 0; i < count; i++)
            ids[total++] = rows[i].id;
        case_rows_free(rows, count);
    } while (filter.cursor);
    return total;
}

static int lists(struct store_db *db, void *context)
{
    (void)context;
    for (unsigned i = 1; i <= 30; i++) {
        struct case_row row = a_case(i);
        row.pending = 0;
        if (i % 4 == 0)
            row.local_state = row.state = CASE_COMPLETED;
        if (i % 10 == 0) {
            row.due_day = 0;
        }
        row.todo = i % 3 == 0 ? TODO_WINDOW : i % 3 == 1 ? TODO_HANDLER : TODO_NONE;
        OK(case_insert(db, &row));
        assert_int_equal(row.id, i);
        case_row_clear(&row);
    }
    int64_t id[100];
    struct case_filter any = {.state = -1};
    assert_int_equal(list(db, any, 7, id), 30);
    for (int i = 0; i < 30; i++)
        assert_int_equal(id[i], 30 - i);
    struct case_filter filter = any;
    filter.state = CASE_COMPLETED;
    assert_int_equal(list(db, filter, 3, id), 7);
    assert_int_equal(id[0], 28);
    filter.open_only = true;
    assert_int_equal(list(db, filter, 3, id), 0);
    filter.state = -1;
    assert_int_equal(list(db, filter, 5, id), 23);
    filter = any;
    filter.query = "张三";
    assert_int_equal(list(db, filter, 4, id), 15);
    assert_int_equal(id[0], 29);
    assert_int_equal(id[14], 1);
    filter.query = "330483185001010028";
    filter.state = CASE_COMPLETED;
    assert_int_equal(list(db, filter, 4, id), 2); /* 12 and 24 */
    assert_int_equal(id[0], 24);
    char no[CASE_NO_TEXT];
    number(8, no);
    filter = any;
    filter.query = no;
    assert_int_equal(list(db, filter, 4, id), 1);
    assert_int_equal(id[0], 8);
    filter.open_only = true; /* 8 is completed */
    assert_int_equal(list(db, filter, 4, id), 0);
    filter = any;
    filter.query = "張三";
    assert_int_equal(list(db, filter, 4, id), 0);
    filter.query = "' OR 1=1 --";
    assert_int_equal(list(db, filter, 4, id), 0);
    /* To-do: by due day, those without one last. */
    filter = any;
    filter.todo_only = true;
    filter.todo = TODO_WINDOW;
    assert_int_equal(list(db, filter, 3, id), 10);
    assert_int_equal(id[9], 30);
    for (int i = 1; i < 9; i++)
        assert_true(id[i - 1] % 5 < id[i] % 5 || (id[i - 1] % 5 == id[i] % 5 && id[i - 1] < id[i]));
    /* What leaves the list between two pages takes no row of the next one with it. */
    struct case_row *rows;
    size_t count;
    int64_t next;
    filter.limit = 3;
    filter.cursor = 0;
    OK(case_list(db, &filter, &rows, &count, &next));
    rows[0].todo = TODO_NONE;
    OK(case_update(db, &rows[0]));
    case_rows_free(rows, count);
    filter.cursor = next;
    OK(case_list(db, &filter, &rows, &count, &next));
    assert_int_equal(rows[0].id, id[3]);
    case_rows_free(rows, count);
    /* A page is never larger than the limit. */
    any.limit = 1000000;
    OK(case_list(db, &any, &rows, &count, &next));
    assert_int_equal(count, 30);
    assert_int_equal(next, 0);
    case_rows_free(rows, count);
    case_rows_free(NULL, 0);
    return 0;
}

/* Narrowed to the window and the township of the intake: the same lists, in the same order, with the same pages. */
static int lists_of_a_desk(struct store_db *db, void *context)
{
    (void)context;
    static const char *const windows[] = {"", "一号窗口", "二号窗口"}, *const townships[] = {"", "330483101", "330483102"};
    for (unsigned i = 1; i <= 30; i++) {
        struct case_row row = a_case(100 + i);
        (void)snprintf(row.window, sizeof row.window, "%s", windows[i % 3]);
        (void)snprintf(row.township, sizeof row.township, "%s", townships[i % 5 % 3]);
        row.todo = i % 2 ? TODO_WINDOW : TODO_NONE;
        row.due_day = i % 7;
        OK(case_insert(db, &row));
        case_row_clear(&row);
    }
    for (int w = 0; w < 3; w++)
        for (int t = 0; t < 3; t++)
            for (int todo = 0; todo < 2; todo++) {
                struct case_filter filter = {.state = -1, .window = windows[w], .township = townships[t], .todo_only = todo,
                                             .todo = TODO_WINDOW};
                struct case_filter plain = {.state = -1, .todo_only = todo, .todo = TODO_WINDOW};
                int64_t id[100], all[100];
                size_t count = list(db, filter, 2, id), whole = list(db, plain, 100, all), n = 0;
                for (size_t i = 0; i < whole; i++) {
                    struct case_row row;
                    OK(case_get_by_id(db, all[i], &row));
                    bool there = (!w || !strcmp(row.window, windows[w])) && (!t || !strcmp(row.township, townships[t]));
                    case_row_clear(&row);
                    if (there)
                        assert_true(n < count && id[n++] == all[i]);
                }
                assert_int_equal(n, count);
            }
    return 0;
}

static int events(struct store_db *db, void *context)
{
    (void)context;
    struct event_row rows[] = {
        {.own = true, .ref = 10, .type = ENTRY_CASE_INTAKEN, .verdict = -1},
        {.own = true, .ref = 11, .type = ENTRY_CASE_SUBMITTED, .verdict = -1},
        {.rev = 2, .ref = 5, .peer = "330483", .type = ENTRY_CASE_RECEIVED, .verdict = VERDICT_DONE},
        {.own = true, .ref = 12, .type = ENTRY_CASE_WITHDRAWN, .verdict = -1},
    };
    for (size_t i = 0; i < 4; i++)
        OK(event_add(db, 1, &rows[i]));
    OK(event_add(db, 2, &rows[0]));
    struct event_row *got;
    size_t count;
    OK(event_settle(db, 1, 11, 1, VERDICT_DONE));
    OK(event_settle(db, 1, 12, 0, VERDICT_REFUSED));
    assert_int_equal(event_settle(db, 1, 99, 1, VERDICT_DONE), TB_ENOTFOUND);
    assert_int_equal(event_settle(db, 1, 5, 1, VERDICT_DONE), TB_ENOTFOUND); /* 5 is the peer's */
    OK(event_list(db, 1, &got, &count));
    assert_int_equal(count, 4);
    const int64_t order[] = {11, 5, 10, 12};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(got[i].ref, order[i]);
    assert_int_equal(got[0].verdict, VERDICT_DONE);
    assert_int_equal(got[0].n, 2);
    assert_string_equal(got[1].peer, "330483");
    assert_false(got[1].own);
    assert_int_equal(got[3].verdict, VERDICT_REFUSED);
    free(got);
    OK(event_list(db, 3, &got, &count));
    assert_int_equal(count, 0);
    free(got);
    assert_int_equal(event_add(db, 0, &rows[0]), TB_EINVAL);
    assert_int_equal(event_add(db, INT64_MAX, &rows[0]), TB_EINVAL);
    return 0;
}

static struct inbox_row a_message(const char *peer, int64_t seq, const char *line)
{
    struct inbox_row row;
    memset(&row, 0, sizeof row);
    memcpy(row.peer, peer, OFFICE_TEXT);
    row.seq = seq;
    OK(ledger_leaf(suite_by_name("intl"), line, strlen(line), &row.leaf));
    row.index = 1000 + (uint64_t)seq;
    row.tree_size = 2000;
    row.path.count = 11;
    memset(row.path.hash, 0x5a, 11 * sizeof row.path.hash[0]);
    row.line = line;
    row.len = strlen(line);
    return row;
}

static int peers(struct store_db *db, void *context)
{
    (void)context;
    struct peer_row row;
    OK(peer_get(db, "320623", &row));
    assert_int_equal(row.next_seq, 1);
    assert_int_equal(row.acked_size + row.their_size, 0);
    assert_null(row.their_cosignature);
    uint64_t index;
    OK(fixture_append(db, "320623", 1, 10, &index));
    row.sent.seq = 4;
    memset(row.sent.hash.b, 4, 32);
    row.received.seq = 5;
    memset(row.received.hash.b, 5, 32);
    row.acked_size = 6;
    row.their_size = 7;
    memset(row.their_root.b, 7, 32);
    row.their_cosignature = strdup("— x y\n");
    row.last_exchange = 8;
    OK(peer_put(db, &row)); /* read before the append: next_seq must not go back */
    struct peer_row got;
    OK(peer_get(db, "320623", &got));
    assert_int_equal(got.next_seq, 2);
    assert_memory_equal(&got.sent, &row.sent, sizeof row.sent);
    assert_memory_equal(&got.received, &row.received, sizeof row.received);
    assert_memory_equal(got.their_root.b, row.their_root.b, 32);
    assert_int_equal(got.acked_size * 100 + got.their_size * 10 + (uint64_t)got.last_exchange, 678);
    assert_string_equal(got.their_cosignature, "— x y\n");
    peer_row_clear(&got);
    memcpy(row.office, "999999", OFFICE_TEXT);
    assert_int_equal(peer_put(db, &row), TB_ENOTFOUND);
    peer_row_clear(&row);
    peer_row_clear(NULL);
    assert_int_equal(peer_get(db, "33", &row), TB_EINVAL);

    struct outgoing *out;
    size_t count;
    for (int64_t n = 2; n <= 9; n++) {
        OK(fixture_append(db, "320623", n, 1000, &index));
        OK(fixture_append(db, n % 2 ? "330503" : NULL, n, 10, NULL));
    }
    OK(outbox_read(db, "320623", 3, 100, 1 << 20, &out, &count));
    assert_int_equal(count, 6);
    assert_int_equal(out[0].seq, 4);
    outgoing_free(out, count);
    OK(outbox_read(db, "320623", 3, 2, 1 << 20, &out, &count));
    assert_int_equal(count, 2);
    outgoing_free(out, count);
    OK(outbox_read(db, "320623", 1, 100, 3000, &out, &count));
    assert_int_equal(count, 2);
    outgoing_free(out, count);
    OK(outbox_read(db, "320623", 1, 100, 1, &out, &count)); /* at least one */
    assert_int_equal(count, 1);
    uint64_t at;
    struct ledger_hash leaf, computed;
    char about[CASE_NO_TEXT], expected[CASE_NO_TEXT];
    number(1, expected);
    int64_t seq, when = 0;
    OK(outbox_index(db, "320623", 2, &at, &leaf, about, &when));
    assert_true(when > 0);
    struct entry head;
    OK(store_entry_head(db, at, &head));
    assert_int_equal(head.seq, 2);
    assert_string_equal(head.case_no, about);
    assert_int_equal(head.at, when);
    assert_int_equal(store_entry_head(db, 1 << 20, &head), TB_ENOTFOUND);
    assert_int_equal(store_entry_head(db, UINT64_MAX, &head), TB_ENOTFOUND);
    assert_int_equal(at, out[0].index);
    assert_string_equal(about, expected);
    OK(ledger_leaf(suite_by_name("intl"), out[0].line, out[0].len, &computed));
    assert_memory_equal(leaf.b, computed.b, 32);
    outgoing_free(out, count);
    OK(outbox_read(db, "320623", 9, 100, 1 << 20, &out, &count));
    assert_int_equal(count, 0);
    outgoing_free(out, count);
    OK(outbox_read(db, "111111", 0, 100, 1 << 20, &out, &count));
    assert_int_equal(count, 0);
    outgoing_free(out, count);
    assert_int_equal(outbox_index(db, "320623", 10, &at, &leaf, about, NULL), TB_ENOTFOUND);
    OK(outbox_oldest(db, "320623", 4, &seq, &when));
    assert_int_equal(seq, 5);
    assert_true(when > 0);
    assert_int_equal(outbox_oldest(db, "320623", 9, &seq, &when), TB_ENOTFOUND);
    assert_int_equal(outbox_oldest(db, "111111", 0, &seq, &when), TB_ENOTFOUND);
    return 0;
}

static int inbox(struct store_db *db, void *context)
{
    (void)context;
    struct inbox_row got;
    struct ledger_hash leaf;
    uint64_t receipt;
    for (int64_t seq = 1; seq <= 5; seq++) {
        struct inbox_row row = a_message("320623", seq, "{\"v\":1}");
        OK(inbox_add(db, &row));
        assert_int_equal(inbox_add(db, &row), TB_ECONFLICT);
    }
    OK(inbox_find(db, "320623", 2, &leaf, &receipt));
    assert_int_equal(receipt, 0);
    OK(inbox_set_receipt(db, "320623", 1, 3, 77));
    OK(inbox_set_receipt(db, "320623", 4, 4, 78));
    for (int64_t seq = 1; seq <= 5; seq++) {
        OK(inbox_find(db, "320623", seq, &leaf, &receipt));
        struct inbox_row same = a_message("320623", seq, "{\"v\":1}");
        assert_memory_equal(leaf.b, same.leaf.b, sizeof leaf.b);
        assert_int_equal(receipt, seq <= 3 ? 77 : seq == 4 ? 78 : 0);
        OK(inbox_get(db, "320623", seq, &got));
        assert_int_equal(got.receipt_index, receipt);
        assert_int_equal(got.index, 1000 + seq);
        assert_int_equal(got.tree_size, 2000);
        assert_int_equal(got.path.count, 11);
        assert_int_equal(got.path.hash[10].b[31], 0x5a);
        assert_string_equal(got.line, "{\"v\":1}");
        inbox_clear(&got);
    }
    assert_int_equal(inbox_get(db, "320623", 7, &got), TB_ENOTFOUND);
    assert_int_equal(inbox_get(db, "330503", 1, &got), TB_ENOTFOUND);
    assert_int_equal(inbox_find(db, "330503", 1, &leaf, &receipt), TB_ENOTFOUND);
    assert_int_equal(inbox_set_receipt(db, "320623", 5, 4, 1), TB_EINVAL);
    struct inbox_row other = a_message("320623", 6, "{\"v\":1}");
    other.line = "{\"v\":2}"; /* as if the disk had changed it */
    OK(inbox_add(db, &other));
    assert_int_equal(inbox_get(db, "320623", 6, &got), TB_ECORRUPT);
    struct inbox_row bad = a_message("320623", 0, "x");
    assert_int_equal(inbox_add(db, &bad), TB_EINVAL);
    bad = a_message("320623", INT64_C(1) << 40, "x");
    assert_int_equal(inbox_add(db, &bad), TB_ELIMIT);
    bad = a_message("320623", 9, "x");
    bad.path.count = LEDGER_PATH_MAX + 1;
    assert_int_equal(inbox_add(db, &bad), TB_EINVAL);

    /* Receipts of the peer: found by any message in their range; the first one stays. */
    struct inbox_row r = a_message("320623", 40, "receipt-1");
    OK(receipt_add(db, &r, 1, 3));
    r = a_message("320623", 41, "receipt-2");
    OK(receipt_add(db, &r, 4, 10));
    r = a_message("320623", 42, "receipt-3");
    OK(receipt_add(db, &r, 4, 10));
    for (int64_t seq = 1; seq <= 10; seq++) {
        OK(receipt_get(db, "320623", seq, &got));
        assert_string_equal(got.line, seq <= 3 ? "receipt-1" : "receipt-2");
        inbox_clear(&got);
    }
    assert_int_equal(receipt_get(db, "320623", 11, &got), TB_ENOTFOUND);
    assert_int_equal(receipt_get(db, "330503", 1, &got), TB_ENOTFOUND);
    struct buf note;
    buf_init(&note, 1000);
    OK(peer_checkpoint_add(db, "320623", 2000, "a noteXXX", 6));
    OK(peer_checkpoint_add(db, "320623", 2000, "another", 7));
    OK(peer_checkpoint_get(db, "320623", 2000, &note));
    assert_string_equal(note.data, "a note");
    assert_int_equal(peer_checkpoint_get(db, "320623", 2001, &note), TB_ENOTFOUND);
    assert_int_equal(peer_checkpoint_get(db, "320623", UINT64_MAX, &note), TB_ENOTFOUND);
    assert_int_equal(peer_checkpoint_add(db, "320623", UINT64_C(1) << 40, "x", 1), TB_ELIMIT);
    buf_free(&note);
    return 0;
}

static int idempotency(struct store_db *db, void *context)
{
    struct fixture *f = context;
    uint8_t hash[32] = {1}, other[32] = {2};
    int status;
    struct buf body;
    buf_init(&body, 1000);
    assert_int_equal(idempotency_get(db, "320623:0007", "k", hash, &status, &body), TB_ENOTFOUND);
    OK(idempotency_put(db, "320623:0007", "k", hash, 201, "{\"case\":1}"));
    assert_int_equal(idempotency_put(db, "320623:0007", "k", other, 201, "{}"), TB_ECONFLICT);
    OK(idempotency_put(db, "320623:0008", "k", other, 200, "{}"));
    assert_int_equal(idempotency_get(db, "320623:0007", "k", other, &status, &body), TB_ECONFLICT);
    assert_int_equal(body.len, 0);
    OK(idempotency_get(db, "320623:0007", "k", hash, &status, &body));
    assert_int_equal(status, 201);
    assert_string_equal(body.data, "{\"case\":1}");
    /* Old ones go when new ones come, young ones stay. */
    f->now += LIMIT_IDEMPOTENCY_KEEP_MS + 1000;
    OK(idempotency_put(db, "320623:0007", "new", hash, 200, "{}"));
    assert_int_equal(idempotency_get(db, "320623:0007", "k", hash, &status, &body), TB_ENOTFOUND);
    OK(idempotency_get(db, "320623:0007", "new", hash, &status, &body));
    buf_free(&body);
    return 0;
}

struct seen {
    unsigned count;
    char last[64];
    int stop;
};

static int see(void *context, const struct item_row *item)
{
    struct seen *seen = context;
    seen->count++;
    snprintf(seen->last, sizeof seen->last, "%s %d %s", item->office, (int)item->edition, item->json);
    return seen->stop;
}

static int catalogue(struct store_db *db, void *context)
{
    (void)context;
    uint8_t digest[32] = {9}, read[32];
    int64_t edition, version;
    bool current;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(edition_get(db, "330483", &edition, read), TB_ENOTFOUND);
    OK(item_put(db, "330483", "A", 1, 1, "{\"a\":1}", "甲"));
    OK(item_put(db, "330483", "B", 1, 1, "{\"b\":1}", "乙"));
    OK(edition_put(db, "330483", 1, digest));
    OK(item_put(db, "330483", "A", 2, 2, "{\"a\":2}", "甲"));
    OK(item_put(db, "320623", "A", 5, 1, "{\"r\":5}", "丙"));
    OK(edition_put(db, "320623", 1, digest));
    OK(edition_put(db, "330483", 2, digest)); /* without B */
    OK(edition_get(db, "330483", &edition, read));
    assert_int_equal(edition, 2);
    assert_memory_equal(read, digest, 32);
    OK(item_get(db, "330483", "A", 0, &version, &current, &out));
    assert_int_equal(version, 2);
    assert_true(current);
    assert_string_equal(out.data, "{\"a\":2}");
    buf_clear(&out);
    OK(item_get(db, "330483", "A", 1, &version, &current, &out));
    assert_false(current);
    assert_string_equal(out.data, "{\"a\":1}");
    assert_int_equal(item_get(db, "330483", "B", 0, &version, &current, &out), TB_ENOTFOUND);
    OK(item_get(db, "330483", "B", 1, NULL, &current, &out));
    assert_false(current);
    assert_int_equal(item_get(db, "330483", "A", 3, &version, &current, &out), TB_ENOTFOUND);
    struct seen seen = {0};
    OK(item_each(db, "330483", see, &seen));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last, "330483 2 {\"a\":2}");
    seen.count = 0;
    OK(item_each(db, NULL, see, &seen));
    assert_int_equal(seen.count, 2);
    seen = (struct seen){.stop = TB_ELIMIT};
    assert_int_equal(item_each(db, NULL, see, &seen), TB_ELIMIT);
    assert_int_equal(seen.count, 1);
    buf_free(&out);
    return 0;
}

/* A moment of the n-th day since 1970, at noon in China. */
#define DAY(n) ((int64_t)(n) * 86400000 + 4 * 3600 * 1000)
struct told {
    unsigned count;
    char text[400];
    int answer;
};

static int tell_history(void *context, const struct history_row *row)
{
    struct told *told = context;
    size_t len = strlen(told->text);
    told->count++;
    snprintf(told->text + len, sizeof told->text - len, "%s %d %d %s %s %s;", row->office, (int)row->edition, (int)row->at, row->staff,
             row->note, row->changes);
    return told->answer;
}

static int tell_state(void *context, const struct edition_state *state)
{
    struct told *told = context;
    size_t len = strlen(told->text);
    told->count++;
    snprintf(told->text + len, sizeof told->text - len, "%s %d %d %d %s;", state->office, (int)state->edition, state->verdict,
             (int)state->at, state->problem);
    return told->answer;
}

static int tell_since(void *context, const struct item_row *item)
{
    struct told *told = context;
    size_t len = strlen(told->text);
    snprintf(told->text + len, sizeof told->text - len, "%s %d;", item->json, (int)item->since);
    return 0;
}

static int editions(struct store_db *db, void *context)
{
    (void)context;
    struct told told = {0};
    int64_t number = 7;
    uint8_t digest[32] = {1};
    struct buf text;
    buf_init(&text, 100);
    /* history: newest first, one office or all, below an id, ended by the reader */
    OK(history_last(db, "320509", &number));
    assert_int_equal(number, 0);
    for (int i = 1; i <= 3; i++) {
        struct history_row row = {.office = "320509", .edition = i, .at = 100 + i, .staff = "320509:0101", .note = i == 2 ? "年度" : "",
                                  .changes = "{}"};
        OK(history_put(db, &row));
        if (i == 1)
            assert_int_equal(history_put(db, &row), TB_ECONFLICT); /* an edition is told once */
    }
    OK(history_last(db, "320509", &number));
    assert_int_equal(number, 3);
    OK(history_each(db, "320509", INT64_MAX, tell_history, &told));
    assert_string_equal(told.text, "320509 3 103 320509:0101  {};320509 2 102 320509:0101 年度 {};320509 1 101 320509:0101  {};");
    told = (struct told){.answer = 1};
    OK(history_each(db, NULL, INT64_MAX, tell_history, &told));
    assert_int_equal(told.count, 1);
    told = (struct told){.answer = TB_ENOMEM};
    assert_int_equal(history_each(db, NULL, INT64_MAX, tell_history, &told), TB_ENOMEM);
    told = (struct told){0};
    OK(history_each(db, "320509", 1, tell_history, &told));
    assert_int_equal(told.count, 0);
    /* our editions at the counterparts; what is about something else settles nothing */
    OK(edition_sent(db, "330503", 1, 41));
    OK(edition_sent(db, "330503", 2, 45));
    OK(edition_settle(db, "330503", 41, VERDICT_DONE, 5000, ""));
    OK(edition_settle(db, "330503", 45, VERDICT_REFUSED, 6000, "no"));
    OK(edition_settle(db, "330503", 99, VERDICT_DONE, 7000, ""));
    told = (struct told){0};
    OK(edition_states(db, 0, tell_state, &told));
    assert_string_equal(told.text, "330503 1 0 5000 ;330503 2 1 6000 no;");
    told = (struct told){0};
    OK(edition_states(db, 2, tell_state, &told));
    assert_string_equal(told.text, "330503 2 1 6000 no;");
    /* since which edition a version is offered without a gap */
    OK(item_highest(db, "320509", "A", &number));
    assert_int_equal(number, 0);
    OK(item_put(db, "320509", "A", 1, 1, "a", "甲"));
    OK(item_put(db, "320509", "B", 2, 1, "b", "乙"));
    OK(item_put(db, "320509", "A", 1, 2, "a", "甲"));
    OK(item_put(db, "320509", "A", 1, 3, "a", "甲"));
    OK(item_put(db, "320509", "B", 2, 3, "b", "乙")); /* was not in edition 2 */
    OK(edition_put(db, "320509", 3, digest));
    told = (struct told){0};
    OK(item_each(db, "320509", tell_since, &told));
    assert_string_equal(told.text, "a 1;b 3;");
    OK(item_highest(db, "320509", "B", &number));
    assert_int_equal(number, 2);
    /* what the files said */
    assert_int_equal(catalogue_files_get(db, &text), TB_ENOTFOUND);
    OK(catalogue_files_put(db, "{\"A\":1}"));
    OK(catalogue_files_put(db, "{\"A\":2}"));
    OK(catalogue_files_get(db, &text));
    assert_string_equal(text.data, "{\"A\":2}");
    buf_free(&text);
    return 0;
}

static int authorisations(struct store_db *db, void *context)
{
    (void)context;
    char items[] = ",GA01,GA02,";
    struct authorisation_row row = {.id = "0190a1b2-0000-7000-8000-000000000001",
                                    .principal = "330483",
                                    .delegate = "320623",
                                    .steps = "INO",
                                    .items = items,
                                    .from_day = 100,
                                    .until_day = 200,
                                    .acceptance = 1,
                                    .announcement = "公告〔2026〕1号"};
    OK(authorisation_put(db, &row));
    struct authorisation_row got;
    OK(authorisation_get(db, row.id, &got));
    assert_string_equal(got.items, items);
    assert_string_equal(got.steps, "INO");
    assert_string_equal(got.announcement, row.announcement);
    assert_int_equal(got.from_day + got.until_day + got.acceptance, 301);
    authorisation_row_clear(&got);
    authorisation_row_clear(NULL);
    assert_int_equal(authorisation_get(db, "0190a1b2-0000-7000-8000-000000000009", &got), TB_ENOTFOUND);
    static const struct {
        const char *principal, *delegate, *item;
        enum case_step step;
        int64_t day;
        int rc;
    } finds[] = {
        {"330483", "320623", "GA01", STEP_INTAKE, 100, 0},
        {"330483", "320623", "GA02", STEP_ORIGINAL, 200, 0},
        {"330483", "320623", "GA01", STEP_INTAKE, 99, TB_ENOTFOUND},
        {"330483", "320623", "GA01", STEP_INTAKE, 201, TB_ENOTFOUND},
        {"330483", "320623", "GA01", STEP_DELIVERY, 150, TB_ENOTFOUND},
        {"330483", "320623", "GA0", STEP_INTAKE, 150, TB_ENOTFOUND},
        {"330483", "320623", "GA01,GA02", STEP_INTAKE, 150, TB_ENOTFOUND},
        {"330483", "320623", "", STEP_INTAKE, 150, TB_ENOTFOUND},
        {"320623", "330483", "GA01", STEP_INTAKE, 150, TB_ENOTFOUND},
        {"330483", "330503", "GA01", STEP_INTAKE, 150, TB_ENOTFOUND},
        {"330483", "320623", "GA01", STEP_NONE, 150, TB_ENOTFOUND},
    };
    char id[UUID_TEXT];
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++)
        assert_int_equal(authorisation_find(db, finds[i].principal, finds[i].delegate, finds[i].item, finds[i].step,
                                            DAY(finds[i].day), 0, id),
                         finds[i].rc);
    assert_string_equal(id, row.id);
    char all[] = "*";
    row.items = all;
    row.until_day = 150; /* the same authorisation, changed */
    OK(authorisation_put(db, &row));
    row.registered = 1; /* offered, and not accepted yet */
    row.finish = 1;
    char class[] = "GA01,class:户籍身份证";
    memcpy(row.steps, "INON", sizeof "INON");
    row.until_day = 200;
    OK(authorisation_put(db, &row));
    assert_int_equal(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(150), 0, id), TB_ENOTFOUND);
    const struct authorisation_span spans[] = {{DAY(110), DAY(120)}, {DAY(130), 0}};
    OK(authorisation_spans_put(db, row.id, spans, 2));
    assert_int_equal(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(110) - 1, 0, id), TB_ENOTFOUND);
    OK(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(110), 0, id));
    assert_int_equal(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(120), 0, id), TB_ENOTFOUND);
    OK(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(120), DAY(119), id)); /* an open case is finished */
    OK(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(140), 0, id));
    assert_int_equal(authorisation_find(db, "330483", "320623", "ZZ99", STEP_NOTICE, DAY(201), DAY(129), id), TB_ENOTFOUND);
    row.finish = 0;
    row.items = class;
    OK(authorisation_put(db, &row));
    assert_int_equal(authorisation_find(db, "330483", "320623", "GA01", STEP_NOTICE, DAY(120), DAY(119), id), TB_ENOTFOUND);
    OK(authorisation_find(db, "330483", "320623", "GA01", STEP_NOTICE, DAY(140), 0, id));
    assert_int_equal(authorisation_find(db, "330483", "320623", "GA77", STEP_NOTICE, DAY(140), 0, id), TB_ENOTFOUND);
    OK(item_put(db, "330483", "GA77", 1, 1, "{\"category\":\"户籍身份证\"}", "x"));
    uint8_t digest[32] = {0};
    OK(edition_put(db, "330483", 1, digest));
    OK(authorisation_find(db, "330483", "320623", "GA77", STEP_NOTICE, DAY(140), 0, id));
    return 0;
}

static int materials(struct store_db *db, void *context)
{
    (void)context;
    static const char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                      b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    int64_t id[2];
    for (unsigned i = 0; i < 2; i++) {
        struct case_row row = a_case(i + 1);
        OK(case_insert(db, &row));
        id[i] = row.id;
        case_row_clear(&row);
    }
    struct material_row m = {.size = 10, .type = "application/pdf", .at = 5}, got;
    memcpy(m.sha256, a, sizeof a);
    assert_int_equal(material_get(db, a, &got), TB_ENOTFOUND);
    assert_int_equal(material_expected(db, a), TB_ENOTFOUND);
    OK(material_wait_add(db, id[0], a));
    OK(material_wait_add(db, id[0], a));
    OK(material_wait_add(db, id[0], b));
    OK(material_wait_add(db, id[1], a));
    OK(material_expected(db, a));
    size_t count;
    OK(material_waits(db, id[0], &count));
    assert_int_equal(count, 2);
    OK(material_put(db, &m));
    m.size = 99;
    OK(material_put(db, &m)); /* the first stays */
    OK(material_get(db, a, &got));
    assert_int_equal(got.size, 10);
    assert_string_equal(got.type, "application/pdf");
    int64_t *ids;
    OK(material_arrived(db, a, &ids, &count));
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], id[1]);
    free(ids);
    OK(material_arrived(db, a, &ids, &count));
    assert_int_equal(count, 0);
    free(ids);
    OK(material_arrived(db, b, &ids, &count));
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], id[0]);
    free(ids);
    OK(material_expected(db, a)); /* it is here */
    assert_int_equal(material_expected(db, b), TB_ENOTFOUND);
    assert_int_equal(material_wait_add(db, 4711, a), TB_ECONFLICT); /* no such case */

    assert_int_equal(material_out_next(db, "320623", "", &got), TB_ENOTFOUND);
    OK(material_out_add(db, "320623", 5, b));
    OK(material_out_add(db, "320623", 6, a));
    OK(material_out_add(db, "320623", 6, a));
    assert_int_equal(material_out_next(db, "320623", "", &got), TB_ENOTFOUND); /* no message taken yet */
    OK(material_out_settle(db, "320623", 6, true));
    OK(material_out_settle(db, "320623", 5, true)); /* its material is not here yet: not offered */
    OK(material_out_next(db, "320623", "", &got));
    assert_string_equal(got.sha256, a);
    memcpy(m.sha256, b, sizeof b);
    OK(material_put(db, &m));
    OK(material_out_next(db, "320623", "", &got));
    assert_string_equal(got.sha256, b);
    OK(material_out_next(db, "320623", b, &got)); /* it failed: the other one first */
    assert_string_equal(got.sha256, a);
    OK(material_out_next(db, "320623", a, &got)); /* behind the last comes the first */
    assert_string_equal(got.sha256, b);
    assert_int_equal(material_out_next(db, "330503", "", &got), TB_ENOTFOUND);
    OK(material_out_done(db, "320623", b));
    OK(material_out_done(db, "320623", a));
    OK(material_out_done(db, "330503", a));
    OK(material_out_add(db, "320623", 7, a));
    OK(material_out_settle(db, "320623", 7, false)); /* the message was refused */
    assert_int_equal(material_out_next(db, "320623", "", &got), TB_ENOTFOUND);
    return 0;
}

#define IN_COMMAND(name)                                                                                               \
    static void name##_in_a_command(void **state)                                                                      \
    {                                                                                                                  \
        OK(fixture_run(*state, name, *state));                                                                         \
    }
IN_COMMAND(cases)
IN_COMMAND(updates)
IN_COMMAND(lists)
IN_COMMAND(lists_of_a_desk)
IN_COMMAND(events)
IN_COMMAND(peers)
IN_COMMAND(inbox)
IN_COMMAND(idempotency)
IN_COMMAND(catalogue)
IN_COMMAND(editions)
IN_COMMAND(authorisations)
IN_COMMAND(materials)
IN_COMMAND(documents)

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name##_in_a_command, make, drop)
    const struct CMUnitTest tests[] = {T(cases), T(updates), T(lists), T(lists_of_a_desk), T(events), T(peers), T(inbox),
                                       T(idempotency), T(catalogue), T(editions), T(authorisations), T(materials), T(documents),
                                       cmocka_unit_test_setup_teardown(serials_have_no_gaps, make, drop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
