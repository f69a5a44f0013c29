#include "client/verify.h"

#include <string.h>

#include "proto/err.h"
#include "proto/timestamp.h"

/* Every witness on the command line must have cosigned the checkpoint. */
static int check_witnesses(const struct verify_args *args, struct verify_report *r, const char *note, size_t len)
{
    json_t *seen = json_array();
    for (unsigned i = 0; i < args->witnesses; i++) {
        struct note_vkey witness;
        int64_t unix_s;
        if (verify_read_key(r, "--witness", args->witness[i], &witness))
            break;
        int rc = checkpoint_verify_cosignature(&witness, note, len, note, len, &unix_s);
        if (rc == TB_ENOTFOUND)
            (void)verify_end(r, VERIFY_FAILED, "witness", "%s has not cosigned this checkpoint", witness.name);
        else if (rc)
            (void)verify_end(r, VERIFY_FAILED, "witness", "the cosignature of %s does not verify", witness.name);
        if (rc)
            break;
        char at[TIMESTAMP_TEXT];
        timestamp_format(unix_s > INT64_C(253402271999) ? INT64_MAX : unix_s * 1000, at);
        (void)json_array_append_new(seen, json_pack("{s:s, s:s}", "name", witness.name, "at", at));
        verify_say(r, "verified: cosigned by %s at %s", witness.name, at);
    }
    verify_fact(r, "cosignatures", seen);
    return r->status;
}

static void say_checkpoint(struct verify_report *r, const struct checkpoint *checkpoint)
{
    struct buf root;
    buf_init(&root, 64);
    if (!base64_encode(checkpoint->root.b, sizeof checkpoint->root.b, &root)) {
        verify_fact(r, "origin", json_string(checkpoint->origin));
        verify_fact(r, "size", json_integer((json_int_t)checkpoint->size));
        verify_fact(r, "root", json_string(root.data));
        verify_say(r, "verified: %s signed that its ledger has %llu entries and the root %s", checkpoint->origin,
                   (unsigned long long)checkpoint->size, root.data);
    }
    buf_free(&root);
}

int verify_checkpoint(const struct verify_args *args, struct verify_report *r)
{
    struct note_vkey key;
    struct checkpoint checkpoint;
    struct buf note;
    if (verify_read_key(r, "--key", args->key[0], &key) ||
        verify_read_file(r, "FILE", args->file, LIMIT_NOTE_BYTES, &note))
        return r->status;
    if (!verify_note(r, "checkpoint", &key, note.data, note.len, &checkpoint)) {
        say_checkpoint(r, &checkpoint);
        (void)check_witnesses(args, r, note.data, note.len);
    }
    buf_free(&note);
    return r->status;
}

static int check_proof(const struct verify_args *args, struct verify_report *r, const struct note_vkey *key,
                       const struct buf *text, const struct buf *entry)
{
    struct unverified_proof proof;
    struct checkpoint checkpoint;
    struct ledger_hash leaf;
    size_t len = entry->len && entry->data[entry->len - 1] == '\n' ? entry->len - 1 : entry->len;
    if (tlog_proof_parse(text->data, text->len, &proof))
        return verify_end(r, VERIFY_USAGE, "proof", "is not a proof (c2sp.org/tlog-proof)");
    if (verify_note(r, "checkpoint", key, proof.checkpoint, proof.checkpoint_len, &checkpoint))
        return r->status;
    int rc = ledger_leaf(key->suite, entry->data, len, &leaf);
    if (rc)
        return verify_end(r, VERIFY_USAGE, "--entry", "cannot be hashed: %s", err_text(rc));
    if (verify_path(r, "inclusion", key->suite, proof.index, checkpoint.size, &leaf, &proof.path, &checkpoint.root))
        return r->status;
    say_checkpoint(r, &checkpoint);
    verify_fact(r, "index", json_integer((json_int_t)proof.index));
    verify_say(r, "verified: the entry stands in it at index %llu, byte for byte", (unsigned long long)proof.index);
    return check_witnesses(args, r, proof.checkpoint, proof.checkpoint_len);
}

int verify_proof(const struct verify_args *args, struct verify_report *r)
{
    struct note_vkey key;
    struct buf text, entry;
    buf_init(&text, 0);
    buf_init(&entry, 0);
    if (!verify_read_key(r, "--key", args->key[0], &key) &&
        !verify_read_file(r, "FILE", args->file, (size_t)2 * LIMIT_NOTE_BYTES, &text) &&
        !verify_read_file(r, "--entry", args->entry, LIMIT_ENTRY_BYTES + 1, &entry))
        (void)check_proof(args, r, &key, &text, &entry);
    buf_free(&text);
    buf_free(&entry);
    return r->status;
}
