#include "daemon/base/config_schema.h"

#include <stdint.h>

#include "daemon/base/config.h"
#include "proto/limits.h"

enum { TEXT_MAX = 4096, STAFF_MAX = 10000, AUTHORISATIONS_MAX = 1000, CATALOGUE_FILES_MAX = 100 };

/* Rows: R(kind, structure, member, "key", required (YES or NO), default, "what it is").  `kind` is TEXT, FILE,
 * DIRECTORY, NUMBER or BOOL. */
#define OFFICE_ROWS(R)                                                                                                   \
    R(TEXT, config_office, code, "code", YES, NULL, "Six-digit division code of this office (GB/T 2260), e.g. `330483`.") \
    R(TEXT, config_office, name, "name", YES, NULL, "Name of the office as staff and counterparts see it.")
#define STORE_ROWS(R)                                                                                                    \
    R(DIRECTORY, config_store, directory, "directory", YES, NULL, "Where the database and the materials are kept.")     \
    R(NUMBER, config_store, disk_floor_bytes, "disk_floor_bytes", NO, "524288000", "Below this many free bytes no new intake is taken.") \
    R(NUMBER, config_store, readers, "readers", NO, "2", "Reader threads, 1 to 8.")
#define LEDGER_ROWS(R)                                                                                                   \
    R(FILE, config_ledger, key, "key", YES, NULL, "File of the ledger's signing key (`tongband --make-ledger-key`); after `tongbanctl key rotate` the key of before on a second line.")   \
    R(TEXT, config_ledger, suite, "suite", NO, "intl", "Algorithms of the ledger: `intl` = SHA-256 and Ed25519.")
#define LISTENER_ROWS(R)                                                                                                 \
    R(TEXT, config_listener, address, "address", YES, NULL, "Numeric address to listen on.")                            \
    R(NUMBER, config_listener, port, "port", YES, NULL, "TCP port; 0 takes any free one (tests).")                      \
    R(FILE, config_listener, certificate, "certificate", YES, NULL, "PEM file of the server's certificate (chain).")    \
    R(FILE, config_listener, key, "key", YES, NULL, "PEM file of its private key.")                                     \
    R(FILE, config_listener, authority, "authority", YES, NULL, "PEM file of the authority that clients must chain to; of the old and the next one while it changes.")
#define WINDOW_ROWS(R) LISTENER_ROWS(R)                                                                                  \
    R(FILE, config_listener, crl, "crl", NO, NULL, "PEM file of that authority's revocation list (CRL); a certificate of staff in it opens nothing.")
#define ADMIN_ROWS(R)                                                                                                    \
    R(TEXT, config_listener, address, "address", NO, "127.0.0.1", "Numeric loopback address; plain HTTP.")            \
    R(NUMBER, config_listener, port, "port", YES, NULL, "TCP port; 0 takes any free one (tests).")
#define STAFF_ROWS(R)                                                                                                    \
    R(TEXT, config_staff, id, "id", YES, NULL, "Number of the member of staff, as in the certificate, e.g. `0007`.")    \
    R(TEXT, config_staff, name, "name", YES, NULL, "Name; shown to colleagues, never logged.")                          \
    R(TEXT, config_staff, role, "role", YES, NULL, "`window` (takes in, delivers), `handler` (decides), `liaison` (联络员: registers, contacts, authorisations; decides no case), `supervisor` (督考: figures, not faces) `auditor` (审计: reads what is masked, does nothing), or a channel that only takes in and asks for progress: `assisted` (帮办), `portal`, `kiosk` (自助终端).") \
    R(TEXT, config_staff, window, "window", NO, NULL, "Name of the window at which the person sits.")                   \
    R(TEXT, config_staff, township, "township", NO, NULL, "Township or street (镇街) of the window, nine digits, the first six those of the office.") \
    R(BOOL, config_staff, suspended, "suspended", NO, "false", "true: the certificate opens nothing.")
