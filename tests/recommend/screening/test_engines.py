"""Engines: the same bits on each of them."""

import joblib
import pandas as pd
import pytest

from sksiamese import screen
from sksiamese.recommend.screening import _screen
from sksiamese.recommend.screening._engines import Guarded
from tests.recommend.screening.cases import RAMP, numbers

PARTS = [numbers([0.1, 0.9, 0.9, 0.4] * 10), numbers([0.9, 0.95, 0.2] * 10)]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(_screen, "CHUNK", 4)
    monkeypatch.setattr(_screen, "PIECE", 8)


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_engines_of_joblib_find_the_same(backend):
    expected = screen(RAMP, PARTS, 12, map=map)
    with joblib.parallel_config(backend, n_jobs=2):
        found = screen(RAMP, PARTS, 12)
    pd.testing.assert_frame_equal(found.best, expected.best, check_exact=True)
    assert found.n_rows == expected.n_rows == 70


def test_an_error_in_a_worker_comes_back_whole():
    with pytest.raises(ValueError, match=r"^Part 1 cannot be screened\. No probability is below"):
        screen(RAMP, [PARTS[0], numbers([-1.0])], 3, n_jobs=2)


def test_a_failure_among_the_parts_comes_back_from_joblib():
    def parts():
        yield from PARTS
        raise RuntimeError("the tape broke")

    with pytest.raises(RuntimeError, match=r"^the tape broke$"):
        screen(RAMP, parts(), 3, n_jobs=2)


def test_no_more_pieces_are_on_their_way_than_joblib_dispatches():
    drawn, seen = [], []

    def parts():
        for number in range(40):
            drawn.append(number)
            yield numbers([number / 100])

    class Watching(type(RAMP)):
        def predict_proba(self, X):
            seen.append(len(drawn))
            return super().predict_proba(X)

    with joblib.parallel_config("threading", n_jobs=2):
        screen(Watching().fit(None, ["no", "yes"]), parts(), 3)
    assert len(seen) == 40
    assert max(n_drawn - k for k, n_drawn in enumerate(seen)) <= 12


def test_a_guarded_iterator_ends_with_its_failure():
    def failing():
        yield 1
        raise KeyError("x")

    guarded = Guarded(failing())
    assert list(guarded) == [1]
    assert isinstance(guarded.failure, KeyError)
    whole = Guarded([1, 2])
    assert (list(whole), whole.failure) == ([1, 2], None)
