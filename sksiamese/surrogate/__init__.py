"""Stand-ins that imitate any classifier, in the user's columns and units: a tree, and effects."""

from sksiamese.surrogate._additive_explainer import AdditiveEffectsExplainer
from sksiamese.surrogate._explainer import SurrogateTreeExplainer

__all__ = [
    "AdditiveEffectsExplainer",
    "SurrogateTreeExplainer",
]
