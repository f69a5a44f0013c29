#include "daemon/net/http1.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/limits.h"

/* Where a header field stands in `text`. */
struct http1_field {
    uint16_t name;
    uint16_t value;
};

struct http1 {
    llhttp_t parser;
    struct buf text;    /* target NUL, then name NUL value NUL for each field; offsets fit in 16 bits */
    size_t size;        /* bytes of the head taken */
    int failed;         /* sticky code */
    struct problem why; /* of `failed` */
    int64_t content_length;
    uint16_t field_count;
    struct http1_field fields[LIMIT_HTTP_HEADERS];
    char before;   /* the guard's last byte */
    uint8_t line;  /* bytes of the current line, saturating */
    bool complete; /* llhttp saw the end of the head */
    bool keep_alive;
    bool expects_continue;
    const char *method;
};

_Static_assert(LIMIT_HTTP_HEAD_BYTES + 4 * LIMIT_HTTP_HEADERS < 65536, "offsets are 16 bits wide");

static int http1_refuse(struct http1 *h, enum problem_id id, const char *detail)
{
    if (!h->failed)
        h->failed = problem_set(&h->why, id, NULL, "%s", detail);
    return h->failed;
}

/* --- storing what the tokeniser finds --- */

static int http1_store(struct http1 *h, const char *bytes, size_t len)
{
    if (!buf_append(&h->text, bytes, len))
        return 0;
    (void)http1_refuse(h, PROBLEM_TOO_LARGE, "the head of the request is too long");
    return HPE_USER;
}

static int http1_on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct http1 *h = parser->data;
    if (h->text.len + len > LIMIT_HTTP_TARGET_BYTES) {
        (void)http1_refuse(h, PROBLEM_TOO_LARGE, "the request target is longer than 1 KiB");
        return HPE_USER;
    }
    return http1_store(h, at, len);
}

static int http1_on_url_end(llhttp_t *parser)
{
    return http1_store(parser->data, "", 1);
}

static int http1_on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct http1 *h = parser->data;
    if (h->field_count >= LIMIT_HTTP_HEADERS) {
        (void)http1_refuse(h, PROBLEM_TOO_LARGE, "more than 64 header fields");
        return HPE_USER;
    }
    if (!h->fields[h->field_count].name)
        h->fields[h->field_count].name = (uint16_t)h->text.len;
    return http1_store(h, at, len);
}

static int http1_on_name_end(llhttp_t *parser)
{
    struct http1 *h = parser->data;
    if (h->field_count >= LIMIT_HTTP_HEADERS || !h->fields[h->field_count].name)
        return HPE_USER;
    if (http1_store(h, "", 1))
        return HPE_USER;
    h->fields[h->field_count].value = (uint16_t)h->text.len;
    return 0;
}

static int http1_on_value(llhttp_t *parser, const char *at, size_t len)
{
    return http1_store(parser->data, at, len);
}

static int http1_on_value_end(llhttp_t *parser)
{
    struct http1 *h = parser->data;
    if (h->field_count >= LIMIT_HTTP_HEADERS)
        return HPE_USER;
    size_t start = h->fields[h->field_count].value;
    while (h->text.len > start && (h->text.data[h->text.len - 1] == ' ' || h->text.data[h->text.len - 1] == '\t'))
        h->text.len--; /* white space behind a value does not belong to it (RFC 9110 5.5) */
    h->field_count++;
    return http1_store(h, "", 1);
}

static int http1_on_complete(llhttp_t *parser)
{
    struct http1 *h = parser->data;
    h->complete = true;
    h->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 1; /* the body is counted, not parsed: see the header */
}

static const llhttp_settings_t http1_settings = {
    .on_url = http1_on_url,
    .on_url_complete = http1_on_url_end,
    .on_header_field = http1_on_name,
    .on_header_field_complete = http1_on_name_end,
    .on_header_value = http1_on_value,
    .on_header_value_complete = http1_on_value_end,
    .on_headers_complete = http1_on_complete,
};

struct http1 *http1_new(void)
{
    struct http1 *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    buf_init(&h->text, LIMIT_HTTP_HEAD_BYTES + 4 * LIMIT_HTTP_HEADERS);
    llhttp_init(&h->parser, HTTP_REQUEST, &http1_settings);
    h->parser.data = h;
    h->content_length = -1;
    return h;
}

void http1_free(struct http1 *h)
{
    if (!h)
        return;
    buf_free(&h->text);
    free(h);
}

/* --- policy --- */

static bool http1_is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        bool alnum = (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        if (!alnum && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    }
    return true;
}

static bool http1_is_value(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static bool http1_parse_length(const char *text, int64_t *out)
{
    int64_t value = 0;
    size_t digits = strlen(text);
    if (!digits || digits > 15)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (*text - '0');
    }
    *out = value;
    return true;
}

static int http1_check_method(struct http1 *h)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    const char *name = llhttp_method_name((llhttp_method_t)h->parser.method);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(known[i], name)) {
            h->method = known[i];
            return 0;
        }
    return http1_refuse(h, PROBLEM_NOT_IMPLEMENTED, "this method is not spoken here");
}

