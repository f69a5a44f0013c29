/* Materials on the disk: every refusal, resuming, and a cut at each operation that touches the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/material.h"
#include "proto/limits.h"
#include "proto/suite_stream.h"

static int64_t now = 1795000000000;
static int64_t clock_now(void *context)
{
    (void)context;
    return now;
}
static const struct world test_world = {.now_ms = clock_now, .monotonic_ms = clock_now};

/* Fails operation number `at` and, as a dead process would, all after it (or only that one: `once`). */
struct faults {
    long count, at;
    bool once;
    int error;
};
static int fault(void *context, const char *operation)
{
    struct faults *f = context;
    (void)operation;
    f->count++;
    if (f->at && (f->once ? f->count == f->at : f->count >= f->at))
        return f->error;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static char directory[64];
static int setup(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/test_material.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct material_store *open_store(struct faults *f)
{
    struct material_store *store = NULL;
    struct problem p;
    const struct material_options options = {.directory = directory, .disk_floor_bytes = 0, .world = &test_world,
                                             .fault = f ? fault : NULL, .fault_context = f};
    assert_int_equal(material_store_open(&options, &store, &p), 0);
    return store;
}

enum { SAMPLE = 300000 };
static uint8_t sample[SAMPLE];
static char sample_name[MATERIAL_NAME_TEXT];

static void name_of(const uint8_t *bytes, size_t len, char out[MATERIAL_NAME_TEXT])
{
    struct suite_stream *stream = NULL;
    uint8_t hash[SUITE_HASH_BYTES];
    assert_int_equal(suite_stream_new(&stream), 0);
    assert_int_equal(suite_stream_update(stream, bytes, len), 0);
    assert_int_equal(suite_stream_final(stream, hash), 0);
    suite_stream_free(stream);
    for (size_t i = 0; i < sizeof hash; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void make_sample(void)
{
    for (size_t i = 0; i < SAMPLE; i++)
        sample[i] = (uint8_t)(i * 2654435761u >> 13);
    memcpy(sample, "%PDF-1.7", 8);
    name_of(sample, SAMPLE, sample_name);
}

static int create(struct material_store *store, struct material_state *state, struct problem *p)
{
    return material_upload_create(store, sample_name, SAMPLE, "application/pdf", "320623:0007", state, p);
}

static void check_whole(struct material_store *store)
{
    int fd = -1;
    int64_t size = 0;
    struct stat st;
    uint8_t *back = malloc(SAMPLE);
    assert_non_null(back);
    assert_int_equal(material_open_read(store, sample_name, &fd, &size), 0);
    assert_int_equal(size, SAMPLE);
    assert_int_equal(pread(fd, back, SAMPLE, 0), SAMPLE);
    assert_memory_equal(back, sample, SAMPLE);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(fd);
    free(back);
}

/* Goes on from wherever the store says, in pieces; the first failure is returned. */
static int upload_all(struct material_store *store, size_t piece, struct problem *p)
{
    struct material_state state;
    struct material_upload *upload = NULL;
    int rc = create(store, &state, p);
    while (!rc && !state.complete) {
        rc = material_upload_begin(store, sample_name, state.offset, &upload, &state, p);
        if (rc)
            break;
        size_t at = (size_t)state.offset;
        size_t len = SAMPLE - at < piece ? SAMPLE - at : piece;
        rc = material_upload_write(upload, sample + at, len, p);
        if (!rc && material_upload_offset(upload) == SAMPLE)
            rc = material_upload_finish(upload, p);
        else if (!rc)
            rc = material_upload_checkpoint(upload, p);
        material_upload_end(upload);
        if (!rc)
            rc = material_upload_state(store, sample_name, &state, p);
    }
    return rc;
}

static void test_whole(void **context)
{
    (void)context;
    struct problem p;
    struct material_state state;
    struct material_store *store = open_store(NULL);
    assert_int_equal(create(store, &state, &p), 0);
    assert_int_equal(state.offset, 0);
    assert_int_equal(state.expires_at, now + LIMIT_UPLOAD_EXPIRES_MS);
    assert_int_equal(material_store_uploads(store), 1);
    assert_int_equal(upload_all(store, 70000, &p), 0);
    assert_int_equal(material_store_uploads(store), 0);
    check_whole(store);
    assert_int_equal(create(store, &state, &p), 0);
    assert_true(state.complete);
    assert_int_equal(state.offset, SAMPLE);
    assert_int_equal(material_upload_create(store, sample_name, SAMPLE, "image/png", "x", &state, &p), TB_EMALFORMED);
    assert_int_equal(p.id, PROBLEM_UNSUPPORTED_TYPE);
    assert_int_equal(material_upload_create(store, sample_name, SAMPLE - 1, "application/pdf", "x", &state, &p), TB_EMALFORMED);
    assert_int_equal(p.id, PROBLEM_MATERIAL_MISMATCH);
    assert_int_equal(material_delete(store, sample_name), 0);
    assert_int_equal(material_delete(store, sample_name), TB_ENOTFOUND);
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), TB_ENOTFOUND);
    material_store_close(store);
}

static void test_refusals(void **context)
{
    (void)context;
    static const struct {
        const char *name;
        int64_t length;
        const char *type;
        enum problem_id id;
    } rows[] = {
        {NULL, 0, "application/pdf", PROBLEM_MATERIAL_EMPTY},
        {NULL, -1, "application/pdf", PROBLEM_TOO_LARGE},
        {NULL, LIMIT_MATERIAL_BYTES + 1, "application/pdf", PROBLEM_TOO_LARGE},
        {NULL, INT64_MAX, "application/pdf", PROBLEM_TOO_LARGE},
        {NULL, 5, "text/html", PROBLEM_UNSUPPORTED_TYPE},
        {NULL, 5, "", PROBLEM_UNSUPPORTED_TYPE},
        {"", 5, "application/pdf", PROBLEM_MALFORMED},
        {"../../../../etc/passwd", 5, "application/pdf", PROBLEM_MALFORMED},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 5, "application/pdf", PROBLEM_MALFORMED},
        {"0000000000000000000000000000000000000000000000000000000000000000f", 5, "application/pdf", PROBLEM_MALFORMED},
    };
    struct problem p;
    struct material_state state;
    struct material_store *store = open_store(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_not_equal(material_upload_create(store, rows[i].name ? rows[i].name : sample_name, rows[i].length, rows[i].type, "o",
                                                    &state, &p), 0);
        assert_int_equal(p.id, rows[i].id);
    }
    assert_int_equal(material_store_uploads(store), 0);
    material_store_close(store);
    const struct material_options full = {.directory = directory, .disk_floor_bytes = UINT64_MAX / 2, .world = &test_world};
    assert_int_equal(material_store_open(&full, &store, &p), 0);
    assert_int_equal(create(store, &state, &p), TB_EFULL);
    assert_int_equal(p.id, PROBLEM_DISK_LOW);
    material_store_close(store);
}

static void test_wrong_bytes_and_type(void **context)
{
    (void)context;
    static const struct {
        const char *type;
        const char *bytes;
        size_t len;
        bool fits;
    } rows[] = {
        {"application/pdf", "%PDF-1", 6, true},   {"application/ofd", "PK\003\004zz", 6, true}, {"image/jpeg", "\xFF\xD8\xFF\xE0", 4, true},
        {"image/png", "\x89PNG\r\n", 6, true},    {"image/tiff", "II*\0ab", 6, true},           {"image/tiff", "MM\0*ab", 6, true},
        {"application/pdf", "\x89PNG\r\n", 6, false}, {"image/png", "%PDF-1", 6, false},        {"image/tiff", "MM\0", 3, false},
        {"application/pdf", "%", 1, false},       {"application/ofd", "PK\005\006zz", 6, false}, {"image/jpeg", "<html>", 6, false},
    };
    struct problem p;
    struct material_state state;
    struct material_upload *upload = NULL;
    char name[MATERIAL_NAME_TEXT];
    struct material_store *store = open_store(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        name_of((const uint8_t *)rows[i].bytes, rows[i].len, name);
        int deleted = material_delete(store, name); /* some rows use the bytes of an earlier, fitting one */
        assert_true(!deleted || deleted == TB_ENOTFOUND);
        assert_int_equal(material_upload_create(store, name, (int64_t)rows[i].len, rows[i].type, "o", &state, &p), 0);
        assert_int_equal(material_upload_begin(store, name, 0, &upload, &state, &p), 0);
        assert_int_equal(material_upload_write(upload, rows[i].bytes, rows[i].len, &p), 0);
        int rc = material_upload_finish(upload, &p);
        material_upload_end(upload);
        if (rows[i].fits) {
            assert_int_equal(rc, 0);
        } else {
            assert_int_equal(rc, TB_EMALFORMED);
            assert_int_equal(p.id, PROBLEM_UNSUPPORTED_TYPE);
            assert_int_equal(material_upload_state(store, name, &state, &p), TB_ENOTFOUND);
        }
    }
    assert_int_equal(create(store, &state, &p), 0);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &upload, &state, &p), 0);
    assert_int_not_equal(material_upload_finish(upload, &p), 0); /* not all there */
    assert_int_equal(p.id, PROBLEM_INTERNAL);
    sample[SAMPLE / 2] ^= 1;
    assert_int_equal(material_upload_write(upload, sample, SAMPLE, &p), 0);
    sample[SAMPLE / 2] ^= 1;
    assert_int_equal(material_upload_write(upload, "x", 1, &p), TB_ELIMIT);
    assert_int_equal(material_upload_finish(upload, &p), TB_EMALFORMED);
    assert_int_equal(p.id, PROBLEM_MATERIAL_MISMATCH);
    material_upload_end(upload);
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), TB_ENOTFOUND);
    assert_int_equal(material_store_uploads(store), 0);
    material_store_close(store);
}

