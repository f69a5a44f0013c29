#include "client/tongbanctl.h"

#include <libintl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/codes.h"
#include "proto/limits.h"
#include "proto/strict_json.h"

#define _(text) gettext(text)

static const char staff_urn[] = "urn:tongban:staff:";
enum { OFFICE_AND_COLON = OFFICE_LEN + 1 };

/* ---- the socket ---- */

static int connect_to(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = LIMIT_CLIENT_ANSWER_MS / 1000};
    size_t len = strlen(path);
    int fd = len < sizeof address.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return TB_EIO;
    memcpy(address.sun_path, path, len);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return TB_EIO;
    }
    *out = fd;
    return 0;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return TB_EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int receive_all(int fd, struct buf *in)
{
    char piece[16 * 1024];
    for (;;) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n < 0)
            return TB_ETIMEOUT;
        if (n == 0)
            return in->len ? 0 : TB_EIO;
        int rc = buf_append(in, piece, (size_t)n);
        if (rc)
            return rc;
    }
}

int ctl_ask(const char *path, const char *command, json_t *request, json_t **answer)
{
    int fd = -1;
    struct buf in;
    buf_init(&in, LIMIT_CLIENT_ANSWER_BYTES);
    json_t *doc = json_pack("{s:s, s:o}", "command", command, "request", request);
    char *line = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    int rc = line ? connect_to(path, &fd) : TB_ENOMEM;
    if (!rc && (send_all(fd, line, strlen(line)) || send_all(fd, "\n", 1)))
        rc = 0; /* who may not ask is answered and closed before the question is read */
    if (!rc)
        rc = receive_all(fd, &in);
    if (!rc)
        rc = strict_json_parse(in.data, in.len, answer, NULL);
    if (fd >= 0)
        (void)close(fd);
    buf_free(&in);
    free(line);
    return rc;
}

/* ---- the certificate ---- */

static bool names_staff(const ASN1_STRING *value, const char *id)
{
    const char *uri = (const char *)ASN1_STRING_get0_data(value);
    size_t len = (size_t)ASN1_STRING_length(value), urn = sizeof staff_urn - 1, tail = strlen(id);
    return len == urn + OFFICE_AND_COLON + tail && !memcmp(uri, staff_urn, urn) && !memcmp(uri + urn + OFFICE_AND_COLON, id, tail);
}

static bool is_for(X509 *certificate, const char *id)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        found = found || (type == GEN_URI && names_staff(value, id));
    }
    GENERAL_NAMES_free(names);
    return found;
}

int ctl_fingerprint(const char *pem, const char *id, char out[CTL_CERTIFICATE_TEXT], const char **why)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    FILE *file = fopen(pem, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int rc = TB_EMALFORMED;
    *why = _("there is no certificate in PEM form");
    if (certificate && !is_for(certificate, id))
        *why = _("the certificate is not for this number: its subjectAltName must be urn:tongban:staff:OFFICE:NUMBER");
    else if (certificate && X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && 2 * len + 1 == CTL_CERTIFICATE_TEXT)
        rc = 0;
    for (unsigned i = 0; i < len && !rc; i++)
        (void)snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
    X509_free(certificate);
    if (file)
        (void)fclose(file);
    return rc;
}
