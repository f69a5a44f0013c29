#include "daemon/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/api/admission.h"
#include "daemon/api/api.h"
#include "daemon/api/backup_run.h"
#include "daemon/api/control.h"
#include "daemon/api/material_api.h"
#include "daemon/api/monitor.h"
#include "daemon/api/retention_run.h"
#include "daemon/base/log.h"
#include "daemon/base/metrics.h"
#include "daemon/base/sd.h"
#include "daemon/hook/hook.h"
#include "daemon/manager.h"
#include "daemon/office/keys.h"
#include "daemon/office/staff.h"
#include "daemon/peer/driver.h"
#include "daemon/recovery.h"
#include "daemon/setup.h"
#include "daemon/store/material.h"
#include "proto/limits.h"

enum { TICK_MS = 60 * 1000 }; /* what the passing of time does to cases is seen within a minute */
enum { FAST_THREADS = 2, SLOW_THREADS = 4, SIGNALS = 3, LISTENERS = 3, FILES_OF_OURS = 512, KNOWN_PATH = 1024 };

struct service {
    const struct config *config;
    uv_loop_t loop;
    struct loop_post *post;
    struct lanes *lanes;
    struct note_signer signer, previous_signer;
    bool rotated; /* there is a previous one */
    struct office *office;
    struct store *store;
    struct material_store *materials;
    struct api api;
    struct manager manager;
    struct sd_sockets sockets; /* of socket units */
    struct setup_tls tls;
    size_t max_connections;                         /* of each listener */
    struct http_listener *listeners[LISTENERS];     /* window, peer, admin */
    struct control *control;                        /* of tongbanctl, or NULL */
    struct monitor *monitor;
    struct backup_run *backups;
    struct retention_run *retention;
    int64_t started_ms;
    struct driver **drivers;                        /* owned, one per peer */
    struct hooks *hooks;                            /* or NULL */
    struct recovery *recovery;                      /* of our ledger from its witnesses */
    struct recovery_place place;
    uint64_t opened_size;                           /* of the ledger, before anything was written */
    uv_signal_t signals[SIGNALS];
    unsigned waiting;    /* listeners and drivers that have not ended yet */
    bool stopping, ended;
    struct reload *reload;
    struct control_reload *reload_wanted; /* who waits for the next one to start */
    unsigned minutes;
    uv_timer_t timer;    /* of the tick */
    struct office_tick tick;
    bool ticking;
    int start_rc;
    bool start_done;
};

static void service_stop(struct service *service);

/* ---- what the parts ask of each other ---- */

static int post_to_loop(void *context, void (*fn)(void *), void *arg)
{
    return loop_post(context, fn, arg);
}

static void on_committed(void *context)
{
    struct service *service = context;
    for (size_t i = 0; service->drivers && i < service->office->peer_count; i++)
        if (service->drivers[i])
            driver_wake(service->drivers[i]);
    hooks_wake(service->hooks);
}

static void on_changed(void *context, const char (*cases)[CASE_NO_TEXT], size_t count)
{
    struct service *service = context;
    watch_notify_all(service->api.watch, cases, count);
}

static int open_material(void *context, const char *sha256, int *fd)
{
    struct service *service = context;
    int64_t size;
    return material_open_read(service->materials, sha256, fd, &size);
}

static bool peer_status(void *context, const char *office, struct api_peer_status *out)
{
    struct service *service = context;
    for (size_t i = 0; service->drivers && i < service->office->peer_count; i++) {
        struct driver_stats stats;
        if (!service->drivers[i] || strcmp(service->office->peers[i].code, office) != 0)
            continue;
        driver_stats(service->drivers[i], &stats);
        *out = (struct api_peer_status){.alarm = stats.alarm, .failures = stats.failures, .last_exchange_ms = stats.last_exchange_ms,
                                        .skew_ms = stats.skew_ms, .refused = stats.refused, .material_stuck = stats.material_stuck,
                                        .last_rc = stats.last_rc, .last_ok_ms = stats.last_ok_ms, .paused = stats.paused};
        return true;
    }
    return false;
}

/* ---- what our counterparts have seen of our ledger ---- */

static void on_conflict(void *context)
{
    recovery_suspect(((struct service *)context)->recovery);
}

