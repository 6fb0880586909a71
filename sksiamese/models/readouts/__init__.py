"""How similarities to labelled experiments become probabilities: one file for each way.

Each holds its loss, its batches, its support set, its probabilities, its evidence and its decision
threshold side by side, behind the protocol of ``_protocol.py``.
"""

from sksiamese.models.readouts._gaussian_process import ProcessReadOut
from sksiamese.models.readouts._mean import MeanReadOut, PaperReadOut
from sksiamese.models.readouts._past_campaigns import CampaignReadOut
from sksiamese.models.readouts._protocol import ReadOut

__all__ = ["READOUTS"]

READOUTS: dict[str, type[ReadOut]] = {
    "process": ProcessReadOut,
    "mean": MeanReadOut,
    "paper": PaperReadOut,
    "residual": CampaignReadOut,
}
"""Read-outs by the name that the classifier takes."""
