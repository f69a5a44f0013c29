/* case new: an application taken in at the window — from a form, or by asking. */
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/item.h"
#include "proto/text.h"

/* Files of the form are uploaded first and replaced by what identifies them: `file` of a material and of the agent's
 * power. */
static int upload_member(struct client *client, json_t *object, const char *from, const char *to, bool describe)
{
    const char *path = json_string_value(json_object_get(object, from));
    struct upload_file file;
    if (!path)
        return EXIT_DONE;
    int status = upload_send(client, path, &file);
    if (status)
        return status;
    int rc = json_object_del(object, from);
    rc = rc ? rc : json_object_set_new(object, to, json_string(file.sha256));
    if (describe && !rc)
        rc = json_object_set_new(object, "size", json_integer(file.size)) ||
             json_object_set_new(object, "type", json_string(file.type));
    return rc ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

static int upload_form(struct client *client, json_t *form)
{
    json_t *material;
    size_t i;
    int status = EXIT_DONE;
    json_array_foreach(json_object_get(form, "materials"), i, material) if (!status) status =
        upload_member(client, material, "file", "sha256", true);
    json_t *agent = json_object_get(form, "agent");
    return status || !agent ? status
                            : upload_member(client, agent, "power_of_attorney_file", "power_of_attorney", false);
}

/* ---- the questions ---- */

static int ask_into(json_t *object, const char *key, const char *question, bool required)
{
    char *answer = NULL;
    int rc = ask_text(question, required, &answer);
    if (!rc && answer && json_object_set_new(object, key, json_string(answer)))
        rc = TB_ENOMEM;
    free(answer);
    return rc;
}

static const struct {
    const char *type, *label;
    int kind; /* enum code_kind, or -1 when there is no rule */
} certificates[] = {{"citizen-id", N_("resident identity card"), CODE_CITIZEN_ID},
                    {"uscc", N_("unified social credit code"), CODE_USCC},
                    {"passport", N_("passport"), -1},
                    {"hmt-permit", N_("travel permit of Hong Kong, Macao or Taiwan residents"), -1},
                    {"other", N_("another document"), -1}};
enum { CERTIFICATES = sizeof certificates / sizeof certificates[0] };

static int ask_certificate(json_t *person)
{
    const char *label[CERTIFICATES];
    unsigned chosen;
    json_t *certificate = json_object();
    for (unsigned i = 0; i < CERTIFICATES; i++)
        label[i] = gettext(certificates[i].label);
    int rc = certificate ? ask_choice(_("Kind of certificate"), label, CERTIFICATES, 0, &chosen) : TB_ENOMEM;
    if (!rc && json_object_set_new(certificate, "type", json_string(certificates[chosen].type)))
        rc = TB_ENOMEM;
    while (!rc) {
        const char *why;
        rc = ask_into(certificate, "number", _("Number of the certificate"), true);
        if (rc || certificates[chosen].kind < 0 ||
            !code_check((enum code_kind)certificates[chosen].kind, view_text(certificate, "number"), &why))
            break;
        (void)fprintf(stderr, "  %s\n", gettext(why));
    }
    if (!rc && json_object_set(person, "certificate", certificate))
        rc = TB_ENOMEM;
    /* the kind of the applicant follows from the document */
    if (!rc && !json_object_get(person, "kind") && json_object_get(person, "name"))
        rc = json_object_set_new(person, "kind",
                                 json_string(certificates[chosen].kind == CODE_USCC ? "organisation" : "person"))
                 ? TB_ENOMEM
                 : 0;
    json_decref(certificate);
    return rc;
}

static int ask_person(json_t *form, const char *key, const char *name_question)
{
    json_t *person = json_object();
    int rc = person && !json_object_set_new(form, key, person) ? 0 : TB_ENOMEM;
    while (!rc) {
        rc = ask_into(person, "name", name_question, true);
        if (rc || !text_check_name(view_text(person, "name"), 300))
            break;
        (void)fprintf(stderr, "  %s\n", _("A name has no control or private-use characters; type it again"));
    }
    rc = rc ? rc : ask_certificate(person);
    rc = rc ? rc : ask_into(person, "mobile", _("Mobile number"), true);
    return rc;
}

static int ask_material(const json_t *wanted, json_t *materials)
{
    const char *letter = view_text(wanted, "form");
    const char *const values[] = {"original", "copy", "electronic", "form"};
    const char *const labels[] = {_("original"), _("copy"), _("electronic"), _("form"), _("not handed in")};
    unsigned chosen, fallback = letter[0] == 'C' ? 1 : letter[0] == 'E' || letter[0] == 'S' || letter[0] == 'P' ? 2 : 0;
    bool seen = false, always = json_is_true(json_object_get(wanted, "required"));
    char question[1400];
    const char *when = view_text(wanted, "needed_when"), *standard = view_text(wanted, "standard");
    (void)snprintf(question, sizeof question, "%s%s%s%s%s%s", view_text(wanted, "name"), always ? "" : _(" (only at times)"),
                   when[0] ? _(": ") : "", when, standard[0] ? "\n    " : "", standard);
    int rc = ask_choice(question, labels, 5, always ? fallback : 4, &chosen);
    if (rc || chosen == 4)
        return rc;
    if (chosen < 2)
        rc = ask_yes(_("Was the original seen, and does it agree?"), true, &seen);
    json_t *material =
        json_pack("{s:s, s:s, s:b}", "name", view_text(wanted, "name"), "form", values[chosen], "original_seen", seen);
    if (!rc)
        rc = material ? ask_into(material, "file", _("File of the scan (empty: none)"), false) : TB_ENOMEM;
    if (!rc && json_array_append(materials, material))
        rc = TB_ENOMEM;
    json_decref(material);
    return rc;
}

static int ask_comparison(json_t *form)
{
    const char *const values[] = {"match", "manual", "mismatch"};
    const char *const labels[] = {_("the device says match"), _("confirmed by eye"), _("does not match"),
                                  _("not compared")};
    unsigned chosen;
    int rc = ask_choice(_("Person comparison"), labels, 4, 0, &chosen);
    if (rc || chosen == 3)
        return rc;
    json_t *comparison = json_pack("{s:s}", "result", values[chosen]);
    if (!comparison || json_object_set_new(form, "comparison", comparison))
        return TB_ENOMEM;
    return chosen == 1 ? ask_into(comparison, "reason", _("Why by eye (old photo, rare character, damaged card)"), true)
                       : 0;
}

/* Only the ways that the item offers. */
static int ask_delivery(const json_t *item, json_t *form)
{
    static const struct {
        const char *way, *place, *label;
    } ways[] = {{"pickup", "intake", N_("fetched at this window")},
                {"pickup", "home", N_("fetched at the home side")},
                {"mail", NULL, N_("by mail")},
                {"electronic", NULL, N_("electronically")}};
    const char *labels[sizeof ways / sizeof ways[0]];
    unsigned chosen, count = 0, offered[sizeof ways / sizeof ways[0]];
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (item_delivers(item, ways[i].way)) {
            labels[count] = gettext(ways[i].label);
            offered[count++] = i;
        }
    json_t *delivery = json_object();
    int rc = delivery && !json_object_set_new(form, "delivery", delivery) ? 0 : TB_ENOMEM;
    if (!rc && !count)
        return json_object_del(form, "delivery") ? TB_ENOMEM : 0;
    rc = rc ? rc : ask_choice(_("How shall the result be delivered?"), labels, count, 0, &chosen);
    if (rc)
        return rc;
    const char *way = ways[offered[chosen]].way, *place = ways[offered[chosen]].place;
    bool mail = !strcmp(way, "mail");
    if (json_object_set_new(delivery, "way", json_string(way)) || (place && json_object_set_new(delivery, "place", json_string(place))))
        return TB_ENOMEM;
    rc = mail ? ask_into(delivery, "address", _("Address"), true) : 0;
    rc = rc || !mail ? rc : ask_into(delivery, "recipient", _("Recipient"), true);
    return rc || !mail ? rc : ask_into(delivery, "mobile", _("Mobile number of the recipient"), true);
}

/* All questions in the order of the work at the window.  0, TB_ECLOSED when the clerk ended the input. */
static int ask_form(const json_t *item, json_t *form)
{
    bool agent = false;
    json_t *wanted, *materials = json_array();
    size_t i;
    int rc = materials && !json_object_set_new(form, "materials", materials) ? 0 : TB_ENOMEM;
    rc = rc ? rc : ask_person(form, "applicant", _("Name of the applicant"));
    rc = rc ? rc : ask_yes(_("Is an agent acting for the applicant?"), false, &agent);
    if (!rc && agent) {
        rc = ask_person(form, "agent", _("Name of the agent"));
        json_t *person = json_object_get(form, "agent");
        if (!rc)
            rc = json_object_del(person, "kind") && json_object_get(person, "kind") ? TB_ENOMEM : 0;
        rc = rc ? rc : ask_into(person, "power_of_attorney_file", _("Scan of the power of attorney"), true);
    }
    json_array_foreach(json_object_get(item, "materials"), i, wanted) rc = rc ? rc : ask_material(wanted, materials);
    rc = rc ? rc : ask_comparison(form);
    rc = rc ? rc : ask_delivery(item, form);
    return rc ? rc : ask_into(form, "remark", _("Remark (may be empty)"), false);
}

/* 形式审查, before anything is sent.  True when something is missing. */
static bool show_lacks(const json_t *item, const json_t *form)
{
    json_t *lacks = NULL;
    if (item_lacks(item, form, &lacks) || !lacks)
        return false;
    view_lacks(lacks);
    json_decref(lacks);
    return true;
}

static void show_summary(const json_t *item, const json_t *form)
{
    json_t *m;
    size_t i;
    char text[700];
    const json_t *person = json_object_get(form, "applicant"), *certificate = json_object_get(person, "certificate");
    (void)printf("\n%s\n", _("This is what will be sent:"));
    (void)snprintf(text, sizeof text, "%s %s", view_text(item, "code"), view_text(item, "name"));
    term_pair(_("Item"), 18, text);
    (void)snprintf(text, sizeof text, "%s  %s", view_text(person, "name"), view_text(certificate, "number"));
    term_pair(_("Applicant"), 18, text);
    term_pair(_("Mobile number"), 18, view_text(person, "mobile"));
    term_pair(_("Agent"), 18, view_text(json_object_get(form, "agent"), "name"));
    json_array_foreach(json_object_get(form, "materials"), i, m)
    {
        (void)snprintf(text, sizeof text, "%s  %s", view_text(m, "name"), view_text(m, "file"));
        term_pair(_("Material"), 18, text);
    }
    term_pair(_("Delivery"), 18, view_value_word("way", view_text(json_object_get(form, "delivery"), "way")));
    (void)show_lacks(item, form);
    (void)putchar('\n');
    (void)fflush(stdout);
}

/* What the clerk explains before anything is filled in (行政许可法 30). */
static void show_conditions(const json_t *item)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(item, "conditions"), i, one)
        term_pair(i ? "" : _("Conditions"), 18, json_string_value(one));
}

