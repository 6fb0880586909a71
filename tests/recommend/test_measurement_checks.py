"""Measurements that come back from the laboratory."""

import re

import numpy as np
import pandas as pd
import pytest

from sksiamese import InvalidSMILESError
from tests.recommend.cases import LABELS, NUMBERS, UNIT, Members, X, Y, recommender, unit


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# -- Closing the loop ------------------------------------------------------------------------------


def test_measurements_are_as_good_as_a_fit():
    y = pd.Series(Y, X.index, name="result")
    model = recommender().fit(X[:30], y[:30])
    model.add_measurements(X[30:].assign(result=y[30:], note="ok"))
    whole = recommender().fit(X, y)
    pd.testing.assert_frame_equal(model.measured_, whole.measured_)
    pd.testing.assert_series_equal(model.outcomes_, whole.outcomes_)
    pd.testing.assert_frame_equal(model.recommend(4), whole.recommend(4))


def test_labels_of_added_rows_go_on():
    model = unit()
    plate = model.recommend(3)
    model.add_measurements(plate.assign(outcome=1))
    assert model.measured_.index.tolist() == list(range(23))
    again = model.recommend(3)
    assert again.merge(plate, on=["a", "b"]).empty


def test_outcomes_keep_their_type():
    """A column of a CSV that is half filled in holds 1.0 and 0.0."""
    model = unit()
    plate = model.recommend(2).assign(outcome=[1.0, 0.0])
    model.add_measurements(plate)
    assert model.outcomes_.dtype == LABELS.dtype
    assert model.outcomes_.tolist()[20:] == [1, 0]
    assert model.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("label", [float, lambda i: i + 0.5])
def test_labels_go_on_beside_fractions(label):
    past = NUMBERS.set_axis([label(i) for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for _ in range(2):
        model.add_measurements(model.recommend(2).assign(outcome=1))
    assert model.measured_.index.is_unique
    assert len(model.measured_) == 24


def test_labels_go_on_beside_text():
    past = NUMBERS.set_axis([f"E{i}" for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for plate in range(3):
        model.add_measurements(model.recommend(2).assign(outcome=1))
        assert model.measured_.index.tolist()[20:] == list(range(2 * plate + 2))


# -- Errors ----------------------------------------------------------------------------------------


def test_bad_measurements_change_nothing():
    model = recommender().fit(X, Y)
    rows = X.head(2).set_axis(["new 1", "new 2"])
    message = (
        "The table of measurements lacks the column(s) 'outcome'. It has: 'ligand', 'mM', 'runs', "
        "'stirrer'. Add or rename them."
    )
    with check(ValueError, message):
        model.add_measurements(rows)
    message = (
        "Column 'outcome' must hold one of 'fails', 'works' in each row. Got 2 other(s), row "
        "'new 1': 'wroks', row 'new 2': nan. Leave rows out that are not measured yet, or call "
        "fit with all experiments for a new class."
    )
    with check(ValueError, message):
        model.add_measurements(rows.assign(outcome=["wroks", np.nan]))
    message = (
        "The index of the measurements repeats 'run 0', 'run 1' of the past experiments. Give the "
        "rows labels of their own."
    )
    with check(ValueError, message):
        model.add_measurements(X.head(2).assign(outcome="works"))
    with check(TypeError, "add_measurements takes a DataFrame. Got 3."):
        model.add_measurements(3)
    broken = rows.assign(outcome="works", ligand=["C(C", "NCCS"])
    with pytest.raises(InvalidSMILESError):
        model.add_measurements(broken)
    assert len(model.measured_) == 40
    assert len(model.recommend(2)) == 2
