"""Siamese neural graph fingerprints for small tables of experiments, in scikit-learn's manner."""

from sksiamese.baselines import GraphFingerprintMLPClassifier, GraphFingerprintSVMClassifier
from sksiamese.classifier import GraphFingerprintSiameseClassifier
from sksiamese.exceptions import InvalidSMILESError, InvalidSMILESWarning, SmallClassWarning
from sksiamese.featurizer import SMILESFeaturizer
from sksiamese.model_selection import (
    LeaveOneMoleculeOut,
    SupportQuerySplit,
    compare_classifiers,
)
from sksiamese.molgraph import MolGraph

__all__ = [
    "GraphFingerprintMLPClassifier",
    "GraphFingerprintSVMClassifier",
    "GraphFingerprintSiameseClassifier",
    "InvalidSMILESError",
    "InvalidSMILESWarning",
    "LeaveOneMoleculeOut",
    "MolGraph",
    "SMILESFeaturizer",
    "SmallClassWarning",
    "SupportQuerySplit",
    "compare_classifiers",
]

__version__ = "0.1.0"
