"""Tables of experiments read and checked: each fault with its cell and a cure."""

from sksiamese.doctor._check_experiments import TableReport, check_experiments
from sksiamese.doctor._read_experiments import ExperimentTable, read_experiments

__all__ = [
    "ExperimentTable",
    "TableReport",
    "check_experiments",
    "read_experiments",
]
