/* The tree against a naive recursive construction for every size 0 … 300, every proof of them, and every altered
 * element. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/ledger.h"

enum { SIZES = 300, LEVELS = 10 };

static const struct suite *suite;
static struct ledger_hash leaves[SIZES];
static struct ledger_hash roots[SIZES + 1];      /* naive */
static struct ledger_hash stored[LEVELS][SIZES]; /* as the store keeps them: what ledger_append completed */
static unsigned reads;

static void require(int rc)
{
    assert_int_equal(rc, 0);
}

/* RFC 9162 2.1.1, word for word: a recursion over the list. */
static void naive_root(const struct ledger_hash *leaf, size_t n, struct ledger_hash *out)
{
    if (n == 0) {
        require(suite_hash(suite, NULL, 0, NULL, 0, NULL, 0, out->b));
    } else if (n == 1) {
        *out = *leaf;
    } else {
        size_t k = 1;
        while (k * 2 < n)
            k *= 2;
        struct ledger_hash l, r;
        naive_root(leaf, k, &l);
        naive_root(leaf + k, n - k, &r);
        require(suite_hash(suite, "\x01", 1, l.b, 32, r.b, 32, out->b));
    }
}

/* RFC 9162 2.1.3.1 by recursion. */
static void naive_path(const struct ledger_hash *leaf, size_t m, size_t n, struct ledger_path *path)
{
    if (n == 1)
        return;
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct ledger_hash other;
    if (m < k) {
        naive_path(leaf, m, k, path);
        naive_root(leaf + k, n - k, &other);
    } else {
        naive_path(leaf + k, m - k, n - k, path);
        naive_root(leaf, k, &other);
    }
    path->hash[path->count++] = other;
}

/* RFC 9162 2.1.4.1, SUBPROOF. */
static void naive_subproof(const struct ledger_hash *leaf, size_t m, size_t n, int b, struct ledger_path *path)
{
    struct ledger_hash other;
    if (m == n) {
        if (!b) {
            naive_root(leaf, n, &other);
            path->hash[path->count++] = other;
        }
        return;
    }
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    if (m <= k) {
        naive_subproof(leaf, m, k, b, path);
        naive_root(leaf + k, n - k, &other);
    } else {
        naive_subproof(leaf + k, m - k, n - k, 0, path);
        naive_root(leaf, k, &other);
    }
    path->hash[path->count++] = other;
}

static int read_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    const uint64_t *size = context; /* a proof of a tree may only read nodes that this tree has completed */
    if (level >= LEVELS || (index + 1) << level > *size)
        return TB_ENOTFOUND;
    *out = stored[level][index];
    reads++;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    suite = suite_by_name("intl");
    struct ledger_frontier f;
    ledger_frontier_init(&f);
    for (unsigned i = 0; i < SIZES; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "{\"entry\":%u}", i);
        require(ledger_leaf(suite, line, strlen(line), &leaves[i]));
        struct ledger_hash completed[LEDGER_LEVELS];
        unsigned count = 0;
        require(ledger_append(suite, &f, &leaves[i], completed, &count));
        for (unsigned level = 0; level < count; level++)
            stored[level][((i + 1) >> level) - 1] = completed[level];
    }
    for (unsigned n = 0; n <= SIZES; n++)
        naive_root(leaves, n, &roots[n]);
    return 0;
}

static void test_roots_and_frontiers(void **state)
{
    (void)state;
    struct ledger_frontier f, loaded;
    ledger_frontier_init(&f);
    for (uint64_t n = 0;; n++) {
        struct ledger_hash root;
        require(ledger_root(suite, &f, &root));
        assert_memory_equal(root.b, roots[n].b, 32);
        struct ledger_nodes nodes = {read_node, &n};
        memset(&loaded, 0xAA, sizeof loaded);
        require(ledger_frontier_load(&nodes, n, &loaded));
        assert_int_equal(loaded.size, f.size);
        assert_int_equal(loaded.peaks, f.peaks);
        assert_memory_equal(loaded.peak, f.peak, f.peaks * sizeof f.peak[0]);
        if (n == SIZES)
            break;
        struct ledger_hash completed[LEDGER_LEVELS];
        unsigned count = 0;
        require(ledger_append(suite, &f, &leaves[n], completed, &count));
        unsigned ones = 0;
        while (n >> ones & 1)
            ones++;
        assert_int_equal(count, ones + 1);
        for (unsigned level = 0; level < count; level++) {
            struct ledger_hash naive;
            naive_root(leaves + (n + 1 - (UINT64_C(1) << level)), (size_t)1 << level, &naive);
            assert_memory_equal(completed[level].b, naive.b, 32);
        }
    }
}