#define PEER_ROWS(R)                                                                                                     \
    R(TEXT, config_peer, office, "office", YES, NULL, "Division code of the counterpart.")                              \
    R(TEXT, config_peer, name, "name", YES, NULL, "Its name.")                                                          \
    R(TEXT, config_peer, url, "url", YES, NULL, "Base URL of its peer API, `https://host:port`.")                       \
    R(FILE, config_peer, authority, "authority", YES, NULL, "PEM file of the authority of its gateway, pinned to this office; of the old and the next one while it changes.") \
    R(FILE, config_peer, crl, "crl", NO, NULL, "PEM file of that authority's revocation list (CRL).") \
    R(TEXT, config_peer, ledger_key, "ledger_key", YES, NULL, "Verification key of its ledger (C2SP vkey), exchanged out of band.") \
    R(TEXT, config_peer, phone, "phone", NO, NULL, "Its telephone for applicants; printed on documents that are handed over here in its name.") \
    R(TEXT, config_peer, complaint, "complaint", NO, NULL, "Its complaint line.") \
    R(TEXT, config_peer, address, "address", NO, NULL, "Its postal address for materials.") \
    R(BOOL, config_peer, licences, "licences", NO, "false", "true: its program knows e-licences (电子证照): `licence_id` of materials and `licence` of items are sent to it; else the identifier goes in the material's remark and the element is left out.")
#define AUTHORISATION_ROWS(R)                                                                                            \
    R(TEXT, config_authorisation, id, "id", YES, NULL, "UUID of the authorisation.")                                    \
    R(TEXT, config_authorisation, delegate, "delegate", YES, NULL, "Office that is authorised (受委托机关).")           \
    R(TEXT, config_authorisation, items, "items", NO, "*", "Item codes separated by commas, or `*` for all.")         \
    R(TEXT, config_authorisation, steps, "steps", YES, NULL, "Letters of the steps: I intake, N one-time notice, O original verification, P person comparison, D delivery.") \
    R(BOOL, config_authorisation, acceptance, "acceptance", NO, "false", "true: intake includes acceptance (受理).")  \
    R(TEXT, config_authorisation, from, "from", YES, NULL, "First day, YYYY-MM-DD.")                                    \
    R(TEXT, config_authorisation, until, "until", YES, NULL, "Last day, YYYY-MM-DD.")                                   \
    R(TEXT, config_authorisation, announcement, "announcement", YES, NULL, "Number of the public announcement (公告).")
#define DOCUMENTS_ROWS(R)                                                                                                \
    R(TEXT, config_documents, prefix, "prefix", NO, NULL, "Short name of this office in the numbers of its documents (机关简称), e.g. `桐政服`; else the first character of the office's name and `政服`.") \
    R(TEXT, config_documents, seal, "seal", NO, NULL, "Name of the seal on documents of this office as home side; else the office's name and `行政审批专用章`.") \
    R(TEXT, config_documents, intake_seal, "intake_seal", NO, NULL, "Name of the seal of its intake windows; else the office's name and `收件专用章`.") \
    R(TEXT, config_documents, phone, "phone", NO, NULL, "Telephone for applicants; printed on every notice, which is refused without one.") \
    R(TEXT, config_documents, complaint, "complaint", NO, NULL, "Complaint line (投诉电话); printed on the acceptance notice.") \
    R(TEXT, config_documents, address, "address", NO, NULL, "Postal address for materials; printed on the one-time notice and the transfer list.") \
    R(TEXT, config_documents, review_body, "review_body", NO, NULL, "Body for administrative review (行政复议机关) in the remedies; else the people's government of the place that the office's name begins with.") \
    R(TEXT, config_documents, court, "court", NO, NULL, "Court for administrative litigation in the remedies; else the people's court of that place.") \
    R(BOOL, config_documents, typed_numbers, "typed_numbers", NO, "false", "true: officers type the numbers themselves, nothing is numbered here; needed while a counterpart runs a version that refuses `document_no` and `seal` in its messages.")
