"""The comparison of classifiers against scikit-learn's own tools and intervals by hand."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    make_scorer,
    matthews_corrcoef,
    roc_auc_score,
)
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sksiamese import (
    GraphFingerprintSiameseClassifier,
    LeaveOneMoleculeOut,
    SMILESFeaturizer,
    SupportQuerySplit,
    compare_classifiers,
)
from sksiamese.exceptions import SharedRecipeWarning
from sksiamese.model_selection import ClassifierComparison, recipe_groups
from sksiamese.model_selection._baselines import make_baselines

LIGANDS = ["CCO", "c1ccccc1", "[Na+].[BH4-]", None]
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "ligand": [LIGANDS[i % 4] for i in range(36)],
        "pH": RNG.uniform(4, 12, 36),
        "degC": RNG.uniform(0, 100, 36),
    },
    index=[f"run {i}" for i in range(36)],
)
Y = np.where(X["pH"] + RNG.normal(0, 2, 36) > 8, "works", "fails")
NUMBERS = X[["pH", "degC"]].to_numpy()
THREE = np.array(["low", "mid", "top"])[np.digitize(NUMBERS[:, 0], [6.5, 9.5])]
FOLDS = list(StratifiedKFold(4, shuffle=True, random_state=1).split(X, Y))


def refusal(function, *args, error=ValueError, **kwargs):
    """Return the whole message of the error that a call raises, of exactly that type."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    assert type(caught.value) is error
    return str(caught.value)


def numeric_model():
    columns = ColumnTransformer([("numbers", "passthrough", ["pH", "degC"])])
    return make_pipeline(columns, StandardScaler(), LogisticRegression())


# -- The same figures as scikit-learn --------------------------------------------------------------


def compare(estimators, X=NUMBERS, y=Y, **changes):
    settings = {"cv": FOLDS, "n_repeats": 1, "baselines": False, "random_state": 0}
    return compare_classifiers(estimators, X, y, **{**settings, **changes})


def values_of(comparison, metric):
    scores = comparison.scores
    return scores.loc[scores["metric"] == metric, "value"].tolist()