static void test_inclusion_all(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= SIZES; n++) {
        struct ledger_nodes nodes = {read_node, &n};
        for (uint64_t i = 0; i < n; i++) {
            struct ledger_path path, naive = {.count = 0};
            reads = 0;
            require(ledger_prove_inclusion(suite, &nodes, i, n, &path));
            assert_in_range(reads, 0, 18); /* at most two per level */
            naive_path(leaves, i, n, &naive);
            assert_int_equal(path.count, naive.count);
            assert_memory_equal(path.hash, naive.hash, path.count * sizeof path.hash[0]);
            require(ledger_verify_inclusion(suite, i, n, &leaves[i], path.hash, path.count, &roots[n]));
        }
        struct ledger_path path;
        assert_int_equal(ledger_prove_inclusion(suite, &nodes, n, n, &path), TB_EINVAL);
    }
}

static void test_consistency_all(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= SIZES; n++) {
        struct ledger_nodes nodes = {read_node, &n};
        for (uint64_t m = 0; m <= n; m++) {
            struct ledger_path path;
            require(ledger_prove_consistency(suite, &nodes, m, n, &path));
            require(ledger_verify_consistency(suite, m, n, &roots[m], &roots[n], path.hash, path.count));
            if (m == 0 || m == n) {
                assert_int_equal(path.count, 0);
            } else if (n < 70 || m % 17 == 3) { /* the recursion is slow; the verifier has seen them all */
                struct ledger_path naive = {.count = 0};
                naive_subproof(leaves, m, n, 1, &naive);
                assert_int_equal(path.count, naive.count);
                assert_memory_equal(path.hash, naive.hash, path.count * sizeof path.hash[0]);
            }
        }
        struct ledger_path path;
        assert_int_equal(ledger_prove_consistency(suite, &nodes, n + 1, n, &path), TB_EINVAL);
    }
}

static void refused_inclusion(uint64_t i, uint64_t n, const struct ledger_hash *leaf, const struct ledger_path *path,
                              unsigned count, const struct ledger_hash *root)
{
    assert_int_equal(ledger_verify_inclusion(suite, i, n, leaf, path->hash, count, root), TB_ETRUST);
}

/* Every element of an inclusion proof altered, for all sizes to 70 and some later ones. */
static void test_inclusion_altered(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= SIZES; n += n < 70 ? 1 : 23) {
        struct ledger_nodes nodes = {read_node, &n};
        for (uint64_t i = 0; i < n; i++) {
            struct ledger_path path;
            require(ledger_prove_inclusion(suite, &nodes, i, n, &path));
            for (unsigned k = 0; k < path.count; k++) {
                path.hash[k].b[(i + k) % 32] ^= (uint8_t)(1 << (n + k) % 8);
                refused_inclusion(i, n, &leaves[i], &path, path.count, &roots[n]);
                path.hash[k].b[(i + k) % 32] ^= (uint8_t)(1 << (n + k) % 8);
            }
            struct ledger_hash bad = roots[n];
            bad.b[i % 32] ^= 0x80;
            refused_inclusion(i, n, &leaves[i], &path, path.count, &bad);
            bad = leaves[i];
            bad.b[n % 32] ^= 0x01;
            refused_inclusion(i, n, &bad, &path, path.count, &roots[n]);
            refused_inclusion(i + 1, n, &leaves[i], &path, path.count, &roots[n]);
            if (i)
                refused_inclusion(i - 1, n, &leaves[i], &path, path.count, &roots[n]);
            refused_inclusion(n, n, &leaves[i], &path, path.count, &roots[n]);
            refused_inclusion(UINT64_MAX, n, &leaves[i], &path, path.count, &roots[n]);
            refused_inclusion(i, 0, &leaves[i], &path, path.count, &roots[n]);
            if (path.count)
                refused_inclusion(i, n, &leaves[i], &path, path.count - 1, &roots[n]);
            path.hash[path.count] = roots[n];
            refused_inclusion(i, n, &leaves[i], &path, path.count + 1, &roots[n]);
        }
    }
}

