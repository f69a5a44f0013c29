/* tongban-verify: checks entries, proofs and checkpoints of a Tongban ledger, offline. */
#include "client/tongban_lang.h"
#include "client/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option {
    OPT_INDEX = 1,
    OPT_SIZE = 2,
    OPT_LEAF = 4,
    OPT_ROOT = 8,
    OPT_PATH = 16,
    OPT_OLD = 32,
    OPT_NEW = 64,
    OPT_OLD_ROOT = 128,
    OPT_KEY = 256,
    OPT_WITNESS = 512,
    OPT_ENTRY = 1024,
    OPT_FILE = 2048
};

static const struct {
    const char *name;
    unsigned bit;
} options[] = {
    {"--index", OPT_INDEX}, {"--size", OPT_SIZE},   {"--leaf", OPT_LEAF},       {"--root", OPT_ROOT},
    {"--path", OPT_PATH},   {"--old", OPT_OLD},     {"--new", OPT_NEW},         {"--old-root", OPT_OLD_ROOT},
    {"--key", OPT_KEY},     {"--entry", OPT_ENTRY}, {"--witness", OPT_WITNESS}, {"FILE", OPT_FILE},
};
enum { OPTIONS = sizeof options / sizeof options[0] };

static const struct {
    const char *name;
    unsigned required, allowed;
    verify_command *run;
    const char *usage, *help;
} commands[] = {
    {"inclusion", OPT_INDEX | OPT_SIZE | OPT_LEAF | OPT_ROOT, OPT_PATH, verify_inclusion,
     "--index I --size N --leaf B64 --root B64 [--path B64]...",
     "  Does the entry whose leaf hash is B64 stand at index I in the ledger of N entries with this root?\n"
     "  The leaf hash is SHA-256(0x00 || line).  One --path for each hash, from the leaf to the root (RFC 9162 "
     "2.1.3)."},
    {"consistency", OPT_OLD | OPT_NEW | OPT_OLD_ROOT | OPT_ROOT, OPT_PATH, verify_consistency,
     "--old M --new N --old-root B64 --root B64 [--path B64]...",
     "  Does the ledger of N entries extend the one of M entries, with nothing changed or removed (RFC 9162 2.1.4)?"},
    {"checkpoint", OPT_KEY | OPT_FILE, OPT_WITNESS, verify_checkpoint, "--key VKEY [--witness VKEY]... FILE",
     "  Is FILE a checkpoint signed by the ledger whose key is VKEY, and cosigned by every witness named?"},
    {"proof", OPT_KEY | OPT_ENTRY | OPT_FILE, OPT_WITNESS, verify_proof,
     "--key VKEY [--witness VKEY]... --entry ENTRY FILE.tlog-proof",
     "  Does the proof show that the line in the file ENTRY stands in the ledger whose key is VKEY?\n"
     "  The line is taken byte for byte; one newline at the end of the file does not count."},
    {"case", OPT_FILE, OPT_KEY | OPT_WITNESS, verify_case, "[--key VKEY]... [--witness VKEY]... BUNDLE",
     "  Does every entry of a case's bundle stand in its office's ledger, and do numbers and revisions fit together?\n"
     "  Give the --key of each office, obtained from that office: without, the keys in the bundle are used, and who made\n"
     "  the bundle could have made them too."},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *to)
{
    (void)fputs(
        "tongban-verify checks entries, proofs and checkpoints of a Tongban ledger.  It needs no network and trusts\n"
        "nothing but the keys on its command line.\n\n",
        to);
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(to, "tongban-verify %s %s\n%s\n\n", commands[i].name, commands[i].usage, commands[i].help);
    (void)fputs("A VKEY is <name>+<8 hex digits>+<Base64> (c2sp.org/signed-note).  FILE may be - for standard input.\n"
                "--json prints one JSON document: verified, command, and either the facts or element and detail.\n"
                "--version prints the version.\n\n"
                "Exit status: 0 verified; 1 does not verify; 2 wrong use, or the input cannot be read.\n",
                to);
}

/* Stores an option's value; false when a single one is given twice or there are too many. */
static bool __attribute__((nonnull)) store(struct verify_args *args, unsigned bit, const char *value)
{
    const char **single = bit == OPT_INDEX      ? &args->index
                          : bit == OPT_SIZE     ? &args->size
                          : bit == OPT_LEAF     ? &args->leaf
                          : bit == OPT_ROOT     ? &args->root
                          : bit == OPT_OLD      ? &args->old_size
                          : bit == OPT_NEW      ? &args->new_size
                          : bit == OPT_OLD_ROOT ? &args->old_root
                          : bit == OPT_ENTRY    ? &args->entry
                          : bit == OPT_FILE     ? &args->file
                                                : NULL;
    if (single) {
        bool first = !*single;
        *single = value;
        return first;
    }
    if (bit == OPT_PATH) {
        if (args->paths < LEDGER_PATH_MAX)
            args->path[args->paths] = value;
        args->paths++;
        return true;
    }
    const char **list = bit == OPT_KEY ? args->key : args->witness;
    unsigned *count = bit == OPT_KEY ? &args->keys : &args->witnesses;
    if (*count == VERIFY_KEYS)
        return false;
    list[(*count)++] = value;
    return true;
}

