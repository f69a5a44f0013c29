/* case import: the cases of a file, JSON or TSV, taken in one after the other.  The file is read piece by piece and never held whole.
 *
 * The key of a request is the digest of what the row says, so the same row again is the same request to the office, whatever broke before;
 * and a row with a number of a line system whose number is noted on a case already is that case. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
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
#include "proto/text.h"

enum { PIECE_BYTES = 64 * 1024, FIELD_BYTES = 128 };

enum outcome { ROW_CHECKED, ROW_TAKEN, ROW_IN_ALREADY, ROW_FAILED, OUTCOMES };
/* Words of the result file: programs read them. */
static const char *const outcome_words[OUTCOMES] = {"checked", "taken", "known", "failed"};

struct importing {
    struct client *client;
    const char *path;
    bool forward, dry;
    struct row_reader reader;
    size_t columns;            /* of the TSV's first line; 0 until it was read */
    int cell_of[CASE_COLUMNS]; /* which cell of a line is the column's, -1 none */
    struct file_out result;
    bool has_result;
    size_t rows, count[OUTCOMES];
    json_t *failures; /* --json: the first of them */
    struct progress bar;
    int stopped; /* exit status of what ended it before the end of the file; the user was told */
};

/* What became of one row. */
struct row {
    uint64_t line;
    const char *case_no; /* borrowed from `room` */
    char room[CASE_NO_TEXT], field[FIELD_BYTES];
    json_t *body, *numbers; /* owned */
    struct buf error, remedy;
};

/* ---- what went wrong ---- */

/* In a table the clerk sees columns, not members. */
static void name_field(const struct importing *im, const char *pointer, char out[FIELD_BYTES])
{
    int column = im->reader.format == ROW_TSV ? case_column_at(pointer) : -1;
    if (column < 0)
        (void)snprintf(out, FIELD_BYTES, "%s", pointer);
    else
        (void)snprintf(out, FIELD_BYTES, "%s %s", case_columns[column].name, case_columns[column].zh);
}

static enum outcome row_fails(const struct importing *im, struct row *row, const struct problem *p)
{
    bool english = im->client->json;
    const struct problem_type *type = problem_type(p->id);
    int rc = 0;
    if (!im->has_result && im->count[ROW_FAILED] >= LIMIT_CASE_FILE_SHOWN)
        return ROW_FAILED; /* nobody will read why; a sentence in Chinese takes its time */
    name_field(im, p->field, row->field);
    if (p->id != PROBLEM_FIELD || !p->detail[0])
        rc = buf_printf(&row->error, "%s%s", english ? type->title : gettext(type->title), p->detail[0] ? english ? ": " : _(": ") : "");
    if (!rc && p->detail[0])
        rc = buf_append_str(&row->error, english ? p->detail : detail_text(p->detail));
    if (!rc && type->remedy[0])
        rc = buf_append_str(&row->remedy, english ? type->remedy : gettext(type->remedy));
    (void)rc; /* a message that does not fit is cut off */
    return ROW_FAILED;
}

