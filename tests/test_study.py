"""Studies: nothing lost and nothing run twice, whatever is killed, full, broken or out of date."""

import csv
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from datawall.evidence import study
from datawall.evidence.study import StudyError

BOOK = Path(study.__file__).parents[2]
# Each run leaves a line in a file beside the study when it begins, so a test sees what was run.
PROGRAM = """
import os, random, time
from datawall.evidence import study

def square(x, seed):
    with open({log!r}, "a") as file:
        file.write(f"{{x}},{{seed}}\\n")
    time.sleep({pause})
    {extra}
    return {{"square": x * x + random.Random(seed).random() / 10}}

STUDY = study.Study(
    grid={{"x": tuple(range({size})), "seed": (0, 1)}},
    function=square,
    results=("square",),
    tolerance=1e-6,
)
"""


@pytest.fixture
def tiny(tmp_path):
    """A function that writes a study of `size` x 2 runs and gives its folder."""

    def write(size=5, pause=0, extra="pass"):
        log = str(tmp_path / "log.txt")
        text = PROGRAM.format(size=size, pause=pause, extra=extra, log=log)
        (tmp_path / "tiny.py").write_text(text)
        return tmp_path

    return write


def command(folder, *words):
    return [sys.executable, "-m", "datawall.evidence.study", "--folder", str(folder), *words]


def call(folder, *words, **more):
    return subprocess.run(
        command(folder, *words), cwd=BOOK, capture_output=True, text=True, timeout=120, **more
    )


def run(folder, **options):
    return study.run(*study.load("tiny", folder), workers=1, progress=False, **options)


def lines(folder):
    with (folder / "tiny.csv").open() as file:
        return list(csv.DictReader(file))


def outcome(folder):
    """Settings and results of all rows, in the file's order."""
    return [(row["x"], row["seed"], row["square"]) for row in lines(folder)]


def begun(folder):
    log = folder / "log.txt"
    return log.read_text().split() if log.exists() else []


def test_rows_hold_settings_results_and_what_made_them(tiny):
    folder = tiny()
    assert run(folder) == []
    rows = lines(folder)
    assert [(row["x"], row["seed"]) for row in rows] == [
        (str(x), s) for x in range(5) for s in "01"
    ]
    assert float(rows[6]["square"]) == pytest.approx(9.0844, abs=1e-4)
    assert float(rows[0]["seconds"]) >= 0 and len(rows[0]["code"]) == 12
    assert rows[0]["libraries"].startswith("python 3.")
    found = study.table("tiny", folder)
    assert found.square.dims == ("x", "seed") and found.sizes == {"x": 5, "seed": 2}
    assert float(found.square.sel(x=3, seed=0)) == float(rows[6]["square"])
    assert (found.seconds >= 0).all()


def test_what_is_done_is_not_run_again(tiny):
    folder = tiny()
    run(folder)
    before = (folder / "tiny.csv").read_bytes()
    run(folder)
    assert len(begun(folder)) == 10
    assert (folder / "tiny.csv").read_bytes() == before


@pytest.mark.long
def test_killed_twenty_times_it_leaves_what_an_unbroken_run_leaves(tiny, tmp_path):
    folder = tiny(size=60, pause=0.15)
    rng = random.Random(0)
    kills = 0
    while kills < 20:
        known = {f"{row['x']},{row['seed']}" for row in lines(folder)} if begun(folder) else set()
        seen = len(begun(folder))
        process = subprocess.Popen(
            command(folder, "run", "tiny", "--workers", "2"),
            cwd=BOOK,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while len(begun(folder)) == seen and process.poll() is None:
            time.sleep(0.05)  # until its first run has begun
        time.sleep(rng.uniform(0, 0.6))
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)  # it and its workers
        process.wait()
        kills += 1
        again = known & set(begun(folder)[seen:])
        assert not again, f"{again} were run although their rows were on the disk"
    assert kills == 20, "the study is too short to be killed twenty times"
    assert call(folder, "run", "tiny", "--workers", "2").returncode == 0
    broken = outcome(folder)
    for name in ("tiny.csv", "log.txt"):
        (folder / name).unlink()
    tiny(size=60)
    run(folder)
    assert broken == outcome(folder)


