"""Sections of a report as what JSON knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sksiamese._checks import plain_label
from sksiamese.model_selection import ClassifierComparison
from sksiamese.surrogate import SurrogateTreeExplainer


def plain_value(value: Any) -> Any:
    """Bring sections, frames and arrays to objects, lists, numbers and text; NaN to None."""
    if isinstance(value, ClassifierComparison):
        return plain_value(value.differences())
    if isinstance(value, SurrogateTreeExplainer):
        return value.export_text()
    if isinstance(value, pd.DataFrame):
        return [plain_value(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(name): plain_value(each) for name, each in value.items()}
    if hasattr(value, "_asdict"):
        return plain_value(value._asdict())
    if isinstance(value, list | tuple | np.ndarray | pd.Index):
        return [plain_value(each) for each in value]
    return _plain_cell(value)


def _plain_cell(value: Any) -> Any:
    value = plain_label(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
