#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/tongban_catalogue.h"
#include "client/tongban_term.h"
#include "daemon/base/config_yaml.h"
#include "proto/item.h"
#include "proto/limits.h"
#include "proto/timestamp.h"

enum { MOST_COLUMNS = 64 };

/* One table being imported. */
struct import {
    const char *path, *office;
    const char *column[MOST_COLUMNS]; /* names in the first line; borrowed from `text` */
    size_t columns;
    const json_t *rules; /* borrowed from the rules file, or NULL */
    json_t *items;       /* owned */
    const char *from;    /* effective_from where no rule says so … */
    bool from_given;     /* … or of all items, as the command says */
    unsigned line;
    bool english; /* --json: as the daemon would say it */
    struct problem p;
};

static int TB_PRINTF(2, 3) refuse(struct import *im, const char *format, ...)
{
    char text[220];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, im->english ? format : gettext(format), args);
    va_end(args);
    return problem_set(&im->p, PROBLEM_FIELD, NULL, "%.80s:%u: %s", im->path, im->line, text);
}

/* The column of each office's departments in the table of the two counties. */
static const struct {
    const char *office, *column;
} departments[] = {{"330483", "dept_tongxiang"}, {"320623", "dept_rudong"}};

static const char *cell(const struct import *im, char *const *cells, const char *name)
{
    for (size_t i = 0; i < im->columns; i++)
        if (!strcmp(im->column[i], name))
            return cells[i];
    return NULL;
}

/* ---- cells ---- */

static int read_limit(struct import *im, const char *text, json_t **out)
{
    char *end;
    long days = strtol(text, &end, 10);
    if (!strcmp(text, "-"))
        *out = json_null(); /* none fixed */
    else if (end != text && days >= 0 && days <= 1000 && (!strcmp(end, "WD") || !strcmp(end, "CD") || (!days && !*end)))
        *out = json_pack("{s:i, s:s}", "days", (int)days, "unit", !strcmp(end, "CD") ? "calendar_day" : "working_day");
    else
        return refuse(im, "'%.40s' is no limit; write 20WD, 60CD, 0 (on the spot) or -", text);
    return *out ? 0 : TB_ENOMEM;
}

/* What stands in brackets in a material's name and says when it is needed: the words for it, or NULL. */
static const char *needed_when(const struct import *im, const char *name)
{
    const json_t *table = json_object_get(im->rules, "needed_when");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)table, key, value)
    {
        char bracket[160];
        (void)snprintf(bracket, sizeof bracket, "(%.150s)", key);
        if (strstr(name, bracket))
            return json_string_value(value);
    }
    return NULL;
}

static int read_material(struct import *im, const char *text, size_t len, json_t *materials)
{
    if (len < 4 || text[len - 1] != ']' || text[len - 3] != '[' || !strchr("FOCPESI", text[len - 2]))
        return refuse(im, "'%.*s' is no material; write name[F], the letter one of F O C P E S I", (int)(len < 60 ? len : 60), text);
    char *name = strndup(text, len - 3), form[2] = {text[len - 2], '\0'};
    const char *when = name ? needed_when(im, name) : NULL;
    /* an internal document is the offices' own business; the applicant need not bring it */
    json_t *material = json_pack("{s:s, s:s, s:b}", "name", name ? name : "", "form", form, "required", !when && form[0] != 'I');
    int rc = name && material && (!when || !json_object_set_new(material, "needed_when", json_string(when))) ? 0 : TB_ENOMEM;
    if (!rc)
        rc = json_array_append(materials, material) ? TB_ENOMEM : 0;
    json_decref(material);
    free(name);
    return rc;
}

static int read_materials(struct import *im, const char *text, json_t *item)
{
    json_t *materials = json_array();
    int rc = materials ? 0 : TB_ENOMEM;
    while (*text && !rc) {
        size_t n = strcspn(text, ";");
        if (n)
            rc = read_material(im, text, n, materials);
        text += n + (text[n] == ';');
    }
    if (rc)
        json_decref(materials);
    return rc ? rc : json_object_set_new(item, "materials", materials) ? TB_ENOMEM : 0;
}

