"""Do the pins resolve, as wheels, on every system and Python that the book names? `make resolve`.

It asks a package index, so it is no part of the tests that need no network. `--write` makes
constraints.txt anew from requirements.txt, for all systems at once; pins that stand are kept.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = {
    "Linux x86_64": "x86_64-unknown-linux-gnu",
    "Linux aarch64": "aarch64-unknown-linux-gnu",
    "Windows x86_64": "x86_64-pc-windows-msvc",
    "macOS 14 arm64": "aarch64-apple-darwin",
}
PYTHONS = ("3.11.2", "3.11.5", "3.12", "3.13", "3.14")  # the first is Debian 12's own
HEAD = """\
# What requirements.txt brings along, each at one release, so that every machine installs the same:
# one list for Python 3.11 to 3.14 on every system, made by `make resolve PINS=--write`.
"""


def compile_pins(*options):
    """Run uv's resolver; returns its exit status and its complaint."""
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
    command = [sys.executable, "-m", "uv", "pip", "compile", "--no-annotate", "--no-header"]
    command += ["--no-emit-index-url", "--quiet", *options]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return run.returncode, run.stderr.strip()


def complaint(system, python):
    """Why the pins don't resolve there, as wheels only; empty if they do."""
    place = ["--python-platform", SYSTEMS[system], "--python-version", python]
    status, said = compile_pins("requirements.txt", "--only-binary", ":all:", *place)
    return f"{system}, Python {python}: {said}" if status else ""


def table():
    """Print which system and Python resolve; returns how many don't."""
    faults = []
    print(" " * 16 + "".join(f"{python:>8}" for python in PYTHONS))
    for system in SYSTEMS:
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(partial(complaint, system), PYTHONS))
        print(f"{system:<16}" + "".join(f"{'no' if x else 'yes':>8}" for x in found), flush=True)
        faults += [x for x in found if x]
    print("\n".join(faults), file=sys.stderr)
    return len(faults)


def write():
    """Make constraints.txt anew: new pins only where a pin that stood no longer resolves."""
    path = ROOT / "constraints.txt"
    asked = re.sub("^-c .*", "", (ROOT / "requirements.txt").read_text("utf-8"), flags=re.M)
    with tempfile.TemporaryDirectory() as folder:
        source, pins = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        source.write_text(asked, encoding="utf-8")
        pins.write_text(path.read_text("utf-8"), encoding="utf-8")  # uv prefers what stands there
        options = ["--universal", "--python-version", "3.11", "--output-file", str(pins)]
        status, said = compile_pins(str(source), *options)
        if status:
            raise SystemExit(said)
        made = pins.read_text(encoding="utf-8")
    direct = {line.split("==")[0].lower() for line in asked.splitlines() if "==" in line}
    kept = [x for x in made.splitlines() if x.split("==")[0].lower() not in direct]
    path.write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(kept)} pins")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="make constraints.txt anew first")
    if parser.parse_args().write:
        write()
    sys.exit(1 if table() else 0)


if __name__ == "__main__":
    main()
