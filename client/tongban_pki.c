#include "client/tongban_pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First line: what it is, whose, the number of the last revocation list.  Then a line a certificate; "-" for an empty
 * cell. */
static const char magic[] = "tongban-pki-1";
enum { PKI_COLUMNS = 7, PKI_HEAD_COLUMNS = 3 };

static const struct {
    const char *word;
    int code;
} reasons[] = {{"unspecified", 0},
               {"keyCompromise", 1},
               {"affiliationChanged", 3},
               {"superseded", 4},
               {"cessationOfOperation", 5}};

int pki_reason_code(const char *word, int *code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (!strcmp(reasons[i].word, word)) {
            *code = reasons[i].code;
            return 0;
        }
    return TB_ENOTFOUND;
}

/* Cuts a line into `count` cells; TB_EMALFORMED when it has another number of them, or one is empty or too long. */
static int take_cells(const char *line, size_t len, char *const *cell, const size_t *size, size_t count)
{
    const char *end = line + len;
    for (size_t i = 0; i < count; i++) {
        const char *tab = memchr(line, '\t', (size_t)(end - line)), *stop = tab ? tab : end;
        size_t cell_len = (size_t)(stop - line);
        if (!cell_len || cell_len >= size[i] || (tab != NULL) == (i + 1 == count) || memchr(line, 0, cell_len))
            return TB_EMALFORMED;
        bool empty = cell_len == 1 && *line == '-';
        memcpy(cell[i], line, cell_len);
        cell[i][empty ? 0 : cell_len] = '\0';
        line = tab ? tab + 1 : end;
    }
    return 0;
}

static bool row_ok(const struct pki_row *row)
{
    enum cert_kind kind;
    int64_t ms;
    int code;
    size_t hex = strspn(row->serial, "0123456789abcdef");
    if (hex != CERT_SERIAL_TEXT - 1 || cert_kind_parse(row->kind, &kind) || strncmp(row->urn, "urn:tongban:", 12) != 0)
        return false;
    if (timestamp_parse(row->issued, &ms) || timestamp_parse(row->not_after, &ms))
        return false;
    if (!row->revoked[0])
        return !row->reason[0];
    return timestamp_parse(row->revoked, &ms) == 0 && pki_reason_code(row->reason, &code) == 0;
}

static int take_row(const char *line, size_t len, struct pki_index *index)
{
    struct pki_row row;
    char *const cell[PKI_COLUMNS] = {row.serial, row.kind, row.urn, row.issued, row.not_after, row.revoked, row.reason};
    static const size_t size[PKI_COLUMNS] = {sizeof row.serial, sizeof row.kind,      sizeof row.urn,
                                             sizeof row.issued, sizeof row.not_after, sizeof row.revoked,
                                             sizeof row.reason};
    int rc = take_cells(line, len, cell, size, PKI_COLUMNS);
    if (!rc && (!row_ok(&row) || pki_index_find(index, row.serial)))
        rc = TB_EMALFORMED;
    return rc ? rc : pki_index_add(index, &row);
}

static int take_head(const char *line, size_t len, struct pki_index *index)
{
    char is[sizeof magic] = "", number[20] = "";
    char *const cell[PKI_HEAD_COLUMNS] = {is, index->office, number}, *end;
    static const size_t size[PKI_HEAD_COLUMNS] = {sizeof is, sizeof index->office, sizeof number};
    int rc = take_cells(line, len, cell, size, PKI_HEAD_COLUMNS);
    if (rc || strcmp(is, magic) != 0 || strspn(index->office, "0123456789") != PKI_OFFICE_TEXT - 1)
        return TB_EMALFORMED;
    index->crl_number = strtoll(number, &end, 10);
    return *end || !number[0] || index->crl_number < 0 ? TB_EMALFORMED : 0;
}

int pki_index_parse(const char *text, size_t len, struct pki_index *out, size_t *line)
{
    struct pki_index index = {.crl_number = 0};
    const char *end = text + len;
    int rc = len ? 0 : TB_EMALFORMED;
    for (*line = 1; text < end && !rc; (*line)++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop)
            rc = TB_EMALFORMED; /* torn */
        else if (*line == 1)
            rc = take_head(text, (size_t)(stop - text), &index);
        else
            rc = take_row(text, (size_t)(stop - text), &index);
        if (rc)
            break;
        text = stop + 1;
    }
    if (rc)
        pki_index_free(&index);
    else
        *out = index;
    return rc;
}

static const char *cell_text(const char *text)
{
    return text[0] ? text : "-";
}

int pki_index_format(const struct pki_index *index, struct buf *out)
{
    int rc = buf_printf(out, "%s\t%s\t%lld\n", magic, index->office, (long long)index->crl_number);
    for (const struct pki_row *row = index->row; row && row < index->row + index->count && !rc; row++)
        rc = buf_printf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->serial, row->kind, row->urn, row->issued,
                        row->not_after, cell_text(row->revoked), cell_text(row->reason));
    return rc;
}

void pki_index_free(struct pki_index *index)
{
    if (!index)
        return;
    free(index->row);
    *index = (struct pki_index){.crl_number = 0};
}

int pki_index_add(struct pki_index *index, const struct pki_row *row)
{
    struct pki_row *more = realloc(index->row, (index->count + 1) * sizeof *more);
    if (!more)
        return TB_ENOMEM;
    index->row = more;
    index->row[index->count++] = *row;
    return 0;
}

struct pki_row *pki_index_find(const struct pki_index *index, const char *serial)
{
    for (size_t i = 0; i < index->count; i++)
        if (!strcmp(index->row[i].serial, serial))
            return &index->row[i];
    return NULL;
}
