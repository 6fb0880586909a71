"""A table of many tasks as rows, labels and groups."""

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut

from sksiamese import (
    GraphFingerprintSiameseClassifier,
    LeaveOneMoleculeOut,
    SMILESFeaturizer,
    StackedTasks,
    load_model,
    save_model,
    stack_tasks,
)

SMILES = ["CCO", "CCCO", "CCN", "c1ccccc1", "CCO", "CC(C)O"]
LABELS = list("abcdef")


def make_table():
    conditions = {"mM": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "n": [1, 2, 3, 4, 5, 6]}
    return pd.DataFrame({"molecule": SMILES} | conditions, index=LABELS)


def make_tasks():
    tasks = {"toxic": [0, None, 1, 1, 0, 1], "soluble": [1, 1, None, 0, None, 1]}
    return pd.DataFrame(tasks, index=LABELS)


def small_model():
    return GraphFingerprintSiameseClassifier(n_members=2, max_epochs=4, random_state=0)


def test_rows_labels_and_groups():
    stacked = stack_tasks(make_table(), make_tasks())
    assert isinstance(stacked, StackedTasks)
    X, y, groups = stacked
    assert X["molecule"].tolist() == [SMILES[i] for i in (0, 2, 3, 4, 5, 0, 1, 3, 5)]
    assert X["mM"].tolist() == [1, 3, 4, 5, 6, 1, 2, 4, 6]
    assert X.columns.tolist() == ["molecule", "mM", "n"]
    assert y.tolist() == [0, 1, 1, 0, 1, 1, 1, 0, 1]
    assert groups.tolist() == ["toxic"] * 5 + ["soluble"] * 4
    assert X.index.tolist() == [*zip("acdefabdf", groups, strict=True)]
    assert X.index.names == [None, "task"]
    assert X.index.equals(y.index)
    assert X.index.equals(groups.index)
    assert (y.name, y.dtype, groups.name) == ("label", np.int64, "task")
    assert groups.cat.categories.tolist() == ["toxic", "soluble"]
    assert X.dtypes[["mM", "n"]].tolist() == [np.float64, np.int64]
    assert isinstance(X["molecule"].dtype, pd.CategoricalDtype)


def test_input_is_left_alone():
    table, tasks = make_table(), make_tasks()
    stack_tasks(table, tasks)
    pd.testing.assert_frame_equal(table, make_table())
    pd.testing.assert_frame_equal(tasks, make_tasks())


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_text_is_held_once(dtype):
    column = stack_tasks(make_table().astype({"molecule": dtype}), make_tasks()).X["molecule"]
    assert sorted(column.cat.categories) == sorted(set(SMILES))
    assert column.cat.codes.dtype == np.int8


def test_graphs_are_shared():
    graphs = (
        SMILESFeaturizer().set_output(transform="pandas").fit_transform(make_table()[["molecule"]])
    )
    X, _, _ = stack_tasks(graphs, make_tasks())
    given_graphs = set(map(id, graphs["molecule"]))
    assert len(X) == 9
    assert set(map(id, X["molecule"])) <= given_graphs


def test_gaps_stay_gaps():
    table = pd.DataFrame({"solvent": ["O", None, "", None], "pH": [7, np.nan, 1, 2]})
    X, _, _ = stack_tasks(table, pd.DataFrame({"a": [1, 0, 1, 0], "b": [1, 0, None, None]}))
    assert X["solvent"].isna().tolist() == [False, True, False, True, False, True]
    assert X["pH"].isna().tolist() == [False, True, False, False, False, True]


def test_names_of_levels_and_several_levels():
    index = pd.MultiIndex.from_tuples([("p1", 1), ("p1", 2), ("p2", 1)], names=["plate", "well"])
    table = pd.DataFrame({"molecule": SMILES[:3]}, index=index)
    tasks = pd.DataFrame({"a": [1, 0, 1], "b": [None, 1, 0]}, index=index)
    X, _, _ = stack_tasks(table, tasks)
    assert X.index.names == ["plate", "well", "task"]
    assert X.index[-1] == ("p2", 1, "b")


