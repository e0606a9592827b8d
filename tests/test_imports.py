"""What importing the library costs, and what of it works where there is no PyTorch."""

import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parent.parent / "book"
LIBRARY = [
    ".".join(path.relative_to(BOOK).with_suffix("").parts)
    for path in sorted((BOOK / "datawall").rglob("*.py"))
    if path.name != "__init__.py"
]
STATISTICAL = [
    "datawall.worlds.rare",
    "datawall.generators.closed_forms",
    "datawall.generators.measures",
    "datawall.collapse.expectations",
    "datawall.collapse.remedy_expectations",
    "datawall.collapse.loop",
    "datawall.collapse.policies",
    "datawall.laws.scaling",
    "datawall.laws.stock",
    "datawall.evidence.replicate",
    "datawall.evidence.study",
    "datawall.text.quality",
    "datawall.page.plots",
    "datawall.page.results",
    "datawall.page.exercises",
]


LACK = """
import sys

class Lacks:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in {left_out!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacks)
"""


def imported_by(modules, left_out=()):
    """The modules that are loaded once `modules` are, in a fresh Python that lacks some."""
    lack = LACK.format(left_out=left_out)
    command = f"{lack}\nimport {', '.join(modules)}\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", command], cwd=BOOK, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_statistical_parts_need_no_torch():
    imported_by(STATISTICAL, left_out=["torch"])


@pytest.mark.parametrize(
    "slow", ["altair", "matplotlib.pyplot", "imblearn", "transformers", "opacus"]
)
def test_what_is_slow_to_import_waits_until_it_is_needed(slow, loaded):
    assert slow not in loaded


@pytest.fixture(scope="module")
def loaded():
    return imported_by(LIBRARY)


def test_workers_of_an_experiment_load_no_page(loaded):
    assert "datawall.page.plots" in loaded
    assert "datawall.page.plots" not in imported_by(["datawall.lm.train"])
