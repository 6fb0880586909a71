"""scikit-learn's own estimator checks of the recommender, on numeric input."""

from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksiamese import ExperimentRecommender

# Checks of predict, transform and score do not apply: there is recommend instead.
EXCEPTIONS = {"check_fit1d": "a list is a table of one column, such as SMILES"}


@parametrize_with_checks(
    [
        ExperimentRecommender(LogisticRegression(), n_bootstrap=2, positive=1),
        ExperimentRecommender(GaussianNB(), acquisition="probability", n_bootstrap=0, positive=1),
    ],
    expected_failed_checks=lambda _: EXCEPTIONS,
)
def test_estimator_check(estimator, check):
    check(estimator)


def test_parameters_of_the_classifier_can_be_searched():
    recommender = ExperimentRecommender(RandomForestClassifier(), diversity=0.5)
    recommender.set_params(estimator__max_depth=3, diversity=0.2)
    copy = clone(recommender)
    assert copy.get_params()["estimator__max_depth"] == 3
    assert copy.diversity == 0.2
    assert copy.estimator is not recommender.estimator
