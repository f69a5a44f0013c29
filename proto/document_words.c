/* An authorisation (授权) in the words of a written document: the same whether it stands in a register or in the configuration. */
#include <stdio.h>
#include <string.h>

#include "proto/document.h"
#include "proto/limits.h"
#include "proto/strict_json.h"

/* "收件受理、原件核验" */
static json_t *steps_text(const char *letters)
{
    static const struct {
        char letter;
        const char *zh;
    } names[] = {{STEP_INTAKE, "收件受理"}, {STEP_NOTICE, "一次性告知"}, {STEP_ORIGINAL, "原件核验"}, {STEP_PERSON, "人证比对"},
                 {STEP_DELIVERY, "审批结果送达"}};
    char text[128] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strchr(letters, names[i].letter))
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? "、" : "", names[i].zh);
    return json_string(text);
}

/* "GA01,class:社保" → "GA01、社保类全部事项"; older rows have commas around them. */
static int items_text(const char *items, json_t **out)
{
    static const char class[] = "class:";
    struct buf text;
    buf_init(&text, LIMIT_TEXT_BYTES * 3);
    int rc = 0;
    for (const char *at = items; *at && !rc;) {
        size_t len = strcspn(at, ",");
        bool is_class = len > sizeof class - 1 && !strncmp(at, class, sizeof class - 1);
        size_t skip = is_class ? sizeof class - 1 : 0;
        if (len)
            rc = text.len ? buf_append_str(&text, "、") : 0;
        if (len && !rc)
            rc = buf_append(&text, at + skip, len - skip);
        if (is_class && !rc)
            rc = buf_append_str(&text, "类全部事项");
        at += at[len] ? len + 1 : len;
    }
    if (!rc)
        *out = json_string(!strcmp(items, "*") ? "双方通办清单内的全部事项" : text.len ? text.data : "");
    buf_free(&text);
    return rc ? rc : *out ? 0 : TB_ENOMEM;
}

int document_authorisation(const json_t *content, json_t **out)
{
    static const char *const same[] = {"announcement", "announced_on", "from", "until", "limits", "liability", "supervision", "signatory"};
    json_t *items = NULL, *accepted = json_object_get(json_object_get(content, "accepted"), "signatory");
    bool acceptance = json_is_true(json_object_get(content, "acceptance")), stop = !strcmp(strict_json_peek(content, "open_cases"), "stop");
    int rc = items_text(strict_json_peek(content, "items"), &items);
    if (rc)
        return rc;
    json_t *doc = json_pack(
        "{s:o, s:o, s:s, s:s, s:s}", "items", items, "steps", steps_text(strict_json_peek(content, "steps")), "acceptance",
        acceptance ? "收件时可以以委托机关名义受理" : "只收件，不受理；是否受理由委托机关决定", "name",
        document_names_delegate(content) ? "以委托机关名义作出，并注明“受委托机关委托”" : "以委托机关名义作出，不注明受委托机关",
        "open_cases", stop ? "委托终止的，受委托机关停止办理，尚未办结的移交委托机关" : "委托终止前已经收件的，由受委托机关继续办理完毕");
    for (size_t i = 0; doc && i < sizeof same / sizeof same[0]; i++)
        if (json_object_get(content, same[i]) && json_object_set(doc, same[i], json_object_get(content, same[i])))
            rc = TB_ENOMEM;
    if (doc && accepted && json_object_set(doc, "accepted_by", accepted))
        rc = TB_ENOMEM;
    if (rc)
        json_decref(doc);
    else
        *out = doc;
    return rc ? rc : doc ? 0 : TB_ENOMEM;
}

bool document_names_delegate(const json_t *content)
{
    return strcmp(strict_json_peek(content, "in_name"), "principal") != 0;
}
