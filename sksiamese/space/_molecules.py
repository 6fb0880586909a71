"""Molecule columns of a design space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.molecules._canonical import canonical_key, canonical_keys
from sksiamese.space._drawn_columns import ListedColumn, enumerate_values


@dataclass(frozen=True)
class Molecules(ListedColumn):
    """One of some molecules.

    Parameters
    ----------
    molecules : sequence of str, or mapping of str to str
        SMILES, or names and their SMILES. None is an absent molecule. A molecule spelled twice
        counts once.

    Attributes
    ----------
    smiles : tuple of str
        The distinct molecules, as they were first spelled.
    names : dict of str to str
        Names by canonical SMILES, of the molecules that have one.

    Raises
    ------
    InvalidSMILESError
        Listing all texts that cannot be read as molecules.
    ValueError
        If there is no molecule.

    Examples
    --------
    >>> from sksiamese.space import Molecules
    >>> print(Molecules({"water": "O", "ethanol": "CCO"}))
    2 molecules: water, ethanol
    """

    molecules: Mapping[str, str | None] | Sequence[str | None]
    smiles: tuple[str | None, ...] = field(init=False, repr=False, compare=False)
    names: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.molecules, str) or not len(self.molecules):
            raise ValueError(
                "The 'molecules' parameter of Molecules must be a list of at least one SMILES, or "
                f"a dict of names and SMILES. Got {self.molecules!r} instead."
            )
        named = isinstance(self.molecules, Mapping)
        texts = list(self.molecules.values() if named else self.molecules)  # type: ignore[union-attr]
        keys = canonical_keys(texts)
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        distinct = tuple(texts[place] for place in sorted(first.values()))
        names: dict[str, str] = {}
        if named:
            for key, text, name in zip(keys, texts, self.molecules, strict=True):
                if name != text:
                    names.setdefault(key, str(name))
        object.__setattr__(self, "smiles", distinct)
        object.__setattr__(self, "names", names)

    def __str__(self) -> str:
        plural = "s" if len(self.smiles) > 1 else ""
        return f"{len(self.smiles)} molecule{plural}: {enumerate_values(self.labels())}"

    def extended(self, molecules: Mapping[str, str | None] | Sequence[str | None]) -> Molecules:
        """Give the list with more molecules.

        Parameters
        ----------
        molecules : sequence of str, or mapping of str to str
            SMILES, or names and their SMILES.

        Returns
        -------
        Molecules
            The molecules of both.

        Raises
        ------
        ValueError
            If a name stands for two different molecules.

        Examples
        --------
        >>> from sksiamese.space import Molecules
        >>> print(Molecules({"water": "O"}).extended({"ethanol": "CCO"}))
        2 molecules: water, ethanol
        """
        more = Molecules(molecules)
        merged = dict(zip(self.labels(), self.smiles, strict=True))
        for name, text in zip(more.labels(), more.smiles, strict=True):
            if name in merged and canonical_keys([merged[name]]) != canonical_keys([text]):
                raise ValueError(
                    f"The name {name!r} stands for {merged[name]!r} and for {text!r}. Give one of "
                    "them another name."
                )
            merged.setdefault(name, text)
        return Molecules(merged)

    def labels(self) -> list[str]:
        """Give the name of each molecule, or its SMILES.

        Returns
        -------
        list of str of length n_molecules
            In the order of ``smiles``.

        Examples
        --------
        >>> from sksiamese.space import Molecules
        >>> Molecules(["O", None]).labels()
        ['O', 'no molecule']
        """
        keys = canonical_keys(self.smiles)
        return [
            self.names.get(key, str(text) if key else "no molecule")
            for key, text in zip(keys, self.smiles, strict=True)
        ]

    def _listed(self) -> list[Any]:
        return list(self.smiles)

    def _contains(self, values: pd.Series) -> npt.NDArray[np.bool_]:
        codes, texts = pd.factorize(values, use_na_sentinel=False)
        known = set(canonical_keys(self.smiles))
        return np.array([canonical_key(text) in known for text in texts], bool)[codes]
