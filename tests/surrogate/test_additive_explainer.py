"""AdditiveEffectsExplainer: against black boxes whose effects are known, and its own words."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksiamese import AdditiveEffectsExplainer, DesignSpace, LowFidelityWarning
from sksiamese.space import Constant, Levels, Molecules, Range, When
from tests.surrogate.cases import Rule, X, Y, forest, numbers

SPACE = DesignSpace(
    {
        "ligand": Molecules(
            {"cysteamine": "NCCS", "thiophenol": "Sc1ccccc1", "benzyl": "SCc1ccccc1"}
        ),
        "temperature_C": Range(0.0, 100.0),
        "pH": Range(7.0, 14.0),
    }
)
PAST = SPACE.sample(30, random_state=0)
PAST["temperature_C"] = PAST["temperature_C"] * 0.6  # nothing was measured above 60 degC
GAIN = {"NCCS": 1.0, "Sc1ccccc1": -0.5, "SCc1ccccc1": -0.5}


class Sum(ClassifierMixin, BaseEstimator):
    """Black box whose log-odds are a sum that is known, with members around it."""

    classes_ = np.array(["failure", "success"])

    def __init__(self, spread=0.0, pair=0.0):
        self.spread = spread
        self.pair = pair

    def log_odds(self, X):
        heat, pH = X["temperature_C"] / 50 - 1, X["pH"] - 10.5
        return 0.5 + X["ligand"].map(GAIN) - heat + self.pair * heat * pH

    def predict_members(self, X):
        shift = self.spread * np.array([-1.0, 1.0])[:, None]
        p = expit(self.log_odds(X).to_numpy() + shift)
        return np.stack([1 - p, p], axis=2)

    def predict_proba(self, X):
        return self.predict_members(X).mean(axis=0)

    def fit(self, X, y):
        return self


def effects(box=None, space=SPACE, **changes):
    settings = {"n_samples": 3000, "random_state": 0, **changes}
    return AdditiveEffectsExplainer(
        FrozenEstimator(Sum() if box is None else box), space, **settings
    )


@pytest.fixture(scope="module")
def fitted():
    """The effects of a sum."""
    return effects(max_pairs=2).fit(PAST)


# -- Effects ---------------------------------------------------------------------------------------


def test_effects_of_a_sum_are_its_parts(fitted):
    assert fitted.positive_ == "success"
    parts = dict(list(fitted.effects_.groupby("column")))
    heat = parts["temperature_C"]
    line = heat["value"].astype(float) / 50 - 1
    np.testing.assert_allclose(heat["log_odds"], -(line - heat["share"] @ line), atol=0.03)
    ligand = parts["ligand"].set_index("value")["log_odds"]
    assert ligand["cysteamine"] - ligand["thiophenol"] == pytest.approx(1.5, abs=0.02)
    assert ligand["benzyl"] - ligand["thiophenol"] == pytest.approx(0, abs=0.02)
    assert parts["pH"]["log_odds"].abs().max() < 0.03
    assert fitted.pairs_["strength"].max() < 0.03
    assert min(fitted.fidelity_.values()) > 0.98


def test_probabilities_are_means_over_the_samples(fitted):
    """If all samples had a value: asked of the black box itself, which the effects imitate."""
    samples = SPACE.sample(3000, random_state=np.random.RandomState(0))[:500]
    for row in fitted.effects_.iloc[::5].itertuples():
        names = {"cysteamine": "NCCS", "thiophenol": "Sc1ccccc1", "benzyl": "SCc1ccccc1"}
        value = names.get(row.value, row.value)
        mean = Sum().predict_proba(samples.assign(**{row.column: value}))[:, 1].mean()
        assert row.probability == pytest.approx(mean, abs=0.01)


def test_a_pair_is_told_and_its_probability_too():
    model = effects(Sum(pair=0.8), max_pairs=1).fit(PAST)
    assert model.pairs_[["first", "second"]].to_numpy().tolist() == [["temperature_C", "pH"]]
    assert model.pairs_["strength"].iloc[0] == pytest.approx(
        0.8 * np.std(np.linspace(-1, 1, 1000)) * np.std(np.linspace(-3.5, 3.5, 1000)), rel=0.1
    )
    fresh = SPACE.sample(500, random_state=5)
    expected = Sum(pair=0.8).log_odds(fresh)
    inner = expected.abs() < 3
    assert np.abs(model.decision_function(fresh) - expected)[inner].max() < 0.2
    assert "temperature_C and pH act together" in model.export_text()


def test_the_interval_covers_members():
    width = {}
    for spread in (0.0, 0.7):
        model = effects(Sum(spread=spread), max_pairs=0).fit(PAST)
        table = model.effects_
        assert (table["low"] <= table["probability"]).all()
        assert (table["probability"] <= table["high"]).all()
        width[spread] = (table["high"] - table["low"]).mean()
    assert width[0.0] < 0.02
    assert width[0.7] > 0.15


def test_measured_experiments_are_counted(fitted):
    for name, effect in fitted.effects_.groupby("column"):
        assert effect["n_measured"].sum() == len(PAST), name
    heat = fitted.effects_[fitted.effects_["column"] == "temperature_C"]
    assert (heat.loc[heat["value"] > 63, "n_measured"] == 0).all()
    ligand = fitted.effects_[fitted.effects_["column"] == "ligand"]
    assert ligand["n_measured"].tolist() == [(PAST["ligand"] == s).sum() for s in GAIN]


# -- Words -----------------------------------------------------------------------------------------


def test_findings_of_a_sum(fitted):
    found = fitted.findings().set_index("column")
    heat = found.loc["temperature_C"]
    assert heat["low"] == pytest.approx(50, abs=6)
    low = f"{heat['low']:.3g}"
    assert heat["finding"] == f"temperature above {low} °C costs {-heat['points']:.0f} points"
    assert heat["n_measured"] == (PAST["temperature_C"] > heat["low"]).sum()
    assert found.loc["ligand", "finding"] == (
        f"ligand is cysteamine brings {found.loc['ligand', 'points']:.0f} points"
    )
    p = fitted.effects_.set_index("value")["probability"]
    rest = np.mean([p["thiophenol"], p["benzyl"]])
    assert found.loc["ligand", "points"] == pytest.approx(100 * (p["cysteamine"] - rest), abs=0.2)


def test_a_step_is_found_where_it_is_and_so_is_a_band():
    inside = lambda X: X["pH"].between(9, 12).to_numpy()  # noqa: E731
    model = effects(Rule(inside).fit(None, ["failure", "success"]), max_pairs=0).fit(PAST)
    found = model.findings().set_index("column").loc["pH"]
    assert (found["low"], found["high"]) == pytest.approx((9, 12), abs=0.3)
    assert found["finding"].startswith("pH between ")
    above = lambda X: (X["temperature_C"] > 80).to_numpy()  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = effects(Rule(above).fit(None, ["failure", "success"]), max_pairs=0).fit(PAST)
    found = model.findings().iloc[0]
    assert found["low"] == pytest.approx(80, abs=4)
    assert found["n_measured"] == 0
    assert re.fullmatch(
        r"temperature above \d+(\.\d)? °C brings \d+ points \(none measured there\)",
        found["finding"],
    )


def test_explain_adds_up(fitted):
    x = PAST.iloc[[3]]
    added = fitted.contributions(x)
    total = fitted.intercept_ + added["log_odds"].sum()
    assert total == pytest.approx(fitted.decision_function(x)[0], abs=1e-9)
    text = fitted.explain(x).splitlines()
    p = expit(total)
    assert text[0] == (
        f"The effects say 'success' with probability {p:.2f} (log-odds {total:+.2f}):"
    )
    assert text[1] == f"  {fitted.intercept_:+.2f}  to begin with"
    numbers = [float(n) for n in re.findall(r"^ *([+-]\d+\.\d\d)  ", "\n".join(text), re.M)]
    assert sum(numbers) == pytest.approx(total, abs=0.006 * len(numbers))
    ligand = added.set_index("term").loc["ligand"]
    names = dict(zip(GAIN, ["cysteamine", "thiophenol", "benzyl"], strict=True))
    assert ligand["value"] == names[x["ligand"].iloc[0]]
    assert f"  {ligand['log_odds']:+.2f}  ligand: {ligand['value']}" in text
    assert text[-1].startswith("Fidelity to Sum on 1,000 fresh samples: accuracy ")
    assert text[-2].startswith("For this one the black box says '")


def test_explain_marks_what_was_never_measured(fitted):
    text = fitted.explain({"ligand": "NCCS", "temperature_C": 95.0, "pH": 10.0})
    assert "temperature_C: 95 (none measured there)" in text
    assert not re.search(r"ligand: cysteamine \(none", text)
    new = fitted.explain({"ligand": "CCS", "temperature_C": 20.0, "pH": 10.0})
    added = fitted.contributions({"ligand": "CCS", "temperature_C": 20.0, "pH": 10.0})
    row = added.set_index("term").loc["ligand"]
    assert (row["value"], row["log_odds"]) == ("CCS (not in the space)", 0.0)
    assert "smaller ones together" in new


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["NCCS", "C(N)CS", "Sc1ccccc1", "CCS"]),
    st.floats(-50, 150),
    st.floats(0, 20),
)
def test_any_experiment_adds_up(fitted, ligand, heat, pH):
    x = {"ligand": ligand, "temperature_C": heat, "pH": pH}
    total = fitted.intercept_ + fitted.contributions(x)["log_odds"].sum()
    assert total == pytest.approx(fitted.decision_function(pd.DataFrame([x]))[0], abs=1e-9)
    assert "log-odds" in fitted.explain(x)


def test_a_condition_that_does_not_always_apply():
    space = DesignSpace(
        {
            "solvent": Molecules({"water": "O", "ethanol": "CCO"}),
            "pH": When({"solvent": ["water"]}, Range(7.0, 14.0)),
            "mM": Range(0.0, 1.0),
        }
    )
    box = FrozenEstimator(
        Rule(lambda X: (X["pH"].fillna(0) > 10) | (X["mM"] > 0.9)).fit(None, ["no", "yes"])
    )
    model = AdditiveEffectsExplainer(box, space, n_samples=2000, random_state=0)
    model.fit(space.sample(20, random_state=0))
    assert model.fidelity_["mcc"] > 0.9
    gap = model.effects_[model.effects_["value"] == "does not apply"]
    assert gap["column"].tolist() == ["pH"]
    assert "pH: does not apply" in model.explain({"solvent": "CCO", "pH": np.nan, "mM": 0.5})


# -- A classifier ----------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_log_odds(fitted):
    log_odds = fitted.decision_function(PAST)
    np.testing.assert_allclose(fitted.predict_proba(PAST)[:, 1], expit(log_odds), rtol=1e-12)
    np.testing.assert_allclose(fitted.predict_proba(PAST).sum(axis=1), 1)
    assert fitted.predict(PAST).tolist() == ["success" if z > 0 else "failure" for z in log_odds]


def test_the_other_class_has_the_opposite_effects(fitted):
    other = effects(max_pairs=2, pos_label="failure").fit(PAST)
    np.testing.assert_allclose(other.effects_["log_odds"], -fitted.effects_["log_odds"], atol=1e-9)
    np.testing.assert_allclose(
        other.decision_function(PAST), fitted.decision_function(PAST), atol=1e-9
    )
    assert other.fidelity_ == fitted.fidelity_


def test_mixed_columns_and_a_clone():
    box = forest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = AdditiveEffectsExplainer(box, n_samples=1500, random_state=0).fit(X, Y)
    with pytest.raises(NotFittedError):
        box.predict(X)
    assert (model.predict(X) == model.estimator_.predict(X)).mean() > 0.9
    assert model.findings()["column"].iloc[0] in ("ligand", "mM")


@parametrize_with_checks(
    [
        # The explainer takes gaps where its black box does.
        AdditiveEffectsExplainer(
            make_pipeline(SimpleImputer(), LogisticRegression()), n_samples=500
        )
    ]
)
def test_estimator_check(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        check(estimator)


# -- Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"max_pairs": -1},
            ValueError,
            "The 'max_pairs' parameter of AdditiveEffectsExplainer must be an integer of at least "
            "0. Got -1 instead.",
        ),
        (
            {"pos_label": "maybe"},
            ValueError,
            "The 'pos_label' parameter must be one of the classes ['failure', 'success']. Got "
            "'maybe' instead.",
        ),
        (
            {"space": DesignSpace({name: Constant(1) for name in PAST})},
            ValueError,
            "No column of the design space varies, so that there are no effects: 'ligand' is "
            "always 1, 'temperature_C' is always 1, 'pH' is always 1. Give experiments that "
            "differ, or a wider space=DesignSpace(...).",
        ),
    ],
)
def test_parameters_that_are_refused(changes, error, message):
    model = effects(**changes)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        model.fit(PAST)
    assert not hasattr(model, "classes_")


def test_three_classes_are_refused():
    message = (
        "Only binary classification is supported. The black box has 3 classes: 'a', 'b', 'c'. Fit "
        "it to y == label, or use SurrogateTreeExplainer."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AdditiveEffectsExplainer(LogisticRegression()).fit(numbers(), ["a", "b", "c"] * 20)


def test_a_sum_that_tells_little_warns():
    """Opposite corners: no sum of single columns tells them, one pair does."""
    box = Rule(lambda X: (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)).fit(None, [0, 1])
    model = AdditiveEffectsExplainer(FrozenEstimator(box), max_pairs=0, random_state=0)
    message = (
        r"^The effects agree with the black box with a Matthews correlation of -?0\.\d\d only "
        r"\(below 0\.8\): a part of the story\. Try a larger max_pairs, SurrogateTreeExplainer, "
        r"or a space with the ratios and sums that matter as Computed columns\.$"
    )
    with pytest.warns(LowFidelityWarning, match=message):
        model.fit(numbers())
    assert model.set_params(max_pairs=1).fit(numbers()).fidelity_["mcc"] > 0.85


def test_levels_alone():
    space = DesignSpace({"vendor": Levels(["A", "B", "C"]), "dry": Levels([False, True])})
    box = Rule(lambda X: (X["vendor"] == "B") & X["dry"].astype(bool)).fit(None, [0, 1])
    past = space.sample(9, random_state=0)
    model = AdditiveEffectsExplainer(FrozenEstimator(box), space, n_samples=500, random_state=0)
    model.fit(past)
    assert model.fidelity_["accuracy"] == 1
    assert model.findings()["finding"].str.startswith("vendor is B brings ").any()
