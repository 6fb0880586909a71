"""One page for people: what a table of experiments shows, and what to try next."""

from sksiamese.report._report import ExperimentReport

__all__ = [
    "ExperimentReport",
]