static int form_by_asking(struct client *client, const struct args *args, const char *office, json_t **out)
{
    const char *code = args_option(args, "item");
    char *typed = NULL;
    json_t *item = NULL, *form;
    bool sure = false;
    if (!ask_possible(client))
        return report_local(client, REPORT_USAGE, "%s", _("without a terminal the intake comes from --file FORM.json"));
    if (!code && ask_text(_("Code of the item (see: tongban item list)"), true, &typed))
        return report_local(client, REPORT_USAGE, "%s", _("the questions were not answered"));
    int status = view_item(client, code ? code : typed, office, NULL, &item);
    free(typed);
    if (status)
        return status;
    (void)printf("%s %s\n", view_text(item, "code"), view_text(item, "name"));
    show_conditions(item);
    (void)fflush(stdout);
    form = json_pack("{s:{s:s, s:s}}", "item", "office", view_text(item, "office"), "code", view_text(item, "code"));
    int rc = form ? ask_form(item, form) : TB_ENOMEM;
    if (!rc)
        show_summary(item, form);
    rc = rc ? rc : ask_yes(_("Send it?"), true, &sure);
    json_decref(item);
    if (rc || !sure) {
        json_decref(form);
        return report_local(client, REPORT_USAGE, "%s", _("nothing was sent"));
    }
    *out = form;
    return EXIT_DONE;
}

