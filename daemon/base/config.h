/* config: one office's configuration file (YAML through libcyaml), read, checked and explained.
 *
 * One schema table drives parsing, `tongband --check-config` and docs/reference/configuration.md.  Unknown keys are fatal; each error
 * names file and line.  Relative paths are relative to the file, "credential:NAME" to $CREDENTIALS_DIRECTORY.  Secrets are never values,
 * only file names. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

struct config_office {
    char *code;          /* six digits, GB/T 2260 */
    char *name;
};

struct config_store {
    char *directory;          /* database and materials */
    uint64_t disk_floor_bytes;
    unsigned readers;         /* reader threads, 1–8 */
};

struct config_ledger {
    char *key;           /* file of the signing key */
    char *suite;         /* "intl" */
};

struct config_log_areas { /* a level for this area alone, or NULL; in the order of enum log_area */
    char *main, *config, *store, *ledger, *office, *net, *tls, *peer, *api, *material;
};

struct config_log {
    char *level;         /* err warning notice info debug */
    struct config_log_areas areas;
};

struct config_hooks {
    char *directory;     /* or NULL: no hooks */
    unsigned timeout_s;
};

struct config_listener {
    char *address;       /* numeric */
    uint16_t port;       /* 0: any free one (tests) */
    char *certificate;   /* PEM file; NULL for admin (plain HTTP) */
    char *key;
    char *authority;     /* CA file that clients must chain to */
    char *crl;           /* window only: its revocation list, or NULL */
};

struct config_staff {
    char *id;            /* "0007" */
    char *name;
    char *role;          /* a word of proto/access.h */
    char *window, *township; /* or NULL */
    bool suspended;
};

struct config_peer {
    char *office;        /* "330483" */
    char *name;
    char *url;           /* "https://127.0.0.1:7402": its peer API */
    char *authority;     /* CA file of the peer's gateway, pinned to this office: for its server and its client certificate */
    char *crl;           /* revocation list of that authority, or NULL */
    char *ledger_key;    /* C2SP vkey text */
    char *phone, *complaint, *address; /* for applicants, on documents in its name; or NULL */
    bool licences;       /* its program knows e-licences (proto/licence.h) */
};

struct config_documents { /* each may be NULL: see config_schema.c for what stands in */
    char *prefix;        /* 机关简称 */
    char *seal, *intake_seal;
    char *phone, *complaint, *address;
    char *review_body, *court;
    bool typed_numbers;  /* officers type the numbers */
};

struct config_authorisation { /* what this office (as principal, 委托机关) allows a delegate */
    char *id;            /* uuid */
    char *delegate;      /* office code */
    char *items;         /* "*" or comma-separated item codes */
    char *steps;         /* subset of "INOPD" */
    bool acceptance;     /* 收件受理 includes acceptance (受理) */
    char *from, *until;  /* dates */
    char *announcement;  /* 公告 number */
};

struct config_limits {   /* of the halls' own steps, working days (proto/light.h) */
    unsigned forward, originals, recheck, result;
};

struct config_admission { /* daemon/api/admission.h, daemon/net/http_server.h */
    unsigned staff_per_s, peer_per_s, connections, connections_of_one;
};

struct config_backup {
    char *directory;     /* or NULL: no nightly backup */
    unsigned keep;
    char *at;            /* "02:30", China Standard Time */
    uint64_t bytes_per_second;
    bool same_disk_ok;   /* the store's own disk is meant: no finding */
};

struct config_retention {
    bool sweep;          /* by night */
    char *at;            /* "03:30", China Standard Time */
    char *archive;       /* directory for the archives of what is erased, or NULL */
};

struct config {
    char *path;          /* of the file */
    struct config_office office;
    struct config_store store;
    struct config_ledger ledger;
    struct config_listener window, peer_listener, admin;
    char *gateway_certificate, *gateway_key;   /* client certificate towards peers */
    unsigned crl_max_age_days;    /* older: outdated */
    bool crl_strict;              /* outdated: refused */
    char *control;                /* socket of tongbanctl; NULL: /run/tongban/CODE.ctl when that directory is there */
    char *calendar;               /* TSV */
    char **catalogue;             /* this office's own catalogue files */
    unsigned catalogue_count;
    struct config_staff *staff;
    unsigned staff_count;
    struct config_peer *peers;
    unsigned peer_count;
    struct config_authorisation *authorisations;
    unsigned authorisation_count;
    struct config_documents documents;
    struct config_log log;
    struct config_hooks hooks;
    struct config_limits limits;
    struct config_admission admission;
    struct config_backup backup;
    struct config_retention retention;
};

/* Reads and checks the file and the references in it (files exist, codes valid, ids unique).  *out is new. */
int config_load(const char *path, struct config **out, struct problem *p) TB_MUST_USE;
void config_free(struct config *config);
/* Levels as the file says, now. */
void config_set_log(const struct config_log *log);
/* Prints the commented default configuration / the reference page from the schema table. */
int config_print_reference(struct buf *out) TB_MUST_USE;

/* What the configuration says, for a support bundle: nothing about persons, of the staff only how many; files by their names.  New, NULL
 * without memory. */
json_t *config_summary(const struct config *config);

/* Catalogue files (YAML): {office, items:[…]} → the JSON edition document's items, checked by proto/item.h, errors with
 * file:line.  *items is a new reference. */
int config_load_catalogue(char *const *files, unsigned count, const char *office, json_t **items, struct problem *p) TB_MUST_USE;

/* The peer of that office code, the member of staff of that number; borrowed, or NULL. */
const struct config_peer *config_peer(const struct config *config, const char *office);
const struct config_staff *config_staff(const struct config *config, const char *id);

#endif
