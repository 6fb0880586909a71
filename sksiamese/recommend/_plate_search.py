"""The search for a plate: candidates, the best of them, and a batch; or one that shares values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import make_generator
from sksiamese.exceptions import NoPossibleExperimentError
from sksiamese.recommend._candidates import (
    Pool,
    explore,
    find_centres,
    fix_rows,
    fix_space,
    keep_best,
    list_shared,
    split_shared,
    vary_numbers,
)
from sksiamese.recommend._past_experiments import PastExperiments
from sksiamese.recommend._requests import (
    Request,
    read_exclusions,
    read_rows,
    read_same,
    require_enough,
    sift,
)
from sksiamese.recommend.outcomes._protocol import Acquisition, BatchRequest
from sksiamese.space._space import DesignSpace

_LEAST_KEPT = 1000  # candidates that a batch is chosen from; 50 for each of a larger batch
_LEAST_SHARED = 500  # candidates for each value that a batch may share

_Floats: TypeAlias = npt.NDArray[np.float64]
_Trial: TypeAlias = tuple[Request, Mapping[str, Any] | None]


class PlateSearch(PastExperiments):
    """What a recommender does to find a plate."""

    acquisition: str | None
    beta: float
    diversity: float
    n_candidates: int
    tolerance: float | Mapping[str, float]
    n_jobs: int | None

    def _read_request(
        self,
        batch_size: int,
        mode: str,
        n_later: int,
        exclude: Any,
        pending: Any,
        given: Iterable[pd.DataFrame] | None,
        same: Any,
        new_molecules: bool = False,
    ) -> Request:
        """Check what is asked for."""
        space, keys = self.space_, self._geometry.keys
        parts = read_rows(space, "pending", self.pending_), read_rows(space, "pending", pending)
        waiting = pd.concat(parts) if any(part is not None for part in parts) else None
        excluded, banned = read_exclusions(space, exclude)
        known = {"measured": self._past, "pending": waiting, "excluded": excluded}
        taken = {reason: keys(rows) for reason, rows in known.items() if rows is not None}
        shared = read_same(space, same)
        asked = batch_size, mode, n_later, shared, given, new_molecules
        return Request(*asked, waiting, banned, taken)

    def _search(self, request: Request) -> tuple[Pool, list[int]]:
        """Find the best candidates, and choose a batch; of several batches, the one worth most."""
        if not request.same:
            return self._choose(request, None)
        trials = self._list_trials(request)
        n_each = max(self.n_candidates // len(trials), _LEAST_SHARED)
        worth, left_out, found = np.full(len(trials), -np.inf), Counter[str](), {}
        for k, (asked, values) in enumerate(trials):
            with suppress(NoPossibleExperimentError):  # with these values
                pool = self._find_pool(asked, n_each, values)
                left_out += pool.left_out
                if len(pool.values) >= request.batch_size:
                    found[k] = pool, self._choose_batch(pool, request)
                    worth[k] = pool.values[found[k][1]].sum()
        best = int(worth.argmax())
        if request.given is None or best not in found:  # once more, among all candidates
            found[best] = self._choose(*trials[best])
        pool, chosen = found[best]
        return pool._replace(left_out=left_out), chosen

    def _list_trials(self, request: Request) -> list[_Trial]:
        """Give the requests, or the values of columns, of which each batch shares one."""
        if request.given is not None:
            parts = split_shared(pd.concat(request.given), request.same)
            return [(request._replace(given=[rows]), None) for rows in parts]
        centres = self._centres(self.space_, self._past) if request.mode == "optimize" else None
        return [(request, values) for values in list_shared(self.space_, request.same, centres)]

    def _choose(self, request: Request, values: Mapping[str, Any] | None) -> tuple[Pool, list[int]]:
        """Find the best candidates, and choose a batch of them."""
        pool = self._find_pool(request, self.n_candidates, values)
        require_enough(len(pool.values), request.batch_size, pool.left_out, bool(request.same))
        return pool, self._choose_batch(pool, request)

    def _choose_batch(self, pool: Pool, request: Request) -> list[int]:
        asked = BatchRequest(
            self._acquisition,
            request.batch_size,
            request.n_later,
            request.waiting,
            self._geometry,
            float(np.median(self._spacing)) if len(self._spacing) else 0.0,
            self.diversity,
        )
        return self._model.choose(pool.frame, pool.values, asked)

    def _find_pool(self, request: Request, n: int, values: Mapping[str, Any] | None) -> Pool:
        """Find the best of n candidates, in which some columns may have a fixed value."""
        n_kept = max(_LEAST_KEPT, 50 * request.batch_size)
        space, past = self.space_, self._past
        if values is not None:
            space = fix_space(space, values)
            past = fix_rows(space, past, values)
        return keep_best(
            self._make_candidates(request, space, past, n),
            lambda chunk: self._score(space, chunk, request, n_kept),
            n_kept,
            self.n_jobs,
        )

    def _make_candidates(
        self, request: Request, space: DesignSpace, past: pd.DataFrame, n: int
    ) -> Iterator[pd.DataFrame]:
        """Chunks of candidates, about n in all, or those given."""
        if request.given is not None:
            return iter(request.given)
        rng = make_generator(self.random_state)
        if request.mode == "optimize":
            return vary_numbers(space, self._centres(space, past), self.tolerance, n, rng)
        order = self._model.order(self.outcomes_.to_numpy(), rng)
        return explore(space, past.iloc[order], n, rng)

    def _centres(self, space: DesignSpace, past: pd.DataFrame) -> pd.DataFrame:
        """Past experiments that "optimize" starts from."""
        return find_centres(space, past, self._merit)

    def _score(
        self, space: DesignSpace, chunk: pd.DataFrame, request: Request, n_kept: int
    ) -> Pool:
        """Value the possible, distinct and new experiments of a chunk, and keep the best."""
        frame, keys, left_out = sift(space, self._geometry, chunk, request)
        values = self._model.value(frame, self._acquisition) if len(frame) else np.empty(0)
        order = np.argsort(-values, kind="stable")[:n_kept]
        return Pool(frame.iloc[order], keys[order], values[order], left_out)

    @property
    def _acquisition(self) -> Acquisition:
        """What makes an experiment worth doing."""
        usual = "probability" if self.goal is None else "expected_improvement"
        return Acquisition(self.acquisition or usual, self.beta)
