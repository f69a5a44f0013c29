/* Rows of the registers: numbers, lists with their filters and cursors, acts in the order of their revisions, verdicts. */
#include "daemon/store/db.h"
#include "fixture.h"

enum { OBJECTS = 257 };

static struct object_row make_row(enum register_kind_id kind, int64_t serial)
{
    struct object_row row = {.kind = kind, .state = 1, .local_state = 1, .opened = 5, .changed = 6, .open = true};
    OK(register_no_make(&register_kinds[kind], "330483", 2026, serial, row.no));
    memcpy(row.owner, "330483", OFFICE_TEXT);
    memcpy(row.other, "320623", OFFICE_TEXT);
    (void)snprintf(row.uuid, sizeof row.uuid, "018f0000-0000-7000-8000-%04d%08lld", (int)kind, (long long)serial);
    row.doc = strdup("{\"a\":\"𠮷\"}");
    return row;
}

/* Kinds, cases, turns and ends mixed, so that no filter is a prefix of another. */
static enum register_kind_id kind_at(int n) { return n % 3 ? REGISTER_NOTE : REGISTER_PROBLEM; }
static bool turn_at(int n) { return n % 7 == 0; }
static bool open_at(int n) { return n % 5 != 0; }
static int64_t case_at(int n) { return n % 2 ? 11 : n % 4 ? 12 : 0; }

static int fill(struct store_db *db, void *context)
{
    (void)context;
    for (int n = 1; n <= OBJECTS; n++) {
        struct object_row row = make_row(kind_at(n), n);
        row.turn = turn_at(n);
        row.open = open_at(n);
        row.case_id = case_at(n);
        OK(object_insert(db, &row));
        assert_int_equal(row.id, n);
        object_row_clear(&row);
    }
    return 0;
}

static bool matches(const struct object_filter *f, int n)
{
    return (f->kind < 0 || (int)kind_at(n) == f->kind) && (!f->case_id || case_at(n) == f->case_id) && (!f->turn || turn_at(n)) &&
           (!f->open_only || open_at(n));
}

static void test_lists(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, fill, NULL));
    static const struct object_filter filters[] = {
        {.kind = REGISTER_NOTE},
        {.kind = REGISTER_PROBLEM},
        {.kind = REGISTER_STEP},
        {.kind = REGISTER_NOTE, .open_only = true},
        {.kind = REGISTER_NOTE, .case_id = 11},
        {.kind = -1, .case_id = 12},
        {.kind = -1, .case_id = 13},
        {.kind = -1, .case_id = 12, .open_only = true},
        {.kind = REGISTER_PROBLEM, .case_id = 11, .open_only = true},
        {.kind = -1, .turn = true},
        {.kind = REGISTER_NOTE, .turn = true},
        {.kind = -1, .case_id = 11, .turn = true},
    };
    static const unsigned limits[] = {0, 1, 2, 7, 99, 100, 101, UINT32_MAX};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
            struct object_filter filter = filters[i];
            filter.limit = limits[l];
            int last = OBJECTS + 1, pages = 0;
            do { /* newest first, each once, none left out */
                struct object_row *rows = NULL;
                size_t count = 0;
                int64_t before = filter.cursor;
                OK(object_list(store_sync_view(f.store), &filter, &rows, &count, &filter.cursor));
                assert_true(count <= (limits[l] && limits[l] < LIMIT_LIST_PAGE ? limits[l] : LIMIT_LIST_PAGE));
                assert_true(!filter.cursor || !before || filter.cursor < before); /* it always goes on */
                for (size_t k = 0; k < count; k++) {
                    int n = (int)rows[k].id;
                    assert_true(n < last && matches(&filters[i], n));
                    for (int skipped = n + 1; skipped < last; skipped++)
                        assert_false(matches(&filters[i], skipped));
                    last = n;
                    assert_string_equal(rows[k].doc, "{\"a\":\"𠮷\"}");
                }
                object_rows_free(rows, count);
                assert_true(++pages <= OBJECTS + 1);
            } while (filter.cursor);
            for (int n = 1; n < last; n++)
                assert_false(matches(&filters[i], n));
        }
    fixture_drop(&f);
}

