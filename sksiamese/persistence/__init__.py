"""Fitted models in one file that holds no code."""

from sksiamese.persistence._manifest import ModelManifest
from sksiamese.persistence._saving import describe_model, load_model, save_model

__all__ = [
    "ModelManifest",
    "describe_model",
    "load_model",
    "save_model",
]
