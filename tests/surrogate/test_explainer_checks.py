"""scikit-learn's own estimator checks of the explainer, on numeric input: none may fail."""

import warnings

from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksiamese import LowFidelityWarning, SurrogateTreeExplainer


@parametrize_with_checks(
    [
        # The explainer takes gaps where its black box does.
        SurrogateTreeExplainer(
            make_pipeline(SimpleImputer(), LogisticRegression()), n_samples=1000
        ),
        SurrogateTreeExplainer(RandomForestClassifier(10, random_state=0), n_samples=1000),
    ]
)
def test_estimator_check(estimator, check):
    with warnings.catch_warnings():
        # The checks fit little noise; the rest of the warnings are errors.
        warnings.simplefilter("ignore", LowFidelityWarning)
        check(estimator)


def test_the_defaults_are_those_of_the_design():
    parameters = SurrogateTreeExplainer(LogisticRegression()).get_params(deep=False)
    del parameters["estimator"]
    assert parameters == {
        "space": None,
        "n_samples": 10_000,
        "min_fidelity": 0.95,
        "max_leaf_nodes": 128,
        "max_depth": None,
        "min_samples_split": 20,
        "view": None,
        "random_state": None,
    }
