"""What cannot be used is refused with a message that says what, where and how to mend it."""

import contextlib
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer, check_experiments
from sksiamese.exceptions import (
    BadCellsError,
    ConstantInputWarning,
    InvalidSMILESError,
    NewValueWarning,
    SmallClassWarning,
)
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.space import DesignSpace

OWNER = "GraphFingerprintSiameseClassifier"
CURE = (
    "Correct these cells, leave them empty where there is no molecule, or read the columns with "
    "SMILESFeaturizer(on_invalid='warn') to treat them as absent."
)
LABELS = list("abcdef")
X = pd.DataFrame(
    {"ligand": ["CCO", "CCN", "CCS"] * 2, "pH": [4.0, 5.0, 6.0, 8.0, 9.0, 10.0]}, index=LABELS
)
Y = np.array([0, 1, 0, 1, 0, 1])


def classifier(**changes):
    chosen = {"n_members": 1, "max_epochs": 2, "fp_size": 3, "conv_width": 4, "radius": 1}
    return GraphFingerprintSiameseClassifier(**{**chosen, "random_state": 0, **changes})


def refusal(function, *args, error=ValueError, **kwargs):
    """Return the whole message of the error that a call raises, of exactly that type."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    assert type(caught.value) is error
    return str(caught.value)


@pytest.fixture(scope="module")
def fitted():
    """A fitted classifier; no test may change it."""
    return classifier().fit(X, Y)


# -- Cells -----------------------------------------------------------------------------------------


def test_invalid_smiles_are_all_listed(fitted):
    table = X.assign(
        ligand=["CCO", "C(C", "CCS", "c1cc", "CCN", "C(C"], solvent=["O", "CO", "O", "#", "O", "CO"]
    )
    message = (
        "Not readable as SMILES (4 in all):\n"
        "  column 'ligand', row 'b': 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'ligand', row 'd': 'c1cc' (the ring '1' at position 2 is not closed)\n"
        "  column 'ligand', row 'f': 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'solvent', row 'd': '#'\n" + CURE
    )
    assert refusal(classifier().fit, table, Y, error=InvalidSMILESError) == message
    new = X.assign(ligand=["CCO", "CCN", "CCS", "CCS", "CCN", "water?"])
    assert refusal(fitted.predict_proba, new, error=InvalidSMILESError) == (
        "Not readable as SMILES (1 in all):\n"
        "  column 'ligand', row 'f': 'water?' ('w' at position 1 is not part of SMILES)\n" + CURE
    )


@pytest.mark.parametrize("columns", [["ligand", "pH"], ["pH"]])
def test_nan_and_infinity(columns):
    table = X[columns].assign(degC=[1, 2, 3, 4, 5, -np.inf])
    table.loc["b", "pH"] = np.nan
    table.loc["e", "pH"] = np.inf
    message = (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (2 cells do):\n"
        "  column 'pH', row 'e': inf\n"
        "  column 'degC', row 'f': -inf\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )
    assert refusal(classifier().fit, table, Y, error=BadCellsError) == message
    model = classifier().fit(table.assign(pH=X["pH"], degC=1.0), Y)
    table["degC"] = 1.0
    assert refusal(model.predict, table, error=BadCellsError) == (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (2 cells do):\n"
        "  column 'pH', row 'b': nan\n"
        "  column 'pH', row 'e': inf\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )


def test_many_bad_numbers_are_counted():
    table = pd.DataFrame({"pH": [*[np.inf] * 13, 1.0], "degC": np.arange(14)})
    lines = "".join(f"  column 'pH', row {i}: inf\n" for i in range(10))
    assert refusal(classifier().fit, table, np.arange(14) % 2, error=BadCellsError) == (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (13 cells do):\n"
        f"{lines}  and 3 more\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )


MIXED = "must hold SMILES, MolGraphs or numbers, one of them;"
MEND = "Correct the column, encode it or drop it."


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([1, 2, "high", 4, 5, "x"], "row 'a' holds 1 (int) and row 'c' holds 'high' (str)."),
        (
            ["CCO", None, 2.5, "C", "C", "C"],
            "row 'a' holds 'CCO' (str) and row 'c' holds 2.5 (float).",
        ),
        (
            ["C", graph_from_smiles("C"), "C", "C", "C", "C"],
            "row 'a' holds 'C' (str) and row 'b' holds MolGraph('C', 1 atoms, 0 bonds) (MolGraph).",
        ),
        ([1, 2, 3, [4], 5, 6], "row 'd' holds [4] (list)."),
        (["C", "C", {"C"}, "C", "C", "C"], "row 'c' holds {'C'} (set)."),
        (
            list(pd.date_range("2020-01-01", periods=6)),
            "row 'a' holds Timestamp('2020-01-01 00:00:00') (Timestamp).",
        ),
    ],
    ids=["number first", "text first", "graph and text", "list", "set", "dates"],
)
def test_columns_of_other_things(cells, shown):
    table = X.assign(odd=pd.Series(cells, index=LABELS))
    assert refusal(classifier().fit, table, Y) == f"Column 'odd' {MIXED} {shown} {MEND}"


def test_repeated_row_labels_do_not_confuse_the_message():
    table = X.assign(odd=[1, "x", 2, 3, 4, 5]).set_axis(["a"] * 6)
    assert refusal(classifier().fit, table, Y) == (
        f"Column 'odd' {MIXED} row 'a' holds 1 (int) and row 'a' holds 'x' (str). {MEND}"
    )


def test_complex_numbers():
    assert refusal(classifier().fit, X.assign(z=1j), Y) == (
        "Complex data not supported: column 'z' is complex128."
    )


# -- Tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [["ligand", "pH"], ["pH"]])
def test_no_rows(fitted, columns):
    message = (
        f"X has 0 sample(s) (shape=(0, {len(columns)})) while a minimum of 1 is required. "
        "Pass at least one row."
    )
    assert refusal(classifier().fit, X[columns].iloc[:0], Y[:0]) == message
    assert refusal(classifier().fit, X[columns].iloc[:0].to_numpy(), Y[:0]) == message
    model = fitted if len(columns) == 2 else classifier().fit(X[columns], Y)
    assert refusal(model.predict_proba, X[columns].iloc[:0]) == message


def test_no_columns():
    message = (
        "X has 0 feature(s) (shape=(6, 0)) while a minimum of 1 is required. "
        "Name at least one column."
    )
    assert refusal(classifier().fit, X[[]], Y) == message
    assert refusal(classifier().fit, np.empty((6, 0)), Y) == message


def test_no_usable_column():
    table = pd.DataFrame({"ligand": "CCO", "pH": 7.0, "note": None, "gap": np.nan}, index=LABELS)
    with pytest.warns(ConstantInputWarning) as record:
        classifier().fit(table, Y)
    assert str(record[0].message) == (
        "No column of X can be used: 'ligand' never varies, 'pH' never varies, 'note' is empty, "
        "'gap' is empty. Predictions are the class frequencies. Pass a column of SMILES, of "
        "MolGraphs, of numbers or of names that varies between the rows."
    )
    assert record[0].filename == __file__
    table["ligand"] = ["CCO", "OCC", "C(C)O"] * 2  # one molecule, however it is written
    with pytest.warns(ConstantInputWarning) as record:
        classifier().fit(table[["ligand"]], Y)
    assert str(record[0].message) == (
        "No column of X can be used: 'ligand' never varies. Predictions are the class "
        "frequencies. Pass a column of SMILES, of MolGraphs, of numbers or of names that varies "
        "between the rows."
    )


def test_free_text_is_a_name():
    table = pd.DataFrame({"words": ["went well"] * 3 + ["turned black"] * 3})
    model = classifier().fit(table, Y)
    with pytest.warns(NewValueWarning):
        proba = model.predict_proba(table.assign(words=["went well", *["no idea"] * 5]))
    assert proba[0].tolist() == model.predict_proba(table)[0].tolist()


@pytest.mark.parametrize("kind", ["mixed", "numeric"])
def test_repeated_column_names(kind):
    table = X if kind == "mixed" else X.assign(ligand=np.arange(6.0))
    table = pd.concat([table, table], axis=1)
    message = (
        "X has more than one column named 'ligand', 'pH'. Rename or drop the repeated columns."
    )
    assert refusal(classifier().fit, table, Y) == message


def test_names_of_two_kinds():
    assert refusal(classifier().fit, X.set_axis(["ligand", 3], axis=1), Y, error=TypeError) == (
        "Column names must be all strings or all without names; 3 is int. Convert them with "
        "X.columns = X.columns.astype(str)."
    )


@pytest.mark.parametrize("columns", [["ligand", "pH"], ["degC", "pH"]])
def test_wrong_columns_at_predict(columns):
    table = X.assign(degC=np.arange(6.0))[columns]
    model = classifier().fit(table, Y)
    head = "The feature names should match those that were passed during fit.\n"
    unseen = "Feature names unseen at fit time:\n- pH value\n"
    missing = "Feature names seen at fit time, yet now missing:\n- pH\n"
    renamed = table.rename(columns={"pH": "pH value"})
    assert refusal(model.predict_proba, renamed) == head + unseen + missing
    assert refusal(model.transform, table.drop(columns="pH")) == head + missing
    assert refusal(model.set_support, table.assign(**{"pH value": 1}), Y) == head + unseen
    assert refusal(model.predict, table[columns[::-1]]) == (
        head + "Feature names must be in the same order as they were in fit.\n"
    )


def test_wrong_number_of_columns_at_predict():
    model = classifier().fit(X.to_numpy(), Y)
    assert refusal(model.predict, X[["ligand"]].to_numpy()) == (
        f"X has 1 features, but {OWNER} is expecting 2 features as input."
    )


def test_another_kind_of_column_at_predict(fitted):
    assert refusal(fitted.predict, X.assign(pH="CCO")) == (
        "Column 'pH' held numbers in fit, and now holds molecules. Pass the columns as they were "
        "in fit."
    )
    assert refusal(fitted.predict, X.assign(ligand=1.5)) == (
        "Column 'ligand' held molecules in fit, and now holds numbers. Pass the columns as they "
        "were in fit."
    )


# -- Labels, weights, groups -----------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 1.5, "works", True])
def test_one_class_only(label):
    y = np.array([label] * 6) if label != 1.5 else np.ones(6) * 2.0
    shown = repr(label) if label != 1.5 else "2.0"
    assert refusal(classifier().fit, X, y) == (
        f"y holds one class only, {shown}, in 6 rows of positive weight. A classifier needs rows "
        "of at least two classes."
    )


def test_one_class_after_weights():
    assert refusal(classifier().fit, X, Y, sample_weight=Y) == (
        "y holds one class only, 1, in 3 rows of positive weight. A classifier needs rows of at "
        "least two classes."
    )


def test_measured_numbers_are_no_classes_in_silence():
    frame = pd.DataFrame({"pH": np.linspace(4, 10, 48)})
    message = (
        "y holds 12 different numbers, from 0 to 55, and each is taken for a class. If they were "
        "measured, make two classes of them, for example with y >= 30, or fit "
        "GraphFingerprintSiameseRegressor."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        classifier().fit(frame, np.arange(48) % 12 * 5)
    classifier().fit(frame, np.arange(48) % 10)  # ten scores: no warning


@pytest.mark.parametrize("readout", ["process", "mean"])
@pytest.mark.parametrize(
    ("y", "shown"),
    [([0, 0, 0, 0, 0, 1], "class 1"), (["x", "x", "x", "x", "y", "z"], "class 'y', 'z'")],
)
def test_class_of_one_row_warns_and_works(readout, y, shown):
    with pytest.warns(SmallClassWarning) as caught:
        model = classifier(readout=readout).fit(X, y)
    assert [str(w.message) for w in caught] == [
        f"Only one row of the {shown}: no pair of its own kind can be formed, so little can be "
        "learnt about it, and predict may never give it: look at its column of predict_proba. Add "
        "experiments of it, or leave it out."
    ]
    assert caught[0].filename == __file__
    assert np.isfinite(model.predict_proba(X)).all()


def test_one_row_of_weight_two_is_as_two_rows():
    classifier().fit(X, [0, 0, 0, 0, 0, 1], sample_weight=[1, 1, 1, 1, 1, 2])  # warns of nothing


MISSING = "Drop these rows or fill their labels in."


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:5], "y must hold one label for each row of X. Got 5 labels for 6 rows."),
        ([*Y, 0], "y must hold one label for each row of X. Got 7 labels for 6 rows."),
        (
            [0, 1, np.nan, 1, np.nan, 0],
            f"y must hold a label for each row. Got 2 missing or infinite, the first at position 2."
            f" {MISSING}",
        ),
        (
            ["x", "y", "x", None, "y", "x"],
            f"y must hold a label for each row. Got 1 missing or infinite, the first at position 3."
            f" {MISSING}",
        ),
        (
            pd.Series([None, 1, 0, 1, 0, 1], dtype="Int64"),
            f"y must hold a label for each row. Got 1 missing or infinite, the first at position 0."
            f" {MISSING}",
        ),
        (
            [0, 1, 0, 1, np.inf, 0],
            f"y must hold a label for each row. Got 1 missing or infinite, the first at position 4."
            f" {MISSING}",
        ),
        (
            None,
            f"{OWNER} requires y to be passed, but the target y is None. Pass one label for each "
            "row of X.",
        ),
        (
            [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
            "Unknown label type: continuous. Maybe you are trying to fit a classifier, which "
            "expects discrete classes on a regression target with continuous values.",
        ),
        (
            np.ones((6, 2)),
            "y must hold one label for each row of X. Got a table of the shape (6, 2): choose one "
            "of its columns.",
        ),
        (
            "pH",
            "y must hold one label for each row of X. Got the single text 'pH': if this is a "
            "column of your table, write y=X['pH'].",
        ),
        (
            [0, 1, [0, 1], 1, 0, 1],
            "y must hold one label for each row of X. Got [0, 1] at position 2. Give each row a "
            "single number or text.",
        ),
    ],
    ids=[
        "short",
        "long",
        "NaN",
        "None",
        "NA",
        "inf",
        "no-y",
        "continuous",
        "2-D",
        "name",
        "two-in-one",
    ],
)
@pytest.mark.parametrize("columns", [["ligand", "pH"], ["pH"]])
def test_bad_labels(y, message, columns):
    assert refusal(classifier().fit, X[columns], y) == message


def test_labels_of_two_types():
    y = np.array(["x", 1, "x", 1, "x", 1], dtype=object)
    assert refusal(classifier().fit, X, y, error=TypeError) == (
        "The labels in y must be of one type, so that they can be sorted. Got 1 (int) and 'x' "
        "(str). Convert them, for example with y.astype(str)."
    )


FINITE = "sample_weight must hold finite numbers of at least 0. Got"


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 1, -2, 1, 1, 1], f"{FINITE} -2.0 at position 2."),
        ([1, 1, 1, 1, np.nan, 1], f"{FINITE} nan at position 4."),
        ([np.inf, 1, 1, 1, 1, 1], f"{FINITE} inf at position 0."),
        ([0] * 6, "sample_weight is zero for every row. Give some row a positive weight."),
        (
            [1] * 5,
            "sample_weight must have the shape (6,), one weight for each row of X. Got the shape "
            "(5,).",
        ),
        (
            2.0,
            "sample_weight must have the shape (6,), one weight for each row of X. Got the shape "
            "().",
        ),
        ("heavy", "sample_weight must hold numbers, one for each row of X. Got 'heavy'."),
    ],
    ids=["negative", "NaN", "infinite", "zero", "short", "scalar", "text"],
)
def test_bad_weights(weight, message):
    assert refusal(classifier().fit, X, Y, sample_weight=weight) == message
    model = classifier().fit(X, Y)
    assert refusal(model.set_support, X, Y, sample_weight=weight) == message


def test_bad_groups():
    assert refusal(classifier().fit, X, Y, groups=[1, 2, 1]) == (
        "groups must hold one group for each row of X. Got 3 groups for 6 rows."
    )
    assert refusal(classifier().fit, X, Y, groups=["s", "s", "s", "t", "t", ("s", "t")]) == (
        "groups must hold one group for each row of X. Got ('s', 't') at position 5. Give each row "
        "a single number or text."
    )
    assert refusal(classifier().fit, X, Y, groups=["s", None, "s", None, "t", "t"]) == (
        "groups must hold a group for each row. Got 2 missing, the first at position 1. Give these "
        "rows a group of their own."
    )


# -- Hyper-parameters ------------------------------------------------------------------------------

ACTIVATIONS = "one of 'identity', 'leaky_relu', 'relu', 'sigmoid', 'tanh'"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        *[
            (name, value, "an integer of at least 1")
            for name in ("fp_size", "conv_width", "embedding_size", "n_members", "max_epochs")
            for value in (0, 1.5)
        ],
        ("n_iter_no_change", 0, "an integer of at least 1"),
        ("max_epochs", "10", "an integer of at least 1"),
        ("n_members", True, "an integer of at least 1"),
        ("radius", -1, "an integer of at least 0"),
        ("batch_size", 1, "an integer of at least 2"),
        ("verbose", -1, "an integer of at least 0"),
        ("verbose", None, "an integer of at least 0"),
        ("hidden_layer_sizes", -3, "an integer of at least 0"),
        ("activation", "gelu", ACTIVATIONS),
        ("embedding_activation", "gelu", ACTIVATIONS),
        ("scaling", "robust", "one of 'standard', 'minmax'"),
        ("lr_schedule", "step", "one of 'cosine', 'constant'"),
        ("readout", "max", "one of 'process', 'mean', 'paper', 'residual'"),
        ("readout", ["mean"], "one of 'process', 'mean', 'paper', 'residual'"),
        ("dropout", 1.0, "a number in [0, 1)"),
        ("dropout", "0.5", "a number in [0, 1)"),
        ("alpha", -0.1, "a number in [0, inf)"),
        ("alpha", np.inf, "a number in [0, inf)"),
        ("lr", 0.0, "a number in (0, inf)"),
        ("lr", np.nan, "a number in (0, inf)"),
        ("validation_fraction", 0.0, "a number in (0, 1)"),
        ("descriptors", "yes", "True or False"),
        ("early_stopping", None, "True or False"),
        ("n_jobs", 0, "None or an integer other than 0"),
        ("n_jobs", 1.0, "None or an integer other than 0"),
        ("callbacks", "bar", "None or a list of skorch callbacks"),
        ("callbacks", [3], "None or a list of skorch callbacks"),
        ("device", "abacus", "name a device that torch can use here, such as 'cpu'"),
        ("device", None, "name a device that torch can use here, such as 'cpu'"),
        (
            "random_state",
            "x",
            "None, an integer from 0 to 2**32 - 1 or a numpy.random.RandomState",
        ),
        ("random_state", -1, "None, an integer from 0 to 2**32 - 1 or a numpy.random.RandomState"),
    ],
)
def test_unknown_hyperparameters(name, value, allowed):
    verb = "must" if name == "device" else "must be"
    message = f"The {name!r} parameter of {OWNER} {verb} {allowed}. Got {value!r} instead."
    assert refusal(classifier(**{name: value}).fit, X, Y) == message


def test_unknown_sizes_within_a_tuple():
    assert refusal(classifier(hidden_layer_sizes=(4, 2.5)).fit, X, Y) == (
        f"The 'hidden_layer_sizes' parameter of {OWNER} must be an integer of at least 0. Got 2.5 "
        "instead."
    )


def test_every_hyperparameter_is_checked():
    """No value of any kind slips through to an error deep within; `object()` suits none."""
    for name in classifier().get_params():
        message = refusal(classifier(**{name: object()}).fit, X, Y)
        assert message.startswith(f"The {name!r} parameter of {OWNER} must "), name


def test_missing_cuda_is_a_bad_value():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert refusal(classifier(device="cuda").fit, X, Y) == (
        f"The 'device' parameter of {OWNER} must name a device that torch can use here, such as "
        "'cpu'. Got 'cuda' instead."
    )


# -- All or nothing --------------------------------------------------------------------------------


class Stop(Callback):
    """Fails at an event of the training."""

    def __init__(self, event):
        self.event = event

    def _fail(self, event):
        if event == self.event:
            raise RuntimeError(f"stopped at {event}")

    def on_train_begin(self, net, **_):
        self._fail("begin")

    def on_grad_computed(self, net, **_):
        self._fail("gradient")

    def on_epoch_end(self, net, **_):
        self._fail("epoch")

    def on_train_end(self, net, **_):
        self._fail("end")


NAMES = X.rename(columns={"pH": "acidity"})  # a frame that fits, of other columns than X
FAILURES = {
    "hyper-parameter": ({"lr": -1}, NAMES, Y),
    "table": ({}, NAMES.iloc[:0], Y[:0]),
    "labels": ({}, NAMES, Y[:4]),
    "one class": ({}, NAMES, np.zeros(6)),
    "cells": ({}, NAMES.assign(ligand=["C(C"] * 5 + ["CC"]), Y),
    "numbers": ({}, NAMES.assign(acidity=np.inf), Y),
    "training begins": ({"callbacks": [Stop("begin")]}, NAMES, Y),
    "first step": ({"callbacks": [Stop("gradient")]}, NAMES, Y),
    "first epoch": ({"callbacks": [Stop("epoch")]}, NAMES, Y),
    "training ends": ({"callbacks": [Stop("end")]}, NAMES, Y),
    "support": ({}, NAMES, Y),
}


@pytest.mark.parametrize("stage", FAILURES)
@pytest.mark.parametrize("fitted_before", [False, True])
def test_failed_fit_leaves_no_half(stage, fitted_before, monkeypatch):
    changes, table, y = FAILURES[stage]
    model = classifier()
    if fitted_before:
        model.fit(X, Y)
        proba = model.predict_proba(X)
        names = set(vars(model))
    model.set_params(**changes)
    if stage == "support":

        def fail(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(type(model), "_keep_support", fail)
    with pytest.raises((RuntimeError, ValueError)):
        model.fit(table, y)
    monkeypatch.undo()
    if fitted_before:
        assert set(vars(model)) == names
        assert model.feature_names_in_.tolist() == ["ligand", "pH"]
        np.testing.assert_array_equal(model.predict_proba(X), proba)
    else:
        assert set(vars(model)) == set(model.get_params())
        assert refusal(model.predict, X, error=NotFittedError).startswith(f"This {OWNER} instance")


def test_failed_set_support_leaves_the_old_one(fitted):
    proba = fitted.predict_proba(X)
    for table, y in ((X.assign(ligand="C(C"), Y), (X, Y + 5), (X, Y[:3]), (NAMES, Y)):
        with pytest.raises(ValueError, match=r"."):
            fitted.set_support(table, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), proba)
    assert fitted.support_indices_.tolist() == list(range(6))


def test_threads_come_back_after_a_failure():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with pytest.raises(RuntimeError, match=r"^stopped at epoch$"):
            classifier(callbacks=[Stop("epoch")]).fit(X, Y)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# -- Anything at all -------------------------------------------------------------------------------

CELLS = {
    "molecules": st.sampled_from(["CCO", "c1ccccc1", "[Na+].[Cl-]", "OCC", "", None, "[Au]"]),
    "text": st.sampled_from(["CCO", "C(C", "tea", " ", "*", "C\x00", "é"]),
    "floats": st.floats(),
    "small floats": st.floats(-100, 100),
    "integers": st.integers(-(2**70), 2**70),
    "booleans": st.booleans(),
    "anything": st.sampled_from(
        [
            None,
            1,
            2.5,
            "C",
            True,
            pd.NA,
            pd.NaT,
            [1],
            {},
            b"C",
            1j,
            graph_from_smiles("CO"),
            10**400,
        ]
    ),
    "graphs": st.sampled_from([graph_from_smiles("CO"), graph_from_smiles("N"), None]),
}


@st.composite
def tables(draw):
    """A table of few rows and columns of any kinds, and labels that are mostly legal."""
    n = draw(st.integers(0, 6))
    columns = {}
    for j in range(draw(st.integers(0, 3))):
        cells = CELLS[draw(st.sampled_from(sorted(CELLS)))]
        column = pd.Series(draw(st.lists(cells, min_size=n, max_size=n)), dtype=object)
        if draw(st.booleans()):
            with contextlib.suppress(OverflowError):  # pandas 2 makes floats of all integers
                column = column.infer_objects()
        columns[f"c{j}"] = column
    label = st.sampled_from(draw(st.sampled_from([[0, 1], ["a", "b", "c"], [0, None], [1.5, "x"]])))
    y = draw(st.lists(label, min_size=n, max_size=n))
    return pd.DataFrame(columns, index=range(n)), y


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.DoubtfulColumnWarning")
@given(tables(), st.sampled_from(["process", "mean"]), st.sampled_from(["standard", "minmax"]))
@settings(max_examples=60)
@example((pd.DataFrame({"a": [1e308, -1e308, 1e308]}), [0, 1, 0]), "process", "standard")
@example((pd.DataFrame({"a": [1e308, -1e308, 1e308]}), [0, 1, 0]), "process", "minmax")
@example((pd.DataFrame({"a": [1.0, 5e-324, 0.0]}), [0, 1, 0]), "mean", "minmax")
@example((pd.DataFrame({"a": [0.0, 5e-324, 0.0]}), [0, 1, 0]), "mean", "minmax")
@example((pd.DataFrame({"a": [10**400, 1, 2]}, dtype=object), [0, 1, 0]), "mean", "minmax")
def test_any_table_fits_or_is_refused(case, readout, scaling):
    table, y = case
    model = classifier(readout=readout, scaling=scaling, max_epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallClassWarning)
        warnings.simplefilter("ignore", ConstantInputWarning)
        try:
            model.fit(table, y)
        except (ValueError, TypeError):
            assert set(vars(model)) == set(model.get_params())
            return
    proba = model.predict_proba(table)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=0, atol=1e-9)
    assert set(model.predict(table)) <= set(model.classes_)


def test_bad_cells_of_a_prediction_are_listed():
    model = classifier().fit(X, Y)
    bad = X.assign(ligand=["C(C", "CCN", "CCS", "CCO", "CCN", "1.5"])
    with pytest.raises(InvalidSMILESError) as error:
        model.predict(bad)
    assert str(error.value) == (
        "Not readable as SMILES (2 in all):\n"
        "  column 'ligand', row 'a': 'C(C' ('(' at position 2 is not closed)\n"
        "  column 'ligand', row 'f': '1.5' (a number as text; convert the column with "
        f"pandas.to_numeric)\n{CURE}"
    )


def test_number_of_listed_experiments():
    message = f"The 'n_top' parameter of {OWNER} must be an integer of at least 1. Got -1 instead."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier().fit(X, Y).support_evidence(X, n_top=-1)


def test_three_thousand_bad_cells_make_a_short_message(fitted):
    bad = [f"C(C{i}" for i in range(3000)]
    table = pd.DataFrame({"ligand": ["CCO", *bad], "pH": np.arange(3001) % 7.0})
    for refused in (
        lambda: classifier().fit(table, np.arange(3001) % 2),
        lambda: fitted.predict(table.assign(solvent="O")[X.columns]),
        lambda: DesignSpace.from_frame(table),
        lambda: SMILESFeaturizer().fit_transform(table[["ligand"]]),
    ):
        with pytest.raises(InvalidSMILESError) as caught:
            refused()
        lines = str(caught.value).splitlines()
        assert len(lines) == 13
        assert lines[1].endswith("row 1: 'C(C0' ('(' at position 2 is not closed)")
        assert lines[11] == "  and 2,990 more"
        assert len(caught.value.cells) == 3000
    report = check_experiments(table, smiles_columns="ligand")
    assert report.n_errors == 1
    assert report.findings["message"].iloc[0].startswith("3,000 cells: rows 1, 2, 3, 4, 5 and ")