def test_repeated_row_labels():
    index = ["a", "a", "b"]
    table = pd.DataFrame({"molecule": SMILES[:3]}, index=index)
    X, y, _ = stack_tasks(table, pd.DataFrame({"a": [1, 0, 1]}, index=index))
    assert X["molecule"].tolist() == SMILES[:3]
    assert y.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "X",
    [SMILES, np.array(SMILES, dtype=object), np.array([SMILES], dtype=object).T],
    ids=["list", "1-D array", "2-D array"],
)
def test_input_without_names_and_labels(X):
    stacked = stack_tasks(X, make_tasks().to_numpy())
    assert stacked.X.columns.tolist() == [0]
    assert stacked.groups.tolist() == [0] * 5 + [1] * 4
    assert stacked.X.index[:2].tolist() == [(0, 0), (2, 0)]
    model = small_model().fit(stacked.X, stacked.y, groups=stacked.groups)
    assert not hasattr(model, "feature_names_in_")
    assert stack_tasks(X, make_tasks()).X.index[0] == ("a", "toxic")


def test_series():
    X, y, groups = stack_tasks(make_table()["molecule"], make_tasks()["toxic"])
    assert X.columns.tolist() == ["molecule"]
    assert (groups == "toxic").all()
    assert y.tolist() == [0, 1, 1, 0, 1]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"a": [0.0, 1.0, np.nan], "b": [1, 2, 3]}, [0, 1, 1, 2, 3]),
        ({"a": [True, None, False], "b": [True, True, False]}, [True, False, True, True, False]),
        ({"a": [True, None, False], "b": [1, 0, None]}, [1, 0, 1, 0]),
        ({"a": [0.5, 1.0, None]}, [0.5, 1.0]),
        ({"a": ["yes", None, "no"], "b": [pd.NA, "yes", "no"]}, ["yes", "no", "yes", "no"]),
        ({"a": pd.Categorical(["hi", None, "lo"])}, ["hi", "lo"]),
        ({"a": pd.array([1, None, 2**62 + 1], "Int64")}, [1, 2**62 + 1]),
        ({"a": [1e300, 1.0, None]}, [1e300, 1.0]),
        ({"a": [2**70, 1, None]}, [2.0**70, 1.0]),
    ],
)
def test_labels_of_each_kind(cells, expected):
    y = stack_tasks(SMILES[:3], pd.DataFrame(cells)).y
    assert y.tolist() == expected
    assert [type(label) for label in y.tolist()] == [type(label) for label in expected]


rows = st.integers(1, 12)
kinds = st.sampled_from(
    [st.integers(-5, 5), st.booleans(), st.sampled_from(["yes", "no", ""]), st.floats(-2, 2)]
)


@given(st.data(), rows, st.integers(1, 4))
def test_stacked_labels_make_the_table_again(data, n_rows, n_tasks):
    label = data.draw(kinds)
    cell = st.one_of(st.none(), label)
    tasks = {}
    for name in "abcd"[:n_tasks]:
        column = data.draw(st.lists(cell, min_size=n_rows, max_size=n_rows))
        column[data.draw(st.integers(0, n_rows - 1))] = data.draw(label)
        tasks[name] = column
    tasks = pd.DataFrame(tasks, dtype=data.draw(st.sampled_from([None, object])))
    table = pd.DataFrame({"row": range(n_rows), "text": [f"m{i % 3}" for i in range(n_rows)]})
    X, y, groups = stack_tasks(table, tasks)
    assert X["text"].tolist() == [f"m{i % 3}" for i in X["row"]]
    assert X.index.tolist() == list(zip(X["row"], groups, strict=True))
    again = pd.DataFrame(index=tasks.index, columns=tasks.columns, dtype=object)
    for (row, name), value in y.items():
        again.loc[row, name] = value
    assert again.notna().equals(tasks.notna())
    assert (again == tasks)[tasks.notna()].fillna(True).all(axis=None)
    # What the docstring promises of unstack, which sorts the rows and drops those without labels.
    wide = y.unstack().reindex(tasks.index)  # noqa: PD010
    assert wide.columns.tolist() == tasks.columns.tolist()
    assert wide.notna().equals(tasks.notna())


