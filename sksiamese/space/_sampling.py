"""Rows drawn from a design space at random, chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import qmc

from sksiamese._checks import make_generator, plain_label, require_integer, require_option
from sksiamese.exceptions import NoPossibleExperimentError
from sksiamese.space._space_rows import SpaceRows

_BLOCK = 2**16  # rows drawn at once
_PATIENCE = 1_000_000  # draws before a space counts as too narrow
_RAREST = 0.001  # share of draws that must satisfy the constraints
_TRIES = 1000  # draws around a row before it is given up

_Floats: TypeAlias = npt.NDArray[np.float64]


class SampledRows(SpaceRows):
    """Columns and constraints of a design space, and draws from it."""

    def sample(
        self,
        n: int,
        method: Literal["uniform", "lhs", "sobol"] = "uniform",
        random_state: Any = None,
    ) -> pd.DataFrame:
        """Draw experiments from the whole space.

        Parameters
        ----------
        n : int
            Number of experiments.
        method : {"uniform", "lhs", "sobol"}, default="uniform"
            Independent draws; Latin hypercubes, which cover each column evenly; or a scrambled
            Sobol sequence, which covers the space evenly.
        random_state : int, RandomState instance or None, default=None
            Decides the draw.

        Returns
        -------
        DataFrame of shape (n, n_columns)
            Experiments that satisfy all constraints.

        Raises
        ------
        ValueError
            If the constraints leave less than a thousandth of the draws.

        Notes
        -----
        Constraints are met by drawing again, so their cost grows as their share of the space falls.
        The even cover of a Latin hypercube holds for what is drawn before the constraints, and for
        65,536 rows at a time.

        Examples
        --------
        >>> from sksiamese.space import DesignSpace, Range
        >>> space = DesignSpace({"pH": Range(7, 14)})
        >>> space.sample(7, "lhs", random_state=0)["pH"].astype(int).sort_values().tolist()
        [7, 8, 9, 10, 11, 12, 13]
        """
        return pd.concat(self.iter_samples(n, method, random_state), ignore_index=True)

    def iter_samples(
        self,
        n: int,
        method: Literal["uniform", "lhs", "sobol"] = "uniform",
        random_state: Any = None,
    ) -> Iterator[pd.DataFrame]:
        """Draw experiments in chunks, so that millions need no more memory than thousands.

        Parameters
        ----------
        n : int
            Number of experiments.
        method : {"uniform", "lhs", "sobol"}, default="uniform"
            As in :meth:`sample`.
        random_state : int, RandomState instance or None, default=None
            Decides the draw; together the chunks are what :meth:`sample` gives.

        Returns
        -------
        iterator of DataFrame
            Chunks of at most 65,536 rows, n rows in all.

        Raises
        ------
        ValueError
            If the constraints leave less than a thousandth of the draws.

        Examples
        --------
        >>> from sksiamese.space import DesignSpace, Range
        >>> chunks = DesignSpace({"pH": Range(7, 14)}).iter_samples(100_000, random_state=0)
        >>> [len(chunk) for chunk in chunks]
        [65536, 34464]
        """
        require_integer("DesignSpace.sample", "n", n, 1)
        require_option("DesignSpace.sample", "method", method, ("uniform", "lhs", "sobol"))
        return self._draw_chunks(n, method, numpy_generator(random_state))

    def around(
        self,
        X: Any,
        tolerance: float | Mapping[str, float] = 0.1,
        n: int = 10,
        random_state: Any = None,
    ) -> pd.DataFrame:
        """Vary the numbers of experiments a little.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments within the space; columns that follow from others may be absent.
        tolerance : float or mapping of str to float, default=0.1
            How far a number may move: a share of its range, 0 to 1, on a logarithmic scale where
            the range has one; or, in the columns' units, for the columns named alone.
        n : int, default=10
            Number of neighbours of each experiment.
        random_state : int, RandomState instance or None, default=None
            Decides the draw.

        Returns
        -------
        DataFrame of shape (n_samples * n, n_columns)
            First the n neighbours of the first experiment, then those of the second.

        Raises
        ------
        ValueError
            If an experiment lies outside of the space, or no neighbour satisfies the constraints.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksiamese.space import DesignSpace, Range
        >>> space = DesignSpace({"pH": Range(7, 14), "temperature_C": Range(0, 100)})
        >>> X = pd.DataFrame({"pH": [13.8], "temperature_C": [20.0]})
        >>> near = space.around(X, {"pH": 0.5}, n=50)
        >>> bool(near["pH"].between(13.3, 14).all()), near["temperature_C"].unique().tolist()
        (True, [20.0])
        """
        require_integer("DesignSpace.around", "n", n, 1)
        steps = self._read_tolerance(tolerance)
        centres = self.complete(X)
        self._require_inside(centres, steps)
        rng = numpy_generator(random_state)
        rows = np.repeat(np.arange(len(centres)), n)
        pending, parts = np.arange(len(rows)), []
        for _ in range(_TRIES):
            frame = centres.iloc[rows[pending]].set_axis(pending)
            for name, step in steps.items():
                u = rng.random(len(frame))
                relative = not isinstance(tolerance, Mapping)
                frame[name] = self._drawn[name]._near(frame[name], step, relative, u)
            frame = self._settle(frame)
            allowed = self._judge(frame).all(axis=1)
            parts.append(frame[allowed])
            pending = pending[~allowed]
            if not len(pending):
                return pd.concat(parts).sort_index()
        row = plain_label(centres.index[rows[pending[0]]])
        raise NoPossibleExperimentError(
            f"No neighbour of row {row!r} satisfied the constraints in {_TRIES:,} draws. Give a "
            "larger tolerance, loosen the constraints or leave the row out."
        )

    def _draw_chunks(self, n: int, method: str, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
        draw = _unit_source(method, len(self._axes), rng)
        n_drawn = n_kept = 0
        held = np.zeros(len(self._rules))
        while n_kept < n:
            rate = n_kept / n_drawn if n_drawn else 1.0
            size = min(_BLOCK, math.ceil((n - n_kept) / max(rate, _RAREST)))
            frame = self._settle(self._values(draw(size)))
            answers = self._judge(frame)
            frame = frame[answers.all(axis=1)].iloc[: n - n_kept]
            n_drawn, held = n_drawn + len(answers), held + answers.sum(axis=0)
            if len(frame):
                yield frame.set_axis(pd.RangeIndex(n_kept, n_kept + len(frame)))
            n_kept += len(frame)
            if n_kept < n and n_drawn >= _PATIENCE and n_kept < _RAREST * n_drawn:
                self._raise_too_narrow(n_kept, n_drawn, held / n_drawn)

    def _raise_too_narrow(self, n_kept: int, n_drawn: int, shares: _Floats) -> None:
        each = ", ".join(
            f"{name!r} {share:.2%}" for name, share in zip(self._rules, shares, strict=True)
        )
        raise NoPossibleExperimentError(
            f"Only {n_kept:,} of {n_drawn:,} experiments drawn from the space satisfied all "
            f"constraints. Share that satisfied each: {each}. Loosen a constraint, narrow the "
            "ranges to where it holds, or use When for a column that applies to some rows only."
        )


def _unit_source(method: str, n_columns: int, rng: np.random.Generator) -> Callable[[int], _Floats]:
    """Source of points (n, n_columns) in the unit cube."""
    if method == "uniform":
        return lambda n: rng.random((n, n_columns))
    engine = (qmc.LatinHypercube if method == "lhs" else qmc.Sobol)(max(n_columns, 1), rng=rng)
    if method == "lhs":
        return engine.random
    # A Sobol sequence is balanced after powers of two only; the surplus serves the next chunk.
    return lambda n: engine.random(2 ** math.ceil(math.log2(n)))


def numpy_generator(random_state: Any) -> np.random.Generator:
    """Make a generator of numpy's newer kind, without touching the global one."""
    return np.random.default_rng(make_generator(random_state).randint(2**31 - 1))
