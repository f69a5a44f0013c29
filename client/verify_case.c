/* tongban-verify case: every entry of a case's bundle, and what the entries say about each other. */
#include "client/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/err.h"
#include "proto/message.h"
#include "proto/strict_json.h"
#include "proto/timestamp.h"

struct row {
    struct entry entry;
    struct ledger_hash leaf;
    uint64_t index;
    struct checkpoint checkpoint;
    int64_t rev;     /* as the bundle says */
    bool rev_proved; /* said by the entry itself or by a receipt in the bundle */
    bool cosigned;
    bool erased; /* its retention ended: only the leaf is proved, what is left of the line is the office's word */
};

struct bundle {
    struct verify_report *r;
    json_t *doc;
    const char *case_no;
    struct note_vkey keys[2 * VERIFY_KEYS]; /* offices' keys, then witnesses' */
    unsigned offices, all;
    bool own_keys;   /* none was given: those in the bundle are used */
    struct row *rows;
    size_t count;
};

static int fail_row(struct bundle *b, size_t i, const char *what, const char *why)
{
    char element[64];
    (void)snprintf(element, sizeof element, "entries/%zu/%s", i, what);
    return verify_end(b->r, VERIFY_FAILED, element, "%s", why[0] ? gettext(why) : why);
}

static int unreadable_row(struct bundle *b, size_t i, const char *what, const char *why)
{
    (void)fail_row(b, i, what, why);
    return b->r->status = VERIFY_USAGE;
}

/* The next key after `last` that the auditor gave for an office, NULL if none: one that rotated its key has several. */
static const struct note_vkey *office_key_after(const struct bundle *b, const char *office, const struct note_vkey *last)
{
    char name[NOTE_NAME_MAX];
    (void)snprintf(name, sizeof name, "tongban/%s", office);
    for (const struct note_vkey *key = last ? last + 1 : b->keys; key < b->keys + b->offices; key++)
        if (!strcmp(key->name, name))
            return key;
    return NULL;
}

static const struct note_vkey *office_key(const struct bundle *b, const char *office)
{
    return office_key_after(b, office, NULL);
}

/* Of several keys of an office the one that signed this checkpoint; the first one when none did. */
static const struct note_vkey *signing_key(const struct bundle *b, const char *office, const char *note, size_t len)
{
    struct checkpoint checkpoint;
    for (const struct note_vkey *key = office_key(b, office); key; key = office_key_after(b, office, key))
        if (checkpoint_verify(key, note, len, &checkpoint) == 0)
            return key;
    return office_key(b, office);
}

static bool is_given(const struct bundle *b, const char *office, const struct note_vkey *hint)
{
    for (const struct note_vkey *key = office_key(b, office); key; key = office_key_after(b, office, key))
        if (!strcmp(key->name, hint->name) && !memcmp(key->public_key, hint->public_key, suite_public_bytes(key->suite)))
            return true;
    return false;
}

static int read_keys(struct bundle *b, const struct verify_args *args)
{
    for (unsigned i = 0; i < args->keys + args->witnesses; i++) {
        bool office = i < args->keys;
        struct note_vkey *key = &b->keys[i];
        const char *option = office ? "--key" : "--witness";
        if (verify_read_key(b->r, option, office ? args->key[i] : args->witness[i - args->keys], key))
            return b->r->status;
        if (office && key->type != suite_sign_type(key->suite))
            return verify_end(b->r, VERIFY_USAGE, option, "the key of %s is a witness's key, not a ledger's",
                              key->name);
    }
    b->offices = args->keys;
    b->all = args->keys + args->witnesses;
    b->own_keys = !args->keys;
    return 0;
}

/* Without any --key the bundle's own are used.  Then the summary says that they are nobody's word but the bundle's. */
static int take_hint(struct bundle *b, const struct note_vkey *hint)
{
    if (b->offices == VERIFY_KEYS || hint->type != suite_sign_type(hint->suite))
        return verify_end(b->r, VERIFY_FAILED, "offices", "the keys in the bundle are not ledgers' keys");
    memmove(&b->keys[b->offices + 1], &b->keys[b->offices], (b->all - b->offices) * sizeof b->keys[0]);
    b->keys[b->offices++] = *hint;
    b->all++;
    return 0;
}

