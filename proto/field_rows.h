/* field_rows: how the rows of a table of fields are written (case_fields.c, register_fields.c); for those two files only. */
#ifndef PROTO_FIELD_ROWS_H
#define PROTO_FIELD_ROWS_H

#include "proto/case_machine.h"

#define REQUIRED true
#define OPTIONAL false
#define END                                                                                                            \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

#define F(name, kind, required, help, zh)                                                                              \
    {                                                                                                                  \
        name, FIELD_##kind, required, NULL, NULL, help, zh                                                             \
    }
#define F_VALUES(name, kind, required, values, help, zh)                                                               \
    {                                                                                                                  \
        name, FIELD_##kind, required, values, NULL, help, zh                                                           \
    }
#define F_MEMBERS(name, kind, required, members, help, zh)                                                             \
    {                                                                                                                  \
        name, FIELD_##kind, required, NULL, members, help, zh                                                          \
    }

#endif
