"""Checks of parameters at the package's border; inside, the code trusts what passed them.

Every message says what came, where, what is allowed and how to mend it.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

_SHOWN = 60  # characters of a bad cell that a message shows


def shorten(value: object) -> str:
    """Show a cell in a message: its repr, at most 60 characters of it."""
    text = repr(value[: _SHOWN + 1] if isinstance(value, str) else plain_label(value))
    return text if len(text) <= _SHOWN + 2 else f"{text[: _SHOWN - 3]}..."


def require_option(owner: str, name: str, value: object, options: Collection[str]) -> None:
    """Refuse a hyper-parameter that is not one of the named options.

    Raises
    ------
    ValueError
        Naming the parameter, the options and the value.
    """
    if not isinstance(value, str) or value not in options:
        allowed = ", ".join(map(repr, options))
        raise ValueError(
            f"The {name!r} parameter of {owner} must be one of {allowed}. Got {value!r} instead."
        )


def require_integer(owner: str, name: str, value: object, minimum: int) -> None:
    """Refuse a hyper-parameter that is not an integer or is below its minimum.

    Raises
    ------
    ValueError
        Naming the parameter, the minimum and the value.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        raise ValueError(
            f"The {name!r} parameter of {owner} must be an integer of at least {minimum}. "
            f"Got {value!r} instead."
        )


def require_boolean(owner: str, name: str, value: object) -> None:
    """Refuse a hyper-parameter that is neither True nor False.

    Raises
    ------
    ValueError
        Naming the parameter and the value.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(
            f"The {name!r} parameter of {owner} must be True or False. Got {value!r} instead."
        )


def require_n_jobs(owner: str, value: object) -> None:
    """Refuse an `n_jobs` that is neither None nor an integer other than 0.

    Raises
    ------
    ValueError
        Naming the value.
    """
    if value is None:
        return
    if not isinstance(value, Integral) or isinstance(value, bool) or value == 0:
        raise ValueError(
            f"The 'n_jobs' parameter of {owner} must be None or an integer other than 0. "
            f"Got {value!r} instead."
        )


def require_verbose(owner: str, value: object) -> None:
    """Refuse a `verbose` that is neither a truth value nor an integer of at least 0.

    Raises
    ------
    ValueError
        Naming the value.
    """
    require_integer(owner, "verbose", int(value) if isinstance(value, bool) else value, 0)


def require_probabilities(
    owner: str, estimator: object, cure: str = "", name: str = "estimator"
) -> None:
    """Refuse an estimator without predict_proba; `cure` is a sentence that the message ends with.

    Raises
    ------
    TypeError
        Naming the value.
    """
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"The {name!r} parameter of {owner} must be a classifier with predict_proba. "
            f"Got {shorten(estimator)} instead.{cure}"
        )


def require_instance(owner: str, name: str, value: object, kind: type) -> None:
    """Refuse a hyper-parameter that is neither None nor of a kind.

    Raises
    ------
    TypeError
        Naming the parameter, the kind and the value.
    """
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"The {name!r} parameter of {owner} must be None or a {kind.__name__}. Got "
            f"{shorten(value)} instead."
        )


def listed(names: Iterable[Any]) -> str:
    """Names in quotes, with commas; "none" without any."""
    return ", ".join(repr(plain_label(name)) for name in names) or "none"


def some_of(texts: Sequence[str], most: int, separator: str = ", ") -> str:
    """Join the first texts, and say how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return separator.join(texts[:most]) + more


def plain_label(label: Any) -> Any:
    """Strip numpy's type off a label, or off each level of one, for messages."""
    if type(label) is tuple:  # not a MolGraph, which is one too
        return tuple(map(plain_label, label))
    return label.item() if isinstance(label, np.generic) else label


def require_number(
    owner: str,
    name: str,
    value: object,
    low: float,
    high: float,
    *,
    open_start: bool = False,
    open_end: bool = False,
) -> None:
    """Refuse a hyper-parameter that is not a real number or is outside its interval.

    Raises
    ------
    ValueError
        Naming the parameter, the interval and the value.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        above = number > low if open_start else number >= low
        below = number < high if open_end else number <= high
        if above and below:
            return
    interval = f"{'(' if open_start else '['}{low}, {high}{')' if open_end else ']'}"
    raise ValueError(
        f"The {name!r} parameter of {owner} must be a number in {interval}. Got {value!r} instead."
    )


def import_extra(module: str, purpose: str, extra: str) -> Any:
    """Import a module of a package that only some users need.

    Raises
    ------
    ImportError
        Naming the package and the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module.partition('.')[0]}. Install it with "
            f"pip install 'sksiamese[{extra}]'."
        ) from error


def make_generator(random_state: Any) -> np.random.RandomState:
    """Read a `random_state` as scikit-learn does, but None is never the global generator."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)