/* The other columns of departments: the same matter at the counterparts. */
static int read_counterparts(const struct import *im, char *const *cells, json_t *item)
{
    json_t *list = json_array();
    int rc = list ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < sizeof departments / sizeof departments[0] && !rc; i++) {
        const char *there = cell(im, cells, departments[i].column);
        if (there && there[0] && strcmp(departments[i].office, im->office) != 0 &&
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "office", departments[i].office, "code", cell(im, cells, "item_id"),
                                                  "department", there)))
            rc = TB_ENOMEM;
    }
    if (!rc && json_array_size(list))
        rc = json_object_set(item, "counterparts", list) ? TB_ENOMEM : 0;
    json_decref(list);
    return rc;
}

static int set_text(json_t *item, const char *element, const char *text)
{
    return text && text[0] && json_object_set_new(item, element, json_string(text)) ? TB_ENOMEM : 0;
}

/* Evidence "N=V M=R …": what is approximate (A) or taken from practice elsewhere (R) has to be checked. */
static int read_evidence(const char *evidence, json_t *item)
{
    static const struct {
        char letter;
        const char *element;
    } kinds[] = {{'N', "name"}, {'M', "materials"}, {'S', "statutory_limit"}, {'P', "promised_limit"},
                 {'F', "fee"},  {'R', "result"},    {'L', "legal_basis"}};
    json_t *names = json_array();
    for (size_t i = 0; names && i < sizeof kinds / sizeof kinds[0]; i++) {
        char approximate[4] = {kinds[i].letter, '=', 'A', '\0'}, remembered[4] = {kinds[i].letter, '=', 'R', '\0'};
        if (evidence && (strstr(evidence, approximate) || strstr(evidence, remembered)))
            (void)json_array_append_new(names, json_string(kinds[i].element));
    }
    return names && !json_object_set_new(item, "approximate", names) ? 0 : TB_ENOMEM;
}

static const char *department_of(const struct import *im, char *const *cells)
{
    for (size_t i = 0; i < sizeof departments / sizeof departments[0]; i++)
        if (!strcmp(departments[i].office, im->office) && cell(im, cells, departments[i].column))
            return cell(im, cells, departments[i].column);
    return cell(im, cells, "department");
}

static int read_row(struct import *im, char *const *cells, json_t *item)
{
    static const char *const texts[][2] = {{"code", "item_id"},           {"name", "name_zh"},        {"name_en", "name_en"},
                                           {"category", "category"},      {"task_type", "task_type"}, {"subject", "subject"},
                                           {"mode", "mode"},              {"alternative", "alt_mode"}, {"steps", "delegable_steps"},
                                           {"statutory_note", "statutory_note"}, {"fee", "fee"},      {"result", "result_document"},
                                           {"legal_basis", "legal_basis"}};
    static const char *const limits[] = {"statutory_limit", "promised_limit"};
    int rc = json_object_set_new(item, "version", json_integer(1)) ? TB_ENOMEM : set_text(item, "department", department_of(im, cells));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !rc; i++)
        rc = set_text(item, texts[i][0], cell(im, cells, texts[i][1]));
    for (size_t i = 0; i < 2 && !rc; i++) {
        json_t *limit = NULL;
        rc = read_limit(im, cell(im, cells, limits[i]), &limit);
        if (!rc && json_object_set_new(item, limits[i], limit))
            rc = TB_ENOMEM;
    }
    const char *kind = cell(im, cells, "project_type");
    if (!rc && json_object_set_new(item, "in_person", json_boolean(!strcmp(cell(im, cells, "in_person"), "Y"))))
        rc = TB_ENOMEM;
    if (!rc)
        rc = set_text(item, "project_type", !strcmp(kind, "1") ? "instant" : !strcmp(kind, "2") ? "committed" : kind);
    if (!rc)
        rc = read_materials(im, cell(im, cells, "materials"), item);
    if (!rc)
        rc = read_counterparts(im, cells, item);
    if (!rc)
        rc = set_text(item, "effective_from", im->from);
    return rc ? rc : read_evidence(cell(im, cells, "evidence"), item);
}

