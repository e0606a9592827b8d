"""What `make room` says of a computer: what is there, what is missing, how long chapters take."""

import room

PLENTY = {"python": (3, 12), "cores": 4, "memory": 16, "disk": 50}


def said(**changes):
    return list(room.findings(**PLENTY | changes))


def pins():
    text = (room.ROOT / "requirements.txt").read_text(encoding="utf-8")
    return {name.lower().replace("_", "-"): version for name, version in room.PIN.findall(text)}


def test_a_good_computer_lacks_nothing():
    assert len(pins()) > 30
    lines = said(installed=pins())
    assert all(right for right, found, _ in lines if "Chromium" not in found)
    assert "Python 3.12" in lines[0][1]


def test_each_thing_that_is_missing_is_named_with_what_to_do():
    assert said(python=(3, 10))[0] == (False, "Python 3.10", "the book needs Python 3.11 or newer")
    assert not said(cores=1)[1][0] and "twice as long" in said(cores=1)[1][2]
    assert not said(memory=4)[2][0]
    assert not said(disk=1)[3][0]


def test_packages_are_compared_by_release():
    here = pins()
    assert room.packages(here) == ([], [])
    assert room.packages(here | {"torch": f"{here['torch']}+cpu"}) == ([], [])
    assert room.packages(here | {"torch": "1.0"}) == ([], ["torch 1.0"])
    del here["xarray"]
    assert room.packages(here) == (["xarray"], [])
    assert "1 packages missing: xarray" in said(installed=here)[4][1]


def test_memory_that_cannot_be_asked_is_not_judged(monkeypatch):
    monkeypatch.setattr(room, "memory_gigabytes", lambda: None)
    assert len(said(memory=None, installed=pins())) == len(said(installed=pins())) - 1


def test_each_chapter_has_a_stored_time():
    times = room.stored_times()
    assert sorted(times) == sorted(path.stem for path in room.BOOK.glob("*.ipynb"))
    assert all(1 < seconds < 600 for seconds in times.values())


def test_it_tells_how_long_chapters_take_here(monkeypatch, capsys):
    monkeypatch.setattr(room, "seconds_here", lambda: 2 * room.REFERENCE)
    monkeypatch.setattr(room, "stored_times", lambda: {"a-chapter": 30.0})
    room.main()
    out = capsys.readouterr().out
    assert "50% of the speed" in out
    assert "a-chapter                         60" in out
    monkeypatch.setattr(room, "seconds_here", lambda: None)
    room.main()
    assert "Without PyTorch no time can be told" in capsys.readouterr().out


def test_the_small_model_is_trained():
    assert 0.05 < room.seconds_here() < 60