/* A text from elsewhere on the terminal, without its control characters. */
static void put_plain(const char *text)
{
    for (; *text; text++)
        (void)fputc((unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text, stderr);
}

static void show_failure(struct importing *im, const struct row *row)
{
    const char *error = row->error.len ? row->error.data : "", *remedy = row->remedy.len ? row->remedy.data : "";
    if (im->count[ROW_FAILED] > LIMIT_CASE_FILE_SHOWN)
        return;
    if (im->client->json) {
        json_t *one = json_pack("{s:I, s:s, s:s, s:s, s:s?}", "line", (json_int_t)row->line, "field", row->field, "error", error, "remedy",
                                remedy, "case", row->case_no);
        if (one)
            (void)json_array_append_new(im->failures, one);
        return;
    }
    if (im->bar.on)
        (void)fputs("\r\033[K", stderr);
    im->bar.shown = -1;
    (void)fprintf(stderr, _("line %llu: "), (unsigned long long)row->line);
    if (row->field[0]) {
        put_plain(row->field);
        (void)fputs(_(": "), stderr);
    }
    put_plain(error);
    (void)fputc('\n', stderr);
    if (remedy[0]) {
        (void)fprintf(stderr, "  %s", _("What to do: "));
        put_plain(remedy);
        (void)fputc('\n', stderr);
    }
    if (im->count[ROW_FAILED] == LIMIT_CASE_FILE_SHOWN)
        (void)fprintf(stderr, "%s\n", _("Further rows that fail are not shown; --result FILE has them all."));
}

static int result_line(const char *const *cells, size_t count, FILE *out)
{
    struct buf line;
    int rc = 0;
    buf_init(&line, LIMIT_CASE_ROW_BYTES);
    for (size_t i = 0; i < count && !rc; i++)
        rc = file_cell(cells[i], strlen(cells[i]), i == 0, &line);
    rc = rc ? rc : buf_append(&line, "\n", 1);
    if (!rc && (fwrite(line.data, 1, line.len, out) != line.len || fflush(out)))
        rc = TB_EIO;
    buf_free(&line);
    return rc;
}

static void row_ends(struct importing *im, const struct row *row, enum outcome outcome)
{
    const json_t *first = json_array_get(row->numbers, 0);
    char line[24];
    im->count[outcome]++;
    if (outcome == ROW_FAILED)
        show_failure(im, row);
    (void)snprintf(line, sizeof line, "%" PRIu64, row->line);
    const char *cells[] = {line,
                           outcome_words[outcome],
                           row->case_no ? row->case_no : "",
                           view_text(first, "system"),
                           view_text(first, "value"),
                           row->field,
                           row->error.len ? row->error.data : "",
                           row->remedy.len ? row->remedy.data : ""};
    if (im->has_result && !im->stopped && result_line(cells, sizeof cells / sizeof cells[0], im->result.file))
        im->stopped = report_local(im->client, REPORT_FILE, "%s: %s", im->result.path, strerror(errno));
}

/* ---- sending ---- */

/* A definite answer about this row.  False: it is none, or nothing will be answered now; `stopped` says what the user was told. */
static bool definite(struct importing *im, int rc, const struct http_answer *answer, const struct problem *p)
{
    int status = EXIT_DONE;
    bool person = !rc && problem_by_name(view_text(answer->doc, "type")) == PROBLEM_NOT_ALLOWED; /* no row will fare better */
    if (rc)
        status = http_report(im->client, rc, p);
    else if (person || answer->status >= 500 || answer->status == 408 || answer->status == 429)
        status = http_refused(im->client, answer);
    else if (!answer->doc)
        status = report_local(im->client, REPORT_ANSWER, "HTTP %ld", answer->status);
    im->stopped = status;
    return !status;
}

static bool post(struct importing *im, const char *path, const char *body, const char *key, struct http_answer *answer)
{
    char header[128];
    struct problem p = {.detail = ""};
    (void)snprintf(header, sizeof header, "Idempotency-Key: %s", key);
    const char *headers[] = {header, NULL};
    struct http_request request = {.method = "POST", .path = path, .headers = headers, .body = body, .body_len = strlen(body),
                                   .type = "application/json", .repeat = true};
    int rc = http_send(im->client->http, &request, answer, &p);
    bool good = definite(im, rc, answer, &p);
    if (!good && !rc)
        http_answer_free(answer);
    return good;
}

static enum outcome refused(const struct importing *im, struct row *row, const struct http_answer *answer)
{
    struct problem p = {.number = -1};
    problem_from_json(&p, answer->doc);
    if (p.id == PROBLEM_KEY_REUSED)
        (void)problem_set(&p, PROBLEM_KEY_REUSED, NULL, "%s",
                          "this row went in before, with --forward or without; its case is there, and `tongban case forward NO` forwards it");
    return row_fails(im, row, &p);
}

/* The case that has this number already.  1 when there is one, 0 none, -1 stopped. */
static int find_number(struct importing *im, struct row *row, const json_t *number)
{
    struct buf path;
    struct http_answer answer = {.status = 0};
    struct problem p = {.detail = ""};
    buf_init(&path, 2048);
    int rc = buf_append_str(&path, "/window/v1/cases?limit=1&q=");
    rc = rc ? rc : http_escape(view_text(number, "value"), &path);
    rc = rc ? rc : buf_append_str(&path, "&system=");
    rc = rc ? rc : http_escape(view_text(number, "system"), &path);
    struct http_request request = {.method = "GET", .path = path.data, .repeat = true};
    rc = rc ? rc : http_send(im->client->http, &request, &answer, &p);
    buf_free(&path);
    if (!definite(im, rc, &answer, &p)) {
        if (!rc)
            http_answer_free(&answer);
        return -1;
    }
    const char *no = view_text(json_array_get(json_object_get(answer.doc, "rows"), 0), "case");
    (void)snprintf(row->room, sizeof row->room, "%s", no);
    row->case_no = row->room[0] ? row->room : NULL;
    http_answer_free(&answer);
    return row->case_no != NULL;
}

/* What is noted already stays: a number that the case has is no error. */
static enum outcome note_numbers(struct importing *im, struct row *row, enum outcome outcome)
{
    char path[80], key[SHA256_HEX];
    (void)snprintf(path, sizeof path, "/window/v1/cases/%s/numbers", row->case_no);
    for (size_t i = 0; i < json_array_size(row->numbers) && !im->stopped && outcome != ROW_FAILED; i++) {
        struct buf all;
        struct http_answer answer;
        char *body = json_dumps(json_array_get(row->numbers, i), JSON_COMPACT | JSON_SORT_KEYS);
        buf_init(&all, LIMIT_CASE_ROW_BYTES);
        if (!body || buf_printf(&all, "%s\n%s", path, body)) {
            im->stopped = report_local(im->client, REPORT_MEMORY, NULL);
        } else {
            sha256_hex(all.data, all.len, key);
            if (post(im, path, body, key, &answer)) {
                if (answer.status > 299)
                    outcome = refused(im, row, &answer);
                http_answer_free(&answer);
            }
        }
        buf_free(&all);
        free(body);
    }
    return outcome;
}

/* What a row says, however its file is written: the members in the order of their names. */
static int row_key(const char *body, const json_t *numbers, char key[SHA256_HEX])
{
    struct buf all;
    char *list = json_dumps(numbers, JSON_COMPACT | JSON_SORT_KEYS);
    buf_init(&all, 2 * (size_t)LIMIT_CASE_ROW_BYTES);
    int rc = list ? buf_printf(&all, "tongban case import\n%s\n%s", body, list) : TB_ENOMEM;
    if (!rc)
        sha256_hex(all.data, all.len, key);
    free(list);
    buf_free(&all);
    return rc;
}

static enum outcome take_in(struct importing *im, struct row *row, const char *body, const char *key)
{
    struct http_answer answer;
    if (!post(im, "/window/v1/cases", body, key, &answer))
        return ROW_FAILED;
    enum outcome outcome = answer.replayed ? ROW_IN_ALREADY : ROW_TAKEN;
    if (answer.status > 299) {
        outcome = refused(im, row, &answer);
    } else {
        (void)snprintf(row->room, sizeof row->room, "%s", view_text(answer.doc, "case"));
        row->case_no = row->room;
    }
    http_answer_free(&answer);
    return outcome == ROW_FAILED ? outcome : note_numbers(im, row, outcome);
}

static enum outcome send_row(struct importing *im, struct row *row)
{
    char key[SHA256_HEX], *body = json_dumps(row->body, JSON_COMPACT | JSON_SORT_KEYS);
    int rc = body ? row_key(body, row->numbers, key) : TB_ENOMEM;
    free(body);
    body = NULL;
    if (!rc && !json_object_set_new(row->body, "forward", json_boolean(im->forward)))
        body = json_dumps(row->body, JSON_COMPACT | JSON_SORT_KEYS);
    enum outcome outcome = ROW_FAILED;
    struct problem p;
    if (!body) {
        im->stopped = report_local(im->client, REPORT_MEMORY, NULL);
    } else if (strlen(body) > LIMIT_CASE_BODY_BYTES) {
        (void)problem_set(&p, PROBLEM_TOO_LARGE, NULL, "this case is larger than %d bytes", LIMIT_CASE_BODY_BYTES);
        outcome = row_fails(im, row, &p);
    } else if (im->dry) {
        outcome = ROW_CHECKED;
    } else {
        int found = 0;
        for (size_t i = 0; i < json_array_size(row->numbers) && !found; i++)
            found = find_number(im, row, json_array_get(row->numbers, i));
        if (found > 0)
            outcome = json_array_size(row->numbers) == 1 ? ROW_IN_ALREADY : note_numbers(im, row, ROW_IN_ALREADY);
        else if (!found)
            outcome = take_in(im, row, body, key);
    }
    free(body);
    return outcome;
}

/* ---- rows ---- */

static size_t cells_of(struct importing *im, char **cell, size_t *len)
{
    return row_split(im->reader.row.data, im->reader.row.len, cell, len, LIMIT_CASE_FILE_COLUMNS);
}

static int TB_PRINTF(2, 3) refuse(const struct importing *im, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, im->client->json ? format : gettext(format), args);
    va_end(args);
    return report_local(im->client, REPORT_FILE_CONTENT, "%s:%" PRIu64 ": %s", im->path, im->reader.row_line, text);
}

