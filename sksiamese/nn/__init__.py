"""The networks: graphs to fingerprints, input vectors to embeddings, pairs to similarities."""

from sksiamese.nn.fingerprint import NeuralFingerprint
from sksiamese.nn.losses import kernel_proba, mean_proba, pair_loss, support_loss
from sksiamese.nn.siamese import SiameseNetwork

__all__ = [
    "NeuralFingerprint",
    "SiameseNetwork",
    "kernel_proba",
    "mean_proba",
    "pair_loss",
    "support_loss",
]
