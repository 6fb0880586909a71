"""The next experiments, by any classifier with predict_proba."""

from sksiamese.recommend._recommender import ExperimentRecommender

__all__ = [
    "ExperimentRecommender",
]
