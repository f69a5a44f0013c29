/* process: what the operating system says about this process, under the names that Prometheus has for it, and what was built.
 *
 * Read from /proc/self, which works with ProcSubset=pid, too; a figure that cannot be read is not shown. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>

#include "proto/buf.h"

/* P(CONSTANT, kind, how many of what is kept make the unit that is shown, "name", "help"). */
#define PROCESS_TABLE(P)                                                                                               \
    P(CPU, counter, 1000, "process_cpu_seconds_total", "processor time of all threads")                                \
    P(START, gauge, 1000, "process_start_time_seconds", "start of the process, seconds since 1970")                    \
    P(RESIDENT, gauge, 1, "process_resident_memory_bytes", "memory in RAM")                                            \
    P(VIRTUAL, gauge, 1, "process_virtual_memory_bytes", "address space")                                              \
    P(THREADS, gauge, 1, "process_threads", "threads")                                                                 \
    P(OPEN_FDS, gauge, 1, "process_open_fds", "open file descriptors")                                                 \
    P(MAX_FDS, gauge, 1, "process_max_fds", "file descriptors that the process may open")

enum process_figure {
#define P(constant, kind, scale, name, help) PROCESS_##constant,
    PROCESS_TABLE(P)
#undef P
    PROCESS_FIGURES
};
struct process_figures {
    int64_t value[PROCESS_FIGURES]; /* −1: cannot be read */
};

/* Reads files of /proc: not on the loop. */
void process_read(struct process_figures *out);
/* What build_info shows; each borrowed for the process's life, "" where unknown. */
void process_set_build(const char *version, const char *commit, const char *sqlite, const char *openssl);
/* Appends the figures (NULL: none) and tongban_build_info in the Prometheus text format 0.0.4. */
int process_print(const struct process_figures *figures, struct buf *out) TB_MUST_USE;

#endif