static struct carrier_identity identity_of(void *context, unsigned peer)
{
    return setup_identity(&((struct service *)context)->tls, peer);
}

static void wired_recover(void *context, bool apply, const char *without, int64_t uid,
                          void (*done)(void *context, json_t *answer, const struct problem *p), void *done_context)
{
    recovery_ask(((struct service *)context)->recovery, apply, without, uid, done, done_context);
}

/* ---- what operators do ---- */

static void wired_exchange(void *context, size_t peer, struct control_exchange *out)
{
    struct service *service = context;
    struct driver_stats s = {.last_detail = ""};
    if (service->drivers && service->drivers[peer])
        driver_stats(service->drivers[peer], &s);
    *out = (struct control_exchange){.alarm = s.alarm, .paused = s.paused, .material_stuck = s.material_stuck, .refused = s.refused,
                                     .failures = s.failures,
                                     .detail = s.last_detail, .failing_since_ms = s.failing_since_ms,
                                     .last_exchange_ms = s.last_exchange_ms, .skew_ms = s.skew_ms, .batches = s.batches,
                                     .messages = s.messages, .materials = s.materials, .retries = s.retries};
}

static void wired_pause(void *context, size_t peer, bool paused)
{
    struct service *service = context;
    if (service->drivers && service->drivers[peer])
        driver_pause(service->drivers[peer], paused);
}

static void wired_retry(void *context, size_t peer)
{
    struct service *service = context;
    if (service->drivers && service->drivers[peer])
        driver_retry(service->drivers[peer]);
}

static void wired_drain(void *context, bool on)
{
    ((struct service *)context)->api.draining = on;
}

static bool wired_draining(void *context)
{
    return ((struct service *)context)->api.draining;
}

static int wired_metrics(void *context, struct buf *out)
{
    return api_metrics_print(&((struct service *)context)->api, NULL, NULL, out);
}

static int64_t wired_certificate_days(void *context)
{
    return observe_certificate_days(&((struct service *)context)->api);
}

static void control_parts_of(struct service *service, struct control_parts *out)
{
    *out = (struct control_parts){
        .loop = &service->loop,
        .lanes = service->lanes,
        .store = service->store,
        .materials = service->materials,
        .office = service->office,
        .config = service->config,
        .signer = &service->signer,
        .previous_signer = service->rotated ? &service->previous_signer : NULL,
        .monitor = service->monitor,
        .backups = service->backups,
        .retention = service->retention,
        .started_ms = service->started_ms,
        .wiring = {.context = service, .exchange = wired_exchange, .pause = wired_pause, .retry = wired_retry, .drain = wired_drain,
                   .draining = wired_draining, .recover = wired_recover, .metrics = wired_metrics,
                   .certificate_days = wired_certificate_days},
    };
}

/* ---- reload ---- */

struct reload {
    struct lane_job job;
    struct service *service;
    struct setup_tls tls;
    struct problem problem;
    int rc;
    bool again; /* a further SIGHUP came meanwhile */
    bool look;  /* only when a revocation list has changed */
    bool same;  /* none has */
    struct control_reload *waiting;
};

static void note_certificates(struct service *service)
{
    struct observe *observe = &service->api.observe;
    const struct setup_tls *tls = &service->tls;
    observe->certificates[CERTIFICATE_WINDOW] = tls_context_not_after(tls->window);
    observe->certificates[CERTIFICATE_PEER] = tls_context_not_after(tls->peer);
    observe->certificates[CERTIFICATE_GATEWAY] = tls->gateway_until;
    observe->certificates[CERTIFICATE_STAFF_AUTHORITY] = tls->staff_authority_until;
    for (unsigned i = 0; i < tls->peer_count && i < LIMIT_PEERS; i++)
        observe->authorities[i] = tls->peer_authority_until[i];
}

static void use_authorities(struct service *service)
{
    service->api.staff_authority = service->tls.staff_authority;
    for (size_t i = 0; i < service->api.peer_count; i++)
        service->api.peers[i].authority = service->tls.peer_authorities[i];
    note_certificates(service);
}

