#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"
#include "proto/codes.h"

static json_t *material_object(const char *name, const char *form, bool seen, const struct upload_file *file)
{
    json_t *m = json_pack("{s:s, s:s, s:b, s:s, s:I, s:s}", "name", name, "form", form, "original_seen", seen, "sha256",
                          file->sha256, "size", (json_int_t)file->size, "type", file->type);
    return m;
}

static int send_materials(struct client *client, const char *no, json_t *materials, json_t **doc)
{
    char path[96];
    /* what a notice or an acceptance with gaps asks for goes to the home side as the supplement; earlier it is added to the intake */
    json_t *shown, *body;
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s", no);
    int status = http_get(client, path, &shown);
    if (status)
        return status;
    int state = case_state_by_name(view_text(shown, "state"));
    bool supplement = state == CASE_SUPPLEMENT_ASKED || state == CASE_TOLERATED;
    json_decref(shown);
    body = json_pack("{s:O}", "materials", materials);
    (void)snprintf(path, sizeof path, "/window/v1/cases/%.21s/actions/%s", no, supplement ? "supplement" : "material");
    /* size and type only where the table has them */
    status =
        body ? view_upload_fields(client, case_fields(supplement ? ENTRY_CASE_SUPPLEMENTED : ENTRY_CASE_MATERIAL), body)
             : report_local(client, REPORT_MEMORY, NULL);
    status = status ? status : http_post(client, path, body, doc);
    json_decref(body);
    return status;
}

/* What the options say together; everything that can be said before a file is sent. */
static int check_options(const struct client *client, const struct args *args)
{
    const char *form = args_option(args, "form"), *licence = args_option(args, "licence"), *why;
    struct problem p;
    if (form && strcmp(form, "original") != 0 && strcmp(form, "copy") != 0 && strcmp(form, "electronic") != 0 && strcmp(form, "form") != 0)
        return report_local(client, REPORT_USAGE, "--form original|copy|electronic|form");
    if (args->count < 2 && (!licence || !args_option(args, "name")))
        return report_local(client, REPORT_USAGE, "%s", _("name a file to add; without one, --name and --licence are needed"));
    if (licence && args->count > 2)
        return report_local(client, REPORT_USAGE, "%s", _("--licence belongs to one material: add one file at a time"));
    if (!licence || !code_check(CODE_LICENCE_ID, licence, &why))
        return EXIT_DONE;
    (void)problem_set(&p, PROBLEM_FIELD, "licence", "%s", why);
    return report_problem(client, &p);
}

/* Takes `material`. */
static int add_material(const struct client *client, json_t *materials, json_t *material, const char *licence)
{
    bool full = material && licence && json_object_set_new(material, "licence_id", json_string(licence));
    if (!material || full) {
        json_decref(material);
        return report_local(client, REPORT_USAGE, "%s", _("a name is not UTF-8"));
    }
    return json_array_append_new(materials, material) ? report_local(client, REPORT_MEMORY, NULL) : EXIT_DONE;
}

int material_add(struct client *client, const struct args *args)
{
    const char *no = args->positional[0], *name = args_option(args, "name"), *form = args_option(args, "form");
    const char *licence = args_option(args, "licence");
    bool seen = args_option(args, "original-seen") != NULL;
    json_t *materials = json_array(), *doc;
    int status = view_check_no(client, no);
    status = status ? status : check_options(client, args);
    if (!form)
        form = licence ? "electronic" : "copy";
    for (unsigned i = 1; i < args->count && !status; i++) {
        struct upload_file file;
        const char *path = args->positional[i], *slash = strrchr(path, '/');
        status = upload_send(client, path, &file);
        if (!status)
            status = add_material(client, materials, material_object(name ? name : slash ? slash + 1 : path, form, seen, &file), licence);
    }
    if (!status && args->count < 2)
        status = add_material(client, materials, json_pack("{s:s, s:s, s:b}", "name", name, "form", form, "original_seen", seen), licence);
    status = status ? status : send_materials(client, no, materials, &doc);
    if (!status && client->json)
        term_json(doc);
    else if (!status) {
        if (args->count < 2)
            (void)printf("%s\n", _("The e-licence is with the case."));
        else
            (void)printf(ngettext("%u file is with the case.\n", "%u files are with the case.\n", args->count - 1), args->count - 1);
        view_case(client, doc, true);
    }
    if (!status)
        json_decref(doc);
    json_decref(materials);
    return status;
}
