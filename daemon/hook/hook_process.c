#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/hook/hook_internal.h"

enum { VARIABLES = 9, VARIABLE_BYTES = 160 };

static void handle_closed(uv_handle_t *handle)
{
    struct hook_process *process = handle->data;
    if (--process->handles == 0)
        process->done(process);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, handle_closed);
}

static void close_all(struct hook_process *process)
{
    close_handle((uv_handle_t *)&process->process);
    close_handle((uv_handle_t *)&process->input);
    close_handle((uv_handle_t *)&process->output);
    close_handle((uv_handle_t *)&process->timer);
}

/* ---- what it says ---- */

static void say_line(struct hook_process *process)
{
    process->line[process->line_len] = '\0';
    if (process->line_len && process->lines++ < LIMIT_HOOK_OUTPUT_LINES)
        LOG(LOG_LEVEL_INFO, LOG_OFFICE, "hook_said", LOG_TEXT("hook", process->name), LOG_TEXT("text", process->line));
    process->line_len = 0;
}

static void give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct hook_process *process = handle->data;
    (void)suggested;
    *out = uv_buf_init(process->chunk, sizeof process->chunk);
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *chunk)
{
    struct hook_process *process = stream->data;
    for (ssize_t i = 0; i < len; i++)
        if (chunk->base[i] == '\n')
            say_line(process);
        else if (process->line_len < HOOK_LINE_BYTES)
            process->line[process->line_len++] = chunk->base[i] ? chunk->base[i] : '?';
    if (len >= 0)
        return;
    say_line(process);
    close_handle((uv_handle_t *)stream);
    if (process->ended)
        close_all(process);
}

/* ---- its end ---- */

static void signal_group(const struct hook_process *process, int number)
{
    if (process->process.pid > 0)
        (void)kill(-process->process.pid, number); /* all of it may be gone */
}

static void on_time(uv_timer_t *timer)
{
    struct hook_process *process = timer->data;
    if (process->ended) { /* something of its own still holds the pipe: it was killed, we wait no longer */
        close_all(process);
        return;
    }
    if (process->killed) {
        signal_group(process, SIGKILL);
        return;
    }
    process->timed_out = true;
    hook_process_stop(process);
}

void hook_process_stop(struct hook_process *process)
{
    if (process->killed || process->ended)
        return;
    process->killed = true;
    signal_group(process, SIGTERM);
    (void)uv_timer_start(&process->timer, on_time, LIMIT_HOOK_KILL_MS, LIMIT_HOOK_KILL_MS);
}

static void on_end(uv_process_t *handle, int64_t status, int number)
{
    struct hook_process *process = handle->data;
    process->ended = true;
    process->status = number ? -1 : status;
    process->signal = number;
    signal_group(process, SIGKILL); /* what it left behind */
    if (uv_is_closing((uv_handle_t *)&process->output))
        close_all(process);
    else
        (void)uv_timer_start(&process->timer, on_time, LIMIT_HOOK_KILL_MS, 0);
}

/* ---- its start ---- */

static void on_written(uv_write_t *request, int rc)
{
    struct hook_process *process = request->data;
    (void)rc; /* a program need not read what it is told */
    close_handle((uv_handle_t *)&process->input);
}

static void begin_streams(struct hook_process *process, const struct office_feed *feed)
{
    uv_buf_t event = uv_buf_init(feed->line.data, (unsigned)feed->line.len);
    process->write.data = process;
    if (uv_write(&process->write, (uv_stream_t *)&process->input, &event, 1, on_written) != 0)
        close_handle((uv_handle_t *)&process->input);
    if (uv_read_start((uv_stream_t *)&process->output, give_chunk, on_output) != 0)
        close_handle((uv_handle_t *)&process->output);
    (void)uv_timer_start(&process->timer, on_time, (uint64_t)process->timeout_s * 1000, 0);
}

static int spawn(struct hook_process *process, uv_loop_t *loop, const struct office_feed *feed, unsigned attempt)
{
    char text[VARIABLES - 1][VARIABLE_BYTES], *variables[VARIABLES] = {NULL};
    char *arguments[] = {(char *)(uintptr_t)process->path, NULL};
    const char *const names[] = {"PATH", "LANG", "TONGBAN_OFFICE", "TONGBAN_HOOK", "TONGBAN_EVENT", "TONGBAN_TYPE", "TONGBAN_CASE"};
    const char *const values[] = {"/usr/local/bin:/usr/bin:/bin", "C.UTF-8", process->office, process->name, feed->id, feed->type,
                                  feed->case_no};
    size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count; i++)
        (void)snprintf(text[i], sizeof text[i], "%s=%.100s", names[i], values[i]);
    (void)snprintf(text[count], sizeof text[count], "TONGBAN_ATTEMPT=%u", attempt);
    for (size_t i = 0; i <= count; i++)
        variables[i] = text[i];
    uv_stdio_container_t stdio[] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&process->input},
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&process->output},
    };
    const uv_process_options_t options = {.exit_cb = on_end,
                                          .file = process->path,
                                          .args = arguments,
                                          .env = variables,
                                          .cwd = process->directory,
                                          .flags = UV_PROCESS_DETACHED,
                                          .stdio_count = sizeof stdio / sizeof stdio[0],
                                          .stdio = stdio};
    /* libcurl opens sockets that a program would inherit: the connection to a counterpart is none of its business */
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "hook_inherits", LOG_TEXT("hook", process->name));
    return uv_spawn(loop, &process->process, &options);
}

void hook_process_start(struct hook_process *process, uv_loop_t *loop, const struct office_feed *feed, unsigned attempt)
{
    memset(&process->process, 0, sizeof process->process);
    process->status = -1;
    process->signal = 0;
    process->timed_out = process->ended = process->killed = false;
    process->line_len = process->lines = 0;
    (void)uv_pipe_init(loop, &process->input, 0); /* these cannot fail for lawful arguments */
    (void)uv_pipe_init(loop, &process->output, 0);
    (void)uv_timer_init(loop, &process->timer);
    int rc = spawn(process, loop, feed, attempt); /* makes process->process a handle even when it fails */
    process->process.data = process->input.data = process->output.data = process->timer.data = process;
    process->handles = 4;
    if (rc) {
        LOG(LOG_LEVEL_ERR, LOG_OFFICE, "hook_not_started", LOG_TEXT("hook", process->name), LOG_TEXT("detail", uv_strerror(rc)));
        process->ended = true;
        close_all(process);
        return;
    }
    begin_streams(process, feed);
}
