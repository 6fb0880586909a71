"""Displays: probabilities over conditions, evidence, fingerprints and trees."""

from sksiamese.plotting._condition_cube import ConditionCubeDisplay
from sksiamese.plotting._evidence import EvidenceDisplay
from sksiamese.plotting._fingerprint_distances import FingerprintDistanceDisplay
from sksiamese.plotting._probability_map import ProbabilityMapDisplay
from sksiamese.plotting._tree import SurrogateTreeDisplay

__all__ = [
    "ConditionCubeDisplay",
    "EvidenceDisplay",
    "FingerprintDistanceDisplay",
    "ProbabilityMapDisplay",
    "SurrogateTreeDisplay",
]
