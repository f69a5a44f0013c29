"""What was lost with a disk comes back: the commands of docs/how-to/disk-trouble.md and backup-and-restore.md, typed as they stand there.

The tests share the pair; each makes a backup of its own and leaves both offices open.
"""
import json
import re
import shutil
import time

from office import AWAY, HOME, ROOT
from pair import Load, Server, until

BACKUPS, TROUBLE = ROOT / "docs/how-to/backup-and-restore.md", ROOT / "docs/how-to/disk-trouble.md"
RESTORED, NEW_MACHINE = "From the backup to an open office", "A new machine in the place of the lost one"
PLACE, STORE = "/srv/backup/tongban", "/var/lib/tongban"


def blocks(page, heading):
    """The blocks of commands below a heading, without those of what is below that."""
    part = re.split(r"\n##+ ", page.read_text().split(f"\n## {heading}\n", 1)[1])[0]
    return re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S)


def typed(server, commands, code=0):
    """What the commands of a page say."""
    done = server.type(commands)
    assert done.returncode == code, (commands, done.returncode, done.stdout, server.journal("-n", "30"))
    return done.stdout


def back_up(pair):
    """As the page says; the first time the backups of each night are set up, too."""
    if not pair.away.path(PLACE).exists():
        typed(pair.away, *blocks(BACKUPS, "Each night"))
        pair.away.active()
    said = typed(pair.away, *blocks(BACKUPS, "Now"))
    assert PLACE + "/320623-" in said, said


def work(pair, whole=False):
    """Cases of which the counterpart has everything: their numbers."""
    with Load(pair.away) as load:
        pass
    assert not load.lost(), load.lost()
    numbers = load.cases() + ([pair.application()] if whole else [])
    pair.both_have(numbers, 90)
    return numbers


def both_sides(pair, numbers):
    """The timelines of both offices, which must be the same."""
    sides = [{}, {}]

    def same():
        sides[:] = pair.away.timelines(numbers, "0007"), pair.home.timelines(numbers, "0101")
        return sides[0] == sides[1]
    until(same, lambda: [[side.get(number) for side in sides] for number in numbers if sides[0].get(number) != sides[1].get(number)])
    assert all(isinstance(rows, list) and rows for rows in sides[0].values())
    return sides[0]


def findings(server):
    """{what is wrong: how much} of tongbanctl status; None while nobody answers."""
    done = server.try_run("tongbanctl", "--json", "status")
    return {row["finding"]: row["level"] for row in json.loads(done.stdout)["findings"]} if done.stdout else None


def closed(server):
    return {"ledger-closed", "ledger-behind"} & set(findings(server) or ())


def restore(pair, credential=False):
    """Types the page from the stop to the open office, looking at what each block says; (seconds, what was said)."""
    commands, by_systemd, shows, asks, takes = blocks(TROUBLE, RESTORED)
    if credential:
        plain = re.search(r"^tongband --restore .*\n", commands, re.M).group()
        commands = commands.replace(plain, by_systemd)
    started = time.monotonic()
    assert "restored: " + PLACE in typed(pair.away, commands)
    until(lambda: "ledger-behind" in (findings(pair.away) or ()), lambda: pair.away.journal("-n", "30"))
    assert "ledger-behind" in typed(pair.away, shows, 1)
    assert pair.away.intake() == [503, "ledger-behind"]
    said = typed(pair.away, asks, 1)
    assert "Take it back with: tongbanctl recover --apply" in said and f"{HOME}  answered" in said, said
    assert pair.away.intake() == [503, "ledger-behind"]
    apply, verify = takes.splitlines()
    taken = typed(pair.away, apply)
    assert "Taken back: " in taken and "Staff suspended" in taken, taken
    until(lambda: "nothing differs" in pair.away.type(verify).stdout, lambda: pair.away.type(verify).stdout)  # materials are on their way
    return time.monotonic() - started, taken


def sound(pair):
    """Nothing is wrong at either side, nobody has seen a second history, and all that the store is made of is the daemon's."""
    def calm():
        levels = [findings(server) for server in pair.servers.values()]
        return all(found is not None and "error" not in found.values() for found in levels)
    until(calm, lambda: [server.run("tongbanctl", "status") for server in pair.servers.values()], 90)
    assert "ledger-fork" not in pair.home.journal() + pair.away.journal()
    assert "tallies_differ" not in pair.home.journal() + pair.away.journal()
    assert pair.away.run("find", STORE, "!", "-user", "tongban", "!", "-path", "*/before-*") == ""
    assert pair.away.intake()[0] == 201


def test_restore_as_the_page_says(pair, figure):
    back_up(pair)
    before = work(pair)
    back_up(pair)
    after = work(pair, whole=True)
    kept = both_sides(pair, before + after)
    took, said = restore(pair)
    figure("stop, restore, start, recover, verify: to the open office", took)
    figure("cases that the backup had, and later ones that came back", f"{len(before)}, {len(after)}", "")
    assert re.search("Lost: [1-9]", said)  # looks at cases, which nobody else has seen
    assert both_sides(pair, before + after) == kept
    assert not set(work(pair)) & set(kept)
    sound(pair)
    back_up(pair)  # the store of before, which only root may read, is in no backup's way
    assert "nothing differs" in typed(pair.away, "tongbanctl verify")


