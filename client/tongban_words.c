/* Words and values of the protocol as a clerk reads them. */
#include <string.h>

#include "client/tongban_term.h"
#include "client/tongban_view.h"

static const struct {
    const char *word, *text;
} protocol_words[] = {
    {"done", N_("done")},
    {"running", N_("running")},
    {"draining", N_("intake closed")},
    {"ok", N_("well")},
    {"retrying", N_("failing, tried again")},
    {"alarm", N_("failing")},
    {"paused", N_("paused")},
    {"refused", N_("refused")},
    {"invalid", N_("not valid")},
    {"acceptance", N_("acceptance")},
    {"decision", N_("decision")},
    {"delivery", N_("delivery of the result")},
    {"pickup", N_("pickup")},
    {"mail", N_("mail")},
    {"electronic", N_("electronic")},
    {"direct", N_("handed over in person")},
    {"left_in_place", N_("left in place")},
    {"public_notice", N_("public notice")},
    {"intake", N_("the intake side")},
    {"home", N_("the home side")},
    {"window", N_("window")},
    {"signs", N_("signs")},
    {"signs-too", N_("signs too, until it is retired")},
    {"before", N_("of before")},
    {"pinned", N_("pinned by the configuration")},
    {"accepted", N_("accepted since")},
    {"gateway", N_("gateway, as server")},
    {"gateway-client", N_("gateway, as client")},
    {"staff-authority", N_("authority of the staff")},
    {"peer-authority", N_("authority of the counterpart")},
    {"number", N_("number")},
    {"handler", N_("handler")},
    {"supervisor", N_("supervisor")},
    {"assisted", N_("assisted")},
    {"portal", N_("portal")},
    {"kiosk", N_("kiosk")},
    {"window or handler", N_("window or handler")},
    {"window or handler or assisted or portal or kiosk", N_("window or handler or assisted or portal or kiosk")},
    {"window or handler or liaison or assisted or portal or kiosk", N_("window or handler or liaison or assisted or portal or kiosk")},
    {"liaison", N_("liaison")},
    {"auditor", N_("auditor")},
    {"handler or liaison", N_("handler or liaison")},
    {"window or handler or liaison", N_("window or handler or liaison")},
    {"window or handler or liaison or auditor", N_("window or handler or liaison or auditor")},
    {"done", N_("taken")},
    {"refused", N_("refused")},
    {"invalid", N_("invalid")},
    {"the system itself", N_("the system itself")},
    {"the window at the intake side", N_("the window at the intake side")},
    {"the handler at the home side", N_("the handler at the home side")},
    {"the window at either side or the handler at the home side", N_("the window at either side or the handler at the home side")},
    {"match", N_("match")},
    {"mismatch", N_("mismatch")},
    {"manual", N_("manual")},
    {"grant", N_("granted")},
    {"deny", N_("denied")},
    {"person", N_("a person")},
    {"organisation", N_("an organisation")},
    {"original", N_("original")},
    {"copy", N_("copy")},
    {"form", N_("form")},
    {"citizen-id", N_("resident identity card")},
    {"uscc", N_("unified social credit code")},
    {"passport", N_("passport")},
    {"hmt-permit", N_("travel permit of Hong Kong, Macao or Taiwan residents")},
    {"other", N_("another document")},
    {"NOT_REQUIRED", N_("no permit is needed for this")},
    {"NOT_COMPETENT", N_("another agency is competent")},
    {"INCOMPLETE", N_("the materials are not complete")},
    {"NOT_SUPPLEMENTED", N_("not supplemented in time")},
    {"OTHER", N_("another reason")},
    {"DUPLICATE", N_("applied for twice")},
    {"WRONG_ITEM", N_("the wrong item was chosen")},
    {"APPLICANT_REQUEST", N_("the applicant asks for it")},
    {"DEATH", N_("the applicant died or lost capacity")},
    {"DISSOLVED", N_("the organisation has ended")},
    {"FORCE_MAJEURE", N_("force majeure")},
    {"LAW_CHANGED", N_("the law was changed")},
    {"PERMIT_5WD", N_("told within five days, once")},
    {"ONSPOT_DEEMED", N_("told on the spot, or accepted")},
    {"ONSPOT_ZJ", N_("told on the spot (Zhejiang)")},
    {"WITHDRAWN", N_("withdrawn when overdue")},
    {"form_check", N_("check of the form")},
    {"substantive_review", N_("review of the substance")},
    {"working_day", N_("working days")},
    {"calendar_day", N_("calendar days")},
    {"hearing", N_("hearing")},
    {"tender", N_("tender")},
    {"auction", N_("auction")},
    {"inspection", N_("inspection")},
    {"test", N_("test")},
    {"quarantine", N_("quarantine")},
    {"appraisal", N_("appraisal")},
    {"expert_review", N_("review by experts")},
    {"supplement", N_("supplement")},
    {"tolerance", N_("closing of the gaps")},
    {"special", N_("special procedure")},
    {"step_forward", N_("step: forwarding")},
    {"step_recheck", N_("step: first answer")},
    {"step_result", N_("step: sending the result")},
    {"link", N_("the link")},
    {"applicant", N_("the applicant")},
    {"check", N_("first check")},
    {"recheck", N_("check of the supplement")},
    {"gaps", N_("closing of the gaps")},
    {"result", N_("making the result")},
    {"officer", N_("officer in charge")},
    {"liaison", N_("liaison of the office")},
    {"window_head", N_("head of the window")},
    {"coordinating_office", N_("coordinating office")},
    {"meeting", N_("regular meeting")},
    {"works", N_("works")},
    {"suspended", N_("suspended")},
    {"ended", N_("ended")},
    {"configuration", N_("configuration")},
    {"enrolled", N_("enrolled")},
    {"shadowed", N_("in the configuration too, which counts")},
    {"overruled", N_("configuration, overruled here")},
    {"removed", N_("no longer in the configuration")},
};

