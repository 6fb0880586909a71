"""The verdict of a comparison, whole, on scores whose intervals are worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from sksiamese import compare_classifiers
from sksiamese.model_selection import ClassifierComparison

GUESS, FOREST, SVC = "majority class", "random forest", "SVC"


def scores_of(values, metric="pooled_mcc"):
    rows = [
        (name, repeat, pd.NA, metric, value, 1.0, 1.0)
        for name, row in values.items()
        for repeat, value in enumerate(row)
    ]
    columns = ["classifier", "repeat", "fold", "metric", "value", "fit_time", "score_time"]
    return pd.DataFrame(rows, columns=columns)


def hand_made(values, losses=(), null=None):
    """A comparison of {classifier: score of each repeat}; what is not a baseline is called mine."""
    baselines = tuple(name for name in values if not name.startswith("mine"))
    errors = pd.DataFrame(columns=["classifier", "repeat", "fold", "step", "type", "message"])
    null_scores = None if null is None else scores_of(null)
    return ClassifierComparison(
        scores_of(values), pd.DataFrame(), errors, baselines, losses, False, null_scores
    )


def closing(n, percent=95):
    return (
        f"In brackets {percent} % t-intervals of differences over {n} repeats on the same rows; "
        "other experiments may move them more."
    )


def test_verdict_worked_out_by_hand():
    """Student's t of 2 degrees of freedom at 0.975 is 4.302653.

    mine - guessing is 0.5, 0.6, 0.7: mean 0.6, half 4.302653 * 0.1 / sqrt(3) = 0.248. mine - forest
    is 0.0, 0.1, 0.2: mean 0.1, the same half.
    """
    values = {
        "mine": [0.5, 0.6, 0.7],
        GUESS: [0, 0, 0],
        SVC: [0.1, 0.1, 0.1],
        FOREST: [0.5, 0.5, 0.5],
    }
    assert hand_made(values).verdict().splitlines() == [
        "pooled_mcc: mine beats guessing, +0.600 (+0.352 to +0.848); is not told apart from random "
        "forest, +0.100 (-0.148 to +0.348).",
        closing(3),
    ]
    narrow = hand_made(values).verdict(confidence=0.5).splitlines()  # t is 0.816497
    assert narrow == [
        "pooled_mcc: mine beats guessing, +0.600 (+0.553 to +0.647); beats random forest, +0.100 "
        "(+0.053 to +0.147).",
        closing(3, 50),
    ]


def test_lower_is_better_for_a_loss():
    values = {
        "mine": [0.3, 0.4, 0.5],
        GUESS: [0.9, 0.9, 0.9],
        FOREST: [0.0, 0.0, 0.0],
        SVC: [1] * 3,
    }
    assert hand_made(values, losses=("pooled_mcc",)).verdict().splitlines()[0] == (
        "pooled_mcc: mine beats guessing, -0.500 (-0.748 to -0.252); is worse than random forest, "
        "+0.400 (+0.152 to +0.648)."
    )


def test_each_classifier_has_a_line_and_is_compared_with_itself_on_shuffled_outcomes():
    values = {"mine": [0.5, 0.6, 0.7], "mine too": [0.1, 0.0, -0.1]}
    null = {"mine": [0.0, 0.0, 0.0], "mine too": [0.0, 0.1, 0.1]}
    assert hand_made(values, null=null).verdict().splitlines() == [
        "pooled_mcc: mine beats itself on shuffled outcomes, +0.600 (+0.352 to +0.848).",
        "pooled_mcc: mine too is not told apart from itself on shuffled outcomes, -0.067 (-0.446 "
        "to +0.313).",
        closing(3),
    ]


def test_nothing_is_told_apart_without_an_interval():
    values = {"mine": [0.5], GUESS: [0.0], FOREST: [0.5]}
    assert hand_made(values).verdict().splitlines() == [
        "pooled_mcc: mine differs from guessing by +0.500, without an interval; is not told apart "
        "from random forest, +0.000.",
        "One repeat gives no interval, so nothing is told apart.",
    ]
    alike = hand_made({"mine": [0.5, 0.5], GUESS: [0.0, 0.0]}).verdict()
    assert alike.startswith(
        "pooled_mcc: mine differs from guessing by +0.500, without an interval.\n"
    )


def test_failures_are_told():
    values = {
        "mine": [0.5, np.nan],
        "mine too": [0.5, 0.6],
        GUESS: [np.nan, 0.0],
        SVC: [np.nan] * 2,
    }
    assert hand_made(values).verdict().splitlines()[:2] == [
        "pooled_mcc: mine has no score, since it failed.",
        "pooled_mcc: mine too is not compared with guessing, which failed.",
    ]


def test_nothing_to_compare():
    assert hand_made({GUESS: [0.0, 0.0]}).verdict() == (
        "There is no classifier beside the baselines to judge."
    )
    assert hand_made({"mine": [0.5, 0.6]}).verdict().splitlines()[0] == (
        "pooled_mcc: mine has nothing to be compared with."
    )


@pytest.mark.parametrize("confidence", [0, 1, "0.95"])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="confidence") as caught:
        hand_made({"mine": [0.1]}).verdict(confidence)
    assert str(caught.value) == (
        "The 'confidence' parameter of verdict must be a number in (0, 1). Got "
        f"{confidence!r} instead."
    )


# -- The null test ---------------------------------------------------------------------------------

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
Y = np.where(X[:, 0] + RNG.normal(0, 0.5, 60) > 0, "works", "fails")


def compare(**changes):
    settings = {"scoring": "pooled_mcc", "n_repeats": 3, "baselines": [GUESS], "random_state": 0}
    models = {"mine": LogisticRegression()}
    return compare_classifiers(models, X, Y, **{**settings, **changes})


def test_null_test_scores_shuffled_outcomes_on_the_same_folds():
    folds = list(StratifiedKFold(5).split(X, Y))
    comparison = compare(cv=folds, null_test=True)
    null = comparison.null_scores
    assert null["classifier"].unique() == ["mine"]
    assert null["repeat"].tolist() == [0, 1, 2]
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=(3, 2))[:, 0]
    for value, seed in zip(null["value"], seeds, strict=True):
        y = np.random.RandomState([seed, 1]).permutation(Y)
        expected = cross_val_predict(LogisticRegression(), X, y, cv=folds)
        assert value == matthews_corrcoef(y, expected)
    plain = compare(cv=folds)
    columns = ["classifier", "repeat", "value"]
    assert plain.null_scores is None
    pd.testing.assert_frame_equal(plain.scores[columns], comparison.scores[columns])


def test_what_learns_beats_itself_on_shuffled_outcomes_and_guessing():
    line = compare(null_test=True).verdict().splitlines()[0]
    assert line.startswith("pooled_mcc: mine beats guessing, +0.")
    assert "; beats itself on shuffled outcomes, +" in line


def test_null_test_of_folds_whatever_n_jobs():
    first = compare(null_test=True, scoring="accuracy", cv=3)
    again = compare(null_test=True, scoring="accuracy", cv=3, n_jobs=2)
    assert first.null_scores["value"].tolist() == again.null_scores["value"].tolist()
    assert first.null_scores["repeat"].value_counts().tolist() == [3, 3, 3]


def test_differences_are_the_numbers_of_the_verdict():
    values = {"mine": [0.5, 0.6, 0.7], GUESS: [0, 0, 0], FOREST: [0.5, 0.5, 0.5]}
    found = hand_made(values, null={"mine": [0.1, 0.1, 0.0]}).differences()
    assert found["other"].tolist() == ["guessing", FOREST, "itself on shuffled outcomes"]
    assert found["says"].tolist() == ["beats", "is not told apart from", "beats"]
    np.testing.assert_allclose(found["difference"], [0.6, 0.1, 0.5333], atol=1e-4)
    np.testing.assert_allclose(found["low"], [0.3516, -0.1484, 0.1539], atol=1e-4)
    assert set(found["metric"]) == {"pooled_mcc"}
    assert set(found["classifier"]) == {"mine"}
