"""The wheel carries the library with its data, and works in a folder that holds nothing else."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import datawall

ROOT = Path(__file__).resolve().parent.parent
USE = """
from pathlib import Path
import datawall
from datawall.evidence import study
from datawall.page import exercises, ledger
assert Path(datawall.__file__).is_relative_to(Path("installed").resolve()), datawall.__file__
assert datawall.BOOK == Path(datawall.__file__).parent / "book"
print(len(ledger.claims()), exercises.check("scaling-laws/1", None), *study.table("teachers").sizes)
"""


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--quiet", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the wheel installed into `installed`, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):  # a copy, since a build leaves files behind
        target = folder / "source" / name
        if (ROOT / name).is_file() and Path(name).suffix != ".ipynb":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    pip("wheel", *offline, "--wheel-dir", folder / "wheels", folder / "source")
    (wheel,) = (folder / "wheels").glob("datawall-*.whl")
    empty = folder / "empty"
    empty.mkdir()
    pip("install", "--no-deps", "--no-index", "--target", empty / "installed", wheel)
    return empty


def test_the_wheel_works_in_an_empty_folder(installed):
    run = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=installed,
        env=os.environ | {"PYTHONPATH": "installed"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    claims, *said = run.stdout.split()
    assert int(claims) > 0 and said[:2] == ["Not", "yet:"] and "seed" in said


def test_in_the_repository_the_data_are_the_books_own():
    assert ROOT / "book" == datawall.BOOK


def test_the_package_and_the_citation_name_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]


def test_what_the_package_needs_is_among_what_the_book_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = (ROOT / "requirements.txt").read_text().lower()
    for name in project["dependencies"]:
        assert f"\n{name.split('>')[0].lower()}==" in pinned, name
