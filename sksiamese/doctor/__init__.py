"""Tables of experiments read and checked: each fault with its cell and a cure."""

from sksiamese.doctor._experiments import ExperimentTable, read_experiments
from sksiamese.doctor._report import TableReport, check_experiments

__all__ = [
    "ExperimentTable",
    "TableReport",
    "check_experiments",
    "read_experiments",
]
