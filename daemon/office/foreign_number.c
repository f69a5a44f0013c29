/* foreign_number: the numbers under which line systems (条线系统) of this side know a case. */
#include <string.h>

#include "daemon/office/office_internal.h"
#include "proto/text.h"

static int append_number(void *context, const char *system, const char *value)
{
    return json_array_append_new(context, json_pack("{s:s, s:s}", "system", system, "value", value)) ? TB_ENOMEM : 0;
}

int case_add_numbers(struct store_db *db, const struct case_row *row, json_t *doc)
{
    json_t *numbers = json_array();
    int rc = numbers ? foreign_list(db, row->id, append_number, numbers) : TB_ENOMEM;
    if (!rc && json_array_size(numbers) && json_object_set(doc, "numbers", numbers))
        rc = TB_ENOMEM;
    json_decref(numbers);
    return rc;
}

static int check_text(const json_t *body, const char *member, size_t max, struct problem *p)
{
    const char *text = json_string_value(json_object_get(body, member)), *why;
    char field[16];
    (void)snprintf(field, sizeof field, "/%s", member);
    if (!text)
        return problem_set(p, PROBLEM_FIELD, field, "a text is needed");
    if (text_check_name(text, max))
        return problem_set(p, PROBLEM_FIELD, field, "1 to %zu bytes in one line, without blanks around it", max);
    if (code_check(CODE_CITIZEN_ID, text, &why) == 0)
        return problem_set(p, PROBLEM_FIELD, field, "this is the number of a person, not of a case");
    return 0;
}

static int check_body(const json_t *body, struct problem *p)
{
    const char *key;
    json_t *value;
    if (!json_is_object(body))
        return problem_set(p, PROBLEM_MALFORMED, NULL, "an object is needed");
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
        if (strcmp(key, "system") != 0 && strcmp(key, "value") != 0 && (strcmp(key, "remove") != 0 || !json_is_boolean(value)))
            return problem_set(p, PROBLEM_FIELD, key, "there is no such field here");
    int rc = check_text(body, "system", LIMIT_FOREIGN_SYSTEM_BYTES, p);
    return rc ? rc : check_text(body, "value", LIMIT_FOREIGN_NUMBER_BYTES, p);
}

static int put_number(struct store_db *db, const struct office_request *request, const struct case_row *row, struct problem *p)
{
    const char *system = json_string_value(json_object_get(request->body, "system"));
    const char *value = json_string_value(json_object_get(request->body, "value"));
    char other[CASE_NO_TEXT];
    if (json_is_true(json_object_get(request->body, "remove"))) {
        int rc = foreign_remove(db, row->id, system, value);
        return rc == TB_ENOTFOUND ? problem_set(p, PROBLEM_NOT_FOUND, NULL, "the case has no such number") : rc;
    }
    int rc = foreign_find(db, system, value, other);
    if (!rc && !strcmp(other, row->case_no))
        return 0; /* it has it already */
    if (!rc)
        return problem_set(p, PROBLEM_FIELD, "/value", "this number of %s is the number of case %s already", system, other);
    if (rc != TB_ENOTFOUND)
        return rc;
    json_t *doc = json_object();
    rc = doc ? case_add_numbers(db, row, doc) : TB_ENOMEM;
    size_t count = json_array_size(json_object_get(doc, "numbers"));
    json_decref(doc);
    if (!rc && count >= LIMIT_FOREIGN_NUMBERS)
        rc = problem_set(p, PROBLEM_FIELD, "/value", "a case has at most %d such numbers", LIMIT_FOREIGN_NUMBERS);
    return rc ? rc : foreign_add(db, row->id, system, value, request->staff->id);
}

int number_run(struct store_db *db, struct office_request *request, struct problem *p)
{
    struct case_row row = {.id = 0};
    int rc = check_body(request->body, p);
    if (rc)
        return rc;
    rc = case_get(db, request->case_no, &row);
    if (rc == TB_ENOTFOUND)
        return problem_set(p, PROBLEM_NOT_FOUND, NULL, "case %s is not known at this office", request->case_no);
    if (!rc)
        rc = put_number(db, request, &row, p);
    json_t *doc = rc ? NULL : json_pack("{s:s, s:[]}", "case", row.case_no, "numbers");
    if (!rc)
        rc = doc ? case_add_numbers(db, &row, doc) : TB_ENOMEM;
    if (!rc) {
        request->answer = json_dumps(doc, JSON_COMPACT);
        request->status = 200;
        rc = request->answer ? 0 : TB_ENOMEM;
    }
    json_decref(doc);
    case_row_clear(&row);
    return rc;
}
