/* difference: what a verification can find between the ledger, the tables and the files — one row each: what it means, what to do. */
#ifndef PROTO_DIFFERENCE_H
#define PROTO_DIFFERENCE_H

/* D(CONSTANT, "name", "title", "what to do").  Titles and remedies are gettext message ids. */
#define DIFFERENCE_TABLE(D)                                                                                                        \
    D(LINE, "ledger-line", "A line of our ledger is not the one that was hashed",                                                  \
      "The disk or somebody changed it: stop, keep the disk as it is, restore the newest backup that verifies")                    \
    D(TREE, "ledger-tree", "The stored hashes of our ledger do not fit its lines",                                                 \
      "Stop, keep the disk as it is, restore the newest backup that verifies")                                                     \
    D(CHECKPOINT, "checkpoint", "A checkpoint of ours does not fit the ledger, or is not signed by our key",                       \
      "Ask the counterpart for its copy of this checkpoint; if it differs, restore the newest backup that verifies")               \
    D(COSIGNATURE, "cosignature", "A cosignature of a counterpart does not verify",                                                \
      "Compare the keys with its operator; was its ledger key changed?")                                                           \
    D(MESSAGE, "message", "A message from a counterpart is missing, or is not the one that came",                                  \
      "Its sender has it: restore the newest backup that verifies, the rest comes again")                                          \
    D(RECEIPT, "receipt", "A receipt of a counterpart is missing, or is not the one that came",                                    \
      "Its sender has it: restore the newest backup that verifies")                                                                \
    D(TALLY, "tally", "The running sum over the messages of a counterpart is not that of the messages kept",                       \
      "Compare `tongbanctl peer list` on both sides; restore the newest backup that verifies")                                     \
    D(ROW, "row", "A row says something else than the entries it comes from",                                                      \
      "The entries are right: note the case, ask for help; restoring a backup that verifies mends it")                             \
    D(ERASED, "erased-without-order", "Lines were erased, and no entry of ours says that their case was to be",                     \
      "Somebody changed the database: stop, keep the disk as it is, restore the newest backup that verifies")                      \
    D(NOT_ERASED, "not-erased", "An entry says that a case was erased, and something of it is still there",                        \
      "A copy from before came back, or an erasure was undone: look who restored what; a backup from after it mends it")           \
    D(HOLD_UNSAID, "hold-without-entry", "A case is held, and no entry of ours says so, or says it otherwise",                      \
      "Somebody changed the database. tongbanctl audit search --case NO shows what was said; hold the case again, or release it")  \
    D(HOLD_LOST, "hold-lost", "An entry says that a case is held, and it is not: it could be erased",                              \
      "Hold it again, at once: tongbanctl audit search --type case.held shows why; then look who changed the database")            \
    D(TABLES, "tables", "The tables could not be compared to their end: an entry they come from is damaged",                       \
      "Mend what stands above first, then verify again")                                                                           \
    D(MATERIAL_MISSING, "material-missing", "The file of a material is not there",                                                 \
      "Copy it from a backup (materials/ab/NAME); else ask the window to scan it again")                                           \
    D(MATERIAL_DAMAGED, "material-damaged", "The file of a material is not what its name says",                                    \
      "Copy it from a backup (materials/ab/NAME); else ask the window to scan it again")

enum difference {
#define D(constant, name, title, remedy) DIFFERENCE_##constant,
    DIFFERENCE_TABLE(D)
#undef D
    DIFFERENCE_COUNT
};

struct difference_type {
    const char *name, *title, *remedy;
};
/* Static. */
const struct difference_type *difference_type(enum difference difference);

#endif
