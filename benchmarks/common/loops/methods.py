"""Regressors that a closed loop is run with."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from common.loops.column_lengths import ColumnLengths
from sksiamese import GraphFingerprintSiameseRegressor, SMILESFeaturizer
from sksiamese.model_selection._baseline_kernel import RoleKernel

OWN, WITH_HISTORY = "siamese", "siamese, past campaigns"
BAYBE = {  # the encoding of molecules of each method
    "BayBE, one-hot": "one-hot",
    "BayBE, RDKit": "rdkit",
    "BayBE, Mordred": "mordred",
}
NUMBER_METHODS = (
    "random",
    "random forest",
    "Gaussian process, one-hot",
    "Gaussian process, Tanimoto",
    "Gaussian process, lengths",
    *BAYBE,
    WITH_HISTORY,
    OWN,
)
_FP_SIZE = 1024


def make_regressor(method: str, frame: pd.DataFrame, seed: int) -> Any:
    """Make the unfitted regressor of a method for the columns of a table."""
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    roles = [name for name in frame if name not in numeric]
    if method in (OWN, WITH_HISTORY):
        return GraphFingerprintSiameseRegressor()
    if method == "Gaussian process, lengths":
        return ColumnLengths()
    if method == "random forest":
        forest = RandomForestRegressor(100, random_state=seed)
        return make_pipeline(_columns(SMILESFeaturizer("descriptors"), roles, numeric), forest)
    if method == "Gaussian process, Tanimoto":
        bits = SMILESFeaturizer("ecfp", fp_size=_FP_SIZE)
        kernel = RoleKernel((1.0,) * (len(roles) + 1), fp_size=_FP_SIZE) + WhiteKernel(0.1)
        process = GaussianProcessRegressor(kernel, normalize_y=True)
        return make_pipeline(_columns(bits, roles, numeric), process)
    one_hot = make_pipeline(
        FunctionTransformer(_text), OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    )
    kernel = ConstantKernel() * Matern(nu=2.5) + WhiteKernel(0.1)
    process = GaussianProcessRegressor(kernel, normalize_y=True)
    return Pipeline([("columns", _columns(one_hot, roles, numeric)), ("process", process)])


def _columns(molecules: Any, roles: list[str], numeric: list[str]) -> Any:
    return make_column_transformer((molecules, roles), (StandardScaler(), numeric))


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.fillna("").astype(str)
