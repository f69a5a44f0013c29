#include "daemon/base/fair_queue.h"

#include <stddef.h>
#include <string.h>

enum { OWN_SHARE = 16 }; /* one of so many places is for our own work: time, receipts, health */

void fair_init(struct fair_queue *queue, unsigned max, unsigned max_of_one)
{
    memset(queue, 0, sizeof *queue);
    queue->max = max;
    queue->max_of_one = max_of_one;
}

static int cost_of(const struct fair_item *item)
{
    return item->cost ? item->cost : 1;
}

static void ring_add(struct fair_queue *queue, uint16_t number)
{
    if (queue->listed++)
        queue->sources[queue->tail].next = number;
    else
        queue->head = number;
    queue->tail = number;
}

static void ring_remove_head(struct fair_queue *queue)
{
    queue->head = queue->sources[queue->head].next;
    queue->listed--;
}

static void ring_turn(struct fair_queue *queue)
{
    uint16_t number = queue->head;
    ring_remove_head(queue);
    ring_add(queue, number);
}

int fair_put(struct fair_queue *queue, struct fair_item *item)
{
    uint16_t number = item->source;
    struct fair_source *source = &queue->sources[number];
    bool own = number == FAIR_OWN;
    if (queue->count >= (own ? queue->max : queue->max - queue->max / OWN_SHARE) || (!own && source->count >= queue->max_of_one))
        return TB_ETEMP;
    item->next = NULL;
    if (source->first) {
        source->last->next = item;
    } else {
        source->first = item;
        source->credit = FAIR_QUANTUM;
        ring_add(queue, number);
    }
    source->last = item;
    source->count++;
    queue->count++;
    return 0;
}

/* Takes the first item of the source at the head of the ring. */
static struct fair_item *serve(struct fair_queue *queue)
{
    struct fair_source *source = &queue->sources[queue->head];
    struct fair_item *item = source->first;
    source->credit -= cost_of(item);
    source->first = item->next;
    source->count--;
    queue->count--;
    if (!source->first)
        ring_remove_head(queue);
    item->next = NULL;
    return item;
}

struct fair_item *fair_take(struct fair_queue *queue, unsigned running_max)
{
    /* Ends: each pass gives credit to somebody who may run, until it is enough; or skips all in a row. */
    for (unsigned skipped = 0; queue->listed && skipped < queue->listed;) {
        struct fair_source *source = &queue->sources[queue->head];
        if (running_max && source->running >= running_max) {
            ring_turn(queue);
            skipped++;
        } else if (source->credit < cost_of(source->first)) {
            source->credit += FAIR_QUANTUM;
            ring_turn(queue);
            skipped = 0;
        } else {
            if (running_max)
                source->running++;
            return serve(queue);
        }
    }
    return NULL;
}

void fair_done(struct fair_queue *queue, uint16_t source)
{
    if (queue->sources[source].running)
        queue->sources[source].running--;
}

uint16_t fair_peer(unsigned index)
{
    return (uint16_t)(FAIR_PEERS + index % LIMIT_PEERS);
}

uint16_t fair_staff(const char *id)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (const unsigned char *c = (const unsigned char *)id; *c; c++)
        hash = (hash ^ *c) * 16777619U;
    return (uint16_t)(FAIR_STAFF + hash % (FAIR_SOURCES - FAIR_STAFF));
}
