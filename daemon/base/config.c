#include "daemon/base/config.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/config_schema.h"
#include "daemon/base/config_yaml.h"
#include "daemon/base/log.h"
#include "proto/access.h"
#include "proto/case_machine.h"
#include "proto/codes.h"
#include "proto/document.h"
#include "proto/light.h"
#include "proto/limits.h"
#include "proto/note.h"
#include "proto/suite.h"
#include "proto/text.h"
#include "proto/timestamp.h"
#include "proto/uuid.h"

enum { AT_BYTES = 128, READERS_MAX = 8, STAFF_ID_MAX = 20, CONTACT_MAX = 60, WINDOW_MAX = 60, TOWNSHIP_DIGITS = 9, BACKUPS_MAX = 1000 };

/* What libcyaml says while it loads: the first message, and the innermost line of its backtrace. */
struct capture {
    char message[160];
    unsigned long line;
};

static void __attribute__((format(printf, 3, 0))) capture_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    (void)level;
    struct capture *capture = context;
    char text[256];
    (void)vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *line = strstr(text, "(line: ");
    if (line && !capture->line)
        capture->line = strtoul(line + strlen("(line: "), NULL, 10);
    if (!line && !capture->message[0])
        (void)snprintf(capture->message, sizeof capture->message, "%.150s", !strncmp(text, "Load: ", 6) ? text + 6 : text);
}

static const cyaml_config_t cyaml_settings = {
    .log_fn = NULL, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

/* ---- the table: unknown and missing keys, defaults, files ---- */

static int check_keys(const struct config_yaml *file, const struct config_option *options, const char *at, struct problem *p)
{
    const json_t *node = config_yaml_at(file, at);
    if (!json_is_object(node))
        return config_yaml_refuse(file, at, p, "'%s' must be a mapping of keys to values", at + 1);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)node, key, value)
    {
        const struct config_option *option = options;
        while (option->key && strcmp(option->key, key))
            option++;
        char here[AT_BYTES];
        (void)snprintf(here, sizeof here, "%s/%s", at, key);
        if (!option->key)
            return config_yaml_refuse(file, here, p, "unknown key '%s'", key);
        if (json_is_null(value))
            return config_yaml_refuse(file, here, p, "'%s' has no value", key);
        /* libcyaml takes any word that is not a no for a yes */
        if (option->kind == CONFIG_BOOL && !json_is_boolean(value))
            return config_yaml_refuse(file, here, p, "'%s' must be true or false", key);
        int err = option->kind == CONFIG_MAP ? check_keys(file, option->members, here, p) : 0;
        for (size_t i = 0; !err && option->kind == CONFIG_LIST && i < json_array_size(value); i++) {
            char element[AT_BYTES];
            (void)snprintf(element, sizeof element, "%.100s/%zu", here, i);
            err = check_keys(file, option->members, element, p);
        }
        if (err)
            return err;
    }
    for (const struct config_option *option = options; option->key; option++)
        if (option->required && !json_object_get(node, option->key))
            return config_yaml_refuse(file, at, p, "key '%s' is missing", option->key);
    return 0;
}

/* Replaces a relative file name by one relative to the configuration file, and the name of a credential (LoadCredential=) by that of its
 * file. */
static int resolve(const struct config_yaml *file, char **name)
{
    static const char credential[] = "credential:";
    const char *slash = strrchr(file->path, '/'), *directory = getenv("CREDENTIALS_DIRECTORY");
    bool secret = strncmp(*name, credential, sizeof credential - 1) == 0;
    if ((*name)[0] == '/' || (secret ? !directory : !slash))
        return 0;
    char *whole = NULL;
    if (secret ? asprintf(&whole, "%s/%s", directory, *name + sizeof credential - 1) < 0
               : asprintf(&whole, "%.*s/%s", (int)(slash - file->path), file->path, *name) < 0)
        return TB_ENOMEM;
    free(*name);
    *name = whole;
    return 0;
}

static int take_file(const struct config_yaml *file, char **name, bool directory, const char *at, struct problem *p)
{
    struct stat info;
    if (resolve(file, name))
        return problem_from_code(p, TB_ENOMEM);
    if (stat(*name, &info))
        return config_yaml_refuse(file, at, p, "%s does not exist or cannot be reached: %s%s", directory ? "directory" : "file", *name,
                                  strncmp(*name, "credential:", 11) == 0 ? " (only systemd's service has credentials)" : "");
    if (directory ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode))
        return config_yaml_refuse(file, at, p, "is no %s: %s", directory ? "directory" : "file", *name);
    return 0;
}

