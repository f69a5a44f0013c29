#include "proto/trace.h"

#include <string.h>

#include "proto/limits.h"

enum { TRACE_LEN = TRACE_TEXT - 1, VERSION_AT = 14 };

static bool well_formed(const char *text)
{
    for (unsigned i = 0; i < TRACE_LEN; i++) {
        char c = text[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (i == 8 || i == 13 ? c != '-' : !hex)
            return false;
    }
    return text[VERSION_AT] == '7';
}

static int64_t time_of(const char *trace)
{
    int64_t ms = 0;
    for (unsigned i = 0; i < 13; i++)
        if (trace[i] != '-')
            ms = ms * 16 + (trace[i] <= '9' ? trace[i] - '0' : trace[i] - 'a' + 10);
    return ms;
}

void trace_make(int64_t unix_ms, const uint8_t random[2], char out[TRACE_TEXT])
{
    char id[UUID_TEXT];
    const uint8_t bytes[10] = {random[0], random[1]};
    uuid_v7(unix_ms, bytes, id);
    trace_of_id(id, out);
}

bool trace_take(const char *given, int64_t now_ms, char out[TRACE_TEXT])
{
    size_t len = given ? strnlen(given, UUID_TEXT) : 0;
    if ((len != TRACE_LEN && !(len == UUID_TEXT - 1 && uuid_valid(given))) || !well_formed(given))
        return false;
    int64_t apart = time_of(given) - now_ms;
    if (apart > LIMIT_TRACE_AGE_MS || apart < -LIMIT_TRACE_AGE_MS)
        return false;
    memcpy(out, given, TRACE_LEN);
    out[TRACE_LEN] = '\0';
    return true;
}

void trace_of_id(const char *id, char out[TRACE_TEXT])
{
    bool whole = strnlen(id, UUID_TEXT) == UUID_TEXT - 1;
    memcpy(out, whole ? id : "", whole ? TRACE_LEN : 1);
    out[TRACE_LEN] = '\0';
}

void trace_mark_id(const char *trace, char id[UUID_TEXT])
{
    if (trace && trace[0])
        memcpy(id, trace, TRACE_LEN);
}
