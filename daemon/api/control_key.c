/* control_key: ledger keys of this office and its counterparts; accepting a counterpart's new one (tongbanctl key). */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/control_internal.h"
#include "daemon/base/log.h"
#include "daemon/office/keys.h"
#include "proto/rotation.h"
#include "proto/strict_json.h"

static json_t *key_json(const char *office, const struct note_vkey *key, const char *use, int64_t since)
{
    char text[NOTE_VKEY_TEXT], fingerprint[KEY_FINGERPRINT_TEXT];
    if (note_vkey_format(key, false, text) != 0 || rotation_fingerprint(key, fingerprint) != 0)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "office", office, "use", use, "vkey", text, "fingerprint",
                     fingerprint, "since", (json_int_t)since);
}

/* ---- the list ---- */

struct key_list {
    struct store_query query; /* first member */
    struct control_ask *ask;
    json_t *rows;
    char last[NOTE_VKEY_TEXT];
};

static int add_own(const struct key_row *row, void *context)
{
    struct key_list *list = context;
    struct note_vkey key;
    json_t *one;
    int rc = note_vkey_parse(row->vkey, &key);
    if (rc)
        return rc;
    one = key_json(row->office, &key, !strcmp(row->vkey, list->last) ? "signs" : "before", row->since);
    if (one && row->rotation[0])
        (void)json_object_set_new(one, "rotation", json_string(row->rotation));
    return json_array_append_new(list->rows, one) ? TB_ENOMEM : 0;
}

static int list_run(struct store_db *db, struct store_query *query)
{
    struct key_list *list = (struct key_list *)query;
    const struct office *office = list->ask->parts->office;
    const struct note_signer *previous = store_previous_signer(db);
    list->rows = json_array();
    int rc = list->rows ? note_vkey_format(&store_signer(db)->vkey, false, list->last) : TB_ENOMEM;
    if (!rc)
        rc = key_walk(db, office->code, add_own, list);
    if (!rc && previous && json_array_append_new(list->rows, key_json(office->code, &previous->vkey, "signs-too", 0)))
        rc = TB_ENOMEM;
    for (size_t i = 0; i < office->peer_count && !rc; i++) {
        const struct office_peer *peer = &office->peers[i];
        const char *use = office_peer_key(peer) == &peer->key ? "pinned" : "accepted";
        rc = json_array_append_new(list->rows, key_json(peer->code, office_peer_key(peer), use, 0)) ? TB_ENOMEM : 0;
    }
    return rc;
}

static void list_done(struct store_query *query, int rc)
{
    struct key_list *list = (struct key_list *)query;
    struct problem p = {.number = -1};
    if (rc < 0) {
        json_decref(list->rows);
        (void)problem_from_code(&p, rc);
        control_refuse(list->ask, &p);
    } else {
        control_answer(list->ask,
                       json_pack("{s:s, s:o}", "file", list->ask->parts->config->ledger.key, "rows", list->rows));
    }
}

void control_key_list(struct control_ask *ask, json_t *request)
{
    (void)request;
    struct problem p = {.number = -1};
    struct key_list *list = ask->state = calloc(1, sizeof *list);
    if (list)
        *list = (struct key_list){.query = {.run = list_run, .done = list_done}, .ask = ask};
    int rc = list ? store_read(ask->parts->store, &list->query) : TB_ENOMEM;
    if (rc) {
        (void)problem_from_code(&p, rc);
        control_refuse(ask, &p);
    }
}

/* ---- accept ---- */

static void accepted(struct store_command *command, int rc)
{
    struct office_key_accept *act = (struct office_key_accept *)command;
    struct control_ask *ask = act->user;
    struct problem p = {.number = -1};
    if (rc < 0) {
        (void)problem_from_code(&p, rc);
        office_key_accept_clear(act);
        control_refuse(ask, &p);
        return;
    }
    office_key_accept_apply(act, ask->parts->office);
    LOG(LOG_LEVEL_NOTICE, LOG_LEDGER, "peer_key_accepted", LOG_TEXT("peer", act->row.office),
        LOG_TEXT("vkey", act->row.vkey), LOG_INT("uid", act->row.accepted_by));
    control_answer(ask, json_pack("{s:{s:s, s:s}}", "done", "office", act->row.office, "vkey", act->row.vkey));
}

/* Without the right fingerprint nothing is pinned: both keys are shown, for the telephone. */
static json_t *to_compare(const struct office_peer *peer, const struct note_vkey *next)
{
    return json_pack("{s:{s:o*, s:o*}}", "compare", "from", key_json(peer->code, office_peer_key(peer), "pinned", 0),
                     "to", key_json(peer->code, next, "new", 0));
}

/* Several lines, so no text as other members are; what stands in it, its signatures say. */
static int take_note(const json_t *request, const char **out, struct problem *p)
{
    const json_t *note = json_object_get(request, "rotation");
    size_t len = json_string_length(note);
    if (!len || len >= ROTATION_BYTES || strlen(json_string_value(note)) != len)
        return problem_set(p, PROBLEM_FIELD, "/rotation", "rotation must be a text of at most %d bytes", ROTATION_BYTES - 1);
    *out = json_string_value(note);
    return 0;
}

void control_key_accept(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"id", "rotation", "fingerprint", NULL};
    struct problem p = {.number = -1};
    struct note_vkey next;
    char fingerprint[KEY_FINGERPRINT_TEXT];
    const char *peer = NULL, *rotation = NULL, *said = NULL;
    struct office_key_accept *act = ask->state = calloc(1, sizeof *act);
    int rc = act ? strict_json_only(request, "", known, &p) : problem_from_code(&p, TB_ENOMEM);
    if (!rc)
        rc = strict_json_text(request, "", "id", true, OFFICE_LEN, &peer, &p);
    if (!rc)
        rc = take_note(request, &rotation, &p);
    if (!rc)
        rc = strict_json_text(request, "", "fingerprint", false, KEY_FINGERPRINT_TEXT - 1, &said, &p);
    if (!rc)
        rc = office_key_accept_init(act, ask->parts->office, peer, rotation, ask->uid, &next, &p);
    if (!rc && rotation_fingerprint(&next, fingerprint) != 0)
        rc = problem_from_code(&p, TB_ENOMEM);
    if (!rc && said && said[0] && strcmp(said, fingerprint) != 0)
        rc = problem_set(&p, PROBLEM_UNTRUSTED, "/fingerprint",
                         "the new key has another fingerprint than the one that was said: do not accept it");
    if (rc) {
        if (act)
            office_key_accept_clear(act);
        control_refuse(ask, &p);
    } else if (!said || !said[0]) {
        const struct office_peer *from = act->peer;
        office_key_accept_clear(act);
        control_answer(ask, to_compare(from, &next));
    } else {
        act->command.done = accepted;
        act->user = ask;
        rc = store_submit(ask->parts->store, &act->command);
        if (rc) {
            office_key_accept_clear(act);
            (void)problem_from_code(&p, rc);
            control_refuse(ask, &p);
        }
    }
}
