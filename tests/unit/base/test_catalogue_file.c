/* Catalogue files: the shipped ones load, and a mistake is refused with the line on which it stands. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/config.h"

static char path[] = "/tmp/tongban-catalogue-XXXXXX";

static const char *const good[] = {
    /*  1 */ "office: 330483",
    /*  2 */ "items:",
    /*  3 */ "  - code: GA01",
    /*  4 */ "    version: 1",
    /*  5 */ "    name: 居民身份证换领",
    /*  6 */ "    name_en: id_card_renew",
    /*  7 */ "    category: 户籍身份证",
    /*  8 */ "    department: 桐乡市公安局",
    /*  9 */ "    task_type: \"20\"",
    /* 10 */ "    subject: P",
    /* 11 */ "    mode: PROXY",
    /* 12 */ "    steps: INOPD",
    /* 13 */ "    in_person: true",
    /* 14 */ "    materials:",
    /* 15 */ "      - {name: 原居民身份证, form: O, required: true}",
    /* 16 */ "    statutory_limit: {days: 60, unit: calendar_day}",
    /* 17 */ "    promised_limit: {days: 20, unit: working_day}",
    /* 18 */ "    project_type: committed",
    /* 19 */ "    fee: 20元/证",
    /* 20 */ "    result: 居民身份证",
    /* 21 */ "    legal_basis: 居民身份证法第10-12条",
    /* 22 */ "    effective_from: 2026-01-01",
    /* 23 */ "    approximate: []",
};
enum { LINES = sizeof good / sizeof good[0] };

static int load(unsigned line, const char *text, json_t **items, struct problem *p)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (unsigned i = 1; i <= LINES; i++)
        assert_true(fprintf(file, "%s\n", i == line ? text : good[i - 1]) > 0);
    assert_int_equal(fclose(file), 0);
    char *files[] = {path};
    return config_load_catalogue(files, 1, "330483", items, p);
}

static void loads_a_sound_file(void **state)
{
    (void)state;
    struct problem p = {.detail = ""};
    json_t *items = NULL;
    int err = load(0, NULL, &items, &p);
    assert_string_equal(p.detail, "");
    assert_int_equal(err, 0);
    assert_int_equal(json_array_size(items), 1);
    json_decref(items);
}

static void refuses_mistakes_with_their_line(void **state)
{
    (void)state;
    static const struct {
        unsigned line;
        const char *text;
        unsigned said;
        const char *words;
    } corpus[] = {
        {1, "office: 320623", 1, "not this office"},
        {1, "office: 330483\nedition: 1", 2, "unknown key 'edition'"},
        {2, "itemz:", 2, "unknown key 'itemz'"},
        {4, "    version: one", 4, "version"},
        {5, "    name: 12", 5, "name"},
        {10, "    subjekt: P", 10, "subjekt"},
        {11, "    mode: SOMEHOW", 11, "mode"},
        {12, "    steps: INOPX", 12, "steps"},
        {13, "    in_person: Y", 13, "in_person"},
        {15, "      - {name: 原居民身份证, form: Z, required: true}", 15, "form"},
        {16, "    statutory_limit: {days: 60, unit: moon}", 16, "unit"},
        {22, "    effective_from: 2026-13-01", 22, "effective_from"},
        {22, "    effective_from: 2026-01-01\n    fee: \"0\"", 23, "twice"},
    };
    for (size_t i = 0; i < sizeof corpus / sizeof corpus[0]; i++) {
        struct problem p = {.detail = ""};
        json_t *items = NULL;
        char place[96];
        int err = load(corpus[i].line, corpus[i].text, &items, &p);
        (void)snprintf(place, sizeof place, "%s:%u: ", path, corpus[i].said);
        if (err != TB_EMALFORMED || strncmp(p.detail, place, strlen(place)) != 0 || !strstr(p.detail, corpus[i].words))
            fail_msg("row %zu: %d, '%s'; expected line %u and '%s'", i, err, p.detail, corpus[i].said, corpus[i].words);
        assert_null(items);
    }
}

static void refuses_a_code_twice_even_in_two_files(void **state)
{
    (void)state;
    struct problem p = {.detail = ""};
    json_t *items = NULL;
    assert_int_equal(load(0, NULL, &items, &p), 0);
    json_decref(items);
    items = NULL;
    char *files[] = {path, path};
    assert_int_equal(config_load_catalogue(files, 2, "330483", &items, &p), TB_EMALFORMED);
    assert_non_null(strstr(p.detail, ":3: code 'GA01' stands at"));
    assert_null(items);
}

static void the_shipped_files_are_sound(void **state)
{
    (void)state;
    static const char *const offices[] = {"330483", "320623", "330503"};
    static const size_t own[] = {95, 95, 0}, joint = 9; /* of items.tsv; joint.yaml */
    json_t *templates[3];
    for (size_t i = 0; i < 3; i++) {
        char pattern[4096];
        glob_t found;
        (void)snprintf(pattern, sizeof pattern, "%s/config/catalogue/%s/*.yaml", TONGBAN_SOURCE_DIR, offices[i]);
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        struct problem p = {.detail = ""};
        json_t *items = NULL;
        int err = config_load_catalogue(found.gl_pathv, (unsigned)found.gl_pathc, offices[i], &items, &p);
        assert_string_equal(p.detail, "");
        assert_int_equal(err, 0);
        assert_int_equal(json_array_size(items), own[i] + joint);
        templates[i] = json_array();
        size_t n;
        json_t *item;
        json_array_foreach(items, n, item)
            if (!strncmp(json_string_value(json_object_get(item, "code")), "LB", 2)) {
                (void)json_object_del(item, "department"); /* its own in every office */
                (void)json_array_append(templates[i], item);
            }
        assert_int_equal(json_array_size(templates[i]), joint);
        assert_true(json_equal(templates[i], templates[0])); /* what one office opens, the others can take */
        json_decref(items);
        globfree(&found);
    }
    for (size_t i = 0; i < 3; i++)
        json_decref(templates[i]);
}

static int setup(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_a_sound_file),
        cmocka_unit_test(refuses_mistakes_with_their_line),
        cmocka_unit_test(refuses_a_code_twice_even_in_two_files),
        cmocka_unit_test(the_shipped_files_are_sound),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