def test_a_killed_worker_costs_only_its_own_run(tiny):
    once = "os.path.exists('died') or (open('died', 'w').close(), os.kill(os.getpid(), 9))"
    folder = tiny(extra=f"x == 3 and ({once})".replace("'died'", repr("DIED")))
    (folder / "tiny.py").write_text(
        (folder / "tiny.py").read_text().replace("DIED", str(folder / "died"))
    )
    study_and_record = study.load("tiny", folder)
    assert study.run(*study_and_record, workers=2, progress=False) == []
    assert len(lines(folder)) == 10
    assert (folder / "died").exists()


def test_workers_that_always_die_end_the_study_with_a_reason(tiny):
    folder = tiny(extra="os.kill(os.getpid(), 9)")
    with pytest.raises(StudyError, match="a worker was killed before any run ended"):
        study.run(*study.load("tiny", folder), workers=2, progress=False)


def test_a_failing_run_stops_no_other_and_is_tried_again(tiny):
    folder = tiny(extra="assert x != 2 or os.path.exists('{}'), 'not yet'".format("/nowhere"))
    failed = run(folder)
    assert failed == [
        "x 2, seed 0: AssertionError: not yet",
        "x 2, seed 1: AssertionError: not yet",
    ]
    assert len(lines(folder)) == 8
    assert run(folder) == failed
    assert len(begun(folder)) == 12


def test_a_line_cut_short_is_run_again(tiny):
    folder = tiny()
    run(folder)
    whole = outcome(folder)
    data = (folder / "tiny.csv").read_bytes()
    (folder / "tiny.csv").write_bytes(data[:-15])
    record = study.load("tiny", folder)[1]
    assert len(record.read()) == 9
    assert "its last line was cut short" in record.repaired
    run(folder)
    assert outcome(folder) == whole
    assert len(begun(folder)) == 11


def test_a_repaired_line_is_told_by_the_command(tiny):
    folder = tiny()
    run(folder)
    data = (folder / "tiny.csv").read_bytes()
    (folder / "tiny.csv").write_bytes(data[:-15])
    assert "its last line was cut short" in call(folder, "run", "tiny", "--workers", "1").stdout


def test_a_cut_header_is_written_anew(tiny):
    folder = tiny()
    (folder / "tiny.csv").write_text("x,se")
    run(folder)
    assert len(lines(folder)) == 10


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda t: t.replace("\n2,0,", "\n2,0,zz", 1), "tiny.csv, line 6: not a row of this study"),
        (lambda t: t.replace("\n2,0,", "\n2,", 1), "line 6: not a row"),
        (lambda t: t.replace("x,seed", "y,seed"), "its columns are y, seed"),
        (lambda t: t.replace("\n2,0,", "\n2,1,", 1), "two rows have the same settings"),
        (
            lambda t: t.replace("\n2,0,", "\n7,0,", 1),
            "its settings are not of this grid .x 7, seed 0.: widen",
        ),
    ],
)
def test_a_spoiled_file_is_refused_and_kept(tiny, spoil, message):
    folder = tiny()
    run(folder)
    path = folder / "tiny.csv"
    path.write_text(spoil(path.read_text()))
    before = path.read_bytes()
    with pytest.raises(StudyError, match=message):
        run(folder)
    assert path.read_bytes() == before


def test_what_was_not_run_is_nan_in_the_table(tiny):
    folder = tiny()
    run(folder)
    _, record = study.load("tiny", folder)
    record.replace([row for row in record.read() if row.settings != {"x": 2, "seed": 1}])
    missing = study.table("tiny", folder).square.isnull()
    assert missing.sum() == 1 and bool(missing.sel(x=2, seed=1))


def test_rows_that_are_no_longer_kept_are_refused(tiny):
    folder = tiny()
    run(folder)
    program = folder / "tiny.py"
    keep = "tolerance=1e-6,\n    keep=lambda x, seed: x != 3,"
    program.write_text(program.read_text().replace("tolerance=1e-6,", keep))
    with pytest.raises(StudyError, match="2 rows are not of this grid, such as x 3, seed 0: widen"):
        run(folder, old="keep")


