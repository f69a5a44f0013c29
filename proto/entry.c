#include "proto/entry.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

static const struct {
    const char *text;
    bool message;
} types[ENTRY_TYPES] = {
#define E(constant, text, message) {text, message},
    ENTRY_TYPE_TABLE(E)
#undef E
};

const char *entry_type_text(enum entry_type type)
{
    return (unsigned)type < ENTRY_TYPES ? types[type].text : "";
}

int entry_type_by_text(const char *text)
{
    for (int i = 0; i < ENTRY_TYPES; i++)
        if (!strcmp(types[i].text, text))
            return i;
    return -1;
}

bool entry_type_is_message(enum entry_type type)
{
    return (unsigned)type < ENTRY_TYPES && types[type].message;
}

/* Types that stand for nothing without a case. */
static bool about_case(enum entry_type type)
{
    return !strncmp(types[type].text, "case.", 5) || !strncmp(types[type].text, "document.", 9);
}

bool entry_type_is_act(enum entry_type type)
{
    size_t len = (unsigned)type < ENTRY_TYPES ? strlen(types[type].text) : 0;
    return len > 4 && !strcmp(types[type].text + len - 4, ".act");
}

/* A message that may have nobody to go to: an act of an office alone with it, or one about a case whose intake and home side it is. */
static bool may_stay(enum entry_type type)
{
    return types[type].message && (entry_type_is_act(type) || about_case(type));
}

static bool receiver_fits(const struct entry *e)
{
    bool wants = types[e->type].message || e->type == ENTRY_RECEIPT;
    return e->to[0] ? wants : !wants || (may_stay(e->type) && !e->seq);
}

/* Numbered in its direction: every message that goes to somebody. */
static bool has_number(const struct entry *e)
{
    return types[e->type].message && (e->to[0] || !may_stay(e->type));
}

/* "320623:0007": office, colon, 1–12 letters and digits. */
static bool staff_valid(const char *text)
{
    char office[OFFICE_TEXT];
    size_t len = strlen(text);
    if (len < OFFICE_LEN + 2 || len >= STAFF_TEXT || text[OFFICE_LEN] != ':')
        return false;
    memcpy(office, text, OFFICE_LEN);
    office[OFFICE_LEN] = '\0';
    if (!office_valid(office))
        return false;
    for (const char *c = text + OFFICE_LEN + 1; *c; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')))
            return false;
    return true;
}

static bool role_valid(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_-");
    return len && !text[len] && len < sizeof((struct entry *)0)->role;
}

/* What both directions ask of an entry.  NULL, or what is wrong: JSON pointer, space, words. */
static const char *entry_fault(const struct entry *e)
{
    const char *why;
    if ((unsigned)e->type >= ENTRY_TYPES)
        return "/type is not known";
    if (!uuid_valid(e->id))
        return "/id is not a UUID in lower case";
    if (!office_valid(e->from))
        return "/from is not an office";
    if (!receiver_fits(e))
        return e->to[0] ? "/to does not belong to this type" : "/to is missing";
    if (e->to[0] && (!office_valid(e->to) || !strcmp(e->to, e->from)))
        return "/to is not another office";
    if (has_number(e) != (e->seq != 0) || e->seq < 0)
        return e->seq > 0 ? "/seq does not belong to this type" : "/seq must be 1 or more";
    bool of_none = e->type == ENTRY_CASE_VIEWED; /* a material that no case lists yet */
    if (about_case(e->type) && !of_none && !e->case_no[0])
        return "/case is missing";
    if (e->case_no[0] && code_check(CODE_CASE_NO, e->case_no, &why))
        return "/case is not a case number";
    if (e->rev < 0 || (e->rev && !e->case_no[0] && !entry_type_is_act(e->type)))
        return "/rev does not belong here";
    if (e->staff[0] && !staff_valid(e->staff))
        return "/actor/staff is not a staff number";
    if (e->staff[0] ? !role_valid(e->role) : e->role[0] != '\0')
        return "/actor/role is not a role";
    if (e->authorisation[0] && !uuid_valid(e->authorisation))
        return "/authorisation is not a UUID in lower case";
    return json_is_object(e->body) ? NULL : "/body is missing";
}

int entry_encode(const struct entry *entry, struct buf *line)
{
    if (entry_fault(entry))
        return TB_EINVAL; /* also: no member below needs escaping */
    size_t before = line->len;
    char at[TIMESTAMP_TEXT];
    timestamp_format(entry->at, at);
    int rc = buf_printf(line, "{\"v\":%d,\"type\":\"%s\",\"id\":\"%s\",\"from\":\"%s\"", ENTRY_VERSION,
                        types[entry->type].text, entry->id, entry->from);
    if (!rc && entry->to[0])
        rc = buf_printf(line, ",\"to\":\"%s\"", entry->to);
    if (!rc && entry->seq)
        rc = buf_printf(line, ",\"seq\":%lld", (long long)entry->seq);
    if (!rc)
        rc = buf_printf(line, ",\"at\":\"%s\"", at);
    if (!rc && entry->case_no[0])
        rc = buf_printf(line, ",\"case\":\"%s\"", entry->case_no);
    if (!rc && entry->rev)
        rc = buf_printf(line, ",\"rev\":%lld", (long long)entry->rev);
    if (!rc && entry->staff[0])
        rc = buf_printf(line, ",\"actor\":{\"staff\":\"%s\",\"role\":\"%s\"}", entry->staff, entry->role);
    if (!rc && entry->authorisation[0])
        rc = buf_printf(line, ",\"authorisation\":\"%s\"", entry->authorisation);
    if (!rc)
        rc = buf_append_str(line, ",\"body\":");
    if (!rc)
        rc = strict_json_dump(entry->body, line);
    if (!rc)
        rc = buf_append(line, "}", 1);
    if (!rc && line->len - before > LIMIT_ENTRY_BYTES)
        rc = TB_ELIMIT;
    if (rc) {
        line->len = before;
        if (line->data)
            line->data[before] = '\0';
    }
    return rc;
}

/* The members, each known, in the order of the protocol. */
static int check_order(const json_t *doc, struct problem *p)
{
    static const char *const known[] = {"v",    "type", "id",    "from",          "to",   "seq", "at",
                                        "case", "rev",  "actor", "authorisation", "body", NULL};
    int rc = strict_json_only(doc, "", known, p);
    if (rc)
        return rc;
    size_t next = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)doc, key, value)
    {
        while (known[next] && strcmp(known[next], key))
            next++;
        if (!known[next++])
            return problem_set(p, PROBLEM_FIELD, NULL, "the members of an entry do not stand in their order");
    }
    return 0;
}

