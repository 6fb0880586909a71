"""SMILES columns to molecular graphs, fingerprints or descriptors: a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sksiamese._checks import require_integer, require_n_jobs, require_option, require_verbose
from sksiamese._frames import ensure_table, require_smiles_columns
from sksiamese.molecules._canonical import smiles_of_mols
from sksiamese.molecules._distinct_molecules import DESCRIPTOR_SETS, ChunkReader, read_features

_OUTPUTS = ("graph", "ecfp", "descriptors", "table1")


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
        What happens to text that cannot be read as a molecule, is longer than 5,000 characters or
        not ASCII: raise an error that lists all such cells, or treat them as absent and warn once.
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
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
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
        output: Literal["graph", "ecfp", "descriptors", "table1"] = "graph",
        fp_size: int = 2048,
        radius: int = 2,
        on_invalid: Literal["raise", "warn"] = "raise",
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
            SMILES, or RDKit molecules. A Series and a 1-D list are one column.
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
            If `X` is not a table, or only some column names are strings.

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
            SMILES or RDKit molecules, in the columns seen in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            For each input column one column of MolGraph objects, or its block of numbers; a
            DataFrame after ``set_output(transform="pandas")``.

        Raises
        ------
        InvalidSMILESError
            If a cell cannot be read as a molecule and ``on_invalid="raise"``; all such cells are
            listed.
        ValueError
            If the columns are not those of ``fit``.
        NotFittedError
            Before ``fit``.

        Warns
        -----
        InvalidSMILESWarning
            If a cell cannot be read as a molecule and ``on_invalid="warn"``.

        Examples
        --------
        >>> from sksiamese.featurizer import SMILESFeaturizer
        >>> int(SMILESFeaturizer("ecfp", fp_size=8).fit(["O"]).transform(["CCO"]).sum())
        5
        """
        check_is_fitted(self)
        self._check_parameters()
        frame = self._check_input(X, reset=False)
        reader = ChunkReader(self.output, self.fp_size, self.radius)
        return read_features(frame, reader, self.n_jobs, self.verbose, self.on_invalid)

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
        seen = self._names
        if input_features is None:
            return seen or [f"x{i}" for i in range(self.n_features_in_)]
        names = list(input_features)
        if seen is not None and names != seen:
            raise ValueError(
                f"input_features is not equal to feature_names_in_. Got {names}; fit saw "
                f"{seen}. Leave input_features out to use those."
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
        return list(DESCRIPTOR_SETS[self.output])

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
        frame = frame.apply(smiles_of_mols)
        require_smiles_columns(frame)
        seen = frame if named else frame.to_numpy(dtype=object)
        validate_data(self, seen, reset=reset, skip_check_array=True)
        if reset:
            # Clients overwrite the public attribute.
            self._names: list[str] | None = list(frame.columns) if named else None
        return frame

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the input may be: text in two dimensions, with gaps.

        One dimension is accepted too, but scikit-learn takes that tag for "one dimension alone".
        """
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
