"""Faults of a table typed by hand, each with its cell and a cure."""

from sksiamese.doctor._report import TableReport, check_experiments

__all__ = [
    "TableReport",
    "check_experiments",
]
