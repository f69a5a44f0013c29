#include "daemon/office/keys.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "proto/entry.h"
#include "proto/rotation.h"

const struct note_vkey *office_peer_key(const struct office_peer *peer)
{
    const struct office_key *accepted = atomic_load(&peer->accepted);
    return accepted ? &accepted->key : &peer->key;
}

static void pin(struct office_peer *peer, struct office_key *made)
{
    if (!made) /* nothing was accepted */
        return;
    made->next = atomic_load(&peer->accepted);
    atomic_store(&peer->accepted, made);
}

/* ---- ours ---- */

static int take_last(const struct key_row *row, void *context)
{
    struct key_row *last = context;
    *last = *row;
    return 0;
}

static int append_rotation(struct store_db *db, const struct key_row *before, const struct key_row *now)
{
    struct entry entry = {
        .type = ENTRY_LEDGER_KEY_ROTATED,
        .body = json_pack("{s:s, s:s, s:s}", "from", before->vkey, "to", now->vkey, "rotation", now->rotation)};
    int rc = entry.body ? store_append(db, &entry, NULL, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

int office_keys_start(struct store_db *db)
{
    const struct note_signer *signer = store_signer(db), *previous = store_previous_signer(db);
    struct key_row last = {.vkey = ""}, now = {.since = store_now(db)};
    struct buf note;
    memcpy(now.office, store_office(db), OFFICE_TEXT);
    int rc = key_walk(db, now.office, take_last, &last);
    if (!rc)
        rc = note_vkey_format(&signer->vkey, false, now.vkey);
    if (!rc && !last.vkey[0] && previous) /* a ledger of before there was this table */
        rc = note_vkey_format(&previous->vkey, false, last.vkey);
    if (rc || !strcmp(last.vkey, now.vkey))
        return rc;
    buf_init(&note, ROTATION_BYTES - 1);
    if (last.vkey[0]) {
        char before[NOTE_VKEY_TEXT];
        rc = previous ? note_vkey_format(&previous->vkey, false, before) : TB_ETRUST;
        if (!rc && strcmp(before, last.vkey) != 0)
            rc = TB_ETRUST;
        if (!rc)
            rc = rotation_sign(previous, signer, &note);
        if (!rc)
            memcpy(now.rotation, note.data, note.len);
        if (!rc)
            rc = append_rotation(db, &last, &now);
    }
    buf_free(&note);
    return rc ? rc : key_add(db, &now);
}

/* ---- counterparts' ---- */

/* A row that does not follow from the key pinned so far is of before the configuration was changed: it no longer
 * counts. */
static int follow(const struct key_row *row, void *context)
{
    struct office_peer *peer = context;
    struct note_vkey next;
    if (rotation_verify(office_peer_key(peer), row->rotation, strlen(row->rotation), &next) != 0)
        return 0;
    struct office_key *made = calloc(1, sizeof *made);
    if (!made)
        return TB_ENOMEM;
    made->key = next;
    pin(peer, made);
    return 0;
}

int office_keys_load(struct office *office, struct store_db *db)
{
    int rc = 0;
    for (size_t i = 0; i < office->peer_count && !rc; i++)
        rc = key_walk(db, office->peers[i].code, follow, &office->peers[i]);
    return rc;
}

static int accept_run(struct store_db *db, struct store_command *command)
{
    struct office_key_accept *act = (struct office_key_accept *)command;
    act->row.since = store_now(db);
    return key_add(db, &act->row);
}

int office_key_accept_init(struct office_key_accept *act, const struct office *office, const char *peer,
                           const char *rotation, int64_t by, struct note_vkey *next, struct problem *p)
{
    *act = (struct office_key_accept){
        .command = {.run = accept_run}, .row = {.accepted_by = by}, .problem = {.number = -1}};
    act->peer = office_peer(office, peer);
    if (!act->peer)
        return problem_set(p, PROBLEM_NOT_FOUND, "/id", "there is no counterpart %.20s", peer);
    if (strlen(rotation) >= sizeof act->row.rotation ||
        rotation_verify(office_peer_key(act->peer), rotation, strlen(rotation), next) != 0)
        return problem_set(
            p, PROBLEM_UNTRUSTED, "/rotation",
            "this is no rotation of the key that is pinned for %s, signed by that key and by the new one", peer);
    memcpy(act->row.office, act->peer->code, OFFICE_TEXT);
    memcpy(act->row.rotation, rotation, strlen(rotation) + 1);
    int rc = note_vkey_format(next, false, act->row.vkey);
    act->made = rc ? NULL : calloc(1, sizeof *act->made);
    if (!act->made)
        return problem_from_code(p, rc ? rc : TB_ENOMEM);
    act->made->key = *next;
    return 0;
}

void office_key_accept_apply(struct office_key_accept *act, struct office *office)
{
    for (size_t i = 0; i < office->peer_count; i++)
        if (&office->peers[i] == act->peer) {
            pin(&office->peers[i], act->made);
            act->made = NULL;
        }
}

void office_key_accept_clear(struct office_key_accept *act)
{
    free(act->made);
    act->made = NULL;
}