/* ---- rules ---- */

/* One condition: the text is one of the words; "code" begins with, "name" contains one. */
static bool fits(const char *member, const char *text, const json_t *wanted)
{
    size_t count = json_is_array(wanted) ? json_array_size(wanted) : 1;
    for (size_t i = 0; i < count; i++) {
        const char *word = json_string_value(json_is_array(wanted) ? json_array_get(wanted, i) : wanted);
        if (!word || !text)
            continue;
        bool found = !strcmp(member, "code")   ? strncmp(text, word, strlen(word)) == 0
                     : !strcmp(member, "name") ? strstr(text, word) != NULL
                                               : strcmp(text, word) == 0;
        if (found)
            return true;
    }
    return false;
}

static bool rule_fits(const struct import *im, const json_t *rule, const json_t *object)
{
    const char *member;
    json_t *wanted;
    json_object_foreach(json_object_get(rule, "when"), member, wanted)
    {
        const char *text = !strcmp(member, "office") ? im->office : json_string_value(json_object_get(object, member));
        if (!fits(member, text, wanted))
            return false;
    }
    return true;
}

/* A value of a rule, {name} replaced. */
static json_t *value_for(const json_t *value, const json_t *object)
{
    const char *text = json_string_value(value), *mark = text ? strstr(text, "{name}") : NULL;
    if (!mark)
        return json_deep_copy(value);
    return json_sprintf("%.*s%s%s", (int)(mark - text), text, json_string_value(json_object_get(object, "name")), mark + strlen("{name}"));
}

static int mark_names(json_t *object, const json_t *names, bool approximate)
{
    json_t *list = json_object_get(object, "approximate");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        for (size_t k = json_array_size(list); name && k-- > 0;)
            if (!strcmp(name, json_string_value(json_array_get(list, k))))
                (void)json_array_remove(list, k);
        if (approximate && json_array_append_new(list, json_string(name)))
            return TB_ENOMEM;
    }
    return 0;
}

static int apply_rules(const struct import *im, const char *kind, json_t *object)
{
    const json_t *rules = json_object_get(im->rules, kind), *rule;
    size_t i;
    json_array_foreach((json_t *)rules, i, rule)
    {
        const char *element;
        json_t *value;
        if (!rule_fits(im, rule, object))
            continue;
        json_object_foreach(json_object_get(rule, "set"), element, value)
        {
            bool approximate = !strcmp(element, "approximate");
            int rc = 0;
            if (approximate || !strcmp(element, "exact"))
                rc = mark_names(object, value, approximate);
            else if (json_object_set_new(object, element, value_for(value, object)))
                rc = TB_ENOMEM;
            if (rc)
                return rc;
        }
    }
    return 0;
}

static int add_item(struct import *im, char *const *cells)
{
    struct problem why = {.number = -1};
    json_t *item = json_object(), *material;
    size_t i;
    int rc = item ? read_row(im, cells, item) : TB_ENOMEM;
    if (!rc)
        rc = apply_rules(im, "items", item);
    if (!rc && im->from_given)
        rc = set_text(item, "effective_from", im->from);
    json_array_foreach(json_object_get(item, "materials"), i, material) rc = rc ? rc : apply_rules(im, "materials", material);
    if (!rc && item_check(item, &why))
        rc = refuse(im, "%.60s: %.120s", why.field, im->english ? why.detail : detail_text(why.detail));
    if (!rc && json_array_append(im->items, item))
        rc = TB_ENOMEM;
    json_decref(item);
    return rc;
}

/* ---- the table ---- */

static size_t split(char *line, char **cells)
{
    size_t count = 0;
    for (char *at = line; at && count < MOST_COLUMNS; count++) {
        char *tab = strchr(at, '\t');
        if (tab)
            *tab++ = '\0';
        cells[count] = at;
        at = tab;
    }
    return count;
}

