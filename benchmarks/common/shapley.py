"""Effects beside Shapley values by shap's KernelExplainer, on the same black box."""

from __future__ import annotations

import importlib.util
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.frozen import FrozenEstimator

from sksiamese import AdditiveEffectsExplainer, DesignSpace, LowFidelityWarning

N_BACKGROUND, N_ASKED = 30, 30


def why_no_shap() -> str | None:
    """Say why shap cannot be had; None if it can."""
    return None if importlib.util.find_spec("shap") else "pip install shap"


def compare_with_shap(model: Any, X: pd.DataFrame, seed: int, n_samples: int) -> list[dict]:
    """Rank correlation of what each column adds to recipes; the seconds that both took.

    Half of a pair goes to each of its columns, as in Shapley values. "weight" is the mean size of a
    column's Shapley values in log-odds.
    """
    space = DesignSpace.from_frame(X)
    asked = space.sample(N_ASKED, random_state=seed + 1)
    start = time.process_time()
    values = shapley_values(model, space.sample(N_BACKGROUND, random_state=seed), asked)
    shap_s = time.process_time() - start
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        explainer = AdditiveEffectsExplainer(
            FrozenEstimator(model), space, n_samples=n_samples, random_state=seed
        ).fit(X)
    parts = pd.DataFrame([_by_column(explainer, asked.iloc[[i]]) for i in range(len(asked))])
    effects_s = time.process_time() - start
    return [
        {
            "column": name,
            "rank correlation": spearmanr(parts[name], values[name]).statistic,
            "weight": values[name].abs().mean(),
            "shap_s": shap_s,
            "effects_s": effects_s,
        }
        for name in X
        if name in parts
    ]


def shapley_values(model: Any, background: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Give the Shapley values (n_asked, n_columns) of log-odds; texts are numbered for shap."""
    import shap

    both = pd.concat([background, asked])
    levels = {
        name: pd.unique(both[name])
        for name in both
        if not pd.api.types.is_numeric_dtype(both[name])
    }

    def encode(frame: pd.DataFrame) -> Any:
        coded = {n: pd.Categorical(frame[n], levels[n]).codes for n in levels}
        return frame.assign(**coded).to_numpy(float)

    def ask(numbers: Any) -> Any:
        frame = pd.DataFrame(numbers, columns=list(both))
        texts = {name: levels[name][frame[name].astype(int)] for name in levels}
        return model.predict_proba(frame.assign(**texts))[:, 1]

    explainer = shap.KernelExplainer(ask, encode(background), link="logit")
    return pd.DataFrame(explainer.shap_values(encode(asked), silent=True), columns=list(both))


def _by_column(explainer: Any, row: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in explainer.contributions(row).itertuples():
        names = part.term.split(" with ")
        for name in names:
            found[name] = found.get(name, 0.0) + part.log_odds / len(names)
    return {name: float(np.round(value, 12)) for name, value in found.items()}
