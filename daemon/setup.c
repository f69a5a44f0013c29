#include "daemon/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/world.h"
#include "proto/codes.h"
#include "proto/limits.h"
#include "proto/suite.h"
#include "proto/text.h"
#include "proto/timestamp.h"

#define LEDGER_NAME "tongban/" /* and the office */

enum { SETUP_KEY_BYTES = 4096 };

/* Whole file as text. *out is new and ends with NUL. */
static int read_file(const char *path, size_t max, char **out, size_t *len, struct problem *p)
{
    struct buf text;
    int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return problem_set(p, PROBLEM_FIELD, "", "%s: %s", path, strerrordesc_np(errno));
    buf_init(&text, max);
    for (;;) {
        rc = buf_reserve(&text, 4096);
        if (rc)
            break;
        ssize_t n = read(fd, text.data + text.len, 4096);
        if (n < 0)
            rc = TB_EIO;
        if (n <= 0)
            break;
        text.len += (size_t)n;
        text.data[text.len] = '\0';
    }
    (void)close(fd);
    if (!rc && (text.len == 0 || strlen(text.data) != text.len))
        rc = TB_EMALFORMED;
    if (rc) {
        buf_free(&text);
        return problem_set(p, PROBLEM_FIELD, "", "%s: cannot be read as a text of at most %zu bytes", path, max - 4096);
    }
    *out = buf_take(&text, len);
    return 0;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* The key on that line of the file; TB_ENOTFOUND when the file ends before.  At most two lines: this key, and the one of before. */
static int read_signer(const struct config *config, unsigned line, struct note_signer *out, struct problem *p)
{
    char *text = NULL, name[32];
    size_t len;
    struct note_signer signer;
    int rc = read_file(config->ledger.key, 2 * SETUP_KEY_BYTES, &text, &len, p);
    if (rc)
        return rc;
    char *at = text, *rest = strchr(text, '\n');
    if (rest)
        *rest++ = '\0';
    if (line == 1) {
        at = rest ? rest : text + strlen(text);
        at[strcspn(at, "\n")] = '\0';
    }
    at[strcspn(at, "\r")] = '\0';
    (void)snprintf(name, sizeof name, LEDGER_NAME "%s", config->office.code);
    rc = line && !at[0] ? TB_ENOTFOUND : note_signer_parse(at, &signer);
    explicit_bzero(text, len);
    free(text);
    if (rc == TB_ENOTFOUND)
        return rc;
    if (rc)
        return problem_set(p, PROBLEM_FIELD, "/ledger/key", "%s: not a signing key (tongband --make-ledger-key)", config->ledger.key);
    if (strcmp(signer.name, name) != 0 || strcmp(suite_name(signer.suite), config->ledger.suite) != 0) {
        note_signer_wipe(&signer);
        return problem_set(p, PROBLEM_FIELD, "/ledger/key", "%s: not the key of %s in suite %s", config->ledger.key, name,
                           config->ledger.suite);
    }
    *out = signer;
    note_signer_wipe(&signer);
    return 0;
}

int setup_signer(const struct config *config, struct note_signer *out, struct problem *p)
{
    return read_signer(config, 0, out, p);
}

int setup_previous_signer(const struct config *config, struct note_signer *out, bool *found, struct problem *p)
{
    int rc = read_signer(config, 1, out, p);
    *found = !rc;
    return rc == TB_ENOTFOUND ? 0 : rc;
}

/* ---- the office ---- */

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "");
}

static int add_peers(const struct config *config, struct office *office, struct problem *p)
{
    office->peers = calloc(config->peer_count + 1, sizeof *office->peers);
    office->shown = calloc(config->peer_count + 1, sizeof *office->shown);
    if (!office->peers || !office->shown)
        return problem_from_code(p, TB_ENOMEM);
    for (unsigned i = 0; i < config->peer_count; i++) {
        const struct config_peer *from = &config->peers[i];
        struct office_peer *peer = &office->peers[office->peer_count];
        char name[32];
        (void)snprintf(name, sizeof name, LEDGER_NAME "%s", from->office);
        copy_text(peer->code, sizeof peer->code, from->office);
        copy_text(peer->name, sizeof peer->name, from->name);
        copy_text(peer->contact.phone, sizeof peer->contact.phone, from->phone);
        copy_text(peer->contact.complaint, sizeof peer->contact.complaint, from->complaint);
        copy_text(peer->contact.address, sizeof peer->contact.address, from->address);
        peer->licences = from->licences;
        if (note_vkey_parse(from->ledger_key, &peer->key) != 0 || strcmp(peer->key.name, name) != 0)
            return problem_set(p, PROBLEM_FIELD, "/peers/ledger_key", "not a verification key of %s", name);
        office->peer_count++;
    }
    return 0;
}