#define BACKUP_ROWS(R)                                                                                                   \
    R(TEXT, config_backup, directory, "directory", YES, NULL, "Absolute name of the directory for backups, best on another disk; it may be away while the office serves. Without `backup` none is made by itself.") \
    R(NUMBER, config_backup, keep, "keep", NO, "7", "How many verified backups stay, 1 to 1000.")                       \
    R(TEXT, config_backup, at, "at", NO, "02:30", "Time of day of the nightly backup, `HH:MM`, China Standard Time.")   \
    R(NUMBER, config_backup, bytes_per_second, "bytes_per_second", NO, "33554432", "How fast a backup may read and write; 0: as fast as the disk.") \
    R(BOOL, config_backup, same_disk_ok, "same_disk_ok", NO, "false", "true: there is no other disk for backups, and a copy is carried out of the house; `backup-same-disk` is then no finding.")
#define RETENTION_ROWS(R)                                                                                                \
    R(BOOL, config_retention, sweep, "sweep", NO, "false", "true: what is over its retention is erased each night; else only by `tongbanctl retention run`.") \
    R(TEXT, config_retention, at, "at", NO, "03:30", "Time of day at which it is looked what is over its retention, `HH:MM`, China Standard Time; best after the backup.") \
    R(TEXT, config_retention, archive, "archive", NO, NULL, "Absolute name of a directory; before a case is erased its archive is written there, and without it the case stays.")
#define LIMITS_ROWS(R)                                                                                                   \
    R(NUMBER, config_limits, forward, "forward", NO, "1", "Working days from the hand-in to the forwarding (收件推送), 1 to 60.") \
    R(NUMBER, config_limits, originals, "originals", NO, "2", "Working days until the paper originals are posted (原件寄递).") \
    R(NUMBER, config_limits, recheck, "recheck", NO, "1", "Working days for the first answer of the home side (属地复核).") \
    R(NUMBER, config_limits, result, "result", NO, "1", "Working days until the result is posted or handed over (结果寄送).")
#define ADMISSION_ROWS(R)                                                                                                \
    R(NUMBER, config_admission, staff_per_s, "staff_per_s", NO, "50", "Requests a second of one member of staff, counted each for itself: to read, to change, to move files; ten times as many at once. Raise it for a certificate that a line system uses.") \
    R(NUMBER, config_admission, peer_per_s, "peer_per_s", NO, "200", "The same of one counterpart.")                     \
    R(NUMBER, config_admission, connections, "connections", NO, "4096", "Connections of each listener; beyond it the oldest idle one is closed. Needs as many open files.") \
    R(NUMBER, config_admission, connections_of_one, "connections_of_one", NO, "512", "Connections of one certificate or one address; raise it where all windows come through one address.")
#define HOOKS_ROWS(R)                                                                                                    \
    R(DIRECTORY, config_hooks, directory, "directory", YES, NULL, "Programs of the site that are told each event; without `hooks` nothing is told.") \
    R(NUMBER, config_hooks, timeout_s, "timeout_s", NO, "30", "Seconds after which a program that does not end is stopped, 1 to 600.")
#define LOG_AREA_ROWS(R) \
    R(TEXT, config_log_areas, main, "main", NO, NULL, "Level of start, stop, signals.") \
    R(TEXT, config_log_areas, config, "config", NO, NULL, "Level of the configuration.") \
    R(TEXT, config_log_areas, store, "store", NO, NULL, "Level of database and disk.") \
    R(TEXT, config_log_areas, ledger, "ledger", NO, NULL, "Level of the ledger.") \
    R(TEXT, config_log_areas, office, "office", NO, NULL, "Level of what commands mean, the tick, hooks.") \
    R(TEXT, config_log_areas, net, "net", NO, NULL, "Level of listeners and HTTP.") \
    R(TEXT, config_log_areas, tls, "tls", NO, NULL, "Level of handshakes and certificates.") \
    R(TEXT, config_log_areas, peer, "peer", NO, NULL, "Level of the exchange with counterparts.") \
    R(TEXT, config_log_areas, api, "api", NO, NULL, "Level of requests of staff and counterparts, tongbanctl.") \
    R(TEXT, config_log_areas, material, "material", NO, NULL, "Level of uploads and materials.")
