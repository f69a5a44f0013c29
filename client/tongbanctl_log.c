/* tongbanctl log, audit search, bundle. */
#include "client/tongbanctl.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/tongban_view.h"
#include "proto/buf.h"

extern char **environ;

enum { LOG_BYTES_MAX = 4 * 1024 * 1024, RELEASE_BYTES_MAX = 4096, AREAS_BYTES_MAX = 1024 };

/* ---- levels ---- */

static const struct ctl_column levels_columns[] = {
    {.title = N_("area"), .key = "area"},
    {.title = N_("level"), .key = "level"},
};

/* What `log set LEVEL` does not reach. */
static void print_own(const json_t *rows)
{
    struct buf names;
    size_t i;
    const json_t *row;
    int rc = 0;
    buf_init(&names, AREAS_BYTES_MAX);
    json_array_foreach(rows, i, row)
        if (!rc && json_is_true(json_object_get(row, "own"))) {
            rc = names.len ? buf_append_str(&names, ", ") : 0;
            rc = rc ? rc : buf_append_str(&names, ctl_cell(row, "area"));
        }
    if (!rc && names.len)
        (void)printf(_("a level of their own, whatever the others have: %s\nback to that of all: tongbanctl log set default --area AREA\n"),
                     names.data);
    buf_free(&names);
}

int ctl_levels_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    int status = CTL_ROWS_PRINT(json_object_get(answer, "rows"), levels_columns);
    print_own(json_object_get(answer, "rows"));
    return status;
}

/* ---- audit search ---- */

static const char *show_uid(const json_t *value, char room[CTL_CELL_TEXT])
{
    return json_is_integer(value) ? ctl_show_number(value, room) : "";
}

static const struct ctl_column audit_columns[] = {
    {.title = N_("entry"), .key = "index", .show = ctl_show_number},
    {.title = N_("time"), .key = "at", .show = ctl_show_time},
    {.title = N_("kind"), .key = "type"},
    {.title = N_("staff number"), .key = "staff"},
    {.title = N_("name"), .key = "name", .least = 6, .hide = HIDE_EMPTY},
    {.title = N_("case"), .key = "case", .hide = HIDE_EMPTY},
    {.title = N_("reason"), .key = "reason", .least = 6, .hide = HIDE_EMPTY},
    {.title = N_("user id"), .key = "uid", .show = show_uid, .hide = HIDE_EMPTY},
};

int ctl_audit_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "rows"), audit_columns);
}

/* ---- bundle ---- */

/* Appends what can be read; the oldest part is left out when there is more than fits. */
static void read_all(int fd, struct buf *out)
{
    char piece[16 * 1024];
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        if (out->len + (size_t)n > LOG_BYTES_MAX) { /* by halves, so that each byte moves seldom */
            size_t cut = out->len / 2;
            memmove(out->data, out->data + cut, out->len - cut);
            out->len -= cut;
        }
        if (buf_append(out, piece, (size_t)n) != 0)
            return;
    }
}

static void read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        if (info.st_size > LOG_BYTES_MAX)
            (void)lseek(fd, info.st_size - LOG_BYTES_MAX, SEEK_SET);
        read_all(fd, out);
    }
    if (fd >= 0)
        (void)close(fd);
}

/* What the journal has of the daemon, when there is one. */
static void read_journal(struct buf *out)
{
    static const char *const words[] = {"journalctl", "-u", "tongband*", "-o", "json", "-n", "5000", "--no-pager", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    if (posix_spawn_file_actions_init(&actions) == 0) {
        bool ready = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0 &&
                     posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
        bool runs = ready && posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ) == 0;
        (void)close(ends[1]);
        ends[1] = -1;
        if (runs) {
            read_all(ends[0], out);
            (void)close(ends[0]); /* so that it does not wait for us when there is more */
            ends[0] = -1;
            (void)waitpid(pid, NULL, 0);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            (void)close(ends[i]);
}

static json_t *host(void)
{
    struct utsname name;
    struct buf release;
    buf_init(&release, RELEASE_BYTES_MAX);
    read_file("/etc/os-release", &release);
    bool known = uname(&name) == 0;
    json_t *doc = json_pack("{s:s, s:s, s:I, s:s%}", "kernel", known ? name.release : "", "machine", known ? name.machine : "",
                            "processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "release", release.data ? release.data : "", release.len);
    buf_free(&release);
    return doc;
}

/* What a hook wrote is the site's own text, and may name anybody. */
static bool of_a_hook(const json_t *line)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    if (!event)
        event = json_string_value(json_object_get(line, "TONGBAN_EVENT"));
    return event && !strcmp(event, "hook_said");
}

/* A line of JSON as it is, any other as a text. */
static json_t *log_lines(const struct buf *text)
{
    json_t *list = json_array();
    for (size_t at = 0; at < text->len;) {
        const char *from = text->data + at, *end = memchr(from, '\n', text->len - at);
        size_t len = end ? (size_t)(end - from) : text->len - at;
        json_t *line = json_loadb(from, len, JSON_REJECT_DUPLICATES, NULL);
        if (of_a_hook(line))
            json_decref(line);
        else
            (void)json_array_append_new(list, line ? line : json_stringn(from, len));
        at += len + 1;
    }
    return list;
}

/* Into a new file, or "-" to the standard output.  0, or errno. */
static int write_bundle(const json_t *doc, const char *path)
{
    bool standard = !strcmp(path, "-");
    int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno;
    errno = EIO;
    int error = json_dumpfd(doc, fd, JSON_INDENT(1)) == 0 ? 0 : errno;
    if (standard)
        return error;
    if (close(fd) != 0 && !error)
        error = errno;
    if (error)
        (void)unlink(path);
    return error;
}

int ctl_bundle_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)c;
    const char *path = ctl->given[CTL_OUT];
    struct buf text;
    if (ctl->given[CTL_LOG] && access(ctl->given[CTL_LOG], R_OK) != 0)
        return report_local(&ctl->client, REPORT_FILE, "%s: %s", ctl->given[CTL_LOG], strerror(errno));
    buf_init(&text, LOG_BYTES_MAX);
    if (ctl->given[CTL_LOG])
        read_file(ctl->given[CTL_LOG], &text);
    else
        read_journal(&text);
    json_t *doc = json_copy((json_t *)(uintptr_t)answer);
    if (doc) {
        (void)json_object_set_new(doc, "host", host());
        (void)json_object_set_new(doc, "log", log_lines(&text));
    }
    buf_free(&text);
    int error = doc ? write_bundle(doc, path) : ENOMEM;
    json_decref(doc);
    if (error)
        return report_local(&ctl->client, REPORT_FILE, "%s: %s", path, strerror(error));
    if (strcmp(path, "-") != 0)
        (void)printf(_("written: %s; no names, no numbers of persons, no keys; read it before you send it\n"), path);
    return EXIT_DONE;
}
