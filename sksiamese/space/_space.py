"""Which experiments are possible: sampled, laid out on a grid, near others, with other molecules.

A space holds rules, not candidates, so its size costs nothing until rows are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, require_integer, require_number
from sksiamese._frames import ensure_table, require_columns
from sksiamese.space._constraints import Constraint, Rule
from sksiamese.space._definition_checks import Column
from sksiamese.space._followers import OfMolecule, OfSeveral
from sksiamese.space._from_frame import find_columns
from sksiamese.space._molecules import Molecules
from sksiamese.space._sampling import SampledRows

_LARGEST_GRID = 10_000_000  # rows

_Floats: TypeAlias = npt.NDArray[np.float64]


class DesignSpace(SampledRows):
    """The experiments that are possible: columns, and constraints on whole rows.

    Parameters
    ----------
    columns : mapping of str to column
        Kind of each column: :class:`Range`, :class:`Levels`, :class:`Molecules`, :class:`Constant`,
        :class:`OneHot` and :class:`When` are drawn; :class:`OfMolecule`, :class:`OfLevel`,
        :class:`OfSeveral` and :class:`Computed` follow from others, in the order in which they
        stand.
    constraints : sequence or mapping of str to constraint, default=()
        :class:`Bound` and :class:`OnlyWith`, or functions, alone or with names. A function takes a
        frame of experiments, which is a copy, and gives True for each row that is possible; a
        Series is put in its order by its index. Rows are judged one by one: a constraint must not
        compare rows with each other. A space with a function cannot be saved by
        :func:`sksiamese.save_model`.

    Attributes
    ----------
    columns : dict of str to column
        Kinds of the columns.
    constraints : dict of str to constraint
        Constraints by name.

    Raises
    ------
    TypeError
        If a column or a constraint is not of such a kind.
    ValueError
        If there is no column, or one of them or a constraint asks for columns or values that do
        not exist.

    See Also
    --------
    DesignSpace.from_frame : Derive the columns from a table.

    Examples
    --------
    >>> from sksiamese.space import Bound, Computed, DesignSpace, Molecules, Range, Ratio, When
    >>> space = DesignSpace(
    ...     {
    ...         "solvent": Molecules({"water": "O", "ethanol": "CCO"}),
    ...         "pH": When({"solvent": ["water"]}, Range(7, 14)),
    ...         "ligand_mM": Range(0.5, 50, log=True),
    ...         "HAuCl4_mM": Range(0.5, 5),
    ...         "ligand:Au": Computed(Ratio("ligand_mM", "HAuCl4_mM")),
    ...     },
    ...     [Bound("ligand:Au", 0.5, 8)],
    ... )
    >>> space
    DesignSpace of 5 columns
      solvent     2 molecules: water, ethanol
      pH          7 to 14 when solvent is 'water', otherwise nan
      ligand_mM   0.5 to 50, log
      HAuCl4_mM   0.5 to 5
      ligand:Au   ligand_mM / HAuCl4_mM
      constraint  0.5 <= ligand:Au <= 8
    >>> bool((space.sample(100, random_state=0)["ligand:Au"] <= 8).all())
    True
    """

    @classmethod
    def from_frame(
        cls,
        X: Any,
        margin: float = 0.0,
        columns: Mapping[str, Column] | None = None,
        constraints: Sequence[Constraint] | Mapping[str, Constraint] = (),
    ) -> DesignSpace:
        """Derive the columns from past experiments.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments.
        margin : float, default=0.0
            How far a range reaches beyond the numbers seen, on either side, by its width. A column
            that is nowhere negative stays so, and Levels stay the same.
        columns : mapping of str to column or None, default=None
            Columns whose kind is known better, and columns to add.
        constraints : sequence or mapping of str to constraint, default=()
            As in the class.

        Returns
        -------
        DesignSpace
            Numbers that vary are a Range, of whole numbers if their type is integer; SMILES are
            Molecules; other texts and truth values are Levels; the rest is Constant. Numbers that
            are there exactly for certain molecules or levels apply When these are taken. Columns
            that belong to a molecule or a name (a descriptor, a trade name) follow from it: they
            always have the same value beside the same one, of which three recur in unlike rows, and
            a value for each or more than five. Those that belong to two of them (a product to its
            reactants) follow from both, if five pairs recur; a warning says that only pairs in the
            table are possible. Neighbouring columns of which exactly one is 1 are OneHot. Give a
            column in `columns` to draw it freely.

            Numbers that recur are Levels where they are few: at most five, and four rows for each
            on average. The step of a Range is the last digit that is
            written in the table: 0.01 where numbers have two decimals, 100 where all are hundreds.
            It is not finer than that of :class:`Range` without a step, and leaves ten steps.

        Raises
        ------
        InvalidSMILESError
            If some texts of a column are SMILES and others are not.
        ValueError
            If a column cannot be used, does not follow from the molecules it should follow from, or
            has no value for one that is given in `columns`.

        Warns
        -----
        UserWarning
            Naming columns that follow from two others, and what looks like no input.

        Examples
        --------
        >>> from sksiamese.datasets import make_nanoclusters
        >>> from sksiamese.space import Constant, DesignSpace
        >>> X = make_nanoclusters(20, random_state=0).data
        >>> space = DesignSpace.from_frame(X, columns={"pH": Constant(9.0)})
        >>> print(space.columns["temperature_C"], "|", space.columns["pH"])
        5 to 78, in steps of 1 | always 9.0
        """
        require_number("DesignSpace.from_frame", "margin", margin, 0, np.inf, open_end=True)
        frame = ensure_table(X).frame
        given = dict(columns or {})
        for name, column in given.items():
            if isinstance(column, OfMolecule) and column.values is None:
                require_columns(frame.columns, [name, column.column], "X")
                given[name] = column._read_from(frame, name)
        found = find_columns(frame, margin, given)
        order = [*frame.columns, *(name for name in given if name not in frame)]
        return cls({name: (found | given)[name] for name in order}, constraints)

    def extend(
        self,
        column: str,
        molecules: Mapping[str, str | None] | Sequence[str | None],
        followers: Mapping[str, Mapping[Any, Any] | Callable[..., Any]] | None = None,
    ) -> DesignSpace:
        """Give a space with more molecules in a column, such as ones never tried.

        Parameters
        ----------
        column : str
            A molecule column.
        molecules : sequence of str, or mapping of str to str
            SMILES, or names and their SMILES.
        followers : mapping of str to mapping or callable, or None, default=None
            For each column that follows from this one, its values for the new molecules: by SMILES
            or name, or as a function of a SMILES; by tuples of cells, or as a function of these,
            where it follows from several columns. What a function gives is kept, not the function.

        Returns
        -------
        DesignSpace
            A new space; this one stays as it is.

        Raises
        ------
        ValueError
            If `column` is not a molecule column, a molecule cannot be added, or a column that
            follows from it has no value for it.

        Examples
        --------
        >>> from sksiamese.space import DesignSpace, Molecules, OfMolecule
        >>> space = DesignSpace(
        ...     {"ligand": Molecules(["NCCS"]), "HOMO_eV": OfMolecule("ligand", {"NCCS": -9.1})}
        ... )
        >>> longer = space.extend(
        ...     "ligand", {"thiophenol": "Sc1ccccc1"}, {"HOMO_eV": {"thiophenol": -8.3}}
        ... )
        >>> longer.grid("ligand")
              ligand  HOMO_eV
        0       NCCS     -9.1
        1  Sc1ccccc1     -8.3
        """
        longer = self._molecules(column).extended(molecules)
        columns = self.columns | {column: longer}
        for name, more in (followers or {}).items():
            follower = self.columns.get(name)
            if not isinstance(follower, (OfMolecule, OfSeveral)) or column not in follower._leaders:
                raise ValueError(
                    f"'followers' names the column {name!r}, which does not follow from "
                    f"{column!r}. Columns that do: {listed(self._followers_of(column))}."
                )
            columns[name] = follower._extended(name, column, Molecules(molecules), columns, more)
        return DesignSpace(columns, self.constraints)

    def grid(
        self,
        columns: str | Sequence[str],
        n: int | Mapping[str, int] = 10,
        at: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Lay out every combination of values of some columns.

        Parameters
        ----------
        columns : str or sequence of str
            Columns to vary; one of a :class:`OneHot` group stands for all of it.
        n : int or mapping of str to int, default=10
            Number of values of each range, at least 2 (10 where a mapping names none), evenly
            spread with both ends; of levels and molecules all are taken.
        at : mapping of str to object or None, default=None
            Values of other columns. Those not named take the middle of their range or list.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Distinct rows that satisfy all constraints; the last of `columns` varies fastest.

        Raises
        ------
        ValueError
            If a column cannot be varied, a value lies outside of the space, no row satisfies the
            constraints, or there are more than 10,000,000 rows.

        Examples
        --------
        >>> from sksiamese.space import DesignSpace, Range
        >>> space = DesignSpace({"pH": Range(7, 14), "temperature_C": Range(0, 100)})
        >>> space.grid("pH", 3, at={"temperature_C": 22.0})
             pH  temperature_C
        0   7.0           22.0
        1  10.5           22.0
        2  14.0           22.0
        """
        names = [columns] if isinstance(columns, str) else list(columns)
        fixed = dict(at or {})
        self._require_drawn([*names, *fixed])
        axes = {}
        for name in names:
            number = n.get(name, 10) if isinstance(n, Mapping) else n
            require_integer("DesignSpace.grid", "n", number, 2)
            axes[self._drawn[name]._axis(name)] = pd.Series(self._drawn[name]._grid(number))
        size = math.prod(map(len, axes.values()))
        if size > _LARGEST_GRID:
            raise ValueError(
                f"The grid would have {size:,} rows, and at most {_LARGEST_GRID:,} are made. "
                "Choose fewer columns or a smaller n, or use sample."
            )
        middle = np.full((1, len(self._axes)), 0.5)
        frame = self._values(np.repeat(middle, size, axis=0))
        for name, value in fixed.items():
            self._put(frame, name, value)
        places = np.unravel_index(np.arange(size), [len(axis) for axis in axes.values()])
        for (name, axis), place in zip(axes.items(), places, strict=True):
            for member in self._axes.get(name, [name]):
                frame[member] = self._drawn[member]._cells(member, axis.array.take(place))
        self._require_inside(frame.iloc[:1], fixed)
        return self._keep_allowed(self._settle(frame).drop_duplicates())

    def swap(
        self,
        X: Any,
        column: str,
        molecules: Mapping[str, str | None] | Sequence[str | None] | None = None,
    ) -> pd.DataFrame:
        """Put each of some molecules into experiments.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments; columns that follow from others may be absent.
        column : str
            A molecule column.
        molecules : sequence of str, mapping of str to str or None, default=None
            Molecules to put in, also such as the space does not list; by default all it lists.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            First the first experiment with each molecule, then the second; at most
            n_samples * n_molecules rows, those that satisfy all constraints. Other columns stay,
            except those that follow from the molecule.

        Raises
        ------
        ValueError
            If `column` is not a molecule column, or no row satisfies the constraints.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksiamese.descriptors import dielectric_constant
        >>> from sksiamese.space import DesignSpace, Molecules, OfMolecule
        >>> space = DesignSpace(
        ...     {
        ...         "solvent": Molecules(["O", "CCO"]),
        ...         "dielectric": OfMolecule("solvent", dielectric_constant),
        ...     }
        ... )
        >>> space.swap(pd.DataFrame({"solvent": ["O"]}), "solvent")
          solvent  dielectric
        0       O        80.1
        1     CCO        25.3
        """
        listed = self._molecules(column)
        chosen = pd.Series((listed if molecules is None else Molecules(molecules))._listed())
        frame = self.complete(X)
        rows, places = np.divmod(np.arange(len(frame) * len(chosen)), len(chosen))
        frame = frame.iloc[rows].reset_index(drop=True)
        frame[column] = chosen.array.take(places)
        return self._keep_allowed(self._settle(frame))

    def to_skopt(self) -> list[Any]:
        """Give the columns that can be varied as dimensions of scikit-optimize.

        Returns
        -------
        list of skopt.space.Dimension
            Real, Integer and Categorical dimensions, named as the columns. A :class:`OneHot` group
            is one of the names of its columns.

        See Also
        --------
        from_skopt : Points of such dimensions as experiments.

        Notes
        -----
        The constraints are not part of it. ``skopt.gp_minimize`` takes them as
        ``space_constraint=lambda point: space.contains(space.from_skopt([point])).all()``, and asks
        it of one point after the other: lower its `n_points`, since a call takes a millisecond.

        Examples
        --------
        >>> from sksiamese.space import DesignSpace, Range
        >>> DesignSpace({"mM": Range(0.1, 10.0, log=True)}).to_skopt()
        [Real(low=0.1, high=10.0, prior='log-uniform', transform='identity')]
        """
        return [self._drawn[axis]._to_skopt(axis) for axis in self._axes]

    def from_skopt(self, points: Sequence[Sequence[Any]]) -> pd.DataFrame:
        """Turn points of :meth:`to_skopt`'s dimensions into experiments.

        Parameters
        ----------
        points : sequence of sequence of shape (n_points, n_dimensions)
            One value for each dimension.

        Returns
        -------
        DataFrame of shape (n_points, n_columns)
            Experiments, with constants and columns that follow from others. Numbers are rounded to
            the steps of their range, of which scikit-optimize knows nothing.

        Examples
        --------
        >>> from sksiamese.space import Constant, DesignSpace, Range
        >>> DesignSpace({"mM": Range(0, 10), "pH": Constant(7.0)}).from_skopt([[2.5]])
            mM   pH
        0  2.5  7.0
        """
        axes = pd.DataFrame(points, columns=list(self._axes))
        frame = pd.DataFrame(index=axes.index)
        for axis, members in self._axes.items():
            for name in members:
                column = self._drawn[name]
                frame[name] = column._cells(name, column._round(axes[axis]))
        return self._settle(self.complete(frame))

    def __repr__(self) -> str:
        n = len(self.columns)
        lines = [(str(name), str(column)) for name, column in self.columns.items()]
        for name, constraint in self.constraints.items():
            text = str(constraint) if isinstance(constraint, Rule) else name
            lines.append(("constraint", text if text == name else f"{name}: {text}"))
        width = max(len(name) for name, _ in lines)
        text = "\n".join(f"  {name:<{width}}  {what}" for name, what in lines)
        return f"{type(self).__name__} of {n} column{'s' * (n > 1)}\n{text}"
