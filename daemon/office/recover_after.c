/* Once everything came back: what the loss of the entries between leaves undone. */
#include <stdlib.h>
#include <string.h>

#include "daemon/office/recover_work.h"

/* ---- what nobody can prove any more ---- */

int recover_as_repeated(struct recover_work *w, const struct entry *entry, struct repeated *out)
{
    struct case_row row;
    *out = (struct repeated){.entry = entry, .receipt_first = json_integer_value(json_object_get(entry->body, "first"))};
    int rc = entry->case_no[0] ? case_get(w->db, entry->case_no, &row) : TB_ENOTFOUND;
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc; /* also a joint case */
    out->case_id = row.id;
    case_row_clear(&row);
    return 0;
}

/* The entry is proved at the size where the ledger goes on, or is written again. */
static int repeat_unproved(struct recover_work *w, uint64_t index)
{
    struct ledger_path path;
    struct entry entry = {0};
    struct repeated of;
    struct buf line;
    int rc = store_prove_inclusion(w->db, index, w->plan->frontier.size, &path);
    if (rc != TB_ENOTFOUND)
        return rc;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    rc = store_entry_line(w->db, index, &line);
    if (!rc)
        rc = entry_decode(line.data, line.len, &entry, NULL);
    if (!rc)
        rc = recover_as_repeated(w, &entry, &of);
    if (!rc)
        rc = recover_repeat(w->db, index, &of);
    w->r->sum.repeated += !rc;
    entry_clear(&entry);
    buf_free(&line);
    return rc;
}

static int repeat_messages(struct recover_work *w, const struct peer_row *row)
{
    int64_t after = row->sent.seq;
    size_t count = 1;
    int rc = 0;
    while (count && !rc) {
        struct outgoing *rows = NULL;
        rc = outbox_read(w->db, row->office, after, LIMIT_BATCH_MESSAGES, LIMIT_BATCH_BYTES, &rows, &count);
        if (rc)
            return rc;
        for (size_t i = 0; i < count && !rc; i++)
            rc = repeat_unproved(w, rows[i].index);
        after += (int64_t)count;
        outgoing_free(rows, count);
    }
    return rc;
}

/* Of one batch at most the counterpart has not seen the receipts: it sends the next one when it has. */
static int repeat_receipts(struct recover_work *w, const struct peer_row *row)
{
    int64_t seq = row->received.seq > LIMIT_BATCH_MESSAGES ? row->received.seq - LIMIT_BATCH_MESSAGES + 1 : 1;
    int rc = 0;
    for (; seq <= row->received.seq && !rc; seq++) {
        struct ledger_hash leaf;
        uint64_t index = 0; /* 0: no receipt; entry 0 is the office's first start */
        rc = inbox_find(w->db, row->office, seq, &leaf, &index);
        if (!rc && index && index < w->plan->frontier.size) /* else it was just given, or repeated for a message before */
            rc = repeat_unproved(w, index);
    }
    return rc;
}

int recover_repeat_unproved(struct recover_work *w)
{
    int rc = 0;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++) {
        rc = repeat_messages(w, &w->sides[i].row);
        if (!rc)
            rc = repeat_receipts(w, &w->sides[i].row);
    }
    return rc;
}

/* ---- receipts ---- */

int recover_give_receipts(struct recover_work *w)
{
    int rc = 0;
    for (size_t i = 0; i < w->r->peer_count && !rc; i++)
        for (size_t k = 0; k < w->sides[i].fresh_count && !rc; k++)
            rc = receipt_append(w->db, w->r->peers[i].peer->code, &w->sides[i].fresh[k]);
    return rc;
}

/* ---- what follows ---- */

/* Each of these does nothing when what it does is done. */
static int follow_case(struct recover_work *w, const char *case_no)
{
    const struct office *office = w->r->office;
    struct case_row row;
    size_t waiting = 0;
    int rc = case_get(w->db, case_no, &row);
    if (rc)
        return rc == TB_ENOTFOUND ? 0 : rc;
    if (case_side_of(office, &row) == CASE_SIDE_HOME && row.state == CASE_FORWARDED) {
        rc = material_waits(w->db, row.id, &waiting);
        if (!rc && !waiting)
            rc = case_mark_received(w->db, office, &row);
        if (!rc && !waiting)
            rc = case_update(w->db, &row);
    }
    if (!rc)
        rc = register_follow_again(w->db, office, &row, w->r->sum.size);
    if (!rc)
        rc = joint_follow(w->db, office, &row);
    case_row_clear(&row);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    return memcmp(a, b, CASE_NO_TEXT);
}

/* Each once. */
static void tidy(char (*cases)[CASE_NO_TEXT], size_t *count)
{
    size_t kept = 0;
    if (*count)
        qsort(cases, *count, sizeof *cases, by_number);
    for (size_t i = 0; i < *count; i++)
        if (!kept || strcmp(cases[i], cases[kept - 1]) != 0)
            memmove(cases[kept++], cases[i], sizeof *cases);
    *count = kept;
}

int recover_follow(struct recover_work *w)
{
    struct office_recovery *r = w->r;
    int rc = 0;
    tidy(r->changed, &r->changed_count);
    tidy(r->lacking, &r->lacking_count);
    for (size_t i = 0; i < r->changed_count && !rc; i++)
        rc = follow_case(w, r->changed[i]);
    return rc;
}