static int add_staff(const struct config *config, struct office *office, struct problem *p)
{
    office->staff = calloc(config->staff_count + 1, sizeof *office->staff);
    if (!office->staff)
        return problem_from_code(p, TB_ENOMEM);
    for (unsigned i = 0; i < config->staff_count; i++) {
        const struct config_staff *from = &config->staff[i];
        struct office_staff *staff = &office->staff[office->staff_count++];
        (void)snprintf(staff->id, sizeof staff->id, "%s:%s", config->office.code, from->id);
        copy_text(staff->name, sizeof staff->name, from->name);
        copy_text(staff->role, sizeof staff->role, from->role);
        copy_text(staff->window, sizeof staff->window, from->window);
        copy_text(staff->township, sizeof staff->township, from->township);
        staff->suspended = from->suspended;
    }
    return 0;
}

/* "*" stays, "GA01, GA02" becomes ",GA01,GA02,": how the store looks items up. */
static int normal_items(const char *text, char **out)
{
    if (strcmp(text, "*") == 0)
        return (*out = strdup(text)) ? 0 : TB_ENOMEM;
    char *items = malloc(strlen(text) + 3), *at = items;
    if (!items)
        return TB_ENOMEM;
    *at++ = ',';
    for (const char *c = text; *c; c++)
        if (*c != ' ' && !(*c == ',' && at[-1] == ','))
            *at++ = *c;
    if (at[-1] != ',')
        *at++ = ',';
    *at = '\0';
    *out = items;
    return 0;
}

static int add_grants(const struct config *config, struct office *office, struct problem *p)
{
    office->grants = calloc(config->authorisation_count + 1, sizeof *office->grants);
    if (!office->grants)
        return problem_from_code(p, TB_ENOMEM);
    for (unsigned i = 0; i < config->authorisation_count; i++) {
        const struct config_authorisation *from = &config->authorisations[i];
        struct authorisation_row *grant = &office->grants[office->grant_count++];
        copy_text(grant->id, sizeof grant->id, from->id);
        copy_text(grant->principal, sizeof grant->principal, config->office.code);
        copy_text(grant->delegate, sizeof grant->delegate, from->delegate);
        copy_text(grant->steps, sizeof grant->steps, from->steps);
        copy_text(grant->announcement, sizeof grant->announcement, from->announcement);
        grant->acceptance = from->acceptance;
        if (date_parse(from->from, &grant->from_day) != 0 || date_parse(from->until, &grant->until_day) != 0)
            return problem_set(p, PROBLEM_FIELD, "/authorisations/from", "a date of authorisation %s is wrong", from->id);
        if (normal_items(from->items, &grant->items) != 0)
            return problem_from_code(p, TB_ENOMEM);
    }
    return 0;
}

static int add_calendar(const struct config *config, struct office *office, struct problem *p)
{
    char *text;
    size_t len;
    int rc = read_file(config->calendar, LIMIT_CONFIG_BYTES, &text, &len, p);
    if (rc)
        return rc;
    struct problem inner = {.number = -1};
    rc = calendar_parse(text, len, &office->calendar, &inner);
    if (!rc && suite_hash(office->suite, text, len, NULL, 0, NULL, 0, office->calendar_digest) != 0)
        rc = problem_set(&inner, PROBLEM_INTERNAL, NULL, "its digest could not be computed");
    free(text);
    return rc ? problem_set(p, PROBLEM_FIELD, "/calendar", "%s: %s", config->calendar, inner.detail) : 0;
}

