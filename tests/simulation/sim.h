/* sim: two offices under a virtual clock, disk and network — the daemon's own code, no sockets, files, threads or real
 * time.
 *
 * One run is one seed.  The seed decides what staff do (lawful and unlawful; single, local and joint cases), what the network
 * loses, doubles, delays and reorders, when a link is cut (seconds … ten days), when an office loses power (also in the middle
 * of a commit) and what its disk forgets.  After every step the invariants of sim_check.c hold or the run ends with the seed
 * and the step, and the same seed replays the same run byte for byte. */
#ifndef SIMULATION_SIM_H
#define SIMULATION_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/office/office.h"
#include "daemon/peer/engine.h"

enum { SIM_NODES = 2, SIM_MATERIAL_BYTES = 64, SIM_MAX_MATERIALS = 256, SIM_MAX_ACKED = 1024 };

/* A fault that the harness itself must find (a test of the test). */
enum sim_plant {
    SIM_PLANT_NONE,
    SIM_PLANT_LOSS,
    SIM_PLANT_DOUBLE,
    SIM_PLANT_ACT,
    SIM_PLANT_ROW,
    SIM_PLANT_FORK,
    /* in a year: */
    SIM_PLANT_CLOCK,
    SIM_PLANT_NOTICE,
    SIM_PLANT_GRANT,
    SIM_PLANT_ORIGINALS,
    SIM_PLANT_REPEAT,
    SIM_PLANT_GAP
};

struct sim_rng {
    uint64_t state;
};
uint64_t sim_random(struct sim_rng *rng);
uint64_t sim_below(struct sim_rng *rng, uint64_t bound);
bool sim_chance(struct sim_rng *rng, unsigned per_mille);

enum sim_event_kind {
    SIM_ENGINE,   /* timer of the engine, or a commit */
    SIM_MOVER,
    SIM_REQUEST,  /* a batch arrives */
    SIM_ANSWER,   /* the answer, or the failure of a connection, arrives */
    SIM_PIECE,    /* a request about a material arrives */
    SIM_PIECE_ANSWER,
    SIM_TICK,     /* the minute timer */
    SIM_CLERK,    /* a member of staff does something */
    SIM_CRASH,
    SIM_RESTART,
    SIM_CUT,
    SIM_HEAL,
    SIM_IMAGE,    /* a copy of the disk is made */
    SIM_BACK,     /* … and put back */
    SIM_RECOVER
};

struct sim_event {
    int64_t at;           /* virtual ms */
    uint64_t order;       /* ties in the order they were made */
    enum sim_event_kind kind;
    int node;
    uint64_t epoch;       /* of the node that waits: events for an earlier life are void */
    uint64_t number;      /* request number */
    char *bytes;          /* owned */
    size_t len;
    char *frontier;       /* owned: the header of that name, or NULL */
    int rc;
    int problem;
    int64_t value;        /* SIM_ENGINE, SIM_MOVER: 1 for a wake-up of sim_wake */
    int what;             /* mover action; SIM_REQUEST: 1 when a bit of it was turned */
    char sha256[65];
};

/* A request that was answered: it must give the same answer for ever. */
struct sim_acked {
    int node;
    enum office_kind kind;
    const char *staff;
    char key[40], case_no[CASE_NO_TEXT], action[24];
    const char *register_kind;      /* OFFICE_REGISTER, with the object's number ("": a new one) */
    char object_no[REGISTER_NO_TEXT];
    int64_t at;                     /* when it was sent */
    char *body;
    char *answer;
    bool forgotten;                 /* with the disk that was replaced by an older image */
};

struct sim_material {
    char sha256[65];
    int64_t have[SIM_NODES];     /* bytes here */
    int64_t synced[SIM_NODES];   /* bytes that survive a power cut */
    bool created[SIM_NODES];
};

struct sim_node {
    struct sim *sim;
    int id;
    char disk[16];
    struct office *office;
    struct store *store;         /* NULL while the power is off */
    struct world world;
    struct note_signer signer;
    int64_t skew;                /* ms that its clock is wrong */
    uint64_t epoch;
    struct engine engine;
    struct mover mover;
    struct office_batch batch;   /* in flight */
    bool batch_live;
    struct parcel *answer;       /* verified, to be applied */
    uint64_t request;            /* number awaited */
    unsigned woken;              /* wake-ups that engine and mover were not told of yet */
    uint64_t piece;
    char *known_note;            /* the last checkpoint of the peer that was verified, owned */
    struct checkpoint known;
    struct material_row moving;
    char stuck[65];              /* the last material that failed */
    /* what the harness knows to be acknowledged */
    uint64_t size;
    struct ledger_hash root;
    struct sim_acked pending;    /* staff's request that got no answer yet */
    bool has_pending;
    bool closed;                 /* on an older image, not recovered yet */
    int64_t away_until;          /* does not start before */
};

