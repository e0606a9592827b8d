"""What people meet who lack something: one sentence that says what to do, and no traceback."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import conftest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def make(tmp_path):
    """A function that runs make in a fresh folder, on a machine whose index cannot be reached."""
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("make", "sh", "sed", "expand", "find", "rm", "uname"):
        (tools / name).symlink_to(shutil.which(name))

    def run(*arguments, python):
        """Run make; `python` is the shell script that python3 is."""
        (tools / "python3").write_text(f"#!/bin/sh\n{python}\n")
        (tools / "python3").chmod(0o755)
        environment = {"PATH": str(tools), "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
        environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
        environment |= {"PIP_NO_CACHE_DIR": "1"}
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    return run


def sentence(run):
    """What a failed run of make says, without make's own last line."""
    assert run.returncode != 0
    lines = [line for line in run.stderr.splitlines() if not line.startswith("make: ***")]
    assert "Traceback" not in run.stdout + run.stderr
    assert len(lines) == 1, run.stderr
    return lines[0]


OLD = 'case "$*" in --version) echo Python 3.9.2;; *) exit 1;; esac'
NO_VENV = f'case "$*" in *venv*) exit 1;; *) exec {sys.executable} "$@";; esac'
GOOD = f'exec {sys.executable} "$@"'


def test_an_old_python_is_named_with_the_way_to_choose_another(make):
    said = sentence(make("book", python=OLD))
    assert "needs Python 3.11 or newer, but python3 is Python 3.9.2" in said
    assert "make book PYTHON=" in said


def test_a_newer_python_on_the_path_is_taken_by_itself(make, tmp_path):
    newer = tmp_path / "tools" / "python3.12"
    newer.write_text(f"#!/bin/sh\n{NO_VENV}\n")
    newer.chmod(0o755)
    assert "python3.12 cannot make" in sentence(make("book", python=OLD))


def test_a_python_asked_for_is_not_replaced(make):
    said = sentence(make("book", "PYTHON=python3.99", python=GOOD))
    assert "python3.99 is not installed" in said


def test_a_python_without_venv_is_told_apart(make):
    assert "apt install python3-venv" in sentence(make("book", python=NO_VENV))


@pytest.mark.long
def test_no_index_is_said_and_a_half_made_environment_is_not_taken_for_made(make, tmp_path):
    for _ in range(2):
        said = sentence(make("book", python=GOOD))
        assert "packages could not be installed" in said
        assert "run make again" in said
    assert (tmp_path / ".venv/pip.log").read_text()


MADE = f"""case "$*" in
*venv*) mkdir -p .venv/bin && cp tools/python3 .venv/bin/python;;
*" pip "*) exit 0;;
*) exec {sys.executable} "$@";;
esac"""


@pytest.fixture
def made(make, tmp_path):
    """A .venv that a Python made which only pretends to install."""
    for name in ("mkdir", "cp"):
        (tmp_path / "tools" / name).symlink_to(shutil.which(name))
    assert "once" in make("environment", python=MADE).stdout
    return tmp_path / ".venv"


def test_an_environment_that_is_made_is_left_alone(make, made):
    assert make("environment", python=MADE).stdout == ""


def test_an_environment_whose_python_is_gone_is_made_anew(make, made):
    (made / "bin" / "python").unlink()
    assert "is gone; .venv is made anew" in make("environment", python=MADE).stdout


def test_a_python_asked_for_replaces_another_environment(make, made, tmp_path):
    other = tmp_path / "my pythons" / "python"  # a path with a space
    other.parent.mkdir()
    about = 'case "$*" in *base_prefix*) echo another;; *) exec "$0.real" "$@";; esac'
    other.write_text(f"#!/bin/sh\n{about}\n")
    (other.parent / "python.real").write_text(f"#!/bin/sh\n{MADE}\n")
    for path in (other, other.parent / "python.real"):
        path.chmod(0o755)
    said = make("environment", f"PYTHON={other}", python=MADE).stdout
    assert "is of another Python" in said and "once" in said


@pytest.mark.long
def test_the_size_is_said_before_anything_is_downloaded(make):
    assert " GB on the disk" in make("environment", python=GOOD).stdout
    assert "6 GB" in make("environment", "CPU=0", python=GOOD).stdout or sys.platform != "linux"


def test_the_pins_say_which_system_and_which_python_they_are_for():
    pins = (ROOT / "constraints.txt").read_text()
    for name in ("colorama", "pywinpty", "appnope"):
        assert re.search(rf"^{name}==\S+ ; .*(sys_platform|os_name)", pins, re.M)
    assert len(re.findall(r"^soupsieve==\S+ ; python_full_version", pins, re.M)) == 2


def test_make_alone_lists_every_target(make):
    listed = make(python=GOOD).stdout
    for target in (
        "book",
        "pdf",
        "check",
        "test",
        "lab",
        "assign",
        "grade",
        "rerun",
        "room",
        "bench",
        "resolve",
    ):
        assert f"make {target} " in listed


def test_a_missing_browser_skips_with_a_sentence_and_fails_in_ci(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DATAWALL_CHROMIUM", raising=False)
    assert conftest.find_browser(str(tmp_path / "none")) is None
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
        conftest.without_browser()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        conftest.without_browser()


def test_a_named_browser_is_taken_first(monkeypatch):
    monkeypatch.setenv("DATAWALL_CHROMIUM", sys.executable)
    assert conftest.find_browser("none") == sys.executable