/* What is not configured follows from the office's name: 桐乡市政务服务中心 → 桐政服, 桐乡市人民政府, 桐乡市人民法院. */
static void add_papers(const struct config *config, struct office *office)
{
    const struct config_documents *from = &config->documents;
    struct office_papers *papers = &office->papers;
    const char *name = office->name;
    size_t place = document_place(name), first = 0;
    char body[LIMIT_NAME_BYTES + 32] = "行政复议机关", court[LIMIT_NAME_BYTES + 32] = "人民法院";
    (void)text_next(name, strlen(name), &first);
    papers->numbering = !from->typed_numbers;
    copy_text(papers->prefix, sizeof papers->prefix, from->prefix);
    if (!from->prefix)
        (void)snprintf(papers->prefix, sizeof papers->prefix, "%.*s政服", (int)first, name);
    copy_text(papers->seal, sizeof papers->seal, from->seal);
    if (!from->seal)
        (void)snprintf(papers->seal, sizeof papers->seal, "%s行政审批专用章", name);
    copy_text(papers->intake_seal, sizeof papers->intake_seal, from->intake_seal);
    if (!from->intake_seal)
        (void)snprintf(papers->intake_seal, sizeof papers->intake_seal, "%s收件专用章", name);
    if (from->review_body)
        copy_text(body, sizeof body, from->review_body);
    else if (place)
        (void)snprintf(body, sizeof body, "%.*s人民政府", (int)place, name);
    if (from->court)
        copy_text(court, sizeof court, from->court);
    else if (place)
        (void)snprintf(court, sizeof court, "%.*s人民法院", (int)place, name);
    (void)snprintf(papers->remedies, sizeof papers->remedies,
                   "如不服本决定，可以自收到之日起六十日内向%s申请行政复议，或者自收到之日起六个月内向%s提起行政诉讼。", body, court);
    copy_text(office->contact.phone, sizeof office->contact.phone, from->phone);
    copy_text(office->contact.complaint, sizeof office->contact.complaint, from->complaint);
    copy_text(office->contact.address, sizeof office->contact.address, from->address);
}

int setup_office(const struct config *config, struct office **out, struct problem *p)
{
    struct office *office = calloc(1, sizeof *office);
    if (!office)
        return problem_from_code(p, TB_ENOMEM);
    copy_text(office->code, sizeof office->code, config->office.code);
    copy_text(office->name, sizeof office->name, config->office.name);
    add_papers(config, office);
    office->suite = suite_by_name(config->ledger.suite);
    office->limits[LIMIT_STEP_FORWARD] = (int)config->limits.forward;
    office->limits[LIMIT_STEP_ORIGINALS] = (int)config->limits.originals;
    office->limits[LIMIT_STEP_RECHECK] = (int)config->limits.recheck;
    office->limits[LIMIT_STEP_RESULT] = (int)config->limits.result;
    int rc = office->suite ? 0 : problem_set(p, PROBLEM_FIELD, "/ledger/suite", "there is no suite %s", config->ledger.suite);
    if (!rc)
        rc = add_calendar(config, office, p);
    if (!rc)
        rc = config_load_catalogue(config->catalogue, config->catalogue_count, config->office.code, &office->items, p);
    if (!rc)
        rc = add_peers(config, office, p);
    if (!rc)
        rc = add_staff(config, office, p);
    if (!rc)
        rc = add_grants(config, office, p);
    if (rc) {
        office_free(office);
        return rc;
    }
    *out = office;
    return 0;
}

/* ---- certificates ---- */

void setup_tls_clear(struct setup_tls *tls)
{
    tls_context_unref(tls->window);
    tls_context_unref(tls->peer);
    for (unsigned i = 0; tls->peer_authority_pem && i < tls->peer_count; i++)
        free(tls->peer_authority_pem[i]);
    free(tls->peer_authority_pem);
    free(tls->peer_authorities);
    free(tls->peer_authority_until);
    free(tls->certificate_pem);
    wipe(tls->key_pem);
    trust_clear(&tls->trust);
    *tls = (struct setup_tls){0};
}

struct carrier_identity setup_identity(const struct setup_tls *tls, unsigned peer)
{
    return (struct carrier_identity){
        .authority = tls->peer_authority_pem[peer], .certificate = tls->certificate_pem, .key = tls->key_pem,
        .crl = tls->trust.peer_crl[peer], .crl_policy = tls->trust.policy};
}

static int make_context(const struct config_listener *listener, const char *const *authorities, const char *const *crls,
                        const struct setup_tls *tls, struct tls_context **out, struct problem *p)
{
    struct tls_options options = {.certificate_file = listener->certificate, .key_file = listener->key, .ca_files = authorities,
                                  .crls = crls, .crl_policy = tls->trust.policy, .expired_too = tls->expired_too};
    return tls_context_new(&options, out, p);
}

static int load_peers(const struct config *config, struct setup_tls *tls, const char **authorities, struct problem *p)
{
    int rc = 0;
    for (unsigned i = 0; i < config->peer_count && !rc; i++) {
        const char *file = authorities[i] = config->peers[i].authority;
        rc = tls_file_pins(file, &tls->peer_authorities[i], p);
        tls->peer_authority_until[i] = tls_file_not_after(file);
        if (!rc)
            rc = read_file(file, LIMIT_CONFIG_BYTES, &tls->peer_authority_pem[i], NULL, p);
    }
    return rc;
}