def test_backups_disk_away(pair):
    back_up(pair)
    pair.away.run("systemctl", "stop", "tongband")
    pair.away.run("mv", PLACE, PLACE + ".away")
    try:
        pair.away.run("systemctl", "start", "tongband")
        assert pair.away.intake()[0] == 201
        assert "No such file" in typed(pair.away, "tongbanctl backup", 3)
        until(lambda: (findings(pair.away) or {}).get("backup-failed") == "warning", pair.away.journal, 90)
    finally:
        pair.away.run("mv", PLACE + ".away", PLACE)
        pair.away.run("systemctl", "restart", "tongband")
    back_up(pair)


def put_back(machine, old, new):
    """The old content in the place of the new, in the same files, as a snapshot of the whole disk has it."""
    old, new = machine.path(old), machine.path(new)
    for path in sorted(new.rglob("*"), reverse=True):
        if path.is_file() and not (old / path.relative_to(new)).exists():
            path.unlink()
    for path in old.rglob("*"):
        place = new / path.relative_to(old)
        if path.is_file() and place.exists():
            with open(place, "r+b") as file:
                file.truncate(0)
                file.write(path.read_bytes())


def test_machine_snapshot_does_not_fork(pair, figure):
    """The whole disk as it was: no file says that the ledger is an older one.  The counterpart does; what was written first is not believed."""
    back_up(pair)
    before = work(pair)
    pair.away.cut()
    shutil.copytree(pair.away.path(STORE), pair.away.path("/var/lib/snapshot"), copy_function=shutil.copy2)
    pair.away.boot()
    pair.away.active()
    after = work(pair)
    kept = both_sides(pair, before + after)
    pair.away.cut()
    put_back(pair.away, "/var/lib/snapshot", STORE)
    shutil.rmtree(pair.away.path("/var/lib/snapshot"))
    pair.away.boot()
    started = time.monotonic()
    pair.away.active()
    answers = []

    def refuses():
        answers.append(pair.away.intake())
        return answers[-1] == [503, "ledger-behind"]
    until(refuses, pair.away.journal)
    assert closed(pair.away)
    figure("machine of before is up: until nothing is recorded any more", time.monotonic() - started)
    said = pair.away.type("tongbanctl recover --apply")
    assert said.returncode == 1 and "restore the copy again" in said.stdout, said.stdout
    taken = [number for code, number in answers if code == 201 and number not in kept]
    assert pair.home.has(taken, "0101") == 0, "a second history was believed"
    took, _ = restore(pair)
    figure("then by the page from the backup to the open office", took)
    assert both_sides(pair, before + after) == kept
    assert not set(work(pair)) & set(kept)
    sound(pair)


def test_new_machine_as_the_page_says(pair, figure):
    """The machine is gone.  What is left: the medium of the safe, a copy of the backups, and the packages; the ledger's key is a credential."""
    config = pair.away.path("/etc/tongban/tongban.yaml")
    config.write_text(config.read_text().replace("ledger: {key: ledger.key}", "ledger: {key: credential:office_ledger.key}"))
    pair.away.run("sh", "-ec", "mv /etc/tongban/ledger.key /etc/tongban/credentials/; chown root:root /etc/tongban/credentials/ledger.key; "
                  "systemctl restart tongband")
    pair.away.active()
    back_up(pair)
    before = work(pair)
    back_up(pair)
    after = work(pair, whole=True)
    kept = both_sides(pair, before + after)
    typed(pair.away, *blocks(BACKUPS, "For the safe"))
    typed(pair.away, f"cp -r {PLACE} /media/usb/backups")
    lost, user = pair.away, pair.away.run("id", "-u", "tongban")
    medium = lost.root.with_suffix(".usb")
    lost.halt()
    shutil.copytree(lost.path("/media/usb"), medium, symlinks=True)
    lost.remove()
    pair.away = pair.servers[AWAY] = Server(AWAY, pair.cable.names[1])
    try:
        pair.away.boot()
        started = time.monotonic()
        pair.away.run("useradd", "--system", "somebody")  # another machine, other numbers
        pair.away.install(pair.debs[0])
        assert pair.away.run("id", "-u", "tongban") != user
        shutil.copytree(medium, pair.away.path("/media/usb"), symlinks=True)
        typed(pair.away, *blocks(TROUBLE, NEW_MACHINE))
        took, _ = restore(pair, credential=True)
    finally:
        shutil.rmtree(medium)
    figure("bare machine to the open office, packages with it", time.monotonic() - started)
    figure("of it from the backup to the open office", took)
    assert both_sides(pair, before + after) == kept
    assert pair.away.show("UnitFileState") == "enabled"
    sound(pair)
    back_up(pair)
