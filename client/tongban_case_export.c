/* case export: cases as JSON or TSV for a line system (条线系统).  Each case is a view of personal data and recorded as one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/tongban_case_file.h"
#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/case_file.h"
#include "proto/limits.h"
#include "proto/row_text.h"
#include "proto/strict_json.h"

/* ---- the file ---- */

static int cannot_write(const struct client *client, const char *path, int why)
{
    return report_local(client, REPORT_FILE, "%s: %s", path, why == EEXIST ? _("is there already; --force replaces it") : strerror(why));
}

int file_out_open(const struct client *client, const char *path, enum file_out_mode mode, struct file_out *out)
{
    struct stat st;
    bool there = path && !lstat(path, &st);
    *out = (struct file_out){.path = path, .file = stdout, .replace = mode == FILE_OUT_REPLACE};
    if (!path)
        return EXIT_DONE;
    if (out->replace && there && !S_ISREG(st.st_mode))
        return report_local(client, REPORT_FILE, "%s: %s", path, _("not a regular file"));
    if (!out->replace && there)
        return cannot_write(client, path, EEXIST);
    if (mode != FILE_OUT_GROWING && asprintf(&out->part, "%s.part", path) < 0)
        return out->part = NULL, report_local(client, REPORT_MEMORY, NULL);
    if (out->part)
        (void)unlink(out->part); /* of a run that was killed */
    int fd = open(out->part ? out->part : path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    out->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (out->file)
        return EXIT_DONE;
    int why = errno;
    free(out->part);
    out->part = NULL;
    return cannot_write(client, path, why);
}

/* Gives the whole file its name; one that came there meanwhile stays unless it is to be replaced.  0 or an errno. */
static int name_whole(const struct file_out *out)
{
    struct stat st;
    if (out->replace)
        return rename(out->part, out->path) ? errno : 0;
    if (!renameat2(AT_FDCWD, out->part, AT_FDCWD, out->path, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) /* not every file system of a memory stick knows it */
        return errno;
    return !lstat(out->path, &st) ? EEXIST : rename(out->part, out->path) ? errno : 0;
}

/* So that the name outlasts a power cut, too: what was archived may be erased next.  0 or an errno. */
static int sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int why = fd >= 0 && fsync(fd) && errno != EINVAL ? errno : 0; /* a directory that is not readable is written all the same */
    if (fd >= 0)
        (void)close(fd);
    free(directory);
    return why;
}

int file_out_close(const struct client *client, struct file_out *out, bool good)
{
    int why = 0;
    struct stat ours, there;
    if (out->file == stdout)
        return fflush(stdout) ? EXIT_UNREACHABLE : EXIT_DONE;
    if (fflush(out->file) || (good && fsync(fileno(out->file))))
        why = errno;
    const char *at = out->part ? out->part : out->path;
    bool taken = fstat(fileno(out->file), &ours) || lstat(at, &there) || ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
    if (fclose(out->file) && !why)
        why = errno;
    if (good && !why && taken) /* a second run writes it now */
        why = EBUSY;
    if (good && !why && out->part)
        why = name_whole(out);
    if (good && !why)
        why = sync_directory(out->path);
    if (!taken && (!good || why))
        (void)unlink(at);
    free(out->part);
    out->part = NULL;
    return why ? cannot_write(client, out->path, why) : EXIT_DONE;
}

int file_cell(const char *text, size_t len, bool first, struct buf *line)
{
    int rc = first ? 0 : buf_append(line, "\t", 1);
    return rc ? rc : row_cell_write(text, len, line);
}

/* ---- the rows ---- */

struct exporting {
    struct client *client;
    struct file_out out;
    bool tsv;
    size_t done;
};

static int put_line(struct exporting *ex, const struct buf *line)
{
    bool good = fwrite(line->data, 1, line->len, ex->out.file) == line->len;
    return good ? EXIT_DONE : cannot_write(ex->client, ex->out.path ? ex->out.path : _("standard output"), errno);
}

static int tsv_line(const json_t *doc, struct buf *line)
{
    struct buf cell;
    int rc = 0;
    buf_init(&cell, LIMIT_CASE_ROW_BYTES);
    for (int i = 0; i < CASE_COLUMNS && !rc; i++) {
        buf_clear(&cell);
        rc = doc ? case_cell(&case_columns[i], doc, &cell) : buf_append_str(&cell, case_columns[i].name);
        rc = rc ? rc : file_cell(cell.len ? cell.data : "", cell.len, i == 0, line);
    }
    buf_free(&cell);
    return rc ? rc : buf_append(line, "\n", 1);
}

/* One case; a `doc` of NULL is the line with the names of the columns. */
static int put_case(struct exporting *ex, const json_t *doc)
{
    struct buf line;
    int rc = 0;
    json_t *shown = doc ? case_export(doc) : NULL;
    buf_init(&line, 2 * (size_t)LIMIT_CASE_ROW_BYTES);
    if (doc && !shown) {
        rc = TB_ENOMEM;
    } else if (ex->tsv) {
        rc = tsv_line(shown, &line);
    } else if (doc) {
        rc = buf_append_str(&line, ex->done ? ",\n" : "[\n");
        rc = rc ? rc : strict_json_dump(shown, &line);
    }
    json_decref(shown);
    int status = rc == TB_ELIMIT ? report_local(ex->client, REPORT_FILE, _("a case is larger than %d bytes"), LIMIT_CASE_ROW_BYTES)
                 : rc            ? report_local(ex->client, REPORT_MEMORY, NULL)
                 : line.len      ? put_line(ex, &line)
                                 : EXIT_DONE;
    buf_free(&line);
    ex->done += doc != NULL;
    return status;
}

static int export_one(struct exporting *ex, const char *no)
{
    char path[64];
    json_t *doc;
    int status = view_check_no(ex->client, no);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s", no);
    status = status ? status : http_get(ex->client, path, &doc);
    if (status)
        return status;
    status = put_case(ex, doc);
    json_decref(doc);
    return status;
}

static int export_all(struct exporting *ex, const struct args *args, const json_t *rows)
{
    struct progress bar;
    const json_t *row;
    size_t i, count = rows ? json_array_size(rows) : args->count;
    int status = put_case(ex, NULL);
    progress_start(&bar, ex->client, _("Cases"), (int64_t)count);
    if (!rows)
        for (i = 0; i < count && !status; i++) {
            status = export_one(ex, args->positional[i]);
            progress_at(&bar, (int64_t)i + 1);
        }
    json_array_foreach(rows, i, row)
    {
        status = status ? status : export_one(ex, view_text(row, "case"));
        progress_at(&bar, (int64_t)i + 1);
    }
    if (!status && !ex->tsv) {
        const char *end = ex->done ? "\n]\n" : "[]\n";
        if (fputs(end, ex->out.file) < 0)
            status = cannot_write(ex->client, ex->out.path ? ex->out.path : _("standard output"), errno);
    }
    progress_end(&bar);
    return status;
}

static int done(const struct client *client, const char *path, size_t count)
{
    if (!path)
        return EXIT_DONE;
    if (client->json) {
        json_t *doc = json_pack("{s:s, s:I}", "file", path, "cases", (json_int_t)count);
        term_json(doc);
        json_decref(doc);
        return EXIT_DONE;
    }
    (void)printf(ngettext("%zu case is in %s.\n", "%zu cases are in %s.\n", count), count, path);
    (void)printf("%s\n",
                 _("Personal data stand in this file; each case in it was recorded as a view. Delete the file when it has been handed over."));
    return EXIT_DONE;
}

int case_export_run(struct client *client, const struct args *args)
{
    const char *format = args_option(args, "format"), *path = args_option(args, "out");
    bool list = args_option(args, "list") != NULL;
    struct exporting ex = {.client = client};
    json_t *rows = NULL;
    if (!format)
        format = client->json && !path ? "json" : "tsv";
    ex.tsv = !strcmp(format, "tsv");
    if ((!ex.tsv && strcmp(format, "json") != 0) || (client->json && !path && ex.tsv))
        return report_local(client, REPORT_USAGE, "--format json|tsv: %s", format);
    if (list == (args->count > 0))
        return report_local(client, REPORT_USAGE, "%s", _("name the cases, or say --list with --state, --open and --limit"));
    for (unsigned i = 0; i < args->count; i++) {
        int wrong = view_check_no(client, args->positional[i]);
        if (wrong)
            return wrong;
    }
    int status = list ? case_rows_asked(client, args, &rows) : EXIT_DONE;
    status = status ? status : file_out_open(client, path, args_option(args, "force") ? FILE_OUT_REPLACE : FILE_OUT_WHOLE, &ex.out);
    if (!status) {
        status = export_all(&ex, args, rows);
        int closed = file_out_close(client, &ex.out, !status);
        status = status ? status : closed;
    }
    json_decref(rows);
    return status ? status : done(client, path, ex.done);
}
