"""Search spaces in the searches of scikit-learn and scikit-optimize, on mixed columns."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    ParameterSampler,
    RandomizedSearchCV,
    ShuffleSplit,
)
from sklearn.pipeline import Pipeline
from skopt import BayesSearchCV
from skopt.space import Categorical, Dimension, Integer, Real

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
)
from sksiamese.tuning import search_space

SIAMESE, MLP = GraphFingerprintSiameseClassifier, GraphFingerprintMLPClassifier
SVM = GraphFingerprintSVMClassifier
KINDS = pytest.mark.parametrize("kind", [SIAMESE, MLP, SVM])
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "ligand": RNG.choice(["SCCN", "SCCO", "Sc1ccccc1", "CC(C)S"], 12),
        "solvent": RNG.choice(["O", "CO", None], 12),
        "pH": RNG.uniform(4, 12, 12),
        "degC": RNG.uniform(0, 100, 12),
    }
)
Y = np.array(["fails", "works"] * 6)
HALVES = ShuffleSplit(1, test_size=0.4, random_state=0)

# A value of each parameter that is not its default.
OTHER = {
    "fp_size": 3,
    "conv_width": 5,
    "radius": 1,
    "descriptors": False,
    "scaling": "minmax",
    "tanimoto": "always",
    "hidden_layer_sizes": (4, 3),
    "embedding_size": 2,
    "activation": "relu",
    "embedding_activation": "sigmoid",
    "readout": "mean",
    "support_size": 5,
    "dropout": 0.2,
    "alpha": 0.1,
    "n_members": 3,
    "max_epochs": 1,
    "lr": 0.1,
    "lr_schedule": "constant",
    "batch_size": 5,
    "early_stopping": True,
    "validation_fraction": 0.4,
    "n_iter_no_change": 1,
    "callbacks": [],
    "device": "cpu",
    "n_jobs": 1,
    "random_state": 3,
    "verbose": False,
}


def pipeline(kind, **changes):
    """Graphs and numbers, then a small classifier."""
    clf = kind(**{"n_members": 1, "max_epochs": 2, "random_state": 0, **changes})
    table = make_column_transformer(
        (SMILESFeaturizer(), ["ligand", "solvent"]), remainder="passthrough"
    )
    return Pipeline([("table", table), ("clf", clf)])


def short(space):
    """The same space, of few epochs."""
    return space | {name: Categorical([1, 2]) for name in space if name.endswith("max_epochs")}


# -- What is searched ------------------------------------------------------------------------------


def bounds(space):
    return {name: tuple(dimension.bounds) for name, dimension in space.items()}


def test_the_papers_space():
    expected = {
        "alpha": (0, 0.1),
        "embedding_size": (1, 500),
        "hidden_layer_sizes__0": (5, 500),
        "hidden_layer_sizes__1": (0, 500),
        "max_epochs": (20, 200),
    }
    assert bounds(search_space(SIAMESE())) == expected
    del expected["embedding_size"]
    assert bounds(search_space(MLP(), kind="paper")) == expected
    assert bounds(search_space(SVM())) == {"alpha": (0, 0.1), "max_epochs": (20, 200)}
    assert all(dimension.prior == "uniform" for dimension in search_space(MLP()).values())


@KINDS
@pytest.mark.parametrize("space_kind", ["paper", "wide"])
def test_names_are_those_of_parameters(kind, space_kind):
    space = search_space(kind(), space_kind)
    assert list(space) == sorted(space)
    assert [dimension.name for dimension in space.values()] == list(space)
    names = {name.partition("__")[0] for name in space}
    assert names <= set(kind().get_params())
    assert all(isinstance(dimension, Dimension) for dimension in space.values())
    if space_kind == "wide":  # all but those of cost, of how to train, and the paper's own
        left = set(kind().get_params()) - names
        assert left <= {
            *("n_members", "batch_size", "early_stopping", "validation_fraction"),
            *("n_iter_no_change", "callbacks", "device", "n_jobs", "random_state", "verbose"),
            "support_size",
        }


@KINDS
def test_the_wide_space_holds_the_defaults(kind):
    default = kind()
    for name, dimension in search_space(default, "wide").items():
        parameter, _, layer = name.partition("__")
        value = default._value(parameter)  # None is the read-out's own
        if layer:
            value = (*value, 0)[int(layer)]
        assert value in dimension, name


@pytest.mark.parametrize(
    ("wrap", "prefix"),
    [
        (lambda clf: Pipeline([("table", "passthrough"), ("clf", clf)]), "clf__"),
        (lambda clf: Pipeline([("inner", Pipeline([("clf", clf)]))]), "inner__clf__"),
        (CalibratedClassifierCV, "estimator__"),
    ],
    ids=["pipeline", "pipeline in a pipeline", "calibrated"],
)
def test_prefixes_are_found(wrap, prefix):
    estimator = wrap(SVM())
    space = search_space(estimator)
    assert list(space) == [f"{prefix}alpha", f"{prefix}max_epochs"]
    estimator.set_params(**{name: dimension.rvs() for name, dimension in space.items()})


def test_several_classifiers_in_one_pipeline():
    both = Pipeline([("embedding", SIAMESE()), ("clf", SVM())])
    names = {f"embedding__{name}" for name in search_space(SIAMESE())}
    assert set(search_space(both)) == names | {"clf__alpha", "clf__max_epochs"}


def test_spaces_are_not_shared():
    first, second = search_space(SVM()), search_space(SVM())
    assert first["alpha"] == second["alpha"]
    assert first["alpha"] is not second["alpha"]


@pytest.mark.parametrize(
    ("estimator", "shown"),
    [
        (LogisticRegression(), "LogisticRegression()"),
        (SVM, "<class 'sksiamese.models._svm.GraphFingerprintSVMClassifier'>"),
        ("SVM", "'SVM'"),
    ],
)
def test_estimators_without_a_classifier_of_ours(estimator, shown):
    with pytest.raises(TypeError) as caught:
        search_space(estimator)
    assert str(caught.value) == (
        "estimator must be a classifier of this package, or a Pipeline or another meta-estimator "
        f"that holds one. Got {shown if len(shown) < 63 else shown[:57] + '...'}."
    )


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind") as caught:
        search_space(SVM(), "narrow")
    assert str(caught.value) == (
        "The 'kind' parameter of search_space must be one of 'paper', 'wide'. Got 'narrow' instead."
    )


def test_draws_are_single_values_for_scikit_learn_and_lists_for_skopt():
    for name, dimension in search_space(SIAMESE(), "wide").items():
        value = dimension.rvs(random_state=0)
        assert value in dimension, name
        kinds = {Integer: (int,), Real: (float,), Categorical: (bool, str)}
        assert [type(value) in kinds[k] for k in kinds if isinstance(dimension, k)] == [True]
        assert dimension.rvs(random_state=0) == value
        many = list(dimension.rvs(n_samples=50, random_state=0))
        assert len(many) == 50
        assert all(v in dimension for v in many)
        assert len(dimension.rvs(n_samples=1, random_state=0)) == 1
        assert len(set(many)) > 1


# -- In searches -----------------------------------------------------------------------------------


@KINDS
def test_no_draw_makes_a_fit_fail(kind):
    """200 settings in all; a failed fit would be an error here."""
    settings = {"cv": HALVES, "random_state": 0, "refit": False, "error_score": "raise"}
    for space_kind, n_iter in (("wide", 57), ("paper", 10)):
        space = short(search_space(pipeline(kind), space_kind))
        search = RandomizedSearchCV(
            pipeline(kind), space, n_iter=n_iter, scoring="neg_log_loss", **settings
        ).fit(X, Y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert len(search.cv_results_["params"]) == n_iter


@pytest.mark.parametrize("columns", [["ligand"], ["pH", "degC"]])
@KINDS
def test_draws_fit_molecules_alone_and_numbers_alone(kind, columns):
    for space_kind in ("wide", "paper"):
        space = short(search_space(kind(), space_kind))
        for params in ParameterSampler(space, 3, random_state=1):
            model = kind(n_members=1, random_state=0).set_params(**params)
            assert np.isfinite(model.fit(X[columns], Y).predict_proba(X[columns])).all()


@KINDS
def test_grid_search_over_every_parameter(kind):
    """One after the other, within a Pipeline."""
    grids = [{f"clf__{name}": [OTHER[name]]} for name in kind().get_params()]
    search = GridSearchCV(pipeline(kind), grids, cv=HALVES, error_score="raise", refit=False)
    scores = search.fit(X, Y).cv_results_["mean_test_score"]
    assert len(scores) == len(grids)
    assert np.isfinite(scores).all()
    defaults = kind().get_params()
    same = {name for name in defaults if OTHER[name] == defaults[name]}
    assert same <= {"device", "verbose"}


@pytest.mark.parametrize(
    ("kind", "space_kind"), [(SIAMESE, "paper"), (SIAMESE, "wide"), (MLP, "wide"), (SVM, "wide")]
)
def test_bayes_search(kind, space_kind):
    model = pipeline(kind)
    space = short(search_space(model, space_kind))
    search = BayesSearchCV(
        model,
        space,
        n_iter=3,
        cv=2,
        optimizer_kwargs={"n_initial_points": 2},
        random_state=0,
        error_score="raise",
    )
    with warnings.catch_warnings():
        # skopt 0.10.2 reads an attribute that scikit-learn deprecates; not what is tested here.
        warnings.simplefilter("ignore", FutureWarning)
        search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(search.best_params_) == set(space)
    best = clone(model).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))
    if kind is not SVM:
        layers = [search.best_params_[f"clf__hidden_layer_sizes__{i}"] for i in (0, 1)]
        assert search.best_estimator_["clf"].hidden_layer_sizes == tuple(layers)
