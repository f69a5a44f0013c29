#include "proto/ledger_graft.h"

#include <stdlib.h>
#include <string.h>

int ledger_frontier_read(const struct suite *suite, uint64_t size, const void *bytes, size_t len, const struct ledger_hash *root,
                         struct ledger_frontier *out)
{
    struct ledger_frontier f;
    struct ledger_hash found;
    ledger_frontier_init(&f);
    f.size = size;
    f.peaks = (unsigned)__builtin_popcountll(size);
    if (size >> 62 || len != f.peaks * sizeof f.peak[0])
        return TB_EMALFORMED;
    memcpy(f.peak, bytes, len);
    int rc = ledger_root(suite, &f, &found);
    if (!rc && memcmp(found.b, root->b, sizeof found.b))
        rc = TB_ETRUST;
    if (!rc)
        *out = f;
    return rc;
}

void graft_init(struct ledger_graft *graft, const struct suite *suite, const struct ledger_nodes *own, uint64_t own_size, size_t most)
{
    *graft = (struct ledger_graft){.suite = suite, .own = *own, .own_size = own_size, .most = most};
}

void graft_free(struct ledger_graft *graft)
{
    free(graft->slots);
    graft->slots = NULL;
    graft->room = graft->count = 0;
}

/* The slot of the node, or the free one where it belongs. */
static struct graft_node *slot_of(struct graft_node *slots, size_t room, unsigned level, uint64_t index)
{
    size_t at = (size_t)(((index << 6 | level) * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (room - 1);
    while (slots[at].used && (slots[at].level != level || slots[at].index != index))
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static int grow(struct ledger_graft *graft)
{
    if (graft->room && graft->count < graft->room / 2)
        return 0;
    if (graft->count >= graft->most)
        return TB_ELIMIT;
    size_t room = graft->room ? 2 * graft->room : 256;
    struct graft_node *slots = calloc(room, sizeof *slots);
    if (!slots)
        return TB_ENOMEM;
    for (size_t i = 0; i < graft->room; i++)
        if (graft->slots[i].used)
            *slot_of(slots, room, graft->slots[i].level, graft->slots[i].index) = graft->slots[i];
    free(graft->slots);
    graft->slots = slots;
    graft->room = room;
    return 0;
}

int graft_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    struct ledger_graft *graft = context;
    if (level < LEDGER_LEVELS && index + 1 <= graft->own_size >> level)
        return graft->own.node(graft->own.context, level, index, out);
    const struct graft_node *slot = graft->room ? slot_of(graft->slots, graft->room, level, index) : NULL;
    if (!slot || !slot->used)
        return TB_ENOTFOUND;
    *out = slot->hash;
    return 0;
}

int graft_put(struct ledger_graft *graft, unsigned level, uint64_t index, const struct ledger_hash *hash)
{
    struct ledger_hash made = *hash, other;
    for (; level < LEDGER_LEVELS; level++, index >>= 1) {
        int rc = graft_node(graft, level, index, &other);
        if (!rc)
            return memcmp(other.b, made.b, sizeof other.b) ? TB_ETRUST : 0;
        if (rc != TB_ENOTFOUND || (rc = grow(graft)))
            return rc;
        *slot_of(graft->slots, graft->room, level, index) = (struct graft_node){level, index, made, true};
        graft->count++;
        rc = graft_node(graft, level, index ^ 1, &other);
        if (rc)
            return rc == TB_ENOTFOUND ? 0 : rc;
        rc = index & 1 ? ledger_node(graft->suite, &other, &made, &made) : ledger_node(graft->suite, &made, &other, &made);
        if (rc)
            return rc;
    }
    return 0;
}

int graft_frontier(struct ledger_graft *graft, const struct ledger_frontier *frontier)
{
    uint64_t start = 0;
    unsigned peak = 0;
    for (unsigned level = LEDGER_LEVELS; level-- > 0;) {
        if (!(frontier->size >> level & 1))
            continue;
        if (peak >= frontier->peaks)
            return TB_EINVAL;
        int rc = graft_put(graft, level, start >> level, &frontier->peak[peak++]);
        if (rc)
            return rc;
        start += UINT64_C(1) << level;
    }
    return 0;
}

/* The ranges whose roots a proof holds, from the root downwards; the proof itself has them the other way round. */
struct ranges {
    struct {
        uint64_t start, count;
    } range[LEDGER_PATH_MAX];
    unsigned count;
};

static int add_range(struct ranges *ranges, uint64_t start, uint64_t count)
{
    if (ranges->count >= LEDGER_PATH_MAX)
        return TB_EMALFORMED;
    ranges->range[ranges->count].start = start;
    ranges->range[ranges->count++].count = count;
    return 0;
}

/* Largest power of two smaller than n; n >= 2. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* A range that is a complete subtree has a place; the root of another one is only of that size. */
static int put_ranges(struct ledger_graft *graft, const struct ranges *ranges, const struct ledger_path *path)
{
    if (ranges->count != path->count)
        return TB_EMALFORMED;
    for (unsigned i = 0; i < ranges->count; i++) {
        uint64_t count = ranges->range[i].count;
        if (count & (count - 1))
            continue;
        unsigned level = (unsigned)__builtin_ctzll(count);
        int rc = graft_put(graft, level, ranges->range[i].start >> level, &path->hash[path->count - 1 - i]);
        if (rc)
            return rc;
    }
    return 0;
}

/* The walk of ledger_prove_consistency. */
int graft_consistency(struct ledger_graft *graft, uint64_t old_size, uint64_t new_size, const struct ledger_path *path)
{
    struct ranges ranges = {.count = 0};
    uint64_t start = 0, m = old_size, n = new_size;
    bool known = true;
    int rc = 0;
    if (old_size > new_size || new_size >> 62)
        return TB_EMALFORMED;
    if (!old_size || old_size == new_size)
        return path->count ? TB_EMALFORMED : 0;
    while (m != n && !rc) {
        uint64_t left = split(n);
        if (m <= left) {
            rc = add_range(&ranges, start + left, n - left);
            n = left;
        } else {
            rc = add_range(&ranges, start, left);
            start += left;
            m -= left;
            n -= left;
            known = false;
        }
    }
    if (!rc && !known)
        rc = add_range(&ranges, start, n);
    return rc ? rc : put_ranges(graft, &ranges, path);
}

/* The walk of ledger_prove_inclusion. */
int graft_inclusion(struct ledger_graft *graft, uint64_t index, uint64_t size, const struct ledger_hash *leaf,
                    const struct ledger_path *path)
{
    struct ranges ranges = {.count = 0};
    uint64_t start = 0, at = index;
    int rc = index < size && !(size >> 62) ? graft_put(graft, 0, index, leaf) : TB_EMALFORMED;
    while (size > 1 && !rc) {
        uint64_t left = split(size);
        if (at < left) {
            rc = add_range(&ranges, start + left, size - left);
            size = left;
        } else {
            rc = add_range(&ranges, start, left);
            start += left;
            at -= left;
            size -= left;
        }
    }
    return rc ? rc : put_ranges(graft, &ranges, path);
}
