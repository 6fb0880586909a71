"""Displays: probabilities over conditions, evidence, fingerprints, effects and trees."""

from sksiamese.plotting._condition_cube import ConditionCubeDisplay
from sksiamese.plotting._effects import EffectsDisplay
from sksiamese.plotting._evidence import EvidenceDisplay
from sksiamese.plotting._fingerprint_distances import FingerprintDistanceDisplay
from sksiamese.plotting._probability_map import ProbabilityMapDisplay
from sksiamese.plotting._tree import SurrogateTreeDisplay

__all__ = [
    "ConditionCubeDisplay",
    "EffectsDisplay",
    "EvidenceDisplay",
    "FingerprintDistanceDisplay",
    "ProbabilityMapDisplay",
    "SurrogateTreeDisplay",
]