LABELS = {
    "text": Y,
    "series": pd.Series(Y, index=X.index, dtype="category"),
    "numbers": (Y == "works") + 3,
    "truth values": Y == "works",
    "three": THREE,
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_scores_of_folds_are_those_of_cross_validate(y):
    scoring = ["accuracy", "neg_log_loss", "matthews_corrcoef"]
    comparison = compare({"model": GaussianNB()}, y=y, scoring=scoring)
    expected = cross_validate(GaussianNB(), NUMBERS, y, cv=FOLDS, scoring=scoring)
    for name in scoring:
        assert values_of(comparison, name) == expected[f"test_{name}"].tolist()
    assert comparison.scores["fold"].tolist() == [0, 1, 2, 3] * 3
    assert comparison.errors.empty


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("model", [GaussianNB(), SVC(), RidgeClassifier()])
def test_predictions_are_those_of_cross_val_predict(model, y):
    predictions = compare({"model": model}, y=y).predictions.set_index("row").sort_index()
    expected = cross_val_predict(model, NUMBERS, y, cv=FOLDS)
    assert predictions["predicted"].tolist() == expected.tolist()
    assert predictions["y"].tolist() == list(y)
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    table = cross_val_predict(model, NUMBERS, y, cv=FOLDS, method=method)
    if table.ndim == 1:
        table = np.column_stack([-table, table])
    kinds = ("proba", "decision") if method == "predict_proba" else ("decision", "proba")
    present, absent = ([f"{kind}_{label}" for label in np.unique(y)] for kind in kinds)
    np.testing.assert_array_equal(predictions[present], table)
    assert predictions[absent].isna().all(axis=None)


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_pooled_metrics_are_those_of_all_predictions(y):
    scoring = ["mcc", "roc_auc", "average_precision", "accuracy", "f1", "brier"]
    comparison = compare({"model": GaussianNB()}, y=y, scoring=[f"pooled_{s}" for s in scoring])
    found = comparison.scores.set_index("metric")["value"].to_dict()
    label = cross_val_predict(GaussianNB(), NUMBERS, y, cv=FOLDS)
    proba = cross_val_predict(GaussianNB(), NUMBERS, y, cv=FOLDS, method="predict_proba")
    classes = np.unique(y)
    is_class = np.asarray(y)[:, None] == classes
    if len(classes) == 2:
        auc = roc_auc_score(y, proba[:, 1])
        precision = average_precision_score(y, proba[:, 1], pos_label=classes[1])
        f1 = f1_score(y, label, pos_label=classes[1])
        brier = brier_score_loss(y, proba[:, 1], pos_label=classes[1])
    else:
        auc = roc_auc_score(y, proba, multi_class="ovr")
        precision = average_precision_score(is_class, proba)
        f1 = f1_score(y, label, average="macro")
        brier = brier_score_loss(y, proba)
    expected = {
        "pooled_mcc": matthews_corrcoef(y, label),
        "pooled_roc_auc": auc,
        "pooled_average_precision": precision,
        "pooled_accuracy": accuracy_score(y, label),
        "pooled_f1": f1,
        "pooled_brier": brier,
    }
    assert found == pytest.approx(expected, rel=1e-12)
    assert comparison.scores["fold"].isna().all()
    assert comparison.losses == ("pooled_brier",)


def test_decision_function_ranks_where_there_are_no_probabilities():
    comparison = compare({"SVC": SVC()}, scoring=["pooled_roc_auc", "pooled_brier"])
    decision = cross_val_predict(SVC(), NUMBERS, Y, cv=FOLDS, method="decision_function")
    assert values_of(comparison, "pooled_roc_auc") == [roc_auc_score(Y, decision)]
    assert np.isnan(values_of(comparison, "pooled_brier")).all()
    error = comparison.errors.iloc[0]
    assert (error["step"], error["type"]) == ("pooled_brier", "AttributeError")
    assert error["message"] == ("The classifier has no predict_proba, which this metric needs.")


class Stubborn(ClassifierMixin, BaseEstimator):
    """Always says the same class and has neither probabilities nor a decision function."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("model", [Stubborn(), SVC(decision_function_shape="ovo")])
def test_classifier_without_a_value_for_each_class(model):
    y = np.arange(36) % 4  # of four classes, six pairs
    comparison = compare(model, y=y)
    assert np.isfinite(values_of(comparison, "pooled_mcc")).all()
    assert np.isnan(values_of(comparison, "pooled_roc_auc")).all()
    assert comparison.errors["message"].tolist() == [
        "The classifier has neither predict_proba nor a decision_function with a value for each "
        "class, one of which this metric needs."
    ]


@pytest.mark.parametrize("model", [GaussianNB(), SVC()])
def test_class_that_a_fold_does_not_train_on(model):
    y = np.arange(36) // 9  # in order: each of the four folds lacks its own class in training
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    with pytest.warns(RuntimeWarning, match="Number of classes in training fold"):
        expected = cross_val_predict(model, NUMBERS, y, cv=KFold(4), method=method)
    predictions = compare(model, y=y, cv=KFold(4)).predictions
    kind = "proba" if method == "predict_proba" else "decision"
    np.testing.assert_array_equal(predictions[[f"{kind}_{k}" for k in range(4)]], expected)


def test_one_decision_value_for_two_of_three_classes():
    """scikit-learn's cross_val_predict refuses this."""
    y = np.repeat(["a", "b", "c"], 12)
    found = compare(SVC(), y=y, cv=KFold(3)).predictions
    rows = np.arange(12, 24)  # of class b
    model = SVC().fit(np.delete(NUMBERS, rows, 0), np.delete(y, rows))
    value = model.decision_function(NUMBERS[rows])
    lowest = np.full(12, np.finfo(float).min)
    columns = ["decision_a", "decision_b", "decision_c"]
    np.testing.assert_allclose(
        found.loc[rows, columns], np.column_stack([-value, lowest, value]), rtol=1e-12
    )


def test_scoring_is_read_as_in_cross_validate():
    def worst(estimator, X, y):
        return float(estimator.predict_proba(X).min())

    loss = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False)
    scoring = {"all": "pooled_mcc", "auc": "roc_auc", "loss": loss, "worst": worst}
    comparison = compare(GaussianNB(), scoring=scoring)
    assert comparison.scores["metric"].unique().tolist() == list(scoring)
    plain = {name: scorer for name, scorer in scoring.items() if name != "all"}
    expected = cross_validate(GaussianNB(), NUMBERS, Y, cv=FOLDS, scoring=plain)
    for name in plain:
        assert values_of(comparison, name) == expected[f"test_{name}"].tolist()
    label = cross_val_predict(GaussianNB(), NUMBERS, Y, cv=FOLDS)
    assert values_of(comparison, "all") == [matthews_corrcoef(Y, label)]
    assert values_of(compare(GaussianNB(), scoring=worst), "score") == values_of(
        comparison, "worst"
    )
    assert compare(GaussianNB(), scoring="roc_auc").scores["metric"].unique() == ["roc_auc"]
    default = compare(GaussianNB()).scores["metric"].tolist()
    assert default == ["pooled_mcc", "pooled_roc_auc"]


# -- Folds and seeds -------------------------------------------------------------------------------


def folds_of(comparison, name):
    """Rows of each fold of each repeat."""
    predictions = comparison.predictions
    mine = predictions[predictions["classifier"] == name]
    return mine.groupby(["repeat", "fold"])["row"].agg(list)


