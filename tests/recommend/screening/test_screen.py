"""Screening: the best rows, what is left out, what is refused."""

import os
import re
import tracemalloc
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer, screen
from sksiamese.exceptions import InvalidSMILESError, NewValueWarning
from sksiamese.recommend.screening import _scoring, _screen
from tests.recommend.screening.cases import RAMP, Ramp, by_hand, numbers

X = pd.DataFrame(
    {
        "ligand": ["CCS", "CCN", "CCCS", "CCCN", "CCCCS", "CCCCN"] * 3,
        "salt": ["KCl", "NaCl", "LiCl"] * 6,
        "pH": np.linspace(6, 12, 18),
    }
)
Y = np.where(X["ligand"].str.endswith("S") & (X["pH"] > 8), "yes", "no")


@pytest.fixture(scope="module")
def siamese():
    model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
    return model.fit(X, Y)


@pytest.fixture
def small_pieces(monkeypatch):
    """Chunks of 4 rows and pieces of 8."""
    monkeypatch.setattr(_screen, "CHUNK", 4)
    monkeypatch.setattr(_screen, "PIECE", 8)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def places(found):
    return found.best.index.tolist()


# -- The best rows ---------------------------------------------------------------------------------

VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=30)


def shuffled(seed):
    """An engine that hands results over in any order."""

    def engine(function, pieces):
        results = [function(piece) for piece in pieces]
        np.random.RandomState(seed).shuffle(results)
        return results

    return engine


@given(parts=st.lists(VALUES, max_size=5), n_best=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_best_rows_are_those_of_sorting_all(parts, n_best, seed):
    frames = [numbers(values, label=[f"v{i}" for i in range(len(values))]) for values in parts]
    with mock.patch.multiple(_screen, CHUNK=3, PIECE=6):
        found = screen(RAMP, frames, n_best, map=shuffled(seed))
    expected = by_hand(frames, n_best)
    assert places(found) == expected
    assert found.n_rows == sum(map(len, parts))
    assert found.best["p(yes)"].tolist() == [frames[k].loc[i, "x"] for k, i in expected]
    if expected:
        assert found.best["label"].tolist() == [f"v{row}" for _, row in expected]
    else:
        assert found.best.columns.tolist() == ["x", "p(yes)"]


@pytest.mark.usefixtures("small_pieces")
def test_columns_of_all_parts_stay_whatever_comes_first():
    parts = [
        numbers([0.1, 0.9], vial=["a", "b"], n=[1, 2]),
        numbers([0.8], bottle=["c"]),
        numbers([0.2] * 9, n=range(9)),
    ]
    found = [screen(RAMP, parts, 3, map=engine).best for engine in (map, shuffled(1), shuffled(2))]
    assert found[0].columns.tolist() == ["x", "vial", "n", "bottle", "p(yes)"]
    assert found[0].index.tolist() == [(0, 1), (1, 0), (2, 0)]
    assert found[0].iloc[:, 1:4].isna().to_numpy().tolist() == [
        [False, False, True],
        [True, True, False],
        [True, False, True],
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0], check_exact=True)


@pytest.mark.usefixtures("small_pieces")
def test_probabilities_are_those_of_the_classifier_in_fixed_chunks(siamese):
    random = np.random.RandomState(0)
    library = X.sample(50, replace=True, random_state=random, ignore_index=True)
    library["pH"] = random.uniform(6, 12, 50)
    chunks = [library.iloc[start : start + 4] for start in range(0, 50, 4)]
    proba = np.concatenate([siamese.predict_proba(chunk)[:, 1] for chunk in chunks])
    named = library[["pH", "ligand", "salt"]].assign(vial=range(50))
    found = screen(siamese, pyarrow.Table.from_pandas(named), 10)
    order = np.argsort(-proba, kind="stable")[:10]
    assert places(found) == [(0, row) for row in order]
    assert found.best["p(yes)"].tolist() == proba[order].tolist()
    assert found.best.columns.tolist() == ["pH", "ligand", "salt", "vial", "p(yes)"]
    assert found.best["vial"].tolist() == order.tolist()