static void test_one_writer(void **context)
{
    (void)context;
    struct problem p;
    struct material_state state;
    struct material_upload *first = NULL, *second = NULL;
    struct material_store *store = open_store(NULL);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &first, &state, &p), TB_ENOTFOUND);
    assert_int_equal(create(store, &state, &p), 0);
    assert_int_equal(material_upload_begin(store, sample_name, 5, &first, &state, &p), TB_ECONFLICT);
    assert_int_equal(p.id, PROBLEM_UPLOAD_OFFSET);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &first, &state, &p), 0);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &second, &state, &p), TB_ETEMP);
    assert_int_equal(p.id, PROBLEM_UPLOAD_BUSY);
    assert_int_equal(material_upload_delete(store, sample_name, "320623:0007", &p), TB_ETEMP);
    assert_int_equal(material_upload_delete(store, sample_name, "320623:0008", &p), TB_EDENIED);
    assert_int_equal(material_upload_write(first, sample, 1000, &p), 0);
    assert_int_equal(material_upload_checkpoint(first, &p), 0);
    /* a damaged chunk goes, the acknowledged one stays */
    assert_int_equal(material_upload_write(first, "damaged", 7, &p), 0);
    assert_int_equal(material_upload_truncate(first, &p), 0);
    assert_int_equal(material_upload_offset(first), 1000);
    /* a tail without a checkpoint goes with the claim */
    assert_int_equal(material_upload_write(first, "tail", 4, &p), 0);
    material_upload_end(first);
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), 0);
    assert_int_equal(state.offset, 1000);
    assert_int_equal(upload_all(store, SAMPLE, &p), 0);
    check_whole(store);
    material_store_close(store);
}

