"""scikit-learn's own estimator checks of the recommender, on numeric input."""

from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sksiamese import ExperimentRecommender, SMILESFeaturizer
from tests.molecules.numbered import as_molecules, is_of_numbers_alone

# Checks of predict, transform and score do not apply: there is recommend instead.
EXCEPTIONS = {"check_fit1d": "a list is a table of one column, such as SMILES"}
OF_MOLECULES = {"check_estimators_nan_inf": "a gap where a molecule may stand is no molecule"}


@parametrize_with_checks(
    [
        ExperimentRecommender(LogisticRegression(), n_bootstrap=2, positive=1),
        ExperimentRecommender(GaussianNB(), acquisition="probability", n_bootstrap=0, positive=1),
    ],
    expected_failed_checks=lambda _: EXCEPTIONS,
)
def test_estimator_check(estimator, check):
    check(estimator)


# -- Text ------------------------------------------------------------------------------------------


class NumberedRecommender(ExperimentRecommender):
    """The recommender of a classifier of SMILES, given a molecule wherever there is a number."""

    def fit(self, X, y, *, groups=None, sample_weight=None):
        return super().fit(as_molecules(X), y, groups=groups, sample_weight=sample_weight)


def of_text(kind):
    model = make_pipeline(SMILESFeaturizer("descriptors"), GaussianNB())
    return kind(model, n_bootstrap=0, n_folds=0, positive=1)


@parametrize_with_checks(
    [of_text(NumberedRecommender)], expected_failed_checks=lambda _: EXCEPTIONS | OF_MOLECULES
)
def test_estimator_check_on_molecules(estimator, check):
    check(estimator)


def test_on_numbers_nothing_fails_but_what_needs_text():
    recommender = of_text(ExperimentRecommender)
    assert recommender.__sklearn_tags__().input_tags.string
    found = check_estimator(recommender, on_fail=None, on_skip=None)
    failed = {e["check_name"]: e["exception"] for e in found if e["status"] == "failed"}
    assert {n: e for n, e in failed.items() if not is_of_numbers_alone(e)} == {}


def test_parameters_of_the_classifier_can_be_searched():
    recommender = ExperimentRecommender(RandomForestClassifier(), diversity=0.5)
    recommender.set_params(estimator__max_depth=3, diversity=0.2)
    copy = clone(recommender)
    assert copy.get_params()["estimator__max_depth"] == 3
    assert copy.diversity == 0.2
    assert copy.estimator is not recommender.estimator
