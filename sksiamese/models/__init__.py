"""Three classifiers, on a siamese network, a dense one and a linear machine, and a regressor."""

from sksiamese.models._mlp import GraphFingerprintMLPClassifier
from sksiamese.models._siamese import GraphFingerprintSiameseClassifier
from sksiamese.models._siamese_regressor import GraphFingerprintSiameseRegressor
from sksiamese.models._svm import GraphFingerprintSVMClassifier

__all__ = [
    "GraphFingerprintMLPClassifier",
    "GraphFingerprintSVMClassifier",
    "GraphFingerprintSiameseClassifier",
    "GraphFingerprintSiameseRegressor",
]
