"""The machines of these tests are confined: nothing done in them reaches the host."""


def test_the_clock_of_the_host_is_out_of_reach(machine):
    # what would set the clock, without setting it: the capability is gone, for commands from outside and for the machine's own services
    read = "grep CapBnd /proc/self/status | cut -f2"
    for sets in (machine.run("sh", "-c", read), machine.run("systemd-run", "--quiet", "--wait", "--pipe", "sh", "-c", read)):
        for capability in (25, 16, 17):  # CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO
            assert not int(sets.strip(), 16) >> capability & 1
