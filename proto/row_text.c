#include "proto/row_text.h"

#include <string.h>

#include "proto/limits.h"

/* ---- cells ---- */

/* What a spreadsheet would not take as the text that it is. */
static bool begins_badly(const char *text, size_t len)
{
    static const char *const wide[] = {"＝", "＋", "－", "＠"};
    if (len && memchr("=+-@\t\r\n\"'", text[0], 9))
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (len >= strlen(wide[i]) && !memcmp(text, wide[i], strlen(wide[i])))
            return true;
    return false;
}

bool row_cell_rounded(const char *cell, size_t len)
{
    size_t at = 0, exponent;
    while (at < len && (cell[at] == '.' || (cell[at] >= '0' && cell[at] <= '9')))
        at++;
    if (!at || len - at < 3 || cell[0] == '.' || (cell[at] != 'E' && cell[at] != 'e') || cell[at + 1] != '+')
        return false;
    for (exponent = at + 2; exponent < len && cell[exponent] >= '0' && cell[exponent] <= '9';)
        exponent++;
    return exponent == len;
}

static const char letters[] = "\\tnr", meanings[] = "\\\t\n\r";

int row_cell_write(const char *text, size_t len, struct buf *out)
{
    size_t before = out->len;
    int rc = begins_badly(text, len) || row_cell_rounded(text, len) ? buf_append(out, "'", 1) : 0;
    for (size_t i = 0, from = 0; !rc && i <= len; i++) {
        const char *which = i < len ? memchr(meanings, text[i], sizeof meanings - 1) : NULL;
        if (i < len && !which)
            continue;
        rc = buf_append(out, text + from, i - from);
        from = i + 1;
        if (!rc && which) {
            const char pair[] = {'\\', letters[which - meanings]};
            rc = buf_append(out, pair, sizeof pair);
        }
    }
    if (rc)
        out->len = before;
    return rc;
}

/* "a ""b""" as a spreadsheet program writes it. */
static int unquote(char *cell, size_t *len)
{
    size_t to = 0, end = *len - 1;
    if (*len < 2 || cell[end] != '"')
        return TB_EMALFORMED;
    for (size_t i = 1; i < end; i++) {
        if (cell[i] == '"' && (i + 1 == end || cell[++i] != '"'))
            return TB_EMALFORMED;
        cell[to++] = cell[i];
    }
    *len = to;
    return 0;
}

int row_cell_read(char *cell, size_t *len)
{
    size_t end = *len, to = 0;
    if (end && cell[0] == '"' && unquote(cell, &end))
        return TB_EMALFORMED;
    size_t from = end && cell[0] == '\'' ? 1 : 0;
    for (size_t i = from; i < end; i++) {
        char byte = cell[i];
        if (byte == '\\') {
            const char *which = ++i < end ? memchr(letters, cell[i], sizeof letters - 1) : NULL;
            if (!which)
                return TB_EMALFORMED;
            byte = meanings[which - letters];
        }
        cell[to++] = byte;
    }
    *len = to;
    return 0;
}

size_t row_split(char *line, size_t len, char **cell, size_t *cell_len, size_t max)
{
    size_t count = 0;
    for (char *at = line, *end = line + len;; count++) {
        char *tab = memchr(at, '\t', (size_t)(end - at));
        if (count < max) {
            cell[count] = at;
            cell_len[count] = (size_t)((tab ? tab : end) - at);
        }
        if (!tab)
            return count + 1;
        at = tab + 1;
    }
}

/* ---- rows ---- */

void row_reader_init(struct row_reader *r)
{
    *r = (struct row_reader){.line = 1, .row_line = 1};
    buf_init(&r->row, LIMIT_CASE_ROW_BYTES);
}

void row_reader_free(struct row_reader *r)
{
    buf_free(&r->row);
}

/* What is too long is read to its end and counted, not kept. */
static int keep(struct row_reader *r, const char *bytes, size_t len)
{
    int rc = r->error == TB_ELIMIT ? 0 : buf_append(&r->row, bytes, len);
    if (rc == TB_ELIMIT)
        r->error = TB_ELIMIT;
    return rc == TB_ELIMIT ? 0 : rc;
}

static int hand_out(struct row_reader *r, int error)
{
    if (!r->error)
        r->error = error;
    r->ready = true;
    r->junk = r->text = r->escape = false;
    r->depth = 0;
    return 1;
}

static void begin(struct row_reader *r)
{
    buf_clear(&r->row);
    r->error = 0;
    r->ready = false;
    r->row_line = r->line;
}