/* A proof for one size does not verify against the root of the next (its own root is what binds the size). */
static void test_inclusion_other_size(void **state)
{
    (void)state;
    for (uint64_t n = 2; n < SIZES; n += 7) {
        struct ledger_nodes nodes = {read_node, &n};
        for (uint64_t i = 0; i < n; i++) {
            struct ledger_path path;
            require(ledger_prove_inclusion(suite, &nodes, i, n, &path));
            refused_inclusion(i, n, &leaves[i], &path, path.count, &roots[n + 1]);
            refused_inclusion(i, n + 1, &leaves[i], &path, path.count, &roots[n + 1]);
            if (n - 1 > i)
                refused_inclusion(i, n - 1, &leaves[i], &path, path.count, &roots[n - 1]);
        }
    }
}

static void refused_consistency(uint64_t m, uint64_t n, const struct ledger_hash *a, const struct ledger_hash *b,
                                const struct ledger_path *path, unsigned count)
{
    assert_int_equal(ledger_verify_consistency(suite, m, n, a, b, path->hash, count), TB_ETRUST);
}

static void test_consistency_altered(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= SIZES; n += n < 70 ? 1 : 23) {
        struct ledger_nodes nodes = {read_node, &n};
        for (uint64_t m = 1; m < n; m++) {
            struct ledger_path path;
            require(ledger_prove_consistency(suite, &nodes, m, n, &path));
            for (unsigned k = 0; k < path.count; k++) {
                path.hash[k].b[(m + k) % 32] ^= (uint8_t)(1 << (n + k) % 8);
                refused_consistency(m, n, &roots[m], &roots[n], &path, path.count);
                path.hash[k].b[(m + k) % 32] ^= (uint8_t)(1 << (n + k) % 8);
            }
            struct ledger_hash bad = roots[m];
            bad.b[n % 32] ^= 0x10;
            refused_consistency(m, n, &bad, &roots[n], &path, path.count);
            bad = roots[n];
            bad.b[m % 32] ^= 0x10;
            refused_consistency(m, n, &roots[m], &bad, &path, path.count);
            refused_consistency(m, n, &roots[n], &roots[m], &path, path.count);
            refused_consistency(n, m, &roots[n], &roots[m], &path, path.count);
            refused_consistency(m + 1, n, &roots[m], &roots[n], &path, path.count);
            refused_consistency(m - 1, n, &roots[m], &roots[n], &path, path.count);
            refused_consistency(m, m, &roots[m], &roots[n], &path, path.count);
            refused_consistency(m, n, &roots[m], &roots[n], &path, path.count - 1);
            path.hash[path.count] = roots[n];
            refused_consistency(m, n, &roots[m], &roots[n], &path, path.count + 1);
        }
        struct ledger_path path = {.count = 0};
        path.hash[0] = roots[n];
        refused_consistency(n, n, &roots[n], &roots[n - 1], &path, 0);
        refused_consistency(n, n, &roots[n], &roots[n], &path, 1);
        refused_consistency(0, n, &roots[0], &roots[n], &path, 1);
        refused_consistency(0, n, &roots[n], &roots[n], &path, 0);
    }
    struct ledger_path none = {.count = 0};
    refused_consistency(0, 0, &roots[0], &roots[1], &none, 0);
    refused_consistency(UINT64_MAX - 1, UINT64_MAX, &roots[1], &roots[2], &none, 64);
}

static void hex(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        v = (unsigned)strtoul((char[]){text[2 * i], text[2 * i + 1], 0}, NULL, 16);
        out[i] = (uint8_t)v;
    }
}

/* The leaves and roots of the reference implementation of RFC 6962. */
static void test_reference_roots(void **state)
{
    (void)state;
    static const struct {
        const char *leaf, *root;
    } rows[] = {
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct ledger_frontier f;
    ledger_frontier_init(&f);
    struct ledger_hash root, expected;
    require(ledger_root(suite, &f, &root));
    hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", expected.b, 32);
    assert_memory_equal(root.b, expected.b, 32);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[16];
        size_t n = strlen(rows[i].leaf) / 2;
        hex(rows[i].leaf, bytes, n);
        struct ledger_hash leaf, completed[LEDGER_LEVELS];
        unsigned count;
        require(ledger_leaf(suite, bytes, n, &leaf));
        require(ledger_append(suite, &f, &leaf, completed, &count));
        require(ledger_root(suite, &f, &root));
        hex(rows[i].root, expected.b, 32);
        assert_memory_equal(root.b, expected.b, 32);
    }
}

