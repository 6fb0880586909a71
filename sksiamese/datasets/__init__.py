"""Tables of experiments to learn on: measured, downloaded, simulated, or the caller's own.

Every function returns a :class:`sklearn.utils.Bunch` with ``frame``, ``data``, ``target``,
``feature_names``, ``smiles_columns``, ``groups``, ``name`` and ``DESCR``, or ``(data, target)``
with ``return_X_y=True``. Tables of many tasks have a column of ``target`` for each.
"""

from ._cmet import load_cmet
from ._moleculenet import fetch_moleculenet
from ._nanocluster_rule import nanocluster_success_probability
from ._nanoclusters import make_nanoclusters
from ._paper_workbook import read_reaction_workbook
from ._perovskites import fetch_perovskites, load_perovskites

__all__ = [
    "fetch_moleculenet",
    "fetch_perovskites",
    "load_cmet",
    "load_perovskites",
    "make_nanoclusters",
    "nanocluster_success_probability",
    "read_reaction_workbook",
]
