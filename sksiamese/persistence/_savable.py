"""What can be saved without being an estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any


class Definition(ABC):
    """A definition that is never fitted, such as a design space, and can be saved by itself."""

    _instead: str
    """What users may declare in the place of a function: a sentence without its full stop."""

    @abstractmethod
    def _held_functions(self) -> Mapping[str, Callable[..., Any]]:
        """Functions that it holds, each with its place in words."""