static void test_restart_and_expiry(void **context)
{
    (void)context;
    struct problem p;
    struct material_state state;
    struct material_upload *upload = NULL;
    char path[256], other[MATERIAL_NAME_TEXT];
    struct material_store *store = open_store(NULL);
    assert_int_equal(create(store, &state, &p), 0);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &upload, &state, &p), 0);
    assert_int_equal(material_upload_write(upload, sample, 123456, &p), 0);
    assert_int_equal(material_upload_checkpoint(upload, &p), 0);
    material_upload_end(upload);
    material_store_close(store);
    /* what a cut leaves: bytes that nobody acknowledged, a half-written sidecar, bytes without a sidecar; and a stranger's file */
    (void)snprintf(path, sizeof path, "%s/uploads/%s.part", directory, sample_name);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "unsynced", 8), 8);
    close(fd);
    name_of((const uint8_t *)"other", 5, other);
    static const char *const left[] = {".part", ".tmp", ".json"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/uploads/%s%s", directory, other, left[i]);
        fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, "{\"length\":", 10), 10);
        close(fd);
    }
    (void)snprintf(path, sizeof path, "%s/uploads/README", directory);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    store = open_store(NULL);
    assert_int_equal(access(path, F_OK), 0);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/uploads/%s%s", directory, other, left[i]);
        assert_int_equal(access(path, F_OK), -1);
    }
    assert_int_equal(material_store_uploads(store), 1);
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), 0);
    assert_int_equal(state.offset, 123456);
    assert_string_equal(state.owner, "320623:0007");
    assert_int_equal(upload_all(store, SAMPLE, &p), 0); /* the prefix is hashed again, else this would not fit */
    check_whole(store);
    assert_int_equal(material_delete(store, sample_name), 0);

    assert_int_equal(create(store, &state, &p), 0);
    now += LIMIT_UPLOAD_EXPIRES_MS;
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), 0);
    assert_int_equal(material_store_sweep(store), 0);
    now += 1;
    assert_int_equal(material_upload_state(store, sample_name, &state, &p), TB_ENOTFOUND);
    assert_int_equal(material_upload_begin(store, sample_name, 0, &upload, &state, &p), TB_ENOTFOUND);
    assert_int_equal(material_store_sweep(store), 1);
    assert_int_equal(material_store_uploads(store), 0);
    assert_int_equal(create(store, &state, &p), 0);
    now += LIMIT_UPLOAD_EXPIRES_MS + 1;
    assert_int_equal(create(store, &state, &p), 0); /* an expired one does not stand in the way */
    assert_int_equal(state.expires_at, now + LIMIT_UPLOAD_EXPIRES_MS);
    now += LIMIT_UPLOAD_EXPIRES_MS + 1;
    char next[MATERIAL_NAME_TEXT];
    (void)snprintf(next, sizeof next, "%064x", 1U);
    assert_int_equal(material_upload_create(store, next, 10, "image/png", "o", &state, &p), 0);
    assert_int_equal(material_store_uploads(store), 1); /* the expired one is gone */
    now += LIMIT_UPLOAD_EXPIRES_MS + 1;
    material_store_close(store);
    store = open_store(NULL);
    assert_int_equal(material_store_uploads(store), 0);
    material_store_close(store);
}

