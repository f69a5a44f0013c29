/* api: who may ask what over HTTP — the routes of the window, peer and admin listeners, and what they share.
 *
 * A handler decodes, authorises, hands a command or a question to the store, and encodes what comes back; what a request *means* stands
 * in daemon/office.  One `struct api` is the context of all three listeners.  Loop thread throughout. */
#ifndef API_API_H
#define API_API_H

#include "daemon/api/observe.h"
#include "daemon/base/config.h"
#include "daemon/base/world.h"
#include "daemon/net/http_server.h"
#include "daemon/net/lane.h"
#include "daemon/net/tls.h"
#include "daemon/office/office.h"

struct admission;
struct watch;
struct api_report;
struct material_api;
struct material_store;

/* One counterpart as the peer listener sees it. */
struct api_peer {
    const struct office_peer *peer;
    struct tls_pins authority; /* the pinned CA, or CAs */
    bool busy;               /* a batch of it is being taken: one at a time, so that order and consistency are decided once */
};

/* What the drivers tell for /healthz; filled by main, because api stands beside peer and not above it. */
struct api_peer_status {
    bool alarm;
    bool refused, material_stuck; /* which of both halves of the exchange has the alarm */
    bool paused;                  /* by an operator */
    int last_rc;                  /* of the last failure, 0 none */
    unsigned failures;
    int64_t last_exchange_ms;
    int64_t last_ok_ms;           /* the same on the monotonic clock; 0 never since the start */
    int64_t skew_ms;
};

/* How often each name asked in the present window of time; zero to begin with. */
struct api_rate {
    struct {
        char name[40];
        int64_t from; /* monotonic ms */
        unsigned count;
    } slots[LIMIT_PROGRESS_SLOTS];
};

struct api {
    struct material_api *materials; /* the uploads of both APIs */
    uv_loop_t *loop;
    struct lanes *lanes;
    struct store *store;
    const struct office *office;
    const struct world *world;
    struct tls_pins staff_authority;
    struct api_peer *peers;  /* owned by main */
    size_t peer_count;
    struct watch *watch;
    bool (*peer_status)(void *context, const char *office, struct api_peer_status *out);
    void *peer_status_context;
    struct api_report *report_first, **report_last; /* pages of reports: the first is being computed, the others wait */
    unsigned report_count;
    struct admission *admission; /* owned by main; NULL: nobody is counted */
    struct api_rate progress; /* of certificates and of case numbers */
    bool draining;           /* an operator closed the intake */
    struct observe observe;   /* what only the metrics and the health checks want to know */
    bool stopping;
};

extern const struct http_route api_window_routes[];
extern const size_t api_window_route_count;
extern const struct http_route api_peer_routes[];
extern const size_t api_peer_route_count;
extern const struct http_route api_admin_routes[];
extern const size_t api_admin_route_count;

/* For http_listener_options.admit; the context is the struct api. */
int api_admit_window(const struct tls_identity *who, void *context, struct problem *p);
int api_admit_peer(const struct tls_identity *who, void *context, struct problem *p);

/* Whether this identity is a member of staff who may work here now. */
int api_check_staff(const struct tls_identity *who, const struct api *api, struct problem *p) TB_MUST_USE;
/* The same, and whether the role of that person may use the route of this exchange (proto/access.h). */
int api_check_access(struct exchange *x, const struct api *api, struct problem *p) TB_MUST_USE;
/* The member of staff behind the exchange, or NULL with the reason answered. */
const struct office_staff *api_staff(struct exchange *x, struct api *api);
/* The counterpart behind the exchange, or NULL with the reason answered. */
struct api_peer *api_peer_of(struct exchange *x, struct api *api);
/* In whose name something of this identity waits for the store or a lane (daemon/base/fair_queue.h). */
uint16_t api_source(const struct api *api, const struct tls_identity *who);
/* Answers with the problem that a finished command left, or with the words that fit the bare code. */
void api_answer_failure(struct exchange *x, const struct problem *p, int rc);
/* All figures in the text format of Prometheus; `peers`: the rows of ASK_OFFICE, `process`: both may be NULL. */
enum { METRICS_BYTES_MAX = 256 * 1024 };
struct process_figures;
int api_metrics_print(struct api *api, const json_t *peers, const struct process_figures *process, struct buf *out) TB_MUST_USE;
void api_healthz(struct exchange *x, void *context);

/* ---- material_routes.c: uploads and downloads ---- */
int api_start_materials(struct api *api, struct material_store *files) TB_MUST_USE;
void api_material_options(struct exchange *x, void *context);
void api_material_create(struct exchange *x, void *context);
void api_material_head(struct exchange *x, void *context);
void api_material_patch(struct exchange *x, void *context);
void api_material_delete(struct exchange *x, void *context);
void api_material_get(struct exchange *x, void *context);
/* The rows that both APIs have under <prefix>/materials. */
#define API_MATERIAL_ROUTES(prefix)                                                                                    \
    {.method = HTTP_OPTIONS, .pattern = prefix "/materials", .body = HTTP_BODY_NONE, .handle = api_material_options},  \
    {.method = HTTP_POST, .pattern = prefix "/materials", .body = HTTP_BODY_NONE, .handle = api_material_create},      \
    {.method = HTTP_OPTIONS, .pattern = prefix "/materials/{sha256}", .body = HTTP_BODY_NONE, .handle = api_material_options}, \
    {.method = HTTP_HEAD, .pattern = prefix "/materials/{sha256}", .body = HTTP_BODY_NONE, .handle = api_material_head}, \
    {.method = HTTP_PATCH, .pattern = prefix "/materials/{sha256}", .body = HTTP_BODY_STREAMED, .handle = api_material_patch, \
     .sink = &tus_sink},                                                                                               \
    {.method = HTTP_DELETE, .pattern = prefix "/materials/{sha256}", .body = HTTP_BODY_NONE, .handle = api_material_delete}

/* ---- witness_routes.c ---- */
void api_witness(struct exchange *x, void *context);
void api_witness_list(struct exchange *x, void *context);
void api_witness_materials(struct exchange *x, void *context);

/* ---- report_api.c ---- */
void api_report_get(struct exchange *x, void *context);

/* ---- admission.c ---- */
/* For http_listener_options.allow; the context is the struct api. */
int api_allow(struct exchange *x, void *context, struct problem *p);

/* ---- progress_rate.c ---- */
/* Counts a question of this member of staff about this case: 0, or TB_ETEMP with the problem. */
int api_progress_allowed(struct api *api, const struct office_staff *staff, const char *case_no, struct problem *p) TB_MUST_USE;

/* ---- watch.c: clients that follow a case live ---- */
int watch_start(struct api *api, struct watch **out) TB_MUST_USE;
/* GET …/cases/{no}/events */
void watch_begin(struct exchange *x, struct api *api, const struct office_staff *staff, const char *case_no);
/* A case changed. */
void watch_notify(struct watch *watch, const char *case_no);
void watch_notify_all(struct watch *watch, const char (*cases)[CASE_NO_TEXT], size_t count);
size_t watch_count(const struct watch *watch);
/* Ends the streams and closes the timer; frees later, from the loop. */
void watch_stop(struct watch *watch);

#endif