/* Copies a text member into a field of `size` bytes; "" when an optional one is missing. */
static int copy_text(const json_t *doc, const char *path, const char *key, bool required, char *out, size_t size,
                     struct problem *p)
{
    const char *text;
    int rc = strict_json_text(doc, path, key, required, size - 1, &text, p);
    if (!rc && text)
        memcpy(out, text, strlen(text) + 1);
    else if (!rc)
        out[0] = '\0';
    return rc;
}

static int read_head(const json_t *doc, struct entry *e, struct problem *p)
{
    const char *text;
    int64_t version;
    int rc = strict_json_int(doc, "", "v", true, ENTRY_VERSION, ENTRY_VERSION, 0, &version, p);
    if (!rc)
        rc = strict_json_text(doc, "", "type", true, 40, &text, p);
    if (rc)
        return rc;
    int type = entry_type_by_text(text);
    if (type < 0)
        return problem_set(p, PROBLEM_FIELD, "/type", "/type is not known");
    e->type = (enum entry_type)type;
    rc = copy_text(doc, "", "id", true, e->id, sizeof e->id, p);
    if (!rc)
        rc = copy_text(doc, "", "from", true, e->from, sizeof e->from, p);
    if (!rc)
        rc = copy_text(doc, "", "to", false, e->to, sizeof e->to, p);
    if (!rc)
        rc = strict_json_int(doc, "", "seq", false, 1, INT64_MAX, 0, &e->seq, p);
    if (!rc)
        rc = strict_json_text(doc, "", "at", true, 40, &text, p);
    if (!rc && timestamp_parse(text, &e->at))
        rc = problem_set(p, PROBLEM_FIELD, "/at", "/at is not a time of RFC 3339");
    return rc;
}

