#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/tongban_term.h"
#include "proto/limits.h"
#include "proto/text.h"

bool ask_possible(const struct client *client)
{
    return !client->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* One line without its end and without blanks around it.  *out is new. */
static int read_line(char **out)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, stdin);
    if (len < 0) {
        free(line);
        (void)fputc('\n', stderr);
        return TB_ECLOSED;
    }
    while (len && strchr(" \t\r\n", line[len - 1]))
        line[--len] = '\0';
    size_t blank = strspn(line, " \t");
    memmove(line, line + blank, (size_t)len + 1 - blank);
    *out = line;
    return 0;
}

int ask_text(const char *question, bool required, char **out)
{
    for (;;) {
        (void)fprintf(stderr, "%s%s", question, _(": "));
        char *line;
        int rc = read_line(&line);
        if (rc)
            return rc;
        size_t len = strlen(line);
        if (len > LIMIT_TEXT_BYTES || !text_valid_utf8(line, len)) {
            (void)fprintf(stderr, "  %s\n", _("This text is too long or is not UTF-8; type it again"));
        } else if (len) {
            *out = line;
            return 0;
        } else if (!required) {
            free(line);
            *out = NULL;
            return 0;
        } else {
            (void)fprintf(stderr, "  %s\n", _("This is needed"));
        }
        free(line);
    }
}

int ask_choice(const char *question, const char *const *labels, unsigned count, unsigned fallback, unsigned *out)
{
    for (;;) {
        (void)fprintf(stderr, "%s\n", question);
        for (unsigned i = 0; i < count; i++)
            (void)fprintf(stderr, "  %u  %s\n", i + 1, labels[i]);
        if (fallback < count)
            (void)fprintf(stderr, _("Number [%u]: "), fallback + 1);
        else
            (void)fputs(_("Number: "), stderr);
        char *line;
        int rc = read_line(&line);
        if (rc)
            return rc;
        char *end;
        unsigned long n = strtoul(line, &end, 10);
        unsigned chosen = count;
        if (!line[0])
            chosen = fallback;
        else if (!*end && n >= 1 && n <= count)
            chosen = (unsigned)n - 1;
        for (unsigned i = 0; i < count && chosen >= count; i++)
            if (!strcmp(labels[i], line))
                chosen = i;
        free(line);
        if (chosen < count) {
            *out = chosen;
            return 0;
        }
        (void)fprintf(stderr, "  %s\n", _("Type one of the numbers"));
    }
}

int ask_yes(const char *question, bool fallback, bool *out)
{
    for (;;) {
        (void)fprintf(stderr, "%s %s%s", question, fallback ? _("[Y/n]") : _("[y/N]"), _(": "));
        char *line;
        int rc = read_line(&line);
        if (rc)
            return rc;
        int answer = -1;
        if (!line[0])
            answer = fallback;
        else if (strchr("yY1", line[0]) || !strcmp(line, "是") || !strcmp(line, "对"))
            answer = 1;
        else if (strchr("nN0", line[0]) || !strcmp(line, "否") || !strcmp(line, "不"))
            answer = 0;
        free(line);
        if (answer >= 0) {
            *out = answer == 1;
            return 0;
        }
        (void)fprintf(stderr, "  %s\n", _("Type y or n"));
    }
}

int progress_line(const char *label, int64_t done, int64_t total, unsigned width, struct buf *out)
{
    int percent = total > 0 ? (int)((double)done * 100.0 / (double)total) : 100;
    unsigned bar = width >= 60 ? 24 : 10, tail = bar + 9;
    if (width < tail + 4)
        return buf_printf(out, "%d%%", percent);
    unsigned room = width - tail > 40 ? 40 : width - tail;
    size_t before = out->len;
    int rc = text_fit(label, room, out);
    unsigned used = rc ? 0 : text_width(out->data + before, out->len - before);
    for (; used < room && !rc; used++)
        rc = buf_append(out, " ", 1);
    rc = rc ? rc : buf_append(out, " [", 2);
    for (unsigned i = 0; i < bar && !rc; i++)
        rc = buf_append(out, (int)(i * 100) < percent * (int)bar ? "#" : ".", 1);
    return rc ? rc : buf_printf(out, "] %3d%%", percent);
}

void progress_start(struct progress *pr, const struct client *client, const char *label, int64_t total)
{
    *pr = (struct progress){.on = !client->json && isatty(STDERR_FILENO), .label = label, .total = total, .shown = -1};
}

void progress_at(struct progress *pr, int64_t done)
{
    int percent = pr->total > 0 ? (int)((double)done * 100.0 / (double)pr->total) : 100;
    if (!pr->on || percent == pr->shown)
        return;
    pr->shown = percent;
    struct buf line;
    buf_init(&line, 4096);
    unsigned width = term_width();
    if (!progress_line(pr->label, done, pr->total, width ? width - 1 : 79, &line))
        (void)fprintf(stderr, "\r%s", line.data);
    (void)fflush(stderr);
    buf_free(&line);
}

void progress_end(struct progress *pr)
{
    if (pr->on && pr->shown >= 0)
        (void)fputc('\n', stderr);
}
