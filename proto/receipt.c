#include "proto/message.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"

static const char *const verdicts[] = {"done", "refused", "invalid"};
enum { VERDICTS = sizeof verdicts / sizeof verdicts[0] };

const char *verdict_text(enum verdict verdict)
{
    return (unsigned)verdict < VERDICTS ? verdicts[verdict] : "";
}

int tally_step(const struct suite *suite, struct tally *tally, const struct ledger_hash *leaf)
{
    int rc = ledger_node(suite, &tally->hash, leaf, &tally->hash);
    if (!rc)
        tally->seq++;
    return rc;
}

bool tally_conflict(const struct tally *mine, const struct tally *theirs)
{
    static const struct ledger_hash unknown;
    bool known = !theirs->seq || memcmp(&theirs->hash, &unknown, sizeof unknown) != 0;
    return known && mine->seq == theirs->seq && memcmp(&mine->hash, &theirs->hash, sizeof mine->hash) != 0;
}

/* --- writing --- */

static json_t *hash_new(const struct ledger_hash *hash)
{
    struct buf text;
    buf_init(&text, 64);
    json_t *value = base64_encode(hash->b, sizeof hash->b, &text) ? NULL : json_stringn(text.data, text.len);
    buf_free(&text);
    return value;
}

static json_t *line_new(const struct receipt_line *line)
{
    json_t *one = json_object();
    int failed = json_object_set_new(one, "leaf", hash_new(&line->leaf));
    failed |= json_object_set_new(one, "verdict", json_string(verdict_text(line->verdict)));
    if (line->rev)
        failed |= json_object_set_new(one, "rev", json_integer(line->rev));
    if (line->state[0])
        failed |= json_object_set_new(one, "state", json_string(line->state));
    if (line->problem)
        failed |= json_object_set(one, "problem", line->problem);
    if (failed) {
        json_decref(one);
        return NULL;
    }
    return one;
}

int receipt_to_json(const struct receipt *receipt, json_t **out)
{
    if (receipt->first < 1 || receipt->last < receipt->first || receipt->last - receipt->first >= LIMIT_BATCH_MESSAGES)
        return TB_EINVAL;
    json_t *body = json_object(), *array = json_array();
    int failed = json_object_set_new(body, "first", json_integer(receipt->first));
    failed |= json_object_set_new(body, "last", json_integer(receipt->last));
    failed |= json_object_set_new(body, "tally", hash_new(&receipt->tally.hash));
    for (int64_t i = 0; !failed && i <= receipt->last - receipt->first; i++)
        failed |= json_array_append_new(array, line_new(&receipt->lines[i]));
    failed |= json_object_set(body, "verdicts", array);
    json_decref(array);
    if (failed) {
        json_decref(body);
        return TB_ENOMEM;
    }
    *out = body;
    return 0;
}

/* --- reading --- */

static int get_hash(const json_t *obj, const char *path, const char *key, struct ledger_hash *out, struct problem *p)
{
    const char *text;
    size_t len;
    int rc = strict_json_text(obj, path, key, true, 44, &text, p);
    if (!rc && (base64_decode(text, strlen(text), out->b, sizeof out->b, &len) || len != sizeof out->b))
        rc = problem_set(p, PROBLEM_FIELD, path, "%s/%s is not a hash in Base64", path, key);
    return rc;
}

static int get_line(const json_t *one, struct receipt_line *out, struct problem *p)
{
    static const char *const known[] = {"leaf", "verdict", "rev", "state", "problem", NULL};
    static const char path[] = "/verdicts";
    const char *verdict, *state;
    json_t *why;
    if (!json_is_object(one))
        return problem_set(p, PROBLEM_FIELD, path, "%s has an element that is not an object", path);
    int rc = strict_json_only(one, path, known, p);
    if (!rc)
        rc = get_hash(one, path, "leaf", &out->leaf, p);
    if (!rc)
        rc = strict_json_text(one, path, "verdict", true, 16, &verdict, p);
    if (!rc)
        rc = strict_json_int(one, path, "rev", false, 1, INT64_MAX, 0, &out->rev, p);
    if (!rc)
        rc = strict_json_text(one, path, "state", false, sizeof out->state - 1, &state, p);
    if (!rc)
        rc = strict_json_object(one, path, "problem", false, &why, p);
    if (rc)
        return rc;
    unsigned v = 0;
    while (v < VERDICTS && strcmp(verdicts[v], verdict))
        v++;
    if (v == VERDICTS)
        return problem_set(p, PROBLEM_FIELD, path, "%s/verdict is not known", path);
    if ((v == VERDICT_DONE) != !why)
        return problem_set(p, PROBLEM_FIELD, path, "%s/problem stands with a refusal, and only there", path);
    out->verdict = (enum verdict)v;
    if (state)
        memcpy(out->state, state, strlen(state) + 1);
    out->problem = json_incref(why);
    return 0;
}

int receipt_from_json(const json_t *body, struct receipt *out, struct problem *p)
{
    static const char *const known[] = {"first", "last", "tally", "verdicts", NULL};
    struct receipt made = {.lines = NULL};
    json_t *array;
    int rc = strict_json_only(body, "", known, p);
    if (!rc)
        rc = strict_json_int(body, "", "first", true, 1, INT64_MAX, 0, &made.first, p);
    if (!rc)
        rc = strict_json_int(body, "", "last", true, made.first, INT64_MAX, 0, &made.last, p);
    if (!rc)
        rc = get_hash(body, "", "tally", &made.tally.hash, p);
    if (!rc)
        rc = strict_json_array(body, "", "verdicts", true, LIMIT_BATCH_MESSAGES, &array, p);
    if (rc)
        return rc;
    size_t count = json_array_size(array);
    if (!count || (uint64_t)(made.last - made.first) != count - 1)
        return problem_set(p, PROBLEM_FIELD, "/verdicts", "/verdicts are not one for each number from first to last");
    made.tally.seq = made.last;
    made.lines = calloc(count, sizeof *made.lines);
    if (!made.lines)
        return TB_ENOMEM;
    for (size_t i = 0; !rc && i < count; i++)
        rc = get_line(json_array_get(array, i), &made.lines[i], p);
    if (rc) {
        receipt_clear(&made);
        return rc;
    }
    *out = made;
    return 0;
}

void receipt_clear(struct receipt *receipt)
{
    if (!receipt || !receipt->lines)
        return;
    for (int64_t i = 0; i <= receipt->last - receipt->first; i++)
        json_decref(receipt->lines[i].problem);
    free(receipt->lines);
    receipt->lines = NULL;
}