int setup_tls(const struct config *config, bool expired_too, struct setup_tls *out, struct problem *p)
{
    struct setup_tls tls = {.peer_count = config->peer_count, .expired_too = expired_too};
    const char *staff[] = {config->window.authority, NULL};
    const char **authorities = calloc(config->peer_count + 1, sizeof *authorities), **crls = calloc(config->peer_count + 1, sizeof *crls);
    tls.peer_authorities = calloc(config->peer_count + 1, sizeof *tls.peer_authorities);
    tls.peer_authority_pem = calloc(config->peer_count + 1, sizeof *tls.peer_authority_pem);
    tls.peer_authority_until = calloc(config->peer_count + 1, sizeof *tls.peer_authority_until);
    bool memory = authorities && crls && tls.peer_authorities && tls.peer_authority_pem && tls.peer_authority_until;
    int rc = memory ? 0 : problem_from_code(p, TB_ENOMEM);
    if (!rc)
        rc = load_peers(config, &tls, authorities, p);
    if (!rc)
        rc = trust_read(config, &tls.trust, p);
    for (unsigned i = 0, n = 0; i < config->peer_count && !rc; i++)
        if (tls.trust.peer_crl[i])
            crls[n++] = tls.trust.peer_crl[i];
    if (!rc)
        rc = make_context(&config->window, staff, (const char *[]){tls.trust.staff_crl, NULL}, &tls, &tls.window, p);
    if (!rc) /* who may be a client of the peer API: exactly the authorities of the configured peers */
        rc = make_context(&config->peer_listener, authorities, crls, &tls, &tls.peer, p);
    if (!rc)
        rc = tls_file_pins(config->window.authority, &tls.staff_authority, p);
    if (!rc)
        rc = tls_file_pair(config->gateway_certificate, config->gateway_key, p);
    if (!rc)
        rc = read_file(config->gateway_certificate, LIMIT_CONFIG_BYTES, &tls.certificate_pem, NULL, p);
    if (!rc)
        rc = read_file(config->gateway_key, LIMIT_CONFIG_BYTES, &tls.key_pem, NULL, p);
    if (!rc) {
        tls.staff_authority_until = tls_file_not_after(config->window.authority);
        tls.gateway_until = tls_file_not_after(config->gateway_certificate);
    }
    free(authorities);
    free(crls);
    if (rc) {
        setup_tls_clear(&tls);
        return rc;
    }
    *out = tls;
    return 0;
}

/* ---- ledger key ---- */

static int write_new(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return TB_EIO;
    int rc = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 ? 0 : TB_EIO;
    if (close(fd) != 0)
        rc = TB_EIO;
    if (rc)
        (void)unlink(path);
    return rc;
}

int setup_make_key(const char *name, const char *path, char vkey[NOTE_VKEY_TEXT], struct problem *p)
{
    if (strncmp(name, LEDGER_NAME, sizeof LEDGER_NAME - 1) != 0 || !office_valid(name + sizeof LEDGER_NAME - 1))
        return problem_set(p, PROBLEM_FIELD, "", "\"%.40s\" is not the name of an office's ledger: " LEDGER_NAME
                           " and the six digits of its division code, e.g. " LEDGER_NAME "330483", name);
    const struct suite *suite = suite_by_name("intl");
    uint8_t secret[SUITE_SECRET_MAX];
    struct note_signer signer = {0};
    struct buf text;
    buf_init(&text, SETUP_KEY_BYTES);
    world_real()->random(world_real()->context, secret, sizeof secret);
    int rc = note_signer_make(suite, name, secret, &signer);
    explicit_bzero(secret, sizeof secret);
    if (!rc)
        rc = note_vkey_format(&signer.vkey, false, vkey);
    if (!rc)
        rc = note_signer_format(&signer, &text);
    if (!rc)
        rc = buf_append_str(&text, "\n");
    if (rc) {
        rc = problem_set(p, PROBLEM_FIELD, "", "\"%s\" cannot be the name of a key", name);
    } else if (write_new(path, text.data, text.len) != 0) {
        rc = problem_set(p, PROBLEM_STORE_FAILED, "", "%s: %s", path, strerrordesc_np(errno));
    }
    note_signer_wipe(&signer);
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_free(&text);
    return rc;
}
