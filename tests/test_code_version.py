"""The version of a study's code: what it does counts, however it is written, and nothing else."""

import pytest

from datawall.evidence import study

# A program that imports in each way that a program can, and the modules that it imports.
PROGRAM = """
from datawall import first
from datawall.evidence import study
from datawall.page import shown

def f(seed):
    import datawall.second as other
    return {"x": 1.0}

STUDY = study.Study(grid={"seed": (0,)}, function=f, results=("x",), tolerance=1e-6)
"""
MODULES = {
    "__init__": "",
    "first": "from datawall.inner import third\nfrom datawall.inner.fifth import FIVE\nA = 1\n",
    "second": "def g():\n    from .inner import fourth\n    return fourth.A\nA = 1\n",
    "inner/__init__": "A = 1\n",
    "inner/third": "A = 1\n",
    "inner/fourth": "from datawall import first\nfrom . import sixth\nA = 1\n",
    "inner/fifth": "FIVE = 5\nA = 1\n",
    "inner/sixth": "A = 1\n",
    "inner/apart": "A = 1\n",
    "page/__init__": "",
    "page/shown": "from datawall.inner import apart\nA = 1\n",
    "evidence/__init__": "",
    "evidence/study": "A = 1\n",
    "evidence/replicate": "A = 1\n",
}
IMPORTED = [name for name in MODULES if "A = 1" in MODULES[name] and "apart" not in name][:7]


@pytest.fixture
def version(tmp_path, monkeypatch):
    """A function that gives the version of a program beside a package of these modules."""
    root = tmp_path / "datawall"
    monkeypatch.setattr(study, "PACKAGE", root)

    def of(program=PROGRAM, **changed):
        for name, text in (MODULES | changed).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / f"{name}.py").write_text(text)
        given = study.Study({"seed": (0,)}, dict, ("x",), tolerance=1e-6)
        return study.code_version(study.replace(given, program=study.Program("tiny", program)))

    return of


@pytest.mark.parametrize("module", IMPORTED)
def test_a_changed_constant_of_what_is_imported_changes_the_version(version, module):
    before = version()
    assert version(**{module: MODULES[module].replace("A = 1", "A = 2")}) != before
    assert version() == before


@pytest.mark.parametrize(
    "module",
    ["inner/apart", "page/__init__", "page/shown", "evidence/study", "evidence/replicate"],
)
def test_what_is_not_imported_and_what_makes_no_numbers_changes_no_version(version, module):
    assert version(**{module: "A = 2\n"}) == version()


def test_a_comment_a_docstring_and_formatting_change_no_version(version):
    before = version()
    head = 'def f(\n    seed,\n):  # a comment\n    """What it does."""\n'
    tidied = PROGRAM.replace("def f(seed):\n", head).replace('"x"', "'x'")
    assert version('"""A study."""\n# It is small.\n' + tidied) == before
    documented = '"""A module."""\n' + MODULES["second"].replace("g():", 'g():\n    "It is g."')
    assert version(second=documented.replace("fourth.A", "(fourth . A)")) == before
    of_a_class = MODULES["first"] + "class C:\n    {}\n    a = 1\n"
    with_docstring = version(first=of_a_class.format('"""Of a kind."""'))
    assert with_docstring == version(first=of_a_class.format("# Of a kind."))
    assert with_docstring != before


@pytest.mark.parametrize(
    "old, new",
    [
        ("1.0", "1.5"),
        ("1.0", "1"),
        ("1.0", "True"),
        ("1.0", "-1.0"),
        ("1.0", "None"),
        ("1.0", '"1.0"'),
        ("(0,)", "(0, 1)"),
        ("return", "yield"),
        ("    return", "    seed\n    return"),
        ("    return", "    import math\n    'no docstring: it comes second'\n    return"),
        ("f(seed)", "f(seed=0)"),
        ("f(seed)", "f(*seed)"),
    ],
)
def test_whatever_the_program_does_otherwise_changes_the_version(version, old, new):
    assert old in PROGRAM
    assert version(PROGRAM.replace(old, new)) != version()


def test_a_version_is_the_same_on_every_python(version):
    """The hash is of a text of our own, so that no newer way to show a syntax tree changes it."""
    assert version() == "132d081f2c60"
    tree = study.ast.parse("def f(x=None): return -x\nclass C(f): pass\n")
    assert study._meaning(tree) == (
        "Module(body=[FunctionDef(name='f',args=arguments(args=[arg(arg='x')],defaults=["
        "Constant(value=None)]),body=[Return(value=UnaryOp(op=USub(),operand=Name(id='x',"
        "ctx=Load())))]),ClassDef(name='C',bases=[Name(id='f',ctx=Load())],body=[Pass()])])"
    )


def test_the_books_studies_depend_on_what_they_import_at_any_depth(monkeypatch):
    given, _ = study.load("recursion")
    found, path_of = set(), study._module_path

    def kept(name):
        if path_of(name) is not None:
            found.add(name)
        return path_of(name)

    monkeypatch.setattr(study, "_module_path", kept)
    assert len(study.code_version(given)) == 12
    deep = "lm.model lm.threads text.corpus collapse.loop generators.protocol evidence.seeds rows"
    assert {f"datawall.{name}" for name in deep.split()} <= found
