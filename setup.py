"""The data of the book lie beside the library; this puts them into its wheel."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = (
    "ledger.toml",
    "exercises.toml",
    "references.bib",
    "studies/*.*",
    "published/*.*",
    "stored/*/*.*",
)


class BuildWithData(build_py):
    """Copies the data to `datawall/book`, where `datawall.BOOK` looks first."""

    def run(self):
        super().run()
        if self.editable_mode:
            return  # then `datawall.BOOK` is the folder `book` itself
        for path in (path for pattern in DATA for path in Path("book").glob(pattern)):
            if path.suffix in (".toml", ".bib", ".py", ".csv", ".md", ".gz"):
                target = Path(self.build_lib, "datawall", path)
                self.mkpath(str(target.parent))
                self.copy_file(str(path), str(target))


setup(cmdclass={"build_py": BuildWithData})