/* The keys inside are a hint; one that contradicts the auditor's is a reason to stop. */
static int check_hints(struct bundle *b, const json_t *offices)
{
    size_t i;
    json_t *one;
    json_array_foreach(offices, i, one)
    {
        const char *office, *text;
        struct note_vkey hint;
        struct problem p;
        if (!json_is_object(one) || strict_json_text(one, "/offices", "office", true, OFFICE_LEN, &office, &p) ||
            strict_json_text(one, "/offices", "vkey", true, NOTE_VKEY_TEXT, &text, &p) || note_vkey_parse(text, &hint))
            return verify_end(b->r, VERIFY_USAGE, "offices", "element %zu is not an office with its key", i);
        if (b->own_keys && !office_key(b, office) && take_hint(b, &hint))
            return b->r->status;
        const struct note_vkey *key = office_key(b, office);
        if (!key)
            return verify_end(b->r, VERIFY_FAILED, "offices",
                              "no --key was given for the office %s; the key in the bundle proves nothing by itself",
                              office);
        if (!is_given(b, office, &hint))
            return verify_end(b->r, VERIFY_FAILED, "offices",
                              "the bundle names another key for the office %s than --key", office);
    }
    return 0;
}

/* A cosignature by anybody else whose key was given counts; a wrong one is fatal. */
static int check_cosignatures(struct bundle *b, size_t i, const struct unverified_proof *proof)
{
    struct row *row = &b->rows[i];
    for (unsigned k = 0; k < b->all; k++) {
        int64_t unix_s;
        if (!strcmp(b->keys[k].name, row->checkpoint.origin))
            continue;
        int rc = checkpoint_verify_cosignature(&b->keys[k], proof->checkpoint, proof->checkpoint_len, proof->checkpoint,
                                               proof->checkpoint_len, &unix_s);
        if (!rc)
            row->cosigned = true;
        else if (rc != TB_ENOTFOUND)
            return fail_row(b, i, "proof/cosignature",
                            "the cosignature of a witness whose key was given does not verify");
    }
    return 0;
}

/* One entry by itself: its form, its case, its proof under its own office's key. */
static int check_row(struct bundle *b, size_t i, const json_t *one)
{
    static const char *const known[] = {"line", "erased", "leaf", "proof", "rev", NULL};
    struct row *row = &b->rows[i];
    struct problem p = {.detail = ""};
    struct unverified_proof proof;
    const json_t *erased = json_object_get(one, "erased"), *text = json_object_get(one, "proof");
    const json_t *line = erased ? erased : json_object_get(one, "line");
    if (!json_is_object(one) || strict_json_only(one, "/entries", known, &p) || !json_is_string(line) ||
        !json_is_string(text) || strict_json_int(one, "/entries", "rev", false, 0, INT64_MAX, 0, &row->rev, &p))
        return unreadable_row(b, i, "", "is not an object with line, proof and rev");
    if (entry_decode(json_string_value(line), json_string_length(line), &row->entry, &p))
        return unreadable_row(b, i, "line", p.detail);
    const struct note_vkey *key = office_key(b, row->entry.from);
    if (!key)
        return fail_row(b, i, "line", "no --key was given for the office it is from");
    if (row->entry.case_no[0] ? strcmp(row->entry.case_no, b->case_no) != 0 : row->entry.type != ENTRY_RECEIPT)
        return fail_row(b, i, "line", "is not about this case");
    if (tlog_proof_parse(json_string_value(text), json_string_length(text), &proof))
        return unreadable_row(b, i, "proof", "is not a proof (c2sp.org/tlog-proof)");
    char element[64];
    (void)snprintf(element, sizeof element, "entries/%zu/proof", i);
    key = signing_key(b, row->entry.from, proof.checkpoint, proof.checkpoint_len);
    if (verify_note(b->r, element, key, proof.checkpoint, proof.checkpoint_len, &row->checkpoint))
        return b->r->status;
    row->erased = erased != NULL;
    if (erased && verify_read_hash(b->r, element, strict_json_peek(one, "leaf"), &row->leaf))
        return b->r->status;
    if (!erased && ledger_leaf(key->suite, json_string_value(line), json_string_length(line), &row->leaf))
        return unreadable_row(b, i, "line", "cannot be hashed");
    if (verify_path(b->r, element, key->suite, proof.index, row->checkpoint.size, &row->leaf, &proof.path,
                    &row->checkpoint.root))
        return b->r->status;
    row->index = proof.index;
    return check_cosignatures(b, i, &proof);
}

