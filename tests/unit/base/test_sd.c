/* What the service manager hears, and that silence without one is harmless. */
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
    sd_tell_stopping();
    assert_non_null(strstr(heard(), "STOPPING=1"));
    (void)unlink(name.sun_path);
    sd_tell_ready("nobody listens any more");
    (void)unsetenv("NOTIFY_SOCKET");
    sd_tell_ready("no manager at all");
    assert_string_equal(heard(), "");
    close(manager);
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
        cmocka_unit_test(the_real_world_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
