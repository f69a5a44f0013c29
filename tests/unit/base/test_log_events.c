/* Events of the log: the table is whole, and the journal's catalogues and the pages are what it says.  Written anew with
 *     unit_base_test_log_events --write TREE */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/log_events.h"
#include "tests/unit/page.h"

static void put(struct buf *out, const char *text)
{
    if (buf_append_str(out, text))
        fail();
}

#define PUT(out, ...) \
    do { \
        if (buf_printf(out, __VA_ARGS__)) \
            fail(); \
    } while (0)

static const char *const levels_en[] = {"somebody must act", "it may become so", "a state changed", "one line per message or request",
                                        "free; for finding a fault"};
static const char *const levels_zh[] = {"须有人处理", "可能发展为须处理", "状态有变化", "每条消息或请求一行", "排错用，不限"};
static const char *const causes_en[] = {"the machine or the program", "operators", "staff", "a counterpart", "anyone who reaches the port"};
static const char *const causes_zh[] = {"机器或程序", "管理员", "工作人员", "对方单位", "任何能连到端口者"};

/* ---- what journalctl -x shows ---- */

static void write_catalogue(struct buf *out, bool zh)
{
    put(out, zh ? "# tongban 的事件说明，由 daemon/base/log_events.inc 生成\n"
                : "# What tongban's events mean; made from daemon/base/log_events.inc\n");
    for (size_t i = 0; i < log_event_count; i++) {
        const struct log_event_row *e = &log_events[i];
        if (!e->message_id[0])
            continue;
        PUT(out, "\n-- %s\nSubject: %s\nDefined-By: tongban\n\n", e->message_id, zh ? e->title_zh : e->title);
        bool peer = e->area == LOG_PEER;
        PUT(out, zh ? "事件 %s（级别 %s，模块 %s%s）\n\n含义：%s\n\n处置：%s\n"
                    : "Event %s, level %s, area %s%s.\n\nWhat it means: %s\n\nWhat to do: %s\n",
            e->word, log_level_name(e->level), log_area_name(e->area),
            !peer ? "" : zh ? "，对方单位 @TONGBAN_PEER@" : ", counterpart @TONGBAN_PEER@", zh ? e->meaning_zh : e->meaning,
            zh ? e->action_zh : e->action);
    }
}

static void write_catalogue_en(struct buf *out)
{
    write_catalogue(out, false);
}

static void write_catalogue_zh(struct buf *out)
{
    write_catalogue(out, true);
}

/* ---- the pages ---- */

static void write_levels(struct buf *out, const char *const *meanings)
{
    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
        PUT(out, "| `%s` | %s |\n", log_level_name((enum log_level)i), meanings[i]);
}

