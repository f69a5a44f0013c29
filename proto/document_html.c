/* The lines of a document as one printable page: no script, nothing from outside, no style but the one below. */
#include <string.h>

#include "proto/document_layout.h"

/* The hash in the policy is that of STYLE: tests/unit/proto/test_document.c computes it anew. */
#define STYLE                                                                                                            \
    "@page{size:A4;margin:20mm 18mm}"                                                                                    \
    "body{font:12pt/1.6 \"Noto Serif CJK SC\",\"Source Han Serif SC\",\"FangSong\",\"SimSun\",\"Songti SC\",serif;"      \
    "color:#000;background:#fff;max-width:174mm;margin:0 auto}"                                                          \
    "h1{font-size:18pt;text-align:center;letter-spacing:.2em;margin:6mm 0 4mm}"                                          \
    "h2{font-size:12pt;margin:3mm 0 1mm}"                                                                                \
    "svg{float:right;margin:0 0 2mm 4mm}"                                                                                \
    "p{margin:1mm 0;overflow-wrap:anywhere}"                                                                             \
    "b{font-weight:bold}"                                                                                                \
    "bdi{unicode-bidi:isolate}"                                                                                          \
    "table{border-collapse:collapse;width:100%;margin:1mm 0 3mm;break-inside:auto}"                                      \
    "tr,.block{break-inside:avoid}"                                                                                      \
    "th,td{border:.3mm solid #000;padding:.8mm 1.5mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}"         \
    ".right{text-align:right}"                                                                                           \
    ".block{margin:1mm 0 2mm 6mm}"                                                                                       \
    ".line{display:inline-block;width:60mm;border-bottom:.3mm solid #000}"
#define STYLE_HASH "sha256-cSxUAWzir6zmE54a4jB/pOjQslARDd/uz+5OJ5x5APk="

static void put(struct sheet *s, const char *text)
{
    if (!s->rc)
        s->rc = buf_append_str(s->out, text);
}

/* What would mark up or steer is written as a character reference, a blank, or, at the end of a line, a break. */
static void put_escaped(struct sheet *s, const char *text)
{
    for (; *text && !s->rc; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n')
            put(s, "<br>");
        else if (c == '&')
            put(s, "&amp;");
        else if (c == '<')
            put(s, "&lt;");
        else if (c == '>')
            put(s, "&gt;");
        else if (c == '"')
            put(s, "&quot;");
        else if (c == '\'')
            put(s, "&#39;");
        else
            s->rc = buf_append(s->out, c < 0x20 || c == 0x7f ? " " : text, 1);
    }
}

/* A value of the case keeps its own direction: it cannot turn the words around it. */
static void put_value(struct sheet *s, const char *text)
{
    put(s, "<bdi>");
    put_escaped(s, text);
    put(s, "</bdi>");
}

static void put_element(struct sheet *s, const char *open, const char *text, const char *close)
{
    put(s, open);
    put_value(s, text);
    put(s, close);
}

void html_begin(struct sheet *s, const char *title, const char *picture)
{
    put(s, "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '" STYLE_HASH "'; base-uri 'none'; "
           "form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    put_escaped(s, title);
    put(s, "</title>\n<style>" STYLE "</style>\n</head>\n<body>\n");
    put(s, picture ? picture : "");
}

void html_end(struct sheet *s)
{
    put(s, "</body>\n</html>\n");
}

void html_title(struct sheet *s, const char *title)
{
    put_element(s, "<h1>", title, "</h1>\n");
}

void html_right(struct sheet *s, const char *text)
{
    put_element(s, "<p class=\"right\">", text, "</p>\n");
}

static void put_pair(struct sheet *s, const char *label, const char *value)
{
    put(s, "<b>");
    put_escaped(s, label);
    put_element(s, "：</b>", value, "");
}

void html_pair(struct sheet *s, const char *label, const char *value)
{
    if (!value[0]) { /* above a list */
        put_element(s, "<h2>", label, "</h2>\n");
        return;
    }
    put(s, "<p>");
    put_pair(s, label, value);
    put(s, "</p>\n");
}

void html_blank(struct sheet *s, const char *label)
{
    put(s, "<p><b>");
    put_escaped(s, label);
    put(s, "：</b><span class=\"line\">&nbsp;</span></p>\n");
}

void html_paragraph(struct sheet *s, const char *text)
{
    put_element(s, "<p>", text, "</p>\n");
}

static bool column_used(const char *const *cells, size_t columns, size_t rows, size_t column)
{
    for (size_t r = 0; r < rows; r++)
        if (cells[r * columns + column][0])
            return true;
    return false;
}

void html_table(struct sheet *s, const char *const *titles, const char *const *cells, size_t columns, size_t rows)
{
    put(s, "<table>\n<tr>");
    for (size_t c = 0; c < columns; c++)
        if (column_used(cells, columns, rows, c))
            put_element(s, "<th>", titles[c], "</th>");
    put(s, "</tr>\n");
    for (size_t r = 0; r < rows && !s->rc; r++) {
        put(s, "<tr>");
        for (size_t c = 0; c < columns; c++)
            if (column_used(cells, columns, rows, c))
                put_element(s, "<td>", cells[r * columns + c], "</td>");
        put(s, "</tr>\n");
    }
    put(s, "</table>\n");
}

void html_block(struct sheet *s, size_t number, const char *const *titles, const char *const *cells, size_t columns)
{
    if (!s->rc)
        s->rc = buf_printf(s->out, "<div class=\"block\">%zu. ", number);
    for (size_t c = 0; c < columns && !s->rc; c++) {
        if (!cells[c][0])
            continue;
        put_pair(s, titles[c], cells[c]);
        put(s, "<br>");
    }
    put(s, "</div>\n");
}
