/* tongbanctl key: a new key for the ledger, and a counterpart's (docs/how-to/rotate-the-ledger-key.md). */
#include <libintl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>

#include "client/tongban_cert.h"
#include "client/tongban_view.h"
#include "client/tongbanctl.h"
#include "proto/rotation.h"
#include "proto/suite.h"
#include "proto/timestamp.h"

enum { KEY_FILE_BYTES = 4096 };

/* The key file: the key that signs, and after a rotation the one of before, a line each. */
struct key_file {
    struct note_signer signer, previous;
    bool two;
};

static void wipe_buf(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
    buf_free(b);
}

static void wipe(struct key_file *keys)
{
    note_signer_wipe(&keys->signer);
    note_signer_wipe(&keys->previous);
}

/* Takes a line off; it ends with NUL then. */
static char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    line[strcspn(line, "\r")] = '\0';
    return line;
}

static int read_keys(const char *path, struct key_file *out, const char **why)
{
    struct buf text;
    buf_init(&text, KEY_FILE_BYTES);
    *out = (struct key_file){.two = false};
    *why = _("cannot be read");
    struct stat info;
    int rc = cert_file_read(path, &text);
    if (!rc && (stat(path, &info) != 0 || (info.st_mode & S_IRWXO))) {
        *why = _("everybody may read this key: it is no secret any more; make a new one, with mode 0600");
        wipe_buf(&text);
        return TB_EDENIED;
    }
    if (!rc)
        rc = buf_append(&text, "", 1);
    char *at = rc ? NULL : text.data;
    if (!rc) {
        *why = _("is not the file of a ledger's key (tongband --make-ledger-key)");
        rc = note_signer_parse(take_line(&at), &out->signer);
    }
    const char *second = rc ? "" : take_line(&at);
    if (second[0]) {
        out->two = true;
        rc = note_signer_parse(second, &out->previous);
    }
    wipe_buf(&text);
    return rc;
}

static int write_keys(const char *path, const struct note_signer *signer, const struct note_signer *previous,
                      const char **why)
{
    struct buf text;
    buf_init(&text, KEY_FILE_BYTES);
    int rc = note_signer_format(signer, &text);
    if (!rc)
        rc = buf_append_str(&text, "\n");
    if (!rc && previous)
        rc = note_signer_format(previous, &text);
    if (!rc && previous)
        rc = buf_append_str(&text, "\n");
    if (!rc)
        rc = cert_file_replace(path, 0600, text.data, text.len);
    *why = _("cannot be written");
    wipe_buf(&text);
    return rc;
}

static int make_key(const struct note_signer *like, struct note_signer *out, const char **why)
{
    uint8_t secret[SUITE_SECRET_MAX];
    *why = _("the key cannot be made");
    int rc =
        RAND_bytes(secret, sizeof secret) == 1 ? note_signer_make(like->suite, like->name, secret, out) : TB_ENOMEM;
    explicit_bzero(secret, sizeof secret);
    return rc;
}

static void show_key(const char *label, const struct note_vkey *key)
{
    char text[NOTE_VKEY_TEXT], fingerprint[KEY_FINGERPRINT_TEXT];
    if (note_vkey_format(key, false, text) == 0 && rotation_fingerprint(key, fingerprint) == 0)
        (void)printf("%s %s\n  %s %s\n", label, text, _("fingerprint"), fingerprint);
}

/* The owner's word first: without it nobody could accept what the daemon signs with at its next start. */
static int rotate(const char *path, const char *out, struct key_file *keys, struct note_signer *made,
                  const char **wrong, const char **why)
{
    struct buf note;
    buf_init(&note, LIMIT_NOTE_BYTES);
    *wrong = path;
    int rc = read_keys(path, keys, why);
    if (!rc && keys->two) {
        *why = _("a rotation is under way already: when every counterpart has accepted, end it with key retire");
        rc = TB_ECONFLICT;
    }
    if (!rc)
        rc = make_key(&keys->signer, made, why);
    if (!rc)
        rc = rotation_sign(&keys->signer, made, &note);
    if (!rc) {
        *wrong = out;
        rc = cert_file_new(out, 0644, note.data, note.len);
        *why = rc == TB_ECONFLICT ? _("a file of that name is there already") : _("cannot be written");
    }
    if (!rc) {
        *wrong = path;
        rc = write_keys(path, made, &keys->signer, why);
    }
    buf_free(&note);
    return rc;
}

