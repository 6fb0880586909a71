"""The distinct molecules of a column, and which of them each row holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._canonical import canonical_key
from sksiamese.molecules._descriptors import RDKIT_DESCRIPTORS
from sksiamese.molecules._distinct_molecules import MoleculePool
from sksiamese.molecules._graph import EMPTY_GRAPH, MolGraph
from sksiamese.molecules._parsing import read_descriptors
from sksiamese.tables._column_kinds import is_text, one_of_each

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class Pool(NamedTuple):
    """Distinct molecules of a column and which of them each row holds."""

    graphs: list[MolGraph]
    descriptors: _Float  # (n_distinct, n_descriptors)
    place: _Int  # (n_rows,)

    @classmethod
    def of_codes(cls, read: MoleculePool, column: int) -> Pool:
        """Take one column out of what was read from text."""
        codes, place = np.unique(read.codes[:, column], return_inverse=True)
        return cls(list(read.graphs[codes]), read.descriptors[codes], place)

    @classmethod
    def of_graphs(cls, cells: pd.Series) -> Pool:
        """Find the distinct graphs of a column; a missing cell is the empty graph."""
        number: dict[MolGraph, int] = {}
        place = np.empty(len(cells), np.int64)
        for row, cell in enumerate(cells):
            graph = cell if isinstance(cell, MolGraph) else EMPTY_GRAPH
            place[row] = number.setdefault(graph, len(number))
        descriptors = [read_descriptors(graph.smiles) for graph in number]
        unreadable = [i for i, values in enumerate(descriptors) if values is None]
        if unreadable:
            row = int(np.flatnonzero(place == unreadable[0])[0])
            raise InvalidSMILESError(
                f"The MolGraph in column {cells.name!r}, row {plain_label(cells.index[row])!r} "
                f"has the text {shorten(list(number)[unreadable[0]].smiles)}, from which no "
                "descriptors can be computed. Make graphs with SMILESFeaturizer, or with "
                "mol_to_graph and a SMILES."
            )
        values = np.array(descriptors, np.float64).reshape(len(number), len(RDKIT_DESCRIPTORS))
        return cls(list(number), values, place)

    def take(self, rows: slice) -> Pool:
        """Keep some rows, and the molecules that occur in them."""
        kept, place = np.unique(self.place[rows], return_inverse=True)
        return Pool([self.graphs[i] for i in kept], self.descriptors[kept], place)

    def merge(self) -> Pool:
        """Take all spellings of a molecule as one.

        Training tells rows of one molecule from rows of others; prediction does not.
        """
        spelling = [f"{canonical_key(g.smiles) or g.smiles} {len(g.atoms)}" for g in self.graphs]
        _, first, number = np.unique(spelling, return_index=True, return_inverse=True)
        graphs = [self.graphs[i] for i in first]
        return Pool(graphs, self.descriptors[first], number[self.place])


def holds_graphs(column: pd.Series) -> bool:
    column = one_of_each(column)
    return not is_text(column) and any(isinstance(cell, MolGraph) for cell in column)
