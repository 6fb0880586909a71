"""Columns that belong to others: a HOMO to its ligand, a product to its reactants."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label, shorten
from sksiamese.molecules._canonical import canonical_key, canonical_keys
from sksiamese.space._constraints import Rule
from sksiamese.space._dependent_columns import DependentColumn
from sksiamese.space._drawn_columns import ListedColumn, is_missing
from sksiamese.space._molecules import Molecules

_Bools: TypeAlias = npt.NDArray[np.bool_]


class Follower(DependentColumn):
    """A column whose value belongs to what others hold, as a table or a function says."""

    values: Any

    @property
    @abstractmethod
    def _leaders(self) -> tuple[str, ...]:
        """Columns that it follows from."""

    def __str__(self) -> str:
        return f"follows from {listed(self._leaders)}"

    @abstractmethod
    def _require_values(self, name: str, kinds: Mapping[str, Any]) -> None:
        """Refuse what the other columns list and it has no value for.

        Raises
        ------
        ValueError
            Naming the column `name`, and what lacks a value.
        """


class _OfOne(Follower):
    """A column whose value belongs to what one other column holds."""

    column: str

    @property
    def _leaders(self) -> tuple[str, ...]:
        return (self.column,)

    def _require_values(self, name: str, kinds: Mapping[str, Any]) -> None:
        if isinstance(self.values, Mapping):
            for cell in kinds[self.column]._listed():
                self._value(cell, name)

    def _compute(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        codes, cells = pd.factorize(frame[self.column], use_na_sentinel=False)
        return pd.Series([self._value(cell, name) for cell in cells]).to_numpy()[codes]

    @abstractmethod
    def _value(self, cell: Any, name: str) -> Any:
        """Value of the column `name` beside a cell of the other one."""


@dataclass(frozen=True)
class OfMolecule(_OfOne):
    """A value that belongs to a molecule, such as a solvent's dielectric constant.

    Parameters
    ----------
    column : str
        The molecule column.
    values : mapping of str to object, callable or None, default=None
        Value by SMILES, in any spelling; or a function of a SMILES. None reads the values from
        the table given to :meth:`DesignSpace.from_frame`.

    Raises
    ------
    InvalidSMILESError
        Listing all texts of a mapping that cannot be read as molecules.
    TypeError
        If `values` is not one of these.

    Examples
    --------
    >>> from sksiamese.descriptors import dielectric_constant
    >>> from sksiamese.space import OfMolecule
    >>> print(OfMolecule("solvent", dielectric_constant))
    follows from 'solvent'
    """

    column: str
    values: Mapping[str, Any] | Callable[[str], Any] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.values, Mapping):
            keys = canonical_keys(self.values)
            object.__setattr__(self, "values", dict(zip(keys, self.values.values(), strict=True)))
        elif self.values is not None and not callable(self.values):
            raise TypeError(
                "The 'values' parameter of OfMolecule must be a dict of SMILES and values, or a "
                f"function of a SMILES. Got {shorten(self.values)} instead."
            )

    def _value(self, cell: Any, name: str) -> Any:
        if not isinstance(self.values, Mapping):
            return self.values(cell)  # type: ignore[misc]
        key = canonical_key(cell)
        if key is None or key not in self.values:
            raise ValueError(
                f"Column {name!r} has no value for {cell!r} in column {self.column!r}. Add it to "
                f"the values of OfMolecule, in extend with followers={{{name!r}: ...}}, or give "
                "OfMolecule a function."
            )
        return self.values[key]

    def _extended(
        self, name: str, column: str, molecules: Molecules, columns: Mapping[str, Any], more: Any
    ) -> OfMolecule:
        """Give it values for more molecules: by SMILES or name, or by a function of a SMILES."""
        if not isinstance(self.values, Mapping):
            raise ValueError(
                f"Column {name!r} follows from {self.column!r} by a function, which knows the "
                "values of all molecules. Leave it out of 'followers'."
            )
        if isinstance(more, Mapping):
            called = dict(zip(molecules.labels(), molecules.smiles, strict=True))
            found = {called.get(key, key): value for key, value in more.items()}
        else:
            found = {text: more(text) for text in molecules.smiles}
        known = dict(zip(canonical_keys(found), found.values(), strict=True))
        return OfMolecule(self.column, {**self.values, **known})

    def _read_from(self, frame: pd.DataFrame, name: str) -> OfMolecule:
        """Take the values from a table."""
        keys = canonical_keys(frame[self.column])
        found: dict[str, Any] = {}
        for key, text, value in zip(keys, frame[self.column], frame[name], strict=True):
            if found.setdefault(key, value) != value and not (
                pd.isna(value) and pd.isna(found[key])
            ):
                raise ValueError(
                    f"Column {name!r} does not follow from {self.column!r}: for {text!r} it holds "
                    f"{found[key]!r} and {value!r}. Correct the cells, or let the column be drawn."
                )
        return OfMolecule(self.column, found)


@dataclass(frozen=True)
class OfLevel(_OfOne):
    """A value that belongs to a level of another column, such as a vendor's purity.

    Parameters
    ----------
    column : str
        A column of Levels.
    values : mapping of object to object
        Value by level; None is an absent one.

    Raises
    ------
    TypeError
        If `values` is not a mapping.

    See Also
    --------
    OfMolecule : The same for molecules, which may be spelled in any way.

    Examples
    --------
    >>> from sksiamese.space import OfLevel
    >>> print(OfLevel("ligand", {"PPh3": 145.0, "XPhos": 256.0}))
    follows from 'ligand'
    """

    column: str
    values: Mapping[Any, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping):
            raise TypeError(
                "The 'values' parameter of OfLevel must be a dict of levels and values. Got "
                f"{shorten(self.values)} instead."
            )
        object.__setattr__(self, "values", dict(self.values))

    def __getstate__(self) -> dict[str, Any]:
        """Give the state as pairs: a saved dict has keys of text alone."""
        return {"column": self.column, "values": list(self.values.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of :meth:`__getstate__`."""
        self.__dict__.update(column=state["column"], values=dict(state["values"]))

    def _value(self, cell: Any, name: str) -> Any:
        key = None if is_missing(cell) else cell
        if key not in self.values:
            raise ValueError(
                f"Column {name!r} has no value for {shorten(key)} in column {self.column!r}. Add "
                "it to the values of OfLevel."
            )
        return self.values[key]


