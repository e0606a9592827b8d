"""An assignment of a chapter's exercises: a student's folder without an answer in it, and its key.

    make assign CHAPTER=repeated-epochs            the book's own numbers
    make assign CHAPTER=repeated-epochs SEED=7     other numbers where an exercise has them

`assignments/NAME/` is for students: a notebook that keeps answers and doesn't judge them, and the
library without the exercises' answers. `assignments/NAME-key.json` is for `make grade`.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import nbformat

HERE = Path(__file__).resolve()
ROOT = HERE.parents[3]
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]

import answering  # noqa: E402
from editions import packing  # noqa: E402
from teaching import lesson, variants  # noqa: E402

FULL = ROOT / "_build" / "html" / "editions" / "full"
SECRETS = ("exercises.toml", "variants.toml")  # what the student's library must not hold
INTRODUCTION = """# {title}: an assignment

Put your name and your answers in the place of the three dots, and run every cell from top to
bottom. A cell tells whether it has kept an answer, not whether that is right. Save the notebook and
hand it in."""
KEEPING = """# Keeps your answers for whoever grades this notebook.
def answer(exercise, value):
    print("not answered yet" if value is ... else "kept")"""


def made(name, *, seed, full=FULL, source=None):
    """The assignment's notebook, and its key: what each exercise asks, as exercises.toml has it."""
    source = source or ROOT / "book" / f"{name}.ipynb"
    edition = nbformat.read(full / f"{name}.ipynb", as_version=4)
    chapter = lesson.read(name, edition, nbformat.read(source, as_version=4))
    key, cells = (
        {},
        [
            _markdown("introduction", INTRODUCTION.format(title=chapter.title)),
            _code("name", "name = ...  # your name, in quotation marks"),
            *(cell for cell in edition.cells if cell.id == "library"),
            _code("imports", imports(edition)),
            _code("keeping", KEEPING),
        ],
    )
    stubs = {
        found[1]: cell.source
        for cell in edition.cells
        if "stub" in cell.metadata.get("tags", []) and (found := answering.STUB.search(cell.source))
    }
    for exercise in chapter.exercises:
        full_name = f"{name}/{exercise.number}"
        asked, text = answering.asked_for()[full_name], exercise.prompt
        if seed is not None and full_name in variants.variants():
            values = variants.drawn(full_name, seed=seed)
            asked, text = variants.asked(full_name, values), variants.prompt(full_name, values)
        key[full_name] = asked
        head = f"## Exercise {exercise.number}: {exercise.title}"
        cells.append(_markdown(f"asks-{exercise.number}", f"{head}\n\n{text}"))
        stub = stubs[full_name].replace('check("', 'answer("')
        cells.append(_code(f"answer-{exercise.number}", stub))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=dict(edition.metadata))
    notebook.metadata["datawall"] = {"assignment": name, "seed": seed}
    return notebook, key


def imports(edition):
    """What the chapter imports, which students may use."""
    lines = []
    for cell in edition.cells:
        if cell.cell_type == "code" and cell.id != "library" and "\nimport " in f"\n{cell.source}":
            lines = [
                line
                for line in cell.source.splitlines()
                if line.startswith(("import ", "from ", "    ", ")")) and "exercises" not in line
            ]
            break
    return "\n".join(lines)


def write(name, target, *, seed):
    """Put the student's folder and the key into `target`; returns both paths."""
    notebook, key = made(name, seed=seed)
    folder = target / name
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    shutil.copy(ROOT / "constraints.txt", folder)
    (folder / "requirements.txt").write_text(packing.requirements(ROOT), encoding="utf-8")
    with tempfile.TemporaryDirectory() as made_in:
        wheel = packing.wheel(ROOT, Path(made_in))
        with ZipFile(wheel) as archive:
            files = {n: archive.read(n) for n in archive.namelist() if not _secret(n)}
        for n in files:
            if n.endswith("RECORD"):
                kept = (
                    line
                    for line in files[n].decode().splitlines()
                    if not _secret(line.split(",")[0])
                )
                files[n] = ("\n".join(kept) + "\n").encode()
        packing.write_zip(folder / wheel.name, files)
    path = target / f"{name}-key.json"
    text = json.dumps({"assignment": name, "seed": seed, "exercises": key}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return folder, path


def _secret(name):
    return name.endswith(SECRETS)


def _markdown(name, text):
    return nbformat.v4.new_markdown_cell(text, id=name)


def _code(name, text):
    return nbformat.v4.new_code_cell(text, id=name)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", help="as in repeated-epochs")
    parser.add_argument("--seed", type=int, help="draw other numbers where an exercise has them")
    parser.add_argument("--to", type=Path, default=ROOT / "assignments", help="folder to write to")
    given = parser.parse_args(arguments)
    if not (FULL / f"{given.chapter}.ipynb").exists():
        known = sorted(path.stem for path in FULL.glob("*.ipynb"))
        if not known:
            raise SystemExit("There are no editions yet: `make book` makes them.")
        raise SystemExit(f"There is no chapter {given.chapter!r}; there are: {', '.join(known)}")
    folder, key = write(given.chapter, given.to, seed=given.seed)
    print(f"For students: {folder}\nFor you, to grade by: {key}")


if __name__ == "__main__":
    main()
