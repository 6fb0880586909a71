"""A folder of results: going on after an interruption, what is refused."""

import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from sksiamese import screen
from sksiamese.recommend.screening import _screen
from tests.recommend.screening.cases import RAMP, Ramp, numbers

RANDOM = np.random.RandomState(0)
PARTS = [
    numbers(RANDOM.uniform(size=30), vial=[f"v{i}" for i in range(30)], n=range(30)),
    numbers(RANDOM.uniform(size=20), bottle=["b"] * 20),
]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    """Chunks of 4 rows and pieces of 8."""
    monkeypatch.setattr(_screen, "CHUNK", 4)
    monkeypatch.setattr(_screen, "PIECE", 8)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


class InterruptionError(Exception):
    """What stops an engine."""


def stopping_after(n_pieces, asked):
    """An engine that fails after so many pieces, and notes which it was asked for."""

    def engine(function, pieces):
        for k, piece in enumerate(pieces):
            if k == n_pieces:
                raise InterruptionError
            asked.append((piece.part, piece.first))
            yield function(piece)

    return engine


@pytest.mark.parametrize("n_done", [0, 1, 3, 6])
def test_an_interrupted_screening_goes_on(tmp_path, n_done):
    before, after = [], []
    with pytest.raises(InterruptionError):
        screen(RAMP, PARTS, 5, folder=tmp_path, map=stopping_after(n_done, before))
    assert len(before) == n_done
    found = screen(RAMP, PARTS, 5, folder=tmp_path, map=stopping_after(99, after))
    assert sorted(before + after) == [(0, 0), (0, 8), (0, 16), (0, 24), (1, 0), (1, 8), (1, 16)]
    pd.testing.assert_frame_equal(found.best, screen(RAMP, PARTS, 5).best, check_exact=True)
    assert found.n_rows == 50


def test_what_was_left_out_is_kept_too(tmp_path):
    parts = [PARTS[0].assign(x=lambda frame: frame["x"].mask(frame.index.isin([2, 9]), -1))]
    first = screen(RAMP, parts, 40, on_error="skip", folder=tmp_path)
    again = screen(RAMP, parts, 40, on_error="skip", folder=tmp_path, map=stopping_after(0, []))
    assert (again.n_rows, again.n_skipped) == (30, 2) == (first.n_rows, first.n_skipped)
    pd.testing.assert_frame_equal(again.bad_cells, first.bad_cells)
    pd.testing.assert_frame_equal(again.best, first.best, check_exact=True)


def test_an_error_keeps_what_was_found_before(tmp_path):
    parts = [PARTS[1], numbers([-1.0])]
    with pytest.raises(ValueError, match=r"^Part 1 cannot be screened\. No probability"):
        screen(RAMP, parts, 5, folder=tmp_path)
    after = []
    mended = [PARTS[1], numbers([0.99])]
    found = screen(RAMP, mended, 1, folder=tmp_path / "new")
    assert screen(RAMP, mended, 5, folder=tmp_path, map=stopping_after(9, after)).n_rows == 21
    assert after == [(1, 0)]
    assert found.best.index.tolist() == [(1, 0)]