@dataclass(frozen=True)
class OfSeveral(Follower):
    """A value that belongs to what several other columns hold, such as a product to its reactants.

    Parameters
    ----------
    columns : sequence of str
        Two or more columns of Molecules, Levels or OneHot.
    values : mapping of tuple to object, or callable
        Value by what these columns hold, in their order: molecules as SMILES, in any spelling, and
        None for what is absent. Combinations without a value are not possible, and never drawn. Or
        a function of these cells, such as of two SMILES; a space with a function cannot be saved by
        :func:`sksiamese.save_model`.

    Raises
    ------
    TypeError
        If `columns` or `values` is not one of these.
    ValueError
        If there are fewer than two columns, or a key is not a tuple of one cell for each.

    See Also
    --------
    OfMolecule, OfLevel : The same for a single column.

    Examples
    --------
    >>> from sksiamese.space import DesignSpace, Molecules, OfSeveral
    >>> amides = {("CN", "CC(=O)O"): "CNC(C)=O", ("CCN", "CC(=O)O"): "CCNC(C)=O"}
    >>> space = DesignSpace(
    ...     {
    ...         "amine": Molecules(["CN", "CCN"]),
    ...         "acid": Molecules(["CC(=O)O"]),
    ...         "amide": OfSeveral(["amine", "acid"], amides),
    ...     }
    ... )
    >>> space
    DesignSpace of 3 columns
      amine  2 molecules: CN, CCN
      acid   1 molecule: CC(=O)O
      amide  follows from 'amine' and 'acid' in 2 combinations
    >>> space.grid("amine")
      amine     acid      amide
    0    CN  CC(=O)O   CNC(C)=O
    1   CCN  CC(=O)O  CCNC(C)=O
    """

    columns: Sequence[str]
    values: Mapping[tuple[Any, ...], Any] | Callable[..., Any]

    def __post_init__(self) -> None:
        if isinstance(self.columns, str) or not isinstance(self.columns, Sequence):
            raise TypeError(
                "The 'columns' parameter of OfSeveral must be a list of columns. Got "
                f"{shorten(self.columns)} instead."
            )
        object.__setattr__(self, "columns", tuple(self.columns))
        n = len(self.columns)
        if n < 2 or len(set(self.columns)) < n:
            raise ValueError(
                "The 'columns' parameter of OfSeveral must name two or more columns, each once. "
                f"Got {list(self.columns)!r}. For a single one use OfMolecule or OfLevel."
            )
        if callable(self.values):
            return
        if not isinstance(self.values, Mapping):
            raise TypeError(
                "The 'values' parameter of OfSeveral must be a dict of tuples and values, or a "
                f"function of {n} cells. Got {shorten(self.values)} instead."
            )
        object.__setattr__(self, "values", dict(self.values))
        for key in self.values:
            if not isinstance(key, tuple) or len(key) != n:
                raise ValueError(
                    f"A key in the 'values' of OfSeveral must be a tuple of {n} cells, one for "
                    f"each of {listed(self.columns)}. Got {shorten(key)}."
                )

    def __getstate__(self) -> dict[str, Any]:
        """Give the state as pairs: a saved dict has keys of text alone."""
        values = list(self.values.items()) if isinstance(self.values, Mapping) else self.values
        return {"columns": self.columns, "values": values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of :meth:`__getstate__`."""
        values = state["values"]
        given = dict(values) if isinstance(values, list) else values
        self.__dict__.update(columns=tuple(state["columns"]), values=given)

    def __str__(self) -> str:
        text = f"follows from {' and '.join(map(repr, self.columns))}"
        if isinstance(self.values, Mapping):
            text += f" in {len(self.values)} combinations"
        return text

    @property
    def _leaders(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def _require_values(self, name: str, kinds: Mapping[str, Any]) -> None:
        if not isinstance(self.values, Mapping):
            return
        known = self._known(kinds)
        for place, leader in enumerate(self.columns):
            if isinstance(kinds[leader], Molecules):
                canonical_keys([key[place] for key in self.values])  # names what is unreadable
            has = {key[place] for key in known}
            for cell in kinds[leader]._listed():
                if _cell_key(cell, kinds[leader]) not in has:
                    raise ValueError(
                        f"Column {name!r} has no value for any combination with {cell!r} in "
                        f"column {leader!r}. Add them to the values of OfSeveral, in extend with "
                        f"followers={{{name!r}: ...}}, or give OfSeveral a function."
                    )

    def _compute(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        unknown = np.flatnonzero(~self._knows(frame, kinds))
        if len(unknown):
            row = frame.iloc[unknown[0]]
            cells = tuple(plain_label(row[leader]) for leader in self.columns)
            raise ValueError(
                f"Column {name!r} has no value for {cells!r} in the columns "
                f"{listed(self.columns)} (row {plain_label(row.name)!r}). Add it to the values of "
                f"OfSeveral, give OfSeveral a function, or the table the column {name!r}."
            )
        return self._settle(frame, name, kinds)

    def _settle(self, frame: pd.DataFrame, name: str, kinds: Mapping[str, Any]) -> Any:
        codes, cells = self._combinations(frame)
        if isinstance(self.values, Mapping):
            known = self._known(kinds)
            found = [known.get(self._key(each, kinds)) for each in cells]
        else:
            found = [self.values(*each) for each in cells]
        return pd.Series(found).to_numpy()[codes]

    def _knows(self, frame: pd.DataFrame, kinds: Mapping[str, Any]) -> _Bools:
        """Which rows (n_rows,) hold a combination that has a value."""
        if not isinstance(self.values, Mapping):
            return np.ones(len(frame), bool)
        codes, cells = self._combinations(frame)
        known = self._known(kinds)
        return np.array([self._key(each, kinds) in known for each in cells], bool)[codes]

    def _combinations(self, frame: pd.DataFrame) -> tuple[npt.NDArray[np.intp], list[Any]]:
        """Which distinct combination each row holds, (n_rows,), and the cells of these."""
        parts = [pd.factorize(frame[leader], use_na_sentinel=False) for leader in self.columns]
        table = pd.DataFrame(dict(enumerate(codes for codes, _ in parts)))
        codes = table.groupby(list(table), sort=False).ngroup().to_numpy()
        places = table.drop_duplicates().itertuples(index=False, name=None)
        return codes, [tuple(parts[k][1][place] for k, place in enumerate(each)) for each in places]

    def _known(self, kinds: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
        return {self._key(cells, kinds): value for cells, value in self.values.items()}  # type: ignore[union-attr]

    def _key(self, cells: Sequence[Any], kinds: Mapping[str, Any]) -> tuple[Any, ...]:
        pairs = zip(cells, self.columns, strict=True)
        return tuple(_cell_key(cell, kinds[leader]) for cell, leader in pairs)

    def _extended(
        self, name: str, column: str, molecules: Molecules, columns: Mapping[str, Any], more: Any
    ) -> OfSeveral:
        """Give it values for combinations with more molecules, or a function of their cells."""
        if not isinstance(self.values, Mapping):
            raise ValueError(
                f"Column {name!r} follows from {' and '.join(map(repr, self.columns))} by a "
                "function, which knows all values. Leave it out of 'followers'."
            )
        if not isinstance(more, Mapping):
            new = {**columns, column: molecules}
            cells = itertools.product(*(new[leader]._listed() for leader in self.columns))
            more = {each: more(*each) for each in cells}
        return OfSeveral(self.columns, {**self.values, **more})


class Known(Rule):
    """The rule that a combination has a value, unless the row itself holds one.

    Parameters
    ----------
    name : str
        The column that follows.
    column : OfSeveral
        What it follows from.
    """

    def __init__(self, name: str, column: OfSeveral) -> None:
        self._name = name
        self._column = column

    def _uses(self) -> list[str]:
        return [self._name, *self._column.columns]

    def _holds(self, frame: pd.DataFrame, kinds: Mapping[str, Any]) -> _Bools:
        return self._column._knows(frame, kinds) | frame[self._name].notna().to_numpy(bool)


def _cell_key(cell: Any, kind: ListedColumn) -> Any:
    """Give what tells a cell apart: a molecule in one spelling, None for what is absent."""
    if isinstance(kind, Molecules):
        return canonical_key(cell)
    return None if is_missing(cell) else cell