def test_two_columns_of_one_name_are_refused():
    for results in (["loss", "loss"], ["seed"], ["code"]):
        with pytest.raises(ValueError, match=f"{results[-1]}: two columns of this name"):
            study.Study({"seed": (0, 1)}, dict, results, tolerance=0.01)


def test_rows_of_another_version_are_refused_kept_or_redone(tiny):
    folder = tiny()
    run(folder)
    first = lines(folder)[0]["code"]
    tiny(extra="seed + 0")
    with pytest.raises(StudyError, match=f"10 of 10 rows were made by another .*{first}, now"):
        run(folder)
    run(folder, old="keep")
    assert {row["code"] for row in lines(folder)} == {first} and len(begun(folder)) == 10
    run(folder, old="redo")
    assert first not in {row["code"] for row in lines(folder)} and len(begun(folder)) == 20


def full_disk(folder, room):
    """What a run says whose file may grow to `room` bytes."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    return call(folder, "run", "tiny", "--workers", "1", preexec_fn=limit)


def test_a_full_disk_loses_no_row_and_says_so(tiny):
    folder = tiny()
    found = full_disk(folder, room=400)
    assert found.returncode == 1
    assert "every finished row is safe" in found.stderr and "Traceback" not in found.stderr
    kept = lines(folder)
    assert 0 < len(kept) < 10
    assert (folder / "tiny.csv").read_bytes().endswith(b"\n")  # no half of a row
    run(folder)
    assert [row for row in kept if row in lines(folder)] == kept


def test_a_file_that_cannot_be_written_is_said_before_anything_is_run(tiny, monkeypatch):
    folder = tiny()
    loaded = study.load("tiny", folder)

    really = Path.open

    def refuse(self, mode="r", *arguments, **options):
        if "a" in mode:  # root may write to any file, so none would refuse by itself
            raise PermissionError(13, "Permission denied", str(self))
        return really(self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StudyError, match="it may not be written to: change its permissions"):
        study.run(*loaded, workers=1, progress=False)
    assert begun(folder) == []


def test_two_at_once_are_kept_apart(tiny):
    folder = tiny()
    with study._alone(folder / "tiny.csv"), pytest.raises(StudyError, match="another process"):
        run(folder)


CHAIN = """
from datawall.evidence import study

def walk(start, seed):
    with open({log!r}, "a") as file:
        file.write(f"{{start}},{{seed}}\\n")
    for step in range(3):
        if step == {breaks}:
            raise ValueError("the chain has ended")
        with open({log!r}, "a") as file:
            file.write(f"step{{step}}\\n")
        yield {{"at": start + step}}

