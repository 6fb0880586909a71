"""The same table from pandas, polars and pyarrow, in all types of columns: the same answers."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    LeaveOneMoleculeOut,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
    _frame_libraries,
    check_experiments,
    compare_classifiers,
    read_experiments,
    stack_tasks,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.plotting import (
    ConditionCubeDisplay,
    EvidenceDisplay,
    FingerprintDistanceDisplay,
    ProbabilityMapDisplay,
)

RNG = np.random.RandomState(0)
LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1"]
TABLE = pd.DataFrame(
    {
        "ligand": [LIGANDS[i] for i in RNG.randint(0, 4, 24)],
        "stirrer": ["cross" if i else "bar" for i in RNG.randint(0, 2, 24)],
        "pH": RNG.uniform(4, 12, 24).round(2),
        "mM": RNG.randint(1, 20, 24),
        "dry": RNG.randint(0, 2, 24).astype(bool),
    }
)
Y = np.where((TABLE["pH"] > 8) ^ TABLE["ligand"].isin(["SCCN"]), "works", "fails")
DECIMALS = [Decimal(f"{value:.2f}") for value in TABLE["pH"]]
SHUFFLED = ["mM", "dry", "ligand", "pH", "stirrer"]


def arrow_backed(frame):
    return pa.Table.from_pandas(frame).to_pandas(types_mapper=pd.ArrowDtype)


def dictionary_backed(frame):
    """Arrow-backed, the texts as dictionaries."""
    kind = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    return arrow_backed(frame).astype({"ligand": kind, "stirrer": kind})


def arrow_table(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


def polars_decimals(frame):
    """Of decimals themselves: old versions of polars cut digits off where floats are cast."""
    exact = pl.Series("pH", DECIMALS[: len(frame)], dtype=pl.Decimal(10, 2))
    return pl.from_pandas(frame).with_columns(exact)


FORMS = {
    "nullable": lambda frame: frame.convert_dtypes(dtype_backend="numpy_nullable"),
    "Arrow-backed": arrow_backed,
    "Arrow dictionaries": dictionary_backed,
    "Arrow decimals": lambda frame: arrow_backed(frame.assign(pH=DECIMALS[: len(frame)])),
    "Decimal objects": lambda frame: frame.assign(pH=DECIMALS[: len(frame)]),
    "categorical": lambda frame: frame.astype({"ligand": "category", "stirrer": "category"}),
    "polars": pl.from_pandas,
    "polars categorical": lambda frame: pl.from_pandas(frame).cast({"ligand": pl.Categorical}),
    "polars decimals": polars_decimals,
    "pyarrow": arrow_table,
    "pyarrow batch": lambda frame: arrow_table(frame).to_batches()[0],
}
# For what takes long: all that a library does in its own way, in one table.
HARD = {
    "nullable": FORMS["nullable"],
    "Arrow-backed": lambda frame: dictionary_backed(frame.assign(pH=DECIMALS[: len(frame)])),
    "polars": lambda frame: polars_decimals(frame).cast({"ligand": pl.Categorical}),
    "pyarrow": arrow_table,
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture(params=HARD)
def hard_form(request):
    return HARD[request.param]


def siamese(**changes):
    settings = {"n_members": 1, "max_epochs": 3, "fp_size": 4, "conv_width": 4, "radius": 1}
    return GraphFingerprintSiameseClassifier(**settings | {"random_state": 0} | changes)


def forest():
    """A pipeline that any frame library can pass through."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), ("passthrough", ["pH", "mM"])
    )
    return make_pipeline(columns, RandomForestClassifier(10, random_state=0))


def of_numbers(estimator_class):
    return estimator_class(n_members=1, max_epochs=3, fp_size=4, radius=1, random_state=0)


@pytest.fixture(scope="module")
def fitted():
    return siamese().fit(TABLE, Y)


@pytest.mark.parametrize(
    "make",
    [
        siamese,
        lambda: of_numbers(GraphFingerprintMLPClassifier),
        lambda: of_numbers(GraphFingerprintSVMClassifier),
    ],
    ids=["siamese", "mlp", "svm"],
)
def test_classifiers_know_columns_by_name_in_every_library(hard_form, make):
    expected = make().fit(TABLE, Y)
    model = make().fit(hard_form(TABLE), Y)
    assert model.feature_names_in_.tolist() == list(TABLE)
    np.testing.assert_array_equal(
        model.predict_proba(hard_form(TABLE)), expected.predict_proba(TABLE)
    )
    np.testing.assert_array_equal(model.predict(hard_form(TABLE[:1])), expected.predict(TABLE[:1]))