static void write_limits(struct buf *out)
{
    static const struct {
        const char *name;
        unsigned per_minute;
    } rows[] = {
#define L(constant, per_minute, name) {name, per_minute},
        LOG_LIMIT_TABLE(L)
#undef L
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        PUT(out, "| `%s` | %u |\n", rows[i].name, rows[i].per_minute);
}

static void write_page(struct buf *out, bool zh)
{
    put(out, zh ? "# 日志事件\n\n本页由 `daemon/base/log_events.inc` 生成（`unit_base_test_log_events --write`）。"
                  "用 systemd 时，`journalctl -x -u tongband` 在每行下直接显示同样的说明。\n\n"
                  "## 级别\n\n| 级别 | 含义 |\n| --- | --- |\n"
                : "# Events of the log\n\nMade from `daemon/base/log_events.inc` by its unit test "
                  "(`unit_base_test_log_events --write`). Under systemd,\n`journalctl -x -u tongband` shows the same words under each line.\n\n"
                  "## Levels\n\n| level | meaning |\n| --- | --- |\n");
    write_levels(out, zh ? levels_zh : levels_en);
    put(out, zh ? "\n## 须处理的事件\n" : "\n## To act on\n");
    for (size_t i = 0; i < log_event_count; i++) {
        const struct log_event_row *e = &log_events[i];
        if (!e->message_id[0])
            continue;
        PUT(out, zh ? "\n### `%s`\n\n%s。级别 `%s`，模块 `%s`，起因：%s。`MESSAGE_ID=%s`\n\n%s\n\n**处置**：%s\n"
                    : "\n### `%s`\n\n%s. Level `%s`, area `%s`, caused by %s. `MESSAGE_ID=%s`\n\n%s\n\n**Do:** %s\n",
            e->word, zh ? e->title_zh : e->title, log_level_name(e->level), log_area_name(e->area),
            zh ? causes_zh[e->cause] : causes_en[e->cause], e->message_id, zh ? e->meaning_zh : e->meaning, zh ? e->action_zh : e->action);
    }
    put(out, zh ? "\n## 仅供了解的事件\n\n| 事件 | 级别 | 模块 | 起因 | 说明 |\n| --- | --- | --- | --- | --- |\n"
                : "\n## To know\n\n| event | level | area | caused by | what |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < log_event_count; i++) {
        const struct log_event_row *e = &log_events[i];
        if (!e->message_id[0])
            PUT(out, "| `%s` | `%s` | `%s` | %s | %s |\n", e->word, log_level_name(e->level), log_area_name(e->area),
                zh ? causes_zh[e->cause] : causes_en[e->cause], zh ? e->title_zh : e->title);
    }
    put(out, zh ? "\n## 限量\n\n外来请求能引起的日志行每分钟至多如下；超出部分只计数，每分钟由 `lines_suppressed` 说明一次"
                  "（指标 `tongban_log_lines_suppressed_total`）。\n\n| 限量 | 每分钟行数 |\n| --- | --- |\n"
                : "\n## Rate limits\n\nLines that outsiders can cause are written at most so often a minute. What is left out is counted, "
                  "and `lines_suppressed`\nsays so once a minute (metric `tongban_log_lines_suppressed_total`).\n\n| limit | lines a minute |\n| --- | --- |\n");
    write_limits(out);
}

static void write_page_en(struct buf *out)
{
    write_page(out, false);
}

static void write_page_zh(struct buf *out)
{
    write_page(out, true);
}

static const struct {
    const char *name; /* from docs/ */
    void (*write)(struct buf *out);
} files[] = {{"../systemd/tongban.catalog", write_catalogue_en},
             {"../systemd/tongban.zh_CN.catalog", write_catalogue_zh},
             {"reference/events.md", write_page_en},
             {"zh/events.md", write_page_zh}};

static void files_are_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        page_check(files[i].name, files[i].write);
}

/* ---- the table ---- */

static void every_row_is_whole(void **state)
{
    (void)state;
    size_t to_act = 0;
    for (size_t i = 0; i < log_event_count; i++) {
        const struct log_event_row *e = &log_events[i];
        assert_ptr_equal(log_event_row(e->word), e);
        assert_true(e->title[0] && e->title_zh[0]);
        for (const char *c = e->word; *c; c++)
            assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
        bool grave = e->level <= LOG_LEVEL_WARNING;
        assert_int_equal(grave, e->message_id[0] != '\0');
        if (!grave)
            continue;
        to_act++;
        assert_int_equal(strlen(e->message_id), 32);
        assert_int_equal(strspn(e->message_id, "0123456789abcdef"), 32);
        assert_true(strlen(e->meaning) > 20 && strlen(e->action) > 20 && strlen(e->meaning_zh) > 20 && strlen(e->action_zh) > 20);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(log_events[k].message_id, e->message_id);
    }
    assert_in_range(to_act, 25, 60);
    assert_null(log_event_row("no_such_event"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(files_are_what_the_table_says),
    };
    if (argc == 3 && !strcmp(argv[1], "--write")) {
        int status = 0;
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            char path[1024];
            (void)snprintf(path, sizeof path, "%s/docs/%s", argv[2], files[i].name);
            status |= page_write(path, files[i].write);
        }
        return status;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
