"""Baselines that have to be beaten: what a chemist would try first on the same table."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from sksiamese.model_selection._baseline_kernel import RoleKernel
from sksiamese.molecules._canonical import canonical_smiles
from sksiamese.molecules._featurizer import SMILESFeaturizer
from sksiamese.molecules._graph import parse_smiles
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.tables._column_kinds import column_kind, is_text
from sksiamese.tables.encoding._new_values import find_new_names, warn_of_new_values

DEFAULT_BASELINES = (
    "majority class",
    "random forest",
    "random forest, ECFP",
    "extra trees",
    "SVC",
    "Gaussian process",
    "logistic regression",
)
BASELINES = (
    *DEFAULT_BASELINES,
    "random forest, one-hot",
    "Gaussian process, Tanimoto",
    "logistic regression, one-hot",
)

_SMALL = 1e-4  # to scikit-learn's trees, numbers closer than 1e-7 are equal
_FP_SIZE = 2048
_UNKNOWN: dict[str, Any] = {"handle_unknown": "ignore", "sparse_output": False}
_N_TREES = 500  # of the forests on ECFP and one-hot, whose many columns each tree sees few of


def make_baselines(
    frame: pd.DataFrame, names: Collection[str], molecules: Literal["descriptors", "ecfp"]
) -> dict[str, Any]:
    """Make unfitted baselines for the columns of a table.

    Molecule columns become what the name of a baseline says, or else what `molecules` names; a
    missing number becomes the median of its column; text that is mostly no SMILES becomes a column
    for each level; empty columns are dropped. Trees get numbers as they are, unless these are so
    small that trees would take them as equal.

    Raises
    ------
    ValueError
        If a column holds neither text, molecules nor numbers.
    """
    if not names:
        return {}
    kinds = np.array([_baseline_kind(frame.iloc[:, i]) for i in range(frame.shape[1])])
    chosen, ecfp = SMILESFeaturizer(molecules), SMILESFeaturizer("ecfp", fp_size=_FP_SIZE)
    scaled = _scale(_columns(kinds, chosen))
    for_trees = _scale if _has_small_numbers(frame.loc[:, kinds == "number"]) else _as_it_is
    makers: dict[str, Callable[[], Any]] = {
        "majority class": lambda: DummyClassifier(strategy="most_frequent"),
        "random forest": lambda: make_pipeline(
            for_trees(_columns(kinds, chosen)), RandomForestClassifier()
        ),
        "random forest, ECFP": lambda: make_pipeline(
            for_trees(_columns(kinds, ecfp)), RandomForestClassifier(_N_TREES)
        ),
        "random forest, one-hot": lambda: make_pipeline(
            for_trees(_columns(kinds, _one_hot())), RandomForestClassifier(_N_TREES)
        ),
        "extra trees": lambda: make_pipeline(
            for_trees(_columns(kinds, chosen)), ExtraTreesClassifier()
        ),
        "SVC": lambda: make_pipeline(scaled, SVC()),
        "Gaussian process": lambda: make_pipeline(
            scaled, GaussianProcessClassifier(ConstantKernel() * RBF())
        ),
        "Gaussian process, Tanimoto": lambda: _tanimoto_process(kinds, ecfp),
        "logistic regression": lambda: make_pipeline(scaled, LogisticRegression(max_iter=1000)),
        "logistic regression, one-hot": lambda: make_pipeline(
            _scale(_columns(kinds, _one_hot(), SMILESFeaturizer("descriptors"))),
            LogisticRegression(max_iter=1000),
        ),
    }
    return {name: makers[name]() for name in names}


def _baseline_kind(column: pd.Series) -> str:
    """Kind of a column; text of which most distinct cells are not SMILES holds levels."""
    kind = column_kind(column)
    if kind == "molecule" and is_text(column):
        with quiet_rdkit:
            readable = [parse_smiles(cell) is not None for cell in column.dropna().unique()]
        return "molecule" if 2 * sum(readable) >= len(readable) else "levels"
    return "levels" if kind == "category" else kind


def _columns(kinds: npt.NDArray[np.str_], *of_molecules: Any) -> ColumnTransformer:
    """Features of the molecule columns, one transformer after the other, then all other columns."""
    molecules = np.flatnonzero(kinds == "molecule")
    return ColumnTransformer(
        [
            *((f"molecules {i}", each, molecules) for i, each in enumerate(of_molecules)),
            ("number", _fill(), np.flatnonzero(kinds == "number")),
            ("levels", _levels(), np.flatnonzero(kinds == "levels")),
        ]
    )


def _fill() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


class LevelMarks(OneHotEncoder):
    """Ones and zeros for the levels of columns; warns of names that training did not hold."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> LevelMarks:
        """Learn the levels; blanks around names do not count."""
        super().fit(X.map(_strip), y)
        return self

    def transform(self, X: pd.DataFrame) -> Any:
        """Mark the levels of each row; a new one has zeros."""
        levels = zip(self.feature_names_in_, self.categories_, strict=True)
        known = {column: _names_among(cells) for column, cells in levels}
        new = {c: find_new_names(X[c], names) for c, names in known.items() if names is not None}
        warn_of_new_values(new, {}, stacklevel=2)
        return super().transform(X.map(_strip))


def _strip(cell: Any) -> Any:
    return cell.strip() if isinstance(cell, str) else cell


def _names_among(levels: npt.NDArray[np.object_]) -> list[str] | None:
    """Give levels as names, "" for a missing one; None where they are truth values, say."""
    names = ["" if pd.isna(level) else level for level in levels]
    return names if all(isinstance(name, str) for name in names) else None


def _levels() -> LevelMarks:
    return LevelMarks(**_UNKNOWN)


def _one_hot() -> Any:
    """Make a column for each distinct molecule of each column; a new molecule has zeros."""
    return make_pipeline(FunctionTransformer(spell_molecules), OneHotEncoder(**_UNKNOWN))


def spell_molecules(X: Any) -> npt.NDArray[np.object_]:
    """Give the canonical SMILES of each cell, "" where there is no molecule."""
    graphs = SMILESFeaturizer().fit_transform(X)
    spellings = {graph.smiles: canonical_smiles(graph.smiles) for graph in set(graphs.ravel())}
    return np.array([[spellings[graph.smiles] for graph in row] for row in graphs], dtype=object)


def _scale(columns: Any) -> Any:
    return make_pipeline(columns, StandardScaler())


def _as_it_is(columns: Any) -> Any:
    return columns


def _has_small_numbers(numbers: pd.DataFrame) -> bool:
    """Whether a column varies, but so little that trees would take its numbers as equal."""
    amounts = numbers.apply(pd.to_numeric).astype(np.float64)
    spread = amounts.max() - amounts.min()
    return bool(((spread > 0) & (spread < _SMALL)).any())


def _tanimoto_process(kinds: npt.NDArray[np.str_], ecfp: SMILESFeaturizer) -> Any:
    """Make a process on bits of the molecules and scaled other columns."""
    columns = ColumnTransformer(
        [
            ("molecules", ecfp, np.flatnonzero(kinds == "molecule")),
            ("number", _scale(_fill()), np.flatnonzero(kinds == "number")),
            ("levels", _scale(_levels()), np.flatnonzero(kinds == "levels")),
        ]
    )
    n_roles = int((kinds == "molecule").sum())
    kernel = RoleKernel(weights=(1.0,) * (n_roles + 1), fp_size=_FP_SIZE)
    return make_pipeline(columns, GaussianProcessClassifier(kernel))
