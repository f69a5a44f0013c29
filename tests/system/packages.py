"""The Debian packages of a build, and the same ones with a later version."""
import os
import pathlib
import re
import subprocess

TREE = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["tongban-common", "tongban-daemon", "tongban", "tongban-verify"]


def build_directory():
    """TONGBAN_BUILD, or that of the newest daemon."""
    if os.environ.get("TONGBAN_BUILD"):
        return pathlib.Path(os.environ["TONGBAN_BUILD"]).resolve()
    built = [path for path in TREE.glob("build/*/bin/tongband") if (path.parents[1] / "CPackConfig.cmake").exists()]
    assert built, "nothing is built"
    return max(built, key=lambda path: path.stat().st_mtime).parents[1]


def instrumented():
    """A build with sanitizers or coverage is not what is packaged."""
    cache = (build_directory() / "CMakeCache.txt").read_text()
    return bool(re.search(r"^TONGBAN_SANITIZE:\w+=.", cache, re.M)) or "TONGBAN_COVERAGE:BOOL=ON" in cache


def make(directory):
    """{name: file} of the packages, made in `directory`."""
    done = subprocess.run(["cpack", "--config", str(build_directory() / "CPackConfig.cmake"), "-B", str(directory)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {path.name.split("_")[0]: path for path in pathlib.Path(directory).glob("*.deb")}
    assert sorted(found) == sorted(NAMES)
    return found


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", str(package), name], capture_output=True, text=True, check=True).stdout.strip()


def later(package, directory, version):
    """The same package with another version, also where it depends on its like."""
    tree = pathlib.Path(directory) / package.stem
    subprocess.run(["dpkg-deb", "-R", str(package), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text()
    old = re.search(r"^Version: (.*)$", text, re.M).group(1)
    control.write_text(text.replace(f"Version: {old}", f"Version: {version}").replace(f"(= {old})", f"(= {version})"))
    made = pathlib.Path(directory) / package.name.replace(old, version)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(made)], check=True, stdout=subprocess.DEVNULL)
    return made