const char *view_word(const char *word)
{
    for (size_t i = 0; i < sizeof protocol_words / sizeof protocol_words[0]; i++)
        if (!strcmp(word, protocol_words[i].word))
            return gettext(protocol_words[i].text);
    return word;
}

/* Words that mean something else, or anything at all, only as the value of one member. */
static const struct {
    const char *member, *word, *text;
} value_words[] = {
    {"step", "intake", N_("taking in")},
    {"step", "notice", N_("one-time notice")},
    {"step", "original", N_("original verification")},
    {"step", "person", N_("person comparison")},
    {"step", "delivery", N_("delivery of the result")},
    {"way", "electronic", N_("electronically")},
    {"in_name", "principal", N_("the principal's")},
    {"in_name", "principal_by_delegate", N_("the principal's, naming the delegate")},
    {"open_cases", "finish", N_("the delegate finishes them")},
    {"open_cases", "stop", N_("the delegate stops")},
    {"after", "kept", N_("kept")},
    {"after", "returned", N_("given back")},
    {"class", "materials", N_("materials")},
    {"class", "standard", N_("standard")},
    {"class", "system", N_("system")},
    {"class", "mail", N_("mail")},
    {"class", "originals", N_("originals")},
    {"class", "delay", N_("delay")},
    {"class", "service", N_("service")},
    {"class", "authorisation", N_("authorisation")},
    {"class", "other", N_("something else")},
    {"function", "officer", N_("officer of the item")},
    {"function", "liaison", N_("liaison")},
    {"function", "window_head", N_("head of the window")},
    {"function", "coordinating_office", N_("coordinating office")},
    {"opinion", "complete", N_("complete")},
    {"opinion", "incomplete", N_("not complete")},
    {"opinion", "not_here", N_("not for this office")},
    {"opinion", "unclear", N_("not clear")},
    {"about", "intake_window", N_("the intake window")},
    {"about", "home_department", N_("the home department")},
    {"channel", "pc", N_("on the web")},
    {"channel", "mobile", N_("on a telephone")},
    {"channel", "qr", N_("by a QR code")},
    {"channel", "tablet", N_("on the window's tablet")},
    {"channel", "terminal", N_("at a terminal")},
    {"channel", "sms", N_("by a text message")},
    {"channel", "default", N_("by default, not counted")},
};

const char *view_value_word(const char *name, const char *word)
{
    for (size_t i = 0; i < sizeof value_words / sizeof value_words[0]; i++)
        if (!strcmp(name, value_words[i].member) && !strcmp(word, value_words[i].word))
            return gettext(value_words[i].text);
    return view_word(word);
}

const struct case_field *view_members(const struct case_field *fields, const char *name)
{
    for (const struct case_field *f = fields; f && f->name; f++)
        if (!strcmp(f->name, name))
            return f->members;
    return NULL;
}

void view_label(const char *name, const struct case_field *field, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", field && lang_zh() && field->zh ? field->zh : name);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '_' ? ' ' : *c);
}

/* Size and type of a file say nothing to a clerk beside the file itself. */
static bool is_shown(const json_t *object, const char *name)
{
    return !json_object_get(object, "sha256") || (strcmp(name, "size") != 0 && strcmp(name, "type") != 0);
}

static int object_text(const json_t *object, const struct case_field *fields, struct buf *out)
{
    const char *key;
    json_t *value;
    int rc = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct case_field *f = fields;
        char label[128];
        while (f && f->name && strcmp(f->name, key) != 0)
            f++;
        if (rc || !is_shown(object, key))
            continue;
        if (out->len && out->data[out->len - 1] != ' ')
            rc = buf_append_str(out, _(", "));
        view_label(key, f && f->name ? f : NULL, label, sizeof label);
        rc = rc ? rc : buf_printf(out, "%s ", label);
        rc = rc ? rc : view_value(value, f && f->name ? f : NULL, out);
    }
    return rc;
}

static int list_text(const json_t *list, const struct case_field *field, struct buf *out)
{
    size_t i, before = out->len;
    json_t *element;
    int rc = 0;
    json_array_foreach(list, i, element)
    {
        struct buf one;
        buf_init(&one, VALUE_BYTES);
        rc = rc ? rc : view_value(element, field, &one);
        rc = rc || out->len == before ? rc : buf_append_str(out, _("; "));
        rc = rc ? rc : buf_append(out, one.data ? one.data : "", one.len);
        buf_free(&one);
    }
    return rc;
}

int view_value(const json_t *value, const struct case_field *field, struct buf *out)
{
    const char *text = json_string_value(value);
    char at[20];
    if (text && field && field->kind == FIELD_TIME)
        return buf_append_str(out, strcmp(term_time(value, at), "-") ? at : text);
    if (text && field && field->kind == FIELD_SHA256)
        return buf_printf(out, "%.12s…", text);
    if (text)
        return buf_append_str(out, field && field->kind == FIELD_ENUM ? view_value_word(field->name, text) : text);
    if (json_is_boolean(value))
        return buf_append_str(out, json_is_true(value) ? _("yes") : _("no"));
    if (json_is_integer(value))
        return buf_printf(out, "%lld", (long long)json_integer_value(value));
    if (json_is_array(value))
        return list_text(value, field, out);
    return json_is_object(value) ? object_text(value, field ? field->members : NULL, out) : 0;
}