static int check_columns(struct import *im)
{
    static const char *const needed[] = {"item_id", "name_zh", "name_en", "category", "task_type", "subject", "mode", "delegable_steps",
                                         "in_person", "materials", "statutory_limit", "promised_limit", "project_type", "fee",
                                         "result_document", "legal_basis"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!cell(im, (char *const *)(uintptr_t)im->column, needed[i]))
            return refuse(im, "the column '%s' is missing; the first line names the columns, separated by tabs", needed[i]);
    if (!department_of(im, (char *const *)(uintptr_t)im->column))
        return refuse(im, "there is no column 'department' for office %s", im->office);
    return 0;
}

static int read_table(struct import *im, char *text)
{
    char *cells[MOST_COLUMNS], *last[MOST_COLUMNS] = {NULL};
    int rc = 0;
    for (char *line = text; line && *line && !rc;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        im->line++;
        size_t count = split(line, cells);
        if (im->line == 1) {
            for (im->columns = 0; im->columns < count; im->columns++)
                im->column[im->columns] = cells[im->columns];
            rc = check_columns(im);
        } else if (line[0]) {
            if (count != im->columns)
                rc = refuse(im, "%zu columns instead of %zu", count, im->columns);
            for (size_t i = 0; i < count && !rc; i++) { /* 同上: as above; an item stands alone in the catalogue */
                if (!strcmp(cells[i], "同上") && last[i])
                    cells[i] = last[i];
                last[i] = cells[i];
            }
            rc = rc ? rc : add_item(im, cells);
        }
        line = next;
    }
    if (!rc && !json_array_size(im->items))
        rc = refuse(im, "the table has no item");
    return rc;
}

static int read_text(struct client *client, const char *path, char **text)
{
    FILE *file = fopen(path, "rb");
    char *bytes = file ? malloc(LIMIT_CONFIG_BYTES + 1) : NULL;
    size_t len = bytes ? fread(bytes, 1, LIMIT_CONFIG_BYTES + 1, file) : 0;
    int broken = !file || !bytes || ferror(file) ? errno : 0;
    if (file)
        (void)fclose(file);
    if (broken || !bytes || len > LIMIT_CONFIG_BYTES || memchr(bytes, 0, len)) {
        free(bytes);
        return broken ? report_local(client, REPORT_FILE, "%s: %s", path, strerror(broken))
                      : report_local(client, REPORT_FILE_CONTENT, "%s: %s", path, _("not a table, or larger than 1 MiB"));
    }
    bytes[len] = '\0';
    *text = bytes;
    return EXIT_DONE;
}

/* ---- the files ---- */

static int write_file(struct client *client, const char *path, bool replace, const struct buf *text)
{
    FILE *file = fopen(path, replace ? "w" : "wx");
    bool good = file && fwrite(text->data, 1, text->len, file) == text->len;
    int why = errno;
    if (file && fclose(file))
        good = false;
    if (good)
        return EXIT_DONE;
    return report_local(client, REPORT_FILE, "%s: %s", path, why == EEXIST ? _("is there already; --force replaces it") : strerror(why));
}

