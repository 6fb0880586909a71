"""Columns that a model or a space was given, and that look like no conditions."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    read_experiments,
)
from sksiamese.exceptions import DoubtfulColumnWarning
from sksiamese.space import DesignSpace

N = 24
ROWS = np.arange(N)
Y = (ROWS % 3 == 0).astype(int)
CONDITIONS = pd.DataFrame(
    {
        "ligand": np.array(["CP", "CN", "CO", "CCP"], dtype=object)[ROWS % 4],
        "id": np.array(["CC", "CCC"], dtype=object)[ROWS % 2],  # molecules, whatever the name
        "temperature_C": ROWS * 5,
        "conc": ROWS % 7,
        "base": np.array(["Et3N", "DBU"], dtype=object)[ROWS % 2],
        "dry": ROWS % 2 == 0,
    }
)
OTHERS = pd.DataFrame(
    {
        "entry": ROWS + 5,
        "x": ROWS + 1,
        "yield": ROWS % 5,
        "z": Y * 5 + ROWS % 4,
        "vial": [f"A{row}" for row in ROWS],
        "comment": np.array(["clear", "turbid"], dtype=object)[ROWS % 2],
    }
)
KINDS = [
    GraphFingerprintMLPClassifier,
    GraphFingerprintSVMClassifier,
    GraphFingerprintSiameseClassifier,
]
SHOWN = (
    "Not every column looks like a condition: 'entry' (counter: the name says 'entry'), 'x' "
    "(counter: counts the rows), 'yield' (result: the name says 'yield'), "
)


def classifier(kind):
    return kind(n_members=1, max_epochs=1, fp_size=3, conv_width=4, random_state=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_takes_every_column_and_warns_once(kind):
    X = pd.concat([CONDITIONS, OTHERS], axis=1)
    message = (
        f"{SHOWN}'z' (result: it alone all but decides the outcome (AUC 1.00)), 'vial' "
        "(identifier: the name says 'vial') and 1 more. All were taken as inputs. If they are "
        "none, leave them out, with X.drop(columns=['entry', 'x', 'yield', 'z', 'vial']) or "
        "read_experiments."
    )
    with pytest.warns(DoubtfulColumnWarning, match=f"^{re.escape(message)}$") as caught:
        model = classifier(kind).fit(X, Y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert model.n_features_in_ == X.shape[1]


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_and_arrays_are_taken_without_a_word(kind):
    classifier(kind).fit(CONDITIONS, Y)
    classifier(kind).fit(OTHERS[["entry", "x", "yield"]].to_numpy(), Y)  # nothing has a name


def test_a_space_warns_of_counters_and_results():
    message = (
        f"{SHOWN}'vial' (identifier: the name says 'vial'), 'comment' (note: the name says "
        "'comment'). All became columns of the space, to be varied. If they are none, leave them "
        "out, with X.drop(columns=['entry', 'x', 'yield', 'vial', 'comment']) or read_experiments."
    )
    with pytest.warns(DoubtfulColumnWarning, match=f"^{re.escape(message)}$") as caught:
        space = DesignSpace.from_frame(OTHERS)
    assert caught[0].filename == __file__
    assert list(space.columns) == list(OTHERS)
    DesignSpace.from_frame(CONDITIONS)


def test_what_is_doubted_is_what_reading_leaves_out():
    table = pd.concat([CONDITIONS, OTHERS], axis=1).assign(works=Y)
    read = read_experiments(table, "works")
    assert list(read.X.columns) == list(CONDITIONS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier(KINDS[0]).fit(table.drop(columns="works"), Y)
    assert all(
        repr(name) in str(caught[0].message) for name in ["entry", "x", "yield", "z", "vial"]
    )
