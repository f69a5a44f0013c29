/* A witness that saw a ledger grow from size to size, an owner that lost its end: the graft against the full tree, at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/ledger_graft.h"

enum { LEAVES = 700, LEVELS = 12, SEEN = 64, ROUNDS = 300, MOST = 100000 };

static const struct suite *suite;
static struct ledger_hash stored[LEVELS][LEAVES];
static struct ledger_frontier frontiers[LEAVES + 1];
static struct ledger_hash roots[LEAVES + 1];

static void require(int rc)
{
    assert_int_equal(rc, 0);
}

static uint64_t next_random(void)
{
    static uint64_t state = 20261125;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int full_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    uint64_t size = *(const uint64_t *)context;
    assert_true(level < LEVELS && (index + 1) << level <= size);
    *out = stored[level][index];
    return 0;
}

static int make_tree(void **state)
{
    (void)state;
    suite = suite_by_name("intl");
    struct ledger_frontier f;
    ledger_frontier_init(&f);
    for (uint64_t i = 0; i <= LEAVES; i++) {
        struct ledger_hash leaf, done[LEDGER_LEVELS];
        unsigned count;
        frontiers[i] = f;
        require(ledger_root(suite, &f, &roots[i]));
        if (i == LEAVES)
            break;
        require(ledger_leaf(suite, &i, sizeof i, &leaf));
        require(ledger_append(suite, &f, &leaf, done, &count));
        for (unsigned level = 0; level < count; level++)
            stored[level][i >> level] = done[level];
    }
    return 0;
}

struct lost {
    uint64_t seen[SEEN]; /* sizes that the witness verified, growing */
    size_t count;
    uint64_t own;        /* what the owner still has */
    uint64_t base;       /* the last size seen of that */
    bool known[LEAVES];
    struct ledger_graft graft;
};

static void lose(struct lost *lost)
{
    uint64_t all = LEAVES;
    memset(lost, 0, sizeof *lost);
    uint64_t size = 0;
    while (lost->count < SEEN && size < LEAVES) {
        size += 1 + next_random() % (1 + next_random() % 60);
        if (size <= LEAVES)
            lost->seen[lost->count++] = size;
    }
    uint64_t end = lost->seen[lost->count - 1];
    lost->own = next_random() % end;
    struct ledger_nodes own = {.node = full_node, .context = &lost->own}, full = {.node = full_node, .context = &all};
    graft_init(&lost->graft, suite, &own, lost->own, MOST);
    for (size_t i = 0; i < lost->count; i++) {
        struct ledger_path path;
        uint64_t before = i ? lost->seen[i - 1] : 0, now = lost->seen[i];
        if (now <= lost->own) {
            lost->base = now;
            continue; /* the owner asks only for what it has lost */
        }
        require(ledger_prove_consistency(suite, &full, before, now, &path));
        require(graft_consistency(&lost->graft, before, now, &path));
        require(graft_frontier(&lost->graft, &frontiers[now]));
        for (uint64_t leaf = before; leaf < now; leaf++)
            if (next_random() % 3 == 0) {
                require(ledger_prove_inclusion(suite, &full, leaf, now, &path));
                require(graft_inclusion(&lost->graft, leaf, now, &stored[0][leaf], &path));
                lost->known[leaf] = true;
            }
    }
}