/* Index of the option, or OPTIONS. */
static size_t find_option(const char *word, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == len && !memcmp(options[i].name, word, len) && options[i].bit != OPT_FILE)
            return i;
    return OPTIONS;
}

static int read_args(int argc, char **argv, size_t command, struct verify_args *args, struct verify_report *r)
{
    unsigned given = 0, allowed = commands[command].required | commands[command].allowed;
    bool words_only = false;
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i], *value = word;
        unsigned bit = OPT_FILE;
        if (!words_only && !strcmp(word, "--json"))
            continue; /* read before */
        if (!words_only && !strcmp(word, "--")) {
            words_only = true;
            continue;
        }
        if (!words_only && word[0] == '-' && word[1]) {
            const char *equals = strchr(word, '=');
            size_t o = find_option(word, equals ? (size_t)(equals - word) : strlen(word));
            if (o == OPTIONS || !(options[o].bit & allowed))
                return verify_end(r, VERIFY_USAGE, word, "is not an option of %s", commands[command].name);
            bit = options[o].bit;
            if (!equals && ++i == argc)
                return verify_end(r, VERIFY_USAGE, word, "needs a value");
            value = equals ? equals + 1 : argv[i];
        }
        if (!(bit & allowed))
            return verify_end(r, VERIFY_USAGE, word, "is one word too many");
        if (!store(args, bit, value))
            return verify_end(r, VERIFY_USAGE, word, "is given too often");
        given |= bit;
    }
    if (args->keys > 1 && commands[command].run != verify_case)
        return verify_end(r, VERIFY_USAGE, "--key", "is given too often");
    for (size_t o = 0; o < OPTIONS; o++)
        if (options[o].bit & commands[command].required & ~given)
            return verify_end(r, VERIFY_USAGE, options[o].name, "is missing");
    return 0;
}

static void print(const struct verify_args *args, struct verify_report *r, const char *command)
{
    if (args->json) {
        json_t *doc = json_pack("{s:b, s:s}", "verified", r->status == VERIFY_OK, "command", command);
        if (r->status != VERIFY_OK) {
            (void)json_object_set_new(doc, "element", json_string(r->element));
            (void)json_object_set_new(doc, "detail", json_string(r->detail));
        }
        (void)json_object_update(doc, r->facts);
        (void)json_dumpf(doc, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(doc);
        return;
    }
    if (r->text.len)
        (void)fputs(r->text.data, stdout);
    if (r->status == VERIFY_FAILED)
        (void)printf(gettext("DOES NOT VERIFY: %s: %s\n"), r->element, r->detail);
    else if (r->status != VERIFY_OK)
        (void)fprintf(stderr, gettext("tongban-verify: %s: %s\nSee: tongban-verify --help\n"), r->element, r->detail);
}

int main(int argc, char **argv)
{
    struct verify_args args = {.json = false};
    struct verify_report r = {.facts = json_object()};
    buf_init(&r.text, VERIFY_BUNDLE_BYTES);
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h") || (i == 1 && !strcmp(argv[i], "help")))
            usage(stdout);
        else if (!strcmp(argv[i], "--version"))
            (void)puts("tongban-verify " TONGBAN_VERSION);
        else {
            args.json |= !strcmp(argv[i], "--json");
            continue;
        }
        json_decref(r.facts);
        return fflush(stdout) ? VERIFY_USAGE : VERIFY_OK;
    }
    if (!args.json)
        lang_init();
    size_t command = 0;
    const char *word = argc > 1 ? argv[1] : "";
    while (command < COMMANDS && strcmp(commands[command].name, word))
        command++;
    if (command == COMMANDS)
        (void)verify_end(&r, VERIFY_USAGE, word[0] ? word : "command",
                         "is none of inclusion, consistency, checkpoint, proof, case");
    else if (!read_args(argc, argv, command, &args, &r))
        (void)commands[command].run(&args, &r);
    print(&args, &r, word);
    json_decref(r.facts);
    buf_free(&r.text);
    if (fflush(stdout) && r.status == VERIFY_OK)
        r.status = VERIFY_USAGE; /* "verified" was not read by anybody */
    return r.status;
}