# -- Classifiers -----------------------------------------------------------------------------------


def plainly(stacked):
    """The same rows with copied text, plain row labels and groups as a list."""
    X = stacked.X.astype({"molecule": object}).reset_index(drop=True)
    return X, stacked.y.tolist(), stacked.groups.tolist()


def test_categories_give_the_predictions_of_text():
    stacked = stack_tasks(make_table(), make_tasks())
    X, y, groups = plainly(stacked)
    categorical = small_model().fit(stacked.X, stacked.y, groups=stacked.groups)
    plain = small_model().fit(X, y, groups=groups)
    expected = plain.predict_proba(X)
    for model in (categorical, plain):
        for table in (stacked.X, X):
            np.testing.assert_array_equal(model.predict_proba(table), expected)


def test_each_molecule_is_parsed_once(capsys):
    """The progress bar counts what is parsed."""
    small_model().set_params(verbose=1).fit(*stack_tasks(make_table(), make_tasks()))
    bars = [bar for bar in re.split(r"[\r\n]", capsys.readouterr().err) if "molecule/s" in bar]
    assert f"{len(set(SMILES))}/{len(set(SMILES))}" in bars[-1]


def test_evidence_names_row_and_task(tmp_path):
    X, y, groups = stack_tasks(make_table(), make_tasks())
    model = small_model().fit(X, y, groups=groups)
    save_model(model, tmp_path / "model.sksiamese")
    for each in (model, load_model(tmp_path / "model.sksiamese")):
        evidence = each.support_evidence(X[:1], n_top=9)
        assert evidence["row"].tolist() == [("a", "toxic")] * 9
        assert set(evidence["support"]) == set(X.index)


def test_groups_split_tasks():
    X, y, groups = stack_tasks(make_table(), make_tasks())
    splits = list(LeaveOneGroupOut().split(X, y, groups))
    assert sorted(test.tolist() for _, test in splits) == [[0, 1, 2, 3, 4], [5, 6, 7, 8]]
    assert LeaveOneMoleculeOut("molecule").get_n_splits(X) == 5


