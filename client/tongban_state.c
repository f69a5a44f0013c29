#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/tongban_http.h"
#include "proto/uuid.h"

static void hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX])
{
    unsigned char digest[32] = {0};
    size_t size = sizeof digest;
    (void)EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, digest, &size);
    hex(digest, sizeof digest, out);
}

static int new_key(char key[UUID_TEXT])
{
    uint8_t random[10];
    struct timespec now;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random || clock_gettime(CLOCK_REALTIME, &now))
        return TB_EIO;
    uuid_v7((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, random, key);
    return 0;
}

/* $XDG_STATE_HOME/tongban or ~/.local/state/tongban, made with 0700.  *out is new, NULL when there is no place. */
static char *state_directory(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (state && state[0] == '/') {
        if (asprintf(&path, "%s/tongban", state) < 0)
            return NULL;
    } else if (!home || home[0] != '/' || asprintf(&path, "%s/.local/state/tongban", home) < 0) {
        return NULL;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    if (mkdir(path, 0700) && errno != EEXIST) {
        free(path);
        return NULL;
    }
    return path;
}

/* The key in an existing state file; false when there is none that can be read. */
static bool read_key(const char *path, char key[UUID_TEXT])
{
    char text[UUID_TEXT] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, UUID_TEXT - 1);
    (void)close(fd);
    if (len != UUID_TEXT - 1 || !uuid_valid(text))
        return false;
    memcpy(key, text, UUID_TEXT);
    return true;
}

static bool write_key(const char *path, const char key[UUID_TEXT])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool done = write(fd, key, UUID_TEXT - 1) == UUID_TEXT - 1 && !fsync(fd);
    return !close(fd) && done;
}

int state_key(const char *server, const char *path, const char *body, size_t len, char key[UUID_TEXT], char **state)
{
    struct buf all;
    buf_init(&all, len + strlen(server) + strlen(path) + 16);
    int rc = buf_printf(&all, "%s\n%s\n", server, path);
    rc = rc ? rc : buf_append(&all, body, len);
    char name[SHA256_HEX];
    if (!rc)
        sha256_hex(all.data, all.len, name);
    buf_free(&all);
    if (rc)
        return rc;
    char *directory = state_directory(), *file = NULL;
    /* the name is a digest: nothing of the person stands in the file or in its name */
    if (directory && asprintf(&file, "%s/%s.key", directory, name) < 0)
        file = NULL;
    free(directory);
    if (file && read_key(file, key)) {
        *state = file;
        return 0;
    }
    rc = new_key(key);
    if (!rc && file && write_key(file, key)) {
        *state = file;
        return 0;
    }
    free(file);
    *state = NULL;
    return rc;
}

void state_forget(char *state)
{
    if (state)
        (void)unlink(state);
    free(state);
}