/* A name from the file, cut between two characters. */
static const char *fitted(const char *word, char out[160])
{
    struct buf fit;
    buf_init(&fit, 159);
    (void)snprintf(out, 160, "%s", text_fit(word, 30, &fit) || !fit.len ? "" : fit.data);
    buf_free(&fit);
    return out;
}

/* The first line of a table. */
static int read_header(struct importing *im)
{
    char *cell[LIMIT_CASE_FILE_COLUMNS];
    size_t len[LIMIT_CASE_FILE_COLUMNS];
    char name[160];
    const struct buf *row = &im->reader.row;
    if (row->len > 1 && (!memcmp(row->data, "\xFF\xFE", 2) || !memcmp(row->data, "\xFE\xFF", 2)))
        return refuse(im, "the file is UTF-16, not UTF-8; save it as text with tabs (UTF-8), or: iconv -f UTF-16 -t UTF-8 FILE > NEW");
    if (!im->reader.error && !memchr(row->data, 0, row->len) && !text_valid_utf8(row->data, row->len))
        return refuse(im, "the file is not UTF-8, perhaps GB18030 (GBK); save it as text with tabs (UTF-8), or: "
                          "iconv -f GB18030 -t UTF-8 FILE > NEW");
    if (im->reader.error || memchr(row->data, 0, row->len))
        return refuse(im, "this is no table in UTF-8 and no JSON; save it as text with tabs (UTF-8)");
    size_t count = cells_of(im, cell, len);
    if (count > LIMIT_CASE_FILE_COLUMNS)
        return refuse(im, "there are too many columns");
    for (size_t i = 0; i < count; i++) {
        if (row_cell_read(cell[i], &len[i]))
            return refuse(im, "the name of a column has a backslash or a quotation mark");
        cell[i][len[i]] = '\0';
        int column = case_column_find(cell[i]);
        if (column < 0)
            return refuse(im, "there is no column '%s'; the first line names the columns, separated by tabs", fitted(cell[i], name));
        if (im->cell_of[column] >= 0)
            return refuse(im, "the column '%s' is there twice", fitted(cell[i], name));
        im->cell_of[column] = (int)i;
    }
    for (int i = 0; i < CASE_COLUMNS; i++)
        if (case_columns[i].use == COLUMN_REQUIRED && im->cell_of[i] < 0)
            return refuse(im, "the column '%s' is missing; the first line names the columns, separated by tabs", case_columns[i].name);
    im->columns = count;
    return EXIT_DONE;
}