def test_an_integer_draws_stratified_folds_anew_for_each_repeat():
    models = {"one": GaussianNB(), "two": DummyClassifier()}
    comparison = compare(models, X[["pH", "degC"]], cv=4, n_repeats=3)
    folds = folds_of(comparison, "one")
    assert folds.tolist() == folds_of(comparison, "two").tolist()
    for repeat in range(3):
        rows = folds.loc[repeat]
        assert sorted(rows.explode()) == sorted(X.index)
        shares = [(pd.Series(Y, X.index)[fold] == "works").sum() for fold in rows]
        assert max(shares) - min(shares) <= 1
    assert folds.loc[0].tolist() != folds.loc[1].tolist() != folds.loc[2].tolist()
    assert not comparison.same_folds


def test_rows_are_known_by_their_labels():
    table = X[["pH", "degC"]]
    for index in (X.index, pd.MultiIndex.from_product([range(6), list("abcdef")])):
        found = compare(GaussianNB(), table.set_axis(index)).predictions["row"]
        assert found.tolist() == [index[i] for _, test in FOLDS for i in test]
    assert compare(GaussianNB(), NUMBERS.tolist()).predictions["row"].tolist() == [
        i for _, test in FOLDS for i in test
    ]


def test_splitters_draw_anew_where_they_can():
    splitter = ShuffleSplit(2, test_size=5, random_state=7)
    comparison = compare(GaussianNB(), cv=splitter, n_repeats=2)
    folds = folds_of(comparison, "GaussianNB")
    assert folds.loc[0].tolist() != folds.loc[1].tolist()
    assert splitter.random_state == 7
    assert not comparison.same_folds
    for cv in (KFold(3), FOLDS, iter(FOLDS)):
        comparison = compare(GaussianNB(), cv=cv, n_repeats=2)
        folds = folds_of(comparison, "GaussianNB")
        assert folds.loc[0].tolist() == folds.loc[1].tolist()
        assert comparison.same_folds


def test_own_splitters_and_groups():
    comparison = compare(numeric_model(), X, cv=LeaveOneMoleculeOut("ligand"))
    expected = [X.index[test].tolist() for _, test in LeaveOneMoleculeOut(0).split(X)]
    assert folds_of(comparison, "Pipeline").tolist() == expected
    groups = np.arange(36) // 12
    comparison = compare(GaussianNB(), cv=GroupKFold(3), groups=groups)
    assert all(len(set(groups[rows])) == 1 for rows in folds_of(comparison, "GaussianNB"))
    few = compare(GaussianNB(), cv=SupportQuerySplit(3, 1), groups=groups, n_repeats=2)
    assert folds_of(few, "GaussianNB").map(len).tolist() == [36 - 2 * 3 * 3] * 2


class Witness(ClassifierMixin, BaseEstimator):
    """Tells its random_state as a probability."""

    def __init__(self, random_state=None, inner=None):
        self.random_state = random_state
        self.inner = inner

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        return np.tile([self.random_state, self.inner.random_state], (len(X), 1)) / 2**31


def test_each_repeat_has_its_own_seeds_and_all_folds_of_it_the_same():
    model = make_pipeline(StandardScaler(), Witness(0, RandomForestClassifier(random_state=0)))
    comparison = compare(model, n_repeats=3)
    columns = ["proba_fails", "proba_works"]
    seeds = comparison.predictions.groupby("repeat")[columns].agg(["min", "max"])
    assert (seeds.xs("min", axis=1, level=1) == seeds.xs("max", axis=1, level=1)).all(axis=None)
    assert len(np.unique(seeds.xs("min", axis=1, level=1))) == 6  # none is drawn twice
    assert model[-1].random_state == model[-1].inner.random_state == 0  # clones were seeded


def test_forest_is_the_one_of_its_seed():
    class One(Witness):
        def predict_proba(self, X):
            return np.tile([self.random_state, 0], (len(X), 1))

    predictions = compare(
        {"witness": One(), "forest": RandomForestClassifier(5)}, n_repeats=2
    ).predictions
    for repeat in range(2):
        mine = predictions[predictions["repeat"] == repeat].set_index("classifier")
        seed = int(mine.loc["witness", "proba_fails"].iloc[0])
        forest = RandomForestClassifier(5, random_state=seed)
        expected = cross_val_predict(forest, NUMBERS, Y, cv=FOLDS, method="predict_proba")
        found = mine.loc["forest"].sort_values("row")[["proba_fails", "proba_works"]]
        np.testing.assert_array_equal(found, expected)


def figures(comparison):
    return comparison.scores.drop(columns=["fit_time", "score_time"])