/* --item and --office fill in or correct the form's item. */
static int set_item(const struct client *client, const struct args *args, json_t *form)
{
    const char *code = args_option(args, "item"), *office = args_option(args, "office");
    json_t *item = json_object_get(form, "item");
    if (!item && (code || office) && (!(item = json_object()) || json_object_set_new(form, "item", item)))
        return report_local(client, REPORT_MEMORY, NULL);
    if ((code && json_object_set_new(item, "code", json_string(code))) ||
        (office && json_object_set_new(item, "office", json_string(office))))
        return report_local(client, REPORT_USAGE, "--item --office");
    if (args_option(args, "no-forward") && json_object_set_new(form, "forward", json_false()))
        return report_local(client, REPORT_MEMORY, NULL);
    return EXIT_DONE;
}

int intake_form(struct client *client, const struct args *args, const char *office, json_t **out)
{
    const char *file = args_option(args, "file");
    json_t *form = NULL;
    int status = file ? view_read_json(client, file, &form) : form_by_asking(client, args, office, &form);
    status = status ? status : set_item(client, args, form);
    status = status ? status : upload_form(client, form);
    status = status ? status : view_upload_fields(client, case_fields(ENTRY_CASE_SUBMITTED), form);
    if (status)
        json_decref(form);
    else
        *out = form;
    return status;
}

/* A form from a file has shown nobody what it lacks: where there is somebody, he decides whether it goes out like this. */
static int confirm_lacks(struct client *client, const json_t *form)
{
    const json_t *wanted = json_object_get(form, "item");
    const char *code = view_text(wanted, "code"), *office = view_text(wanted, "office");
    json_t *item = NULL;
    bool sure = true;
    if (!ask_possible(client) || !code[0])
        return EXIT_DONE;
    int status = view_item(client, code, office[0] ? office : NULL, NULL, &item);
    if (status)
        return status;
    bool asked = show_lacks(item, form) && !fflush(stdout);
    int rc = asked ? ask_yes(_("Send it all the same?"), true, &sure) : 0;
    json_decref(item);
    return rc || !sure ? report_local(client, REPORT_USAGE, "%s", _("nothing was sent")) : EXIT_DONE;
}

int case_new(struct client *client, const struct args *args)
{
    json_t *form = NULL, *doc = NULL;
    int status = intake_form(client, args, args_option(args, "office"), &form);
    if (args_option(args, "file"))
        status = status ? status : confirm_lacks(client, form);
    status = status ? status : http_post(client, "/window/v1/cases", form, &doc);
    json_decref(form);
    if (status)
        return status;
    if (client->json) {
        term_json(doc);
    } else {
        (void)printf("%s\n", _("The application has been taken in."));
        view_case(client, doc, true);
    }
    json_decref(doc);
    return EXIT_DONE;
}