/* A ledger so large that it cannot exist: every node is made from its name, the proofs must still be consistent with
 * the walk. */
static int invented_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    (void)context;
    reads++;
    return suite_hash(suite, &level, sizeof level, &index, sizeof index, NULL, 0, out->b);
}

static void test_huge(void **state)
{
    (void)state;
    const uint64_t full = UINT64_C(1) << 62;
    struct ledger_nodes nodes = {invented_node, NULL};
    struct ledger_path path;
    static const uint64_t sizes[] = {(UINT64_C(1) << 62) - 1, UINT64_C(0x2AAAAAAAAAAAAAAA), (UINT64_C(1) << 61) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ledger_frontier f;
        struct ledger_hash root, leaf;
        require(ledger_frontier_load(&nodes, sizes[i], &f));
        require(ledger_root(suite, &f, &root));
        /* the last leaf of an odd size is a peak of its own: its invented proof must meet the invented root */
        uint64_t last = sizes[i] - 1;
        if (sizes[i] & 1) {
            reads = 0;
            require(ledger_prove_inclusion(suite, &nodes, last, sizes[i], &path));
            assert_in_range(reads, 1, 126);
            require(invented_node(NULL, 0, last, &leaf));
            require(ledger_verify_inclusion(suite, last, sizes[i], &leaf, path.hash, path.count, &root));
        }
        reads = 0;
        require(ledger_prove_inclusion(suite, &nodes, 0, sizes[i], &path));
        assert_in_range(reads, 1, 126);
        assert_int_equal(path.count, 62);
    }
    struct ledger_frontier f = {.size = full};
    struct ledger_hash leaf = {{0}}, completed[LEDGER_LEVELS];
    unsigned count;
    assert_int_equal(ledger_append(suite, &f, &leaf, completed, &count), TB_ELIMIT);
    require(ledger_frontier_load(&nodes, full - 1, &f));
    assert_int_equal(f.peaks, 62);
    require(ledger_append(suite, &f, &leaf, completed, &count));
    assert_int_equal(count, 63);
    assert_int_equal(f.peaks, 1);
    assert_int_equal(ledger_frontier_load(&nodes, full + 1, &f), TB_ELIMIT);
    assert_int_equal(ledger_prove_inclusion(suite, &nodes, 0, full + 1, &path), TB_EINVAL);
    assert_int_equal(ledger_prove_consistency(suite, &nodes, 1, UINT64_MAX, &path), TB_EINVAL);
}

static int failing_node(void *context, unsigned level, uint64_t index, struct ledger_hash *out)
{
    (void)level;
    (void)index;
    memset(out, 1, sizeof *out);
    unsigned *left = context;
    return (*left)-- ? 0 : TB_ECORRUPT;
}

/* The first read fails, then the second, …: the error is passed on and the output untouched. */
static void test_reads_fail(void **state)
{
    (void)state;
    for (unsigned fail = 0; fail < 9; fail++) {
        unsigned left = fail;
        struct ledger_nodes nodes = {failing_node, &left};
        struct ledger_path path = {.count = 77};
        struct ledger_frontier f = {.peaks = 55};
        int rc = ledger_prove_inclusion(suite, &nodes, 3, 255, &path);
        assert_true(rc == TB_ECORRUPT && path.count == 77);
        left = fail / 2;
        rc = ledger_prove_consistency(suite, &nodes, 100, 255, &path);
        assert_true(rc == TB_ECORRUPT && path.count == 77);
        left = fail % 8;
        rc = ledger_frontier_load(&nodes, 255, &f);
        assert_true(rc == TB_ECORRUPT && f.peaks == 55);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_and_frontiers),  cmocka_unit_test(test_inclusion_all),
        cmocka_unit_test(test_consistency_all),      cmocka_unit_test(test_inclusion_altered),
        cmocka_unit_test(test_inclusion_other_size), cmocka_unit_test(test_consistency_altered),
        cmocka_unit_test(test_reference_roots),      cmocka_unit_test(test_huge),
        cmocka_unit_test(test_reads_fail),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
