#include "proto/suite_stream.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct suite_stream {
    EVP_MD_CTX *md;
};

static int stream_alloc(struct suite_stream **out)
{
    struct suite_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return TB_ENOMEM;
    stream->md = EVP_MD_CTX_new();
    if (!stream->md) {
        free(stream);
        return TB_ENOMEM;
    }
    *out = stream;
    return 0;
}

int suite_stream_new(struct suite_stream **out)
{
    struct suite_stream *stream;
    int rc = stream_alloc(&stream);
    if (rc)
        return rc;
    if (EVP_DigestInit_ex(stream->md, EVP_sha256(), NULL) != 1) {
        suite_stream_free(stream);
        return TB_ENOMEM;
    }
    *out = stream;
    return 0;
}

int suite_stream_copy(const struct suite_stream *from, struct suite_stream **out)
{
    struct suite_stream *stream;
    int rc = stream_alloc(&stream);
    if (rc)
        return rc;
    if (EVP_MD_CTX_copy_ex(stream->md, from->md) != 1) {
        suite_stream_free(stream);
        return TB_ENOMEM;
    }
    *out = stream;
    return 0;
}

int suite_stream_update(struct suite_stream *stream, const void *bytes, size_t len)
{
    return EVP_DigestUpdate(stream->md, bytes, len) == 1 ? 0 : TB_EINVAL;
}

int suite_stream_final(struct suite_stream *stream, uint8_t out[SUITE_HASH_BYTES])
{
    unsigned len = 0;
    return EVP_DigestFinal_ex(stream->md, out, &len) == 1 && len == SUITE_HASH_BYTES ? 0 : TB_EINVAL;
}

void suite_stream_free(struct suite_stream *stream)
{
    if (!stream)
        return;
    EVP_MD_CTX_free(stream->md);
    free(stream);
}
