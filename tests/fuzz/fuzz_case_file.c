/* Any bytes as a file of cases: rows are the same however the file comes in pieces, stay within the limit, and a cell that is read comes
 * back when it is written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/case_file.h"
#include "proto/limits.h"
#include "proto/row_text.h"
#include "proto/strict_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cell(char *cell, size_t len)
{
    struct buf again, twice;
    if (row_cell_read(cell, &len))
        return;
    buf_init(&again, 2 * len + 1);
    buf_init(&twice, 2 * len + 1);
    if (row_cell_write(cell, len, &again))
        abort();
    size_t got = again.len;
    if (buf_append(&twice, again.data ? again.data : "", got) || row_cell_read(twice.data, &got) || got != len ||
        (len && memcmp(twice.data, cell, len) != 0))
        abort();
    buf_free(&again);
    buf_free(&twice);
}

static void check_row(struct row_reader *r)
{
    char *cell[LIMIT_CASE_FILE_COLUMNS];
    size_t len[LIMIT_CASE_FILE_COLUMNS];
    json_t *doc, *body, *numbers;
    struct problem p;
    if (r->row.len > LIMIT_CASE_ROW_BYTES || !r->row_line)
        abort();
    if (r->error)
        return;
    if (r->format == ROW_JSON) {
        if (strict_json_parse(r->row.data, r->row.len, &doc, NULL))
            return;
        if (!case_import(doc, &body, &numbers, &p)) {
            json_decref(body);
            json_decref(numbers);
        }
        json_decref(doc);
        return;
    }
    size_t count = row_split(r->row.data, r->row.len, cell, len, LIMIT_CASE_FILE_COLUMNS);
    for (size_t i = 0; i < count && i < LIMIT_CASE_FILE_COLUMNS; i++)
        check_cell(cell[i], len[i]);
}

/* A sum over the rows; with `look`, each is examined. */
static uint64_t read_rows(const uint8_t *data, size_t size, size_t piece, bool look)
{
    struct row_reader r;
    uint64_t sum = 0;
    int rc = 0;
    row_reader_init(&r);
    for (size_t at = 0; at < size || rc == 1;) {
        size_t n = size - at < piece ? size - at : piece, used = 0;
        rc = at < size ? row_reader_feed(&r, (const char *)data + at, n, &used) : row_reader_end(&r);
        if (rc < 0 || used > n || (at < size && !used && !rc))
            abort();
        at += used;
        if (rc) {
            for (size_t i = 0; i < r.row.len; i++)
                sum = sum * 31 + (uint8_t)r.row.data[i];
            sum = sum * 31 + r.row_line + (uint64_t)(uint32_t)r.error;
            if (look)
                check_row(&r);
        }
    }
    while (row_reader_end(&r) == 1)
        sum = sum * 31 + r.row_line + r.row.len + (uint64_t)(uint32_t)r.error;
    row_reader_free(&r);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (read_rows(data, size, size + 1, true) != read_rows(data, size, 1, false))
        abort();
    return 0;
}
