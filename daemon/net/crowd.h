/* crowd: how many connections come from one address or with one certificate.
 *
 * A *group* is the connections with one key; it lives while it has members.  Loop thread. */
#ifndef NET_CROWD_H
#define NET_CROWD_H

#include <stddef.h>

enum { CROWD_KEY_BYTES = 65, CROWD_BUCKETS = 1024 };

struct crowd_group {
    struct crowd_group *next;
    char key[CROWD_KEY_BYTES];
    size_t count;
    size_t bodies; /* bytes of request bodies that are kept for its members */
};

struct crowd {
    struct crowd_group *buckets[CROWD_BUCKETS];
};

/* The group of this key (shorter than CROWD_KEY_BYTES) with one member more; NULL without memory. */
struct crowd_group *crowd_join(struct crowd *crowd, const char *key);
/* One member less; the last takes the group with it.  NULL is accepted. */
void crowd_leave(struct crowd *crowd, struct crowd_group *group);

#endif
