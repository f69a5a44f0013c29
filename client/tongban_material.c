#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"
#include "client/tongban_view.h"

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

int material_add(struct client *client, const struct args *args)
{
    const char *no = args->positional[0], *name = args_option(args, "name"), *form = args_option(args, "form");
    json_t *materials = json_array(), *doc;
    int status = view_check_no(client, no);
    if (!form)
        form = "copy";
    if (!status && strcmp(form, "original") != 0 && strcmp(form, "copy") != 0 && strcmp(form, "electronic") != 0 &&
        strcmp(form, "form") != 0)
        status = report_local(client, REPORT_USAGE, "--form original|copy|electronic|form");
    for (unsigned i = 1; i < args->count && !status; i++) {
        struct upload_file file;
        const char *path = args->positional[i], *slash = strrchr(path, '/');
        status = upload_send(client, path, &file);
        if (!status &&
            json_array_append_new(materials, material_object(name    ? name
                                                             : slash ? slash + 1
                                                                     : path,
                                                             form, args_option(args, "original-seen") != NULL, &file)))
            status = report_local(client, REPORT_USAGE, "%s", _("a name is not UTF-8"));
    }
    status = status ? status : send_materials(client, no, materials, &doc);
    if (!status && client->json)
        term_json(doc);
    else if (!status) {
        (void)printf(_("%u files are with the case.\n"), args->count - 1);
        view_case(client, doc, true);
    }
    if (!status)
        json_decref(doc);
    json_decref(materials);
    return status;
}