def test_one_random_state_decides_all_whatever_n_jobs():
    models = {"forest": RandomForestClassifier(5), "SVC": SVC()}
    settings = {"cv": 3, "n_repeats": 2, "scoring": ["pooled_brier", "accuracy"]}
    first = compare(models, **settings)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    again = compare(models, n_jobs=2, **settings)
    pd.testing.assert_frame_equal(figures(first), figures(again), check_exact=True)
    pd.testing.assert_frame_equal(first.predictions, again.predictions, check_exact=True)
    pd.testing.assert_frame_equal(first.errors, again.errors)
    alone = compare({"forest": models["forest"]}, **settings)
    mine = first.predictions[first.predictions["classifier"] == "forest"]
    pd.testing.assert_frame_equal(alone.predictions, mine, check_exact=True)
    other = compare(models, random_state=1, **settings)
    assert not other.predictions.equals(first.predictions)
    unseeded = [compare(models, random_state=None, **settings).predictions for _ in range(2)]
    assert not unseeded[0].equals(unseeded[1])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


# -- Failures --------------------------------------------------------------------------------------


class Moody(KNeighborsClassifier):
    """Fails where the training rows hold a certain one."""

    def __init__(self, refused=0.0, where="fit", n_neighbors=3):
        super().__init__(n_neighbors)
        self.refused = refused
        self.where = where

    def fit(self, X, y):
        self.saw_ = self.refused in X[:, 0]
        self._complain("fit")
        return super().fit(X, y)

    def predict(self, X):
        self._complain("predict")
        return super().predict(X)

    def _complain(self, step):
        if self.saw_ and self.where == step:
            raise LookupError(f"not {self.refused}")


@pytest.mark.parametrize("where", ["fit", "predict"])
def test_a_failure_is_reported_and_the_others_go_on(where):
    row = int(FOLDS[2][1][0])  # every fold but the third trains on it
    models = {"moody": Moody(NUMBERS[row, 0], where), "calm": KNeighborsClassifier(3)}
    scoring = ["accuracy", "pooled_mcc"]
    comparison = compare(models, scoring=scoring)
    errors = comparison.errors
    assert errors.to_dict("list") == {
        "classifier": ["moody"] * 3,
        "repeat": [0] * 3,
        "fold": [0, 1, 3],
        "step": [where] * 3,
        "type": ["LookupError"] * 3,
        "message": [f"not {NUMBERS[row, 0]}"] * 3,
    }
    calm = compare({"calm": models["calm"]}, scoring=scoring)
    scores = figures(comparison).set_index("classifier")
    assert scores.loc["calm"].reset_index().equals(figures(calm))
    accuracy = values_of(calm, "accuracy")[2]
    np.testing.assert_array_equal(
        scores.loc["moody", "value"], [np.nan, np.nan, accuracy, np.nan, np.nan]
    )
    assert comparison.predictions["classifier"].value_counts().to_dict() == {"calm": 36, "moody": 9}
    summary = comparison.summary().loc["accuracy"]
    assert summary.index.tolist() == ["calm", "moody"]
    assert summary["rank"].tolist() == [1, pd.NA]
    assert np.isnan(summary.loc["moody", "mean"])
    assert f"moody failed 3 x in {where}, first with LookupError: not {NUMBERS[row, 0]}" in repr(
        comparison
    )


def test_a_metric_that_fails_costs_its_own_value_alone():
    def raises(estimator, X, y):
        raise ZeroDivisionError("nothing to divide")

    comparison = compare(GaussianNB(), scoring={"bad": raises, "accuracy": "accuracy"})
    assert np.isnan(values_of(comparison, "bad")).all()
    assert np.isfinite(values_of(comparison, "accuracy")).all()
    assert comparison.errors["step"].tolist() == ["bad"] * 4
    assert comparison.errors["message"].tolist() == ["nothing to divide"] * 4


def test_all_failing_leaves_empty_predictions():
    comparison = compare(GaussianNB(), X)  # text reaches a classifier of numbers
    assert comparison.predictions.columns.tolist()[:6] == [
        "classifier", "repeat", "fold", "row", "y", "predicted",
    ]  # fmt: skip
    assert comparison.predictions.empty
    assert comparison.errors["type"].unique() == ["ValueError"]
    assert comparison.summary()["mean"].isna().all()
    assert "GaussianNB failed 4 x in fit, first with ValueError: could not convert" in repr(
        comparison
    )
    comparison.plot()


# -- Baselines -------------------------------------------------------------------------------------

NAMES = [
    "majority class", "random forest", "random forest, ECFP", "extra trees", "SVC",
    "Gaussian process", "logistic regression",
]  # fmt: skip


