#include "proto/message.h"

#include <stdlib.h>
#include <string.h>

#include "proto/strict_json.h"

/* --- writing: straight into the buffer, this runs for every batch --- */

/* A JSON string.  The texts are notes: newlines and perhaps quotes in a foreign signer's name, nothing else. */
static int put_text(struct buf *out, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    int rc = buf_append(out, "\"", 1);
    for (size_t i = 0, from = 0; !rc && i <= len; i++) {
        if (i < len && (unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
            continue;
        rc = buf_append(out, text + from, i - from);
        from = i + 1;
        if (rc || i == len)
            break;
        if (text[i] == '\n') {
            rc = buf_append(out, "\\n", 2);
        } else {
            const unsigned char c = (unsigned char)text[i];
            const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            rc = buf_append(out, escaped, sizeof escaped);
        }
    }
    return rc ? rc : buf_append(out, "\"", 1);
}

static int put_hash(struct buf *out, const struct ledger_hash *hash)
{
    int rc = buf_append(out, "\"", 1);
    if (!rc)
        rc = base64_encode(hash->b, sizeof hash->b, out);
    return rc ? rc : buf_append(out, "\"", 1);
}

/* A path is one string, the hashes one after another: a batch has thousands of them. */
static int put_path(struct buf *out, const struct ledger_path *path)
{
    int rc = buf_append(out, "\"", 1);
    if (!rc && path && path->count)
        rc = base64_encode(path->hash, path->count * sizeof path->hash[0], out);
    return rc ? rc : buf_append(out, "\"", 1);
}

static int put_tally(struct buf *out, const char *name, const struct tally *tally)
{
    int rc = buf_printf(out, ",\"%s\":{\"seq\":%lld,\"hash\":", name, (long long)tally->seq);
    if (!rc)
        rc = put_hash(out, &tally->hash);
    return rc ? rc : buf_append(out, "}", 1);
}

static int put_header(const struct parcel_source *source, struct buf *out)
{
    int rc = buf_printf(out, "{\"v\":1,\"from\":\"%s\",\"to\":\"%s\",\"checkpoint\":", source->from, source->to);
    if (!rc)
        rc = put_text(out, source->note, source->note_len);
    if (!rc)
        rc = buf_printf(out, ",\"old\":%llu,\"consistency\":", (unsigned long long)source->old_size);
    if (!rc)
        rc = put_path(out, source->consistency);
    if (!rc)
        rc = buf_printf(out, ",\"seen\":%llu", (unsigned long long)source->seen_size);
    if (!rc && source->cosignature) {
        rc = buf_append_str(out, ",\"cosignature\":");
        if (!rc)
            rc = put_text(out, source->cosignature, strlen(source->cosignature));
    }
    if (!rc)
        rc = put_tally(out, "sent", &source->sent);
    if (!rc)
        rc = put_tally(out, "received", &source->received);
    if (!rc)
        rc = buf_append_str(out, ",\"lines\":[");
    for (size_t i = 0; !rc && i < source->count; i++) {
        rc = buf_printf(out, "%s{\"index\":%llu,\"path\":", i ? "," : "", (unsigned long long)source->lines[i].index);
        if (!rc)
            rc = put_path(out, &source->lines[i].path);
        if (!rc)
            rc = buf_append(out, "}", 1);
    }
    return rc ? rc : buf_append(out, "]}\n", 3);
}

int parcel_encode(const struct parcel_source *source, struct buf *out)
{
    size_t before = out->len, total = 0;
    if (!office_valid(source->from) || !office_valid(source->to) || !source->note_len)
        return TB_EINVAL;
    if (source->count > LIMIT_BATCH_MESSAGES || source->note_len > LIMIT_NOTE_BYTES)
        return TB_ELIMIT;
    int rc = put_header(source, out);
    if (!rc && out->len - before > LIMIT_BATCH_HEADER_BYTES)
        rc = TB_ELIMIT;
    for (size_t i = 0; !rc && i < source->count; i++) {
        const struct parcel_line *line = &source->lines[i];
        total += line->len;
        rc = !line->len || memchr(line->line, '\n', line->len)            ? TB_EINVAL
             : line->len > LIMIT_ENTRY_BYTES || total > LIMIT_BATCH_BYTES ? TB_ELIMIT
                                                                          : buf_append(out, line->line, line->len);
        if (!rc)
            rc = buf_append(out, "\n", 1);
    }
    if (rc) {
        out->len = before;
        if (out->data)
            out->data[before] = '\0';
    }
    return rc;
}

/* --- reading --- */

static int malformed(struct problem *p, const char *field, const char *why)
{
    return problem_set(p, PROBLEM_MALFORMED, field, "%s %s", field, why);
}

static int get_hash(const json_t *value, const char *field, struct ledger_hash *out, struct problem *p)
{
    size_t len;
    if (!json_is_string(value) ||
        base64_decode(json_string_value(value), json_string_length(value), out->b, sizeof out->b, &len) ||
        len != sizeof out->b)
        return malformed(p, field, "is not a hash in Base64");
    return 0;
}

static int get_path(const json_t *obj, const char *key, const char *field, struct ledger_path *out, struct problem *p)
{
    const json_t *value = json_object_get(obj, key);
    size_t len;
    if (!json_is_string(value) ||
        base64_decode(json_string_value(value), json_string_length(value), (uint8_t *)out->hash, sizeof out->hash, &len) ||
        len % sizeof out->hash[0])
        return problem_set(p, PROBLEM_MALFORMED, field, "%s is not a path of at most %d hashes in Base64", field, (int)LIMIT_PROOF_HASHES);
    out->count = (unsigned)(len / sizeof out->hash[0]);
    return 0;
}

static int get_tally(const json_t *header, const char *key, const char *path, struct tally *out, struct problem *p)
{
    static const char *const known[] = {"seq", "hash", NULL};
    json_t *tally;
    int rc = strict_json_object(header, "", key, true, &tally, p);
    if (!rc)
        rc = strict_json_only(tally, path, known, p);
    if (!rc)
        rc = strict_json_int(tally, path, "seq", true, 0, INT64_MAX, 0, &out->seq, p);
    return rc ? rc : get_hash(json_object_get(tally, "hash"), path, &out->hash, p);
}

static int get_office(const json_t *header, const char *key, char out[OFFICE_TEXT], struct problem *p)
{
    const char *text;
    int rc = strict_json_text(header, "", key, true, OFFICE_LEN, &text, p);
    if (rc)
        return rc;
    if (!office_valid(text))
        return problem_set(p, PROBLEM_MALFORMED, NULL, "/%s is not an office", key);
    memcpy(out, text, OFFICE_TEXT);
    return 0;
}

static int get_size(const json_t *obj, const char *path, const char *key, uint64_t *out, struct problem *p)
{
    int64_t value;
    int rc = strict_json_int(obj, path, key, true, 0, INT64_C(1) << 62, 0, &value, p);
    if (!rc)
        *out = (uint64_t)value;
    return rc;
}

/* A text of lines (so newlines are allowed; notes are checked when they are verified).  *out is new. */
static int get_note(const json_t *header, const char *key, bool required, char **out, size_t *len, struct problem *p)
{
    const json_t *value = json_object_get(header, key);
    if (!value && !required)
        return 0;
    if (!json_is_string(value) || !json_string_length(value) || json_string_length(value) > LIMIT_NOTE_BYTES)
        return problem_set(p, PROBLEM_MALFORMED, NULL, "/%s is not a note of at most %d bytes", key,
                           (int)LIMIT_NOTE_BYTES);
    char *copy = strdup(json_string_value(value));
    if (!copy)
        return TB_ENOMEM;
    *out = copy;
    *len = json_string_length(value);
    return 0;
}

static int get_lines(const json_t *header, struct parcel *parcel, struct problem *p)
{
    static const char *const known[] = {"index", "path", NULL};
    json_t *array;
    int rc = strict_json_array(header, "", "lines", true, LIMIT_BATCH_MESSAGES, &array, p);
    if (rc)
        return rc;
    parcel->count = json_array_size(array);
    parcel->lines = calloc(parcel->count ? parcel->count : 1, sizeof *parcel->lines);
    if (!parcel->lines)
        return TB_ENOMEM;
    for (size_t i = 0; !rc && i < parcel->count; i++) {
        const json_t *one = json_array_get(array, i);
        if (!json_is_object(one))
            return malformed(p, "/lines", "has an element that is not an object");
        rc = strict_json_only(one, "/lines", known, p);
        if (!rc)
            rc = get_size(one, "/lines", "index", &parcel->lines[i].index, p);
        if (!rc)
            rc = get_path(one, "path", "/lines/path", &parcel->lines[i].path, p);
        parcel->lines[i].status = TB_ETRUST; /* until parcel_verify says otherwise */
        parcel->lines[i].entry_rc = TB_EINVAL;
    }
    return rc;
}

static int get_header(const json_t *header, struct parcel *parcel, struct problem *p)
{
    static const char *const known[] = {"v",    "from",        "to",   "checkpoint", "old",   "consistency",
                                        "seen", "cosignature", "sent", "received",   "lines", NULL};
    int64_t version;
    size_t ignored;
    int rc = strict_json_only(header, "", known, p);
    if (!rc)
        rc = strict_json_int(header, "", "v", true, 1, 1, 0, &version, p);
    if (!rc)
        rc = get_office(header, "from", parcel->from, p);
    if (!rc)
        rc = get_office(header, "to", parcel->to, p);
    if (!rc && !strcmp(parcel->from, parcel->to))
        rc = malformed(p, "/to", "is the sender");
    if (!rc)
        rc = get_note(header, "checkpoint", true, &parcel->note, &parcel->note_len, p);
    if (!rc)
        rc = get_size(header, "", "old", &parcel->old_size, p);
    if (!rc)
        rc = get_path(header, "consistency", "/consistency", &parcel->consistency, p);
    if (!rc)
        rc = get_size(header, "", "seen", &parcel->seen_size, p);
    if (!rc)
        rc = get_note(header, "cosignature", false, &parcel->cosignature, &ignored, p);
    if (!rc)
        rc = get_tally(header, "sent", "/sent", &parcel->sent, p);
    if (!rc)
        rc = get_tally(header, "received", "/received", &parcel->received, p);
    return rc ? rc : get_lines(header, parcel, p);
}

/* Points the lines into the bytes behind the header: exactly as many as announced, each ended by a newline. */
static int find_lines(struct parcel *parcel, size_t at, struct problem *p)
{
    size_t total = 0;
    for (size_t i = 0; i < parcel->count; i++) {
        const char *line = parcel->bytes + at;
        const char *end = at < parcel->bytes_len ? memchr(line, '\n', parcel->bytes_len - at) : NULL;
        if (!end)
            return problem_set(p, PROBLEM_MALFORMED, NULL, "line %zu of %zu announced is missing or cut", i + 1,
                               parcel->count);
        size_t len = (size_t)(end - line);
        total += len;
        if (!len)
            return problem_set(p, PROBLEM_MALFORMED, NULL, "line %zu is empty", i + 1);
        if (len > LIMIT_ENTRY_BYTES || total > LIMIT_BATCH_BYTES)
            return problem_set(p, PROBLEM_TOO_LARGE, NULL, "an entry has at most %d bytes, a batch %d",
                               (int)LIMIT_ENTRY_BYTES, (int)LIMIT_BATCH_BYTES);
        parcel->lines[i].line = line;
        parcel->lines[i].len = len;
        at += len + 1;
    }
    if (at != parcel->bytes_len)
        return problem_set(p, PROBLEM_MALFORMED, NULL, "there are bytes after the %zu lines announced", parcel->count);
    return 0;
}

int parcel_decode(char *bytes, size_t len, struct parcel **out, struct problem *p)
{
    json_t *header = NULL;
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (!parcel) {
        free(bytes);
        return TB_ENOMEM;
    }
    parcel->bytes = bytes;
    parcel->bytes_len = len;
    const char *end = len ? memchr(bytes, '\n', len) : NULL;
    size_t header_len = end ? (size_t)(end - bytes) : len;
    int rc =
        header_len > LIMIT_BATCH_HEADER_BYTES
            ? problem_set(p, PROBLEM_TOO_LARGE, NULL, "the header has at most %d bytes", (int)LIMIT_BATCH_HEADER_BYTES)
        : !end ? problem_set(p, PROBLEM_MALFORMED, NULL, "the header line has no end")
               : strict_json_parse(bytes, header_len, &header, p);
    if (!rc)
        rc = get_header(header, parcel, p);
    if (!rc)
        rc = find_lines(parcel, header_len + 1, p);
    json_decref(header);
    if (rc) {
        parcel_free(parcel);
        return rc;
    }
    *out = parcel;
    return 0;
}

void parcel_let_go(struct parcel *parcel)
{
    for (size_t i = 0; i < parcel->count; i++)
        if (!parcel->lines[i].entry_rc)
            entry_clear(&parcel->lines[i].entry);
}

int parcel_entry(const struct parcel_line *line, struct entry *out, struct problem *p)
{
    if (line->entry_rc || !line->entry.body)
        return entry_decode(line->line, line->len, out, p); /* again, for its words */
    *out = line->entry;
    out->body = json_incref(line->entry.body);
    return 0;
}

void parcel_free(struct parcel *parcel)
{
    if (!parcel)
        return;
    free(parcel->bytes);
    free(parcel->note);
    free(parcel->cosignature);
    free(parcel->frontier);
    free(parcel->frontier_bytes);
    free(parcel->others);
    for (size_t i = 0; parcel->lines && i < parcel->count; i++)
        if (!parcel->lines[i].entry_rc)
            entry_clear(&parcel->lines[i].entry);
    free(parcel->lines);
    free(parcel);
}

/* --- the frontier --- */

int parcel_frontier_text(const struct ledger_frontier *frontier, struct buf *out)
{
    return frontier->peaks ? base64_encode(frontier->peak, frontier->peaks * sizeof frontier->peak[0], out) : 0;
}

int parcel_take_frontier(struct parcel *parcel, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (!len || len >= PARCEL_FRONTIER_TEXT || parcel->frontier_bytes)
        return 0;
    uint8_t *bytes = malloc(LEDGER_FRONTIER_BYTES);
    if (!bytes)
        return TB_ENOMEM;
    if (base64_decode(text, len, bytes, LEDGER_FRONTIER_BYTES, &parcel->frontier_len))
        free(bytes);
    else
        parcel->frontier_bytes = bytes;
    return 0;
}

/* It only helps the sender: one that does not fit is as good as none. */
static int verify_frontier(struct parcel *parcel, const struct suite *suite, const struct checkpoint *checkpoint)
{
    struct ledger_frontier *frontier = parcel->frontier_bytes ? malloc(sizeof *frontier) : NULL;
    if (!frontier)
        return parcel->frontier_bytes ? TB_ENOMEM : 0;
    int rc = ledger_frontier_read(suite, checkpoint->size, parcel->frontier_bytes, parcel->frontier_len, &checkpoint->root, frontier);
    if (rc)
        free(frontier);
    else
        parcel->frontier = frontier;
    return rc == TB_EMALFORMED || rc == TB_ETRUST ? 0 : rc;
}

/* --- what other counterparts have seen --- */

int parcel_others_add(uint64_t size, const struct ledger_path *path, struct buf *out)
{
    size_t before = out->len;
    int rc = buf_printf(out, "%s%llu ", before ? " " : "", (unsigned long long)size);
    if (!rc)
        rc = path->count ? base64_encode(path->hash, path->count * sizeof path->hash[0], out) : buf_append(out, "-", 1);
    if (rc && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    return rc;
}

int parcel_others_next(const char **at, uint64_t *size, struct ledger_path *path)
{
    const char *text = *at;
    size_t digits = strspn(text, "0123456789"), len = 0;
    if (!*text)
        return TB_ENOTFOUND;
    if (!digits || digits > 18 || text[digits] != ' ')
        return TB_EMALFORMED;
    uint64_t n = strtoull(text, NULL, 10);
    text += digits + 1;
    size_t chars = strcspn(text, " ");
    int rc = chars == 1 && *text == '-' ? 0 : base64_decode(text, chars, path->hash[0].b, sizeof path->hash, &len);
    if (rc || !chars || len % sizeof path->hash[0])
        return TB_EMALFORMED;
    path->count = (unsigned)(len / sizeof path->hash[0]);
    *size = n;
    text += chars;
    *at = *text ? text + 1 : text;
    return 0;
}

int parcel_take_others(struct parcel *parcel, const char *text)
{
    struct ledger_path path;
    uint64_t size;
    const char *at = text ? text : "";
    int rc = strlen(at) < PARCEL_OTHERS_TEXT ? 0 : TB_ELIMIT;
    bool any = *at != '\0';
    while (!rc)
        rc = parcel_others_next(&at, &size, &path);
    if (rc != TB_ENOTFOUND || !any || parcel->others)
        return 0;
    parcel->others = strdup(text);
    return parcel->others ? 0 : TB_ENOMEM;
}

/* --- verifying --- */

static int verify_consistency(const struct parcel *parcel, const struct suite *suite,
                              const struct checkpoint *checkpoint, const struct ledger_hash *old_root,
                              struct problem *p)
{
    if (!parcel->old_size) {
        if (parcel->consistency.count)
            return problem_set(p, PROBLEM_UNTRUSTED, "/consistency", "a proof from size 0 is empty");
        return 0;
    }
    if (!old_root)
        return TB_EINVAL;
    int rc = ledger_verify_consistency(suite, parcel->old_size, checkpoint->size, old_root, &checkpoint->root,
                                       parcel->consistency.hash, parcel->consistency.count);
    if (rc != TB_ETRUST)
        return rc;
    return problem_set(p, PROBLEM_FORK, "/consistency",
                       "the ledger of %s with %llu entries does not extend the one seen with %llu", parcel->from,
                       (unsigned long long)checkpoint->size, (unsigned long long)parcel->old_size);
}

int parcel_verify(struct parcel *parcel, const struct note_vkey *key, const struct ledger_hash *old_root,
                  struct problem *p)
{
    struct checkpoint checkpoint;
    int rc = checkpoint_verify(key, parcel->note, parcel->note_len, &checkpoint);
    if (rc == TB_ETRUST)
        return problem_set(p, PROBLEM_UNTRUSTED, "/checkpoint", "the checkpoint is not signed by %s", key->name);
    if (rc == TB_EMALFORMED)
        return malformed(p, "/checkpoint", "is not a checkpoint");
    if (!rc)
        rc = verify_consistency(parcel, key->suite, &checkpoint, old_root, p);
    if (!rc && !parcel->frontier)
        rc = verify_frontier(parcel, key->suite, &checkpoint);
    for (size_t i = 0; !rc && i < parcel->count; i++) {
        struct parcel_line *line = &parcel->lines[i];
        rc = ledger_leaf(key->suite, line->line, line->len, &line->leaf);
        if (rc)
            break;
        line->status = ledger_verify_inclusion(key->suite, line->index, checkpoint.size, &line->leaf, line->path.hash,
                                               line->path.count, &checkpoint.root);
        if (line->status && line->status != TB_ETRUST)
            rc = line->status;
        /* here and not where it is needed: this runs beside the writer, that one in it */
        if (!line->status && line->entry_rc)
            line->entry_rc = entry_decode(line->line, line->len, &line->entry, NULL);
    }
    if (!rc)
        parcel->checkpoint = checkpoint;
    return rc;
}
