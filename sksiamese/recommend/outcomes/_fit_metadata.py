"""Groups and weights of rows: checked, and handed on to the fit of a classifier."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from sksiamese._checks import listed
from sksiamese.tables._labels import read_groups, read_weights


def read_metadata(groups: Any, sample_weight: Any, n_rows: int) -> dict[str, npt.NDArray[Any]]:
    """Give what there is of groups and weights, (n_rows,) each, by the name of the argument.

    Raises
    ------
    ValueError
        If they are too few or too many, a group is missing, or a weight is not a number.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    if groups is not None:
        read_groups(groups, n_rows)
        found["groups"] = np.asarray(groups)
    if sample_weight is not None:
        found["sample_weight"] = read_weights(sample_weight, n_rows)
    return found


def extend_metadata(
    past: Mapping[str, npt.NDArray[Any]], new: Mapping[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """Put groups and weights of new rows behind those of past ones.

    Raises
    ------
    ValueError
        If only the past rows or only the new rows have them.
    """
    for name in [name for name in past if name not in new]:
        raise ValueError(
            f"fit was given {name}, and the new rows have none. Pass {name}= to add_measurements, "
            "one for each row."
        )
    for name in [name for name in new if name not in past]:
        raise ValueError(
            f"The new rows have {name}, and fit was given none. Leave {name} out, or call fit with "
            f"all experiments and their {name}."
        )
    return {name: np.concatenate([past[name], new[name]]) for name in past}


def arguments_of_fit(
    estimator: Any, metadata: Mapping[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """Name groups and weights as the fit of an estimator takes them.

    A Pipeline takes those of its last step. A search splits its folds by groups. With metadata
    routing enabled, scikit-learn finds the way by itself.

    Raises
    ------
    TypeError
        If the estimator does not take one of them.
    """
    if get_config()["enable_metadata_routing"]:
        return dict(metadata)
    last, prefixes = _find_last_step(estimator)
    untaken = [name for name in metadata if name not in prefixes and not _takes(last, name)]
    if untaken:
        raise TypeError(
            f"The fit of {type(last).__name__} does not take {listed(untaken)}. Leave it out, or "
            "give an estimator that takes it."
        )
    return {prefixes.get(name, prefixes[""]) + name: each for name, each in metadata.items()}


def keep_taken(
    estimator: Any, metadata: Mapping[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """Keep the groups and weights that an estimator takes; a search has folds to split, too."""
    if get_config()["enable_metadata_routing"]:
        taken = get_routing_for_object(estimator).consumes("fit", list(metadata))
    else:
        last, _ = _find_last_step(estimator)
        taken = {name for name in metadata if _takes(last, name)}
    return {name: each for name, each in metadata.items() if name in taken}


def takes_campaigns(estimator: Any) -> bool:
    """Whether a regressor learns from campaigns; a search would take them for its folds."""
    last, prefixes = _find_last_step(estimator)
    return "groups" not in prefixes and "groups" in inspect.signature(last.fit).parameters


def _find_last_step(estimator: Any) -> tuple[Any, dict[str, str]]:
    """Find the classifier within pipelines and searches.

    And what stands before the names of its arguments (""), and before "groups" of a search.
    """
    prefixes = {"": ""}
    while True:
        if isinstance(estimator, Pipeline):
            prefixes[""] += f"{estimator.steps[-1][0]}__"
            estimator = estimator[-1]
        elif hasattr(estimator, "refit") and hasattr(estimator, "estimator"):  # a search
            prefixes.setdefault("groups", prefixes[""])
            estimator = estimator.estimator
        else:
            return estimator, prefixes


def _takes(estimator: Any, name: str) -> bool:
    parameters = inspect.signature(estimator.fit).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