def test_all_baselines_run_on_molecules_and_numbers():
    comparison = compare({"mine": numeric_model()}, X, baselines=True, cv=2)
    assert comparison.scores["classifier"].unique().tolist() == ["mine", *NAMES]
    assert comparison.baselines == tuple(NAMES)
    assert comparison.errors.empty
    assert np.isfinite(comparison.scores["value"]).all()
    dummy = comparison.predictions.query("classifier == 'majority class'")
    assert dummy["predicted"].unique() == [pd.Series(Y).mode()[0]]


@pytest.mark.parametrize("molecules", ["descriptors", "ecfp"])
@pytest.mark.parametrize("table", [X, X.to_numpy(dtype=object)], ids=["frame", "array"])
def test_baselines_scale_within_the_fold_where_they_need_to(molecules, table):
    comparison = compare({}, table, baselines=NAMES[4:], molecules=molecules)
    predictions = comparison.predictions.set_index("classifier")
    columns = ColumnTransformer(
        [("m", SMILESFeaturizer(molecules), ["ligand"]), ("n", "passthrough", ["pH", "degC"])]
    )
    models = {
        "SVC": SVC(),
        "Gaussian process": GaussianProcessClassifier(1.0 * RBF(1.0)),
        "logistic regression": LogisticRegression(max_iter=1000),
    }
    order = np.concatenate([test for _, test in FOLDS])
    for name, model in models.items():
        method, column = "predict_proba", "proba_works"
        if name == "SVC":
            method, column = "decision_function", "decision_works"
        pipeline = make_pipeline(columns, StandardScaler(), model)
        expected = cross_val_predict(pipeline, X, Y, cv=FOLDS, method=method)
        expected = expected if name == "SVC" else expected[:, 1]
        np.testing.assert_allclose(predictions.loc[name, column], expected[order], rtol=1e-9)


@pytest.mark.parametrize("name", ["random forest", "extra trees"])
def test_trees_have_molecules_and_unscaled_numbers(name):
    baseline = make_baselines(X, [name], "ecfp")[name]
    found = baseline[:-1].fit_transform(X)
    bits = SMILESFeaturizer("ecfp").fit_transform(X["ligand"])
    np.testing.assert_array_equal(found, np.hstack([bits, NUMBERS]))
    kind = {"random forest": RandomForestClassifier, "extra trees": ExtraTreesClassifier}[name]
    assert type(baseline[-1]) is kind
    assert baseline[-1].get_params() == kind().get_params()


def test_empty_columns_do_not_stop_baselines():
    table = X.assign(additive=None, gap=np.nan)
    comparison = compare({}, table, baselines=["logistic regression"])
    expected = compare({}, X, baselines=["logistic regression"])
    assert figures(comparison).equals(figures(expected))


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.SharedRecipeWarning")
def test_baselines_keep_optimisers_warnings_to_themselves():
    rows = np.random.RandomState(2).normal(size=(5, 3)).repeat(4, axis=0)
    y = np.random.RandomState(4).randint(0, 2, 20)
    quiet = compare({}, rows, y, baselines=["Gaussian process"], cv=3)
    assert quiet.errors.empty

    class Loud(GaussianNB):
        def fit(self, X, y):
            warnings.warn("not converged", ConvergenceWarning, stacklevel=2)
            return super().fit(X, y)

    with pytest.warns(ConvergenceWarning, match="not converged"):
        compare(Loud(), rows, y, cv=3)


def test_repeats_of_an_experiment_in_several_folds_are_told_and_groups_keep_them_together():
    table = X[["ligand", "pH"]].replace({"ligand": {None: "N"}})
    again = table[:4].replace({"ligand": {"CCO": "OCC"}}).set_axis(list("abcd"))
    table = pd.concat([table, again])
    y = np.concatenate([Y, Y[:3], np.where(Y[3:4] == "works", "fails", "works")])
    # The last repeat had another outcome: only three experiments are known from training.
    message = (
        "6 of 40 experiments (rows 'a', 'b', 'c', 'run 0', 'run 1' and 1 more) are tested by "
        "classifiers that were trained with a repeat of them, the same recipe with the same "
        "outcome, so that scores come out too high. Keep each recipe in one fold, with "
        "cv=sklearn.model_selection.StratifiedGroupKFold(shuffle=True) and "
        "groups=sksiamese.model_selection.recipe_groups(X)."
    )
    apart = [(np.arange(36), np.arange(36, 40)), (np.arange(36, 40), np.arange(36))]
    forest = make_pipeline(make_column_transformer(("passthrough", ["pH"])), GaussianNB())
    with pytest.warns(SharedRecipeWarning, match=f"^{re.escape(message)}$"):
        compare_classifiers(forest, table, y, cv=apart, n_repeats=1, baselines=False)
    groups = recipe_groups(table)
    kept = StratifiedGroupKFold(shuffle=True)  # warns of nothing
    found = compare_classifiers(forest, table, y, cv=kept, groups=groups, baselines=False)
    folds = found.predictions.query("repeat == 0").set_index("row")["fold"]
    assert folds[table.index[:4]].tolist() == folds[list("abcd")].tolist()


