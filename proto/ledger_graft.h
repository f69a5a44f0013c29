/* ledger_graft: what a witness knows of a tree, put onto the part of it that its owner still has.  Pure.
 *
 * An office that was restored from an older copy has the leaves below n of its own ledger, which its counterparts have seen up to size S.
 * A *graft* collects complete subtrees of the whole tree from what the counterparts kept — frontiers, consistency proofs, inclusion paths —
 * until the ledger can go on at S, and the old leaves and the ones that came back can be proved in it.  Nothing is believed that
 * was not verified against a signed root before: here only the places of the hashes are worked out, and two hashes for one place are
 * TB_ETRUST. */
#ifndef PROTO_LEDGER_GRAFT_H
#define PROTO_LEDGER_GRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/buf.h"
#include "proto/ledger.h"

/* A frontier as bytes: its subtrees one after another, largest first; how many there are follows from the size. */
enum { LEDGER_FRONTIER_BYTES = LEDGER_LEVELS * SUITE_HASH_BYTES };
/* TB_EMALFORMED when the bytes are not those of a frontier of this size; TB_ETRUST when it does not give this root. */
int ledger_frontier_read(const struct suite *suite, uint64_t size, const void *bytes, size_t len, const struct ledger_hash *root,
                         struct ledger_frontier *out) TB_MUST_USE;

struct graft_node {
    unsigned level;
    uint64_t index;
    struct ledger_hash hash;
    bool used;
};

struct ledger_graft {
    const struct suite *suite;
    struct ledger_nodes own;  /* nodes of the leaves below `own_size` */
    uint64_t own_size;
    struct graft_node *slots; /* owned: a hash table, open addressing */
    size_t room, count, most; /* `most`: TB_ELIMIT beyond it */
};
void graft_init(struct ledger_graft *graft, const struct suite *suite, const struct ledger_nodes *own, uint64_t own_size, size_t most);
void graft_free(struct ledger_graft *graft);

/* One complete subtree, and every larger one that follows from it and what is known.  TB_ETRUST: another hash stands there. */
int graft_put(struct ledger_graft *graft, unsigned level, uint64_t index, const struct ledger_hash *hash) TB_MUST_USE;
/* What a verified frontier, consistency proof or inclusion path says. */
int graft_frontier(struct ledger_graft *graft, const struct ledger_frontier *frontier) TB_MUST_USE;
int graft_consistency(struct ledger_graft *graft, uint64_t old_size, uint64_t new_size, const struct ledger_path *path) TB_MUST_USE;
int graft_inclusion(struct ledger_graft *graft, uint64_t index, uint64_t size, const struct ledger_hash *leaf,
                    const struct ledger_path *path) TB_MUST_USE;
/* For ledger_prove_… : own and grafted nodes; TB_ENOTFOUND for one that nobody has. */
int graft_node(void *graft, unsigned level, uint64_t index, struct ledger_hash *out) TB_MUST_USE;

#endif