static void reload_work(struct lane_job *job)
{
    struct reload *reload = (struct reload *)job;
    reload->same = reload->look && !trust_changed(reload->service->config, &reload->service->tls.trust);
    if (reload->same)
        return;
    reload->rc = setup_tls(reload->service->config, false, &reload->tls, &reload->problem);
}

static void reload_start(struct service *service, bool look);

static void tell_reloaded(struct control_reload *waiting, const struct problem *failed)
{
    for (struct control_reload *next; waiting; waiting = next) {
        next = waiting->next;
        waiting->done(waiting, failed);
    }
}

static void tell_reload_failed(struct control_reload *waiting, enum problem_id id, const char *why)
{
    struct problem p = {.number = -1};
    (void)problem_set(&p, id, "", "%s", why);
    tell_reloaded(waiting, &p);
}

static void reload_give_up(struct service *service)
{
    struct control_reload *waiting = service->reload_wanted;
    service->reload_wanted = NULL;
    tell_reload_failed(waiting, PROBLEM_STOPPING, "the daemon is stopping");
}

static void reload_done(struct lane_job *job)
{
    struct reload *reload = (struct reload *)job;
    struct service *service = reload->service;
    bool again = reload->again && !service->stopping;
    service->reload = NULL;
    if (reload->same) {
        trust_look(&service->tls.trust, world_real()->now_ms(world_real()->context));
    } else if (reload->rc < 0) {
        LOG(LOG_LEVEL_ERR, LOG_TLS, "reload_failed", LOG_TEXT("detail", reload->problem.detail));
    } else if (service->stopping) {
        setup_tls_clear(&reload->tls);
    } else {
        setup_tls_clear(&service->tls);
        service->tls = reload->tls;
        http_listener_set_tls(service->listeners[0], service->tls.window);
        http_listener_set_tls(service->listeners[1], service->tls.peer);
        use_authorities(service);
        for (unsigned i = 0; i < service->config->peer_count; i++) {
            struct carrier_identity identity = setup_identity(&service->tls, i);
            if (driver_set_identity(service->drivers[i], &identity) != 0)
                LOG(LOG_LEVEL_ERR, LOG_TLS, "reload_failed", LOG_TEXT("peer", service->office->peers[i].code));
        }
        trust_look(&service->tls.trust, world_real()->now_ms(world_real()->context));
        metric_add(METRIC_TLS_RELOADS, 1);
        LOG(LOG_LEVEL_NOTICE, LOG_TLS, "reloaded", LOG_INT("certificate_days", observe_certificate_days(&service->api)));
    }
    if (service->stopping && !reload->rc)
        tell_reload_failed(reload->waiting, PROBLEM_STOPPING, "the daemon is stopping");
    else
        tell_reloaded(reload->waiting, reload->rc ? &reload->problem : NULL);
    bool told = !reload->look;
    free(reload);
    if (!service->stopping && told)
        sd_tell_ready(manager_line(&service->manager));
    if (again)
        reload_start(service, false);
    else if (service->stopping)
        reload_give_up(service);
}

static void reload_start(struct service *service, bool look)
{
    if (service->reload) {
        service->reload->again = service->reload->again || !look;
        return;
    }
    struct reload *reload = calloc(1, sizeof *reload);
    if (reload) {
        *reload = (struct reload){.job = {.work = reload_work, .done = reload_done}, .service = service, .look = look};
        if (lane_submit(service->lanes, LANE_SLOW, &reload->job) == 0) {
            service->reload = reload;
            reload->waiting = look ? NULL : service->reload_wanted;
            service->reload_wanted = look ? service->reload_wanted : NULL;
            if (!look)
                sd_tell_reloading();
            return;
        }
    }
    free(reload);
    LOG(LOG_LEVEL_ERR, LOG_TLS, "reload_failed", LOG_TEXT("detail", "too much work is waiting; send SIGHUP again"));
    struct control_reload *waiting = service->reload_wanted;
    service->reload_wanted = NULL;
    tell_reload_failed(waiting, PROBLEM_BUSY, "too much work is waiting");
}

/* Of the control socket: the answer comes when what was read anew is in use. */
static void reload_asked(void *context, struct control_reload *wait)
{
    struct service *service = context;
    wait->next = service->reload_wanted;
    service->reload_wanted = wait;
    if (service->stopping)
        reload_give_up(service);
    else
        reload_start(service, false);
}

