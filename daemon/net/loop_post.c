#include <stdlib.h>

#include "daemon/net/lane.h"

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

static void loop_post_drain(struct loop_post *post)
{
    uv_mutex_lock(&post->mutex);
    struct loop_post_item *item = post->first;
    post->first = post->last = NULL;
    uv_mutex_unlock(&post->mutex);
    while (item) {
        struct loop_post_item *next = item->next;
        item->fn(item->argument);
        free(item);
        item = next;
    }
}

static void loop_post_on_async(uv_async_t *async)
{
    loop_post_drain(async->data);
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
    loop_post_drain(post);
    uv_close((uv_handle_t *)&post->async, loop_post_on_closed);
}
