"""Splitters against counting by hand, and inside scikit-learn's and scikit-optimize's tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt import BayesSearchCV
from skopt.space import Integer

from sksiamese import InvalidSMILESError, LeaveOneMoleculeOut, SupportQuerySplit

SPELLINGS = [
    ["CCO", "OCC", "C(O)C", "[CH3][CH2][OH]"],
    ["c1ccccc1", "C1=CC=CC=C1"],
    ["[Na+].[BH4-]", "[BH4-].[Na+]"],
    ["OC(=O)[C@@H](N)C", "C[C@H](N)C(=O)O"],
    ["OC(=O)[C@H](N)C"],
    [None, "", np.nan, "  "],
]
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "ligand": [SPELLINGS[i % 4][i % 2] for i in range(36)],
        "pH": RNG.uniform(4, 12, 36),
        "degC": RNG.uniform(0, 100, 36),
    },
    index=[f"run {i}" for i in range(36)],
)
Y = np.where(X["pH"] + RNG.normal(0, 2, 36) > 8, "works", "fails")
NUMBERS = X[["pH", "degC"]].to_numpy()


def refusal(function, *args, error=ValueError, **kwargs):
    """Return the whole message of the error that a call raises, of exactly that type."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    assert type(caught.value) is error
    return str(caught.value)


def first_split(splitter, *args):
    return next(splitter.split(*args))


def numeric_model():
    columns = ColumnTransformer([("numbers", "passthrough", ["pH", "degC"])])
    return make_pipeline(columns, StandardScaler(), LogisticRegression())


# -- Leaving a molecule out ------------------------------------------------------------------------


@st.composite
def spelled_columns(draw):
    """Molecules, at least two of them, each row in one of its spellings."""
    numbers = draw(st.lists(st.integers(0, 5), min_size=2, max_size=30))
    numbers[0], numbers[-1] = 0, 1 + numbers[-1] % 5
    return numbers, [draw(st.sampled_from(SPELLINGS[i])) for i in numbers]


@given(spelled_columns())
def test_each_fold_is_all_rows_of_one_molecule(column):
    numbers, cells = column
    table = pd.DataFrame({"pH": 1.0, "ligand": pd.Series(cells, dtype=object)})
    splitter = LeaveOneMoleculeOut("ligand")
    splits = list(splitter.split(table))
    assert splitter.get_n_splits(table) == len(splits) == len(set(numbers))
    expected = [np.flatnonzero(np.array(numbers) == i).tolist() for i in set(numbers)]
    assert sorted(test.tolist() for _, test in splits) == sorted(expected)
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(len(numbers)))


def test_molecules_are_left_out_in_the_order_of_their_canonical_smiles():
    table = pd.DataFrame({"ligand": ["c1ccccc1", "OCC", None, "C1=CC=CC=C1"]})
    tests = [test.tolist() for _, test in LeaveOneMoleculeOut("ligand").split(table)]
    assert tests == [[2], [1], [0, 3]]


@pytest.mark.parametrize("column", [0, np.int64(0)])
@pytest.mark.parametrize("table", [X, X.to_numpy(), X["ligand"], X["ligand"].tolist()])
def test_molecule_column_by_position(table, column):
    by_name = [test.tolist() for _, test in LeaveOneMoleculeOut("ligand").split(X)]
    found = [test.tolist() for _, test in LeaveOneMoleculeOut(column).split(table)]
    assert found == by_name


def test_invalid_smiles_are_listed_by_column_and_row():
    table = X.copy()
    table.loc[["run 3", "run 5"], "ligand"] = ["C1CC", "glue"]
    message = (
        "Not readable as SMILES (2 in all):\n"
        "  column 'ligand', row 'run 3': 'C1CC' (the ring '1' at position 2 is not closed)\n"
        "  column 'ligand', row 'run 5': 'glue' ('g' at position 1 is not part of SMILES)\n"
        "Correct these cells, leave them empty where there is no molecule, or read the columns "
        "with SMILESFeaturizer(on_invalid='warn') to treat them as absent."
    )
    splitter = LeaveOneMoleculeOut("ligand")
    assert refusal(first_split, splitter, table, error=InvalidSMILESError) == message
    assert refusal(splitter.get_n_splits, table, error=InvalidSMILESError) == message


@pytest.mark.parametrize("column", ["ligands", 3, -1, True, None, 0.0])
def test_unknown_molecule_column(column):
    assert refusal(first_split, LeaveOneMoleculeOut(column), X) == (
        "The 'column' parameter of LeaveOneMoleculeOut must be the name of a column of X "
        f"('ligand', 'pH', 'degC') or a position from 0 to 2. Got {column!r} instead."
    )


