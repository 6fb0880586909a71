"""Siamese neural graph fingerprints for small tables of experiments, in scikit-learn's manner."""

from sksiamese.baselines import GraphFingerprintMLPClassifier, GraphFingerprintSVMClassifier
from sksiamese.classifier import GraphFingerprintSiameseClassifier
from sksiamese.doctor import check_experiments
from sksiamese.exceptions import (
    InvalidSMILESError,
    InvalidSMILESWarning,
    LowFidelityWarning,
    ModelFileError,
    ModelVersionWarning,
    SmallClassWarning,
)
from sksiamese.featurizer import SMILESFeaturizer
from sksiamese.model_selection import (
    LeaveOneMoleculeOut,
    SupportQuerySplit,
    compare_classifiers,
)
from sksiamese.molgraph import MolGraph
from sksiamese.persistence import describe_model, load_model, save_model
from sksiamese.recommend import ExperimentRecommender
from sksiamese.space import DesignSpace
from sksiamese.surrogate import SurrogateTreeExplainer
from sksiamese.tasks import StackedTasks, stack_tasks

__all__ = [
    "DesignSpace",
    "ExperimentRecommender",
    "GraphFingerprintMLPClassifier",
    "GraphFingerprintSVMClassifier",
    "GraphFingerprintSiameseClassifier",
    "InvalidSMILESError",
    "InvalidSMILESWarning",
    "LeaveOneMoleculeOut",
    "LowFidelityWarning",
    "ModelFileError",
    "ModelVersionWarning",
    "MolGraph",
    "SMILESFeaturizer",
    "SmallClassWarning",
    "StackedTasks",
    "SupportQuerySplit",
    "SurrogateTreeExplainer",
    "check_experiments",
    "compare_classifiers",
    "describe_model",
    "load_model",
    "save_model",
    "stack_tasks",
]

__version__ = "0.1.0"
