#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban.h"
#include "proto/codes.h"
#include "proto/limits.h"

#define KEY(key) CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct client_config, key, 1, 1024)
#define KEY_OPTIONAL(key)                                                                                              \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct client_config, key, 1, 1024)

static const cyaml_schema_field_t config_fields[] = {KEY(server), KEY(authority),         KEY(certificate), KEY(key),
                                                     KEY(office), KEY_OPTIONAL(calendar), CYAML_FIELD_END};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct client_config, config_fields)};

/* libcyaml tells what is wrong through its log; the first error and the place are what the clerk needs. */
struct config_log {
    char text[240];
};

static void config_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void config_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    struct config_log *log = ctx;
    size_t len = strlen(log->text);
    if (level < CYAML_LOG_ERROR || len >= sizeof log->text - 1)
        return;
    (void)vsnprintf(log->text + len, sizeof log->text - len, format, args);
    for (char *c = log->text; *c; c++)
        if (*c == '\n')
            *c = ' ';
}

static cyaml_config_t yaml_config(struct config_log *log)
{
    return (cyaml_config_t){.log_fn = config_log,
                            .log_ctx = log,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_WARNING,
                            .flags = CYAML_CFG_NO_ALIAS};
}

void client_config_free(struct client_config *config)
{
    struct config_log log = {""};
    cyaml_config_t yaml = yaml_config(&log);
    if (config)
        (void)cyaml_free(&yaml, &config_schema, config, 0);
}

/* A relative path in the file is relative to the file. */
static int anchor(char **path, const char *file)
{
    const char *slash = strrchr(file, '/');
    if (!*path || (*path)[0] == '/' || !slash)
        return 0;
    char *whole;
    if (asprintf(&whole, "%.*s/%s", (int)(slash - file), file, *path) < 0)
        return TB_ENOMEM;
    free(*path);
    *path = whole;
    return 0;
}

static int check(struct client_config *config, const char *path, struct problem *p)
{
    size_t len = strlen(config->server);
    while (len && config->server[len - 1] == '/')
        config->server[--len] = '\0';
    if (strncmp(config->server, "https://", 8) != 0 || len == 8)
        return problem_set(p, PROBLEM_FIELD, "server", "%s: server must begin with https://", path);
    if (!office_valid(config->office))
        return problem_set(p, PROBLEM_FIELD, "office", "%s: office must be six digits in quotes", path);
    char **files[] = {&config->authority, &config->certificate, &config->key, &config->calendar};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (anchor(files[i], path))
            return problem_from_code(p, TB_ENOMEM);
        if (*files[i] && access(*files[i], R_OK))
            return problem_set(p, PROBLEM_FIELD, NULL, "%s: %s", *files[i], strerror(errno));
    }
    return 0;
}

int client_config_load(const char *path, struct client_config **out, struct problem *p)
{
    struct config_log log = {""};
    cyaml_config_t yaml = yaml_config(&log);
    struct client_config *config = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return problem_set(p, PROBLEM_FIELD, NULL, "%s: %s", path, strerror(errno));
    char *text = malloc(LIMIT_CONFIG_BYTES + 1);
    size_t len = text ? fread(text, 1, LIMIT_CONFIG_BYTES + 1, file) : 0;
    (void)fclose(file);
    int rc = TB_ENOMEM;
    if (!text)
        goto out;
    rc = len > LIMIT_CONFIG_BYTES
             ? problem_set(p, PROBLEM_TOO_LARGE, NULL, "%s: larger than %d bytes", path, LIMIT_CONFIG_BYTES)
             : 0;
    if (rc)
        goto out;
    cyaml_err_t err =
        cyaml_load_data((const uint8_t *)text, len, &yaml, &config_schema, (cyaml_data_t **)&config, NULL);
    if (err != CYAML_OK || !config)
        rc = problem_set(p, PROBLEM_FIELD, NULL, "%s: %s", path, log.text[0] ? log.text : cyaml_strerror(err));
    else
        rc = check(config, path, p);
out:
    free(text);
    if (rc)
        client_config_free(config);
    else
        *out = config;
    return rc;
}

char *client_config_find(void)
{
    const char *named = getenv("TONGBAN_CONFIG"), *home = getenv("HOME");
    if (named && named[0])
        return strdup(named);
    char *path = NULL;
    if (home && home[0] && asprintf(&path, "%s/.config/tongban/tongban.yaml", home) >= 0 && !access(path, F_OK))
        return path;
    free(path);
    return access("/etc/tongban/tongban.yaml", F_OK) ? NULL : strdup("/etc/tongban/tongban.yaml");
}
