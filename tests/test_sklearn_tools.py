"""The classifier inside scikit-learn's and scikit-optimize's tools, on mixed columns."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from skopt import BayesSearchCV
from skopt.space import Categorical, Integer, Real
from skorch.callbacks import Callback

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer

LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S", "CCCCCCS", "SCCCO"]
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "ligand": [LIGANDS[i] for i in RNG.randint(0, 8, 24)],
        "pH": RNG.uniform(4, 12, 24),
        "degC": RNG.uniform(0, 100, 24),
    },
    index=[f"run {i}" for i in range(24)],
)
Y = np.where((X["pH"] > 8) ^ X["ligand"].isin(["SCCN", "CC(C)S"]), "works", "fails")
WEIGHT = np.arange(24) % 3
GROUPS = np.arange(24) // 6
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def classifier(**changes):
    settings = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}
    return GraphFingerprintSiameseClassifier(**{**settings, "random_state": 0, **changes})


def pipeline(**changes):
    """Graphs and scaled numbers in a pandas frame, then the classifier."""
    columns = ColumnTransformer(
        [
            ("molecules", SMILESFeaturizer(), ["ligand"]),
            ("conditions", StandardScaler(), ["pH", "degC"]),
        ],
        verbose_feature_names_out=False,
    )
    steps = [("columns", columns), ("clf", classifier(**changes))]
    return Pipeline(steps).set_output(transform="pandas")


@pytest.mark.parametrize("make", [classifier, pipeline])
def test_cross_val_score_whatever_n_jobs(make):
    one = cross_val_score(make(), X, Y, cv=FOLDS, scoring="neg_log_loss", error_score="raise")
    two = cross_val_score(
        make(), X, Y, cv=FOLDS, scoring="neg_log_loss", error_score="raise", n_jobs=2
    )
    assert one.shape == (3,)
    np.testing.assert_array_equal(one, two)


def test_cross_validation_by_hand_gives_the_same():
    found = cross_val_predict(classifier(), X, Y, cv=FOLDS, method="predict_proba")
    for train, test in FOLDS.split(X, Y):
        model = classifier().fit(X.iloc[train], Y[train])
        np.testing.assert_array_equal(found[test], model.predict_proba(X.iloc[test]))


def test_a_molecule_column_empty_in_one_fold():
    """A rare additive: without it in a training fold, the column is ignored, not an error."""
    table = X.assign(additive=[*["CCO"] * 3, *[None] * 21])
    cv = [(np.arange(3, 24), np.arange(3)), (np.arange(16), np.arange(16, 24))]
    scores = cross_val_score(classifier(), table, Y, cv=cv, error_score="raise")
    assert np.isfinite(scores).all()


def test_grid_search():
    grid = {"clf__alpha": [0.0, 0.1], "clf__hidden_layer_sizes": [(4,), (4, 2)]}
    search = GridSearchCV(pipeline(), grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_params_["clf__alpha"] in (0.0, 0.1)
    assert search.classes_.tolist() == ["fails", "works"]
    best = pipeline().set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))


def test_bayes_search():
    """Types that skopt draws, numpy's among them, are legal."""
    space = {
        "alpha": Real(1e-4, 1e-1, prior="log-uniform"),
        "embedding_size": Integer(1, 8),
        "readout": Categorical(["process", "mean"]),
        "descriptors": Categorical([True, False]),
        "early_stopping": Categorical([True, False]),
        "hidden_layer_sizes": Integer(0, 6),
    }
    search = BayesSearchCV(
        classifier(max_epochs=3), space, n_iter=3, cv=2, random_state=0, error_score="raise"
    )
    with warnings.catch_warnings():
        # skopt 0.10.2 reads an attribute that scikit-learn deprecates; not what is tested here.
        warnings.simplefilter("ignore", FutureWarning)
        search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(search.best_params_) == set(space)
    best = classifier(max_epochs=3).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict(X), best.predict(X))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method):
    calibrated = CalibratedClassifierCV(pipeline(), method=method, cv=2).fit(X, Y)
    proba = calibrated.predict_proba(X)
    assert calibrated.classes_.tolist() == ["fails", "works"]
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=0, atol=1e-12)
    raw = calibrated.calibrated_classifiers_[0].estimator.predict_proba(X)
    if method == "sigmoid":  # Platt's map keeps or reverses the order
        order = np.argsort(raw[:, 1])
        parts = [c.predict_proba(X)[order, 1] for c in calibrated.calibrated_classifiers_[:1]]
        steps = np.diff(parts[0])
        assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


