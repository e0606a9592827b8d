"""The reader's working copy of the student edition: see `make lab` and `make reset`."""

import shutil
import sys
from datetime import datetime
from filecmp import cmp
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EDITION, WORK = ROOT / "_build" / "html" / "editions" / "student", ROOT / "work"


def restore(edition: Path, work: Path, now: datetime) -> list[Path]:
    """Make `work` what `edition` is; returns where files that differed are kept.

    They are moved to a folder of their own, named by the time. What the edition doesn't have, the
    reader's own notebooks for example, stays where it is.
    """
    kept = []
    for path in sorted(path for path in edition.rglob("*") if path.is_file()):
        name = path.relative_to(edition)
        mine = work / name
        if mine.exists() and not cmp(mine, path, shallow=False):
            aside = work / f"kept-{now:%Y-%m-%d-%H%M%S}" / name
            aside.parent.mkdir(parents=True, exist_ok=True)
            kept.append(mine.rename(aside))
        mine.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, mine)
    return kept


def main(edition: Path = EDITION, work: Path = WORK) -> None:
    if not edition.is_dir():
        raise SystemExit("There is no student edition yet: `make book` makes it.")
    kept = restore(edition, work, datetime.now())
    if kept:
        print("What you had changed or run is kept:")
    for path in kept:
        print(f"  {path.relative_to(work.parent)}")
    print(f"The chapters are in {work.relative_to(work.parent)}/ as the book has them.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
