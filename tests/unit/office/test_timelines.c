/* What time does to a case, told from both sides: two offices under one virtual clock, for what takes days (domain.md 5, 10).
 *
 * As a test it asserts the outcome and that both sides tell the same story.  With --json SCENE it prints the story instead: what
 * `./dev demo --full` (config/demo/scenes.py) shows and compares. */
#include "halls.h"

#include "daemon/base/log.h"
#include "daemon/office/office_internal.h"

struct scene {
    const char *name;
    void (*play)(struct halls *h, char no[CASE_NO_TEXT], char object[REGISTER_NO_TEXT]);
    const char *state; /* of the case at the end */
};

/* Time goes on: each office looks, then both hear of it. */
static void go_to(struct halls *h, const char *when)
{
    halls_at(h, when);
    for (int i = 0; i < HALLS; i++)
        halls_tick(h, i, NULL);
    halls_exchange(h);
}

static void act(struct halls *h, int hall, const char *role, const char *no, const char *action, const char *body)
{
    h->now += 60 * 1000;
    if (halls_act(h, hall, role, no, action, body))
        fail_msg("%s: %s %s", action, h->problem.field, h->problem.detail);
    halls_exchange(h);
}

static void taken_in(struct halls *h, char no[CASE_NO_TEXT])
{
    halls_intake(h, "X1", no);
    h->now += 60 * 1000;
    halls_exchange(h);
}

/* Nobody says a word for five working days: on the sixth the case has been accepted since the day it was received. */
static void play_deemed(struct halls *h, char no[CASE_NO_TEXT], char object[REGISTER_NO_TEXT])
{
    (void)object;
    halls_make(h, halls_items, false, "2026-09-30 16:00"); /* the National Day holiday lies between */
    taken_in(h, no);
    go_to(h, "2026-10-13 23:59");
    assert_int_equal(halls_state(h, HOME, no), CASE_RECEIVED);
    go_to(h, "2026-10-14 00:01");
    assert_int_equal(halls_act(h, HOME, "handler", no, "notice", NOTICE("2026-11-30")), TB_EREFUSED);
    go_to(h, "2026-10-14 09:00");
    act(h, HOME, "handler", no, "grant", "{}");
}

/* Accepted although a photograph is missing; it never comes, and the acceptance is revoked. */
static void play_revoked(struct halls *h, char no[CASE_NO_TEXT], char object[REGISTER_NO_TEXT])
{
    (void)object;
    halls_make(h, halls_items, false, "2026-11-23 09:00");
    taken_in(h, no);
    act(h, HOME, "handler", no, "tolerate", "{'gaps':[{'material':'照片'}],'deadline':'2026-11-27'}");
    go_to(h, "2026-11-27 17:00");
    const char *const body = "{'reason':'未补齐','legal_basis':'浙江省保障“最多跑一次”改革规定第十一条'}";
    assert_int_equal(halls_act(h, HOME, "handler", no, "revoke", body), TB_EREFUSED); /* the last day is the applicant's */
    go_to(h, "2026-11-30 09:00");
    act(h, HOME, "handler", no, "revoke", body);
}

/* The authorisation ends in the middle: nothing new is taken in, what was begun is ended by the rule agreed for open cases. */
static void play_expired(struct halls *h, char no[CASE_NO_TEXT], char object[REGISTER_NO_TEXT])
{
    halls_grant.items = "ZZ"; /* the configuration authorises nothing that there is */
    halls_make(h, halls_items, false, "2026-11-23 09:00");
    halls_grant.items = "*";
    OK(halls_register(h, HOME, "handler", "authorisation", NULL, "offer",
                      "{'data':{'from':'2026-01-01','until':'2026-11-25','announcement':'桐政办发〔2026〕1号','items':'*','steps':'INOPD',"
                      "'open_cases':'finish'}}", object));
    halls_exchange(h);
    OK(halls_register(h, INTAKE, "handler", "authorisation", object, "accept", "{}", NULL));
    halls_exchange(h);
    taken_in(h, no);
    act(h, HOME, "handler", no, "notice", NOTICE("2026-12-31"));
    go_to(h, "2026-11-26 09:00");
    for (int i = 0; i < HALLS; i++) {
        struct object_row row = halls_object(h, i, object);
        assert_string_equal(register_kinds[row.kind].states[row.state].name, "expired");
        object_row_clear(&row);
        char id[UUID_TEXT];
        struct store_db *db = store_sync_view(h->hall[i].store);
        assert_int_equal(authorisation_find(db, "330483", "320623", "X1", STEP_INTAKE, h->now, 0, id), TB_ENOTFOUND);
    }
    act(h, INTAKE, "window", no, "supplement", SUPPLEMENT);
    act(h, HOME, "handler", no, "accept", "{}");
    act(h, HOME, "handler", no, "grant", "{}");
}

static const struct scene scenes[] = {
    {"deemed", play_deemed, "granted"},
    {"revoked", play_revoked, "acceptance_revoked"},
    {"expired", play_expired, "granted"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

/* {"case","object"?,"sides":{OFFICE: timeline}}; a new reference. */
static json_t *tell(const struct scene *scene)
{
    struct halls h;
    char no[CASE_NO_TEXT], object[REGISTER_NO_TEXT] = "";
    scene->play(&h, no, object);
    json_t *sides = json_object();
    for (int i = 0; i < HALLS; i++)
        OK(json_object_set_new(sides, h.hall[i].office->code, halls_ask(&h, i, ASK_TIMELINE, no)));
    json_t *story = json_pack("{s:s, s:s, s:s, s:o}", "scene", scene->name, "case", no, "object", object, "sides", sides);
    assert_non_null(story);
    halls_drop(&h);
    return story;
}

static void test_both_sides_tell_the_same(void **state)
{
    static const char *const shared[] = {"rev", "at", "from", "type", "staff", "verdict", "id", "summary"};
    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        json_t *story = tell(&scenes[i]), *sides = json_object_get(story, "sides"), *row;
        const json_t *home = json_object_get(sides, "330483"), *intake = json_object_get(sides, "320623");
        assert_string_equal(json_string_value(json_object_get(home, "state")), scenes[i].state);
        assert_string_equal(json_string_value(json_object_get(intake, "state")), scenes[i].state);
        assert_int_equal(json_array_size(json_object_get(home, "rows")), json_array_size(json_object_get(intake, "rows")));
        size_t n;
        json_array_foreach(json_object_get(home, "rows"), n, row)
        {
            const json_t *other = json_array_get(json_object_get(intake, "rows"), n);
            for (size_t m = 0; m < sizeof shared / sizeof shared[0]; m++)
                if (!json_equal(json_object_get(row, shared[m]), json_object_get(other, shared[m])))
                    fail_msg("%s, entry %zu: %s differs", scenes[i].name, n + 1, shared[m]);
        }
        json_decref(story);
    }
}

static int print_story(const char *name)
{
    for (size_t i = 0; i < SCENES; i++)
        if (!strcmp(scenes[i].name, name)) {
            json_t *story = tell(&scenes[i]);
            (void)json_dumpf(story, stdout, JSON_INDENT(1));
            (void)putchar('\n');
            json_decref(story);
            return 0;
        }
    (void)fprintf(stderr, "no scene %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    log_set_level(LOG_LEVEL_ERR);
    if (argc == 3 && !strcmp(argv[1], "--json"))
        return print_story(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_sides_tell_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
