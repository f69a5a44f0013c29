#include "fixture.h"

#include <ftw.h>
#include <unistd.h>

static int64_t now_ms(void *context)
{
    return ((struct fixture *)context)->now++;
}

static int64_t monotonic_ms(void *context)
{
    return ((struct fixture *)context)->now;
}

static void random_bytes(void *context, void *out, size_t len)
{
    struct fixture *f = context;
    for (size_t i = 0; i < len; i++) {
        f->random_state = f->random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(f->random_state >> 56);
    }
}

void fixture_make(struct fixture *f, const char *vfs)
{
    memset(f, 0, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/tongban-store-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    uint8_t secret[SUITE_SECRET_MAX];
    memset(secret, 7, sizeof secret);
    OK(note_signer_make(suite_by_name("intl"), "tongban/330483", secret, &f->signer));
    f->now = INT64_C(1795000000000);
    f->world = (struct world){.now_ms = now_ms, .monotonic_ms = monotonic_ms, .random = random_bytes, .context = f};
    f->options = (struct store_options){.directory = f->directory,
                                        .office = "330483",
                                        .signer = &f->signer,
                                        .world = &f->world,
                                        .readers = 2,
                                        .vfs = vfs};
}

void fixture_open(struct fixture *f)
{
    struct problem p;
    memset(&p, 0, sizeof p);
    int rc = store_open(&f->options, &f->store, &p);
    if (rc)
        fail_msg("store_open: %s: %s", err_text(rc), p.detail);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void fixture_drop(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    nftw(f->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fixture_path(const struct fixture *f, const char *name, char out[300])
{
    snprintf(out, 300, "%s/%s", f->directory, name);
}

char *fixture_read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    *len = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    return bytes;
}

void fixture_write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static int step_run(struct store_db *db, struct store_command *command)
{
    struct step *step = (struct step *)command;
    return step->body(db, step->context);
}

static void step_done(struct store_command *command, int rc)
{
    (void)rc;
    ((struct step *)command)->done++;
}

void step_init(struct step *step, int (*body)(struct store_db *db, void *context), void *context)
{
    memset(step, 0, sizeof *step);
    step->command.run = step_run;
    step->command.done = step_done;
    step->body = body;
    step->context = context;
}

int fixture_run(struct fixture *f, int (*body)(struct store_db *db, void *context), void *context)
{
    struct step step;
    step_init(&step, body, context);
    int rc = store_run_batch(f->store, &step.command);
    return rc ? rc : step.command.rc;
}

int fixture_append(struct store_db *db, const char *to, int64_t n, size_t pad, uint64_t *index)
{
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    entry.type = to ? ENTRY_CASE_SUBMITTED : ENTRY_ALARM;
    if (to) {
        memcpy(entry.to, to, OFFICE_TEXT);
        OK(case_no_make("330483", 20780, 1, entry.case_no));
    }
    char *text = calloc(1, pad + 1);
    if (!text)
        return TB_ENOMEM;
    memset(text, 'x', pad);
    entry.body = json_pack("{s:I, s:s}", "n", (json_int_t)n, "pad", text);
    free(text);
    int rc = entry.body ? store_append(db, &entry, index, NULL) : TB_ENOMEM;
    entry_clear(&entry);
    return rc;
}

uint64_t fixture_check_ledger(struct store_db *db, const struct note_signer *signer)
{
    const struct suite *suite = signer->suite;
    struct ledger_frontier frontier;
    ledger_frontier_init(&frontier);
    uint64_t size = store_ledger_size(db);
    struct buf line;
    buf_init(&line, LIMIT_ENTRY_BYTES);
    for (uint64_t i = 0; i < size; i++) {
        struct ledger_hash leaf, completed[LEDGER_LEVELS];
        unsigned count = 0;
        buf_clear(&line);
        OK(store_entry_line(db, i, &line));
        OK(ledger_leaf(suite, line.data, line.len, &leaf));
        OK(ledger_append(suite, &frontier, &leaf, completed, &count));
    }
    buf_clear(&line);
    assert_int_equal(store_entry_line(db, size, &line), TB_ENOTFOUND);
    uint64_t noted = 0;
    int rc = store_checkpoint(db, false, &noted, &line);
    if (!size) {
        assert_int_equal(rc, TB_ENOTFOUND);
    } else {
        struct checkpoint checkpoint;
        struct ledger_hash root;
        OK(rc);
        OK(checkpoint_verify(&signer->vkey, line.data, line.len, &checkpoint));
        OK(ledger_root(suite, &frontier, &root));
        assert_int_equal(checkpoint.size, size);
        assert_int_equal(noted, size);
        assert_memory_equal(checkpoint.root.b, root.b, sizeof root.b);
    }
    buf_free(&line);
    return size;
}