def test_columns_are_brought_to_pandas_once(form, fitted, monkeypatch):
    X, seen = form(TABLE), []
    plain = _frame_libraries._plain_column
    monkeypatch.setattr(
        _frame_libraries, "_plain_column", lambda column: seen.append(column.name) or plain(column)
    )
    fitted.predict_proba(X)
    assert sorted(seen) == sorted(TABLE)


def test_another_order_of_columns_is_refused_in_every_library(form, fitted):
    message = (
        "The feature names should match those that were passed during fit.\n"
        "Feature names must be in the same order as they were in fit.\n"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fitted.predict(form(TABLE[SHUFFLED]))


UNSEEN = (
    "The feature names should match those that were passed during fit.\n"
    "Feature names unseen at fit time:\n- molarity\n"
    "Feature names seen at fit time, yet now missing:\n- mM\n"
)
RENAMED = TABLE.rename(columns={"mM": "molarity"})


def test_another_name_of_a_column_is_refused_in_every_library(form, fitted):
    with pytest.raises(ValueError, match=f"^{re.escape(UNSEEN)}$"):
        fitted.predict(form(RENAMED))


def test_numbers_alone_keep_their_names_too(hard_form):
    names = ["pH", "mM"]
    table = hard_form(TABLE.assign(ligand="C"))
    table = table.select(names) if hasattr(table, "select") else table[names]
    model = siamese().fit(table, Y)
    assert model.feature_names_in_.tolist() == names
    expected = siamese().fit(TABLE[names], Y)
    np.testing.assert_array_equal(model.predict_proba(table), expected.predict_proba(TABLE[names]))


def test_featurizer_reads_the_molecules_of_every_library(form):
    table = form(TABLE)
    column = table.select(["ligand"]) if hasattr(table, "select") else table[["ligand"]]
    featurizer = SMILESFeaturizer("descriptors").fit(column)
    assert featurizer.feature_names_in_.tolist() == ["ligand"]
    expected = SMILESFeaturizer("descriptors").fit_transform(TABLE[["ligand"]])
    np.testing.assert_array_equal(featurizer.transform(column), expected)
    np.testing.assert_array_equal(featurizer.fit_transform(column), expected)


def test_a_bad_cell_has_the_same_message_in_every_library(form, fitted):
    bad = TABLE.assign(ligand=["C(C", *TABLE["ligand"][1:]])
    with pytest.raises(InvalidSMILESError) as expected:
        fitted.predict(bad)
    with pytest.raises(InvalidSMILESError) as error:
        fitted.predict(form(bad))
    assert str(error.value) == str(expected.value)


def test_a_pipeline_passes_every_library_on(hard_form):
    expected = forest().fit(TABLE, Y).predict_proba(TABLE)
    table = hard_form(TABLE)
    if isinstance(table, pa.Table | pa.RecordBatch):
        pytest.skip("scikit-learn's ColumnTransformer takes no pyarrow tables")
    np.testing.assert_array_equal(forest().fit(table, Y).predict_proba(table), expected)


def test_splitter_finds_its_column_in_every_library(form):
    found = list(LeaveOneMoleculeOut("ligand").split(form(TABLE)))
    expected = list(LeaveOneMoleculeOut("ligand").split(TABLE))
    assert len(found) == len(expected) == 4
    for (train, test), (own_train, own_test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(train, own_train)
        np.testing.assert_array_equal(test, own_test)


def test_doctor_finds_the_same_in_every_library(form):
    bad = TABLE.assign(ligand=["C(C", *TABLE["ligand"][1:]], result=Y)
    expected = check_experiments(bad, outcome="result")
    report = check_experiments(form(bad), outcome="result")
    assert report.columns == expected.columns
    assert report.findings["message"].tolist() == expected.findings["message"].tolist()


def test_tables_are_read_alike_from_every_library(form):
    expected = read_experiments(TABLE.assign(result=Y), "result")
    table = read_experiments(form(TABLE.assign(result=Y)), "result")
    assert table.y.tolist() == expected.y.tolist()
    assert {n: r.role for n, r in table.roles.items()} == {
        n: r.role for n, r in expected.roles.items()
    }
    for name in expected.X:
        assert table.X[name].tolist() == expected.X[name].tolist()


def test_design_space_is_the_same_in_every_library(form):
    space, expected = (DesignSpace.from_frame(each) for each in (form(TABLE), TABLE))
    assert list(map(str, space.columns.values())) == list(map(str, expected.columns.values()))
    sampled = space.sample(50, random_state=0)
    pd.testing.assert_frame_equal(sampled, expected.sample(50, random_state=0), check_dtype=False)


def test_recommendations_are_the_same_in_every_library(hard_form):
    plates = []
    for each in (TABLE, hard_form(TABLE)):
        recommender = ExperimentRecommender(forest(), n_candidates=50, n_bootstrap=0)
        recommender = recommender.set_params(random_state=0).fit(each, Y)
        assert recommender.feature_names_in_.tolist() == list(TABLE)
        plates.append(recommender.recommend(2, pending=hard_form(TABLE[:2]), candidates=None))
        done = hard_form(TABLE[:3].assign(outcome=["works", "fails", "works"]))
        assert len(recommender.add_measurements(done, repeats=True).measured_) == 27
    pd.testing.assert_frame_equal(plates[1], plates[0], check_dtype=False)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_surrogate_is_the_same_in_every_library(hard_form):
    rules = []
    for each in (TABLE, hard_form(TABLE)):
        surrogate = SurrogateTreeExplainer(forest(), n_samples=100, max_depth=2, random_state=0)
        rules.append(surrogate.fit(each, Y).rules())
        assert surrogate.feature_names_in_.tolist() == list(TABLE)
        assert surrogate.explain(hard_form(TABLE[:1])) == surrogate.explain(TABLE[:1])
        assert surrogate.predict(hard_form(TABLE)).tolist() == surrogate.predict(TABLE).tolist()
    pd.testing.assert_frame_equal(*rules)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_a_surrogate_refuses_other_columns_in_every_library(hard_form):
    surrogate = SurrogateTreeExplainer(forest(), n_samples=100, max_depth=2, random_state=0)
    surrogate.fit(TABLE, Y)
    order = (
        "The feature names should match those that were passed during fit.\n"
        "Feature names must be in the same order as they were in fit.\n"
    )
    for ask in (surrogate.predict, surrogate.predict_proba, surrogate.explain):
        with pytest.raises(ValueError, match=f"^{re.escape(order)}$"):
            ask(hard_form(TABLE[SHUFFLED][:1]))
        with pytest.raises(ValueError, match=f"^{re.escape(UNSEEN)}$"):
            ask(hard_form(RENAMED[:1]))


@pytest.mark.filterwarnings("ignore:Of 12 candidates, 2 left out")
def test_a_recommender_finds_columns_by_name_or_says_which_is_absent(hard_form):
    recommender = ExperimentRecommender(forest(), n_candidates=50, n_bootstrap=0, random_state=0)
    recommender.fit(TABLE, Y)
    others = TABLE.assign(mM=TABLE["mM"].sample(frac=1, random_state=1).to_numpy())[:12]
    has = "It has: 'ligand', 'stirrer', 'pH', 'molarity', 'dry'"
    for name in ("pending", "candidates", "exclude"):
        expected = recommender.recommend(2, **{name: others})
        plate = recommender.recommend(2, **{name: hard_form(others[SHUFFLED])})
        pd.testing.assert_frame_equal(plate, expected, check_dtype=False)
        message = f"'{name}' lacks the column(s) 'mM'. {has}. Add or rename them."
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            recommender.recommend(2, **{name: hard_form(RENAMED)})
    message = (
        f"The table of measurements lacks the column(s) 'mM'. {has}, 'outcome'. Add or rename them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender.add_measurements(hard_form(RENAMED.assign(outcome=Y)))
    measured = hard_form(others.assign(outcome=Y[:12])[["outcome", *SHUFFLED]])
    added = recommender.add_measurements(measured, repeats=True).measured_[24:]
    assert added.astype(str).to_numpy().tolist() == others.astype(str).to_numpy().tolist()


def test_comparison_is_the_same_in_every_library(hard_form):
    found = []
    for each in (TABLE, hard_form(TABLE)):
        options = {"cv": 2, "n_repeats": 1, "baselines": ["logistic regression"]}
        comparison = compare_classifiers(forest(), each, Y, random_state=0, **options)
        found.append(comparison.scores)
    columns = [name for name in found[0] if "time" not in name]
    pd.testing.assert_frame_equal(found[1][columns], found[0][columns])


def test_tasks_are_stacked_alike_from_every_library(form):
    tasks = pd.DataFrame({"toxic": [0, 1] * 12, "soluble": [1] * 12 + [0] * 12})
    expected = stack_tasks(TABLE, tasks)
    stacked = stack_tasks(form(TABLE), tasks)
    assert stacked.y.tolist() == expected.y.tolist()
    assert stacked.X.astype(str).to_numpy().tolist() == expected.X.astype(str).to_numpy().tolist()
    for library in (pl.from_pandas(tasks), arrow_table(tasks)):
        assert stack_tasks(form(TABLE), library).groups.tolist() == expected.groups.tolist()


def test_pictures_are_the_same_in_every_library(hard_form, fitted):
    table = hard_form(TABLE)
    drawn, expected = (
        ProbabilityMapDisplay.from_estimator(
            fitted, each, columns=("pH", "mM"), at={"dry": True}, grid_resolution=3
        )
        for each in (table, TABLE)
    )
    np.testing.assert_array_equal(drawn.probability, expected.probability)
    cube, maps = ("pH", "mM", "degC"), ("hours", "volts")
    conditions = TABLE[["ligand", "stirrer", "pH", "mM"]].assign(
        degC=TABLE["pH"] * 2, hours=TABLE["mM"] + 0.5, volts=TABLE["pH"] - TABLE["mM"]
    )
    model = make_pipeline(
        make_column_transformer(("passthrough", [*cube, *maps])),
        RandomForestClassifier(5, random_state=0),
    ).fit(conditions, Y)
    drawn, expected = (
        ConditionCubeDisplay.from_estimator(
            model, each, cube_columns=cube, columns=maps, cube_resolution=2, grid_resolution=2
        )
        for each in (hard_form(conditions), conditions)
    )
    np.testing.assert_array_equal(drawn.probability, expected.probability)
    drawn, expected = (
        FingerprintDistanceDisplay.from_estimator(fitted, each, column="ligand")
        for each in (table, TABLE)
    )
    np.testing.assert_array_equal(drawn.distances, expected.distances)
    drawn, expected = (
        EvidenceDisplay.from_estimator(fitted, hard_form(TABLE[:1]), each, molecule="ligand")
        for each in (table, TABLE)
    )
    pd.testing.assert_frame_equal(drawn.evidence, expected.evidence)


@pytest.mark.parametrize(
    "library", [pl.Series, pa.array, lambda values: pa.chunked_array([values])]
)
def test_labels_groups_and_weights_come_from_every_library(library):
    weight, groups = np.arange(1, 25), np.repeat(["a", "b"], 12)
    expected = siamese(readout="mean").fit(TABLE, Y, groups=groups, sample_weight=weight)
    columns = {"groups": library(list(groups)), "sample_weight": library(weight.tolist())}
    model = siamese(readout="mean").fit(TABLE, library(list(Y)), **columns)
    np.testing.assert_array_equal(model.predict_proba(TABLE), expected.predict_proba(TABLE))


@pytest.mark.parametrize("library", [pl.Series, pa.array])
def test_a_column_of_smiles_is_a_table(library):
    found = SMILESFeaturizer("descriptors").fit_transform(library(["CCO", None]))
    np.testing.assert_array_equal(found, SMILESFeaturizer("descriptors").fit_transform(["CCO", ""]))


CELLS = {
    "whole": st.none() | st.integers(-(2**40), 2**40),
    "number": st.none() | st.floats(-1e9, 1e9),
    "truth": st.none() | st.booleans(),
    "text": st.none() | st.sampled_from(["CCO", "µL", ""]),
}


@given(data=st.data())
@settings(max_examples=30)
def test_cells_come_through_whole_from_every_library(data):
    n = data.draw(st.integers(1, 6))
    cells = {
        name: data.draw(st.lists(kind, min_size=n, max_size=n)) for name, kind in CELLS.items()
    }
    types = {"whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_(), "text": pa.string()}
    table = pa.table({name: pa.array(cells[name], types[name]) for name in cells})
    forms = [table, pl.from_arrow(table), table.to_pandas(types_mapper=pd.ArrowDtype)]
    for form in forms:
        frame = as_pandas(form)
        assert list(frame) == list(cells)
        for name, expected in cells.items():
            found = [None if pd.isna(cell) else cell for cell in frame[name]]
            assert found == expected
    types = [as_pandas(form).dtypes.astype(str).tolist() for form in forms]
    assert types[0][0] == types[1][0] == types[2][0]
