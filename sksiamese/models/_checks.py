"""Checks of the parameters that only trained models have."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
from sklearn.utils import check_random_state
from skorch.callbacks import Callback

from sksiamese._checks import shorten

Activation: TypeAlias = Literal["identity", "leaky_relu", "relu", "sigmoid", "tanh"]


def require_callbacks(owner: str, callbacks: Any) -> None:
    listed = isinstance(callbacks, (list, tuple)) or callbacks is None
    each = [c[-1] if isinstance(c, tuple) and c else c for c in callbacks or ()] if listed else []
    if not listed or not all(isinstance(callback, Callback) for callback in each):
        raise ValueError(
            f"The 'callbacks' parameter of {owner} must be None or a list of skorch callbacks. "
            f"Got {shorten(callbacks)} instead."
        )


def require_device(owner: str, device: Any) -> None:
    try:
        if not isinstance(device, (str, torch.device)):
            raise TypeError
        torch.empty(0, dtype=torch.float64, device=device)
    except (AssertionError, RuntimeError, TypeError) as error:  # what torch raises, by device
        raise ValueError(
            f"The 'device' parameter of {owner} must name a device that torch can use here, such "
            f"as 'cpu'. Got {device!r} instead."
        ) from error


def require_random_state(owner: str, random_state: Any) -> None:
    try:
        check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"The 'random_state' parameter of {owner} must be None, an integer from 0 to "
            f"2**32 - 1 or a numpy.random.RandomState. Got {random_state!r} instead."
        ) from error
