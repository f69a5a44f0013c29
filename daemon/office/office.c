#include "daemon/office/office_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/witness.h"
#include "proto/timestamp.h"

void office_free(struct office *office)
{
    if (!office)
        return;
    calendar_free(office->calendar);
    for (size_t i = 0; i < office->grant_count; i++)
        authorisation_row_clear(&office->grants[i]);
    free(office->grants);
    for (size_t i = 0; i < office->peer_count; i++)
        for (struct office_key *one = atomic_load(&office->peers[i].accepted), *next; one; one = next) {
            next = one->next;
            free(one);
        }
    free(office->peers);
    free(office->shown);
    free(office->staff);
    for (struct office_member *one = atomic_load(&office->enrolled), *next; one; one = next) {
        next = one->next;
        free(one);
    }
    json_decref(office->items);
    free(office);
}

const struct office_peer *office_peer(const struct office *office, const char *code)
{
    for (size_t i = 0; i < office->peer_count; i++)
        if (!strcmp(office->peers[i].code, code))
            return &office->peers[i];
    return NULL;
}

const struct office_staff *office_staff(const struct office *office, const char *id)
{
    for (const struct office_member *one = atomic_load(&office->enrolled); one; one = one->next)
        if (!strcmp(one->staff.id, id))
            return &one->staff;
    for (size_t i = 0; i < office->staff_count; i++)
        if (!strcmp(office->staff[i].id, id))
            return &office->staff[i];
    return NULL;
}

void changed_add(char (**list)[CASE_NO_TEXT], size_t *count, const char *case_no)
{
    if (!case_no[0])
        return;
    char(*grown)[CASE_NO_TEXT] = realloc(*list, (*count + 1) * sizeof **list);
    if (!grown)
        return;
    *list = grown;
    memcpy(grown[*count], case_no, CASE_NO_TEXT);
    (*count)++;
}

void fate_fill(struct office_fate *fate, const struct entry *entry, const struct receipt_line *line)
{
    struct problem p = {.id = PROBLEM_INTERNAL};
    memcpy(fate->id, entry->id, sizeof fate->id);
    memcpy(fate->case_no, entry->case_no, sizeof fate->case_no);
    fate->type = entry->id[0] ? entry_type_text(entry->type) : "";
    fate->verdict = verdict_text(line->verdict);
    fate->problem = "";
    if (line->problem) {
        problem_from_json(&p, line->problem);
        fate->problem = problem_type(p.id)->name;
    }
}

int peer_remember(struct store_db *db, struct peer_row *row, const struct parcel *parcel)
{
    int64_t now = store_now(db);
    row->last_exchange = now;
    if (row->their_size == parcel->checkpoint.size && row->their_cosignature)
        return 0; /* nothing new was seen: the cosignature of before still says it */
    struct buf line, note;
    buf_init(&line, LIMIT_NOTE_BYTES);
    buf_init(&note, LIMIT_NOTE_BYTES * 2);
    int rc = checkpoint_cosign(store_signer(db), parcel->note, parcel->note_len, now / 1000, &line);
    if (!rc && store_previous_signer(db))
        rc = checkpoint_cosign(store_previous_signer(db), parcel->note, parcel->note_len, now / 1000, &line);
    /* kept with our own line: what we show of theirs later has a witness */
    if (!rc)
        rc = buf_append(&note, parcel->note, parcel->note_len);
    if (!rc)
        rc = buf_append(&note, line.data, line.len);
    if (!rc)
        rc = peer_checkpoint_add(db, row->office, parcel->checkpoint.size, note.data, note.len);
    if (!rc && parcel->frontier)
        rc = witness_put(db, row->office, parcel->checkpoint.size, parcel->old_size, &parcel->consistency, parcel->frontier);
    if (!rc && parcel->frontier)
        rc = witness_others_put(db, row->office, parcel->others ? parcel->others : "");
    buf_free(&note);
    if (!rc) {
        row->their_size = parcel->checkpoint.size;
        row->their_root = parcel->checkpoint.root;
        free(row->their_cosignature);
        row->their_cosignature = buf_take(&line, NULL);
    }
    buf_free(&line);
    return rc;
}

int peer_take_cosignature(struct store_db *db, const struct office_peer *peer, uint64_t size, const char *line)
{
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    int rc = store_checkpoint_at(db, size, &note);
    int64_t when;
    if (!rc)
        rc = checkpoint_verify_cosignature(office_peer_key(peer), note.data, note.len, line, strlen(line), &when);
    if (!rc)
        rc = store_add_cosignature(db, size, line);
    buf_free(&note);
    /* A checkpoint that was pruned cannot be cosigned any more, and a line of a rotated key is no reason to lose messages. */
    return rc == TB_ENOTFOUND || rc == TB_ETRUST || rc == TB_EMALFORMED ? 0 : rc;
}

json_t *office_time_json(int64_t ms)
{
    char text[TIMESTAMP_TEXT];
    if (!ms)
        return json_null();
    timestamp_format(ms, text);
    return json_string(text);
}

json_t *office_date_json(int64_t day)
{
    char text[DATE_TEXT];
    if (!day)
        return json_null();
    date_format(day, text);
    return json_string(text);
}

void office_problem(struct problem *problem, int rc)
{
    if (problem->id == PROBLEM_COUNT)
        (void)problem_from_code(problem, rc);
}