/* Two entries of one office: neither the tree nor the numbers may contradict each other. */
static int check_pair(struct bundle *b, size_t i, size_t k)
{
    const struct row *a = &b->rows[i], *c = &b->rows[k];
    if (strcmp(a->entry.from, c->entry.from))
        return 0;
    if (a->checkpoint.size == c->checkpoint.size &&
        memcmp(&a->checkpoint.root, &c->checkpoint.root, sizeof a->checkpoint.root))
        return fail_row(b, k, "proof", "the office signed two different ledgers of this size: a fork");
    if (a->index == c->index && a->entry.type == ENTRY_RECEIPT && !memcmp(&a->leaf, &c->leaf, sizeof a->leaf))
        return 0; /* one receipt that covers two messages of the case may stand behind each */
    if (a->index == c->index)
        return fail_row(b, k, "proof", "stands at the same index as another entry of the bundle");
    if (!strcmp(a->entry.id, c->entry.id))
        return fail_row(b, k, "line", "has the id of another entry of the bundle");
    if (a->entry.seq && c->entry.seq && !strcmp(a->entry.to, c->entry.to)) {
        if (a->entry.seq == c->entry.seq)
            return fail_row(b, k, "line", "has the seq of another message of the same direction");
        if ((a->entry.seq < c->entry.seq) != (a->index < c->index))
            return fail_row(b, k, "line", "its seq contradicts its place in the ledger");
    }
    return 0;
}

/* The office that decides the case: the one that case.submitted went to, or its writer when nobody else has a part in the case.  NULL
 * when it was never forwarded. */
static const char *home_office(const struct bundle *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].entry.type == ENTRY_CASE_SUBMITTED)
            return b->rows[i].entry.to[0] ? b->rows[i].entry.to : b->rows[i].entry.from;
    return NULL;
}

/* The revisions that a receipt in the bundle gave to entries in the bundle. */
static int check_receipt(struct bundle *b, size_t at, const char *home)
{
    const struct row *row = &b->rows[at];
    struct receipt receipt;
    struct problem p;
    if (receipt_from_json(row->entry.body, &receipt, &p))
        return unreadable_row(b, at, "line", p.detail);
    bool covers = false;
    int rc = 0;
    for (int64_t n = 0; !rc && n <= receipt.last - receipt.first; n++) {
        const struct receipt_line *line = &receipt.lines[n];
        for (size_t i = 0; !rc && i < b->count; i++) {
            struct row *message = &b->rows[i];
            if (memcmp(&message->leaf, &line->leaf, sizeof line->leaf) || strcmp(message->entry.to, row->entry.from))
                continue;
            covers = true;
            if (message->entry.seq != receipt.first + n)
                rc = fail_row(b, at, "line", "the receipt names another seq than the message has");
            else if (home && !strcmp(row->entry.from, home) && line->rev) {
                if (message->rev != line->rev)
                    rc = fail_row(b, i, "rev", "the receipt of the home side gives another revision");
                message->rev_proved = true;
            }
        }
    }
    receipt_clear(&receipt);
    return rc ? rc : covers ? 0 : fail_row(b, at, "line", "is a receipt that covers no message of the bundle");
}

static int check_revisions(struct bundle *b)
{
    const char *home = home_office(b);
    for (size_t i = 0; i < b->count; i++) {
        struct row *row = &b->rows[i];
        if (row->entry.rev && row->entry.rev != row->rev)
            return fail_row(b, i, "rev", "is not the revision that the entry itself states");
        row->rev_proved = row->entry.rev != 0;
    }
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].entry.type == ENTRY_RECEIPT && check_receipt(b, i, home))
            return b->r->status;
    int64_t last = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (!b->rows[i].rev)
            continue;
        if (b->rows[i].rev <= last)
            return fail_row(b, i, "rev", "the entries do not stand in the order of their revisions");
        last = b->rows[i].rev;
    }
    return 0;
}

static void say_rows(struct bundle *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->count; i++) {
        const struct row *row = &b->rows[i];
        char at[TIMESTAMP_TEXT], rev[40] = "-";
        timestamp_format(row->entry.at, at);
        if (row->rev)
            (void)snprintf(rev, sizeof rev, "%lld%s", (long long)row->rev, row->rev_proved ? "" : "?");
        const char *type = entry_type_text(row->entry.type);
        verify_say(b->r, "%s  %s  %-18s  index %-8llu rev %-5s verified%s", at, row->entry.from, type,
                   (unsigned long long)row->index, rev, row->cosigned ? gettext(", cosigned") : "");
        if (row->erased)
            verify_say(b->r, "    erased on %.10s under %s", strict_json_peek(row->entry.body, "erased"),
                       strict_json_peek(row->entry.body, "retention"));
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:b}", "at", at, "from",
                                                    row->entry.from, "type", type, "index", (json_int_t)row->index,
                                                    "rev", (json_int_t)row->rev, "rev_proved", row->rev_proved,
                                                    "cosigned", row->cosigned, "verified", 1));
    }
    verify_fact(b->r, "entries", list);
}

