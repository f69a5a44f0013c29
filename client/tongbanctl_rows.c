/* Tables of tongbanctl: columns are rows, one function prints them. */
#include <libintl.h>

#include "client/tongban_view.h"
#include "client/tongbanctl.h"

const char *ctl_show_word(const json_t *value, char room[CTL_CELL_TEXT])
{
    (void)room;
    const char *word = json_string_value(value);
    return view_word(word ? word : "");
}

const char *ctl_show_time(const json_t *value, char room[CTL_CELL_TEXT])
{
    return term_time(value, room);
}

const char *ctl_show_number(const json_t *value, char room[CTL_CELL_TEXT])
{
    (void)snprintf(room, CTL_CELL_TEXT, "%lld", (long long)json_integer_value(value));
    return room;
}

int ctl_rows_print(const json_t *rows, const struct ctl_column *columns, size_t count)
{
    struct table t;
    size_t r;
    const json_t *row;
    table_init(&t);
    for (size_t i = 0; i < count; i++) {
        table_column(&t, gettext(columns[i].title), columns[i].least);
        table_hide(&t, columns[i].hide);
    }
    json_array_foreach(rows, r, row)
    {
        char room[TABLE_COLUMNS][CTL_CELL_TEXT];
        const char *cells[TABLE_COLUMNS];
        for (size_t i = 0; i < count; i++)
            cells[i] = columns[i].show ? columns[i].show(json_object_get(row, columns[i].key), room[i]) : ctl_cell(row, columns[i].key);
        if (table_row(&t, cells) != 0)
            break;
    }
    return table_print(&t) == 0 ? EXIT_DONE : EXIT_UNREACHABLE;
}
