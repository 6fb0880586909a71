"""How pieces of a library reach whoever screens them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import joblib

Engine: TypeAlias = Callable[[Any, Iterable[Any]], Iterable[Any]]


def joblib_engine(n_jobs: int | None) -> Engine:
    """Give a map by joblib, on the backend that it is set to; within this process for one job."""
    if joblib.effective_n_jobs(n_jobs) == 1:
        return map

    def spread(function: Any, pieces: Iterable[Any]) -> Iterator[Any]:
        parallel = joblib.Parallel(n_jobs, return_as="generator_unordered")
        results: Any = parallel(joblib.delayed(function)(piece) for piece in pieces)
        try:
            for result in results:  # noqa: UP028 - this way the warning can be silenced
                yield result
        finally:
            with warnings.catch_warnings():  # of pieces that are given up after an error
                warnings.filterwarnings("ignore", ".*still being processed", UserWarning)
                results.close()

    return spread


class Guarded:
    """An iterator whose failure ends it, to be raised later.

    Engines draw pieces in threads of their own, where a failure would not reach the caller.

    Attributes
    ----------
    failure : BaseException or None
        What ended it.
    """

    def __init__(self, pieces: Iterable[Any]) -> None:
        self._pieces = iter(pieces)
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._pieces)
        except StopIteration:
            raise
        except BaseException as failure:
            self.failure = failure
            raise StopIteration from failure
