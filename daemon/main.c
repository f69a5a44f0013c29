/* tongband: the daemon of one office.  Reads its options and its configuration, then runs the service. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "daemon/base/config.h"
#include "daemon/base/log.h"
#include "daemon/offline.h"
#include "daemon/service.h"
#include "daemon/setup.h"

enum { FILES_WANTED = 65536, EXIT_BAD_CHECK = 2 };

static const char usage[] =
    "Usage: tongband --config FILE [--check-config]\n"
    "       tongband --restore DIRECTORY --config FILE [--force]\n"
    "       tongband --verify DIRECTORY --config FILE\n"
    "       tongband --make-ledger-key NAME FILE\n"
    "\n"
    "  -c, --config FILE                 the office's configuration (YAML)\n"
    "      --check-config                read and check it, print \"ok\" or the mistake, and end\n"
    "      --restore DIRECTORY           put a backup in the place of the store; the daemon does not run\n"
    "      --force                       … and move what is in the store aside\n"
    "      --verify DIRECTORY            verify a backup: files, database, ledger, tables, materials\n"
    "      --print-config                print the commented reference of all settings\n"
    "      --make-ledger-key NAME FILE   write a new signing key (mode 0600), print its verification key; NAME is\n"
    "                                    tongban/ and the office's division code, e.g. tongban/330483\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "\n"
    "Signals: SIGTERM and SIGINT stop cleanly (a second one at once), SIGHUP reads certificates anew.\n"
    "Exit: 0 stopped as told, 1 failed or found something, 2 --check-config found a mistake, 64 wrong usage, 78 wrong configuration.\n";

static int fail(const struct problem *p, int status)
{
    (void)fprintf(stderr, "tongband: %s\n", p->detail[0] ? p->detail : problem_type(p->id)->title);
    return status;
}

static int print_config(void)
{
    struct buf text;
    buf_init(&text, 1024 * 1024);
    int rc = config_print_reference(&text);
    if (!rc && fwrite(text.data, 1, text.len, stdout) != text.len)
        rc = TB_EIO;
    buf_free(&text);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int make_key(int argc, char **argv)
{
    struct problem p = {.number = -1};
    char vkey[NOTE_VKEY_TEXT];
    if (argc != 2) {
        (void)fputs(usage, stderr);
        return EX_USAGE;
    }
    if (setup_make_key(argv[0], argv[1], vkey, &p) != 0)
        return fail(&p, p.id == PROBLEM_FIELD ? EX_USAGE : EXIT_FAILURE);
    (void)printf("%s\n", vkey);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Checks what config_load cannot see from the file alone: keys, calendar, catalogue, certificates. */
static int check_deep(const struct config *config, bool expired_too, struct problem *p)
{
    struct note_signer signer;
    struct office *office = NULL;
    struct setup_tls tls = {0};
    int rc = setup_signer(config, &signer, p);
    if (!rc)
        note_signer_wipe(&signer);
    if (!rc)
        rc = setup_office(config, &office, p);
    if (!rc)
        rc = setup_tls(config, expired_too, &tls, p);
    setup_tls_clear(&tls);
    office_free(office);
    return rc;
}

static void prepare_process(void)
{
    struct rlimit files;
    (void)signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        rlim_t wanted = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
        if (files.rlim_cur < wanted) {
            files.rlim_cur = wanted;
            (void)setrlimit(RLIMIT_NOFILE, &files);
        }
    }
}

static int run(const char *path, bool check_only)
{
    struct problem p = {.number = -1};
    struct config *config = NULL;
    int rc = config_load(path, &config, &p);
    if (rc)
        return fail(&p, check_only ? EXIT_BAD_CHECK : EX_CONFIG);
    int status = EXIT_SUCCESS;
    rc = check_deep(config, !check_only, &p);
    if (rc) {
        status = fail(&p, check_only ? EXIT_BAD_CHECK : EX_CONFIG);
    } else if (check_only) {
        (void)puts("ok");
    } else {
        log_start();
        config_set_log(&config->log);
        prepare_process();
        /* a wrong setting stays wrong, however often the service manager tries again */
        if (service_run(config, &p) != 0)
            status = fail(&p, p.id == PROBLEM_FIELD ? EX_CONFIG : EXIT_FAILURE);
    }
    config_free(config);
    return status;
}

static int offline(const char *path, const char *restore, const char *verify, bool force)
{
    struct problem p = {.number = -1};
    struct config *config = NULL;
    if (config_load(path, &config, &p) != 0)
        return fail(&p, EX_CONFIG);
    log_set_level(LOG_LEVEL_ERR); /* the answer is on the standard output */
    int rc = restore ? offline_restore(config, restore, force, &p) : offline_verify(config, verify, &p);
    config_free(config);
    return rc < 0 ? fail(&p, EXIT_FAILURE) : rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    enum { OPT_CHECK = 256, OPT_KEY, OPT_PRINT, OPT_RESTORE, OPT_FORCE, OPT_VERIFY };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"check-config", no_argument, NULL, OPT_CHECK},
        {"make-ledger-key", no_argument, NULL, OPT_KEY}, {"print-config", no_argument, NULL, OPT_PRINT},
        {"restore", required_argument, NULL, OPT_RESTORE}, {"force", no_argument, NULL, OPT_FORCE},
        {"verify", required_argument, NULL, OPT_VERIFY},
        {"version", no_argument, NULL, 'V'},       {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL, *restore = NULL, *verify = NULL;
    bool check = false, key = false, force = false;
    for (int option; (option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case OPT_CHECK:
            check = true;
            break;
        case OPT_KEY:
            key = true;
            break;
        case OPT_RESTORE:
            restore = optarg;
            break;
        case OPT_VERIFY:
            verify = optarg;
            break;
        case OPT_FORCE:
            force = true;
            break;
        case OPT_PRINT:
            return print_config();
        case 'V':
            (void)puts("tongband " TONGBAN_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            return EX_USAGE;
        }
    }
    if (key)
        return make_key(argc - optind, argv + optind);
    if (!path || optind != argc || (restore && verify) || (force && !restore)) {
        (void)fputs(usage, stderr);
        return EX_USAGE;
    }
    if (restore || verify)
        return offline(path, restore, verify, force);
    return run(path, check);
}
