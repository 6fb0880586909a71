"""A decision tree that imitates any classifier, in the user's columns and units."""

from sksiamese.surrogate._explainer import SurrogateTreeExplainer

__all__ = [
    "SurrogateTreeExplainer",
]
