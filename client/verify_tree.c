#include "client/verify.h"

#include "proto/err.h"

static int read_path(const struct verify_args *args, struct verify_report *r, struct ledger_path *out)
{
    if (args->paths > LEDGER_PATH_MAX)
        return verify_end(r, VERIFY_FAILED, "path", "%u hashes: no proof has more than %d", args->paths,
                          LEDGER_PATH_MAX);
    for (unsigned i = 0; i < args->paths; i++)
        if (verify_read_hash(r, "--path", args->path[i], &out->hash[i]))
            return r->status;
    out->count = args->paths;
    return 0;
}

int verify_inclusion(const struct verify_args *args, struct verify_report *r)
{
    uint64_t index, size;
    struct ledger_hash leaf, root;
    struct ledger_path path;
    if (verify_read_number(r, "--index", args->index, &index) || verify_read_number(r, "--size", args->size, &size) ||
        verify_read_hash(r, "--leaf", args->leaf, &leaf) || verify_read_hash(r, "--root", args->root, &root) ||
        read_path(args, r, &path))
        return r->status;
    if (verify_path(r, "inclusion", suite_by_name("intl"), index, size, &leaf, &path, &root))
        return r->status;
    verify_fact(r, "index", json_integer((json_int_t)index));
    verify_fact(r, "size", json_integer((json_int_t)size));
    verify_say(r, "verified: this leaf stands at index %llu in the ledger of %llu entries with this root",
               (unsigned long long)index, (unsigned long long)size);
    return VERIFY_OK;
}

int verify_consistency(const struct verify_args *args, struct verify_report *r)
{
    uint64_t old_size, new_size;
    struct ledger_hash old_root, root;
    struct ledger_path path;
    if (verify_read_number(r, "--old", args->old_size, &old_size) ||
        verify_read_number(r, "--new", args->new_size, &new_size) ||
        verify_read_hash(r, "--old-root", args->old_root, &old_root) ||
        verify_read_hash(r, "--root", args->root, &root) || read_path(args, r, &path))
        return r->status;
    if (old_size > new_size)
        return verify_end(r, VERIFY_FAILED, "old", "the older ledger (%llu) is larger than the newer (%llu)",
                          (unsigned long long)old_size, (unsigned long long)new_size);
    int rc =
        ledger_verify_consistency(suite_by_name("intl"), old_size, new_size, &old_root, &root, path.hash, path.count);
    if (rc && rc != TB_ETRUST)
        return verify_end(r, VERIFY_USAGE, "consistency", "cannot be verified: %s", err_text(rc));
    if (rc && (old_size == 0 || old_size == new_size) && path.count)
        return verify_end(r, VERIFY_FAILED, "path", "the proof between these sizes is empty");
    if (rc && old_size == 0)
        return verify_end(r, VERIFY_FAILED, "root", "--old-root is not the root of the empty ledger");
    if (rc && old_size == new_size)
        return verify_end(r, VERIFY_FAILED, "root", "both sizes are equal, but the roots differ");
    if (rc)
        return verify_end(r, VERIFY_FAILED, "path", "the %u hashes do not lead from the old root to the new one",
                          path.count);
    verify_fact(r, "old", json_integer((json_int_t)old_size));
    verify_fact(r, "new", json_integer((json_int_t)new_size));
    verify_say(r, "verified: the ledger of %llu entries extends the one of %llu; nothing in it was changed or removed",
               (unsigned long long)new_size, (unsigned long long)old_size);
    return VERIFY_OK;
}