def test_the_siamese_classifier_beside_a_baseline():
    model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=2, fp_size=3, conv_width=4)
    comparison = compare({"siamese": model}, X, Y, baselines=["majority class"], cv=FOLDS[:2])
    assert comparison.errors.empty
    test = FOLDS[0][1]
    first = comparison.predictions.query("classifier == 'siamese' and fold == 0")
    assert first["row"].tolist() == X.index[test].tolist()
    proba = first[["proba_fails", "proba_works"]]
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=0, atol=1e-12)


# -- Summary ---------------------------------------------------------------------------------------


def hand_made(values, baselines=(), losses=(), metric="pooled_mcc"):
    """A comparison of {classifier: score of each repeat}."""
    scores = [
        (name, repeat, pd.NA, metric, value, 2.0, 1.0)
        for name, row in values.items()
        for repeat, value in enumerate(row)
    ]
    columns = ["classifier", "repeat", "fold", "metric", "value", "fit_time", "score_time"]
    errors = pd.DataFrame(columns=["classifier", "repeat", "fold", "step", "type", "message"])
    return ClassifierComparison(
        pd.DataFrame(scores, columns=columns), pd.DataFrame(), errors, baselines, losses, False
    )


def test_intervals_worked_out_by_hand():
    """Student's t of 2 degrees of freedom at 0.975 is 4.302653, at 0.95 it is 2.919986."""
    values = {"mine": [0.5, 0.4, 0.9], "a": [0.2, 0.4, 0.6], "b": [0.3, 0.3, 0.0]}
    comparison = hand_made(values, baselines=("a", "b"))
    summary = comparison.summary().loc["pooled_mcc"]
    assert summary.index.tolist() == ["mine", "a", "b"]
    assert summary["rank"].tolist() == [1, 2, 3]
    assert summary["best_baseline"].tolist() == ["a"] * 3
    half = 4.302653 * 0.2 / 3**0.5  # the standard deviation of 0.2, 0.4, 0.6 is 0.2
    mean, low, high = summary.loc["a", ["mean", "low", "high"]]
    assert (mean, low, high) == pytest.approx((0.4, 0.4 - half, 0.4 + half), rel=1e-6)
    assert summary.loc["a", ["difference", "difference_low", "difference_high"]].tolist() == [0] * 3
    # mine - a is 0.3, 0.0, 0.3: mean 0.2, standard deviation sqrt(0.03)
    found = summary.loc["mine", ["difference", "difference_low", "difference_high"]].tolist()
    half = 4.302653 * 0.03**0.5 / 3**0.5
    assert found == pytest.approx([0.2, 0.2 - half, 0.2 + half], rel=1e-6)
    narrow = comparison.summary(confidence=0.9).loc["pooled_mcc"]
    assert narrow.loc["a", "high"] == pytest.approx(0.4 + 2.919986 * 0.2 / 3**0.5, rel=1e-6)
    assert (summary["fit_time"] == 2).all()


def test_interval_of_folds_is_over_the_means_of_repeats():
    comparison = compare(GaussianNB(), cv=3, n_repeats=2, scoring="accuracy")
    first, second = np.mean(np.reshape(values_of(comparison, "accuracy"), (2, 3)), axis=1)
    row = comparison.summary().loc[("accuracy", "GaussianNB")]
    assert row["mean"] == pytest.approx((first + second) / 2)
    # Student's t of 1 degree of freedom at 0.975; the error of a mean of two is half their gap.
    assert row["high"] - row["mean"] == pytest.approx(12.706205 * abs(first - second) / 2, rel=1e-6)


def test_lower_is_better_for_a_loss():
    comparison = hand_made(
        {"x": [0.1, 0.2], "y": [0.3, 0.4], "z": [0.3, 0.4]}, ("y", "x"), ("pooled_mcc",)
    )
    summary = comparison.summary().loc["pooled_mcc"]
    assert summary["rank"].to_dict() == {"x": 1, "y": 2, "z": 2}
    assert summary["best_baseline"].unique() == ["x"]
    assert summary.loc["z", "difference"] == pytest.approx(0.2)


def test_no_interval_from_one_repeat_and_no_difference_without_baselines():
    summary = hand_made({"x": [0.1], "y": [0.3]}).summary()
    assert summary["mean"].tolist() == [0.3, 0.1]
    columns = ["low", "high", "difference", "difference_low", "difference_high", "best_baseline"]
    assert summary[columns].isna().all(axis=None)


