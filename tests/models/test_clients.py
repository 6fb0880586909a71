"""What other programs do with a classifier: overwrite its names, leave columns out, weigh rows."""

import copy
import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.pipeline import make_pipeline

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
    SupportQuerySplit,
    SurrogateTreeExplainer,
    describe_model,
    load_model,
    save_model,
)
from sksiamese.exceptions import ConstantInputWarning

RNG = np.random.RandomState(0)
N = 18
X = pd.DataFrame(
    {
        "ligand": [["SCCN", "SCCO", "CCCCS"][i] for i in RNG.randint(0, 3, N)],
        "pH": RNG.uniform(4, 12, N),
    }
)
Y = np.where(X["pH"] > 7, "works", "fails")
NUMBERS = np.column_stack([X["pH"], np.ones(N), RNG.normal(size=N)])
SMALL = {"n_members": 2, "max_epochs": 5, "fp_size": 4, "random_state": 0}


def siamese(readout="process", **changes):
    return GraphFingerprintSiameseClassifier(readout=readout, **SMALL | changes)


CLASSIFIERS = {
    "process": siamese,
    "mean": lambda: siamese("mean"),
    "paper": lambda: siamese("paper"),
    "residual": lambda: siamese("residual"),
    "mlp": lambda: GraphFingerprintMLPClassifier(**SMALL),
    "svm": lambda: GraphFingerprintSVMClassifier(**SMALL),
}


@pytest.fixture(params=CLASSIFIERS)
def make(request):
    return CLASSIFIERS[request.param]


# -- Names -----------------------------------------------------------------------------------------


def test_names_that_a_client_overwrites_are_not_read_back(make):
    model = make().fit(X, Y)
    expected = model.predict_proba(X)
    model.feature_names_in_ = None
    np.testing.assert_array_equal(model.predict_proba(X.to_numpy()), expected)
    message = (
        "The columns of X are not those of fit. Got 'pH', 'ligand'; fit saw 'ligand', 'pH'. Pass "
        "these, in this order."
    )
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.predict(X[["pH", "ligand"]])


def test_a_featurizer_and_a_surrogate_keep_their_own_names_too():
    featurizer = SMILESFeaturizer().fit(X[["ligand"]])
    featurizer.feature_names_in_ = None
    assert featurizer.get_feature_names_out().tolist() == ["ligand"]
    forest = RandomForestClassifier(5, random_state=0)
    surrogate = SurrogateTreeExplainer(forest, n_samples=200, random_state=0)
    surrogate.fit(X[["pH"]].assign(mM=RNG.uniform(1, 20, N)), Y)
    expected = surrogate.explain([8.0, 2.0])
    surrogate.feature_names_in_ = None
    assert surrogate.explain([8.0, 2.0]) == expected


def test_a_recommender_keeps_its_own_names_too():
    pipeline = make_pipeline(
        make_column_transformer(("passthrough", ["pH"])), RandomForestClassifier(5, random_state=0)
    )
    recommender = ExperimentRecommender(pipeline, n_candidates=50, n_bootstrap=0, random_state=0)
    table = X[["pH"]].assign(mM=np.arange(N) / 3)
    recommender.fit(table, Y)
    more = table.assign(pH=table["pH"] + 0.01, outcome=Y)
    expected = copy.deepcopy(recommender).add_measurements(more).recommend(2)
    del recommender.feature_names_in_
    again = recommender.add_measurements(more)  # whose pipeline looks for the column "pH"
    pd.testing.assert_frame_equal(again.recommend(2), expected)


def test_a_model_whose_names_a_client_overwrote_can_be_saved(tmp_path):
    forest = RandomForestClassifier(5, random_state=0).fit(X[["pH"]], Y)
    expected = forest.predict_proba(X[["pH"]])
    forest.feature_names_in_ = None
    path = save_model(forest, tmp_path / "forest.model")
    assert describe_model(path).columns == {}
    found = load_model(path).predict_proba(X[["pH"]].to_numpy())
    np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_shap_explains_every_classifier(make):
    shap = pytest.importorskip("shap", reason="shap is not installed")
    frame = pd.DataFrame(NUMBERS, columns=["pH", "constant", "noise"])
    model = make().fit(frame, Y)
    expected = model.predict_proba(frame)
    explainer = shap.KernelExplainer(model.predict_proba, frame[:4])
    values = np.asarray(explainer.shap_values(frame[4:6], nsamples=16, silent=True))
    assert values.shape == (2, 3, 2)  # rows, columns, classes
    # What the columns add up to is the difference from the mean of the background.
    added = expected[4:6] - expected[:4].mean(axis=0)
    np.testing.assert_allclose(values.sum(axis=1), added, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(frame), expected)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_shap_explains_a_surrogate():
    shap = pytest.importorskip("shap", reason="shap is not installed")
    frame = pd.DataFrame(NUMBERS, columns=["pH", "constant", "noise"])
    surrogate = SurrogateTreeExplainer(siamese(), n_samples=200, random_state=0).fit(frame, Y)
    explainer = shap.KernelExplainer(surrogate.predict_proba, frame[:4])
    values = np.asarray(explainer.shap_values(frame[4:6], nsamples=16, silent=True))
    proba = surrogate.predict_proba(frame)
    added = proba[4:6] - proba[:4].mean(axis=0)
    np.testing.assert_allclose(values.sum(axis=1), added, atol=1e-6)