/* What was seen, what came back, and the ledger as it goes on: all of it can be proved. */
static void test_graft_proves_what_is_known(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct lost *lost = malloc(sizeof *lost);
        struct ledger_frontier f;
        struct ledger_path path;
        assert_non_null(lost);
        lose(lost);
        struct ledger_nodes nodes = {.node = graft_node, .context = &lost->graft};
        uint64_t end = lost->seen[lost->count - 1];
        require(ledger_frontier_load(&nodes, end, &f));
        struct ledger_hash root;
        require(ledger_root(suite, &f, &root));
        assert_memory_equal(&root, &roots[end], sizeof root);
        /* the ledger goes on */
        uint64_t further = end + next_random() % (LEAVES - end + 1);
        for (uint64_t i = end; i < further; i++)
            require(graft_put(&lost->graft, 0, i, &stored[0][i]));
        for (uint64_t leaf = 0; leaf < end; leaf++) {
            if (leaf >= lost->base && !lost->known[leaf])
                continue;
            require(ledger_prove_inclusion(suite, &nodes, leaf, further, &path));
            require(ledger_verify_inclusion(suite, leaf, further, &stored[0][leaf], path.hash, path.count, &roots[further]));
        }
        for (size_t i = 0; i < lost->count; i++) {
            uint64_t seen = lost->seen[i];
            if (seen < lost->base)
                continue;
            require(ledger_prove_consistency(suite, &nodes, seen, further, &path));
            require(ledger_verify_consistency(suite, seen, further, &roots[seen], &roots[further], path.hash, path.count));
        }
        graft_free(&lost->graft);
        free(lost);
    }
}

static void test_other_history_is_noticed(void **state)
{
    (void)state;
    uint64_t own_size = 100, all = LEAVES;
    struct ledger_nodes own = {.node = full_node, .context = &own_size}, full = {.node = full_node, .context = &all};
    struct ledger_graft graft;
    struct ledger_hash wrong = stored[0][7];
    struct ledger_path path;
    graft_init(&graft, suite, &own, own_size, MOST);
    assert_int_equal(graft_put(&graft, 0, 99, &wrong), TB_ETRUST);
    assert_int_equal(graft_put(&graft, 6, 0, &wrong), TB_ETRUST);
    require(graft_put(&graft, 6, 0, &stored[6][0]));
    require(graft_put(&graft, 0, 100, &wrong));
    assert_int_equal(graft_put(&graft, 0, 100, &stored[0][100]), TB_ETRUST);
    require(ledger_prove_inclusion(suite, &full, 200, 300, &path));
    path.count--;
    assert_int_equal(graft_inclusion(&graft, 200, 300, &stored[0][200], &path), TB_EMALFORMED);
    assert_int_equal(graft_inclusion(&graft, 300, 300, &stored[0][200], &path), TB_EMALFORMED);
    assert_int_equal(graft_consistency(&graft, 300, 200, &path), TB_EMALFORMED);
    struct ledger_hash out;
    assert_int_equal(graft_node(&graft, 0, 150, &out), TB_ENOTFOUND);
    graft_free(&graft);
    graft_init(&graft, suite, &own, own_size, 2);
    require(graft_put(&graft, 0, 101, &stored[0][101]));
    for (uint64_t i = 103; i < 500; i += 2)
        if (graft_put(&graft, 0, i, &stored[0][i]) == TB_ELIMIT) {
            graft_free(&graft);
            return;
        }
    fail();
}

static void test_frontier_is_checked(void **state)
{
    (void)state;
    struct ledger_frontier f;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        size_t len = frontiers[size].peaks * sizeof f.peak[0];
        require(ledger_frontier_read(suite, size, frontiers[size].peak, len, &roots[size], &f));
        assert_int_equal(f.peaks, frontiers[size].peaks);
        assert_int_equal(ledger_frontier_read(suite, size, frontiers[size].peak, len, &roots[size - 1], &f), TB_ETRUST);
        assert_int_equal(ledger_frontier_read(suite, size, frontiers[size].peak, len - 1, &roots[size], &f), TB_EMALFORMED);
        assert_int_equal(ledger_frontier_read(suite, size, frontiers[size].peak, len + 32, &roots[size], &f), TB_EMALFORMED);
    }
    assert_int_equal(ledger_frontier_read(suite, UINT64_MAX, frontiers[1].peak, 64 * 32, &roots[1], &f), TB_EMALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graft_proves_what_is_known),
        cmocka_unit_test(test_other_history_is_noticed),
        cmocka_unit_test(test_frontier_is_checked),
    };
    return cmocka_run_group_tests_name("ledger_graft", tests, make_tree, NULL);
}
