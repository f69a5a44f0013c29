/* control_log: levels of the log at run time; what a support bundle has of the running daemon. */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/control_internal.h"
#include "daemon/api/monitor.h"
#include "daemon/base/log.h"
#include "daemon/net/tls.h"
#include "proto/strict_json.h"

/* ---- levels ---- */

static json_t *levels_json(void)
{
    json_t *rows = json_array();
    for (int i = 0; i < LOG_AREAS; i++)
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:b}", "area", log_area_name((enum log_area)i), "level",
                                                    log_level_name(log_level_of((enum log_area)i)), "own",
                                                    log_area_has_own((enum log_area)i)));
    return rows;
}

void control_log_levels(struct control_ask *ask, json_t *request)
{
    (void)request;
    control_answer(ask, json_pack("{s:s, s:o}", "level", log_level_name(log_level_of(LOG_AREAS)), "rows", levels_json()));
}

/* {"level":"debug","area"?:"peer"}: until a restart.  "default" for an area: that of all again. */
void control_log_set(struct control_ask *ask, json_t *request)
{
    static const char *const known[] = {"level", "area", NULL};
    struct problem p = {.number = -1};
    const char *level = NULL, *area = NULL;
    int rc = strict_json_only(request, "", known, &p);
    if (!rc)
        rc = strict_json_text(request, "", "level", true, 10, &level, &p);
    if (!rc)
        rc = strict_json_text(request, "", "area", false, 10, &area, &p);
    int wanted = rc ? -1 : log_level_by_name(level), which = rc || !area ? -1 : log_area_by_name(area);
    if (!rc && wanted < 0 && !(area && !strcmp(level, "default")))
        rc = problem_set(&p, PROBLEM_FIELD, "/level", "a level is err, warning, notice, info or debug; with an area default, too");
    if (!rc && area && which < 0)
        rc = problem_set(&p, PROBLEM_FIELD, "/area", "there is no such area of the log");
    if (rc) {
        control_refuse(ask, &p);
        return;
    }
    if (area)
        log_set_area_level((enum log_area)which, wanted); /* -1: default */
    else
        log_set_level((enum log_level)wanted);
    LOG(LOG_LEVEL_NOTICE, LOG_MAIN, "log_level_set", LOG_TEXT("of", area ? area : ""), LOG_TEXT("to", level), LOG_INT("uid", ask->uid));
    control_log_levels(ask, request);
}

/* ---- bundle ---- */

static json_t *versions(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "tongband", TONGBAN_VERSION, "sqlite", store_library(), "openssl",
                     tls_library(), "libuv", uv_version_string(), "jansson", jansson_version_str());
}

static void bundle_told(void *context, const json_t *status)
{
    struct control_ask *ask = context;
    struct buf text;
    buf_init(&text, METRICS_BYTES_MAX);
    json_t *answer = json_pack("{s:o?, s:o?, s:o?, s:o?}", "status", json_deep_copy(status), "configuration",
                               config_summary(ask->parts->config), "versions", versions(), "log_levels", levels_json());
    if (answer && ask->parts->wiring.metrics(ask->parts->wiring.context, &text) == 0)
        (void)json_object_set_new(answer, "metrics", json_stringn(text.data, text.len));
    buf_free(&text);
    control_answer(ask, answer);
}

/* Everything somebody far away needs to help, and nothing about applicants or staff. */
void control_bundle(struct control_ask *ask, json_t *request)
{
    (void)request;
    struct problem p = {.number = -1};
    if (monitor_ask(ask->parts->monitor, bundle_told, ask) != 0) {
        (void)problem_from_code(&p, TB_ENOMEM);
        control_refuse(ask, &p);
    }
}
