"""Can this computer run the book, how long will chapters take, what is missing? `make room`.

Only Python's own library is needed to ask; with the book's packages a small model is trained for a
moment, and its time is held to that of the computer on which the chapters' times were stored.
"""

import json
import os
import re
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
OLDEST, CORES, GIGABYTES, DISK = (3, 11), 2, 8, 2
STEPS, REFERENCE = 100, 1.0  # of the small model: its steps, and seconds where times were stored
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;]+)", re.M)


def findings(*, python=sys.version_info, cores=None, memory=None, disk=None, installed=None):
    """What was looked at, whether it will do, and what to do if not; a line each."""
    cores = cores or os.cpu_count()
    yield (
        python[:2] >= OLDEST,
        f"Python {python[0]}.{python[1]}",
        f"the book needs Python {OLDEST[0]}.{OLDEST[1]} or newer",
    )
    yield cores >= CORES, f"{cores} cores", "chapters take about twice as long on one core"
    memory = memory_gigabytes() if memory is None else memory
    if memory:
        yield memory >= 0.9 * GIGABYTES, f"{memory:.0f} GB of memory", "chapters may run out of it"
    disk = shutil.disk_usage(ROOT).free / 1e9 if disk is None else disk
    yield disk >= DISK, f"{disk:.0f} GB free on the disk", f"the packages take {DISK} GB"
    lacking, other = packages(installed)
    found = "all packages at the book's releases"
    if lacking:
        found = f"{len(lacking)} packages missing: {', '.join(lacking[:5])}"
    elif other:
        found = f"{len(other)} packages at other releases: {', '.join(other[:5])}"
    yield not lacking and not other, found, "`make book` installs them into .venv"
    browser = next((name for name in BROWSERS if shutil.which(name)), "")
    yield bool(browser), browser or "no Chromium", "only the tests of the site need one"


def memory_gigabytes():
    """The computer's memory, or None where it can't be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, OSError, ValueError):
        return None


def packages(installed=None):
    """Pinned packages that aren't installed, and those that are at another release."""
    if installed is None:
        installed = {d.name.lower().replace("_", "-"): d.version for d in metadata.distributions()}
    lacking, other = [], []
    for name, version in PIN.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")):
        here = installed.get(name.lower().replace("_", "-"))
        if here is None:
            lacking.append(name)
        elif here.partition("+")[0] != version:
            other.append(f"{name} {here}")
    return lacking, other


def seconds_here():
    """How long the small model trains here; None without the packages."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.path.insert(0, str(BOOK))
    try:
        import torch

        torch.set_num_threads(1)
        from datawall.lm.model import Config, Transformer
    except ImportError:
        return None
    model = Transformer(Config(64, 32, layers=1), seed=0)
    rows = torch.randint(64, (32, 65), generator=torch.Generator().manual_seed(0))
    rule = torch.optim.AdamW(model.parameters())
    for step in range(STEPS + 10):
        if step == 10:  # the first ones are slower
            began = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(
            model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()
        )
        rule.zero_grad()
        loss.backward()
        rule.step()
    return time.perf_counter() - began


def stored_times():
    """Seconds that each chapter took where its outputs were stored, by its name."""
    found = {}
    for path in sorted(BOOK.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for out in cell.get("outputs", []):
                if out.get("metadata", {}).get("scrapbook", {}).get("name") == "run_seconds":
                    found[path.stem] = float("".join(next(iter(out["data"].values()))))
    return found


def main():
    ready = True
    for right, found, otherwise in findings():
        needed = right or "only the tests" in otherwise
        ready = ready and needed
        print(f"{'ok ' if right else '-  '} {found}{'' if right else f': {otherwise}'}")
    here = seconds_here()
    if here is None:
        print("\nWithout PyTorch no time can be told: run `make book`, then this again.")
    else:
        slower = here / REFERENCE
        print(
            f"\nOne core works at {1 / slower:.0%} of the speed of the computer used for the book."
        )
        print("Seconds for each chapter here, about:")
        for name, seconds in stored_times().items():
            print(f"  {name:30} {seconds * slower:5.0f}")
    print("\nThis computer can run the book." if ready else "\nSomething is missing, see above.")
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