static void set_number(void *member, size_t size, uint64_t value)
{
    if (size == sizeof(uint64_t))
        memcpy(member, &value, size);
    else if (size == sizeof(unsigned))
        memcpy(member, &(unsigned){(unsigned)value}, size);
    else
        memcpy(member, &(uint16_t){(uint16_t)value}, sizeof(uint16_t));
}

static int complete(const struct config_yaml *file, const struct config_option *options, char *base, const char *at, struct problem *p);

static int complete_list(const struct config_yaml *file, const struct config_option *option, char *base, const char *at, struct problem *p)
{
    unsigned count;
    char *elements;
    memcpy(&count, base + option->count_offset, sizeof count);
    memcpy(&elements, base + option->offset, sizeof elements);
    int err = 0;
    for (unsigned i = 0; !err && i < count; i++) {
        char element[AT_BYTES];
        (void)snprintf(element, sizeof element, "%.100s/%u", at, i);
        char *one = elements + i * option->size;
        err = option->kind == CONFIG_LIST ? complete(file, option->members, one, element, p)
                                          : take_file(file, (char **)(void *)one, false, element, p);
    }
    return err;
}

/* Fills in defaults and makes file names absolute, along the table. */
static int complete(const struct config_yaml *file, const struct config_option *options, char *base, const char *at, struct problem *p)
{
    for (const struct config_option *option = options; option->key; option++) {
        char here[AT_BYTES];
        (void)snprintf(here, sizeof here, "%.100s/%s", at, option->key);
        char *member = base + option->offset;
        bool given = config_yaml_at(file, here) != NULL;
        int err = 0;
        if (option->kind == CONFIG_MAP)
            err = complete(file, option->members, member, here, p);
        else if (option->kind == CONFIG_LIST || option->kind == CONFIG_FILES)
            err = complete_list(file, option, base, here, p);
        else if (given && (option->kind == CONFIG_FILE || option->kind == CONFIG_DIRECTORY))
            err = take_file(file, (char **)(void *)member, option->kind == CONFIG_DIRECTORY, here, p);
        else if (!given && option->fallback && option->kind == CONFIG_NUMBER)
            set_number(member, option->size, strtoull(option->fallback, NULL, 10));
        else if (!given && option->fallback && option->kind == CONFIG_TEXT &&
                 !(*(char **)(void *)member = strdup(option->fallback)))
            err = problem_from_code(p, TB_ENOMEM);
        if (err)
            return err;
    }
    return 0;
}

/* ---- what no schema can say ---- */

static int check_listener(const struct config_yaml *file, const struct config_listener *listener, const char *at, bool loopback,
                          struct problem *p)
{
    unsigned char binary[sizeof(struct in6_addr)];
    static const unsigned char loopback6[16] = {[15] = 1};
    bool four = inet_pton(AF_INET, listener->address, binary) == 1;
    bool six = !four && inet_pton(AF_INET6, listener->address, binary) == 1;
    if (!four && !six)
        return config_yaml_refuse(file, at, p, "address '%.60s' is not numeric", listener->address);
    if (loopback && !(four ? binary[0] == 127 : !memcmp(binary, loopback6, sizeof loopback6)))
        return config_yaml_refuse(file, at, p, "address must be a loopback address: nothing guards this listener");
    return 0;
}

static int check_listeners(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    const struct config_listener *all[] = {&c->window, &c->peer_listener, &c->admin};
    static const char *const at[] = {"/window/address", "/peer/address", "/admin/address"};
    static const char *const port[] = {"/window/port", "/peer/port", "/admin/port"};
    for (size_t i = 0; i < 3; i++) {
        int err = check_listener(file, all[i], at[i], i == 2, p);
        if (err)
            return err;
        for (size_t k = 0; k < i; k++)
            if (all[i]->port && all[i]->port == all[k]->port && !strcmp(all[i]->address, all[k]->address))
                return config_yaml_refuse(file, port[i], p, "port %u is taken by the listener '%.*s'", all[i]->port,
                                          (int)strcspn(at[k] + 1, "/"), at[k] + 1);
    }
    return 0;
}

