/* ledger: the mathematics of an append-only Merkle tree (RFC 6962 2.1, RFC 9162 2.1), pure.
 *
 * Terms.  A *leaf* is the hash of one entry line.  A *node* (level, index) is the root of the complete subtree over leaves
 * [index·2^level, (index+1)·2^level).  The *frontier* is the list of complete subtrees that cover a tree from left to right: with
 * it a leaf is appended and the root computed without reading anything.  Storage keeps with leaf i the nodes that leaf i
 * completes (levels 0 … trailing ones of i), so node (level, index) stands with leaf (index+1)·2^level − 1, at that level: every
 * proof needs O(log n) reads and nothing is ever rewritten.  All functions are thread-safe. */
#ifndef PROTO_LEDGER_H
#define PROTO_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/suite.h"

enum { LEDGER_LEVELS = 63, LEDGER_PATH_MAX = 64 };

struct ledger_hash {
    uint8_t b[SUITE_HASH_BYTES];
};

/* hash(0x00 || line) and hash(0x01 || left || right).  RFC 9162 2.1.1. */
int ledger_leaf(const struct suite *suite, const void *line, size_t len, struct ledger_hash *out) TB_MUST_USE;
int ledger_node(const struct suite *suite, const struct ledger_hash *left, const struct ledger_hash *right,
                struct ledger_hash *out) TB_MUST_USE;

struct ledger_frontier {
    uint64_t size;                           /* leaves */
    struct ledger_hash peak[LEDGER_LEVELS];  /* complete subtrees, largest first */
    unsigned peaks;
};

/* The empty tree. */
void ledger_frontier_init(struct ledger_frontier *f);
/* Appends a leaf.  `completed` receives the nodes that this leaf completes, leaf first (level 0, 1, …), *count of them: the bytes
 * to be stored with the leaf.  TB_ELIMIT beyond 2^62 leaves. */
int ledger_append(const struct suite *suite, struct ledger_frontier *f, const struct ledger_hash *leaf,
                  struct ledger_hash completed[LEDGER_LEVELS], unsigned *count) TB_MUST_USE;
/* Root of the tree; the hash of nothing for the empty tree (RFC 9162 2.1.1). */
int ledger_root(const struct suite *suite, const struct ledger_frontier *f, struct ledger_hash *out) TB_MUST_USE;

/* Where stored nodes come from.  `node` returns 0 or an err code that the prover passes on. */
struct ledger_nodes {
    int (*node)(void *context, unsigned level, uint64_t index, struct ledger_hash *out);
    void *context;
};

/* Rebuilds the frontier of a tree of `size` leaves from stored nodes: O(log n) reads, at start. */
int ledger_frontier_load(const struct ledger_nodes *nodes, uint64_t size, struct ledger_frontier *out) TB_MUST_USE;

struct ledger_path {
    struct ledger_hash hash[LEDGER_PATH_MAX];
    unsigned count;
};

/* RFC 9162 2.1.3.1: path from leaf `index` to the root of the tree of `size` leaves.  TB_EINVAL if index >= size. */
int ledger_prove_inclusion(const struct suite *suite, const struct ledger_nodes *nodes, uint64_t index, uint64_t size,
                           struct ledger_path *out) TB_MUST_USE;
/* RFC 9162 2.1.4.1: proof that the tree of `new_size` extends the one of `old_size`; empty when old_size is 0 or equal. */
int ledger_prove_consistency(const struct suite *suite, const struct ledger_nodes *nodes, uint64_t old_size, uint64_t new_size,
                             struct ledger_path *out) TB_MUST_USE;
/* RFC 9162 2.1.3.2.  0 or TB_ETRUST. */
int ledger_verify_inclusion(const struct suite *suite, uint64_t index, uint64_t size, const struct ledger_hash *leaf,
                            const struct ledger_hash *path, size_t count, const struct ledger_hash *root) TB_MUST_USE;
/* RFC 9162 2.1.4.2; old_size 0 accepts only the empty proof and the empty tree's root.  0 or TB_ETRUST. */
int ledger_verify_consistency(const struct suite *suite, uint64_t old_size, uint64_t new_size, const struct ledger_hash *old_root,
                              const struct ledger_hash *new_root, const struct ledger_hash *path, size_t count) TB_MUST_USE;

#endif