static int put_cells(struct importing *im, char **cell, size_t *len, json_t *doc, struct problem *p)
{
    for (int i = 0; i < CASE_COLUMNS; i++) {
        const struct case_column *column = &case_columns[i];
        int at = im->cell_of[i];
        char pointer[FIELD_BYTES];
        if (at < 0 || column->use == COLUMN_SHOWN)
            continue;
        (void)snprintf(pointer, sizeof pointer, "/%s", column->path);
        for (char *dot = pointer; (dot = strchr(dot, '.'));)
            *dot = '/';
        if (column->kind == COLUMN_TEXT && row_cell_rounded(cell[at], len[at]))
            return problem_set(p, PROBLEM_FIELD, pointer, "%s",
                               "a spreadsheet program has rounded this number; set the column to text and take the number from its source again");
        if (row_cell_read(cell[at], &len[at]))
            return problem_set(p, PROBLEM_FIELD, pointer,
                               "a backslash is written twice, and a quotation mark in front needs one behind");
        cell[at][len[at]] = '\0';
        int rc = case_cell_put(column, cell[at], len[at], doc, p);
        if (rc)
            return rc;
    }
    return 0;
}

static int read_row(struct importing *im, json_t **doc, struct problem *p)
{
    struct buf *text = &im->reader.row;
    char *cell[LIMIT_CASE_FILE_COLUMNS];
    size_t len[LIMIT_CASE_FILE_COLUMNS];
    if (im->reader.error == TB_ELIMIT)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "this case is larger than %d bytes", LIMIT_CASE_ROW_BYTES);
    if (im->reader.error)
        return problem_set(p, PROBLEM_MALFORMED, NULL, "%s",
                           "here is no case: an object is not closed, or something else stands between the objects");
    if (memchr(text->data, 0, text->len) || !text_valid_utf8(text->data, text->len))
        return problem_set(p, PROBLEM_MALFORMED, NULL, "%s", "the row has a NUL byte or is not UTF-8");
    if (im->reader.format == ROW_JSON)
        return strict_json_parse(text->data, text->len, doc, p);
    size_t count = cells_of(im, cell, len);
    if (count != im->columns)
        return problem_set(p, PROBLEM_MALFORMED, NULL, "%zu cells instead of %zu", count, im->columns);
    *doc = json_object();
    return *doc ? put_cells(im, cell, len, *doc, p) : problem_from_code(p, TB_ENOMEM);
}

