"""Files that come out the same whenever they are made: the library's wheel, and zips."""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
NOT_IN_THE_WHEEL = ("*.ipynb", "*.lock", "*.partial", "__pycache__", "_ext", "_static")
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip's calendar


def wheel(root: Path, folder: Path) -> Path:
    """Make the library's wheel in `folder`, without a network and with nothing left in `root`."""
    with tempfile.TemporaryDirectory() as made:
        source, out = Path(made, "source"), Path(made, "wheel")
        ignored = shutil.ignore_patterns(*NOT_IN_THE_WHEEL)
        shutil.copytree(root / "book", source / "book", ignore=ignored)
        for part in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
            shutil.copy(root / part, source)
        command = [sys.executable, "-c", BUILD, out]
        run = subprocess.run(command, cwd=source, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"the library's wheel could not be built: {run.stderr[-1000:]}")
        (path,) = out.glob("*.whl")
        with ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    folder.mkdir(exist_ok=True)
    write_zip(folder / path.name, files)
    return folder / path.name


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    """A zip of `files`, by name, in one order, with one date and one set of permissions."""
    with ZipFile(path, "w") as archive:
        # What describes a wheel stands at its end.
        for name in sorted(files, key=lambda name: (".dist-info/" in name, name)):
            entry = ZipInfo(name, FIRST_DAY)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], ZIP_DEFLATED)


def requirements(root: Path) -> str:
    """What an edition needs, at the releases that the book was made with, and where to open it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {need.split(">")[0].lower() for need in project["dependencies"]} | {"jupyterlab"}
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.split("==")[0].lower() in names]
    return "\n".join(["-c constraints.txt", *pins, ""])
