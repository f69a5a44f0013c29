#include <limits.h>
#include <stdlib.h>

#include "daemon/net/lane.h"

enum { LOOP_POSTS = 8 }; /* in one turn of the loop */

struct loop_post_item {
    struct loop_post_item *next;
    void (*fn)(void *argument);
    void *argument;
};

struct loop_post {
    uv_async_t async;
    uv_mutex_t mutex;
    struct loop_post_item *first, *last; /* under mutex */
};

static struct loop_post_item *loop_post_take(struct loop_post *post)
{
    uv_mutex_lock(&post->mutex);
    struct loop_post_item *item = post->first;
    if (item && !(post->first = item->next))
        post->last = NULL;
    uv_mutex_unlock(&post->mutex);
    return item;
}

static void loop_post_drain(struct loop_post *post, unsigned most)
{
    struct loop_post_item *item;
    while (most-- && (item = loop_post_take(post))) {
        item->fn(item->argument);
        free(item);
    }
}

/* A few at a time: each may write a long answer, and the sockets of others wait meanwhile. */
static void loop_post_on_async(uv_async_t *async)
{
    struct loop_post *post = async->data;
    loop_post_drain(post, LOOP_POSTS);
    uv_mutex_lock(&post->mutex);
    if (post->first)
        (void)uv_async_send(&post->async);
    uv_mutex_unlock(&post->mutex);
}

static void loop_post_on_closed(uv_handle_t *handle)
{
    struct loop_post *post = handle->data;
    uv_mutex_destroy(&post->mutex);
    free(post);
}

int loop_post_start(uv_loop_t *loop, struct loop_post **out)
{
    struct loop_post *post = calloc(1, sizeof *post);
    if (!post)
        return TB_ENOMEM;
    if (uv_mutex_init(&post->mutex)) {
        free(post);
        return TB_ENOMEM;
    }
    if (uv_async_init(loop, &post->async, loop_post_on_async)) {
        uv_mutex_destroy(&post->mutex);
        free(post);
        return TB_ETEMP;
    }
    post->async.data = post;
    *out = post;
    return 0;
}

int loop_post(struct loop_post *post, void (*fn)(void *argument), void *argument)
{
    struct loop_post_item *item = malloc(sizeof *item);
    if (!item)
        return TB_ENOMEM;
    *item = (struct loop_post_item){.fn = fn, .argument = argument};
    uv_mutex_lock(&post->mutex);
    if (post->last)
        post->last->next = item;
    else
        post->first = item;
    post->last = item;
    (void)uv_async_send(&post->async); /* inside the lock: loop_post_stop cannot close the handle in between */
    uv_mutex_unlock(&post->mutex);
    return 0;
}

void loop_post_stop(struct loop_post *post)
{
    if (!post)
        return;
    loop_post_drain(post, UINT_MAX);
    uv_close((uv_handle_t *)&post->async, loop_post_on_closed);
}