static int numbers(struct store_db *db, void *context)
{
    (void)context;
    int64_t serial;
    bool known;
    for (int year = 2026; year < 2028; year++)
        for (int kind = 0; kind < REGISTER_KINDS; kind++)
            for (int64_t n = 1; n <= 3; n++) {
                OK(object_serial_next(db, (enum register_kind_id)kind, year, &serial));
                assert_int_equal(serial, n); /* without gaps, kind by kind and year by year */
            }
    struct object_row row = make_row(REGISTER_AUTHORISATION, 1), again = make_row(REGISTER_AUTHORISATION, 1), got;
    OK(object_insert(db, &row));
    assert_int_equal(object_insert(db, &again), TB_ECONFLICT);
    OK(object_uuid_known(db, REGISTER_AUTHORISATION, row.uuid, &known));
    assert_true(known);
    OK(object_uuid_known(db, REGISTER_NOTE, row.uuid, &known));
    assert_false(known);
    OK(object_uuid_known(db, REGISTER_AUTHORISATION, "018f0000-0000-7000-8000-000000000000", &known));
    assert_false(known);
    OK(object_get(db, row.no, &got));
    assert_int_equal(got.id, row.id);
    object_row_clear(&got);
    OK(object_get_by_id(db, row.id, &got));
    assert_string_equal(got.no, row.no);
    object_row_clear(&got);
    assert_int_equal(object_get(db, "A330483-2026-9", &got), TB_ENOTFOUND);
    assert_int_equal(object_get_by_id(db, 99, &got), TB_ENOTFOUND);
    again.id = 99;
    assert_int_equal(object_update(db, &again), TB_ENOTFOUND);
    row.state = 2;
    row.local_state = 3;
    row.pending = 4;
    row.rev = 5;
    row.due_day = 6;
    row.turn = true;
    row.open = false;
    OK(object_update(db, &row));
    OK(object_get(db, row.no, &got));
    assert_true(got.state == 2 && got.local_state == 3 && got.pending == 4 && got.rev == 5 && got.due_day == 6 && got.turn && !got.open);
    object_row_clear(&got);
    object_row_clear(&row);
    object_row_clear(&again);
    return 0;
}

static void test_numbers_and_rows(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, numbers, NULL));
    fixture_drop(&f);
}

/* ---- acts ---- */

static void assert_order(struct store_db *db, int64_t object, const int64_t *refs, size_t want)
{
    struct event_row *events = NULL;
    size_t count = 0;
    OK(object_event_list(db, object, &events, &count));
    assert_int_equal(count, want);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(events[i].ref, refs[i]);
    free(events);
}