static int read_rest(const json_t *doc, struct entry *e, struct problem *p)
{
    static const char *const actor_known[] = {"staff", "role", NULL};
    json_t *actor;
    int rc = copy_text(doc, "", "case", false, e->case_no, sizeof e->case_no, p);
    if (!rc)
        rc = strict_json_int(doc, "", "rev", false, 1, INT64_MAX, 0, &e->rev, p);
    if (!rc)
        rc = strict_json_object(doc, "", "actor", false, &actor, p);
    if (!rc && actor) {
        rc = strict_json_only(actor, "/actor", actor_known, p);
        if (!rc)
            rc = copy_text(actor, "/actor", "staff", true, e->staff, sizeof e->staff, p);
        if (!rc)
            rc = copy_text(actor, "/actor", "role", true, e->role, sizeof e->role, p);
    }
    if (!rc)
        rc = copy_text(doc, "", "authorisation", false, e->authorisation, sizeof e->authorisation, p);
    if (!rc)
        rc = strict_json_object(doc, "", "body", true, &e->body, p); /* borrowed until the end */
    return rc;
}

int entry_decode(const char *line, size_t len, struct entry *out, struct problem *p)
{
    struct entry e = {.seq = 0};
    json_t *doc = NULL;
    if (len > LIMIT_ENTRY_BYTES)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "an entry has at most %d bytes", (int)LIMIT_ENTRY_BYTES);
    if (len && (memchr(line, '\n', len) || memchr(line, '\r', len)))
        return problem_set(p, PROBLEM_MALFORMED, NULL, "an entry is one line");
    int rc = strict_json_parse(line, len, &doc, p);
    if (!rc)
        rc = check_order(doc, p);
    if (!rc)
        rc = read_head(doc, &e, p);
    if (!rc)
        rc = read_rest(doc, &e, p);
    const char *fault = rc ? NULL : entry_fault(&e);
    if (fault) {
        char field[32];
        size_t n = strcspn(fault, " ");
        memcpy(field, fault, n);
        field[n] = '\0';
        rc = problem_set(p, PROBLEM_FIELD, field, "%s", fault);
    }
    if (!rc) {
        json_incref(e.body);
        *out = e;
    }
    json_decref(doc);
    return rc;
}

struct peek {
    const char *at, *end;
};

/* Steps over `text`, when it is next. */
static bool peek_step(struct peek *k, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(k->end - k->at) < len || memcmp(k->at, text, len))
        return false;
    k->at += len;
    return true;
}

/* A text member, when it is next; `opening` is what stands before its text. */
static bool peek_text(struct peek *k, const char *opening, char *out, size_t size)
{
    const char *before = k->at;
    if (!peek_step(k, opening))
        return false;
    const char *quote = memchr(k->at, '"', (size_t)(k->end - k->at));
    if (!quote || (size_t)(quote - k->at) >= size) {
        k->at = before;
        return false;
    }
    size_t len = (size_t)(quote - k->at);
    memcpy(out, k->at, len);
    out[len] = '\0';
    k->at = quote + 1;
    return true;
}

int entry_peek(const char *line, size_t len, struct entry *out)
{
    struct entry e = {.seq = 0};
    struct peek k = {line, line + len};
    char type[40], at[TIMESTAMP_TEXT];
    if (!peek_step(&k, "{\"v\":1") || !peek_text(&k, ",\"type\":\"", type, sizeof type) ||
        !peek_text(&k, ",\"id\":\"", e.id, sizeof e.id) || !peek_text(&k, ",\"from\":\"", e.from, sizeof e.from))
        return TB_EMALFORMED;
    (void)peek_text(&k, ",\"to\":\"", e.to, sizeof e.to);
    if (peek_step(&k, ",\"seq\":"))
        for (; k.at < k.end && *k.at >= '0' && *k.at <= '9' && e.seq < INT64_MAX / 10 - 1; k.at++)
            e.seq = e.seq * 10 + (*k.at - '0');
    if (!peek_text(&k, ",\"at\":\"", at, sizeof at) || timestamp_parse(at, &e.at))
        return TB_EMALFORMED;
    (void)peek_text(&k, ",\"case\":\"", e.case_no, sizeof e.case_no);
    int known = entry_type_by_text(type);
    if (known < 0 || !uuid_valid(e.id))
        return TB_EMALFORMED;
    e.type = (enum entry_type)known;
    *out = e;
    return 0;
}

void entry_clear(struct entry *entry)
{
    if (!entry)
        return;
    json_decref(entry->body);
    entry->body = NULL;
}
