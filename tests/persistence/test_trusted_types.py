"""The public list of types, through skops itself, as a server of models would use it."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from sksiamese import (
    AdditiveEffectsExplainer,
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
    load_model,
    save_model,
)
from sksiamese.persistence import TRUSTED_TYPES

X = pd.DataFrame({"x": np.linspace(0, 1, 12), "m": ["CCO", "CCN", "CCS"] * 4})
Y = np.arange(12) % 2
SMALL = {"n_members": 1, "max_epochs": 2, "random_state": 0}
SIAMESE = {
    readout: GraphFingerprintSiameseClassifier(readout=readout, **SMALL)
    for readout in ("process", "mean", "paper", "residual")
}
MODELS = {
    **SIAMESE,
    "mlp": GraphFingerprintMLPClassifier(**SMALL),
    "svm": GraphFingerprintSVMClassifier(**SMALL),
    "effects": AdditiveEffectsExplainer(SIAMESE["process"], n_samples=50, random_state=0),
    "surrogate": SurrogateTreeExplainer(SIAMESE["process"], n_samples=50, random_state=0),
}


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
@pytest.mark.parametrize("name", MODELS)
def test_skops_loads_every_classifier_with_the_public_list(name):
    model = MODELS[name].fit(X, Y)
    loaded = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_skops_loads_a_recommender_and_a_featurizer_too():
    recommender = ExperimentRecommender(SIAMESE["mean"], n_candidates=30, random_state=0).fit(X, Y)
    loaded = skops.io.loads(skops.io.dumps(recommender), trusted=TRUSTED_TYPES)
    pd.testing.assert_frame_equal(loaded.recommend(2), recommender.recommend(2))
    featurizer = SMILESFeaturizer("table1").fit(X[["m"]])
    loaded = skops.io.loads(skops.io.dumps(featurizer), trusted=TRUSTED_TYPES)
    np.testing.assert_array_equal(loaded.transform(X[["m"]]), featurizer.transform(X[["m"]]))


def test_a_model_of_another_kind_than_was_asked_for_is_refused(tmp_path):
    path = save_model(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "model.skm")
    assert load_model(path, LogisticRegression).predict([[1.0]]).tolist() == [1]
    message = (
        "model.skm holds a LogisticRegression, not a SMILESFeaturizer. Load it without kind=, or "
        "name another file."
    )
    with pytest.raises(TypeError, match=rf"^{message}$".replace(".", r"\.")):
        load_model(path, SMILESFeaturizer)