# -- Columns that never vary -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:These columns never varied")
def test_where_nothing_varies_the_class_frequencies_are_predicted(make):
    weight = np.arange(N) % 3
    table = pd.DataFrame({"ligand": "CCO", "pH": np.full(N, 7.0)})
    with pytest.warns(ConstantInputWarning):
        model = make().fit(table, Y, sample_weight=weight)
    share = weight[Y == "works"].sum() / weight.sum()
    others = pd.DataFrame({"ligand": ["CCO", "CCN"], "pH": [7.0, 9.0]})
    expected = [[1 - share, share]] * 2
    np.testing.assert_allclose(model.predict_proba(others), expected, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(others), np.log(expected), rtol=1e-12)
    common = "works" if share > 0.5 else "fails"
    if getattr(model, "readout", "") != "residual":  # whose threshold is the frequency itself
        assert model.predict(others).tolist() == [common] * 2
    if hasattr(model, "decision_function"):
        odds = np.log(share / (1 - share))
        np.testing.assert_allclose(model.decision_function(others), [odds] * 2, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.ConstantInputWarning")
@pytest.mark.parametrize("make", [siamese, CLASSIFIERS["mlp"]], ids=["siamese", "mlp"])
def test_searches_that_leave_columns_out_go_on(make):
    bag = BaggingClassifier(make(), n_estimators=4, max_features=1, random_state=0)
    assert np.isfinite(bag.fit(NUMBERS, Y).predict_proba(NUMBERS)).all()
    chosen = SequentialFeatureSelector(make(), n_features_to_select=1, cv=2).fit(NUMBERS, Y)
    assert chosen.get_support().tolist() == [True, False, False]
    chosen = RFECV(make(), cv=2, importance_getter=lambda model: np.arange(model.n_features_in_))
    assert chosen.fit(NUMBERS, Y).n_features_in_ == 3


def test_a_surrogate_of_a_space_in_which_nothing_varies_says_so():
    table = pd.DataFrame({"pH": np.full(N, 7.0), "stirrer": "bar"})
    message = (
        "No column of the design space varies, so that a tree has nothing to ask: 'pH' is always "
        "7.0, 'stirrer' is always 'bar'. Give experiments that differ, or a wider "
        "space=DesignSpace(...)."
    )
    with (
        pytest.warns(ConstantInputWarning),
        pytest.raises(ValueError, match=f"^{re.escape(message)}$"),
    ):
        SurrogateTreeExplainer(siamese()).fit(table, Y)


# -- Logarithms ------------------------------------------------------------------------------------


def test_log_proba_is_the_logarithm_of_the_probability(make):
    model = make().fit(X, Y)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


# -- Weights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e300, 1e100, 1e8])
def test_weights_of_any_size_are_taken_by_their_proportions(make, scale):
    weight = np.arange(N) % 3 + 1.0
    model, limit = make(), make()
    limit.fit(X, Y, sample_weight=weight * 1e6 / weight.mean())
    proba = model.fit(X, Y, sample_weight=weight * scale).predict_proba(X)
    np.testing.assert_allclose(proba, limit.predict_proba(X), rtol=1e-6)


def test_a_single_row_of_huge_weight_leaves_the_others_in():
    weight = np.ones(N)
    weight[0] = 1e300
    assert np.isfinite(siamese().fit(X, Y, sample_weight=weight).predict_proba(X)).all()


def test_small_weights_of_all_rows_do_not_hide_the_columns():
    even = GraphFingerprintMLPClassifier(**SMALL, tanimoto="never")
    expected = even.fit(X, Y).predict_proba(X)
    found = even.fit(X, Y, sample_weight=np.full(N, 1e-12)).predict_proba(X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


# -- What was meant --------------------------------------------------------------------------------


def test_the_name_of_a_column_is_no_groups_and_no_weights():
    text = (
        "groups must hold one group for each row of X. Got the single text 'batch': if this is a "
        "column of your table, write groups=X['batch']."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        siamese().fit(X, Y, groups="batch")
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        next(SupportQuerySplit(1).split(X, Y, "batch"))
    table = (
        "groups must hold one group for each row of X. Got a table of the shape (18, 2): choose "
        "one of its columns."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(table)}$"):
        siamese().fit(X, Y, groups=X)


def test_numbers_as_text_are_called_so_in_a_prediction():
    model = siamese().fit(X, Y)
    rows = pd.DataFrame(json.loads('[{"ligand": "SCCN", "pH": "7.5"}]'))
    message = (
        "Column 'pH' held numbers in fit, and now holds numbers as text, such as '7.5'. Convert "
        "it with pandas.to_numeric."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.predict(rows)


def test_outcomes_called_as_a_column_are_to_be_renamed():
    message = (
        "y has the name 'pH', as a column of X has, so that a table of measurements could not hold "
        "both. Give y a name of its own, for example with y.rename('outcome')."
    )
    recommender = ExperimentRecommender(siamese(), n_candidates=50)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender.fit(X, X["pH"] > 7)
    assert recommender.fit(X, (X["pH"] > 7).rename("outcome")).outcomes_.name == "outcome"


# -- Evidence --------------------------------------------------------------------------------------


@pytest.mark.parametrize("readout", ["process", "mean"])
def test_evidence_tells_where_an_experiment_is_its_own(readout):
    model = siamese(readout).fit(X, Y)
    again = X.replace({"ligand": {"SCCN": "NCCS"}})  # written in another way
    evidence = model.support_evidence(again, n_top=N)
    assert (evidence["same"] == (evidence["row"] == evidence["support"])).all()
    others = X.assign(pH=X["pH"] + 1e-6)
    assert not model.support_evidence(others, n_top=N)["same"].any()