STUDY = study.Study(
    grid={{"start": (10, 20), "step": (0, 1, 2), "seed": (0, 1)}},
    function=walk,
    results=("at",),
    tolerance=1e-6,
    along={along!r},
)
"""


@pytest.fixture
def chain(tmp_path):
    """A function that writes a study whose runs pass through three steps."""

    def write(breaks=None, along="step"):
        log = str(tmp_path / "log.txt")
        (tmp_path / "tiny.py").write_text(CHAIN.format(log=log, breaks=breaks, along=along))
        return tmp_path

    return write


def test_one_run_gives_a_row_for_each_step_that_it_passes(chain):
    folder = chain()
    assert run(folder) == []
    found = study.table("tiny", folder)
    assert found["at"].sizes == {"start": 2, "step": 3, "seed": 2}
    assert (found["at"] == found.start + found.step).all()
    assert [word for word in begun(folder) if "," in word] == ["10,0", "10,1", "20,0", "20,1"]


@pytest.mark.parametrize("yields", ["kept", "all"])
def test_results_aren_t_named_by_another_step(chain, yields):
    """Where `keep` leaves out the first step, a function that skips it would name others wrong."""
    folder = chain()
    program = folder / "tiny.py"
    text = program.read_text().replace(
        "    along=", "    keep=lambda start, step, seed: step > 0,\n    along="
    )
    if yields == "kept":
        text = text.replace("range(3)", "range(1, 3)")
    program.write_text(text)
    failed = run(folder)
    if yields == "all":
        found = study.table("tiny", folder)["at"]
        assert failed == [] and (found.sel(step=[1, 2]) == found.start + found.step).all()
    else:
        assert len(failed) == 8 and lines(folder) == []
        assert "yield once for each value of step, None for one that keep leaves out" in failed[0]


def test_steps_that_are_missing_are_run_without_those_after_them(chain):
    folder = chain()
    run(folder)
    loaded = study.load("tiny", folder)
    loaded[1].replace([r for r in loaded[1].read() if r.settings["step"] != 1])
    (folder / "log.txt").unlink()
    assert run(folder) == []
    assert begun(folder)[:3] == ["10,0", "step0", "step1"] and "step2" not in begun(folder)
    assert len(lines(folder)) == 12


def test_verify_re_runs_a_step_from_the_start(chain):
    folder = chain()
    run(folder)
    study_, record = study.load("tiny", folder)
    assert study.verify(study_, record, sample=12, seed=0) == []
    record.path.write_text(record.path.read_text().replace("20,2,1,22", "20,2,1,23"))
    (fault,) = study.verify(study_, record, sample=12, seed=0)
    assert fault == "start 20, step 2, seed 1: at is 22, recorded 23"


def test_steps_before_a_failure_are_kept_and_those_after_it_named(chain):
    folder = chain(breaks=2)
    failed = run(folder)
    assert len(lines(folder)) == 8 and len(failed) == 4
    assert failed[0] == "start 10, step 2, seed 0: ValueError: the chain has ended"


@pytest.mark.parametrize(
    ("recorded", "faults"), [(22.0, 0), (22.25, 0), (22.35, 1), (21.75, 0), (21.65, 1)]
)
def test_a_tolerance_may_have_a_part_in_the_results_own_unit(chain, recorded, faults):
    folder = chain()
    program = folder / "tiny.py"
    program.write_text(program.read_text().replace("1e-6", '{"at": (0.01, 0.1)}'))
    given, record = study.load("tiny", folder)
    settings = {"start": 20, "step": 2, "seed": 0}
    record.replace([study.Row(settings, {"at": recorded}, 0.0, "", "")])
    assert len(study.verify(given, record, sample=1, seed=0)) == faults


def test_each_result_needs_a_tolerance(chain):
    folder = chain()
    program = folder / "tiny.py"
    program.write_text(program.read_text().replace("1e-6", "{}"))
    with pytest.raises(StudyError, match="ValueError: give a tolerance for each result"):
        study.load("tiny", folder)


def test_a_run_passes_along_one_of_its_settings(chain):
    with pytest.raises(StudyError, match="along is stride, and the settings are start, step, seed"):
        study.load("tiny", chain(along="stride"))


def test_verify_re_runs_rows_and_tells_what_changed(tiny):
    folder = tiny()
    loaded = study.load("tiny", folder)
    with pytest.raises(StudyError, match="no rows yet"):
        study.verify(*loaded, sample=2, seed=0)
    run(folder)
    assert study.verify(*loaded, sample=10, seed=0) == []
    path = folder / "tiny.csv"
    path.write_text(path.read_text().replace("\n4,0,16", "\n4,0,17"))
    (fault,) = study.verify(*loaded, sample=10, seed=0)
    assert fault.startswith("x 4, seed 0: square is 16.") and "recorded 17." in fault
    found = [bool(study.verify(*loaded, sample=3, seed=seed)) for seed in range(8)]
    assert True in found and False in found  # a sample of three, another for each seed


@pytest.mark.long
def test_the_command_line(tiny):
    folder = tiny()
    assert "0 of 10 runs done" in call(folder, "list").stdout
    done = call(folder, "run", "tiny", "--workers", "2")
    assert done.returncode == 0 and "10 of 10 runs done" in done.stdout
    assert "10/10" in done.stderr  # the progress bar
    assert "10 of 10" in call(folder, "status", "tiny").stdout
    assert call(folder, "verify", "tiny", "--sample", "2").stdout == "2 rows hold\n"
    missing = call(folder, "run", "absent")
    assert missing.returncode == 1 and "no study 'absent'; there are: tiny" in missing.stderr


MIXED = """
from datawall.evidence import study

