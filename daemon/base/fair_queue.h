/* fair_queue: who waits for a thread, in turn — one short queue per source instead of one long one (deficit round robin).
 *
 * A *source* is somebody who asks: this office itself, a counterpart, a member of staff.  Items of one source keep their order; between
 * sources each may spend FAIR_QUANTUM of cost per turn, so a source with a thousand items delays the one item of another by one turn and
 * not by a thousand.  Pure: memory is fixed, nothing is allocated, locking is the owner's. */
#ifndef BASE_FAIR_QUEUE_H
#define BASE_FAIR_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/limits.h"

/* Sources: FAIR_OWN, then one for each counterpart, then the staff, who share what is left by a hash of their numbers. */
enum { FAIR_OWN = 0, FAIR_PEERS = 1, FAIR_STAFF = FAIR_PEERS + LIMIT_PEERS, FAIR_SOURCES = 512, FAIR_QUANTUM = 8 };

struct fair_item {
    struct fair_item *next; /* internal */
    uint16_t source;        /* below FAIR_SOURCES */
    uint16_t cost;          /* 0 counts as 1 */
};

struct fair_source {
    struct fair_item *first, *last;
    unsigned count, running;
    int credit;
    uint16_t next; /* in the ring */
};

struct fair_queue {
    unsigned count, max, max_of_one;
    unsigned listed;     /* sources with items: the ring */
    uint16_t head, tail; /* of the ring, when listed */
    struct fair_source sources[FAIR_SOURCES];
};

/* Empty.  `max` items in all, of which the last sixteenth is for FAIR_OWN; `max_of_one` of each other source. */
void fair_init(struct fair_queue *queue, unsigned max, unsigned max_of_one);
/* TB_ETEMP when there is no room; then nothing was taken. */
int fair_put(struct fair_queue *queue, struct fair_item *item) TB_MUST_USE;
/* The next item, or NULL: there is none, or every waiting source has `running_max` items under way (0: as many as it likes).  With a
 * running_max each item taken needs its fair_done; one too many does no harm. */
struct fair_item *fair_take(struct fair_queue *queue, unsigned running_max);
void fair_done(struct fair_queue *queue, uint16_t source);

/* The source of counterpart number `index`, and of a member of staff. */
uint16_t fair_peer(unsigned index);
uint16_t fair_staff(const char *id);

#endif
