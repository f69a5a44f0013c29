#include <string.h>

#include "client/tongban.h"

static const struct option *known_option(const struct option *known, const char *name, size_t len)
{
    for (; known && known->name; known++)
        if (strlen(known->name) == len && !strncmp(known->name, name, len))
            return known;
    return NULL;
}

/* Options of every command; main has acted on them already, they are skipped here. */
static const struct option everywhere[] = {
    {"json", NULL, NULL}, {"config", "FILE", NULL}, {"help", NULL, NULL}, {NULL, NULL, NULL}};

static int add_option(struct args *args, const char *name, const char *value, struct problem *p)
{
    if (args->options == ARGS_OPTIONS)
        return problem_set(p, PROBLEM_TOO_LARGE, NULL, "more than %d options", ARGS_OPTIONS);
    args->option[args->options].name = name;
    args->option[args->options++].value = value;
    return 0;
}

int args_parse(int argc, char *const *argv, const struct option *known, bool fields, struct args *out,
               struct problem *p)
{
    struct args args = {.count = 0};
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (ended || word[0] != '-' || !word[1]) {
            if (args.count == ARGS_POSITIONAL)
                return problem_set(p, PROBLEM_TOO_LARGE, NULL, "more than %d arguments", ARGS_POSITIONAL);
            args.positional[args.count++] = word;
            continue;
        }
        if (!strcmp(word, "--")) {
            ended = true;
            continue;
        }
        if (word[1] != '-')
            return problem_set(p, PROBLEM_MALFORMED, NULL, "%s: options are written with two dashes", word);
        const char *name = word + 2, *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        bool global = known_option(everywhere, name, len) != NULL;
        const struct option *option = global ? known_option(everywhere, name, len) : known_option(known, name, len);
        if (!option && !fields)
            return problem_set(p, PROBLEM_MALFORMED, NULL, "%s: there is no such option here", word);
        const char *value = "";
        if (equals && option && !option->value)
            return problem_set(p, PROBLEM_MALFORMED, NULL, "%s: this option takes no value", word);
        if (equals) {
            value = equals + 1;
        } else if (!option || option->value) {
            if (i + 1 == argc)
                return problem_set(p, PROBLEM_MALFORMED, NULL, "%s: its value is missing", word);
            value = argv[++i];
        }
        if (global)
            continue;
        int rc = add_option(&args, option ? option->name : name, value, p);
        if (rc)
            return rc;
    }
    *out = args;
    return 0;
}

const char *args_option(const struct args *args, const char *name)
{
    for (unsigned i = args->options; i-- > 0;) {
        /* a field given as --name=value keeps its tail in argv */
        size_t len = strcspn(args->option[i].name, "=");
        if (strlen(name) == len && !strncmp(args->option[i].name, name, len))
            return args->option[i].value;
    }
    return NULL;
}