int ctl_key_rotate(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct key_file keys = {.two = false};
    struct note_signer made = {.suite = NULL};
    const char *wrong, *why;
    int status = EXIT_DONE;
    if (rotate(ctl->word[2], ctl->given[CTL_OUT], &keys, &made, &wrong, &why) != 0) {
        status = report_local(&ctl->client, REPORT_AS_SAID, "%s: %s", wrong, why);
    } else {
        show_key(_("before:"), &keys.signer.vkey);
        show_key(_("now:"), &made.vkey);
        (void)printf("%s\n", _("restart tongband: it signs with both from then on; give the rotation to every "
                               "counterpart (key accept)"));
    }
    wipe(&keys);
    note_signer_wipe(&made);
    return status;
}

int ctl_key_retire(const struct ctl *ctl, const struct ctl_command *c)
{
    (void)c;
    struct key_file keys;
    const char *path = ctl->word[2], *why;
    int status = EXIT_DONE, rc = read_keys(path, &keys, &why);
    if (!rc && !keys.two) {
        why = _("there is no key of before in it");
        rc = TB_ENOTFOUND;
    }
    if (!rc)
        rc = write_keys(path, &keys.signer, NULL, &why);
    if (rc)
        status = report_local(&ctl->client, REPORT_AS_SAID, "%s: %s", path, why);
    else
        (void)printf(
            "%s\n",
            _("restart tongband: it signs with the new key only; who has not accepted it takes nothing from then on"));
    wipe(&keys);
    return status;
}

/* ---- what the daemon is asked ---- */

int ctl_key_prepare(const struct ctl *ctl, const struct ctl_command *c, json_t *request)
{
    (void)c;
    struct buf text;
    const char *file = ctl->given[CTL_ROTATION], *said = ctl->given[CTL_FINGERPRINT];
    buf_init(&text, KEY_FILE_BYTES);
    int rc = cert_file_read(file, &text);
    json_t *note = rc || !text.len ? NULL : json_stringn(text.data, text.len);
    buf_free(&text);
    if (!note)
        return report_local(&ctl->client, REPORT_FILE, "%s: %s", file, _("cannot be read as a text"));
    if (json_object_set_new(request, "rotation", note) ||
        (said && json_object_set_new(request, "fingerprint", json_string(said))))
        return report_local(&ctl->client, REPORT_MEMORY, "%s", "");
    return EXIT_DONE;
}

static void print_key(const char *label, const json_t *key)
{
    (void)printf("%s %s\n  %s %s\n", label, ctl_cell(key, "vkey"), _("fingerprint"), ctl_cell(key, "fingerprint"));
}

int ctl_key_accepted(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    const json_t *compare = json_object_get(answer, "compare"), *done = json_object_get(answer, "done");
    if (!compare) {
        (void)printf(_("accepted: from now on %s is known by %s\n"), ctl_cell(done, "office"), ctl_cell(done, "vkey"));
        return EXIT_DONE;
    }
    print_key(_("pinned:"), json_object_get(compare, "from"));
    print_key(_("new:"), json_object_get(compare, "to"));
    (void)printf(
        "%s\n",
        _("nothing is changed yet: let the other side read both fingerprints aloud on the telephone, then repeat with "
          "--fingerprint and the new one"));
    return EXIT_REFUSED;
}

static const char *show_day(const json_t *value, char room[CTL_CELL_TEXT])
{
    int64_t ms = json_integer_value(value);
    if (ms)
        timestamp_format(ms, room);
    room[ms ? DATE_TEXT - 1 : 0] = '\0';
    return room;
}

static const struct ctl_column key_columns[] = {
    {.title = N_("office"), .key = "office"},
    {.title = N_("use"), .key = "use", .show = ctl_show_word},
    {.title = N_("since"), .key = "since", .show = show_day, .hide = HIDE_EMPTY},
    {.title = N_("fingerprint"), .key = "fingerprint"},
};

int ctl_key_print(const struct ctl *ctl, const struct ctl_command *c, const json_t *answer)
{
    (void)ctl;
    (void)c;
    return CTL_ROWS_PRINT(json_object_get(answer, "rows"), key_columns);
}