static size_t certificates_in_use(void *context, const struct control_certificate **out)
{
    const struct trust *trust = &((struct service *)context)->tls.trust;
    *out = trust->certificates;
    return trust->certificate_count;
}

/* ---- start ---- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;
    if (number == SIGHUP) {
        if (!service->stopping)
            reload_start(service, false);
        return;
    }
    if (service->stopping) {
        /* somebody does not want to wait: everything answered is on the disk already */
        LOG(LOG_LEVEL_WARNING, LOG_MAIN, "forced", LOG_INT("signal", number));
        _exit(EXIT_FAILURE);
    }
    LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "stopping", LOG_INT("signal", number));
    service_stop(service);
}

struct start_act {
    struct office_start start; /* first member */
    struct service *service;
};

static void start_written(struct store_command *command, int rc)
{
    struct service *service = ((struct start_act *)command)->service;
    service->start_rc = rc;
    service->start_done = true;
}

static void say_opened(const struct office_start *start)
{
    if (start->skipped)
        LOG(LOG_LEVEL_WARNING, LOG_OFFICE, "catalogue_items_not_newer", LOG_INT("count", start->skipped),
            LOG_TEXT("code", start->skipped_code));
    LOG(LOG_LEVEL_NOTICE, LOG_OFFICE, "office_opened", LOG_INT("edition", start->edition), LOG_INT("published", start->published),
        LOG_INT("granted", start->granted));
}

/* Publishes our catalogue and authorisations, before anybody can ask for them. */
static int write_start(struct service *service, struct problem *p)
{
    struct start_act act = {.service = service};
    office_start_init(&act.start, service->office);
    act.start.command.done = start_written;
    int rc = store_submit(service->store, &act.start.command);
    while (!rc && !service->start_done)
        (void)uv_run(&service->loop, UV_RUN_ONCE);
    rc = rc ? rc : service->start_rc;
    if (!rc && service->stopping)
        return problem_set(p, PROBLEM_STOPPING, "", "told to stop while starting");
    if (rc)
        return problem_set(p, PROBLEM_STORE_FAILED, "", "the start could not be written: %s", err_text(rc));
    say_opened(&act.start);
    return 0;
}

/* The same, once the counterparts have said that the restored ledger is not behind. */
static void late_start_written(struct store_command *command, int rc)
{
    struct start_act *act = (struct start_act *)command;
    if (rc)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "start_not_written", LOG_TEXT("error", err_text(rc)));
    else
        say_opened(&act->start);
    free(act);
}

static void write_late_start(struct service *service)
{
    struct start_act *act = service->start_done ? NULL : calloc(1, sizeof *act);
    if (!act)
        return;
    service->start_done = true;
    act->service = service;
    office_start_init(&act->start, service->office);
    act->start.command.done = late_start_written;
    if (store_submit(service->store, &act->start.command) != 0)
        free(act);
}

static void on_turned(void *context, bool open)
{
    struct service *service = context;
    if (open && !service->stopping)
        write_late_start(service);
    for (size_t i = 0; service->drivers && i < service->office->peer_count; i++)
        if (service->drivers[i])
            driver_hold(service->drivers[i], !open);
}

static int start_recovery(struct service *service, struct problem *p)
{
    struct recovery_options options = {.loop = &service->loop, .lanes = service->lanes, .store = service->store, .office = service->office,
                                       .config = service->config, .opened_size = service->opened_size, .place = service->place,
                                       .identity = identity_of, .turned = on_turned, .changed = on_changed, .context = service};
    int rc = recovery_start(&options, &service->recovery);
    return rc ? problem_from_code(p, rc) : 0;
}