static void take_row(struct importing *im)
{
    struct row row = {.line = im->reader.row_line};
    struct problem p = {.number = -1};
    json_t *doc = NULL;
    if (++im->rows > LIMIT_CASE_FILE_ROWS) {
        im->stopped = report_local(im->client, REPORT_FILE_CONTENT, _("%s: more than %d rows; cut the file in two"), im->path,
                                   LIMIT_CASE_FILE_ROWS);
        return;
    }
    buf_init(&row.error, 2048);
    buf_init(&row.remedy, 1024);
    int rc = read_row(im, &doc, &p);
    rc = rc ? rc : case_import(doc, &row.body, &row.numbers, &p);
    enum outcome outcome = rc ? row_fails(im, &row, &p) : send_row(im, &row);
    if (!im->stopped)
        row_ends(im, &row, outcome);
    json_decref(doc);
    json_decref(row.body);
    json_decref(row.numbers);
    buf_free(&row.error);
    buf_free(&row.remedy);
}

/* A row of the reader: the names of the columns, a line that a spreadsheet program left empty, or a case. */
static void row_is_there(struct importing *im)
{
    const struct buf *row = &im->reader.row;
    bool table = im->reader.format == ROW_TSV;
    if (table && !im->columns)
        im->stopped = read_header(im);
    else if (!table || im->reader.error || strspn(row->data, "\t") != row->len)
        take_row(im);
}

/* ---- the file ---- */

