/* crowd: how many connections come from one address or with one certificate, and what their request bodies take.
 *
 * A *group* is the connections with one key; it lives while it has members or bodies.  A *share* is the memory of one body: it may
 * outlive the connection, its group's other members and the listener, as work that was begun keeps the body.  Loop thread. */
#ifndef NET_CROWD_H
#define NET_CROWD_H

#include <stddef.h>
#include <stdint.h>

enum { CROWD_KEY_BYTES = 65, CROWD_BUCKETS = 1024 };

struct crowd_group {
    struct crowd_group *next;
    char key[CROWD_KEY_BYTES];
    size_t count;
    size_t bodies; /* bytes of request bodies that came from its members and are kept */
};

struct crowd {
    struct crowd_group *buckets[CROWD_BUCKETS];
    unsigned references; /* its maker's, and one for each share */
    size_t bodies;       /* bytes of all groups and of none */
};

struct crowd_share {
    struct crowd *crowd; /* NULL: no share */
    struct crowd_group *group;
    size_t bytes;
};

/* Of a key. */
uint32_t crowd_hash(const char *key);
/* Empty, with one reference; NULL without memory. */
struct crowd *crowd_new(void);
/* The last frees it.  NULL is accepted. */
void crowd_unref(struct crowd *crowd);

/* The group of this key (shorter than CROWD_KEY_BYTES) with one member more; NULL without memory. */
struct crowd_group *crowd_join(struct crowd *crowd, const char *key);
/* One member less; the last takes the group with it.  NULL is accepted. */
void crowd_leave(struct crowd *crowd, struct crowd_group *group);
/* Counts so many bytes for the group (or none) and for all. */
void crowd_keep(struct crowd *crowd, struct crowd_group *group, size_t bytes, struct crowd_share *out);
/* The memory is free again.  Does nothing the second time. */
void crowd_give_back(struct crowd_share *share);

#endif