static int start_store(struct service *service, struct problem *p)
{
    const struct config *config = service->config;
    struct store_options options = {
        .directory = config->store.directory,
        .office = config->office.code,
        .signer = &service->signer,
        .previous_signer = service->rotated ? &service->previous_signer : NULL,
        .world = world_real(),
        .disk_floor_bytes = config->store.disk_floor_bytes,
        .readers = config->store.readers,
        .post = post_to_loop,
        .post_context = service->post,
        .committed = on_committed,
        .committed_context = service,
    };
    struct material_options materials = {
        .directory = config->store.directory, .disk_floor_bytes = config->store.disk_floor_bytes, .world = world_real()};
    int rc = store_open(&options, &service->store, p);
    if (!rc)
        rc = material_store_open(&materials, &service->materials, p);
    struct office_staff_found staff = {0};
    if (!rc && office_staff_load(service->office, store_sync_view(service->store), &staff) != 0)
        rc = problem_set(p, PROBLEM_STORE_FAILED, "", "the enrolled staff cannot be read");
    if (!rc && office_keys_load(service->office, store_sync_view(service->store)) != 0)
        rc = problem_set(p, PROBLEM_STORE_FAILED, "", "the accepted keys cannot be read");
    if (rc)
        return rc;
    if (staff.shadowed) /* the configuration wins */
        LOG(LOG_LEVEL_WARNING, LOG_OFFICE, "staff_in_configuration_too", LOG_INT("count", (int64_t)staff.shadowed));
    if (staff.overruled) /* but for who may not work */
        LOG(LOG_LEVEL_WARNING, LOG_OFFICE, "staff_suspended_here", LOG_INT("count", (int64_t)staff.overruled));
    service->opened_size = store_ledger_size(store_sync_view(service->store));
    recovery_place_look(config->store.directory, service->opened_size, &service->place);
    store_close_ledger(service->store, service->place.restored);
    rc = store_start(service->store);
    if (rc)
        return problem_from_code(p, rc);
    if (!service->place.restored)
        return write_start(service, p);
    LOG(LOG_LEVEL_ERR, LOG_STORE, "store_was_restored", LOG_INT("size", (int64_t)service->opened_size));
    return 0;
}

static int start_api(struct service *service, struct problem *p)
{
    struct api *api = &service->api;
    *api = (struct api){.loop = &service->loop, .lanes = service->lanes, .store = service->store, .office = service->office,
                        .world = world_real(), .peer_count = service->office->peer_count, .peer_status = peer_status,
                        .peer_status_context = service};
    api->peers = calloc(api->peer_count + 1, sizeof *api->peers);
    const struct config_admission *admission = &service->config->admission;
    if (!api->peers || admission_new(admission->staff_per_s, admission->peer_per_s, &api->admission) != 0 ||
        watch_start(api, &api->watch) != 0 || api_start_materials(api, service->materials) != 0)
        return problem_from_code(p, TB_ENOMEM);
    for (size_t i = 0; i < api->peer_count; i++)
        api->peers[i].peer = &service->office->peers[i];
    use_authorities(service);
    observe_start(api, TONGBAN_COMMIT);
    return 0;
}

/* Every connection is an open file: the listeners get what this process may have, shared, less what the rest of it needs. */
static void count_files(struct service *service)
{
    struct rlimit files = {.rlim_cur = 0};
    size_t wanted = service->config->admission.connections, room;
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < 2 * wanted + FILES_OF_OURS) {
        /* not more than needed: hooks inherit it, and some programs look at every number */
        files.rlim_cur = files.rlim_max < 2 * wanted + FILES_OF_OURS ? files.rlim_max : 2 * wanted + FILES_OF_OURS;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    room = files.rlim_cur > FILES_OF_OURS ? (files.rlim_cur - FILES_OF_OURS) / 2 : 1; /* window and peer; few ask at admin */
    service->max_connections = wanted < room ? wanted : room;
    if (wanted > room)
        LOG(LOG_LEVEL_WARNING, LOG_NET, "connections_reduced", LOG_INT("wanted", (int64_t)wanted), LOG_INT("most", (int64_t)room),
            LOG_INT("open_files", (int64_t)files.rlim_cur));
}

