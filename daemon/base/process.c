#include "daemon/base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/world.h"

enum { STAT_BYTES = 1024, FIELD_UTIME = 14, FIELD_STIME = 15, FIELD_THREADS = 20, FIELD_START = 22, FIELD_VSIZE = 23, FIELD_RSS = 24 };

static const struct {
    const char *kind, *name, *help;
    int64_t scale;
} rows[PROCESS_FIGURES] = {
#define P(constant, kind, scale, name, help) {#kind, name, help, scale},
    PROCESS_TABLE(P)
#undef P
};
static struct {
    const char *version, *commit, *sqlite, *openssl;
} build = {"", "", "", ""};

void process_set_build(const char *version, const char *commit, const char *sqlite, const char *openssl)
{
    build.version = version;
    build.commit = commit;
    build.sqlite = sqlite;
    build.openssl = openssl;
}

/* Field n ≥ 3 of proc(5) "stat": counted behind the name of the program, which may hold anything. */
static int64_t stat_field(const char *text, unsigned n)
{
    const char *at = strrchr(text, ')');
    for (unsigned i = 2; at && i < n; i++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at + 1, NULL, 10) : -1;
}

static int64_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int64_t count = -4; /* itself, "." and ".." */
    if (!directory)
        return -1;
    do
        count++;
    while (readdir(directory));
    (void)closedir(directory);
    return count;
}

static void read_stat(struct process_figures *out)
{
    char text[STAT_BYTES];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        (void)close(fd);
    if (len <= 0)
        return;
    text[len] = '\0';
    int64_t ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE), started = stat_field(text, FIELD_START);
    out->value[PROCESS_CPU] = (stat_field(text, FIELD_UTIME) + stat_field(text, FIELD_STIME)) * 1000 / ticks;
    out->value[PROCESS_START] = world_boot_ms() + started * 1000 / ticks;
    out->value[PROCESS_THREADS] = stat_field(text, FIELD_THREADS);
    out->value[PROCESS_VIRTUAL] = stat_field(text, FIELD_VSIZE);
    out->value[PROCESS_RESIDENT] = stat_field(text, FIELD_RSS) * page;
}

void process_read(struct process_figures *out)
{
    struct rlimit files;
    for (unsigned i = 0; i < PROCESS_FIGURES; i++)
        out->value[i] = -1;
    read_stat(out);
    out->value[PROCESS_OPEN_FDS] = count_descriptors();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        out->value[PROCESS_MAX_FDS] = (int64_t)files.rlim_cur;
}

int process_print(const struct process_figures *figures, struct buf *out)
{
    int rc = 0;
    for (unsigned i = 0; figures && i < PROCESS_FIGURES && !rc; i++) {
        int64_t value = figures->value[i], scale = rows[i].scale;
        if (value < 0)
            continue;
        rc = buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRId64, rows[i].name, rows[i].help, rows[i].name, rows[i].kind,
                        rows[i].name, value / scale);
        if (!rc)
            rc = scale == 1 ? buf_append_str(out, "\n") : buf_printf(out, ".%03d\n", (int)(value % scale));
    }
    return rc ? rc : buf_printf(out, "# HELP tongban_build_info always 1; the labels say what runs\n# TYPE tongban_build_info gauge\n"
                                     "tongban_build_info{version=\"%s\",commit=\"%s\",sqlite=\"%s\",openssl=\"%s\"} 1\n",
                                build.version, build.commit, build.sqlite, build.openssl);
}
