"""The next experiments, and the best rows of libraries, by any classifier with predict_proba."""

from sksiamese.recommend._recommender import ExperimentRecommender
from sksiamese.recommend.screening import Screening, screen

__all__ = [
    "ExperimentRecommender",
    "Screening",
    "screen",
]
