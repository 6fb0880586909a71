"""Siamese neural graph fingerprints for small tables of experiments, in scikit-learn's manner."""

from sksiamese.classifier import GraphFingerprintSiameseClassifier
from sksiamese.exceptions import (
    InvalidSMILESError,
    InvalidSMILESWarning,
    LowFidelityWarning,
    SmallClassWarning,
)
from sksiamese.featurizer import SMILESFeaturizer
from sksiamese.molgraph import MolGraph
from sksiamese.space import DesignSpace
from sksiamese.surrogate import SurrogateTreeExplainer

__all__ = [
    "DesignSpace",
    "GraphFingerprintSiameseClassifier",
    "InvalidSMILESError",
    "InvalidSMILESWarning",
    "LowFidelityWarning",
    "MolGraph",
    "SMILESFeaturizer",
    "SmallClassWarning",
    "SurrogateTreeExplainer",
]

__version__ = "0.1.0"