def test_the_other_class_can_be_success():
    found = screen(RAMP, numbers([0.1, 0.9]), 1, positive="no")
    assert (places(found), found.best["p(no)"].tolist()) == ([(0, 0)], [0.9])
    two = Ramp().fit(None, [3, 4])
    assert screen(two, numbers([0.2]), 1, positive=4).best.columns[-1] == "p(4)"
    message = (
        "Which label of the classifier is success? It has: 3, 4. Say it with positive=, for "
        "example positive=4."
    )
    with check(ValueError, message):
        screen(two, numbers([0.2]), 1)


def test_memory_is_that_of_some_pieces():
    def parts():
        for part in range(30):
            yield numbers(np.linspace(0, 1 - part / 100, 20_000), note="x" * 100)

    screen(RAMP, parts(), 10)
    tracemalloc.start()
    try:
        found = screen(RAMP, parts(), 10)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert places(found)[0] == (0, 19_999)
    assert peak < 5e6  # all parts hold ten times as much


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not hasattr(_scoring._LIBC, "malloc_trim"), reason="needs glibc")
def test_freed_memory_goes_back_to_the_system():
    blocks = [b"x" * 60_000 for _ in range(2000)]
    pins = blocks[::20]  # keep glibc from shortening its heap
    del blocks
    before = resident_bytes()
    assert screen(RAMP, numbers([0.5]), 1).n_rows == len(pins) / 100
    assert before - resident_bytes() > 9e7


def test_progress_is_shown(capsys):
    screen(RAMP, [numbers([0.5] * 10), numbers([0.5] * 20)], 1, verbose=1)
    assert "30.0/30.0" in capsys.readouterr().err


# -- Rows that cannot be used ----------------------------------------------------------------------


def with_bad_cells():
    library = X.drop(columns="salt").assign(salt="KCl").astype({"pH": object})
    library.loc[2, "ligand"], library.loc[3, "pH"], library.loc[11, "pH"] = "C(", None, "acidic"
    return library.assign(vial=range(18))


@pytest.mark.usefixtures("small_pieces")
def test_bad_cells_are_left_out_and_listed(siamese):
    parts = [X.iloc[:0], X, with_bad_cells()]
    found = screen(siamese, parts, 36, on_error="skip")
    assert (found.n_rows, found.n_skipped) == (36, 3)
    assert found.bad_cells.to_numpy().tolist() == [
        [2, 2, "ligand", "'C('", "not readable as SMILES ('(' at position 2 is not closed)"],
        [2, 3, "pH", "nothing", "not what the column held in fit"],
        [2, 11, "pH", "'acidic'", "not what the column held in fit"],
    ]
    assert sorted(places(found)) == [
        *((1, row) for row in range(18)),
        *((2, row) for row in range(18) if row not in (2, 3, 11)),
    ]


@pytest.mark.usefixtures("small_pieces")
def test_bad_cells_are_an_error_that_names_them(siamese):
    message = (
        "Part 1 cannot be screened. Not readable as SMILES (1 in all):\n"
        "  column 'ligand', row 2: 'C(' ('(' at position 2 is not closed)\n"
        "Correct these cells, leave them empty where there is no molecule, or read the columns "
        "with SMILESFeaturizer(on_invalid='warn') to treat them as absent.\n"
        "To leave such rows out, and have them listed, pass on_error='skip'."
    )
    library = with_bad_cells().drop(index=[3, 11])
    with check(InvalidSMILESError, message) as caught:
        screen(siamese, [X, library], 5)
    assert caught.value.cells == (("ligand", 2, "C("),)


@pytest.mark.usefixtures("small_pieces")
def test_rows_that_an_error_does_not_name_are_searched_for():
    values = np.full(30, 0.5)
    values[[3, 4, 17, 29]] = -1
    found = screen(RAMP, numbers(values), 30, on_error="skip")
    assert found.n_skipped == 4
    assert found.bad_cells.to_numpy().tolist() == [
        [0, row, None, None, "No probability is below zero."] for row in (3, 4, 17, 29)
    ]
    assert sorted(places(found)) == [(0, row) for row in range(30) if values[row] > 0]


