"""Where installed packages keep the data that they carry (chapter: licensed-data)."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def folder(package: str) -> Path:
    """The folder of an installed package, which isn't imported.

    Raises ModuleNotFoundError, with what to do, where it is missing.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the data come with the package {package!r}, which isn't installed: run `pip install "
            "-r requirements.txt`"
        )
    return Path(spec.submodule_search_locations[0])
