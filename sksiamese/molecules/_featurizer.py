"""SMILES columns to molecular graphs, fingerprints or descriptors: a scikit-learn transformer."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sksiamese._checks import (
    plain_label,
    require_integer,
    require_n_jobs,
    require_option,
    require_verbose,
    shorten,
)
from sksiamese._frames import (
    DistinctTexts,
    distinct_texts,
    ensure_table,
    require_smiles_columns,
)
from sksiamese.exceptions import InvalidSMILESError, InvalidSMILESWarning
from sksiamese.molecules._canonical import ten_lines, why_unreadable
from sksiamese.molecules._descriptors import (
    RDKIT_DESCRIPTORS,
    TABLE1_LIGAND_DESCRIPTORS,
    molecule_descriptors,
)
from sksiamese.molecules._graph import EMPTY_GRAPH, parse_smiles
from sksiamese.molecules._reading import pack_graphs, unpack_graphs

__all__ = ["SMILESFeaturizer"]

_DESCRIPTOR_SETS: Mapping[str, Mapping[str, Callable[[Any], float]]] = {
    "descriptors": RDKIT_DESCRIPTORS,
    "table1": TABLE1_LIGAND_DESCRIPTORS,
}
_OUTPUTS = ("graph", "ecfp", "descriptors", "table1")
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


class SMILESFeaturizer(TransformerMixin, BaseEstimator):
    """Turn columns of SMILES into molecular graphs, fingerprints or descriptors.

    Each distinct SMILES is parsed once in a call, however many cells repeat it. Nothing is learned
    from the data but the names of the columns.

    Parameters
    ----------
    output : {"graph", "ecfp", "descriptors", "table1"}, default="graph"
        What a column of SMILES becomes:

        - ``"graph"``: one column of :class:`~sksiamese.MolGraph` objects, the input of
          the neural fingerprint. Equal SMILES share one object. Stereochemistry and isotopes do
          not enter; charges only through the hydrogens.
        - ``"ecfp"``: `fp_size` columns of 0 and 1 (uint8), the Morgan fingerprint without
          chirality.
        - ``"descriptors"``: the columns of ``sksiamese.descriptors.RDKIT_DESCRIPTORS`` (float64).
        - ``"table1"``: the ligand descriptors of Table 1 of arXiv 1811.02771 (float64).
    fp_size : int, default=2048
        Number of bits of the ECFP fingerprint; used with ``output="ecfp"`` alone.
    radius : int, default=2
        Radius of the ECFP fingerprint in bonds: radius 2 is ECFP4. Used with ``output="ecfp"``
        alone.
    on_invalid : {"raise", "warn"}, default="raise"
        What happens to text that is no molecule, longer than 5,000 characters or not ASCII: raise
        an error that lists all such cells, or treat them as absent and warn once.
    n_jobs : int or None, default=None
        Number of processes, as in joblib: None means 1 unless in a ``joblib.parallel_config``, -1
        all cores. Fewer than 1,000 distinct molecules are always done in the calling process,
        since sending them costs more time than it saves.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in ``fit``; only if they were all strings.

    See Also
    --------
    sksiamese.molecules.graph_from_smiles : The graph of a single molecule.
    sksiamese.descriptors.molecule_descriptors : Descriptors of RDKit molecules.

    Notes
    -----
    An absent molecule (None, NaN, ``pandas.NA`` or "") is legal and gives an empty graph or zeros.
    Salts and mixtures are dot-separated SMILES. Metals, radicals and single atoms are read as RDKit
    reads them; an element outside the paper's 43, and the wildcard ``*``, count as "unknown".

    References
    ----------
    .. [1] Rogers, D. and Hahn, M. "Extended-Connectivity Fingerprints", J. Chem. Inf. Model. 50
       (2010), 742-754.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.featurizer import SMILESFeaturizer
    >>> X = pd.DataFrame({"ligand": ["SCCN", "SCCO"], "solvent": ["O", None]})
    >>> SMILESFeaturizer().fit_transform(X)[0, 0]
    MolGraph('SCCN', 4 atoms, 3 bonds)
    >>> featurizer = SMILESFeaturizer(output="ecfp", fp_size=64).set_output(transform="pandas")
    >>> featurizer.fit_transform(X).shape
    (2, 128)
    >>> featurizer.get_feature_names_out()[12]
    'ligand__ecfp_12'
    """

    def __init__(
        self,
        output: str = "graph",
        fp_size: int = 2048,
        radius: int = 2,
        on_invalid: str = "raise",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.output = output
        self.fp_size = fp_size
        self.radius = radius
        self.on_invalid = on_invalid
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> SMILESFeaturizer:
        """Remember the columns; the SMILES themselves are read in ``transform``.

        Parameters
        ----------
        X : DataFrame, Series, list or array of shape (n_samples, n_columns) or (n_samples,)
            SMILES. A Series and a 1-D list are one column.
        y : None
            Ignored.

        Returns
        -------
        SMILESFeaturizer
            The fitted featurizer.

        Raises
        ------
        ValueError
            If a hyper-parameter has an unknown value, `X` is empty, two columns share a name or a
            column holds no text.
        TypeError
            If `X` is no table, or only some column names are strings.

        Examples
        --------
        >>> from sksiamese.featurizer import SMILESFeaturizer
        >>> SMILESFeaturizer().fit(["CCO", "O"]).n_features_in_
        1
        """
        self._check_parameters()
        self._check_input(X, reset=True)
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Turn SMILES into features.

        Parameters
        ----------
        X : DataFrame, Series, list or array of shape (n_samples, n_columns) or (n_samples,)
            SMILES, in the columns seen in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            For each input column one column of MolGraph objects, or its block of numbers; a
            DataFrame after ``set_output(transform="pandas")``.

        Raises
        ------
        InvalidSMILESError
            If a cell is no molecule and ``on_invalid="raise"``; all such cells are listed.
        ValueError
            If the columns are not those of ``fit``.
        NotFittedError
            Before ``fit``.

        Warns
        -----
        InvalidSMILESWarning
            If a cell is no molecule and ``on_invalid="warn"``.

        Examples
        --------
        >>> from sksiamese.featurizer import SMILESFeaturizer
        >>> int(SMILESFeaturizer("ecfp", fp_size=8).fit(["O"]).transform(["CCO"]).sum())
        5
        """
        check_is_fitted(self)
        self._check_parameters()
        frame = self._check_input(X, reset=False)
        found = distinct_texts(frame)
        chunks = list(self._chunk_results(found.texts, self.output))
        bad: list[int] = []
        if self.output == "graph":
            pool = self._pool_graphs(chunks, bad)
        else:
            pool = self._pool_numbers(chunks, bad)
        self._report(frame, found, bad)
        # The last row of the pool is the absent molecule, which code -1 picks.
        return pool[found.codes].reshape(len(frame), -1)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Name the columns that ``transform`` returns.

        Parameters
        ----------
        input_features : sequence of str or None, default=None
            Names of the input columns; by default those seen in ``fit``, or x0, x1 ...

        Returns
        -------
        ndarray of str objects of shape (n_features_out,)
            The names themselves for graphs, else names such as ``ligand__ecfp_12``.

        Raises
        ------
        ValueError
            If `input_features` are not the columns seen in ``fit``.

        Examples
        --------
        >>> from sksiamese.featurizer import SMILESFeaturizer
        >>> featurizer = SMILESFeaturizer("table1").fit(["CCO"])
        >>> featurizer.get_feature_names_out(["ligand"])[-2:]
        array(['ligand__tpsa', 'ligand__xlogp'], dtype=object)
        """
        check_is_fitted(self)
        columns = self._input_names(input_features)
        if self.output == "graph":
            return np.array(columns, dtype=object)
        return np.array([f"{c}__{v}" for c in columns for v in self._value_names()], dtype=object)

    def _input_names(self, input_features: Any) -> list[str]:
        seen = getattr(self, "feature_names_in_", None)
        if input_features is None:
            return [f"x{i}" for i in range(self.n_features_in_)] if seen is None else list(seen)
        names = list(input_features)
        if seen is not None and names != list(seen):
            raise ValueError(
                f"input_features is not equal to feature_names_in_. Got {names}; fit saw "
                f"{list(seen)}. Leave input_features out to use those."
            )
        if len(names) != self.n_features_in_:
            raise ValueError(
                f"input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(names)}."
            )
        return names

    def _value_names(self) -> list[str]:
        if self.output == "ecfp":
            return [f"ecfp_{i}" for i in range(self.fp_size)]
        return list(_DESCRIPTOR_SETS[self.output])

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_option(owner, "output", self.output, _OUTPUTS)
        require_integer(owner, "fp_size", self.fp_size, 1)
        require_integer(owner, "radius", self.radius, 0)
        require_option(owner, "on_invalid", self.on_invalid, ("raise", "warn"))
        require_n_jobs(owner, self.n_jobs)
        require_verbose(owner, self.verbose)

    def _check_input(self, X: Any, reset: bool) -> pd.DataFrame:
        frame, named = ensure_table(X)
        require_smiles_columns(frame)
        seen = frame if named else frame.to_numpy(dtype=object)
        validate_data(self, seen, reset=reset, skip_check_array=True)
        return frame

    def _chunk_results(
        self, texts: Sequence[str], output: str
    ) -> Iterator[tuple[Sequence[str], Any]]:
        """Yield chunks of texts with their features, from this process or several."""
        n_jobs = joblib.effective_n_jobs(self.n_jobs) if len(texts) >= _WORTH_PROCESSES else 1
        # A few chunks for each process even out their loads; more would only add messages.
        size = _CHUNK if n_jobs == 1 else max(_CHUNK // 2, -(-len(texts) // (8 * n_jobs)))
        chunks = [texts[i : i + size] for i in range(0, len(texts), size)]
        work = joblib.delayed(_featurize_chunk)
        # Chunks are small and even: dispatching all at once keeps every process busy.
        options = {"return_as": "generator", "pre_dispatch": "all", "batch_size": 1}
        results = joblib.Parallel(n_jobs, prefer="processes", **options)(
            work(chunk, output, self.fp_size, self.radius) for chunk in chunks
        )
        with _progress_bar(len(texts), bool(self.verbose)) as bar:
            for chunk, result in zip(chunks, results, strict=True):
                bar.update(len(chunk))
                yield chunk, result

    def _pool_graphs(self, chunks: list[Any], bad: list[int]) -> npt.NDArray[np.object_]:
        """Graphs (n_distinct + 1,), empty ones for bad texts, whose positions go to `bad`."""
        graphs = [g for texts, packed in chunks for g in unpack_graphs(texts, packed)]
        bad += [i for i, graph in enumerate(graphs) if graph is None]
        pool = np.empty(len(graphs) + 1, dtype=object)
        for i, graph in enumerate(graphs):
            pool[i] = EMPTY_GRAPH if graph is None else graph
        pool[-1] = EMPTY_GRAPH
        return pool

    def _pool_numbers(self, chunks: list[Any], bad: list[int]) -> npt.NDArray[Any]:
        """Numbers (n_distinct + 1, n_values), zeros for bad texts, whose positions go to `bad`."""
        start = 0
        for texts, numbers in chunks:
            bad += [start + i for i in numbers.bad]
            start += len(texts)
        dtype = np.uint8 if self.output == "ecfp" else np.float64
        absent = np.zeros((1, len(self._value_names())), dtype)
        return np.vstack([*(numbers.values for _, numbers in chunks), absent])

    def _report(self, frame: pd.DataFrame, found: DistinctTexts, bad: list[int]) -> None:
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
        if self.on_invalid == "raise":
            cure = (
                "Correct these cells, leave them empty where there is no molecule, or read the "
                "columns with SMILESFeaturizer(on_invalid='warn') to treat them as absent."
            )
            raise InvalidSMILESError(message + cure, cells)
        message += "These cells are treated as absent."
        warnings.warn(message, InvalidSMILESWarning, stacklevel=3)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the input may be: text in two dimensions, with gaps.

        One dimension is accepted too, but scikit-learn takes that tag for "one dimension alone".
        """
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def read_molecules(frame: pd.DataFrame, n_jobs: int | None, verbose: int) -> MoleculePool:
    """Read a frame of SMILES as graphs and RDKit descriptors, both from one parse.

    Raises
    ------
    InvalidSMILESError
        Listing the cells that are no molecule.
    """
    featurizer = SMILESFeaturizer(n_jobs=n_jobs, verbose=verbose)
    found = distinct_texts(frame)
    chunks = list(featurizer._chunk_results(found.texts, "described graph"))
    bad: list[int] = []
    graphs = featurizer._pool_graphs(chunks, bad)
    featurizer._report(frame, found, bad)
    absent = np.zeros((1, len(RDKIT_DESCRIPTORS)))
    descriptors = np.vstack([*(packed.descriptors for _, packed in chunks), absent])
    return MoleculePool(graphs, descriptors, found.codes)


def _progress_bar(total: int, shown: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit="molecule", disable=not shown)


def _featurize_chunk(texts: Sequence[str], output: str, fp_size: int, radius: int) -> Any:
    """Features of some texts; runs in a worker process, so only strings and arrays cross over."""
    if output == "graph":
        return pack_graphs(texts)
    if output == "described graph":
        return pack_graphs(texts, RDKIT_DESCRIPTORS)
    bad: list[int] = []
    mols = _read_mols(texts, bad)
    with rdBase.BlockLogs():
        if output == "ecfp":
            return _Numbers(_fingerprints(mols, len(texts), fp_size, radius), bad)
        return _Numbers(molecule_descriptors(mols, _DESCRIPTOR_SETS[output]), bad)


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
