"""Tables of the pages that tell of few shots."""

from __future__ import annotations

from typing import Any

import pandas as pd

from common.few_shot_report import NAMES, SCORES
from common.pages import difference, interval

GUIDE = ("siamese", "siamese-adapted", "forest", "forest-history", "lightgbm-history")


def page_tables(summary: pd.DataFrame, ahead: pd.DataFrame, over: str) -> dict[str, Any]:
    """Make the tables of the page out of what `summarize` and `paired` gave.

    With `over` "task" each score has a table of means and one of differences, and the guide has a
    few methods, ROC-AUC / MCC; with "draw" there is one table, the median / mean of ROC-AUC.
    """
    if over == "draw":
        return {"all": _make_table(_of_score(summary, "roc_auc"), list(NAMES), _median_and_mean)}
    tables = {}
    for score in SCORES:
        tables[score] = _make_table(_of_score(summary, score), list(NAMES), _interval)
        tables[f"{score}_ahead"] = _make_table(_of_score(ahead, score), list(NAMES), _difference)
    both = _of_score(summary, "roc_auc").assign(mcc=_of_score(summary, "mcc")["mean"])
    return tables | {"guide": _make_table(both, list(GUIDE), _roc_auc_and_mcc)}


def _of_score(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    return rows[rows["score"] == score].set_index(["method", "support"])


def _make_table(rows: pd.DataFrame, methods: list[str], cell: Any) -> dict[str, Any]:
    """Make a table with a row for each method that was run, and a column for each support."""
    supports = list(dict.fromkeys(rows.index.get_level_values("support")))
    known = set(rows.index.get_level_values("method"))
    return {
        "columns": ["", *supports],
        "rows": [
            [NAMES[name], *_cells(rows.loc[name], supports, cell)]
            for name in methods
            if name in known
        ],
    }


def _cells(rows: pd.DataFrame, supports: list[str], cell: Any) -> list[Any]:
    return [cell(rows.loc[each]) if each in rows.index else "-" for each in supports]


def _interval(row: pd.Series) -> dict[str, float]:
    return interval({"mean": row["mean"], "low": row["mean_low"], "high": row["mean_high"]})


def _difference(row: pd.Series) -> dict[str, float]:
    return difference({"mean": row["ahead"], "low": row["low"], "high": row["high"]})


def _median_and_mean(row: pd.Series) -> str:
    return f"{row['median']:.3f} / {row['mean']:.3f}".replace("0.", ".")


def _roc_auc_and_mcc(row: pd.Series) -> str:
    return f"{row['mean']:.3f} / {row['mcc']:.2f}".replace("0.", ".")