static int acts(struct store_db *db, void *context)
{
    (void)context;
    int64_t event, object;
    struct object_row one = make_row(REGISTER_NOTE, 1), two = make_row(REGISTER_NOTE, 2);
    OK(object_insert(db, &one));
    OK(object_insert(db, &two));
    const struct event_row add[] = {
        {.own = true, .ref = 101, .rev = 0, .verdict = -1}, {.own = false, .ref = 102, .rev = 7, .peer = "320623", .verdict = -1},
        {.own = true, .ref = 103, .rev = 0, .verdict = -1}, {.own = false, .ref = 104, .rev = 5, .peer = "320623", .verdict = -1}};
    for (size_t i = 0; i < 4; i++)
        OK(object_event_add(db, one.id, &add[i]));
    OK(object_event_add(db, two.id, &add[1]));
    assert_order(db, one.id, (const int64_t[]){104, 102, 101, 103}, 4); /* revisions first, then as they came */
    assert_order(db, two.id, (const int64_t[]){102}, 1);
    OK(object_event_own(db, 103, &event, &object));
    assert_int_equal(object, one.id);
    assert_int_equal(object_event_own(db, 102, &event, &object), TB_ENOTFOUND); /* the peer's */
    assert_int_equal(object_event_own(db, 999, &event, &object), TB_ENOTFOUND);
    OK(object_event_own(db, 103, &event, &object));
    OK(object_event_settle(db, event, 6, VERDICT_DONE));
    assert_order(db, one.id, (const int64_t[]){104, 103, 102, 101}, 4);
    OK(object_event_own(db, 101, &event, &object));
    OK(object_event_settle(db, event, 0, VERDICT_REFUSED));
    struct event_row *events = NULL;
    size_t count = 0;
    OK(object_event_list(db, one.id, &events, &count));
    assert_int_equal(events[1].verdict, VERDICT_DONE);
    assert_int_equal(events[1].rev, 6);
    assert_int_equal(events[3].verdict, VERDICT_REFUSED);
    assert_int_equal(events[3].rev, 0);
    assert_string_equal(events[0].peer, "320623");
    assert_string_equal(events[1].peer, "");
    free(events);
    OK(object_event_settle(db, event, 0, VERDICT_DONE)); /* a second word does not take a revision away */
    assert_int_equal(object_event_add(db, 0, &add[0]), TB_EINVAL);
    assert_int_equal(object_event_add(db, INT64_MAX, &add[0]), TB_EINVAL);
    assert_order(db, 77, NULL, 0);
    OK(object_wait_add(db, one.id, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    OK(object_wait_add(db, one.id, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")); /* shown twice */
    object_row_clear(&one);
    object_row_clear(&two);
    return 0;
}

static void test_acts(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, acts, NULL));
    fixture_drop(&f);
}

/* A row that the tables do not know is damage, not a crash. */
static int damage(struct store_db *db, void *context)
{
    const char *change = context;
    return sqlite3_exec(db->handle, change, NULL, NULL, NULL) == SQLITE_OK ? 0 : TB_EIO;
}

static void test_damaged_rows(void **state)
{
    (void)state;
    static char changes[][64] = {"UPDATE object SET kind = 60", "UPDATE object SET state = 31", "UPDATE object SET local_state = 30"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct fixture f;
        struct object_row row, *rows = NULL;
        struct object_filter filter = {.kind = -1, .case_id = 11};
        size_t count = 0;
        int64_t next;
        fixture_make(&f, NULL);
        fixture_open(&f);
        OK(fixture_run(&f, fill, NULL));
        OK(fixture_run(&f, damage, changes[i]));
        assert_int_equal(object_get(store_sync_view(f.store), "N330483-2026-1", &row), TB_ECORRUPT);
        assert_int_equal(object_list(store_sync_view(f.store), &filter, &rows, &count, &next), TB_ECORRUPT);
        fixture_drop(&f);
    }
}

/* ---- spans of authorisations ---- */

static int spans(struct store_db *db, void *context)
{
    (void)context;
    static const char id[] = "018f0000-0000-7000-8000-000000000001";
    static const int64_t day = 86400000, first = 20000;
    const int64_t t = first * day; /* 08:00 of day `first` in China */
    char items[] = "GA01,,class:x";
    struct authorisation_row row = {.from_day = first - 5, .until_day = first + 5, .registered = 1, .finish = 1, .items = items};
    memcpy(row.id, id, sizeof id);
    memcpy(row.principal, "330483", OFFICE_TEXT);
    memcpy(row.delegate, "320623", OFFICE_TEXT);
    memcpy(row.steps, "ID", 3);
    OK(authorisation_put(db, &row));
    const struct {
        size_t count;
        struct authorisation_span spans[2];
        int64_t at, handed_in;
        const char *item;
        enum case_step step;
        bool covers;
    } rows[] = {
        {0, {{0, 0}}, t, 0, "GA01", STEP_INTAKE, false},
        {1, {{t, 0}}, t, 0, "GA01", STEP_INTAKE, true},
        {1, {{t, 0}}, t - 1, 0, "GA01", STEP_INTAKE, false},
        {1, {{t, 0}}, t, 0, "GA01", STEP_DELIVERY, true},
        {1, {{t, 0}}, t, 0, "GA01", STEP_NOTICE, false},
        {1, {{t, 0}}, t, 0, "GA01", STEP_NONE, false},
        {1, {{t, 0}}, t, 0, "GA0", STEP_INTAKE, false},
        {1, {{t, 0}}, t, 0, "", STEP_INTAKE, false},
        {1, {{t, t + 10}}, t + 9, 0, "GA01", STEP_INTAKE, true},
        {1, {{t, t + 10}}, t + 10, 0, "GA01", STEP_INTAKE, false},
        {1, {{t, t + 10}}, t + 10, t + 9, "GA01", STEP_INTAKE, true},
        {1, {{t, t + 10}}, t + 20, t + 10, "GA01", STEP_INTAKE, false},
        {2, {{t, t + 10}, {t + 20, 0}}, t + 15, 0, "GA01", STEP_INTAKE, false},
        {2, {{t, t + 10}, {t + 20, 0}}, t + 20, 0, "GA01", STEP_INTAKE, true},
        {1, {{t - 90 * day, 0}}, t - 10 * day, 0, "GA01", STEP_INTAKE, false}, /* before its first day */
        {1, {{t, 0}}, t + 6 * day, 0, "GA01", STEP_INTAKE, false},             /* after its last */
        {1, {{t, 0}}, t + 6 * day, t, "GA01", STEP_INTAKE, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool covers = !rows[i].covers;
        OK(authorisation_spans_put(db, id, rows[i].spans, rows[i].count));
        OK(authorisation_covers(db, &row, rows[i].item, rows[i].step, rows[i].at, rows[i].handed_in, &covers));
        assert_int_equal(covers, rows[i].covers);
        char found[UUID_TEXT];
        assert_int_equal(authorisation_find(db, "330483", "320623", rows[i].item, rows[i].step, rows[i].at, rows[i].handed_in, found),
                         rows[i].covers ? 0 : TB_ENOTFOUND);
        assert_int_equal(authorisation_find(db, "330483", "330503", rows[i].item, rows[i].step, rows[i].at, 0, found), TB_ENOTFOUND);
        assert_int_equal(authorisation_find(db, "320623", "330483", rows[i].item, rows[i].step, rows[i].at, 0, found), TB_ENOTFOUND);
    }
    return 0;
}

static void test_spans(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, spans, NULL));
    fixture_drop(&f);
}

static int fill_due(struct store_db *db, void *context)
{
    (void)context;
    for (int n = 1; n <= 40; n++) {
        struct object_row row = make_row(REGISTER_NOTE, n);
        row.turn = true;
        row.due_day = n % 4 ? 20000 + n * 7 % 11 : 0;
        OK(object_insert(db, &row));
        object_row_clear(&row);
    }
    return 0;
}

/* What waits comes by due day, what has none last, the newest first on a day, whatever the size of the page. */
static void test_turn_by_due(void **state)
{
    (void)state;
    struct fixture f;
    fixture_make(&f, NULL);
    fixture_open(&f);
    OK(fixture_run(&f, fill_due, NULL));
    for (unsigned limit = 1; limit < 50; limit += 6) {
        struct object_filter filter = {.kind = -1, .turn = true, .limit = limit};
        int64_t day = 0, id = 0;
        size_t all = 0;
        do {
            struct object_row *rows;
            size_t count;
            OK(object_list(store_sync_view(f.store), &filter, &rows, &count, &filter.cursor));
            for (size_t i = 0; i < count; i++) {
                int64_t next = rows[i].due_day ? rows[i].due_day : INT64_MAX;
                assert_true(next > day || (next == day && rows[i].id < id));
                day = next;
                id = rows[i].id;
            }
            all += count;
            object_rows_free(rows, count);
        } while (filter.cursor);
        assert_int_equal(all, 40);
    }
    fixture_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_turn_by_due),
        cmocka_unit_test(test_numbers_and_rows), cmocka_unit_test(test_acts),
        cmocka_unit_test(test_damaged_rows), cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