def test_clone():
    model = classifier(hidden_layer_sizes=(4, 2), callbacks=[Callback()]).fit(X, Y)
    copy = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)
    assert not [name for name in vars(copy) if name.endswith("_")]
    ours, theirs = model.get_params(), copy.get_params()
    assert [type(c) for c in theirs.pop("callbacks")] == [type(c) for c in ours.pop("callbacks")]
    assert theirs == ours
    np.testing.assert_array_equal(copy.fit(X, Y).predict_proba(X), model.predict_proba(X))


def test_nested_pipeline_with_pandas_output():
    model = classifier().set_output(transform="pandas").fit(X, Y)
    embedding = model.transform(X)
    assert isinstance(embedding, pd.DataFrame)
    assert embedding.index.tolist() == X.index.tolist()
    assert embedding.columns.tolist() == model.get_feature_names_out().tolist()
    # A pipeline within a pipeline: the embedding as the features of another classifier.
    stacked = make_pipeline(pipeline(), LogisticRegression()).fit(X, Y)
    assert stacked[-1].feature_names_in_.tolist() == embedding.columns.tolist()
    alone = LogisticRegression().fit(pipeline().fit(X, Y).transform(X), Y)
    np.testing.assert_allclose(stacked[-1].coef_, alone.coef_, rtol=1e-9)


def test_sample_weight_through_a_pipeline():
    fitted = pipeline().fit(X, Y, clf__sample_weight=WEIGHT)
    columns = fitted[:-1]
    direct = classifier().fit(columns.transform(X), Y, sample_weight=WEIGHT)
    np.testing.assert_array_equal(
        fitted.predict_proba(X), direct.predict_proba(columns.transform(X))
    )
    plain = pipeline().fit(X, Y)
    assert np.abs(fitted.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3


def test_groups_through_a_pipeline():
    fitted = pipeline().fit(X, Y, clf__groups=GROUPS)
    plain = pipeline().fit(X, Y)
    assert np.abs(fitted.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3


class Witness(GraphFingerprintSiameseClassifier):
    """The classifier, noting what it was fitted with."""

    def fit(self, X, y, groups=None, sample_weight=None):
        super().fit(X, y, groups=groups, sample_weight=sample_weight)
        self.seen_ = list(X.index), groups, sample_weight
        return self


def test_metadata_routing_brings_each_row_its_own():
    witness = Witness(**classifier().get_params())
    with config_context(enable_metadata_routing=True):
        witness.set_fit_request(sample_weight=True, groups=True)
        witness.set_score_request(sample_weight=True)
        metadata = {"sample_weight": WEIGHT + 1, "groups": GROUPS}
        found = cross_validate(
            witness, X, Y, cv=GroupKFold(2), params=metadata, return_estimator=True
        )
    place = {label: i for i, label in enumerate(X.index)}
    for estimator in found["estimator"]:
        rows, groups, weight = estimator.seen_
        chosen = [place[row] for row in rows]
        assert len(rows) == 12
        assert groups.tolist() == GROUPS[chosen].tolist()
        assert weight.tolist() == (WEIGHT[chosen] + 1).tolist()


def test_metadata_routing_through_a_pipeline():
    expected = pipeline().fit(X, Y, clf__sample_weight=WEIGHT, clf__groups=GROUPS).predict_proba(X)
    with config_context(enable_metadata_routing=True):
        routed = pipeline()
        routed["clf"].set_fit_request(sample_weight=True, groups=True)
        for name, step, _ in routed["columns"].transformers:
            if name == "conditions":
                step.set_fit_request(sample_weight=False)
        routed.fit(X, Y, sample_weight=WEIGHT, groups=GROUPS)
        np.testing.assert_array_equal(routed.predict_proba(X), expected)
