/* wanted: what the catalogue says about an item, for the clerk who takes an application in (docs/reference/item.md). */
#include <string.h>

#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/item.h"

enum { LABEL = 12 };

static bool flag(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

bool wanted_step(const json_t *item, char step)
{
    const char *steps = json_string_value(json_object_get(item, "steps"));
    return !steps || strchr(steps, step);
}

/* The entries of a list one below the other. */
static void show_list(const char *label, const json_t *list)
{
    const json_t *entry;
    size_t i;
    json_array_foreach((json_t *)list, i, entry) if (json_is_string(entry)) term_pair(i ? "" : label, LABEL, json_string_value(entry));
}

static void show_material(size_t n, const json_t *material)
{
    char text[700];
    const char *when = view_text(material, "needed_when"), *standard = view_text(material, "standard");
    const char *need = !item_from_applicant(material)                   ? _("not to be handed in")
                       : item_licence_of(material) == ITEM_LICENCE_SEEN    ? _("e-licence to be shown")
                       : when[0]                                           ? when
                       : !flag(material, "required", true)                 ? _("not always needed")
                       : flag(material, "deferrable", false)               ? _("may come later")
                                                                           : _("needed");
    (void)snprintf(text, sizeof text, lang_zh() ? "%zu %s（%s，%s）%s%s" : "%zu %s (%s, %s)%s%s", n + 1, view_text(material, "name"),
                   item_word("form", view_text(material, "form"), lang_zh()), need, standard[0] ? _(": ") : "", standard);
    term_pair(n ? "" : _("To be brought"), LABEL, text);
}

void wanted_show(const json_t *item)
{
    char text[700], limit[64];
    const json_t *materials = json_object_get(item, "materials"), *material;
    size_t i;
    (void)snprintf(text, sizeof text, "%s %s", view_text(item, "code"), view_text(item, "name"));
    term_pair(_("Item"), LABEL, text);
    (void)snprintf(text, sizeof text, "%s %s", view_office(view_text(item, "office")), view_text(item, "department"));
    term_pair(_("Decided at"), LABEL, text);
    (void)snprintf(text, sizeof text, "%s%s%s", view_limit(json_object_get(item, "promised_limit"), limit, sizeof limit), _("; "),
                   view_text(item, "fee"));
    term_pair(_("Limit, fee"), LABEL, text);
    if (json_is_true(json_object_get(item, "in_person")))
        term_pair(_("In person"), LABEL, _("the applicant must appear in person"));
    show_list(_("Conditions"), json_object_get(item, "conditions"));
    show_list(_("To survey"), json_object_get(item, "survey_standards"));
    json_array_foreach((json_t *)materials, i, material) show_material(i, material);
    (void)putchar('\n');
    (void)fflush(stdout);
}
