#include "proto/ledger.h"

#include <stdbool.h>
#include <string.h>

/* Far beyond any ledger, and small enough that no sum or shift below can overflow. */
#define SIZE_MAX_LEAVES (UINT64_C(1) << 62)

int ledger_leaf(const struct suite *suite, const void *line, size_t len, struct ledger_hash *out)
{
    static const uint8_t prefix = 0x00;
    return suite_hash(suite, &prefix, 1, line, len, NULL, 0, out->b);
}

int ledger_node(const struct suite *suite, const struct ledger_hash *left, const struct ledger_hash *right,
                struct ledger_hash *out)
{
    /* one contiguous piece: shorter than three updates, and right or left may be out */
    uint8_t bytes[1 + 2 * SUITE_HASH_BYTES];
    bytes[0] = 0x01;
    memcpy(bytes + 1, left->b, SUITE_HASH_BYTES);
    memcpy(bytes + 1 + SUITE_HASH_BYTES, right->b, SUITE_HASH_BYTES);
    return suite_hash(suite, bytes, sizeof bytes, NULL, 0, NULL, 0, out->b);
}

static bool hash_equal(const struct ledger_hash *a, const struct ledger_hash *b)
{
    return !memcmp(a->b, b->b, SUITE_HASH_BYTES);
}

void ledger_frontier_init(struct ledger_frontier *f)
{
    memset(f, 0, sizeof *f);
}

int ledger_append(const struct suite *suite, struct ledger_frontier *f, const struct ledger_hash *leaf,
                  struct ledger_hash completed[LEDGER_LEVELS], unsigned *count)
{
    if (f->size >= SIZE_MAX_LEAVES)
        return TB_ELIMIT;
    struct ledger_hash made[LEDGER_LEVELS];
    unsigned levels = 0, peaks = f->peaks;
    made[0] = *leaf;
    /* every trailing one of the size is a complete subtree that this leaf doubles */
    for (uint64_t size = f->size; size & 1; size >>= 1) {
        int rc = ledger_node(suite, &f->peak[--peaks], &made[levels], &made[levels + 1]);
        if (rc)
            return rc;
        levels++;
    }
    f->peak[peaks] = made[levels];
    f->peaks = peaks + 1;
    f->size++;
    memcpy(completed, made, (levels + 1) * sizeof made[0]);
    *count = levels + 1;
    return 0;
}

/* Combines complete subtrees, largest first, into the root over all of them; count >= 1. */
static int fold_peaks(const struct suite *suite, const struct ledger_hash *peak, unsigned count,
                      struct ledger_hash *out)
{
    struct ledger_hash root = peak[count - 1];
    for (unsigned i = count - 1; i-- > 0;) {
        int rc = ledger_node(suite, &peak[i], &root, &root);
        if (rc)
            return rc;
    }
    *out = root;
    return 0;
}

int ledger_root(const struct suite *suite, const struct ledger_frontier *f, struct ledger_hash *out)
{
    if (!f->peaks)
        return suite_hash(suite, NULL, 0, NULL, 0, NULL, 0, out->b);
    return fold_peaks(suite, f->peak, f->peaks, out);
}

/* Reads the complete subtrees that cover [start, start + count), largest first; `start` is a multiple of that one. */
static int read_peaks(const struct ledger_nodes *nodes, uint64_t start, uint64_t count,
                      struct ledger_hash peak[LEDGER_LEVELS], unsigned *peaks)
{
    unsigned made = 0;
    for (unsigned level = LEDGER_LEVELS; level-- > 0;) {
        uint64_t width = UINT64_C(1) << level;
        if (!(count & width))
            continue;
        int rc = nodes->node(nodes->context, level, start >> level, &peak[made]);
        if (rc)
            return rc;
        made++;
        start += width;
    }
    *peaks = made;
    return 0;
}

int ledger_frontier_load(const struct ledger_nodes *nodes, uint64_t size, struct ledger_frontier *out)
{
    if (size > SIZE_MAX_LEAVES)
        return TB_ELIMIT;
    struct ledger_frontier f;
    ledger_frontier_init(&f);
    int rc = read_peaks(nodes, 0, size, f.peak, &f.peaks);
    if (rc)
        return rc;
    f.size = size;
    *out = f;
    return 0;
}

/* Root over [start, start + count), count >= 1: MTH(D[start : start + count]). */
static int range_root(const struct suite *suite, const struct ledger_nodes *nodes, uint64_t start, uint64_t count,
                      struct ledger_hash *out)
{
    struct ledger_hash peak[LEDGER_LEVELS];
    unsigned peaks;
    int rc = read_peaks(nodes, start, count, peak, &peaks);
    return rc ? rc : fold_peaks(suite, peak, peaks, out);
}

/* Largest power of two smaller than n; n >= 2. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* The proofs are gathered from the root downwards, but written from the leaf upwards. */
static void path_reverse(struct ledger_path *path)
{
    for (unsigned i = 0; i < path->count / 2; i++) {
        struct ledger_hash swap = path->hash[i];
        path->hash[i] = path->hash[path->count - 1 - i];
        path->hash[path->count - 1 - i] = swap;
    }
}