def test_a_failed_baseline_is_not_the_best_one():
    summary = hand_made({"x": [0.1, 0.2], "y": [np.nan, 0.9]}, ("x", "y")).summary()
    assert summary["best_baseline"].unique() == ["x"]
    summary = hand_made({"x": [0.1, 0.2], "y": [np.nan, 0.9]}, ("y",)).summary()
    assert summary["best_baseline"].isna().all()


@pytest.mark.parametrize("confidence", [0, 1, 95, "0.95", True])
def test_confidence_is_a_share(confidence):
    assert refusal(hand_made({"x": [0.1]}).summary, confidence) == (
        "The 'confidence' parameter of summary must be a number in (0, 1). Got "
        f"{confidence!r} instead."
    )


# -- What is shown ---------------------------------------------------------------------------------


def test_text_of_a_comparison():
    values = {"mine": [0.5, 0.4, 0.9], "a": [0.2, 0.4, 0.6], "b": [0.0, 0.0, 0.0]}
    comparison = hand_made(values, baselines=("a", "b"))
    assert str(comparison) == repr(comparison)
    assert [" ".join(line.split()) for line in repr(comparison).splitlines()] == [
        "rank mean minus best baseline fit s",
        "metric classifier",
        "pooled_mcc mine 1 0.600 (-0.057 to 1.257) +0.200 (-0.230 to +0.630) 2",
        "a 2 0.400 (-0.097 to 0.897) +0.000 2",
        "b 3 0.000 -0.400 (-0.897 to +0.097) 2",
        "In brackets 95 % t-intervals over 3 repeats, which differ by folds and random_state; what "
        "has none did not vary.",
        "Baselines: a, b.",
    ]


def test_html_of_a_comparison_is_escaped():
    def fails(estimator, X, y):
        raise ValueError("<script>")

    comparison = compare({"<b>": GaussianNB()}, scoring={"<i>": fails})
    shown = comparison._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "&lt;i&gt;" in shown
    assert "ValueError: &lt;script&gt;" in shown
    assert not re.search("<b>|<i>|<script>", shown)


def test_plot_draws_means_and_intervals():
    values = {"mine": [0.5, 0.4, 0.9], "a": [0.2, 0.4, 0.6]}
    comparison = hand_made(values, baselines=("a",), losses=("pooled_mcc",))
    (panel,) = comparison.plot()
    assert [label.get_text() for label in panel.get_yticklabels()] == ["mine", "a"]  # from below
    assert panel.get_xlabel() == "pooled_mcc (lower is better)\n(bars: 95 % intervals)"
    half = 4.302653 * 0.2 / 3**0.5
    (segment,) = panel.containers[1].lines[2][0].get_segments()
    np.testing.assert_allclose(segment, [[0.4 - half, 1], [0.4 + half, 1]], rtol=1e-6)
    colors = [container.lines[0].get_color() for container in panel.containers]
    assert colors == ["#0072B2", "#767676"]


def test_plot_into_given_axes():
    from matplotlib.figure import Figure

    comparison = compare(GaussianNB(), cv=3)
    panels = Figure().subplots(1, 2)
    assert comparison.plot(panels).tolist() == list(panels)
    # One repeat, so no bars.
    assert [panel.get_xlabel() for panel in panels] == ["pooled_mcc", "pooled_roc_auc"]
    assert refusal(comparison.plot, panels[0]) == (
        "ax must hold one Axes for each metric (pooled_mcc, pooled_roc_auc). Got 1."
    )


def test_progress_bar_is_shown_when_asked_for(capfd):
    compare(GaussianNB())
    assert capfd.readouterr() == ("", "")
    compare(GaussianNB(), verbose=1)
    assert "4/4" in capfd.readouterr().err


# -- What is refused -------------------------------------------------------------------------------


def test_names_of_estimators():
    models = [GaussianNB(), DummyClassifier(), GaussianNB(), GaussianNB()]
    names = compare(models).scores["classifier"].unique().tolist()
    assert names == ["GaussianNB", "DummyClassifier", "GaussianNB 2", "GaussianNB 3"]
    assert compare(NearestCentroid()).scores["classifier"].unique() == ["NearestCentroid"]


@pytest.mark.parametrize("model", [GaussianNB, "SVC", StandardScaler(), None])
def test_estimators_are_classifiers(model):
    assert refusal(compare, {"mine": model}, error=TypeError) == (
        "estimators must be a scikit-learn classifier, a list of them or a dict of name to "
        f"classifier. Got {model!r} ({type(model).__name__}) for 'mine'."
    )