static void say_summary(struct bundle *b)
{
    size_t claimed = 0, lonely = 0;
    int64_t revisions = 0, last = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct row *row = &b->rows[i];
        claimed += row->rev && !row->rev_proved;
        lonely += !row->cosigned;
        revisions += row->rev != 0;
        last = row->rev > last ? row->rev : last;
    }
    json_t *not_proved = json_array();
    char line[256];
    verify_say(
        b->r,
        "\nproved: the %zu entries of case %s stand, byte for byte, in the ledgers of their offices under checkpoints",
        b->count, b->case_no);
    if (b->own_keys)
        verify_say(b->r,
                   "        signed by the keys in the bundle; no two of them contradict each other in place, number or revision");
    else
        verify_say(b->r,
                   "        signed by the keys given; no two of them contradict each other in place, number or revision");
#define NOT_PROVED(...)                                                                                                \
    do {                                                                                                               \
        (void)snprintf(line, sizeof line, __VA_ARGS__);                                                                \
        (void)json_array_append_new(not_proved, json_string(line));                                                    \
        verify_say(b->r, "not proved: %s", line);                                                                      \
    } while (0)
    if (b->own_keys)
        NOT_PROVED(gettext("that the keys are the offices': they came with the bundle. Ask each office for its key and give it with --key"));
    if (revisions < last)
        NOT_PROVED(gettext("%lld of %lld revisions are not in the bundle"), (long long)(last - revisions), (long long)last);
    if (claimed)
        NOT_PROVED(gettext("%zu revisions (marked ?) are the bundle's word: no receipt in it states them"), claimed);
    if (lonely)
        NOT_PROVED(ngettext("%zu entry stands under a checkpoint that nobody else cosigned: only its own office vouches for it",
                            "%zu entries stand under a checkpoint that nobody else cosigned: only its own office vouches for it", lonely),
                   lonely);
    NOT_PROVED(gettext("that nothing later was left out, and that the writers' clocks were right"));
#undef NOT_PROVED
    verify_fact(b->r, "case", json_string(b->case_no));
    verify_fact(b->r, "keys", json_string(b->own_keys ? "bundle" : "given"));
    verify_fact(b->r, "not_proved", not_proved);
}

static int check_bundle(struct bundle *b, const struct buf *text)
{
    static const char *const known[] = {"v", "case", "offices", "entries", NULL};
    struct problem p = {.detail = "out of memory"};
    json_t *offices, *entries;
    int64_t version;
    if (strict_json_parse(text->data, text->len, &b->doc, &p) || strict_json_only(b->doc, "", known, &p) ||
        strict_json_int(b->doc, "", "v", true, 1, 1, 0, &version, &p) ||
        strict_json_text(b->doc, "", "case", true, CASE_NO_LEN, &b->case_no, &p) ||
        strict_json_array(b->doc, "", "offices", false, VERIFY_KEYS, &offices, &p) ||
        strict_json_array(b->doc, "", "entries", true, VERIFY_BUNDLE_ENTRIES, &entries, &p))
        return verify_end(b->r, VERIFY_USAGE, "BUNDLE", "%s", p.detail);
    if (!json_array_size(entries))
        return verify_end(b->r, VERIFY_FAILED, "entries", "there is none: nothing is proved");
    if (check_hints(b, offices))
        return b->r->status;
    b->rows = calloc(json_array_size(entries), sizeof *b->rows);
    if (!b->rows)
        return verify_end(b->r, VERIFY_USAGE, "BUNDLE", "out of memory");
    for (; b->count < json_array_size(entries); b->count++)
        if (check_row(b, b->count, json_array_get(entries, b->count))) {
            entry_clear(&b->rows[b->count].entry);
            return b->r->status;
        }
    for (size_t k = 1; k < b->count; k++)
        for (size_t i = 0; i < k; i++)
            if (check_pair(b, i, k))
                return b->r->status;
    if (check_revisions(b))
        return b->r->status;
    say_rows(b);
    say_summary(b);
    return VERIFY_OK;
}

int verify_case(const struct verify_args *args, struct verify_report *r)
{
    struct bundle b = {.r = r};
    struct buf text;
    if (read_keys(&b, args) || verify_read_file(r, "BUNDLE", args->file, VERIFY_BUNDLE_BYTES, &text))
        return r->status;
    (void)check_bundle(&b, &text);
    for (size_t i = 0; i < b.count; i++)
        entry_clear(&b.rows[i].entry);
    free(b.rows);
    json_decref(b.doc);
    buf_free(&text);
    return r->status;
}
