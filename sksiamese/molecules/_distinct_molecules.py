"""All molecules of a table at once: each distinct text read a single time, bad cells listed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from sksiamese._checks import plain_label, shorten
from sksiamese._frames import DistinctTexts, distinct_texts
from sksiamese.exceptions import InvalidSMILESError, InvalidSMILESWarning
from sksiamese.molecules._canonical import ten_lines, why_unreadable
from sksiamese.molecules._descriptors import (
    RDKIT_DESCRIPTORS,
    TABLE1_LIGAND_DESCRIPTORS,
    molecule_descriptors,
)
from sksiamese.molecules._graph import EMPTY_GRAPH, parse_smiles
from sksiamese.molecules._parsing import PackedGraphs, pack_graphs, unpack_graphs
from sksiamese.molecules._quiet_rdkit import quiet_rdkit

DESCRIPTOR_SETS: Mapping[str, Mapping[str, Callable[[Any], float]]] = {
    "descriptors": RDKIT_DESCRIPTORS,
    "table1": TABLE1_LIGAND_DESCRIPTORS,
}
_CHUNK = 512  # molecules whose codes are worked out together
_WORTH_PROCESSES = 1000  # fewer distinct molecules are done sooner than sent


class _Numbers(NamedTuple):
    """Numeric features (n_molecules, n_values) and the positions of SMILES that failed."""

    values: npt.NDArray[Any]
    bad: list[int]


class MoleculePool(NamedTuple):
    """Distinct molecules of a table; the last one is the absent molecule.

    Parameters
    ----------
    graphs : ndarray of MolGraph objects of shape (n_distinct + 1,)
        Their graphs.
    descriptors : ndarray of shape (n_distinct + 1, n_descriptors)
        Their ``RDKIT_DESCRIPTORS``; zeros for the absent molecule.
    codes : ndarray of shape (n_rows, n_columns)
        Which of them each cell holds; -1, the last, where there is none.
    """

    graphs: npt.NDArray[np.object_]
    descriptors: npt.NDArray[np.float64]
    codes: npt.NDArray[np.intp]


class ChunkReader(NamedTuple):
    """How texts become features; it crosses over to worker processes.

    Parameters
    ----------
    output : {"graph", "described graph", "ecfp", "descriptors", "table1"}
        What a text becomes; "described graph" is a graph with its ``RDKIT_DESCRIPTORS``.
    fp_size, radius : int
        Size and radius of the fingerprint "ecfp".
    """

    output: str
    fp_size: int = 2048
    radius: int = 2

    def __call__(self, texts: Sequence[str]) -> PackedGraphs | _Numbers:
        """Features of some texts; only strings and arrays cross over between processes."""
        if self.output == "graph":
            return pack_graphs(texts)
        if self.output == "described graph":
            return pack_graphs(texts, RDKIT_DESCRIPTORS)
        bad: list[int] = []
        mols = _read_mols(texts, bad)
        with quiet_rdkit:
            if self.output == "ecfp":
                values: Any = _fingerprints(mols, len(texts), self.fp_size, self.radius)
            else:
                values = molecule_descriptors(mols, DESCRIPTOR_SETS[self.output])
        return _Numbers(values, bad)


def read_molecules(frame: pd.DataFrame, n_jobs: int | None, verbose: int) -> MoleculePool:
    """Read a frame of SMILES as graphs and RDKit descriptors, both from one parse.

    Raises
    ------
    InvalidSMILESError
        Listing the cells that cannot be read as molecules.
    """
    found = distinct_texts(frame)
    chunks = list(_read_chunks(found.texts, ChunkReader("described graph"), n_jobs, verbose))
    graphs, bad = _pool_graphs(chunks)
    _report_bad(frame, found, bad, "raise")
    absent = np.zeros((1, len(RDKIT_DESCRIPTORS)))
    descriptors = np.vstack([*(packed.descriptors for _, packed in chunks), absent])
    return MoleculePool(graphs, descriptors, found.codes)


def read_features(
    frame: pd.DataFrame, reader: ChunkReader, n_jobs: int | None, verbose: int, on_invalid: str
) -> npt.NDArray[Any]:
    """Read a frame of SMILES as features of one kind.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Columns of text.
    reader : ChunkReader
        What the texts become.
    n_jobs, verbose, on_invalid
        As in :class:`~sksiamese.SMILESFeaturizer`.

    Returns
    -------
    ndarray of shape (n_rows, n_columns * n_values)
        A graph, or the block of numbers, of each cell; empty or zeros where there is no molecule.

    Raises
    ------
    InvalidSMILESError
        Listing the cells that cannot be read as molecules, if ``on_invalid="raise"``.
    """
    found = distinct_texts(frame)
    chunks = list(_read_chunks(found.texts, reader, n_jobs, verbose))
    pool, bad = _pool_graphs(chunks) if reader.output == "graph" else _pool_numbers(chunks, reader)
    _report_bad(frame, found, bad, on_invalid)
    # The last row of the pool is the absent molecule, which code -1 picks.
    return pool[found.codes].reshape(len(frame), -1)


def _read_chunks(
    texts: Sequence[str], reader: ChunkReader, n_jobs: int | None, verbose: int
) -> Iterator[tuple[Sequence[str], Any]]:
    """Yield chunks of texts with their features, from this process or several."""
    n_used = joblib.effective_n_jobs(n_jobs) if len(texts) >= _WORTH_PROCESSES else 1
    # A few chunks for each process even out their loads; more would only add messages.
    size = _CHUNK if n_used == 1 else max(_CHUNK // 2, -(-len(texts) // (8 * n_used)))
    chunks = [texts[i : i + size] for i in range(0, len(texts), size)]
    if n_used == 1:  # joblib would make tasks of it, if it is set to a cluster
        results: Iterable[Any] = (reader(chunk) for chunk in chunks)
    else:
        # Chunks are small and even: dispatching all at once keeps every process busy.
        options = {"return_as": "generator", "pre_dispatch": "all", "batch_size": 1}
        results = joblib.Parallel(n_used, prefer="processes", **options)(
            joblib.delayed(reader)(chunk) for chunk in chunks
        )
    with _progress_bar(len(texts), bool(verbose)) as bar:
        for chunk, result in zip(chunks, results, strict=True):
            bar.update(len(chunk))
            yield chunk, result


def _progress_bar(total: int, shown: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit="molecule", disable=not shown)


def _pool_graphs(chunks: list[Any]) -> tuple[npt.NDArray[np.object_], list[int]]:
    """Graphs (n_distinct + 1,), empty ones for bad texts, and the positions of these."""
    graphs = [g for texts, packed in chunks for g in unpack_graphs(texts, packed)]
    pool = np.empty(len(graphs) + 1, dtype=object)
    for i, graph in enumerate(graphs):
        pool[i] = EMPTY_GRAPH if graph is None else graph
    pool[-1] = EMPTY_GRAPH
    return pool, [i for i, graph in enumerate(graphs) if graph is None]


def _pool_numbers(chunks: list[Any], reader: ChunkReader) -> tuple[npt.NDArray[Any], list[int]]:
    """Numbers (n_distinct + 1, n_values), zeros for bad texts, and the positions of these."""
    bad: list[int] = []
    start = 0
    for texts, numbers in chunks:
        bad += [start + i for i in numbers.bad]
        start += len(texts)
    absent: npt.NDArray[Any]
    if reader.output == "ecfp":
        absent = np.zeros((1, reader.fp_size), np.uint8)
    else:
        absent = np.zeros((1, len(DESCRIPTOR_SETS[reader.output])))
    return np.vstack([*(numbers.values for _, numbers in chunks), absent]), bad


def _report_bad(frame: pd.DataFrame, found: DistinctTexts, bad: list[int], on_invalid: str) -> None:
    """Raise or warn about the cells that hold no molecule."""
    places = [(c, r) for c, r in np.argwhere(np.isin(found.codes, bad).T).tolist()]
    places = sorted(places + [(column, row) for row, column in found.strangers])
    if not places:
        return
    cells = [(frame.columns[c], frame.index[r], frame.iloc[r, c]) for c, r in places]
    lines = [
        f"  column {column!r}, row {plain_label(row)!r}: {shorten(text)}{why_unreadable(text)}"
        for column, row, text in cells
    ]
    message = f"Not readable as SMILES ({len(cells)} in all):\n{ten_lines(lines)}\n"
    if on_invalid == "raise":
        cure = (
            "Correct these cells, leave them empty where there is no molecule, or read the "
            "columns with SMILESFeaturizer(on_invalid='warn') to treat them as absent."
        )
        raise InvalidSMILESError(message + cure, cells)
    message += "These cells are treated as absent."
    warnings.warn(message, InvalidSMILESWarning, stacklevel=4)


def _read_mols(texts: Sequence[str], bad: list[int]) -> Iterator[Chem.Mol | None]:
    """Yield molecules one by one: keeping them all alive costs more than parsing them."""
    for i, text in enumerate(texts):
        if not text.strip():
            yield None
            continue
        mol = parse_smiles(text)
        if mol is None:
            bad.append(i)
        yield mol


def _fingerprints(
    mols: Iterator[Chem.Mol | None], n_mols: int, fp_size: int, radius: int
) -> npt.NDArray[np.uint8]:
    """Morgan fingerprints (n_mols, fp_size); an absent molecule has no bit set."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=fp_size)
    values = np.zeros((n_mols, fp_size), np.uint8)
    for row, mol in zip(values, mols, strict=True):
        if mol is not None:
            row[:] = generator.GetFingerprintAsNumPy(mol)
    return values
