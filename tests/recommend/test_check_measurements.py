"""Measurements that come back from the laboratory."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import DesignSpace, InvalidSMILESError
from sksiamese.space import Levels, Range, When
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


# -- From a file and from hands -------------------------------------------------------------------

LEVELED = DesignSpace(
    {
        "a": Range(0, 1),
        "base": Levels(["None", "KOH", "NaOH"]),
        "batch": Levels(["001", "002", "010"]),
        "dry": Levels([True, False]),
        "flag": Levels(["TRUE", "FALSE"]),
        "hours": Levels([1, 2.5]),
        "gas": When(lambda f: f["dry"], Levels(["argon", "N2"]), "NA"),
    }
)


@settings(max_examples=6)
@given(st.integers(0, 1000), st.sampled_from(["csv", "xlsx"]), st.booleans())
def test_levels_survive_a_trip_through_a_file(seed, kind, keep):
    past = LEVELED.sample(20, random_state=seed)
    model = recommender(Members(), space=LEVELED, random_state=seed, n_candidates=50)
    model.fit(past, LABELS)
    plate = model.recommend(5).assign(outcome=[1, 0, 1, 0, 1])
    file = io.BytesIO()
    plate.to_csv(file) if kind == "csv" else plate.to_excel(file)
    file.seek(0)
    read = pd.read_csv if kind == "csv" else pd.read_excel
    back = read(file, index_col=0, keep_default_na=keep)
    assert model.recommend(5, pending=back).merge(plate, on=list(past.columns)).empty
    model.add_measurements(back)
    found, truth = model.measured_.iloc[20:], plate[list(past.columns)]
    for name in ("base", "batch", "dry", "flag", "hours", "gas"):
        assert found[name].tolist() == truth[name].tolist()
        assert list(map(type, found[name])) == list(map(type, model.measured_[name][:5]))
    assert LEVELED.contains(model.measured_).all()


def test_what_is_no_level_stays():
    model = recommender(Members(), space=LEVELED).fit(LEVELED.sample(20, random_state=0), LABELS)
    row = LEVELED.sample(1, random_state=5).assign(base="LiOH", hours=4, outcome=1)
    model.add_measurements(row)
    assert model.measured_.iloc[-1][["base", "hours"]].tolist() == ["LiOH", 4]


@pytest.mark.parametrize(
    ("classes", "typed", "read"),
    [
        (["no", "yes"], ["Yes", "n", " NO ", "y"], ["yes", "no", "no", "yes"]),
        ([0, 1], ["1", 0.0, True, "0"], [1, 0, 1, 0]),
        ([False, True], ["TRUE", 0, "f", 1.0], [True, False, False, True]),
        (["dull", "Clear crystal"], ["clear  crystal", "DULL", "dull", "dull"],
         ["Clear crystal", "dull", "dull", "dull"]),
    ],
)  # fmt: skip
def test_spellings_of_outcomes_are_one(classes, typed, read):
    model = recommender(Members(), space=UNIT, positive=classes[1])
    model.fit(NUMBERS, np.array(classes)[LABELS])
    model.add_measurements(model.recommend(4).assign(outcome=pd.Series(typed, dtype=object)))
    assert model.outcomes_.tolist()[20:] == read
    assert len(set(map(type, model.outcomes_.tolist()))) == 1


def told(n, n_rows, n_pending):
    text = f"{n} of {n_rows} experiments have no outcome yet and stay pending; {n_pending} are in "
    return pytest.warns(UserWarning, match=f"^{re.escape(text)}pending_\\.$")


def test_what_is_not_measured_yet_stays_pending():
    model = unit(diversity=0)
    plate = model.recommend(4)
    with told(2, 4, 2):
        model.add_measurements(plate.assign(outcome=[1, None, 0, None]))
    with told(2, 2, 2):  # again
        model.add_measurements(plate.loc[[1, 3]].assign(outcome=["pending", " "]))
    waiting = plate.loc[[1, 3], ["a", "b"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(model.pending_, waiting)
    assert len(model.measured_) == 22
    assert not model.recommend(4)["a"].isin(plate["a"]).any()
    model.add_measurements(plate.loc[[3]].assign(outcome=1))
    assert model.pending_["a"].tolist() == [plate["a"][1]]
    assert model.fit(NUMBERS, LABELS).pending_.empty


def test_no_plate_is_added_twice():
    model = unit()
    plate = model.recommend(3).assign(outcome=[1, 0, 1])
    model.add_measurements(plate)
    message = (
        "The same experiment twice: rows 0, 1 and 2 of 3 are measured already (rows 20, 21 and "
        "22). Leave out what was added before, or say repeats=True (on the command line "
        "--repeats) if they were done again."
    )
    with check(ValueError, message):
        model.add_measurements(plate)
    assert len(model.measured_) == 23
    fresh = model.recommend(2).assign(outcome=1).set_axis(["x", "y"])
    message = (
        "The same experiment twice: rows 'x' and 'y' of 4 repeat others of this table. Leave out "
        "what was added before, or say repeats=True (on the command line --repeats) if they were "
        "done again."
    )
    with check(ValueError, message):
        model.add_measurements(pd.concat([fresh, fresh]))
    assert len(model.add_measurements(plate, repeats=True).measured_) == 26


def test_an_empty_cell_that_may_be_a_label():
    model = recommender(Members(), space=UNIT, positive="large")
    model.fit(NUMBERS, np.array(["None", "large"])[LABELS])
    message = (
        "Column 'outcome' holds 1 empty cell(s), row 1: nan, and pandas reads the label 'None' of "
        "a file as empty, too. Read the file with keep_default_na=False, so that the two differ."
    )
    plate = model.recommend(2)
    with check(ValueError, message):
        model.add_measurements(plate.assign(outcome=["large", np.nan]))
    model.add_measurements(plate.assign(outcome=["large", "None"]))
    assert model.outcomes_.tolist()[20:] == ["large", "None"]


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
        "Column 'outcome' must hold one of 'fails', 'works', or nothing where the outcome is not "
        "known yet. Got 1 other(s), row 'new 1': 'wroks'. Correct these cells, or call fit with "
        "all experiments for a new class."
    )
    with check(ValueError, message):
        model.add_measurements(rows.assign(outcome=["wroks", np.nan]))
    message = (
        "The same experiment twice: rows 'new 1' and 'new 2' of 2 are measured already (rows "
        "'run 0' and 'run 1'). Leave out what was added before, or say repeats=True (on the "
        "command line --repeats) if they were done again."
    )
    with check(ValueError, message):
        model.add_measurements(rows.assign(outcome="works"))
    message = (
        "The index of the measurements repeats 'run 0', 'run 1' of the past experiments. Give the "
        "rows labels of their own."
    )
    with check(ValueError, message):
        model.add_measurements(X.head(2).assign(outcome="works"), repeats=True)
    with check(TypeError, "add_measurements takes a DataFrame. Got 3."):
        model.add_measurements(3)
    broken = rows.assign(outcome="works", ligand=["C(C", "NCCS"])
    with pytest.raises(InvalidSMILESError):
        model.add_measurements(broken)
    assert len(model.measured_) == 40
    assert len(model.recommend(2)) == 2
