/* What the service manager hears, and that silence without one is harmless. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/sd.h"
#include "daemon/base/world.h"

static int manager = -1;

static const char *heard(void)
{
    static char text[512];
    ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void tells_the_manager(void **state)
{
    (void)state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    (void)snprintf(name.sun_path, sizeof name.sun_path, "/tmp/tongban-sd-%ld", (long)getpid());
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(manager >= 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name.sun_path, 1), 0);
    sd_tell_ready("serving");
    assert_string_equal(heard(), "READY=1\nSTATUS=serving");
    sd_tell_status("%d peers", 1);
    assert_string_equal(heard(), "STATUS=1 peers");
    sd_tell_reloading();
    assert_non_null(strstr(heard(), "RELOADING=1\nMONOTONIC_USEC="));
    sd_tell_alive();
    assert_string_equal(heard(), "WATCHDOG=1");
    sd_tell_patience(20000);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=20000000");
    sd_tell_stopping();
    assert_non_null(strstr(heard(), "STOPPING=1"));
    (void)unlink(name.sun_path);
    sd_tell_ready("nobody listens any more");
    (void)unsetenv("NOTIFY_SOCKET");
    sd_tell_ready("no manager at all");
    assert_string_equal(heard(), "");
    close(manager);
}

/* A socket that listens on a free port of 127.0.0.1, as descriptor `fd`; its port. */
static uint16_t listen_as(int fd, int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int made = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(made >= 0);
    assert_int_equal(bind(made, (struct sockaddr *)&at, sizeof at), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(made, 1), 0);
    assert_int_equal(getsockname(made, (struct sockaddr *)&at, &len), 0);
    if (made != fd) {
        assert_int_equal(dup2(made, fd), fd);
        close(made);
    }
    return ntohs(at.sin_port);
}

static void hand_over(const char *count, const char *names)
{
    char pid[20];
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", count, 1), 0);
    assert_int_equal(setenv("LISTEN_FDNAMES", names, 1), 0);
}

static void takes_the_sockets_of_socket_units(void **state)
{
    (void)state;
    enum { FIRST = 3 };
    struct sd_sockets sockets;
    int fd = 0;
    sd_sockets_take(&sockets); /* nobody hands anything over */
    assert_int_equal(sd_sockets_find(&sockets, "window", "127.0.0.1", 0, &fd), 0);
    assert_int_equal(fd, -1);
    assert_int_equal(sd_sockets_clear(&sockets), 0);

    int kept[3];
    for (int i = 0; i < 3; i++) /* what the test program itself has there */
        kept[i] = fcntl(FIRST + i, F_DUPFD_CLOEXEC, FIRST + 20);
    uint16_t peer = listen_as(FIRST, SOCK_STREAM), window = listen_as(FIRST + 1, SOCK_STREAM), odd = listen_as(FIRST + 2, SOCK_DGRAM);
    hand_over("3", "peer:window:odd");
    sd_sockets_take(&sockets);
    assert_null(getenv("LISTEN_FDS")); /* no child takes them for its own */
    assert_int_equal(fcntl(FIRST, F_GETFD), FD_CLOEXEC);
    assert_int_equal(sd_sockets_find(&sockets, "window", "127.0.0.1", window, &fd), 0);
    assert_int_equal(fd, FIRST + 1);
    assert_int_equal(sd_sockets_find(&sockets, "peer", "127.0.0.1", peer, &fd), 0);
    assert_int_equal(fd, FIRST);
    assert_int_equal(sd_sockets_find(&sockets, "peer", "127.0.0.1", peer, &fd), 0);
    assert_int_equal(fd, -1); /* taken already */
    assert_int_equal(sd_sockets_find(&sockets, "odd", "127.0.0.1", odd, &fd), TB_ECONFLICT);
    assert_int_equal(fd, -1);
    assert_int_equal(sd_sockets_clear(&sockets), 1);
    for (int i = 0; i < 3; i++) {
        close(FIRST + i);
        if (kept[i] >= 0) {
            assert_int_equal(dup2(kept[i], FIRST + i), FIRST + i);
            close(kept[i]);
        }
    }
}

static void knows_the_watchdog(void **state)
{
    (void)state;
    char pid[20];
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(sd_watchdog_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "4000000", 1), 0);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(sd_watchdog_ms(), 4000);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0); /* another process is watched */
    assert_int_equal(sd_watchdog_ms(), 0);
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("WATCHDOG_USEC");
}

static void the_real_world_moves(void **state)
{
    (void)state;
    const struct world *world = world_real();
    int64_t now = world->now_ms(world->context), mono = world->monotonic_ms(world->context);
    assert_true(now > INT64_C(1700000000000));
    (void)usleep(5000);
    assert_true(world->monotonic_ms(world->context) > mono);
    unsigned char a[1000] = {0}, b[1000] = {0};
    world->random(world->context, a, sizeof a);
    world->random(world->context, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 900, b + 900, 100); /* the tail beyond 256 bytes too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_manager),
        cmocka_unit_test(takes_the_sockets_of_socket_units),
        cmocka_unit_test(knows_the_watchdog),
        cmocka_unit_test(the_real_world_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
