#!/usr/bin/env python3
"""Makes the catalogue files of the two counties from items.tsv and rules.yaml, with `tongban catalogue import`.

    python3 config/catalogue/make_catalogue.py [--tongban PROGRAM]            writes config/catalogue/<office>/<prefix>.yaml
    python3 config/catalogue/make_catalogue.py [--tongban PROGRAM] --check    fails when a file differs from what would be written

Without --tongban the program of the build that $TONGBAN_BUILD names is used, else that of the newest build.  `approximate` names the
elements whose value is a sample or taken from the practice elsewhere (evidence A or R): a person has to check them before use.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OFFICES = ("330483", "320623")


def program():
    root = HERE.parents[1] / "build"
    builds = [pathlib.Path(os.environ["TONGBAN_BUILD"])] if os.environ.get("TONGBAN_BUILD") else root.glob("*")
    found = [path for path in (build / "client" / "tongban" for build in builds) if path.exists()]
    if not found:
        sys.exit("no tongban is built; build it, or name it with --tongban")
    return max(found, key=lambda path: path.stat().st_mtime)


def make(tongban, office, directory):
    command = [tongban, "catalogue", "import", HERE / "items.tsv", "--office", office, "--rules", HERE / "rules.yaml", "--out", directory,
               "--force"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""})


def differing(made, kept):
    """Names of files that are not the same in both directories; the joint items are written by hand."""
    names = ({path.name for path in made.glob("*.yaml")} | {path.name for path in kept.glob("*.yaml")}) - {"joint.yaml"}
    return sorted(name for name in names if not (made / name).exists() or not (kept / name).exists()
                  or (made / name).read_bytes() != (kept / name).read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tongban")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    tongban = options.tongban or program()
    stale = 0
    for office in OFFICES:
        if not options.check:
            make(tongban, office, HERE / office)
            continue
        with tempfile.TemporaryDirectory() as directory:
            make(tongban, office, directory)
            for name in differing(pathlib.Path(directory), HERE / office):
                print(f"{office}/{name} differs from items.tsv and rules.yaml: run make_catalogue.py", file=sys.stderr)
                stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
