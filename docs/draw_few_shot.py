"""Draw few_shot-rapid.png from the tables of benchmarks/results/few_shot_salts.json."""

import re
import sys
from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "benchmarks"))

from common.few_shot_report import NAMES, draw_summary  # noqa: E402
from common.pages import FIGURE, load_table  # noqa: E402

METHODS = {name: key for key, name in NAMES.items()} | {"the same, `adapt`": "siamese-adapted"}


def read_summary(score):
    """Read means and intervals of a score out of the cells, such as "0.73 (0.65 to 0.81)"."""
    table = load_table(f"few_shot_salts/{score}")[1]
    rows = []
    for name, *cells in table["rows"]:
        for support, cell in zip(table["columns"][1:], cells, strict=True):
            found = re.findall(FIGURE, cell)
            if len(found) == 3:
                mean, low, high = map(float, found)
                row = {"method": METHODS[name.strip("*")], "score": score, "support": support}
                rows.append({**row, "mean": mean, "mean_low": low, "mean_high": high})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    summary = pd.concat([read_summary("roc_auc"), read_summary("mcc")])
    title = "Crystallisations, one of 20 salts left out at a time"
    draw_summary(summary, "task", title, DOCS / "images" / "few_shot-rapid.png")
