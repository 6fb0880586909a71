"""Fitted models in one file that holds no code."""

from sksiamese.persistence._manifest import ModelManifest
from sksiamese.persistence._saving import describe_model, load_model, save_model
from sksiamese.persistence._trusted_types import TRUSTED_TYPES

__all__ = [
    "TRUSTED_TYPES",
    "ModelManifest",
    "describe_model",
    "load_model",
    "save_model",
]
