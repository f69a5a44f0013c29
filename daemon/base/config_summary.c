/* What a support bundle may tell of the configuration, from the table of its keys. */
#include <stdint.h>
#include <string.h>

#include "daemon/base/config.h"
#include "daemon/base/config_schema.h"

/* Keys that may name a person or reach one; of lists only the length is told. */
static const char *const left_out[] = {"phone", "complaint", "seal", "intake_seal"};

static bool is_left_out(const char *key)
{
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (!strcmp(left_out[i], key))
            return true;
    return false;
}

static json_int_t number_at(const void *at, size_t size)
{
    uint64_t value = 0;
    uint32_t word;
    uint16_t half;
    if (size == sizeof value) {
        memcpy(&value, at, size);
    } else if (size == sizeof word) {
        memcpy(&word, at, size);
        value = word;
    } else if (size == sizeof half) {
        memcpy(&half, at, size);
        value = half;
    }
    return (json_int_t)value;
}

static json_t *map_of(const struct config_option *options, const char *base);

static json_t *list_of(const struct config_option *option, const char *base)
{
    unsigned count;
    const char *elements;
    memcpy(&count, base + option->count_offset, sizeof count);
    memcpy(&elements, base + option->offset, sizeof elements);
    if (!strcmp(option->key, "staff"))
        return json_integer((json_int_t)count);
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++)
        (void)json_array_append_new(list, map_of(option->members, elements + i * option->size));
    return list;
}

static json_t *files_of(const struct config_option *option, const char *base)
{
    unsigned count;
    char *const *names;
    memcpy(&count, base + option->count_offset, sizeof count);
    memcpy(&names, base + option->offset, sizeof names);
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *value_of(const struct config_option *option, const char *base)
{
    const char *at = base + option->offset, *text;
    bool flag;
    switch (option->kind) {
    case CONFIG_MAP:
        return map_of(option->members, at);
    case CONFIG_LIST:
        return list_of(option, base);
    case CONFIG_FILES:
        return files_of(option, base);
    case CONFIG_NUMBER:
        return json_integer(number_at(at, option->size));
    case CONFIG_BOOL:
        memcpy(&flag, at, sizeof flag);
        return json_boolean(flag);
    case CONFIG_TEXT:
    case CONFIG_FILE:
    case CONFIG_DIRECTORY:
        break;
    }
    memcpy(&text, at, sizeof text);
    return text ? json_string(text) : json_null();
}

static json_t *map_of(const struct config_option *options, const char *base)
{
    json_t *map = json_object();
    for (const struct config_option *option = options; option->key; option++)
        if (!is_left_out(option->key))
            (void)json_object_set_new(map, option->key, value_of(option, base));
    return map;
}

json_t *config_summary(const struct config *config)
{
    return map_of(config_options, (const char *)config);
}
