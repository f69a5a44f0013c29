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

/* What the window usually gets for a form of the catalogue: index into the values below. */
static unsigned usual_form(char letter)
{
    return letter == 'C' ? 1 : letter == 'E' || letter == 'S' || letter == 'P' ? 2 : letter == 'F' ? 3 : 0;
}

/* The identifier of the e-licence that the applicant shows; empty where the clerk did not see it, the form check says so. */
static int ask_licence(json_t *material)
{
    for (;;) {
        const char *why;
        (void)json_object_del(material, "licence_id");
        int rc = ask_into(material, "licence_id", _("Identifier of the e-licence (empty: not seen)"), false);
        const char *id = view_text(material, "licence_id");
        if (rc || !id[0] || !code_check(CODE_LICENCE_ID, id, &why))
            return rc;
        (void)fprintf(stderr, "  %s\n", gettext(why));
    }
}

static int ask_material(const json_t *wanted, json_t *materials)
{
    char letter = view_text(wanted, "form")[0];
    const char *const values[] = {"original", "copy", "electronic", "form"};
    const char *const labels[] = {_("original"), _("copy"), letter == 'S' ? _("taken on the spot") : _("electronic"), _("form"),
                                  _("not handed in")};
    unsigned chosen, usual = json_is_true(json_object_get(wanted, "required")) ? usual_form(letter) : 4;
    bool seen = false;
    if (!item_from_applicant(wanted))
        return 0;
    int rc = ask_choice(view_text(wanted, "name"), labels, 5, usual, &chosen);
    if (rc || chosen == 4)
        return rc;
    if (chosen < 2 && item_wants_original(wanted))
        rc = ask_yes(_("Was the original seen, and does it agree?"), true, &seen);
    json_t *material =
        json_pack("{s:s, s:s, s:b}", "name", view_text(wanted, "name"), "form", values[chosen], "original_seen", seen);
    if (!rc && item_licence_of(wanted) == ITEM_LICENCE_SEEN)
        rc = material ? ask_licence(material) : TB_ENOMEM;
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

static const struct {
    const char *way, *place, *label;
} ways[] = {{"pickup", "intake", N_("fetched at this window")},
            {"pickup", "home", N_("fetched at the home side")},
            {"mail", NULL, N_("by mail")},
            {"electronic", NULL, N_("electronically")}};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* The ways that the item offers; its result is handed over here only where that step is ours to do. */
static unsigned ways_of(const json_t *item, unsigned chosen[WAYS], const char *labels[WAYS])
{
    unsigned count = 0;
    for (unsigned i = 0; i < WAYS; i++) {
        bool here = ways[i].place && !strcmp(ways[i].place, "intake");
        if (!item_delivers(item, ways[i].way) || (here && !wanted_step(item, STEP_DELIVERY)))
            continue;
        labels[count] = gettext(ways[i].label);
        chosen[count++] = i;
    }
    return count;
}

static int ask_delivery(const json_t *item, json_t *form)
{
    const char *labels[WAYS];
    unsigned offered[WAYS], at = 0, count = ways_of(item, offered, labels);
    json_t *delivery = json_object();
    int rc = delivery && !json_object_set_new(form, "delivery", delivery) ? 0 : TB_ENOMEM;
    if (!rc && !count)
        return json_object_del(form, "delivery"); /* the home side says how */
    if (!rc && count == 1)
        (void)fprintf(stderr, "%s %s\n", _("How the result is delivered:"), labels[0]);
    else if (!rc)
        rc = ask_choice(_("How shall the result be delivered?"), labels, count, 0, &at);
    if (rc)
        return rc;
    const char *way = ways[offered[at]].way, *place = ways[offered[at]].place;
    if (json_object_set_new(delivery, "way", json_string(way)) || (place && json_object_set_new(delivery, "place", json_string(place))))
        return TB_ENOMEM;
    if (strcmp(way, "mail") != 0)
        return 0;
    rc = ask_into(delivery, "address", _("Address"), true);
    rc = rc ? rc : ask_into(delivery, "recipient", _("Recipient"), true);
    return rc ? rc : ask_into(delivery, "mobile", _("Mobile number of the recipient"), true);
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
    if (!rc && agent && json_is_true(json_object_get(item, "in_person")))
        (void)fprintf(stderr, "  %s\n", _("This item wants the applicant in person; an agent alone is not enough"));
    if (!rc && agent) {
        rc = ask_person(form, "agent", _("Name of the agent"));
        json_t *person = json_object_get(form, "agent");
        if (!rc)
            rc = json_object_del(person, "kind") && json_object_get(person, "kind") ? TB_ENOMEM : 0;
        rc = rc ? rc : ask_into(person, "power_of_attorney_file", _("Scan of the power of attorney"), true);
    }
    json_array_foreach(json_object_get(item, "materials"), i, wanted) rc = rc ? rc : ask_material(wanted, materials);
    if (wanted_step(item, STEP_PERSON))
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
    (void)printf("%s\n",
                 _("The home side will ask for what is missing, all at once and only once. Better: let the applicant fetch it first."));
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
        const char *file = view_text(m, "file");
        (void)snprintf(text, sizeof text, "%s%s%s", view_text(m, "name"), file[0] ? "  " : "", file);
        term_pair(_("Material"), 18, text);
    }
    const json_t *delivery = json_object_get(form, "delivery");
    const char *place = view_text(delivery, "place");
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", view_value_word("way", view_text(delivery, "way")), place[0] ? _(", ") : "",
                   view_word(place),
                   view_text(delivery, "address")[0] ? _(", ") : "", view_text(delivery, "address"));
    term_pair(_("Delivery"), 18, text);
    (void)show_lacks(item, form);
    (void)putchar('\n');
    (void)fflush(stdout);
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
        return report_local(client, REPORT_STOPPED, "%s", _("the questions were not answered"));
    int status = view_item(client, code ? code : typed, office, NULL, &item);
    free(typed);
    if (status)
        return status;
    wanted_show(item);
    form = json_pack("{s:{s:s, s:s}}", "item", "office", view_text(item, "office"), "code", view_text(item, "code"));
    int rc = form ? ask_form(item, form) : TB_ENOMEM;
    if (!rc)
        show_summary(item, form);
    rc = rc ? rc : ask_yes(_("Send it?"), true, &sure);
    json_decref(item);
    if (rc || !sure) {
        json_decref(form);
        return report_local(client, REPORT_STOPPED, "%s", _("nothing was sent"));
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
    return rc || !sure ? report_local(client, REPORT_STOPPED, "%s", _("nothing was sent")) : EXIT_DONE;
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