struct sim_past;
/* An older disk image: sim_image.c. */
struct sim_image {
    struct sim_rng rng;
    int victim;
    int64_t at;                  /* when it was made; 0: not yet */
    uint64_t size, was, seen;    /* entries in it; there when it was put back; seen by the other office */
    struct ledger_hash root;
    size_t acked;                /* requests that were acknowledged by then */
    bool back, recovered;
    struct sim_past *past;       /* owned: entries size … was */
    size_t past_count;
    char (*cases)[CASE_NO_TEXT]; /* owned: taken in here, when it was put back */
    size_t case_count;
    bool *kept;                  /* owned: which of them are in the image */
    struct sim_lost {            /* owned: an effect on a case that was numbered, and never left the office */
        char case_no[CASE_NO_TEXT];
        int64_t rev;
    } *lost;
    size_t lost_count;
    char (*lacking)[CASE_NO_TEXT]; /* owned: what the recovery says has to be done again */
    size_t lacking_count;
    unsigned tries;
};

struct sim {
    uint64_t seed;
    struct sim_rng rng;
    enum sim_plant plant;
    bool planted;                /* the fault of a year is there */
    bool verbose;
    int64_t now;
    int64_t end;                 /* of the disturbed time */
    bool calm;                   /* afterwards nothing is disturbed any more */
    bool cut;
    bool midnight;               /* a day ends in this run */
    bool written;                /* by somebody, since the links were checked */
    uint64_t order, requests, steps;
    struct sim_event *heap;
    size_t heap_len, heap_cap;
    struct sim_node node[SIM_NODES];
    struct sim_acked *acked;
    size_t acked_count;
    struct sim_material material[SIM_MAX_MATERIALS];
    size_t material_count;
    unsigned loss, crashes, cuts, keys;
    size_t intakes, deemed, lapsed;
    size_t joints;               /* acknowledged */
    size_t acts;                 /* acknowledged, of the registers */
    bool year;                   /* a virtual year: sim_year.c */
    const char *calendar;        /* text of the offices' calendar */
    int64_t grant_until;         /* last day of what is authorised by configuration */
    uint64_t batches, retries, moved; /* of the lives of the offices that are over */
    size_t steps_granted;        /* delegated steps whose authorisation was looked up again */
    size_t dates;                /* reckoned once more, day by day */
    size_t moved_dates;          /* cases among them with supplement, special procedure, extension or tolerance */
    bool imaged;                 /* an older image of a disk is put back in this run */
    struct sim_image image;
    bool ungranted;              /* nothing is authorised by configuration: only what is offered and accepted counts */
    char failure[512];           /* "" while all invariants hold */
};

/* Counters of one run, for the summary. */
struct sim_result {
    uint64_t steps, entries, crashes, cuts, acked, acts, batches, retries, moved, deemed, lapsed, dates, moved_dates, steps_granted;
    uint64_t restores;
    int64_t virtual_ms;
    char failure[512];
};

struct sim_choice {
    enum sim_plant plant;
    bool year, verbose;
    bool image; /* an older image is put back whatever the seed says */
};
int sim_run(uint64_t seed, const struct sim_choice *choice, struct sim_result *result);

/* sim_core.c */
void sim_push(struct sim *sim, struct sim_event event);
bool sim_pop(struct sim *sim, struct sim_event *event);
void sim_fail(struct sim *sim, const char *format, ...) TB_PRINTF(2, 3);
void sim_trace(struct sim *sim, const char *format, ...) TB_PRINTF(2, 3);
/* Until sim->end, and on until everything is at rest. */
void sim_loop(struct sim *sim);

/* sim_year.c */
void sim_year(struct sim *sim);
/* Moves the dates in a body, which lie around the first day, to today. */
void sim_year_dates(const struct sim *sim, char *body);

/* An item of both offices; days, -1 or 0: none. */
struct sim_item {
    const char *code, *notice_rule, *overdue;
    int notice_days, deemed_days;
    int statutory, promised;
    bool statutory_calendar, promised_calendar, lapses;
};

