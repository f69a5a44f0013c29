#include "proto/document_query.h"

#include <errno.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "tongban:", query[] = "?q=";

enum { QUIET = 4 /* modules of white around the code: ISO/IEC 18004 */, CODE_MM = 30 };

static bool case_no_ok(const char *case_no)
{
    const char *why;
    return case_no && !code_check(CODE_CASE_NO, case_no, &why);
}

bool document_query_code_ok(const char *code)
{
    return code && strlen(code) == QUERY_CODE_LEN && strspn(code, "0123456789ABCDEF") == QUERY_CODE_LEN;
}

int document_query_text(const char *case_no, const char *code, char out[QUERY_TEXT])
{
    if (!case_no_ok(case_no) || !document_query_code_ok(code))
        return TB_EMALFORMED;
    (void)snprintf(out, QUERY_TEXT, "%s%s%s%s", scheme, case_no, query, code);
    return 0;
}

int document_query_read(const char *text, char case_no[CASE_NO_TEXT], char code[QUERY_CODE_TEXT])
{
    const size_t head = sizeof scheme - 1, middle = sizeof query - 1, whole = head + CASE_NO_LEN + middle + QUERY_CODE_LEN;
    text += strspn(text, " \t\r\n");
    size_t len = strcspn(text, " \t\r\n");
    if (len != whole || text[len + strspn(text + len, " \t\r\n")] || memcmp(text, scheme, head) != 0 ||
        memcmp(text + head + CASE_NO_LEN, query, middle) != 0)
        return TB_EMALFORMED;
    memcpy(case_no, text + head, CASE_NO_LEN);
    case_no[CASE_NO_LEN] = '\0';
    memcpy(code, text + head + CASE_NO_LEN + middle, QUERY_CODE_LEN);
    code[QUERY_CODE_LEN] = '\0';
    return case_no_ok(case_no) && document_query_code_ok(code) ? 0 : TB_EMALFORMED;
}

/* One path; each run of dark modules in a row is a rectangle. */
static int draw_runs(const QRcode *qr, struct buf *out)
{
    int rc = 0;
    for (int y = 0; y < qr->width && !rc; y++)
        for (int x = 0, run; x < qr->width && !rc; x += run) {
            bool dark = qr->data[y * qr->width + x] & 1;
            for (run = 1; x + run < qr->width && (bool)(qr->data[y * qr->width + x + run] & 1) == dark; run++)
                ;
            if (dark)
                rc = buf_printf(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        }
    return rc;
}

int document_query_svg(const char *text, struct buf *out)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!qr)
        return errno == ENOMEM ? TB_ENOMEM : TB_ELIMIT;
    int side = qr->width + 2 * QUIET;
    int rc = buf_printf(out,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%dmm\" height=\"%dmm\" viewBox=\"0 0 %d %d\" "
                        "shape-rendering=\"crispEdges\" role=\"img\"><title>%s</title>"
                        "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"",
                        CODE_MM, CODE_MM, side, side, text, side, side);
    rc = rc ? rc : draw_runs(qr, out);
    QRcode_free(qr);
    return rc ? rc : buf_append_str(out, "\"/></svg>\n");
}