static int listen_on(struct service *service, unsigned n, const struct config_listener *config, struct http_listener_options *options,
                     struct problem *p)
{
    char known[KNOWN_PATH];
    int len = snprintf(known, sizeof known, "%s/known-%s", service->config->store.directory, options->name);
    options->known = options->tls && len > 0 && len < KNOWN_PATH ? known : NULL;
    options->address = config->address;
    options->port = config->port;
    options->context = &service->api;
    if (sd_sockets_find(&service->sockets, options->name, config->address, config->port, &options->fd) != 0)
        return problem_set(p, PROBLEM_FIELD, "/port",
                           "the socket unit of the listener '%s' does not listen on TCP port %u of the configuration", options->name,
                           config->port);
    options->max_connections = service->max_connections;
    options->max_of_one = service->config->admission.connections_of_one;
    int rc = http_listener_open(&service->loop, options, &service->listeners[n], p);
    if (!rc && options->fd < 0)
        sd_sockets_keep(options->name, config->address, config->port, http_listener_fd(service->listeners[n]));
    if (!rc)
        LOG(LOG_LEVEL_NOTICE, LOG_NET, "listening", LOG_TEXT("listener", options->name), LOG_TEXT("address", config->address),
            LOG_INT("port", http_listener_port(service->listeners[n])));
    return rc;
}

static int start_listeners(struct service *service, struct problem *p)
{
    const struct config *config = service->config;
    sd_sockets_take(&service->sockets);
    struct http_listener_options window = {.name = "window", .tls = service->tls.window, .routes = api_window_routes,
                                           .route_count = api_window_route_count, .admit = api_admit_window, .allow = api_allow};
    struct http_listener_options peer = {.name = "peer", .tls = service->tls.peer, .routes = api_peer_routes,
                                         .route_count = api_peer_route_count, .admit = api_admit_peer, .allow = api_allow};
    struct http_listener_options admin = {.name = "admin", .routes = api_admin_routes, .route_count = api_admin_route_count};
    count_files(service);
    int rc = listen_on(service, 0, &config->window, &window, p);
    if (!rc)
        rc = listen_on(service, 1, &config->peer_listener, &peer, p);
    if (!rc)
        rc = listen_on(service, 2, &config->admin, &admin, p);
    int left = sd_sockets_clear(&service->sockets);
    if (!rc && left)
        LOG(LOG_LEVEL_WARNING, LOG_NET, "socket_not_used", LOG_INT("count", left));
    service->api.observe.listeners_wanted = LISTENERS;
    service->api.observe.listeners = rc ? 0 : LISTENERS;
    return rc;
}

/* A name that was configured must work; the usual one is used where systemd made its directory. */
static int start_control(struct service *service, struct problem *p)
{
    static const char usual[] = "/run/tongban";
    char path[sizeof usual + OFFICE_TEXT + sizeof "/.ctl"];
    const char *configured = service->config->control;
    (void)snprintf(path, sizeof path, "%s/%s.ctl", usual, service->office->code);
    if (!configured && access(usual, W_OK) != 0)
        return 0;
    struct control_parts parts;
    control_parts_of(service, &parts);
    parts.service = (struct control_service){service, certificates_in_use, reload_asked};
    int rc = control_start(&parts, configured ? configured : path, &service->control, p);
    if (!rc)
        LOG(LOG_LEVEL_NOTICE, LOG_API, "control", LOG_TEXT("path", configured ? configured : path));
    return rc;
}

static int start_monitor(struct service *service, struct problem *p)
{
    struct control_parts parts;
    service->started_ms = world_real()->now_ms(world_real()->context);
    control_parts_of(service, &parts);
    if (backup_run_start(&parts, &service->backups) != 0)
        return problem_from_code(p, TB_ENOMEM);
    parts.backups = service->backups;
    if (retention_run_start(&parts, &service->retention) != 0)
        return problem_from_code(p, TB_ENOMEM);
    parts.retention = service->retention;
    int rc = monitor_start(&parts, &service->monitor);
    return rc ? problem_from_code(p, rc) : 0;
}

static int start_drivers(struct service *service, struct problem *p)
{
    const struct config *config = service->config;
    service->drivers = calloc(config->peer_count + 1, sizeof *service->drivers);
    if (!service->drivers)
        return problem_from_code(p, TB_ENOMEM);
    for (unsigned i = 0; i < config->peer_count; i++) {
        struct driver_options options = {
            .loop = &service->loop,
            .lanes = service->lanes,
            .store = service->store,
            .office = service->office,
            .peer = &service->office->peers[i],
            .world = world_real(),
            .url = config->peers[i].url,
            .identity = setup_identity(&service->tls, i),
            .open_material = open_material,
            .changed = on_changed,
            .conflict = on_conflict,
            .held = service->place.restored,
            .context = service,
        };
        int rc = driver_start(&options, &service->drivers[i]);
        if (rc)
            return problem_from_code(p, rc);
    }
    return 0;
}