static int check_staff(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    char at[AT_BYTES];
    for (unsigned i = 0; i < c->staff_count; i++) {
        const struct config_staff *one = &c->staff[i];
        (void)snprintf(at, sizeof at, "/staff/%u/id", i);
        size_t len = strspn(one->id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
        if (one->id[len] || len > STAFF_ID_MAX)
            return config_yaml_refuse(file, at, p, "id '%.40s': letters, digits and '-', at most %d", one->id, STAFF_ID_MAX);
        for (unsigned k = 0; k < i; k++)
            if (!strcmp(c->staff[k].id, one->id))
                return config_yaml_refuse(file, at, p, "id '%s' stands here twice", one->id);
        (void)snprintf(at, sizeof at, "/staff/%u/role", i);
        if (!access_role_by_name(one->role))
            return config_yaml_refuse(file, at, p,
                                      "there is no role '%.40s'; known are window, handler, supervisor, liaison, auditor, assisted, "
                                      "portal, kiosk",
                                      one->role);
        (void)snprintf(at, sizeof at, "/staff/%u/window", i);
        if (one->window && text_check_name(one->window, WINDOW_MAX))
            return config_yaml_refuse(file, at, p, "1 to %d bytes in one line, without blanks around it", WINDOW_MAX);
        (void)snprintf(at, sizeof at, "/staff/%u/township", i);
        if (one->township && (strlen(one->township) != TOWNSHIP_DIGITS || strspn(one->township, "0123456789") != TOWNSHIP_DIGITS ||
                              strncmp(one->township, c->office.code, OFFICE_LEN) != 0))
            return config_yaml_refuse(file, at, p, "township '%.20s': nine digits, the first six those of the office", one->township);
    }
    return 0;
}

static int check_peer(const struct config_yaml *file, const struct config *c, unsigned i, struct problem *p)
{
    char at[AT_BYTES];
    const struct config_peer *peer = &c->peers[i];
    (void)snprintf(at, sizeof at, "/peers/%u/office", i);
    if (!office_valid(peer->office))
        return config_yaml_refuse(file, at, p, "office '%.20s' is not a six-digit division code", peer->office);
    if (!strcmp(peer->office, c->office.code))
        return config_yaml_refuse(file, at, p, "office '%s' is this office itself", peer->office);
    if (config_peer(c, peer->office) != peer)
        return config_yaml_refuse(file, at, p, "office '%s' stands here twice", peer->office);
    (void)snprintf(at, sizeof at, "/peers/%u/url", i);
    const char *host = !strncmp(peer->url, "https://", 8) ? peer->url + 8 : "";
    size_t len = strcspn(host, "/@?# \"\\");
    if (!len || (host[len] && strcmp(host + len, "/") != 0))
        return config_yaml_refuse(file, at, p, "url must be https://host:port");
    (void)snprintf(at, sizeof at, "/peers/%u/ledger_key", i);
    struct note_vkey key;
    char name[NOTE_NAME_MAX];
    (void)snprintf(name, sizeof name, "tongban/%s", peer->office);
    if (note_vkey_parse(peer->ledger_key, &key))
        return config_yaml_refuse(file, at, p, "ledger_key is not a C2SP verification key (name+id+base64)");
    if (strcmp(key.name, name) != 0)
        return config_yaml_refuse(file, at, p, "ledger_key is of '%.60s', not of '%s'", key.name, name);
    return 0;
}

static bool items_valid(const char *items)
{
    if (!strcmp(items, "*"))
        return true;
    for (const char *at = items;; at++) {
        size_t len = strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
        if (!len)
            return false;
        at += len;
        if (!*at)
            return true;
        if (*at != ',')
            return false;
    }
}

static bool steps_valid(const char *steps)
{
    for (const char *at = steps; *at; at++)
        if (!strchr("INOPD", *at) || strchr(at + 1, *at))
            return false;
    return *steps;
}

static int check_authorisation(const struct config_yaml *file, const struct config *c, unsigned i, struct problem *p)
{
    char at[AT_BYTES];
    const struct config_authorisation *one = &c->authorisations[i];
    int64_t from, until;
    (void)snprintf(at, sizeof at, "/authorisations/%u/id", i);
    if (!uuid_valid(one->id))
        return config_yaml_refuse(file, at, p, "id '%.40s' is not a UUID", one->id);
    for (unsigned k = 0; k < i; k++)
        if (!strcmp(c->authorisations[k].id, one->id))
            return config_yaml_refuse(file, at, p, "id '%s' stands here twice", one->id);
    (void)snprintf(at, sizeof at, "/authorisations/%u/delegate", i);
    if (!config_peer(c, one->delegate))
        return config_yaml_refuse(file, at, p, "delegate '%.20s' is none of the peers", one->delegate);
    (void)snprintf(at, sizeof at, "/authorisations/%u/items", i);
    if (!items_valid(one->items))
        return config_yaml_refuse(file, at, p, "items: '*' or item codes separated by commas");
    (void)snprintf(at, sizeof at, "/authorisations/%u/steps", i);
    if (!steps_valid(one->steps))
        return config_yaml_refuse(file, at, p, "steps '%.20s': letters of INOPD, each once", one->steps);
    (void)snprintf(at, sizeof at, "/authorisations/%u/from", i);
    if (date_parse(one->from, &from))
        return config_yaml_refuse(file, at, p, "from '%.20s' is not a date YYYY-MM-DD", one->from);
    (void)snprintf(at, sizeof at, "/authorisations/%u/until", i);
    if (date_parse(one->until, &until))
        return config_yaml_refuse(file, at, p, "until '%.20s' is not a date YYYY-MM-DD", one->until);
    if (until < from)
        return config_yaml_refuse(file, at, p, "until %s is before from %s", one->until, one->from);
    return 0;
}

/* What is printed: one line each, and a prefix that leaves room for the rest of a number. */
static int check_documents(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    const struct config_documents *d = &c->documents;
    const struct {
        const char *at, *text;
        size_t max;
    } texts[] = {{"/documents/prefix", d->prefix, DOCUMENT_PREFIX_BYTES}, {"/documents/seal", d->seal, LIMIT_NAME_BYTES},
                 {"/documents/intake_seal", d->intake_seal, LIMIT_NAME_BYTES}, {"/documents/phone", d->phone, CONTACT_MAX},
                 {"/documents/complaint", d->complaint, CONTACT_MAX}, {"/documents/address", d->address, LIMIT_NAME_BYTES},
                 {"/documents/review_body", d->review_body, LIMIT_NAME_BYTES}, {"/documents/court", d->court, LIMIT_NAME_BYTES}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text && text_check_name(texts[i].text, texts[i].max))
            return config_yaml_refuse(file, texts[i].at, p, "1 to %zu bytes in one line, without blanks around it", texts[i].max);
    return 0;
}

static int check_contacts(const struct config_yaml *file, const struct config_peer *peer, unsigned i, struct problem *p)
{
    const char *const names[] = {"phone", "complaint", "address"};
    const char *const texts[] = {peer->phone, peer->complaint, peer->address};
    for (size_t k = 0; k < 3; k++) {
        char at[AT_BYTES];
        size_t max = k < 2 ? CONTACT_MAX : LIMIT_NAME_BYTES;
        (void)snprintf(at, sizeof at, "/peers/%u/%s", i, names[k]);
        if (texts[k] && text_check_name(texts[k], max))
            return config_yaml_refuse(file, at, p, "1 to %zu bytes in one line, without blanks around it", max);
    }
    return 0;
}

static bool is_time_of_day(const char *at)
{
    bool form = strlen(at) == 5 && strspn(at, "0123456789") == 2 && at[2] == ':' && strspn(at + 3, "0123456789") == 2;
    return form && strtol(at, NULL, 10) < 24 && at[3] < '6';
}

static int check_retention(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    const struct config_retention *r = &c->retention;
    if (!is_time_of_day(r->at))
        return config_yaml_refuse(file, "/retention/at", p, "at '%.20s' is no time of day, HH:MM", r->at);
    if (r->archive && r->archive[0] != '/')
        return config_yaml_refuse(file, "/retention/archive", p, "archive must be an absolute name");
    return 0;
}

static int check_backup(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    const char *at = c->backup.at;
    if (!c->backup.directory)
        return 0;
    if (c->backup.directory[0] != '/')
        return config_yaml_refuse(file, "/backup/directory", p, "directory must be an absolute name");
    if (!is_time_of_day(at))
        return config_yaml_refuse(file, "/backup/at", p, "at '%.20s' is no time of day, HH:MM", at);
    if (c->backup.keep < 1 || c->backup.keep > BACKUPS_MAX)
        return config_yaml_refuse(file, "/backup/keep", p, "keep must be 1 to %d", BACKUPS_MAX);
    return 0;
}

static int check_limits(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    const unsigned days[STEP_LIMITS] = {[LIMIT_STEP_FORWARD] = c->limits.forward,
                                        [LIMIT_STEP_ORIGINALS] = c->limits.originals,
                                        [LIMIT_STEP_RECHECK] = c->limits.recheck,
                                        [LIMIT_STEP_RESULT] = c->limits.result};
    for (int i = 0; i < STEP_LIMITS; i++) {
        char at[AT_BYTES];
        (void)snprintf(at, sizeof at, "/limits/%s", step_limits[i].name);
        if (days[i] < 1 || days[i] > STEP_LIMIT_DAYS_MAX)
            return config_yaml_refuse(file, at, p, "%s must be 1 to %d working days", step_limits[i].name, (int)STEP_LIMIT_DAYS_MAX);
    }
    return 0;
}

static int check_admission(const struct config_yaml *file, const struct config_admission *a, struct problem *p)
{
    const struct {
        const char *key;
        unsigned value;
    } rows[] = {{"staff_per_s", a->staff_per_s}, {"peer_per_s", a->peer_per_s}, {"connections", a->connections},
                {"connections_of_one", a->connections_of_one}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char at[AT_BYTES];
        (void)snprintf(at, sizeof at, "/admission/%s", rows[i].key);
        if (rows[i].value < 1 || rows[i].value > LIMIT_ADMISSION_MAX)
            return config_yaml_refuse(file, at, p, "%s must be 1 to %d", rows[i].key, LIMIT_ADMISSION_MAX);
    }
    return 0;
}

/* The level that `areas` gives this area, or NULL. */
static const char *area_level(const struct config_log *log, int area)
{
    const struct config_log_areas *a = &log->areas;
    const char *const levels[LOG_AREAS] = {a->main, a->config, a->store, a->ledger, a->office,
                                           a->net,  a->tls,    a->peer,  a->api,    a->material};
    return levels[area];
}

static int check_log(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    static const char words[] = "level '%.20s': err, warning, notice, info or debug";
    if (log_level_by_name(c->log.level) < 0)
        return config_yaml_refuse(file, "/log/level", p, words, c->log.level);
    for (int i = 0; i < LOG_AREAS; i++) {
        char at[AT_BYTES];
        const char *level = area_level(&c->log, i);
        (void)snprintf(at, sizeof at, "/log/areas/%s", log_area_name((enum log_area)i));
        if (level && log_level_by_name(level) < 0)
            return config_yaml_refuse(file, at, p, words, level);
    }
    return 0;
}

void config_set_log(const struct config_log *log)
{
    int level = log_level_by_name(log->level);
    if (level >= 0)
        log_set_level((enum log_level)level);
    for (int i = 0; i < LOG_AREAS; i++) {
        const char *own = area_level(log, i);
        log_set_area_level((enum log_area)i, own ? log_level_by_name(own) : -1);
    }
}

static int check(const struct config_yaml *file, const struct config *c, struct problem *p)
{
    if (!office_valid(c->office.code))
        return config_yaml_refuse(file, "/office/code", p, "code '%.20s' is not a six-digit division code", c->office.code);
    if (c->store.readers < 1 || c->store.readers > READERS_MAX)
        return config_yaml_refuse(file, "/store/readers", p, "readers must be 1 to %d", READERS_MAX);
    if (!suite_by_name(c->ledger.suite))
        return config_yaml_refuse(file, "/ledger/suite", p, "suite '%.20s' is not known", c->ledger.suite);
    int err = check_log(file, c, p);
    if (err)
        return err;
    if (c->hooks.directory && (c->hooks.timeout_s < 1 || c->hooks.timeout_s > LIMIT_HOOK_TIMEOUT_S))
        return config_yaml_refuse(file, "/hooks/timeout_s", p, "timeout_s must be 1 to %d", LIMIT_HOOK_TIMEOUT_S);
    err = check_backup(file, c, p);
    if (!err)
        err = check_retention(file, c, p);
    if (err)
        return err;
    if (c->crl_max_age_days < 1 || c->crl_max_age_days > LIMIT_CRL_AGE_DAYS)
        return config_yaml_refuse(file, "/crl_max_age_days", p, "crl_max_age_days must be 1 to %d", LIMIT_CRL_AGE_DAYS);
    err = check_limits(file, c, p);
    if (!err)
        err = check_admission(file, &c->admission, p);
    if (!err)
        err = check_listeners(file, c, p);
    if (!err)
        err = check_staff(file, c, p);
    if (!err)
        err = check_documents(file, c, p);
    for (unsigned i = 0; !err && i < c->peer_count; i++)
        err = check_peer(file, c, i, p);
    for (unsigned i = 0; !err && i < c->peer_count; i++)
        err = check_contacts(file, &c->peers[i], i, p);
    for (unsigned i = 0; !err && i < c->authorisation_count; i++)
        err = check_authorisation(file, c, i, p);
    return err;
}

/* ---- the module's functions ---- */

static int load_schema(const struct config_yaml *file, struct config **out, struct problem *p)
{
    struct capture capture = {.line = 0};
    cyaml_config_t settings = cyaml_settings;
    settings.log_fn = capture_log;
    settings.log_ctx = &capture;
    cyaml_data_t *data = NULL;
    cyaml_err_t err = cyaml_load_data((const uint8_t *)file->bytes, file->len, &settings, &config_schema, &data, NULL);
    if (err == CYAML_OK && data) {
        *out = data;
        return 0;
    }
    if (err == CYAML_ERR_OOM)
        return problem_from_code(p, TB_ENOMEM);
    return problem_set(p, PROBLEM_FIELD, NULL, "%s:%lu: %s", file->path, capture.line ? capture.line : 1,
                       capture.message[0] ? capture.message : cyaml_strerror(err));
}

int config_load(const char *path, struct config **out, struct problem *p)
{
    struct config_yaml file = {0};
    struct config *config = NULL;
    int err = config_yaml_read(path, &file, p);
    if (!err)
        err = check_keys(&file, config_options, "", p);
    if (!err)
        err = load_schema(&file, &config, p);
    if (!err)
        err = complete(&file, config_options, (char *)config, "", p);
    if (!err)
        err = check(&file, config, p);
    if (!err && !(config->path = strdup(path)))
        err = problem_from_code(p, TB_ENOMEM);
    if (err)
        config_free(config);
    else
        *out = config;
    config_yaml_free(&file);
    return err;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    free(config->path);
    config->path = NULL;
    (void)cyaml_free(&cyaml_settings, &config_schema, config, 0);
}

const struct config_peer *config_peer(const struct config *config, const char *office)
{
    for (unsigned i = 0; i < config->peer_count; i++)
        if (!strcmp(config->peers[i].office, office))
            return &config->peers[i];
    return NULL;
}

const struct config_staff *config_staff(const struct config *config, const char *id)
{
    for (unsigned i = 0; i < config->staff_count; i++)
        if (!strcmp(config->staff[i].id, id))
            return &config->staff[i];
    return NULL;
}

static int print_table(struct buf *out, const struct config_option *options, const char *prefix)
{
    static const char *const kinds[] = {"text", "file", "directory", "number", "true/false", "mapping", "list", "list of files"};
    int err = buf_append_str(out, "| key | kind | default | meaning |\n| --- | --- | --- | --- |\n");
    for (const struct config_option *o = options; !err && o->key; o++)
        err = buf_printf(out, "| `%s%s` | %s | %s%s%s | %s |\n", prefix, o->key, kinds[o->kind],
                         o->fallback ? "`" : "", o->fallback ? o->fallback : o->required ? "required" : "–", o->fallback ? "`" : "",
                         o->help);
    return err;
}

int config_print_reference(struct buf *out)
{
    int err = buf_append_str(
        out,
        "# Configuration\n\nOne YAML file per office, given with `tongband --config FILE` and checked with `tongband "
        "--check-config FILE`.\nThis page is made from the table that reads the file "
        "(`daemon/base/config_schema.c`).\nUnknown keys, doubled keys, anchors and aliases are refused, with "
        "file and line. Relative file names are\nrelative to the configuration file. Secrets are never "
        "values, only names of files;\n`credential:NAME` is the file of a systemd credential (`LoadCredential=`), for the service only.\n\n## The file\n\n");
    if (!err)
        err = print_table(out, config_options, "");
    for (const struct config_option *o = config_options; !err && o->key; o++) {
        if (!o->members)
            continue;
        char prefix[64];
        (void)snprintf(prefix, sizeof prefix, o->kind == CONFIG_LIST ? "%s[]." : "%s.", o->key);
        err = buf_printf(out, "\n## `%s`\n\n%s\n\n", o->key, o->help);
        if (!err)
            err = print_table(out, o->members, prefix);
        for (const struct config_option *inner = o->members; !err && inner->key; inner++) {
            char deeper[128];
            (void)snprintf(deeper, sizeof deeper, "%s%s.", prefix, inner->key);
            if (inner->members)
                err = buf_printf(out, "\n");
            if (!err && inner->members)
                err = print_table(out, inner->members, deeper);
        }
    }
    return err;
}
