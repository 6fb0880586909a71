"""The state of an estimator that threads share: read as a whole, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

_Estimator = TypeVar("_Estimator")


def freeze(estimator: _Estimator) -> _Estimator:
    """Give a copy with the same parts, which no later change of the estimator reaches."""
    twin = object.__new__(type(estimator))
    twin.__dict__ = estimator.__dict__.copy()
    return twin


@contextmanager
def replace_state(estimator: _Estimator) -> Iterator[_Estimator]:
    """Give a copy to change; the estimator takes its state in one assignment if all goes well.

    Threads that predict meanwhile see the state before or the one after. If the block fails, the
    estimator stays as it is.
    """
    twin = freeze(estimator)
    yield twin
    estimator.__dict__ = twin.__dict__