static int http1_check_target(struct http1 *h)
{
    const char *target = h->text.data;
    if (target[0] != '/')
        return http1_refuse(h, PROBLEM_MALFORMED, "the request target must be a path");
    for (const char *c = target; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '#')
            return http1_refuse(h, PROBLEM_MALFORMED, "the request target has a character that must be encoded");
    return 0;
}

static int http1_check_fields(struct http1 *h)
{
    unsigned hosts = 0, lengths = 0;
    for (unsigned i = 0; i < h->field_count; i++) {
        const char *name = h->text.data + h->fields[i].name, *value = h->text.data + h->fields[i].value;
        if (!http1_is_token(name) || !http1_is_value(value))
            return http1_refuse(h, PROBLEM_MALFORMED, "a header field cannot be read");
        if (!strcasecmp(name, "Transfer-Encoding"))
            return http1_refuse(h, PROBLEM_NOT_IMPLEMENTED, "Transfer-Encoding is not taken; send a Content-Length");
        if (!strcasecmp(name, "Upgrade"))
            return http1_refuse(h, PROBLEM_NOT_IMPLEMENTED, "no other protocol is spoken here");
        if (!strcasecmp(name, "Host") && (hosts++ || !*value || strpbrk(value, " \t,/@")))
            return http1_refuse(h, PROBLEM_MALFORMED, "exactly one Host is needed");
        if (!strcasecmp(name, "Content-Length") && (lengths++ || !http1_parse_length(value, &h->content_length)))
            return http1_refuse(h, PROBLEM_MALFORMED, "the Content-Length cannot be read");
        if (!strcasecmp(name, "Expect")) {
            if (strcasecmp(value, "100-continue"))
                return http1_refuse(h, PROBLEM_NOT_IMPLEMENTED, "only Expect: 100-continue is known");
            h->expects_continue = true;
        }
    }
    return hosts ? 0 : http1_refuse(h, PROBLEM_MALFORMED, "exactly one Host is needed");
}

static int http1_policy(struct http1 *h)
{
    if (!h->complete || !h->text.len)
        return http1_refuse(h, PROBLEM_MALFORMED, "the head of the request cannot be read");
    if (h->parser.http_major != 1 || h->parser.http_minor != 1)
        return http1_refuse(h, PROBLEM_VERSION, "");
    int rc = http1_check_method(h);
    if (!rc)
        rc = http1_check_target(h);
    if (!rc)
        rc = http1_check_fields(h);
    return rc;
}

/* --- feeding --- */

/* How far the guard lets bytes pass: up to a bad byte (*bad), the end of the head (*end), the size limit (*large) or
 * all. */
static size_t http1_guard(struct http1 *h, const char *bytes, size_t len, bool *bad, bool *end, bool *large)
{
    size_t i = 0;
    for (; i < len && !*end; i++) {
        char c = bytes[i];
        if (h->size + i >= LIMIT_HTTP_HEAD_BYTES) {
            *large = true;
            break;
        }
        if ((h->before == '\r') != (c == '\n') || c == '\0' || (!h->line && (c == ' ' || c == '\t'))) {
            *bad = true;
            break;
        }
        if (c == '\n') {
            *end = h->line == 1; /* an empty line: only its CR was counted */
            h->line = 0;
        } else if (h->line < 2) {
            h->line++;
        }
        h->before = c;
    }
    return i;
}

static int http1_execute(struct http1 *h, const char *bytes, size_t len)
{
    if (!len)
        return 0;
    enum llhttp_errno rc = llhttp_execute(&h->parser, bytes, len);
    if (h->failed)
        return h->failed;
    if (rc == HPE_OK || h->complete)
        return 0;
    if (rc == HPE_INVALID_VERSION)
        return http1_refuse(h, PROBLEM_VERSION, "");
    return http1_refuse(h, PROBLEM_MALFORMED, "the head of the request cannot be read");
}

int http1_feed(struct http1 *h, const char *bytes, size_t len, size_t *used, struct problem *p)
{
    bool bad = false, end = false, large = false;
    int rc = h->failed;
    if (!rc) {
        size_t pass = http1_guard(h, bytes, len, &bad, &end, &large);
        h->size += pass;
        rc = http1_execute(h, bytes, pass);
        if (!rc && bad)
            rc = http1_refuse(h, PROBLEM_MALFORMED, "a line end, a folded line or a NUL is not allowed there");
        if (!rc && large)
            rc = http1_refuse(h, PROBLEM_TOO_LARGE, "the head of the request is longer than 8 KiB");
        if (!rc && end)
            rc = http1_policy(h);
        if (!rc) {
            *used = pass;
            return end ? 1 : 0;
        }
    }
    if (p)
        *p = h->why;
    return rc;
}

const char *http1_method(const struct http1 *h)
{
    return h->method;
}

const char *http1_target(const struct http1 *h)
{
    return h->text.data;
}

const char *http1_header(const struct http1 *h, const char *name)
{
    for (unsigned i = 0; i < h->field_count; i++)
        if (!strcasecmp(h->text.data + h->fields[i].name, name))
            return h->text.data + h->fields[i].value;
    return NULL;
}

int64_t http1_content_length(const struct http1 *h)
{
    return h->content_length;
}

bool http1_keep_alive(const struct http1 *h)
{
    return h->keep_alive;
}

bool http1_expects_continue(const struct http1 *h)
{
    return h->expects_continue;
}

size_t http1_size(const struct http1 *h)
{
    return h->size;
}
