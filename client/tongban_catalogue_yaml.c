#include <string.h>

#include "client/tongban_catalogue.h"
#include "proto/item.h"
#include "proto/text.h"

/* Text that YAML reads as itself: begins with a letter or hanzi, has no sign that means something to it. */
static bool is_plain(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL};
    size_t len = strlen(text);
    if (!len || text[len - 1] == ' ' || (unsigned char)text[0] < 'A')
        return false;
    for (size_t i = 0; words[i]; i++)
        if (!strcasecmp(words[i], text))
            return false;
    for (size_t at = 0; at < len;) {
        int32_t code = text_next(text, len, &at);
        bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_';
        if (!letter && code < 0xA0 && (at == 1 || code < 0 || !strchr(" ()/.;-", (char)code)))
            return false;
    }
    return true;
}

static int scalar(const json_t *value, struct buf *out)
{
    const char *text = json_string_value(value);
    if (text && is_plain(text))
        return buf_printf(out, "%s\n", text);
    char *quoted = json_dumps(value, JSON_ENCODE_ANY); /* a JSON string is a double-quoted one of YAML */
    int rc = quoted ? buf_printf(out, "%s\n", quoted) : TB_ENOMEM;
    free(quoted);
    return rc;
}

static int member(const char *name, const json_t *value, const struct item_element *e, int indent, bool first, struct buf *out);

static int mapping(const json_t *object, const struct item_element *members, int indent, bool inlined, struct buf *out)
{
    int rc = 0;
    bool first = inlined;
    for (const struct item_element *e = members; e && e->name && !rc; e++) {
        const json_t *value = json_object_get(object, e->name);
        if (!value)
            continue;
        rc = member(e->name, value, e, indent, first, out);
        first = false;
    }
    return rc;
}

static const struct item_element limit_members[] = {
    {.name = "days", .form = ITEM_NUMBER}, {.name = "unit", .form = ITEM_TEXT}, {.name = NULL}};

static int list(const json_t *values, const struct item_element *e, int indent, struct buf *out)
{
    int rc = 0;
    size_t i;
    const json_t *value;
    json_array_foreach((json_t *)values, i, value)
    {
        rc = rc ? rc : buf_printf(out, "%*s- ", indent + 2, "");
        rc = rc ? rc : json_is_object(value) ? mapping(value, e->members, indent + 4, true, out) : scalar(value, out);
    }
    return rc;
}

static int member(const char *name, const json_t *value, const struct item_element *e, int indent, bool first, struct buf *out)
{
    int rc = buf_printf(out, "%*s%s:", first ? 0 : indent, "", name);
    if (rc)
        return rc;
    if (json_is_object(value)) {
        rc = buf_append_str(out, "\n");
        return rc ? rc : mapping(value, e->form == ITEM_LIMIT ? limit_members : e->members, indent + 2, false, out);
    }
    if (json_is_array(value)) {
        rc = buf_append_str(out, json_array_size(value) ? "\n" : " []\n");
        return rc ? rc : list(value, e, indent, out);
    }
    rc = buf_append_str(out, " ");
    return rc ? rc : scalar(value, out);
}

int catalogue_yaml(const char *office, const json_t *items, const char *comment, struct buf *out)
{
    size_t i;
    const json_t *item;
    int rc = buf_printf(out, "# %s\noffice: \"%s\"\nitems:\n", comment, office);
    json_array_foreach((json_t *)items, i, item)
    {
        rc = rc ? rc : buf_append_str(out, "  - ");
        rc = rc ? rc : mapping(item, item_elements, 4, true, out);
    }
    return rc;
}
