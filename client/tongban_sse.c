#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/tongban_track.h"

void sse_init(struct sse *sse)
{
    *sse = (struct sse){.last = 0};
    buf_init(&sse->line, SSE_LINE_BYTES);
    buf_init(&sse->data, SSE_LINE_BYTES);
}

void sse_free(struct sse *sse)
{
    buf_free(&sse->line);
    buf_free(&sse->data);
}

static int end_line(struct sse *sse, int (*take)(void *context, const char *event, const char *data), void *context)
{
    int rc = 0;
    if (!sse->line.len) {
        /* an empty line ends the event; one without data is nothing */
        if (sse->data.len)
            rc = take(context, sse->event, sse->data.data);
        buf_clear(&sse->data);
        sse->event[0] = '\0';
        return rc;
    }
    const char *line = sse->line.data, *colon = strchr(line, ':');
    size_t name = colon ? (size_t)(colon - line) : sse->line.len;
    const char *value = colon ? colon + 1 + (colon[1] == ' ') : "";
    if (name == 5 && !strncmp(line, "event", 5))
        (void)snprintf(sse->event, sizeof sse->event, "%s", value);
    else if (name == 4 && !strncmp(line, "data", 4)) {
        rc = sse->data.len ? buf_append(&sse->data, "\n", 1) : 0;
        rc = rc ? rc : buf_append_str(&sse->data, value);
    }
    buf_clear(&sse->line);
    return rc;
}

int sse_feed(struct sse *sse, const char *bytes, size_t len,
             int (*take)(void *context, const char *event, const char *data), void *context)
{
    int rc = 0;
    for (size_t i = 0; i < len && !rc; i++) {
        char c = bytes[i];
        bool pair = c == '\n' && sse->last == '\r';
        sse->last = c;
        if (pair)
            continue;
        rc = c == '\n' || c == '\r' ? end_line(sse, take, context) : c ? buf_append(&sse->line, &c, 1) : TB_EMALFORMED;
    }
    return rc;
}
