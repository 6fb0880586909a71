"""Comparing classifiers on the same folds, and splitters for few experiments."""

from sksiamese.model_selection._compare import compare_classifiers
from sksiamese.model_selection._comparison import ClassifierComparison
from sksiamese.model_selection._splitters import LeaveOneMoleculeOut, SupportQuerySplit
from sksiamese.tables._recipes import recipe_groups

__all__ = [
    "ClassifierComparison",
    "LeaveOneMoleculeOut",
    "SupportQuerySplit",
    "compare_classifiers",
    "recipe_groups",
]