int ledger_prove_inclusion(const struct suite *suite, const struct ledger_nodes *nodes, uint64_t index, uint64_t size,
                           struct ledger_path *out)
{
    if (index >= size || size > SIZE_MAX_LEAVES)
        return TB_EINVAL;
    struct ledger_path path = {.count = 0};
    uint64_t start = 0;
    while (size > 1) {
        uint64_t left = split(size);
        bool in_left = index < left;
        int rc = in_left ? range_root(suite, nodes, start + left, size - left, &path.hash[path.count])
                         : range_root(suite, nodes, start, left, &path.hash[path.count]);
        if (rc)
            return rc;
        path.count++;
        if (in_left) {
            size = left;
        } else {
            start += left;
            index -= left;
            size -= left;
        }
    }
    path_reverse(&path);
    *out = path;
    return 0;
}

int ledger_prove_consistency(const struct suite *suite, const struct ledger_nodes *nodes, uint64_t old_size,
                             uint64_t new_size, struct ledger_path *out)
{
    if (old_size > new_size || new_size > SIZE_MAX_LEAVES)
        return TB_EINVAL;
    struct ledger_path path = {.count = 0};
    if (old_size == 0 || old_size == new_size) {
        *out = path;
        return 0;
    }
    uint64_t start = 0, m = old_size, n = new_size;
    bool known = true; /* the subtree looked at is the old tree itself, whose root the verifier has */
    int rc;
    while (m != n) {
        uint64_t left = split(n);
        if (m <= left) {
            rc = range_root(suite, nodes, start + left, n - left, &path.hash[path.count]);
            n = left;
        } else {
            rc = range_root(suite, nodes, start, left, &path.hash[path.count]);
            start += left;
            m -= left;
            n -= left;
            known = false;
        }
        if (rc)
            return rc;
        path.count++;
    }
    if (!known) {
        rc = range_root(suite, nodes, start, n, &path.hash[path.count]);
        if (rc)
            return rc;
        path.count++;
    }
    path_reverse(&path);
    *out = path;
    return 0;
}

int ledger_verify_inclusion(const struct suite *suite, uint64_t index, uint64_t size, const struct ledger_hash *leaf,
                            const struct ledger_hash *path, size_t count, const struct ledger_hash *root)
{
    if (index >= size || size > SIZE_MAX_LEAVES || count > LEDGER_PATH_MAX)
        return TB_ETRUST;
    uint64_t fn = index, sn = size - 1;
    struct ledger_hash r = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0)
            return TB_ETRUST; /* path too long */
        bool from_left = (fn & 1) || fn == sn;
        int rc = from_left ? ledger_node(suite, &path[i], &r, &r) : ledger_node(suite, &r, &path[i], &r);
        if (rc)
            return rc;
        if (from_left)
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root) ? 0 : TB_ETRUST;
}

/* The cases of 2.1.4.2 in which no path is walked.  *done tells whether the answer stands. */
static int consistency_trivial(const struct suite *suite, uint64_t old_size, uint64_t new_size,
                               const struct ledger_hash *old_root, const struct ledger_hash *new_root, size_t count,
                               bool *done)
{
    *done = true;
    if (old_size > new_size || new_size > SIZE_MAX_LEAVES || count > LEDGER_PATH_MAX)
        return TB_ETRUST;
    if (old_size == new_size && (count || !hash_equal(old_root, new_root)))
        return TB_ETRUST;
    if (old_size == 0) {
        struct ledger_hash empty = {{0}};
        int rc = suite_hash(suite, NULL, 0, NULL, 0, NULL, 0, empty.b);
        return rc ? rc : count == 0 && hash_equal(old_root, &empty) ? 0 : TB_ETRUST;
    }
    if (old_size == new_size)
        return 0;
    *done = false;
    return 0;
}

int ledger_verify_consistency(const struct suite *suite, uint64_t old_size, uint64_t new_size,
                              const struct ledger_hash *old_root, const struct ledger_hash *new_root,
                              const struct ledger_hash *path, size_t count)
{
    bool done;
    int rc = consistency_trivial(suite, old_size, new_size, old_root, new_root, count, &done);
    if (rc || done)
        return rc;
    uint64_t fn = old_size - 1, sn = new_size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    /* an old tree that is one complete subtree is its own first element and not sent */
    bool complete = !(old_size & (old_size - 1));
    if (!complete && !count)
        return TB_ETRUST;
    size_t i = complete ? 0 : 1;
    struct ledger_hash fr = complete ? *old_root : path[0], sr = fr;
    for (; i < count; i++) {
        if (sn == 0)
            return TB_ETRUST;
        if ((fn & 1) || fn == sn) {
            rc = ledger_node(suite, &path[i], &fr, &fr);
            if (!rc)
                rc = ledger_node(suite, &path[i], &sr, &sr);
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            rc = ledger_node(suite, &sr, &path[i], &sr);
        }
        if (rc)
            return rc;
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, new_root) ? 0 : TB_ETRUST;
}