#define LOG_ROWS(R) \
    R(TEXT, config_log, level, "level", NO, "info", "`err`, `warning`, `notice`, `info` or `debug`.")

/* The same rows as libcyaml fields … */
#define NEED_YES CYAML_FLAG_DEFAULT
#define NEED_NO CYAML_FLAG_OPTIONAL
#define IS_YES true
#define IS_NO false
#define FIELD_TEXT(s, m, key, required) CYAML_FIELD_STRING_PTR(key, NEED_##required, struct s, m, 1, TEXT_MAX),
#define FIELD_FILE FIELD_TEXT
#define FIELD_DIRECTORY FIELD_TEXT
#define FIELD_NUMBER(s, m, key, required) CYAML_FIELD_UINT(key, NEED_##required, struct s, m),
#define FIELD_BOOL(s, m, key, required) CYAML_FIELD_BOOL(key, NEED_##required, struct s, m),
#define FIELD(kind, s, m, key, required, fallback, help) FIELD_##kind(s, m, key, required)
/* … and as options. */
#define OPTION(k, s, m, name, need, otherwise, text) \
    {.key = name, .kind = CONFIG_##k, .required = IS_##need, .fallback = otherwise, .help = text, .offset = offsetof(struct s, m), \
     .size = sizeof ((struct s *)NULL)->m},
#define TABLES(name, ROWS)                                                              \
    static const cyaml_schema_field_t name##_fields[] = {ROWS(FIELD) CYAML_FIELD_END}; \
    static const struct config_option name##_options[] = {ROWS(OPTION){.key = NULL}};

TABLES(office, OFFICE_ROWS)
TABLES(store, STORE_ROWS)
TABLES(ledger, LEDGER_ROWS)
TABLES(listener, LISTENER_ROWS)
TABLES(window, WINDOW_ROWS)
TABLES(admin, ADMIN_ROWS)
TABLES(staff, STAFF_ROWS)
TABLES(peer, PEER_ROWS)
TABLES(authorisation, AUTHORISATION_ROWS)
TABLES(documents, DOCUMENTS_ROWS)
TABLES(log_areas, LOG_AREA_ROWS)
static const cyaml_schema_field_t log_fields[] = {
    LOG_ROWS(FIELD) CYAML_FIELD_MAPPING("areas", CYAML_FLAG_OPTIONAL, struct config_log, areas, log_areas_fields), CYAML_FIELD_END};
static const struct config_option log_options[] = {
    LOG_ROWS(OPTION)
    {.key = "areas", .kind = CONFIG_MAP, .help = "A level for one area alone, e.g. `areas: {peer: debug}`; the others have `log.level`.",
     .offset = offsetof(struct config_log, areas), .members = log_areas_options},
    {.key = NULL}};
TABLES(hooks, HOOKS_ROWS)
TABLES(admission, ADMISSION_ROWS)
TABLES(limits, LIMITS_ROWS)
TABLES(backup, BACKUP_ROWS)
TABLES(retention, RETENTION_ROWS)

static const cyaml_schema_value_t staff_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_staff, staff_fields)};
static const cyaml_schema_value_t peer_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_peer, peer_fields)};
static const cyaml_schema_value_t authorisation_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_authorisation, authorisation_fields)};
static const cyaml_schema_value_t file_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_MAX)};