def test_rows_without_a_probability_are_left_out():
    found = screen(RAMP, numbers([0.5, np.nan]), 2, on_error="skip")
    assert found.bad_cells["problem"].tolist() == [
        "predict_proba gives NaN for 1 row(s), the first of which is row 1."
    ]
    assert places(found) == [(0, 0)]


def test_cells_of_a_transformed_table_are_not_taken_for_those_of_the_library():
    """Behind a transformer that forgets the index, an error names rows by their places."""
    forgetful = FunctionTransformer(lambda frame: frame.reset_index(drop=True))
    columns = make_column_transformer((SMILESFeaturizer("descriptors"), ["ligand"]))
    model = make_pipeline(forgetful, columns, LogisticRegression()).fit(X[["ligand"]], Y)
    assert list(model.feature_names_in_) == ["ligand"]
    library = X[["ligand"]].copy()
    library.loc[[5, 9], "ligand"] = ["C(", "C1"]
    with mock.patch.multiple(_screen, CHUNK=4, PIECE=8):
        found = screen(model, library, 18, on_error="skip")
    assert found.bad_cells["row"].tolist() == [5, 9]


def test_a_column_that_is_wrong_as_a_whole_is_an_error(monkeypatch, siamese):
    monkeypatch.setattr(_scoring, "_MOST_TRIALS", 8)
    message = (
        "Part 0 cannot be screened. Column 'pH' held numbers in fit, and now holds numbers as "
        "text, such as '7'. Convert it with pandas.to_numeric."
    )
    with check(ValueError, message):
        screen(siamese, X.assign(pH="7"), 3, on_error="skip")


def test_a_long_list_of_bad_cells_is_cut_and_all_are_counted(monkeypatch, siamese):
    monkeypatch.setattr(_screen, "_MOST_LISTED", 3)
    found = screen(siamese, [X, X.assign(ligand="C(")], 3, on_error="skip")
    assert found.n_skipped == 18
    assert found.bad_cells["row"].tolist() == [0, 1, 2]


@pytest.mark.usefixtures("small_pieces")
def test_what_a_classifier_warns_of_is_said_once(siamese):
    library = pd.concat([X.assign(salt="CsF"), X.assign(salt="RbF")], ignore_index=True)
    with pytest.warns(NewValueWarning, match=r"'salt': 'CsF'") as caught:
        screen(siamese, library, 3)
    assert len(caught) == 1


# -- What is refused -------------------------------------------------------------------------------


def test_arguments_are_checked():
    library = numbers([0.5])
    with check(
        ValueError,
        "The 'n_best' parameter of screen must be an integer of at least 1. Got 0 instead.",
    ):
        screen(RAMP, library, 0)
    with check(
        ValueError,
        "The 'on_error' parameter of screen must be one of 'raise', 'skip'. Got 'ignore' instead.",
    ):
        screen(RAMP, library, 1, on_error="ignore")
    with check(
        TypeError,
        "The 'model' parameter of screen must be a classifier with predict_proba. Got 5 instead.",
    ):
        screen(5, library, 1)
    unnamed = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    message = (
        "LogisticRegression was fitted without names of columns, so that those of a library "
        "cannot be matched with them. Fit it with a DataFrame."
    )
    with check(ValueError, message):
        screen(unnamed, library, 1)


def test_a_part_that_lacks_a_column_is_named():
    message = "Part 1 lacks the column(s) 'x'. It has: 'y'. Add or rename them."
    with check(ValueError, message):
        screen(RAMP, [numbers([0.5]), pd.DataFrame({"y": [1]})], 1)
    message = "Part 0 has a column 'p(yes)', which is what the result adds. Rename it."
    with check(ValueError, message):
        screen(RAMP, numbers([0.5], **{"p(yes)": [1]}), 1)


def test_failures_of_ones_own_parts_and_engine_come_through():
    def parts():
        yield numbers([0.5])
        raise RuntimeError("the tape broke")

    with check(RuntimeError, "the tape broke"):
        screen(RAMP, parts(), 1)

    def failing(function, pieces):
        raise OSError("no cluster")

    with check(OSError, "no cluster"):
        screen(RAMP, numbers([0.5]), 1, map=failing)
