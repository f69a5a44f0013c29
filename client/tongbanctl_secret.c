/* A passphrase: from a file, an open file descriptor or the terminal, never from the arguments, which everybody may
 * read. */
#include <fcntl.h>
#include <libintl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "client/tongbanctl.h"
#include "proto/limits.h"

/* One line; the rest is not read. */
static int read_line(int fd, char *out, size_t size)
{
    size_t len = 0;
    while (len < size && read(fd, out + len, 1) == 1 && out[len] != '\n')
        len++;
    if (len == size)
        return TB_ELIMIT;
    while (len && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return 0;
}

static int ask_terminal(const char *question, char *out, size_t size)
{
    struct termios before, silent;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            (void)close(fd);
        return TB_EIO;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(fd, TCSAFLUSH, &silent);
    (void)dprintf(fd, "%s", question);
    int rc = read_line(fd, out, size);
    (void)dprintf(fd, "\n");
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)close(fd);
    return rc;
}

static int from_terminal(bool twice, char *out, size_t size, const char **why)
{
    char *again = calloc(1, size);
    int rc = again ? ask_terminal(_("passphrase of the authority's key: "), out, size) : TB_ENOMEM;
    *why = _("there is no terminal to ask for the passphrase; give --passphrase-file or --passphrase-fd");
    if (!rc && twice) {
        rc = ask_terminal(_("the same once more: "), again, size);
        if (!rc && strcmp(out, again) != 0) {
            *why = _("the two are not the same");
            rc = TB_ECONFLICT;
        }
    }
    OPENSSL_clear_free(again, size);
    return rc;
}

static int from_descriptor(const char *text, char *out, size_t size)
{
    char *end;
    long fd = strtol(text, &end, 10);
    return *end || !*text || fd < 0 || fd > 1023 ? TB_EMALFORMED : read_line((int)fd, out, size);
}

int ctl_passphrase(const struct ctl *ctl, bool is_new, char out[CTL_PASSPHRASE_TEXT], const char **why)
{
    const char *file = ctl->given[CTL_PASSPHRASE_FILE], *descriptor = ctl->given[CTL_PASSPHRASE_FD];
    int rc;
    *why = _("the passphrase cannot be read");
    if (file) {
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        rc = fd < 0 ? TB_EIO : read_line(fd, out, CTL_PASSPHRASE_TEXT);
        if (fd >= 0)
            (void)close(fd);
    } else if (descriptor) {
        rc = from_descriptor(descriptor, out, CTL_PASSPHRASE_TEXT);
    } else {
        rc = from_terminal(is_new, out, CTL_PASSPHRASE_TEXT, why);
    }
    if (!rc && is_new && strlen(out) < LIMIT_PKI_PASSPHRASE_LEAST) {
        *why = _("the passphrase is too short: at least 8 bytes");
        rc = TB_ELIMIT;
    }
    return rc;
}