static void read_file(struct importing *im, int fd, char *piece)
{
    int64_t done = 0;
    int rc = 0;
    while (!im->stopped) {
        ssize_t n = read(fd, piece, PIECE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            im->stopped = report_local(im->client, REPORT_FILE, "%s: %s", im->path, strerror(errno));
        if (n <= 0)
            break;
        for (size_t at = 0, used; at < (size_t)n && !im->stopped; at += used) {
            rc = row_reader_feed(&im->reader, piece + at, (size_t)n - at, &used);
            if (rc < 0)
                im->stopped = report_local(im->client, REPORT_MEMORY, NULL);
            else if (rc)
                row_is_there(im);
            progress_at(&im->bar, done + (int64_t)(at + used));
        }
        done += n;
    }
    if (!im->stopped && row_reader_end(&im->reader))
        row_is_there(im);
    if (!im->stopped && im->reader.format == ROW_UNKNOWN)
        im->stopped = report_local(im->client, REPORT_FILE_CONTENT, "%s: %s", im->path, _("the file is empty"));
}

static int open_file(struct importing *im, int *fd)
{
    struct stat st;
    *fd = open(im->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO must not make it wait */
    if (*fd < 0 || fstat(*fd, &st))
        return report_local(im->client, REPORT_FILE, "%s: %s", im->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return report_local(im->client, REPORT_FILE, "%s: %s", im->path, _("not a regular file"));
    progress_start(&im->bar, im->client, _("Import"), st.st_size);
    return EXIT_DONE;
}

static int open_result(struct importing *im, const struct args *args)
{
    static const char *const titles[] = {"line", "result", "case", "system", "number", "field", "error", "remedy"};
    const char *path = args_option(args, "result");
    if (!path)
        return EXIT_DONE;
    int status = file_out_open(im->client, path, args_option(args, "force") ? FILE_OUT_REPLACE : FILE_OUT_GROWING, &im->result);
    im->has_result = !status;
    if (!status && result_line(titles, sizeof titles / sizeof titles[0], im->result.file))
        status = report_local(im->client, REPORT_FILE, "%s: %s", path, strerror(errno));
    return status;
}

static void summary(const struct importing *im)
{
    if (im->client->json) {
        json_t *doc = json_pack("{s:s, s:I, s:I, s:I, s:I, s:O}", "file", im->path, "checked", (json_int_t)im->count[ROW_CHECKED], "taken",
                                (json_int_t)im->count[ROW_TAKEN], "known", (json_int_t)im->count[ROW_IN_ALREADY], "failed",
                                (json_int_t)im->count[ROW_FAILED], "failures", im->failures);
        if (doc)
            term_json(doc);
        json_decref(doc);
        return;
    }
    if (im->dry)
        (void)printf(_("Rows in order: %zu, not in order: %zu. Nothing was sent.\n"), im->count[ROW_CHECKED], im->count[ROW_FAILED]);
    else
        (void)printf(_("Cases taken in: %zu, there already: %zu, rows that failed: %zu.\n"), im->count[ROW_TAKEN],
                     im->count[ROW_IN_ALREADY], im->count[ROW_FAILED]);
    if (im->count[ROW_FAILED] || im->stopped)
        term_next(_("correct the rows that failed and import the same file again; what went in is not doubled"));
    else if (!im->dry)
        term_next(im->forward ? "tongban todo"
                              : _("tongban case forward NO forwards a case; its scans are added before with tongban material add"));
}

int case_import_run(struct client *client, const struct args *args)
{
    struct importing im = {.client = client, .path = args->positional[0], .forward = args_option(args, "forward") != NULL,
                           .dry = args_option(args, "dry-run") != NULL, .failures = json_array()};
    int fd = -1;
    char *piece = malloc(PIECE_BYTES);
    for (int i = 0; i < CASE_COLUMNS; i++)
        im.cell_of[i] = -1;
    row_reader_init(&im.reader);
    int status = piece && im.failures ? open_file(&im, &fd) : report_local(client, REPORT_MEMORY, NULL);
    status = status ? status : open_result(&im, args);
    if (!status) {
        read_file(&im, fd, piece);
        progress_end(&im.bar);
        status = im.stopped ? im.stopped : im.count[ROW_FAILED] ? EXIT_REFUSED : EXIT_DONE;
        if (!im.stopped || (!client->json && im.rows))
            summary(&im);
    }
    if (im.has_result) {
        int closed = file_out_close(client, &im.result, true);
        status = status ? status : closed;
    }
    if (fd >= 0)
        (void)close(fd);
    free(piece);
    json_decref(im.failures);
    row_reader_free(&im.reader);
    return status;
}
