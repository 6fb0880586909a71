"""Which label is success, and what it is called in columns and texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sksiamese._checks import listed, plain_label
from sksiamese.tables.reading._findings import plural
from sksiamese.tables.reading._typed_numbers import is_number_text, plain_number

FAMILIES: dict[str, Any] = {"y": "yes", "n": "no"}
FAMILIES |= {"t": True, "true": True, "f": False, "false": False}
_SUCCESS = {"yes", "success", "successful", "hit", "works", "worked", "pass"}
_SUCCESS |= {"passed", "ok", "good", "positive", "active", "+", "ja", "succeeded"}


def choose_positive(where: str, labels: Iterable[Any], positive: Any) -> Any:
    """Choose the label of success: the one asked for, or one that says so itself.

    Parameters
    ----------
    where : str
        What holds the labels, for messages: "y" or "the column 'result'".
    labels : iterable of labels
        Those of all rows, or each once.
    positive : label or None
        The one asked for.

    Raises
    ------
    ValueError
        If `positive` is not a label, or none was asked for and the labels do not tell.
    """
    distinct = {plain_outcome(label): label for label in labels}.values()
    classes = sorted(distinct, key=lambda label: (isinstance(label, str), label))
    if positive is not None:
        chosen = [label for label in classes if plain_outcome(label) == plain_outcome(positive)]
        if not chosen:
            raise ValueError(
                f"positive={positive!r} is not a label of {where}. Its labels are: "
                f"{listed(classes)}. Choose one of these."
            )
        return chosen[0]
    found = find_success(classes)
    if found is not None:
        return found
    raise ValueError(
        f"Which label of {where} is success? It has: {listed(classes)}. Say it with positive=, for "
        f"example positive={plain_label(classes[-1])!r}."
    )


def find_success(classes: Iterable[Any]) -> Any:
    """Find the one class that means success: True, 1 of 0 and 1, or a word such as "yes".

    None where there is none or more than one, since it is never guessed.
    """
    plain = {plain_outcome(label): label for label in reversed(list(classes))}
    if set(plain) in ({0, 1}, {-1, 1}):  # True is 1
        return plain[1]
    good = [label for word, label in plain.items() if word in _SUCCESS]
    return good[0] if len(good) == 1 and all(isinstance(word, str) for word in plain) else None


def name_of_success(positive: Any, outcome: Any = None) -> str:
    """Name the class of success: its label, or what is true where that is 1 or True.

    Parameters
    ----------
    positive : label
        The label of success.
    outcome : object, default=None
        Name of the outcomes: a column or a rule.

    Returns
    -------
    str
        For columns and texts, as in "p(large crystal)".

    Examples
    --------
    >>> from sksiamese.tables._positive_label import name_of_success
    >>> name_of_success("large crystal", "result"), name_of_success(1, "yield >= 50")
    ('large crystal', 'yield >= 50')
    >>> name_of_success(True), name_of_success(3, "score")
    ('success', 'score = 3')
    """
    label = plain_label(positive)
    if isinstance(label, str):
        return label
    named = isinstance(outcome, str) and outcome not in ("", "outcome")
    if label == 1:
        return str(outcome) if named else "success"
    return f"{outcome} = {label}" if named else str(label)


def describe_success(labels: pd.Series, positive: Any, rule: str | None = None) -> str:
    """Say which outcome is success, and how often it occurs.

    Parameters
    ----------
    labels : Series of shape (n_labelled,)
        The outcomes.
    positive : label
        That of success.
    rule : str or None, default=None
        The rule that made the labels.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese.tables._positive_label import describe_success
    >>> describe_success(pd.Series(["yes", "no", "yes"]), "yes")
    "'yes', 2 of 3 rows"
    """
    n_hits = sum(plain_outcome(label) == plain_outcome(positive) for label in labels)
    return f"{rule or repr(plain_label(positive))}, {n_hits:,} of {plural(len(labels), 'row')}"


def plain_outcome(cell: Any) -> Any:
    """Bring a label to what all its spellings share; whole numbers are integers."""
    if isinstance(cell, str):
        number = number_of(cell)
        text = " ".join(cell.split()).casefold()
        return plain_outcome(number) if number is not None else FAMILIES.get(text, text)
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | np.integer):  # of any size
        return int(cell)
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return int(cell)
    return plain_label(cell)


def number_of(text: str) -> float | None:
    """Read a label as a number, with a decimal point or a decimal comma."""
    return plain_number(text.replace(",", ".")) if is_number_text(text) else None