static void test_count(void **context)
{
    (void)context;
    struct problem p;
    struct material_state state;
    char name[MATERIAL_NAME_TEXT];
    struct faults none = {0};
    struct material_store *store = open_store(&none);
    for (int i = 0; i < LIMIT_UPLOADS_OPEN; i++) {
        (void)snprintf(name, sizeof name, "%064x", (unsigned)i);
        assert_int_equal(material_upload_create(store, name, 10, "image/png", "o", &state, &p), 0);
    }
    assert_int_equal(create(store, &state, &p), TB_ETEMP);
    assert_int_equal(material_upload_create(store, name, 10, "image/png", "o", &state, &p), 0);
    assert_int_equal(material_upload_create(store, name, 11, "image/png", "another", &state, &p), TB_ECONFLICT);
    assert_int_equal(material_upload_create(store, name, 11, "image/png", "o", &state, &p), 0);
    assert_int_equal(state.length, 11);
    assert_int_equal(material_upload_delete(store, name, "o", &p), 0);
    assert_int_equal(create(store, &state, &p), 0);
    material_store_close(store);
}

/* A cut at operation 1, 2, 3 … until a run ends without one.  After each: reopen; what was acknowledged is there, and it can go on. */
static void test_cut_everywhere(void **context)
{
    (void)context;
    long cuts = 0;
    for (int error_kind = 0; error_kind < 3; error_kind++) {
        bool finished = false;
        for (long at = 1; !finished; at++) {
            struct problem p;
            struct faults f = {.at = at + 4, .once = error_kind == 2, .error = error_kind ? ENOSPC : EIO}; /* 4: the directories */
            struct material_state state, after;
            int64_t acknowledged = -1;
            struct material_upload *upload = NULL;
            (void)teardown(NULL);
            assert_int_equal(setup(NULL), 0);
            struct material_store *store = open_store(&f);
            assert_int_equal(f.count, 4);
            int rc = create(store, &state, &p);
            if (!rc)
                acknowledged = 0;
            for (int part = 0; !rc && part < 3; part++) {
                rc = material_upload_begin(store, sample_name, part * 100000, &upload, &state, &p);
                if (rc)
                    break;
                rc = material_upload_write(upload, sample + part * 100000, 100000, &p);
                if (!rc)
                    rc = part < 2 ? material_upload_checkpoint(upload, &p) : material_upload_finish(upload, &p);
                if (!rc)
                    acknowledged = (part + 1) * 100000;
                material_upload_end(upload);
            }
            if (rc) {
                cuts++;
                assert_int_equal(rc, error_kind ? TB_EFULL : TB_EIO);
                if (material_upload_state(store, sample_name, &after, &p) == 0 && !after.complete)
                    assert_int_equal(after.offset, acknowledged < 0 ? 0 : acknowledged);
            }
            finished = f.count < f.at;
            if (error_kind == 2 && rc)
                assert_int_equal(upload_all(store, 100000, &p), 0); /* the disk has room again: goes on without a restart */
            material_store_close(store);
            store = open_store(NULL);
            int found = material_upload_state(store, sample_name, &after, &p);
            if (acknowledged >= 0) {
                assert_int_equal(found, 0);
                assert_true(after.offset >= acknowledged);
            }
            if (!found && after.complete)
                check_whole(store);
            assert_int_equal(upload_all(store, 100000, &p), 0);
            check_whole(store);
            assert_int_equal(material_store_uploads(store), 0);
            material_store_close(store);
        }
    }
    assert_true(cuts > 60);
    print_message("%ld cuts\n", cuts);
}

int main(void)
{
    make_sample();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_bytes_and_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_and_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_everywhere, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