/* The file: M(member, "key", required, fields, help) mappings, L lists, then the single values. */
#define MAPS(M)                                                                                                         \
    M(office, "office", YES, office, "Who this office is.")                                                            \
    M(store, "store", YES, store, "Where facts are kept.")                                                             \
    M(ledger, "ledger", YES, ledger, "What the office signs with.")                                                    \
    M(window, "window", YES, window, "Listener for staff (`tongban`), mutual TLS.")                                  \
    M(peer_listener, "peer", YES, listener, "Listener for counterparts, mutual TLS.")                                  \
    M(admin, "admin", YES, admin, "Listener for operators: `/healthz`, `/metrics`; loopback only.")                    \
    M(documents, "documents", NO, documents, "What stands on the written documents (文书).")                           \
    M(hooks, "hooks", NO, hooks, "Programs that connect a line system (条线系统).")                                    \
    M(admission, "admission", NO, admission, "How much one sender may ask for.")                                     \
    M(log, "log", NO, log, "What is logged.")                                                                        \
    M(backup, "backup", NO, backup, "Nightly backup of the database and the materials.")                               \
    M(retention, "retention", NO, retention, "What happens to cases that are over their retention.")                    \
    M(limits, "limits", NO, limits, "Limits of the halls' own steps, in working days; a light shows when one runs out.")
#define LISTS(L)                                                                                                        \
    L(staff, staff_count, "staff", YES, staff, STAFF_MAX, "Who works here.")                                           \
    L(peers, peer_count, "peers", NO, peer, LIMIT_PEERS, "Counterparts, each pinned.")                               \
    L(authorisations, authorisation_count, "authorisations", NO, authorisation, AUTHORISATIONS_MAX,                  \
      "What this office, as principal (委托机关), allows its counterparts to do.")
#define SINGLES(R)                                                                                                      \
    R(FILE, config, gateway_certificate, "gateway_certificate", YES, NULL, "PEM file of our client certificate towards counterparts.") \
    R(FILE, config, gateway_key, "gateway_key", YES, NULL, "PEM file of its private key.")                             \
    R(NUMBER, config, crl_max_age_days, "crl_max_age_days", NO, "35", "A revocation list older than this is outdated, as it is after its own date: an alarm, see `crl_strict`; 1 to 3650.") \
    R(BOOL, config, crl_strict, "crl_strict", NO, "false", "true: while a revocation list is outdated, nobody whom its authority signed is let in; else it goes on being used.") \
    R(TEXT, config, control, "control", NO, NULL, "Absolute name of the Unix socket of `tongbanctl`, e.g. `/run/tongban/330483.ctl`, which it is when `/run/tongban` exists; else there is none.") \
    R(FILE, config, calendar, "calendar", YES, NULL, "Working-day calendar (TSV: date, holiday or workday, name).")

#define MAP_FIELD(m, key, required, table, help) CYAML_FIELD_MAPPING(key, NEED_##required, struct config, m, table##_fields),
#define MAP_OPTION(m, name, need, table, text) \
    {.key = name, .kind = CONFIG_MAP, .required = IS_##need, .help = text, .offset = offsetof(struct config, m), .members = table##_options},
#define LIST_FIELD(m, count, key, need, table, max, help) \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | NEED_##need, struct config, m, count, &table##_entry, 0, max),
#define LIST_OPTION(m, count, name, need, table, max, text)                                                           \
    {.key = name, .kind = CONFIG_LIST, .required = IS_##need, .help = text, .offset = offsetof(struct config, m),          \
     .size = sizeof *((struct config *)NULL)->m, .count_offset = offsetof(struct config, count), .members = table##_options},

static const cyaml_schema_field_t config_fields[] = {
    MAPS(MAP_FIELD) LISTS(LIST_FIELD) SINGLES(FIELD)
    CYAML_FIELD_SEQUENCE_COUNT("catalogue", CYAML_FLAG_POINTER, struct config, catalogue, catalogue_count, &file_entry, 1,
                               CATALOGUE_FILES_MAX),
    CYAML_FIELD_END};

const struct config_option config_options[] = {
    MAPS(MAP_OPTION) SINGLES(OPTION)
    {.key = "catalogue", .kind = CONFIG_FILES, .required = true, .help = "Catalogue files of this office's own items (YAML).",
     .offset = offsetof(struct config, catalogue), .size = sizeof(char *), .count_offset = offsetof(struct config, catalogue_count)},
    LISTS(LIST_OPTION)
    {.key = NULL}};

const cyaml_schema_value_t config_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, config_fields)};
