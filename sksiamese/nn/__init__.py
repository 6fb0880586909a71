"""The networks: graphs to fingerprints, input vectors to embeddings or scores, and their losses."""

from sksiamese.nn._fingerprint import NeuralFingerprint
from sksiamese.nn._fingerprint_network import FingerprintNetwork
from sksiamese.nn._losses import (
    cross_entropy_loss,
    hinge_loss,
    mean_proba,
    pair_loss,
)
from sksiamese.nn._siamese import SiameseNetwork

__all__ = [
    "FingerprintNetwork",
    "NeuralFingerprint",
    "SiameseNetwork",
    "cross_entropy_loss",
    "hinge_loss",
    "mean_proba",
    "pair_loss",
]