static size_t letters(const char *code)
{
    return strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

/* One file for each group of codes that begin with the same letters. */
static int write_group(struct client *client, const struct import *im, const char *out, const char *prefix, bool replace)
{
    json_t *group = json_array(), *item;
    size_t i;
    struct buf text, path, comment;
    buf_init(&text, LIMIT_CONFIG_BYTES);
    buf_init(&path, 8192);
    buf_init(&comment, 4096);
    const char *category = "";
    json_array_foreach(im->items, i, item)
    {
        const char *code = json_string_value(json_object_get(item, "code"));
        if (letters(code) == strlen(prefix) && !strncmp(code, prefix, strlen(prefix))) {
            category = category[0] ? category : json_string_value(json_object_get(item, "category"));
            (void)json_array_append(group, item);
        }
    }
    int rc = buf_printf(&comment, "%s, office %s. Made from items.tsv by `tongban catalogue import`; `approximate` elements are to be "
                        "checked by a person.", category, im->office);
    if (!rc)
        rc = catalogue_yaml(im->office, group, comment.data, &text);
    if (!rc)
        rc = buf_printf(&path, "%s/%s.yaml", out, prefix[0] ? prefix : "items");
    int status = rc ? report_local(client, REPORT_MEMORY, NULL) : write_file(client, path.data, replace, &text);
    buf_free(&text);
    buf_free(&path);
    buf_free(&comment);
    json_decref(group);
    return status;
}

static int write_files(struct client *client, const struct import *im, const char *out, bool replace, size_t *files)
{
    json_t *done = json_object(), *item;
    size_t i;
    int status = EXIT_DONE;
    if (mkdir(out, 0777) && errno != EEXIST)
        status = report_local(client, REPORT_FILE, "%s: %s", out, strerror(errno));
    json_array_foreach(im->items, i, item)
    {
        char prefix[64];
        const char *code = json_string_value(json_object_get(item, "code"));
        (void)snprintf(prefix, sizeof prefix, "%.*s", (int)letters(code), code);
        if (status || json_object_get(done, prefix))
            continue;
        (void)json_object_set_new(done, prefix, json_true());
        status = write_group(client, im, out, prefix, replace);
        ++*files;
    }
    json_decref(done);
    return status;
}

static int finish(struct client *client, const struct import *im, const char *out, bool replace)
{
    size_t files = 0;
    int status = out ? write_files(client, im, out, replace, &files) : EXIT_DONE;
    if (status)
        return status;
    if (client->json) {
        json_t *doc = json_pack("{s:s, s:i, s:s, s:O}", "office", im->office, "edition", 1, "published", im->from, "items", im->items);
        if (!doc)
            return report_local(client, REPORT_MEMORY, NULL);
        term_json(doc);
        json_decref(doc);
        return EXIT_DONE;
    }
    (void)printf(_("%zu items of %s are in %zu files of %s.\n"), json_array_size(im->items), im->office, files, out);
    struct buf next;
    buf_init(&next, 8192);
    if (!buf_printf(&next, _("check them with: tongban catalogue lint %s"), out))
        term_next(next.data);
    buf_free(&next);
    return EXIT_DONE;
}

static int read_rules(struct client *client, const char *path, struct config_yaml *file)
{
    struct problem p = {.number = -1};
    struct stat st;
    if (!path || !config_yaml_read(path, file, &p))
        return EXIT_DONE;
    bool was_read = !access(path, R_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
    return report_local(client, was_read ? REPORT_FILE_CONTENT : REPORT_FILE, "%s", p.detail);
}

int catalogue_import(struct client *client, const struct args *args)
{
    const char *office = args_option(args, "office"), *out = args_option(args, "out"), *rules = args_option(args, "rules");
    struct import im = {.path = args->positional[0], .office = office, .items = json_array(), .from = args_option(args, "from"),
                        .english = client->json};
    struct config_yaml file = {0};
    char *text = NULL, today[DATE_TEXT];
    int64_t day = (int64_t)(time(NULL) + 8 * 3600) / 86400; /* Beijing's day */
    date_format(day, today);
    if (!office_valid(office) || (!out && !client->json))
        return json_decref(im.items), report_local(client, REPORT_USAGE, "--office CODE --out DIR");
    if (im.from && date_parse(im.from, &day))
        return json_decref(im.items), report_local(client, REPORT_USAGE, _("%s is not a date; write it as 2026-11-23"), im.from);
    im.from_given = im.from != NULL;
    im.from = im.from ? im.from : today;
    int status = read_rules(client, rules, &file);
    im.rules = file.root;
    if (!status)
        status = read_text(client, im.path, &text);
    if (!status) {
        int rc = read_table(&im, text);
        status = rc == TB_ENOMEM ? report_local(client, REPORT_MEMORY, NULL)
                 : rc            ? report_problem(client, &im.p)
                                 : finish(client, &im, out, args_option(args, "force") != NULL);
    }
    config_yaml_free(&file);
    free(text);
    json_decref(im.items);
    return status;
}