def test_estimators_have_names_of_their_own():
    assert refusal(compare, {1: GaussianNB()}, error=TypeError) == (
        "Names of estimators must be text. Got 1 (int)."
    )
    assert refusal(compare, {"SVC": GaussianNB()}, baselines=True) == (
        "'SVC' in estimators is also the name of a baseline. Choose another name, or list the "
        "baselines you want with baselines=[...]."
    )
    assert refusal(compare, {}) == (
        "There is no classifier to compare. Name one in estimators, or choose baselines."
    )


@pytest.mark.parametrize("baselines", ["SVC", ["SVM"], None, 3])
def test_unknown_baselines(baselines):
    assert refusal(compare, GaussianNB(), baselines=baselines) == (
        "The 'baselines' parameter of compare_classifiers must be True, False, 'all' or a list "
        "out of 'majority class', 'random forest', 'random forest, ECFP', 'extra trees', 'SVC', "
        "'Gaussian process', 'logistic regression', 'random forest, one-hot', "
        f"'Gaussian process, Tanimoto', 'logistic regression, one-hot'. Got {baselines!r} instead."
    )


def test_unknown_values_of_parameters():
    owner = "parameter of compare_classifiers must be"
    assert refusal(compare, GaussianNB(), n_repeats=0) == (
        f"The 'n_repeats' {owner} an integer of at least 1. Got 0 instead."
    )
    assert refusal(compare, GaussianNB(), molecules="graph") == (
        f"The 'molecules' {owner} one of 'descriptors', 'ecfp'. Got 'graph' instead."
    )
    assert refusal(compare, GaussianNB(), n_jobs=0) == (
        f"The 'n_jobs' {owner} None or an integer other than 0. Got 0 instead."
    )
    assert refusal(compare, GaussianNB(), verbose=-1) == (
        f"The 'verbose' {owner} an integer of at least 0. Got -1 instead."
    )
    for cv in (1, True, None, 2.5):
        assert refusal(compare, GaussianNB(), cv=cv) == (
            f"The 'cv' {owner} an integer of at least 2, a splitter or a list of (train, test) "
            f"rows. Got {cv!r} instead."
        )


def test_groups_need_a_splitter_that_uses_them():
    assert refusal(compare, GaussianNB(), cv=3, groups=np.arange(36) // 6) == (
        "groups are given, but the stratified folds of cv=3 make no use of them. Pass a splitter "
        "that does, such as sklearn.model_selection.GroupKFold(3)."
    )


def test_unknown_scoring():
    assert refusal(compare, GaussianNB(), scoring="pooled_mc") == (
        "scoring 'pooled_mc' is unknown. Name one of pooled_mcc, pooled_roc_auc, "
        "pooled_average_precision, pooled_accuracy, pooled_f1, pooled_brier, or one of "
        "scikit-learn's scorers, which sklearn.metrics.get_scorer_names() lists."
    )
    for scoring, shown in [(3, "3 (int)"), ([3], "3 (int)"), ({"x": 0.5}, "0.5 (float)")]:
        assert refusal(compare, GaussianNB(), scoring=scoring, error=TypeError) == (
            "scoring must be the name of a metric, a scorer called with (estimator, X, y), a list "
            f"of names, or a dict of name to one of these. Got {shown}."
        )
    assert refusal(compare, GaussianNB(), scoring=[]) == (
        "scoring names no metric. Name one of pooled_mcc, pooled_roc_auc, "
        "pooled_average_precision, pooled_accuracy, pooled_f1, pooled_brier."
    )


def test_baselines_read_levels_and_gaps():
    """Text that is not SMILES, missing numbers, and numbers that trees would take as equal."""
    gas = np.where(Y == "works", "air", "argon")
    tiny = np.where(Y == "works", 1e-9, 2e-9) + RNG.uniform(0, 1e-10, 36)
    gaps = X.assign(gas=gas, pH=X["pH"].where(X["pH"] > 5))
    baselines = ["random forest", "extra trees", "SVC", "Gaussian process", "logistic regression"]
    as_category = gaps.astype({"gas": "category"})
    for table in (gaps, as_category, X[["pH"]].assign(amount_M=tiny)):
        comparison = compare({}, X=table, baselines=baselines, scoring="pooled_mcc")
        assert comparison.errors.empty
        assert (comparison.scores["value"] > 0.8).all()


def test_fits_are_timed():
    comparison = compare({"model": GaussianNB()})
    assert ((comparison.scores["fit_time"] > 0) & (comparison.scores["fit_time"] < 10)).all()


def test_labels_that_cannot_be_compared():
    assert refusal(compare, GaussianNB(), y=Y[:-1]) == (
        "y must hold one label for each row of X. Got 35 labels for 36 rows."
    )
    assert refusal(compare, GaussianNB(), y=["yes"] * 36) == (
        "y holds one class alone, 'yes'. Classifiers are compared on rows of two or more classes."
    )
