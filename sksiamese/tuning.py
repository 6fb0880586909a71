"""Search spaces of the classifiers, for scikit-optimize's and scikit-learn's searches."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from skopt.space import Categorical, Dimension, Integer, Real

from sksiamese._checks import require_option, shorten
from sksiamese.models._network_classifier import NetworkClassifier

__all__ = ["search_space"]


def search_space(estimator: Any, kind: Literal["paper", "wide"] = "paper") -> dict[str, Dimension]:
    """Give the ranges that a search over a classifier's parameters may draw from.

    Every combination is legal: no draw makes a fit fail that succeeds with the defaults.

    Parameters
    ----------
    estimator : estimator instance
        A classifier of this package, or a Pipeline or another meta-estimator that holds one, whose
        parameters then get the right prefix, such as ``clf__alpha``.
    kind : {"paper", "wide"}, default="paper"
        "paper": what arXiv 1811.02771 searched, hidden layer 1 (5 to 500), hidden layer 2 (0 to
        500, 0 for none), embedding (1 to 500), epochs (20 to 200) and L1 = L2 (0 to 0.1); an epoch
        here is a pass over the rows, or a single step of drawn pairs with ``readout="paper"``.
        "wide": the useful ranges of all parameters that shape model and training.

    Returns
    -------
    dict of str to skopt.space.Dimension
        Ranges by name of parameter, for ``BayesSearchCV(search_spaces=...)`` of scikit-optimize
        and ``RandomizedSearchCV(param_distributions=...)`` of scikit-learn.

    Raises
    ------
    TypeError
        If `estimator` holds no classifier of this package.
    ValueError
        If `kind` is unknown.

    Notes
    -----
    Searches draw single numbers, so hidden layers come one by one, as ``hidden_layer_sizes__0`` and
    ``hidden_layer_sizes__1``, which ``set_params`` puts together. Parameters that only cost time
    (`n_members`) or decide how to train rather than what (`device`, `early_stopping`) stay as
    they are.

    Examples
    --------
    >>> from skopt import BayesSearchCV
    >>> from sksiamese import GraphFingerprintSVMClassifier
    >>> from sksiamese.tuning import search_space
    >>> model = GraphFingerprintSVMClassifier()
    >>> search_space(model)
    {'alpha': Real(low=0, high=0.1, prior='uniform', transform='identity'),
     'max_epochs': Integer(low=20, high=200, prior='uniform', transform='identity')}
    >>> search = BayesSearchCV(model, search_space(model, kind="wide"), n_iter=50, cv=10)
    """
    require_option("search_space", "kind", kind, tuple(_SPACES))
    space = {}
    for prefix, classifier in _find(estimator).items():
        own = classifier.get_params(deep=False)
        for name, (make, *arguments) in _SPACES[kind].items():
            if name.partition("__")[0] in own:
                space[prefix + name] = make(*arguments, name=prefix + name)
    return dict(sorted(space.items()))  # the order in which searches of scikit-optimize take them


def _find(estimator: Any) -> dict[str, NetworkClassifier]:
    """Classifiers of this package in an estimator, by the prefix of their parameters' names."""
    if isinstance(estimator, NetworkClassifier):
        return {"": estimator}
    is_instance = hasattr(estimator, "get_params") and not isinstance(estimator, type)
    parts = estimator.get_params() if is_instance else {}
    found = {f"{k}__": v for k, v in parts.items() if isinstance(v, NetworkClassifier)}
    if not found:
        raise TypeError(
            "estimator must be a classifier of this package, or a Pipeline or another "
            f"meta-estimator that holds one. Got {shorten(estimator)}."
        )
    return found


class _SingleDraws(Dimension):
    """Dimension of which scikit-learn, too, can draw: ``rvs()`` gives one value, no list."""

    def rvs(self, n_samples: int | None = None, random_state: Any = None) -> Any:
        values = super().rvs(n_samples or 1, random_state)
        return values if n_samples else np.array(values[0]).item()


class _Integer(_SingleDraws, Integer):
    pass


class _Real(_SingleDraws, Real):
    pass


_SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    "paper": {
        "hidden_layer_sizes__0": (_Integer, 5, 500),
        "hidden_layer_sizes__1": (_Integer, 0, 500),
        "embedding_size": (_Integer, 1, 500),
        "max_epochs": (_Integer, 20, 200),
        "alpha": (_Real, 0, 0.1),
    },
    "wide": {
        "fp_size": (_Integer, 4, 64, "log-uniform"),
        "conv_width": (_Integer, 4, 64, "log-uniform"),
        "radius": (_Integer, 0, 4),
        "descriptors": (Categorical, [True, False]),
        "scaling": (Categorical, ["standard", "minmax"]),
        "tanimoto": (Categorical, ["auto", "always", "never"]),
        "hidden_layer_sizes__0": (_Integer, 0, 128),
        "hidden_layer_sizes__1": (_Integer, 0, 64),
        "embedding_size": (_Integer, 2, 64, "log-uniform"),
        "activation": (Categorical, ["tanh", "relu", "leaky_relu", "sigmoid"]),
        "embedding_activation": (Categorical, ["tanh", "sigmoid", "identity"]),
        "readout": (Categorical, ["process", "mean"]),
        "dropout": (_Real, 0, 0.6),
        "alpha": (_Real, 1e-5, 1e-1, "log-uniform"),
        "max_epochs": (_Integer, 20, 400, "log-uniform"),
        "lr": (_Real, 1e-3, 3e-1, "log-uniform"),
        "lr_schedule": (Categorical, ["cosine", "constant"]),
    },
}
