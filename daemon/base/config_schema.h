/* config_schema: the keys of the configuration file, as one table.
 *
 * From it come the libcyaml schema, the defaults, the checks that a file exists, and docs/reference/configuration.md.  A new key is a
 * new row in config_schema.c and a member of struct config. */
#ifndef BASE_CONFIG_SCHEMA_H
#define BASE_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stddef.h>

enum config_kind {
    CONFIG_TEXT,
    CONFIG_FILE,      /* name of a file that must exist */
    CONFIG_DIRECTORY, /* name of a directory that must exist */
    CONFIG_NUMBER,    /* unsigned */
    CONFIG_BOOL,
    CONFIG_MAP,
    CONFIG_LIST,      /* of mappings */
    CONFIG_FILES      /* list of file names */
};

struct config_option {
    const char *key;      /* NULL ends a table */
    enum config_kind kind;
    bool required;
    const char *fallback; /* default as text, or NULL */
    const char *help;     /* one English sentence; may use Markdown */
    size_t offset, size;  /* member of the structure; `size` of one element of a list */
    size_t count_offset;  /* CONFIG_LIST, CONFIG_FILES: the unsigned that counts the elements */
    const struct config_option *members;
};

/* Of the whole file; static. */
extern const struct config_option config_options[];
extern const cyaml_schema_value_t config_schema;

#endif