def told(flag, size, by, share):
    if {fails}:
        raise ValueError("not this one")
    code = {{True: 1, False: 0, None: 2, "True?": 3}}[flag]
    return {{"sum": 1000 * code + 100 * (size == "8") + 10 * (by is None) + share}}

STUDY = study.Study(
    grid={{"flag": (True, False, None, "True?"), "size": (4, "8", 1.5), "by": ("judge", None),
          "share": (0.0, 1.0, 0.1 + 0.2)}},
    function=told,
    results=("sum",),
    tolerance=1e-6,
)
"""


def test_settings_of_any_kind_come_back_as_they_were(tmp_path):
    (tmp_path / "tiny.py").write_text(MIXED.format(fails='flag is False and by == "judge"'))
    assert len(run(tmp_path)) == 9
    (tmp_path / "tiny.py").write_text(MIXED.format(fails="False"))
    assert run(tmp_path, old="keep") == []
    given, record = study.load("tiny", tmp_path)
    assert [row.settings for row in record.read()] == given.cells
    for row in record.read():
        assert row.results == {"sum": pytest.approx(given.function(**row.settings)["sum"])}
    assert study.verify(given, record, sample=100, seed=0, workers=1) == []
    found = study.table("tiny", tmp_path)["sum"]
    assert float(found.sel(flag="None", size="8", by="None", share=1.0)) == 2111
    assert float(found.sel(flag=True, size=4, by="judge", share=0.0)) == 1000
    assert not found.isnull().any()


@pytest.mark.parametrize(
    "values, message",
    [
        ((1, "1"), "equal or have the same text"),
        ((1, True), "equal or have the same text"),
        ((1, 1.0), "equal or have the same text"),
        ((True, "True"), "equal or have the same text"),
        ((None, "None"), "equal or have the same text"),
        ((0.5, float("nan")), "takes nan: give finite numbers"),
        (("a", "b\nc"), "texts of one line"),
        ((dict,), "takes <class 'dict'>: give finite numbers, texts"),
        ("ab", "x is 'ab': give the values that it takes"),
        (3, "x is 3: give the values that it takes"),
        ((), "x takes no value"),
    ],
)
def test_values_that_a_row_could_not_tell_apart_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        study.Study({"x": values}, dict, ("loss",), tolerance=0.01)


def test_values_of_arrays_are_taken_as_numbers():
    given = study.Study({"x": np.arange(2), "y": range(2)}, dict, ("loss",), tolerance=0.01)
    assert [type(cell["x"]) for cell in given.cells] == [int] * 4


def test_a_study_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match="keep leaves nothing to run"):
        study.Study({"x": (1,)}, dict, ("loss",), tolerance=0.1, keep=lambda x: x > 1)


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf"])
def test_a_result_that_is_no_finite_number_is_a_failed_run(tiny, odd):
    folder = tiny(extra=f"if x == 2: return {{'square': float('{odd}')}}")
    failed = run(folder)
    assert failed[0] == f"x 2, seed 0: square is {odd}: no finite number" and len(failed) == 2
    assert len(lines(folder)) == 8


def test_a_stored_result_that_is_no_finite_number_is_run_again(tiny):
    folder = tiny()
    run(folder)
    whole, path = outcome(folder), folder / "tiny.csv"
    stored = path.read_text().splitlines()
    stored[3] = ",".join(["1", "0", "nan", *stored[3].split(",")[3:]])
    path.write_text("\n".join(stored) + "\n")
    record = study.load("tiny", folder)[1]
    assert len(record.read()) == 9 and "1 rows hold a result that is no" in record.repaired
    assert run(folder) == []
    assert outcome(folder) == whole and len(begun(folder)) == 11


def test_a_step_without_a_finite_result_stops_none_of_the_others(chain):
    folder = chain()
    program = folder / "tiny.py"
    spoiled = 'yield {"at": start + step if step != 1 else float("nan")}'
    program.write_text(program.read_text().replace('yield {"at": start + step}', spoiled))
    failed = run(folder)
    assert failed[0] == "start 10, step 1, seed 0: at is nan: no finite number"
    assert len(failed) == 4 and len(lines(folder)) == 8


BROKEN = {
    "syntax": ("def f(:", "syntax.py can't be executed: SyntaxError: invalid syntax"),
    "raises": ("1 / 0", "raises.py can't be executed: ZeroDivisionError: division by zero"),
    "exits": ("raise SystemExit(3)", "exits.py can't be executed: SystemExit: 3"),
    "empty": ("x = 1", "empty.py names no study: let STUDY = study.Study"),
    "other": ("STUDY = 3", "other.py names no study"),
    "imports": ("import nowhere_at_all", "can't be executed: ModuleNotFoundError"),
    "bytes": ("\udcff", "bytes.py can't be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_study_is_explained_in_one_sentence(tmp_path, name):
    text, message = BROKEN[name]
    (tmp_path / f"{name}.py").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StudyError, match=message):
        study.load(name, tmp_path)


def test_broken_studies_hide_no_other_from_the_list(tiny, capsys):
    folder = tiny()
    for name, (text, _) in BROKEN.items():
        (folder / f"{name}.py").write_bytes(text.encode(errors="surrogateescape"))
    (folder / "spoiled.py").write_text((folder / "tiny.py").read_text())
    (folder / "spoiled.csv").write_text("a,b\n")
    assert study.main(["--folder", str(folder), "list"]) == 0
    told = capsys.readouterr().out
    assert "tiny: 0 of 10 runs done" in told and "its columns are a, b" in told
    for name, (_, message) in BROKEN.items():
        assert f"{name}: " in told and message in told


@pytest.mark.parametrize("sample", [0, -1, 2.5, True])
def test_a_sample_of_less_than_one_row_is_refused(tiny, sample):
    folder = tiny()
    run(folder)
    for way in (study.verify, study.stamp):
        with pytest.raises(StudyError, match=f"sample is {sample}: give a whole number"):
            way(*study.load("tiny", folder), sample, seed=0, workers=1)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_workers_that_are_no_number_of_processes_are_refused(tiny, workers):
    folder = tiny()
    loaded = study.load("tiny", folder)
    with pytest.raises(StudyError, match=f"workers is {workers}: give a whole number of proc"):
        study.run(*loaded, workers=workers, progress=False)
    with pytest.raises(StudyError, match=f"workers is {workers}: give a whole number of proc"):
        study.verify(*loaded, 1, seed=0, workers=workers)
    assert begun(folder) == []


def test_an_unknown_way_with_old_rows_is_refused(tiny):
    with pytest.raises(StudyError, match="old is 'leave': give one of refuse, keep, redo"):
        run(tiny(), old="leave")


@pytest.mark.parametrize(
    "words, message",
    [
        (["verify", "tiny", "--sample", "-1"], "sample is -1"),
        (["verify", "tiny", "--sample", "0"], "sample is 0"),
        (["run", "tiny", "--workers", "0"], "workers is 0"),
        (["run", "tiny", "--scheduler", "a", "--workers", "2"], "give workers or a scheduler"),
    ],
)
def test_the_command_line_says_what_it_refuses(tiny, capsys, words, message):
    folder = tiny()
    assert study.main(["--folder", str(folder), *words]) == 1
    assert message in capsys.readouterr().err


def test_a_stop_by_the_keyboard_keeps_the_rows(tiny, capsys):
    folder = tiny(extra="import signal; x == 3 and os.kill(os.getpid(), signal.SIGINT)")
    assert study.main(["--folder", str(folder), "run", "tiny", "--workers", "1"]) == 130
    assert "stopped; every finished row is safe" in capsys.readouterr().err
    assert len(lines(folder)) == 6


def stamped(folder, sample=10, seed=0):
    return study.stamp(*study.load("tiny", folder), sample, seed=seed, workers=1)


def test_rows_that_hold_are_stamped_and_nothing_else_is_changed(tiny):
    folder = tiny()
    run(folder)
    path = folder / "tiny.csv"
    old, before = lines(folder)[0]["code"], path.read_text()
    tiny(extra="seed + 0")
    version = stamped(folder, sample=3)
    assert version != old and len(begun(folder)) == 13
    assert path.read_text() == before.replace(old, version)
    assert run(folder) == [] and len(begun(folder)) == 13


def test_rows_are_not_stamped_when_one_of_the_sample_does_not_hold(tiny):
    folder = tiny()
    run(folder)
    path = folder / "tiny.csv"
    before = path.read_bytes()
    tiny(extra="x = x + (x == 4)")
    with pytest.raises(StudyError, match=r"(?s)no row is stamped.*x 4, seed 1: square is 25.*redo"):
        stamped(folder)
    tiny(extra="assert x != 4")
    with pytest.raises(StudyError, match=r"(?s)no row is stamped.*x 4, seed 0: AssertionError"):
        stamped(folder)
    assert path.read_bytes() == before
    path.write_bytes(b"")
    with pytest.raises(StudyError, match="no rows yet"):
        stamped(folder)


def test_code_that_changes_while_rows_are_run_again_stamps_nothing(tiny, monkeypatch):
    folder = tiny()
    run(folder)
    before = (folder / "tiny.csv").read_bytes()
    versions = iter(["aaaaaaaaaaaa", "bbbbbbbbbbbb"])
    monkeypatch.setattr(study, "code_version", lambda _: next(versions))
    with pytest.raises(StudyError, match="the code was changed while"):
        stamped(folder)
    assert (folder / "tiny.csv").read_bytes() == before


def test_the_command_stamps(tiny, capsys):
    folder = tiny()
    run(folder)
    tiny(extra="seed + 0")
    words = ["--folder", str(folder), "stamp", "tiny", "--workers", "1", "--sample"]
    assert study.main([*words, "4"]) == 0
    version = lines(folder)[0]["code"]
    assert capsys.readouterr().out == f"4 rows hold; all 10 are stamped {version}\n"
    with study._alone(folder / "tiny.csv"):
        assert study.main([*words, "4"]) == 1
    assert "another process" in capsys.readouterr().err


def test_a_chain_is_run_once_for_all_of_its_rows_in_a_sample(chain):
    folder = chain()
    run(folder)
    (folder / "log.txt").unlink()
    assert study.verify(*study.load("tiny", folder), 12, seed=0, workers=1) == []
    assert len(begun(folder)) == 4 + 12  # chains, and their steps


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere://a:1", ""])
def test_a_cluster_that_does_not_answer_is_named(tiny, monkeypatch, address):
    pytest.importorskip("distributed", reason="a cluster needs `distributed`")
    monkeypatch.setattr(study, "PATIENCE", 0.5)
    with pytest.raises(StudyError, match=f"no Dask scheduler at '{address}'"):
        study.run(*study.load("tiny", tiny()), scheduler=address, progress=False)


def test_a_cluster_gives_the_rows_that_joblib_gives(tiny):
    distributed = pytest.importorskip("distributed", reason="a cluster needs `distributed`")
    folder = tiny()
    run(folder)
    here = outcome(folder)
    (folder / "tiny.csv").unlink()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        loaded = study.load("tiny", folder)
        assert study.run(*loaded, scheduler=cluster.scheduler_address, progress=False) == []
    assert outcome(folder) == here
    assert len(begun(folder)) == 20


def test_without_its_package_a_cluster_is_asked_for_by_name(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(StudyError, match="needs the package distributed: run `pip install"):
        study.run(*study.load("tiny", tiny()), scheduler="tcp://127.0.0.1:1", progress=False)


@pytest.mark.experiment
@pytest.mark.parametrize("name", study.names())
def test_the_books_studies_are_whole_and_hold(name):
    given, record = study.load(name)
    assert len(record.read()) == len(given.cells)
    assert study.verify(given, record, sample=2, seed=0) == []