def test_error_of_the_classifier_names_row_and_task():
    table = make_table().assign(mM=[1.0, np.inf, 3, 4, 5, 6])
    X, y, groups = stack_tasks(table, make_tasks())
    message = (
        "Numeric columns must not hold NaN, infinity or more than 1e+100 (1 cells do):\n"
        "  column 'mM', row ('b', 'soluble'): inf\n"
        "Fill these cells in, drop the rows, or put a SimpleImputer before the model."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        small_model().fit(X, y, groups=groups)


def kept_bytes(n_tasks):
    """Memory that the stacked rows of 3,000 molecules take."""
    smiles = ["C" * (1 + i % 60) + "O" * (i // 60) for i in range(3000)]
    tasks = pd.DataFrame(np.tile([[0.0], [1.0]], (1500, n_tasks)))
    table = pd.DataFrame({"molecule": smiles}, dtype=object)
    tracemalloc.start()
    try:
        stacked = stack_tasks(table, tasks)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(stacked.X) == 3000 * n_tasks
    return kept


def test_memory_of_a_further_row():
    """Of bytes, 2 for the molecule, 8 for the label, 1 for the task and 3 for the row label."""
    assert (kept_bytes(30) - kept_bytes(10)) / 60_000 < 15


# -- Errors ----------------------------------------------------------------------------------------


def refused(error, message, X, Y):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        stack_tasks(X, Y)


def test_unequal_lengths():
    message = (
        "Y must have one row for each row of X. Got 5 rows of Y for 6 of X. Pass both for the same "
        "rows."
    )
    refused(ValueError, message, make_table(), make_tasks()[:5])
    refused(ValueError, message, SMILES, make_tasks()[:5].to_numpy())


def test_row_labels_in_another_order():
    message = (
        "X and Y must have the same row labels in the same order. Position 1 is row 'b' of X and "
        "row 'c' of Y. Put them in one order, for example with Y = Y.loc[X.index]."
    )
    refused(ValueError, message, make_table(), make_tasks().loc[list("acbdef")])


def test_row_labels_of_other_types():
    message = (
        "X and Y must have the same row labels in the same order. Position 0 is row 'a' of X and "
        "row 0 of Y. Put them in one order, for example with Y = Y.loc[X.index]."
    )
    refused(ValueError, message, make_table(), make_tasks().reset_index(drop=True))


def test_tasks_without_labels():
    message = (
        "No row of Y has a label in the column(s) 'new', 'newer'. Leave out tasks without labels, "
        "for example with Y = Y.dropna(axis=1, how='all')."
    )
    refused(ValueError, message, make_table(), make_tasks().assign(new=np.nan, newer=None))


def test_no_tasks():
    message = "Y has no columns. Pass a column of labels for each task."
    refused(ValueError, message, make_table(), make_tasks()[[]])


def test_tasks_of_one_name():
    tasks = pd.concat([make_tasks(), make_tasks()[["toxic"]]], axis=1)
    message = (
        "Y has more than one column named 'toxic'. Each column is a task of its own: rename the "
        "repeated columns, or drop them."
    )
    refused(ValueError, message, make_table(), tasks)


@pytest.mark.parametrize("names", [["toxic", None], [("a", "b"), ("a", "c")]])
def test_tasks_without_a_single_name(names):
    tasks = make_tasks().set_axis(pd.Index(names), axis=1)
    message = (
        f"Each column of Y must have one name, that of its task. Got {list(tasks.columns)}. Name "
        "them with Y.columns = [...]."
    )
    refused(ValueError, message, make_table(), tasks)


@pytest.mark.parametrize("Y", [np.zeros((6, 2, 2)), {"toxic": [1]}, None])
def test_other_shapes(Y):
    n_dimensions = np.ndim(np.asarray(Y, dtype=object))
    message = (
        f"Y must have a row for each row of X and a column for each task. Got {type(Y).__name__} "
        f"with {n_dimensions} dimensions. Pass a DataFrame or an array of two dimensions."
    )
    refused(ValueError, message, make_table(), Y)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ([1], "[1] (list)"),
        (1j, "1j (complex)"),
        (b"yes", "b'yes' (bytes)"),
        (pd.Timestamp("2026-01-01"), "Timestamp('2026-01-01 00:00:00') (Timestamp)"),
    ],
)
def test_cells_that_are_no_labels(cell, shown):
    tasks = make_tasks().astype(object)
    tasks["soluble"] = pd.Series([*tasks["soluble"][:3], cell, None, 1.0], LABELS, dtype=object)
    message = (
        "A label must be a number, a truth value or text, but column 'soluble', row 'd' of Y holds "
        f"{shown}. Correct the cell or leave it empty."
    )
    refused(TypeError, message, make_table(), tasks)


def test_text_beside_numbers():
    tasks = make_tasks().astype(object)
    tasks.loc["d", "soluble"] = "no"
    message = (
        "Labels must be all text or all numbers, but column 'soluble', row 'd' of Y holds 'no' and "
        "column 'toxic', row 'a' of Y holds 0.0. Write the labels of all tasks in one way."
    )
    refused(TypeError, message, make_table(), tasks)


def test_infinite_labels():
    tasks = make_tasks().assign(soluble=[1, 0, None, -np.inf, 1, np.inf])
    message = (
        "Labels must be finite, but column 'soluble', row 'd' of Y holds -inf. Correct the cell or "
        "leave it empty."
    )
    refused(ValueError, message, make_table(), tasks)
