"""Engines: the same bits on each of them."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from sksiamese import GraphFingerprintSiameseClassifier, screen
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


def test_a_classifier_of_this_package_gives_the_same_bits_in_other_processes(tmp_path):
    random = np.random.RandomState(0)
    X = pd.DataFrame({"salt": ["CCS", "CCN", "CCCS", "CCCN"] * 10, "pH": random.uniform(size=40)})
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=3, random_state=0)
    model.fit(X[:20], X["pH"][:20] > 0.5)
    X.to_parquet(tmp_path / "library.parquet")
    found = [screen(model, tmp_path / "library.parquet", 9, n_jobs=n).best for n in (1, 2)]
    pd.testing.assert_frame_equal(*found, check_exact=True)


class Deadly(type(RAMP)):
    """Kills its process at the highest value, while a file is there."""

    def predict_proba(self, X):
        if X["x"].max() > 0.94 and os.path.exists(self.marker):
            os.remove(self.marker)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict_proba(X)


def test_what_was_done_before_a_process_of_joblib_was_killed_is_in_the_folder(tmp_path):
    model, folder = Deadly().fit(None, ["no", "yes"]), tmp_path / "found"
    model.marker = str(tmp_path / "alive")
    Path(model.marker).touch()
    with pytest.raises(TerminatedWorkerError):
        screen(model, PARTS, 12, n_jobs=2, folder=folder)
    found = screen(model, PARTS, 12, n_jobs=2, folder=folder)
    pd.testing.assert_frame_equal(found.best, screen(RAMP, PARTS, 12).best, check_exact=True)


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