/* A line without its end; an empty one is none. */
static int end_line(struct row_reader *r)
{
    while (r->row.len && !r->error && r->row.data[r->row.len - 1] == '\r')
        r->row.data[--r->row.len] = '\0';
    if (r->row.len || r->error)
        return hand_out(r, 0);
    begin(r);
    return 0;
}

static int feed_tsv(struct row_reader *r, const char *bytes, size_t len, size_t *used)
{
    size_t at = 0;
    int rc = 0;
    while (at < len && !rc) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end ? (size_t)(end - bytes) - at : len - at;
        rc = keep(r, bytes + at, n);
        at += n + (end ? 1 : 0);
        if (rc || !end)
            break;
        r->line++;
        rc = end_line(r);
    }
    *used = at;
    return rc;
}

/* Between the objects: 1 when something else stood there. */
static int outside(struct row_reader *r, char byte, bool *take)
{
    *take = true;
    if (r->junk && (byte == '\n' || byte == '{')) {
        *take = byte == '\n';
        r->line += byte == '\n';
        return hand_out(r, TB_EMALFORMED);
    }
    if (byte == '\n') {
        r->line++;
    } else if (byte == '{') {
        begin(r);
        r->depth = 1;
        return keep(r, &byte, 1);
    } else if (!r->junk && !strchr(" \t\r[],", byte)) {
        begin(r);
        r->junk = true;
    } else if (!byte && !r->junk) { /* strchr finds the NUL, too */
        begin(r);
        r->junk = true;
    }
    return 0;
}

/* In an object: 1 when it is closed, or cannot be one. */
static int inside(struct row_reader *r, char byte)
{
    int rc = keep(r, &byte, 1);
    r->line += byte == '\n';
    if (rc)
        return rc;
    if (r->text) {
        if (byte == '\n') /* no string goes over the end of a line: what follows may be read again */
            return hand_out(r, TB_EMALFORMED);
        bool escaped = r->escape;
        r->escape = !escaped && byte == '\\';
        r->text = escaped || byte != '"';
    } else if (byte == '"') {
        r->text = true;
    } else if (byte == '{' || byte == '[') {
        r->depth++;
    } else if ((byte == '}' || byte == ']') && --r->depth == 0) {
        return hand_out(r, 0);
    }
    return 0;
}

static int feed_json(struct row_reader *r, const char *bytes, size_t len, size_t *used)
{
    size_t at = 0;
    int rc = 0;
    while (at < len && !rc) {
        bool take = true;
        rc = r->depth ? inside(r, bytes[at]) : outside(r, bytes[at], &take);
        at += take;
    }
    *used = at;
    return rc;
}

/* Byte order mark, empty lines; then the first character says what it is. */
static int feed_start(struct row_reader *r, const char *bytes, size_t len, size_t *used)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t at = 0;
    int rc = 0;
    for (; at < len && r->format == ROW_UNKNOWN && !rc; at++) {
        if (r->mark < 3 && bytes[at] == mark[r->mark]) {
            r->mark++;
            continue;
        }
        bool cut = r->mark == 1 || r->mark == 2;
        if (!cut && (bytes[at] == ' ' || bytes[at] == '\r' || bytes[at] == '\n')) {
            r->line += bytes[at] == '\n';
            r->mark = 3;
            continue;
        }
        r->format = !cut && (bytes[at] == '{' || bytes[at] == '[') ? ROW_JSON : ROW_TSV;
        begin(r);
        rc = cut ? keep(r, mark, r->mark) : 0;
        break;
    }
    *used = at;
    return rc;
}

int row_reader_feed(struct row_reader *r, const char *bytes, size_t len, size_t *used)
{
    size_t before = 0, n = 0;
    int rc = 0;
    if (r->ready)
        begin(r);
    if (r->format == ROW_UNKNOWN)
        rc = feed_start(r, bytes, len, &before);
    if (!rc && r->format == ROW_TSV)
        rc = feed_tsv(r, bytes + before, len - before, &n);
    else if (!rc && r->format == ROW_JSON)
        rc = feed_json(r, bytes + before, len - before, &n);
    *used = before + n;
    return rc;
}

int row_reader_end(struct row_reader *r)
{
    if (r->ready)
        begin(r);
    if (r->format == ROW_TSV)
        return end_line(r);
    if (r->depth || r->junk)
        return hand_out(r, TB_EMALFORMED);
    return 0;
}
