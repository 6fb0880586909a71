"""How far a stand-in agrees with its black box."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from sksiamese._checks import plain_label
from sksiamese.exceptions import LowFidelityWarning

N_FRESH = 1000
"""Samples that fidelity is measured on."""

_LOW_MCC = 0.8


def compare_labels(
    truth: npt.NDArray[Any], said: npt.NDArray[Any], n_classes: int
) -> dict[str, float]:
    """Agreement of two lists of class numbers: accuracy, F1 and Matthews correlation."""
    is_flat = len(np.unique([truth, said])) == 1  # scikit-learn would warn
    labels = [1] if n_classes == 2 else None
    return {
        "accuracy": float(accuracy_score(truth, said)),
        "f1": float(f1_score(truth, said, labels=labels, average="macro", zero_division=0)),
        "mcc": 0.0 if is_flat else float(matthews_corrcoef(truth, said)),
    }


def warn_if_low(
    fidelity: Mapping[str, float],
    labels: npt.NDArray[np.intp],
    classes: npt.NDArray[Any],
    who: str,
    cure: str,
) -> None:
    """Warn that a stand-in tells a part of the story only.

    Parameters
    ----------
    fidelity : mapping of str to float
        From :func:`compare_labels`.
    labels : ndarray of shape (n_fresh,)
        Class numbers of the fresh samples by the black box.
    classes : ndarray of shape (n_classes,)
        Class labels.
    who, cure : str
        What the stand-in is, and what to try instead.
    """
    if fidelity["mcc"] >= _LOW_MCC:
        return
    if len(np.unique(labels)) == 1:
        text = (
            f"The black box labels all {N_FRESH:,} fresh samples "
            f"{plain_label(classes[labels[0]])!r}: there is nothing to tell apart. Widen the "
            "space, or look at how well the black box has learnt."
        )
    else:
        text = (
            f"The {who} black box with a Matthews correlation of {fidelity['mcc']:.2f} only "
            f"(below {_LOW_MCC}): a part of the story. {cure}"
        )
    warnings.warn(text, LowFidelityWarning, stacklevel=3)


def show_scores(scores: Mapping[str, float]) -> str:
    """Write accuracy, F1 and Matthews correlation."""
    return f"accuracy {scores['accuracy']:.2f}, F1 {scores['f1']:.2f}, MCC {scores['mcc']:.2f}"
