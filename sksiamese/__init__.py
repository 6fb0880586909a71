"""Siamese neural graph fingerprints for small tables of experiments, in scikit-learn's manner.

Names are loaded when they are first used, so that ``import sksiamese`` and the command line start
without torch, RDKit and matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sksiamese.doctor import check_experiments, read_experiments
    from sksiamese.exceptions import (
        InvalidSMILESError,
        InvalidSMILESWarning,
        LowFidelityWarning,
        ModelFileError,
        ModelVersionWarning,
        SmallClassWarning,
    )
    from sksiamese.model_selection import (
        LeaveOneMoleculeOut,
        SupportQuerySplit,
        compare_classifiers,
    )
    from sksiamese.models import (
        GraphFingerprintMLPClassifier,
        GraphFingerprintSiameseClassifier,
        GraphFingerprintSiameseRegressor,
        GraphFingerprintSVMClassifier,
    )
    from sksiamese.molecules import MolGraph, SMILESFeaturizer
    from sksiamese.persistence import describe_model, load_model, save_model
    from sksiamese.recommend import ExperimentRecommender, Screening, screen
    from sksiamese.report import ExperimentReport
    from sksiamese.space import DesignSpace
    from sksiamese.surrogate import AdditiveEffectsExplainer, SurrogateTreeExplainer
    from sksiamese.tables import StackedTasks, stack_tasks

__all__ = [
    "AdditiveEffectsExplainer",
    "DesignSpace",
    "ExperimentRecommender",
    "ExperimentReport",
    "GraphFingerprintMLPClassifier",
    "GraphFingerprintSVMClassifier",
    "GraphFingerprintSiameseClassifier",
    "GraphFingerprintSiameseRegressor",
    "InvalidSMILESError",
    "InvalidSMILESWarning",
    "LeaveOneMoleculeOut",
    "LowFidelityWarning",
    "ModelFileError",
    "ModelVersionWarning",
    "MolGraph",
    "SMILESFeaturizer",
    "Screening",
    "SmallClassWarning",
    "StackedTasks",
    "SupportQuerySplit",
    "SurrogateTreeExplainer",
    "check_experiments",
    "compare_classifiers",
    "describe_model",
    "load_model",
    "read_experiments",
    "save_model",
    "screen",
    "stack_tasks",
]

__version__ = "0.1.0"

_FOLDERS = {
    "doctor": ["check_experiments", "read_experiments"],
    "exceptions": [
        "InvalidSMILESError",
        "InvalidSMILESWarning",
        "LowFidelityWarning",
        "ModelFileError",
        "ModelVersionWarning",
        "SmallClassWarning",
    ],
    "model_selection": ["LeaveOneMoleculeOut", "SupportQuerySplit", "compare_classifiers"],
    "models": [
        "GraphFingerprintMLPClassifier",
        "GraphFingerprintSVMClassifier",
        "GraphFingerprintSiameseClassifier",
        "GraphFingerprintSiameseRegressor",
    ],
    "molecules": ["MolGraph", "SMILESFeaturizer"],
    "persistence": ["describe_model", "load_model", "save_model"],
    "recommend": ["ExperimentRecommender", "Screening", "screen"],
    "report": ["ExperimentReport"],
    "space": ["DesignSpace"],
    "surrogate": ["AdditiveEffectsExplainer", "SurrogateTreeExplainer"],
    "tables": ["StackedTasks", "stack_tasks"],
}
_HOMES = {name: folder for folder, names in _FOLDERS.items() for name in names}
_MODULES = {*_FOLDERS, "datasets", "descriptors", "featurizer", "nn", "plotting", "tuning"}


def __getattr__(name: str) -> Any:
    """Load a public name, or a folder, when it is first used."""
    if name in _HOMES:
        return getattr(import_module(f"sksiamese.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"sksiamese.{name}")
    raise AttributeError(f"module 'sksiamese' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