# What is changed, and what is said of it.
CHANGES = {
    "model": ({"model": Ramp(-1e-3).fit(None, ["no", "yes"])}, "the classifier gives its first"),
    "n_best": ({"n_best": 6}, "n_best was 5 and is 6"),
    "on_error": ({"on_error": "raise"}, "on_error was 'skip' and is 'raise'"),
    "positive": ({"positive": "no"}, "success was 'p(yes)' and is 'p(no)'"),
    "library": ({"parts": PARTS[0].iloc[:7]}, "first piece was [['Part 0', 0, 8]] and is"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_screened_otherwise_is_noticed(tmp_path, name):
    changes, said = CHANGES[name]
    settings = {"model": RAMP, "parts": PARTS, "n_best": 5, "on_error": "skip", "folder": tmp_path}
    screen(**settings)
    with pytest.raises(FileExistsError, match=re.escape(f"screening: {said}")):
        screen(**settings | changes)


def test_parts_may_come_to_a_library_that_was_screened(tmp_path):
    after = []
    screen(RAMP, PARTS[:1], 5, folder=tmp_path)
    found = screen(RAMP, PARTS, 5, folder=tmp_path, map=stopping_after(99, after))
    assert after == [(1, 0), (1, 8), (1, 16)]
    pd.testing.assert_frame_equal(found.best, screen(RAMP, PARTS, 5).best, check_exact=True)


def test_the_message_tells_all_that_changed(tmp_path):
    screen(RAMP, PARTS, 5, folder=tmp_path)
    message = (
        f"The folder {str(tmp_path)!r} holds results of another screening: n_best was 5 and is 7; "
        "on_error was 'raise' and is 'skip'. Name another folder, or screen as before."
    )
    with check(FileExistsError, message):
        screen(RAMP, PARTS, 7, folder=tmp_path, on_error="skip")


@pytest.mark.parametrize("kind", ["frame", "parquet"])
def test_changed_rows_are_noticed(tmp_path, kind):
    path = tmp_path / "library.parquet"
    PARTS[0].to_parquet(path)
    part = PARTS[0] if kind == "frame" else path
    screen(RAMP, [part], 5, folder=tmp_path / "found")
    changed = PARTS[0].assign(vial=PARTS[0]["vial"].replace("v20", "w20"))
    changed.to_parquet(path)
    part = changed if kind == "frame" else path
    name = "Part 0" if kind == "frame" else "Part 0 ('library.parquet')"
    message = (
        f"{name} is not what it was when the results in {str(tmp_path / 'found')!r} were begun. "
        "Name another folder."
    )
    with check(FileExistsError, message):
        screen(RAMP, [part], 5, folder=tmp_path / "found")


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").touch()
    message = f"The folder {str(tmp_path)!r} holds other files. Name an empty or a new one."
    with check(FileExistsError, message):
        screen(RAMP, PARTS, 5, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_result_is_named(tmp_path):
    screen(RAMP, PARTS, 5, folder=tmp_path)
    file = tmp_path / "part-000001-row-000000000008.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=re.escape(f"{str(file)!r} cannot be read as a table")):
        screen(RAMP, PARTS, 5, folder=tmp_path)
    file.unlink()
    assert screen(RAMP, PARTS, 5, folder=tmp_path).n_rows == 50


def test_a_column_that_no_file_can_hold_is_named(tmp_path):
    odd = numbers([0.5, 0.6], note=pd.Series([1, "a"], dtype=object))
    with pytest.raises(ValueError, match=r"^Part 0 cannot be read as a table .*column note"):
        screen(RAMP, odd, 2, folder=tmp_path)


PROGRAM = """
import sys, time
import pandas as pd
from sksiamese import screen
from sksiamese.recommend.screening import _screen
from tests.recommend.screening.cases import RAMP
_screen.CHUNK, _screen.PIECE = 4, 8

def slowly(function, pieces):
    for piece in pieces:
        yield function(piece)
        time.sleep(0.2)

screen(RAMP, sys.argv[1], 5, folder=sys.argv[2], map=slowly)
"""


def test_a_killed_process_loses_nothing(tmp_path):
    path, folder = tmp_path / "library.parquet", tmp_path / "found"
    library = numbers(np.random.RandomState(1).uniform(size=400))
    library.to_parquet(path)
    command = [sys.executable, "-c", PROGRAM, str(path), str(folder)]
    with subprocess.Popen(command) as process:
        while len(list(folder.glob("part-*"))) < 3:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    done = {file.name for file in folder.glob("part-*")}
    assert 3 <= len(done) < 50
    after = []
    found = screen(RAMP, path, 5, folder=folder, map=stopping_after(99, after))
    assert len(after) == 50 - len(done)
    pd.testing.assert_frame_equal(found.best, screen(RAMP, library, 5).best, check_exact=True)