/* sim_node.c */
extern const char sim_calendar[];
const struct sim_item *sim_item_find(const char *code);
/* One of them, mostly the first. */
const char *sim_item_pick(struct sim *sim);
int sim_node_make(struct sim *sim, int id);
int sim_node_start(struct sim_node *node);
void sim_node_crash(struct sim_node *node);
/* Without power, and nothing of this life is left. */
void sim_node_off(struct sim_node *node);
/* The office begins its work: at the start, or after a recovery. */
int sim_node_open(struct sim_node *node);
/* Adds what engine and mover counted in this life to the run's sums. */
void sim_node_count(struct sim_node *node);
void sim_node_free(struct sim_node *node);
/* One command as its own commit.  A failed commit is a power cut. */
int sim_commit(struct sim_node *node, struct store_command *command);
void sim_wake(struct sim_node *node);
/* What the passing of time does to the node's cases. */
void sim_tick(struct sim_node *node);
void sim_engine(struct sim_node *node, enum engine_event event, const struct engine_report *report);
void sim_on_request(struct sim_node *node, struct sim_event *event);
void sim_on_answer(struct sim_node *node, struct sim_event *event);

/* sim_mover.c */
void sim_mover(struct sim_node *node, enum mover_event event, const struct mover_report *report);
void sim_on_piece(struct sim_node *node, struct sim_event *event);
void sim_on_piece_answer(struct sim_node *node, struct sim_event *event);
struct sim_material *sim_material_find(struct sim *sim, const char *sha256);
struct sim_material *sim_material_make(struct sim *sim, int node);

/* sim_staff.c */
void sim_on_clerk(struct sim_node *node);
/* The same request again: must give the same answer. */
void sim_repeat(struct sim *sim, const struct sim_acked *acked);
void sim_acked_clear(struct sim_acked *acked);

/* sim_check.c */
void sim_check_commit(struct sim_node *node);
void sim_check_links(struct sim *sim);
void sim_check_end(struct sim *sim);

/* sim_law.c: at most one notice in a case of the node, no delegated step of the other office without an authorisation. */
void sim_check_law(struct sim_node *node);

/* sim_clock.c: every clock of every case of the node — in its row and on its page — is what counting day by day gives, and silence meant
 * acceptance or withdrawal when it should and not before. */
void sim_check_clocks(struct sim_node *node);
bool sim_day_works(const char *calendar, int64_t day);

/* sim_joint.c */
/* Every joint case of the node is the fold of its legs, and every leg stands where its case does.  Returns how many there are; adds to
 * *legs the cases that are legs. */
size_t sim_check_joints(struct sim_node *node, size_t *legs);
/* A joint application, or the withdrawal of a joint case that is under way; false when there is none. */
bool sim_make_joint(struct sim_node *node, struct sim_acked *act, const char *material, char *body, size_t size);
/* ---- sim_register.c, sim_register_check.c ---- */
/* An act of a register, lawful or not; false when there is nothing to act on. */
bool sim_make_register(struct sim_node *node, struct sim_acked *act, const char *material, char *body, size_t size);
/* Both offices have the same objects with the same state, content and history, every row is the fold of its entries, authorisations cover
 * the same moments, originals add up alike, nothing waits, and all acknowledged acts are there. */
void sim_check_registers(struct sim *sim);
/* ---- sim_image.c ---- */
void sim_image_plan(struct sim *sim, int64_t span);
void sim_image_take(struct sim_node *node);
void sim_image_back(struct sim_node *node);
/* Whether the home side had given this revision to an effect that never left it, and is lost. */
bool sim_image_lost(const struct sim *sim, const char *case_no, int64_t rev);
bool sim_image_lost_before(const struct sim *sim, const char *case_no, int64_t rev);
/* Whether the recovery named the case as one in which an act has to be done again. */
bool sim_image_lacking(const struct sim *sim, const char *case_no);
/* It started on the image: closed, and asking. */
void sim_image_started(struct sim_node *node);
/* While closed nothing is recorded. */
void sim_image_try(struct sim_node *node);
void sim_image_recover(struct sim_node *node);
void sim_image_forget(struct sim *sim);
/* sim_plant.c: changes one stored row behind the office's back (SIM_PLANT_ROW). */
void sim_plant_row(struct sim *sim);
/* Plants the fault of a year as soon as there is a case for it; true when it is there. */
bool sim_plant_year(struct sim *sim);
/* The item that is the template. */
extern const char sim_joint_item[];

#endif