static int start_hooks(struct service *service, struct problem *p)
{
    struct hooks_options options = {.loop = &service->loop, .lanes = service->lanes, .store = service->store, .office = service->office,
                                    .directory = service->config->hooks.directory, .timeout_s = service->config->hooks.timeout_s};
    int rc = options.directory ? hooks_start(&options, &service->hooks) : 0;
    return rc ? problem_from_code(p, rc) : 0;
}

/* ---- the passing of time ---- */

static void tick_submit(struct service *service);

static void tick_done(struct store_command *command, int rc)
{
    struct office_tick *tick = (struct office_tick *)command;
    struct service *service = tick->user;
    bool more = !rc && tick->more;
    if (rc) /* nothing of it was kept; the next minute tries again */
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "tick_failed", LOG_TEXT("detail", err_text(rc)));
    else if (tick->deemed || tick->lapsed)
        LOG(LOG_LEVEL_NOTICE, LOG_OFFICE, "tick", LOG_INT("deemed", (int64_t)tick->deemed), LOG_INT("lapsed", (int64_t)tick->lapsed));
    if (!rc && tick->damaged)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "tick_skipped", LOG_INT("damaged", (int64_t)tick->damaged));
    if (!rc && tick->calendar_done)
        LOG(LOG_LEVEL_NOTICE, LOG_OFFICE, "calendar_applied", LOG_INT("changed", tick->total));
    if (!rc && !service->stopping)
        watch_notify_all(service->api.watch, (const char(*)[CASE_NO_TEXT])tick->changed, tick->changed_count);
    service->ticking = false;
    if (more && !service->stopping) {
        office_tick_go_on(tick);
        tick_submit(service);
    } else {
        office_tick_clear(tick);
    }
}

static void tick_submit(struct service *service)
{
    service->ticking = store_submit(service->store, &service->tick.command) == 0; /* a full queue: in a minute */
    if (!service->ticking)
        office_tick_clear(&service->tick);
}

static void tick_start(struct service *service)
{
    if (service->ticking || service->stopping || store_ledger_is_closed(service->store))
        return;
    office_tick_init(&service->tick, service->office);
    service->tick.command.done = tick_done;
    service->tick.user = service;
    tick_submit(service);
}

static void on_minute(uv_timer_t *timer)
{
    struct service *service = timer->data;
    log_tell_suppressed();
    tick_start(service);
    if (service->stopping)
        return;
    manager_refresh(&service->manager);
    observe_minute(&service->api);
    if (service->minutes++ % (LIMIT_CRL_LOOK_S / 60) == 0)
        reload_start(service, true);
}

static void start_tick(struct service *service)
{
    (void)uv_timer_init(&service->loop, &service->timer); /* these cannot fail for lawful arguments */
    service->timer.data = service;
    (void)uv_timer_start(&service->timer, on_minute, 0, TICK_MS);
}

static void start_signals(struct service *service)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(&service->loop, &service->signals[i]); /* these cannot fail for lawful numbers */
        service->signals[i].data = service;
        (void)uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
}

static int service_start(struct service *service, struct problem *p)
{
    int rc = setup_signer(service->config, &service->signer, p);
    if (!rc)
        rc = setup_previous_signer(service->config, &service->previous_signer, &service->rotated, p);
    if (!rc)
        rc = setup_office(service->config, &service->office, p);
    if (!rc)
        rc = setup_tls(service->config, true, &service->tls, p);
    if (!rc && (carrier_global_start() != 0 || loop_post_start(&service->loop, &service->post) != 0))
        rc = problem_from_code(p, TB_ENOMEM);
    if (!rc)
        rc = start_store(service, p);
    if (!rc && lanes_start(&service->loop, FAST_THREADS, SLOW_THREADS, &service->lanes) != 0)
        rc = problem_from_code(p, TB_ENOMEM);
    if (!rc)
        rc = start_api(service, p);
    if (!rc)
        rc = start_listeners(service, p);
    if (!rc)
        rc = start_drivers(service, p);
    if (!rc)
        rc = start_recovery(service, p);
    if (!rc)
        rc = start_hooks(service, p);
    if (!rc)
        rc = start_monitor(service, p);
    if (!rc)
        rc = start_control(service, p);
    if (!rc) {
        manager_start(&service->manager, &service->api);
        start_tick(service);
    }
    return rc;
}