def test_columns_without_two_molecules():
    table = pd.DataFrame({"solvent": ["CO", "OC", "CO"], "pH": [1.0, 2.0, 3.0]})
    assert refusal(first_split, LeaveOneMoleculeOut("solvent"), table) == (
        "Column 'solvent' holds one molecule alone, 'CO', in all 3 rows: without it no row is left "
        "to train on. Name another column, or use another splitter."
    )
    assert refusal(first_split, LeaveOneMoleculeOut("pH"), table) == (
        "Only text can be read as SMILES. These columns hold something else: 'pH' (float64). Pass "
        "the SMILES columns alone, for example through a ColumnTransformer."
    )
    assert refusal(LeaveOneMoleculeOut("solvent").get_n_splits) == (
        "LeaveOneMoleculeOut counts the molecules in X, which is None. Pass X, as to split."
    )


def test_molecule_splitter_in_cross_val_score():
    molecules = np.arange(36) % 4
    expected = cross_val_score(numeric_model(), X, Y, groups=molecules, cv=LeaveOneGroupOut())
    found = cross_val_score(numeric_model(), X, Y, cv=LeaveOneMoleculeOut("ligand"))
    np.testing.assert_array_equal(np.sort(found), np.sort(expected))


@pytest.mark.parametrize(
    "splitter", [LeaveOneMoleculeOut("ligand"), SupportQuerySplit(6, 3, random_state=0)]
)
def test_splitters_in_searches(splitter):
    grid = GridSearchCV(
        numeric_model(), {"logisticregression__C": [0.1, 1]}, cv=splitter, error_score="raise"
    ).fit(X, Y)
    columns = ColumnTransformer([("numbers", StandardScaler(), ["pH", "degC"])])
    bayes = BayesSearchCV(
        make_pipeline(columns, KNeighborsClassifier()),
        {"kneighborsclassifier__n_neighbors": Integer(1, 5)},
        n_iter=2,
        cv=splitter,
        random_state=0,
        error_score="raise",
    )
    for search in (grid, bayes.fit(X, Y)):
        assert search.n_splits_ == splitter.get_n_splits(X, Y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_splitters_show_their_parameters_and_pickle():
    assert repr(LeaveOneMoleculeOut("ligand")) == "LeaveOneMoleculeOut(column='ligand')"
    splitter = SupportQuerySplit({"no": 5, "yes": 10}, random_state=0)
    assert " ".join(repr(splitter).split()) == (
        "SupportQuerySplit(n_repeats=20, n_support={'no': 5, 'yes': 10}, random_state=0)"
    )
    assert repr(pickle.loads(pickle.dumps(splitter))) == repr(splitter)


# -- Support and query -----------------------------------------------------------------------------


@st.composite
def labelled_rows(draw):
    """Labels of two or three classes in one to three groups, and enough rows of each."""
    labels = draw(st.sampled_from([["no", "yes"], [0, 1, 2], [False, True], [-1.0, 1.0]]))
    groups = draw(st.sampled_from([[0], ["a", "b"], [3, 1, 2]]))
    n_support = {label: draw(st.integers(1, 3)) for label in labels}
    rows = [
        (label, group)
        for label in labels
        for group in groups
        for _ in range(n_support[label] + draw(st.integers(1, 4)))
    ]
    rows = draw(st.permutations(rows))
    return n_support, [label for label, _ in rows], [group for _, group in rows]


@settings(max_examples=50)
@given(labelled_rows(), st.integers(0, 2**31 - 1))
def test_support_has_so_many_rows_of_each_class_in_each_group(drawn, seed):
    n_support, y, groups = drawn
    splitter = SupportQuerySplit(n_support, n_repeats=3, random_state=seed)
    splits = list(splitter.split(np.zeros((len(y), 1)), y, groups))
    assert len(splits) == splitter.get_n_splits() == 3
    for support, query in splits:
        assert sorted([*support, *query]) == list(range(len(y)))
        assert (np.diff(support) > 0).all()
        assert (np.diff(query) > 0).all()
        counts = pd.Series([(y[i], groups[i]) for i in support]).value_counts().to_dict()
        assert counts == {(c, g): n for c, n in n_support.items() for g in set(groups)}
    again = splitter.split(np.zeros((len(y), 1)), y, groups)
    for (support, query), (same_support, same_query) in zip(splits, again, strict=True):
        np.testing.assert_array_equal(support, same_support)
        np.testing.assert_array_equal(query, same_query)


def supports(*args, y=Y, groups=None, **kwargs):
    splits = SupportQuerySplit(*args, **kwargs).split(np.zeros((len(y), 1)), y, groups)
    return [support.tolist() for support, _ in splits]


def test_every_row_is_drawn_as_often_as_any_other_of_its_class():
    shares = np.zeros(12)
    y = ["a"] * 8 + ["b"] * 4
    for support in supports(2, 3000, random_state=0, y=y):
        shares[support] += 1 / 3000
    # Three standard deviations of a share of 1/2 in 3,000 draws are 0.027.
    np.testing.assert_allclose(shares, [2 / 8] * 8 + [2 / 4] * 4, rtol=0, atol=0.03)


def test_draws_depend_on_random_state_alone():
    assert supports(3, 4, random_state=0) != supports(3, 4, random_state=1)
    assert len({tuple(support) for support in supports(3, 4, random_state=0)}) == 4
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert supports(3, 4) != supports(3, 4)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    generator = np.random.RandomState(0)
    assert supports(3, 4, random_state=generator) == supports(3, 4, random_state=0)
    assert supports(3, 4, random_state=generator) != supports(3, 4, random_state=0)


def test_smaller_support_is_a_part_of_the_larger_one():
    small, large = (supports(n, 4, random_state=0) for n in (2, 5))
    assert all(set(few) < set(many) for few, many in zip(small, large, strict=True))


def test_support_query_in_cross_val_score():
    splitter = SupportQuerySplit(4, 5, random_state=0)
    found = cross_val_score(KNeighborsClassifier(3), NUMBERS, Y, cv=splitter)
    expected = [
        accuracy_score(
            Y[query],
            KNeighborsClassifier(3).fit(NUMBERS[support], Y[support]).predict(NUMBERS[query]),
        )
        for support, query in splitter.split(NUMBERS, Y)
    ]
    assert found.tolist() == expected


def test_support_query_takes_groups_by_metadata_routing():
    groups = np.arange(36) // 18
    seen = []

    class Witness(KNeighborsClassifier):
        def fit(self, X, y):
            seen.append(np.sort(X[:, 0]).tolist())
            return super().fit(X, y)

    splitter = SupportQuerySplit(2, 3, random_state=0)
    with config_context(enable_metadata_routing=True):
        cross_val_score(Witness(2), NUMBERS, Y, cv=splitter, params={"groups": groups})
    splits = splitter.split(NUMBERS, Y, groups)
    assert seen == [np.sort(NUMBERS[support, 0]).tolist() for support, _ in splits]


def test_classes_with_too_few_rows_are_all_listed():
    y, groups = ["a"] * 5 + ["b"] * 3, ["x", "x", "x", "z", "z", "x", "x", "z"]
    assert refusal(supports, 3, y=y) == (
        "SupportQuerySplit needs more rows of each class than its support has, so that one is left "
        "to predict. Too few rows of\n"
        "  class 'b': 3, needs 4\n"
        "Lower n_support, or leave these rows out."
    )
    assert refusal(supports, {"a": 2, "b": 1}, y=y, groups=groups) == (
        "SupportQuerySplit needs more rows of each class than its support has, so that one is left "
        "to predict. Too few rows of\n"
        "  class 'a' in group 'z': 2, needs 3\n"
        "  class 'b' in group 'z': 1, needs 2\n"
        "Lower n_support, or leave these rows out."
    )
    assert refusal(supports, 1, y=[0, 0, 1, 1], groups=[7, 7, 8, 8]) == (
        "SupportQuerySplit needs more rows of each class than its support has, so that one is left "
        "to predict. Too few rows of\n"
        "  class 1 in group 7: 0, needs 2\n"
        "  class 0 in group 8: 0, needs 2\n"
        "Lower n_support, or leave these rows out."
    )


@pytest.mark.parametrize("n_support", [{"fails": 2}, {"fails": 2, "works": 2, "maybe": 2}])
def test_support_names_each_class(n_support):
    assert refusal(supports, n_support) == (
        "The 'n_support' parameter of SupportQuerySplit must have a number for each class in y: "
        f"'fails', 'works'. Got {n_support!r} instead."
    )


@pytest.mark.parametrize("value", [0, 2.0, True, "2", None])
def test_numbers_of_support_and_of_repeats(value):
    text = f"must be an integer of at least 1. Got {value!r} instead."
    message = f"The 'n_support' parameter of SupportQuerySplit {text}"
    assert refusal(supports, value) == message
    assert refusal(supports, {"fails": 1, "works": value}) == message
    message = f"The 'n_repeats' parameter of SupportQuerySplit {text}"
    assert refusal(supports, 1, value) == message
    assert refusal(SupportQuerySplit(1, value).get_n_splits) == message


def test_support_needs_labels_and_groups_of_all_rows():
    splitter = SupportQuerySplit(1)
    assert refusal(first_split, splitter, NUMBERS) == (
        "SupportQuerySplit draws rows of each class, and y is None. Pass y."
    )
    assert refusal(first_split, splitter, NUMBERS, Y, [None, *[1] * 35]) == (
        "groups must hold a group for each row. Got 1 missing, the first at position 0. Give these "
        "rows a group of their own."
    )
