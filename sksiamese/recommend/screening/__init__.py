"""Libraries of any length: the best rows by any classifier, in one process or on a cluster."""

from sksiamese.recommend.screening._screen import Screening, screen

__all__ = [
    "Screening",
    "screen",
]
