/* desk: narrowing lists to the window and township where a case was taken in. */
#include "client/tongban_http.h"
#include "client/tongban_view.h"

int view_desk_query(const struct args *args, struct buf *path)
{
    static const char *const names[] = {"window", "township"};
    int rc = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !rc; i++) {
        const char *text = args_option(args, names[i]);
        if (!text)
            continue;
        rc = buf_printf(path, "&%s=", names[i]);
        rc = rc ? rc : http_escape(text, path);
    }
    return rc;
}