/* ---- stop ---- */

static void part_ended(void *context)
{
    struct service *service = context;
    if (--service->waiting > 0 || service->ended)
        return;
    service->ended = true;
    for (size_t i = 0; i < SIGNALS; i++)
        if (service->signals[i].data && !uv_is_closing((uv_handle_t *)&service->signals[i]))
            uv_close((uv_handle_t *)&service->signals[i], NULL);
    if (service->timer.data && !uv_is_closing((uv_handle_t *)&service->timer))
        uv_close((uv_handle_t *)&service->timer, NULL);
    manager_stop(&service->manager);
    sd_tell_patience(MANAGER_STORE_END_MS);
    /* Nobody can ask any more.  What was asked is written; its completions find nobody to answer and clean up. */
    if (service->store)
        store_stop(service->store);
    if (service->post)
        loop_post_stop(service->post);
    if (service->lanes)
        lanes_stop(service->lanes);
    material_api_close(service->api.materials);
    service->api.materials = NULL;
    service->post = NULL;
    service->lanes = NULL;
}

static void service_stop(struct service *service)
{
    service->stopping = service->api.stopping = true;
    service->api.observe.listeners = 0;
    sd_tell_stopping();
    sd_tell_patience(2 * LIMIT_STOP_MS);
    service->waiting = 1;
    watch_stop(service->api.watch); /* streams would last for ever */
    service->api.watch = NULL;
    control_stop(service->control);
    service->control = NULL;
    monitor_stop(service->monitor);
    service->monitor = NULL;
    backup_run_stop(service->backups);
    service->backups = NULL;
    retention_run_stop(service->retention);
    service->retention = NULL;
    for (size_t i = 0; i < LISTENERS; i++)
        if (service->listeners[i]) {
            service->waiting++;
            http_listener_close(service->listeners[i], LIMIT_STOP_MS, part_ended, service);
        }
    for (size_t i = 0; service->drivers && i < service->office->peer_count; i++)
        if (service->drivers[i]) {
            service->waiting++;
            driver_stop(service->drivers[i], part_ended, service);
            service->drivers[i] = NULL;
        }
    if (service->recovery) {
        service->waiting++;
        recovery_stop(service->recovery, part_ended, service);
    }
    if (service->hooks) {
        service->waiting++;
        hooks_stop(service->hooks, part_ended, service);
        service->hooks = NULL;
    }
    part_ended(service);
}

static void service_free(struct service *service)
{
    recovery_free(service->recovery);
    store_close(service->store);
    material_store_close(service->materials);
    setup_tls_clear(&service->tls);
    office_free(service->office);
    note_signer_wipe(&service->signer);
    note_signer_wipe(&service->previous_signer);
    free(service->api.peers);
    admission_free(service->api.admission);
    free(service->drivers);
    free(service);
}

int service_run(const struct config *config, struct problem *p)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service || uv_loop_init(&service->loop) != 0) {
        free(service);
        return problem_from_code(p, TB_ENOMEM);
    }
    service->config = config;
    start_signals(service);
    int rc = service_start(service, p);
    if (rc) {
        if (!service->stopping)
            service_stop(service);
    } else if (!service->stopping) {
        LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "ready", LOG_TEXT("office", config->office.code), LOG_TEXT("version", TONGBAN_VERSION));
        sd_tell_ready(manager_line(&service->manager));
    }
    (void)uv_run(&service->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&service->loop);
    log_tell_suppressed();
    if (left)
        LOG(LOG_LEVEL_ERR, LOG_MAIN, "loop_not_empty", LOG_INT("code", left));
    else if (!rc)
        LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "stopped", LOG_TEXT("office", config->office.code));
    if (left) /* a handle still points into the service: leak it rather than write into freed memory */
        return rc ? rc : problem_set(p, PROBLEM_INTERNAL, "", "the loop did not end");
    service_free(service);
    return rc;
}
