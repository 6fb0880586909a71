"""Tables of experiments to what a network takes: scaled numbers and molecules by role."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import BadCellsError, ConstantInputWarning
from sksiamese.molecules._descriptors import RDKIT_DESCRIPTORS
from sksiamese.molecules._distinct_molecules import read_molecules
from sksiamese.molecules._graph_batch import GraphPool
from sksiamese.molecules._tanimoto import TanimotoMap
from sksiamese.tables._column_kinds import (
    KIND_TEXT,
    LARGEST_NUMBER,
    cell_kind,
    column_kind,
    is_text,
    is_usable_number,
)
from sksiamese.tables.encoding._molecule_column import Pool, holds_graphs
from sksiamese.tables.encoding._new_values import (
    find_constants,
    find_others,
    names_of,
    warn_of_new_values,
)
from sksiamese.tables.encoding._past_outcomes import Recall, row_keys
from sksiamese.tables.reading._typed_numbers import is_number_text

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class Experiments(NamedTuple):
    """Encoded rows of a table.

    Parameters
    ----------
    numeric : ndarray of shape (n_rows, n_numeric)
        Scaled numeric columns and descriptors.
    molecules : ndarray of shape (n_rows, n_roles)
        Place of each row's molecule in `graphs` of its role.
    graphs : tuple of GraphPool, of length n_roles
        Distinct molecules of each role.
    conditions : ndarray of shape (n_rows, n_conditions)
        Numeric columns, standardised, and marks of gaps in them.
    traits : tuple of ndarray of shape (n_molecules, n_traits), of length n_roles
        Standardised descriptors of the distinct molecules of each role, of those that vary.
    categories : ndarray of shape (n_rows, n_categories)
        Which name of training each column of names holds; below 0 for a new one, -1, -2 ... in the
        order of first appearance. `numeric` says the same in zeros and ones.
    """

    numeric: _Float
    molecules: _Int
    graphs: tuple[GraphPool, ...]
    conditions: _Float
    traits: tuple[_Float, ...]
    categories: _Int

    def take(self, rows: _Int) -> Experiments:
        """Keep some rows, and the molecules that occur in them."""
        molecules, graphs, traits = np.empty((len(rows), len(self.graphs)), np.int64), [], []
        for role, pool in enumerate(self.graphs):
            kept, molecules[:, role] = np.unique(self.molecules[rows, role], return_inverse=True)
            graphs.append(GraphPool(pool[i] for i in kept))
            traits.append(self.traits[role][kept])
        return Experiments(
            self.numeric[rows],
            molecules,
            tuple(graphs),
            self.conditions[rows],
            tuple(traits),
            self.categories[rows],
        )


class ExperimentEncoder:
    """Learn the kinds, ranges and scales of columns, and encode rows with them.

    A column that never varies in training is left out: nothing can be learnt from it, and untrained
    weights must not meet new values of it. Unless `keeps_constant`, for those who compare rows with
    those of training, and know what a difference is worth before any is seen.

    Parameters
    ----------
    descriptors : bool
        Whether each molecule column also gives RDKit descriptors.
    scaling : {"standard", "minmax"}
        Scale of the numbers: zero mean and unit variance (beside molecules, conditions spread twice
        as far), or 0 to 1.
    tanimoto : {"auto", "always", "never"}
        Whether molecule columns also give coordinates made from similarities of fixed fingerprints;
        "auto" where three rows in four have a molecule of their own.
    n_jobs : int or None
        Processes for reading SMILES.
    keeps_constant : bool
        Whether columns that never vary in training are kept, and names that did not stand there no
        reason to warn. A quarter of it is taken for the standard deviation of such a number.

    Attributes
    ----------
    roles_ : list of str
        Molecule columns in use.
    numeric_ : list of str
        Numeric columns in use.
    fill_ : dict of str to float
        What a gap is filled with, of those that had gaps in training.
    categories_ : dict of str to list of str
        Names in training, of each column of names in use; "" where there was none.
    """

    def __init__(
        self,
        descriptors: bool,
        scaling: str,
        tanimoto: str,
        n_jobs: int | None = None,
        keeps_constant: bool = False,
    ) -> None:
        self.descriptors = descriptors
        self.scaling = scaling
        self.tanimoto = tanimoto
        self.n_jobs = n_jobs
        self.keeps_constant = keeps_constant

    def fit_encode(
        self, table: pd.DataFrame, weight: _Float, groups: _Int, verbose: int = 0
    ) -> Experiments:
        """Learn from the rows of a table, each with its weight and group, and encode them.

        With `verbose`, reading many SMILES shows a progress bar.
        """
        self.recall_: Recall | None = None
        self.kinds_ = {name: column_kind(table[name]) for name in table.columns}
        read = self._read_molecules(table, self._columns("molecule"), verbose)
        pools = {name: pool.merge() for name, pool in read.items()}
        least = 1 if self.keeps_constant else 2  # distinct cells of a column in use
        self.roles_ = [name for name, pool in pools.items() if len(pool.graphs) >= least]
        names = {name: names_of(table[name]) for name in self._columns("category")}
        levels = {name: sorted(set(cells)) for name, cells in names.items()}
        self.categories_ = {name: values for name, values in levels.items() if len(values) >= least}
        self.fill_ = dict.fromkeys(self._columns("number"), 0.0)
        numbers = self._read_numbers(table, self._columns("number"))
        if not self.keeps_constant:
            numbers = numbers.loc[:, numbers.max() > numbers.min()]
        self.numeric_ = list(numbers.columns)
        used = {*self.roles_, *self.categories_, *self.numeric_, *self._columns("empty")}
        self.constants_ = find_constants(table, [n for n in table.columns if n not in used])
        has_gaps = numbers.columns[numbers.isna().any()]
        self.fill_ = {name: _mean(numbers[name], weight) for name in has_gaps}
        self._warn_if_useless(table.columns)
        wide = self._widen(numbers, pools)
        self._fit_scales(wide, weight)
        self.maps_ = {
            role: TanimotoMap(pools[role].graphs)
            for role in self.roles_
            if self._is_mapped(pools[role].place, groups, weight.sum())
        }
        return self._join(wide, pools, self._encode_names(table)[0])

    def remember(
        self,
        experiments: Experiments,
        y: _Int,
        groups: _Int,
        weight: _Float,
        n_classes: int,
        seed: int,
    ) -> Experiments:
        """From now on, add what each group found for the same molecules; see Recall.

        Takes the encoded training rows, and gives them with these numbers beside the others.
        """
        if not experiments.graphs:
            return experiments
        keys = row_keys(experiments.graphs, experiments.molecules)
        recall = Recall(keys, y, groups, weight, n_classes)
        if not recall.n_columns:
            return experiments
        self.recall_ = recall
        recalled = recall.of_training(keys, groups, seed)
        return experiments._replace(numeric=np.hstack([experiments.numeric, recalled]))

    def encode(self, table: pd.DataFrame) -> Experiments:
        """Encode all rows at once; see :meth:`encode_parts`."""
        return next(self.encode_parts(table, len(table)))

    def encode_parts(self, table: pd.DataFrame, n_rows: int) -> Iterator[Experiments]:
        """Read a table, and encode so many of its rows after the others with what was learnt.

        Raises
        ------
        InvalidSMILESError
            Listing the cells that are not molecules.
        BadCellsError
            Listing the cells that hold another kind of thing than others, NaN or infinity.
        ValueError
            If a column as a whole holds another kind of thing than in training.
        """
        for name in table.columns.difference(self._columns("empty"), sort=False):
            if self.kinds_[name] in _TEXTS and is_text(table[name]):
                continue  # which of the two they are was decided in fit
            kind = self._kind_now(table[name])
            kinds = {kind, self.kinds_[name]}
            if kind != "empty" and len(kinds) > 1 and kinds != _TEXTS:
                raise ValueError(
                    f"Column {name!r} held {KIND_TEXT[self.kinds_[name]]} in fit, and now holds "
                    f"{_say_kind(table[name], kind)}."
                )
        numbers = self._read_numbers(table, self.numeric_)
        pools = self._read_molecules(table, self.roles_)
        names, new = self._encode_names(table)
        if not self.keeps_constant:
            warn_of_new_values(new, find_others(table, self.constants_), stacklevel=4)
        for start in range(0, len(table), n_rows):
            rows = slice(start, start + n_rows)
            part = {name: pool.take(rows) for name, pool in pools.items()}
            yield self._join(self._widen(numbers.iloc[rows], part), part, names[rows])

    def _kind_now(self, column: pd.Series) -> str:
        """Tell what a column of new rows holds; of a mixture, list what it did not hold in fit."""
        try:
            return column_kind(column)
        except ValueError as error:
            held_numbers = self.kinds_[column.name] == "number"
            usual = {"number"} if held_numbers else {"text", "graph"}
            present = column[column.notna()]
            strange = present[[cell_kind(cell) not in usual for cell in present]]
            cells = [(column.name, row, cell) for row, cell in strange.items()]
            raise BadCellsError(str(error), cells) from error

    def _columns(self, kind: str) -> list[str]:
        return [name for name, its in self.kinds_.items() if its == kind]

    def _fit_scales(self, wide: _Float, weight: _Float) -> None:
        """Fit what standardises the numbers, and what scales them for the network."""
        weight = weight / weight.mean()  # small ones would count as none
        self.spread_: Any = None
        self.scaler_: Any = None
        if not wide.shape[1]:
            return
        self.spread_ = StandardScaler().fit(wide, sample_weight=weight)
        self._guess_scales(wide[:, : len(self.numeric_)])
        if self.scaling == "minmax":
            self.scaler_ = MinMaxScaler().fit(wide)
            return
        self.scaler_ = StandardScaler().fit(wide, sample_weight=weight)
        if self.roles_:
            n_conditions = len(self.numeric_) + len(self.fill_)
            self.scaler_.scale_[:n_conditions] /= _CONDITION_SPREAD

    def _is_mapped(self, place: _Int, groups: _Int, n_rows: float) -> bool:
        """Whether the molecules of a role get points: each one that was met is an input then.

        Rows of one table tell too little of molecules that recur in it for as many inputs.
        Campaigns tell more, except of a molecule that each has its own of.
        """
        if self.tanimoto != "auto":
            return self.tanimoto == "always"
        n_met, n_groups = len(np.unique([groups, place], axis=1).T), len(np.unique(groups))
        return n_met >= OWN_MOLECULES * n_rows or 1 < n_groups < n_met

    def _guess_scales(self, numbers: _Float) -> None:
        """Give numbers that never vary, (n_rows, n_numbers), a standard deviation."""
        constant = np.ptp(numbers, axis=0) == 0
        size = np.abs(numbers[0])
        guessed = np.where(size > 0, size * _GUESSED_SPREAD, 1.0)
        self.spread_.scale_[: len(size)][constant] = guessed[constant]

    @property
    def has_columns(self) -> bool:
        """Whether training had a column to learn from: without any, all rows are the same."""
        return bool(self.roles_ or self.numeric_ or self.categories_)

    def _warn_if_useless(self, columns: pd.Index) -> None:
        if self.has_columns:
            return
        reasons = ", ".join(
            f"{name!r} {'is empty' if self.kinds_[name] == 'empty' else 'never varies'}"
            for name in columns
        )
        warnings.warn(
            f"No column of X can be used: {reasons}. Predictions are the class frequencies. Pass a "
            "column of SMILES, of MolGraphs, of numbers or of names that varies between the rows.",
            ConstantInputWarning,
            stacklevel=5,
        )

    def _read_numbers(self, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
        numbers = table[columns]
        if not all(isinstance(dtype, np.dtype) and dtype.kind in "fiu" for dtype in numbers.dtypes):
            numbers = numbers.apply(pd.to_numeric)
        numbers = numbers.astype(np.float64)
        usable = is_usable_number(numbers.to_numpy())
        usable |= numbers.isna().to_numpy(bool) & numbers.columns.isin([*self.fill_])
        bad = np.argwhere(~usable.T)
        if len(bad):
            shown = [
                f"  column {columns[c]!r}, row {plain_label(table.index[r])!r}: "
                f"{numbers.iloc[r, c]}"
                for c, r in bad[:_SHOWN].tolist()
            ]
            more = f"\n  and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
            raise BadCellsError(
                f"Numeric columns must not hold NaN, infinity or more than {LARGEST_NUMBER:g} "
                f"({len(bad)} cells do):\n"
                + "\n".join(shown)
                + more
                + "\nFill these cells in, drop the rows, or put a SimpleImputer before the model.",
                [(columns[c], table.index[r], table[columns[c]].iloc[r]) for c, r in bad.tolist()],
            )
        return numbers

    def _read_molecules(
        self, table: pd.DataFrame, columns: list[str], verbose: int = 0
    ) -> dict[str, Pool]:
        pools = {c: Pool.of_graphs(table[c]) for c in columns if holds_graphs(table[c])}
        text = [name for name in columns if name not in pools]
        if text:
            read = read_molecules(table[text], self.n_jobs, verbose)
            pools |= {name: Pool.of_codes(read, i) for i, name in enumerate(text)}
        return {name: pools[name] for name in columns}

    def _widen(self, numbers: pd.DataFrame, pools: dict[str, Pool]) -> _Float:
        """Put marks of gaps, and the molecules' descriptors, beside the numeric columns in use."""
        gaps = numbers[list(self.fill_)].isna().to_numpy(np.float64)
        blocks = [numbers[self.numeric_].fillna(self.fill_).to_numpy(np.float64), gaps]
        if self.descriptors:
            blocks += [pools[r].descriptors[pools[r].place] for r in self.roles_]
        return np.hstack(blocks)

    def _encode_names(self, table: pd.DataFrame) -> tuple[_Int, dict[str, list[str]]]:
        """Places (n_rows, n_categories) of names among those of training, and the new ones.

        The place of a new one is below 0.
        """
        codes, fresh = np.empty((len(table), len(self.categories_)), np.int64), {}
        for i, (name, levels) in enumerate(self.categories_.items()):
            cells = names_of(table[name])
            codes[:, i] = pd.Index(levels, dtype=object).get_indexer(cells)
            new = codes[:, i] < 0
            numbers, distinct = pd.factorize(cells[new])
            codes[new, i] = -1 - numbers
            fresh[name] = list(distinct)
        return codes, fresh

    def _join(self, wide: _Float, pools: dict[str, Pool], names: _Int) -> Experiments:
        numeric = self.scaler_.transform(wide) if self.scaler_ is not None else wide
        graphs = {role: GraphPool(pools[role].graphs) for role in self.roles_}
        points = [
            each.transform(graphs[role])[pools[role].place] for role, each in self.maps_.items()
        ]
        sizes = map(len, self.categories_.values())
        marks = [np.equal.outer(names[:, i], np.arange(n)) for i, n in enumerate(sizes)]
        numeric = np.hstack([numeric, *marks, *points])
        places = [pools[role].place for role in self.roles_]
        molecules = np.stack(places, axis=1) if places else np.empty((len(wide), 0), np.int64)
        distinct = tuple(graphs.values())
        if self.recall_ is not None:
            recalled = self.recall_.of_rows(row_keys(distinct, molecules))
            numeric = np.hstack([numeric, recalled])
        traits = tuple(self._traits(role, pools[role]) for role in self.roles_)
        conditions = self._conditions(wide)
        return Experiments(numeric, molecules, distinct, conditions, traits, names)

    def _conditions(self, wide: _Float) -> _Float:
        """Standardised numeric columns, and marks of their gaps."""
        n = len(self.numeric_) + len(self.fill_)
        if self.spread_ is None:
            return wide
        return (wide[:, :n] - self.spread_.mean_[:n]) / self.spread_.scale_[:n]

    def _traits(self, role: str, pool: Pool) -> _Float:
        """Standardised descriptors of the distinct molecules of a role, of those that vary."""
        if not self.descriptors:
            return np.empty((len(pool.graphs), 0))
        n = len(RDKIT_DESCRIPTORS)
        start = len(self.numeric_) + len(self.fill_) + n * self.roles_.index(role)
        own, spread = slice(start, start + n), self.spread_
        standard = (pool.descriptors - spread.mean_[own]) / spread.scale_[own]
        return standard[:, spread.var_[own] > _LEAST_VARIANCE]


OWN_MOLECULES = 0.75  # molecules for a row from which on they are not said to recur
_CONDITION_SPREAD = 2.0  # conditions are few and a molecule's numbers many
_GUESSED_SPREAD = 0.25  # of a number that never varies, as a share of it
_LEAST_VARIANCE = 1e-18  # of a descriptor that varies
_TEXTS = {"molecule", "category"}
_SHOWN = 10  # bad cells that a message lists


def _say_kind(column: pd.Series, kind: str) -> str:
    """Say what a column holds that held something else in fit, and what is to be done."""
    texts = [cell for cell in column if isinstance(cell, str)]
    if texts and all(map(is_number_text, texts)):
        shown = shorten(texts[0])
        return f"numbers as text, such as {shown}. Convert it with pandas.to_numeric"
    return f"{KIND_TEXT[kind]}. Pass the columns as they were in fit"


def _mean(numbers: pd.Series, weight: _Float) -> float:
    """Weighted mean of the numbers that there are."""
    known = numbers.notna().to_numpy()
    return float(np.average(numbers[known], weights=weight[known]))
