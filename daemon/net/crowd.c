#include "daemon/net/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t crowd_hash(const char *key)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const unsigned char *c = (const unsigned char *)key; *c; c++)
        hash = (hash ^ *c) * 16777619U;
    return hash;
}

static struct crowd_group **bucket_of(struct crowd *crowd, const char *key)
{
    return &crowd->buckets[crowd_hash(key) % CROWD_BUCKETS];
}

struct crowd *crowd_new(void)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    if (crowd)
        crowd->references = 1;
    return crowd;
}

void crowd_unref(struct crowd *crowd)
{
    if (crowd && !--crowd->references)
        free(crowd);
}

struct crowd_group *crowd_join(struct crowd *crowd, const char *key)
{
    struct crowd_group **bucket = bucket_of(crowd, key), *group = *bucket;
    while (group && strcmp(group->key, key) != 0)
        group = group->next;
    if (!group) {
        group = calloc(1, sizeof *group);
        if (!group)
            return NULL;
        (void)snprintf(group->key, sizeof group->key, "%s", key);
        group->next = *bucket;
        *bucket = group;
    }
    group->count++;
    return group;
}

static void forget_unused(struct crowd *crowd, struct crowd_group *group)
{
    if (group->count || group->bodies)
        return;
    struct crowd_group **at = bucket_of(crowd, group->key);
    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    free(group);
}

void crowd_leave(struct crowd *crowd, struct crowd_group *group)
{
    if (!group)
        return;
    group->count--;
    forget_unused(crowd, group);
}

void crowd_keep(struct crowd *crowd, struct crowd_group *group, size_t bytes, struct crowd_share *out)
{
    *out = (struct crowd_share){.crowd = crowd, .group = group, .bytes = bytes};
    crowd->references++;
    crowd->bodies += bytes;
    if (group)
        group->bodies += bytes;
}

void crowd_give_back(struct crowd_share *share)
{
    struct crowd *crowd = share->crowd;
    if (!crowd)
        return;
    crowd->bodies -= share->bytes;
    if (share->group) {
        share->group->bodies -= share->bytes;
        forget_unused(crowd, share->group);
    }
    *share = (struct crowd_share){0};
    crowd_unref(crowd);
}
