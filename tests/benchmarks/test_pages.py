"""The pages say what benchmarks/results holds."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.benchmarks.cases import FOLDER, load

TABLE = {
    "columns": ["", "MCC"],
    "rows": [
        ["siamese", ".431"],
        ["forest", {"difference": -0.0461, "half": 0.012}],
        ["process", {"mean": 0.25, "low": -0.018, "high": 0.4}],
        ["rows", 1234],
        ["none", None],
    ],
}
PAGE = """Text.

<!-- table: made_up/t -->

| | MCC |
|---|---|
| siamese | .431 |
| forest | -.046 ± .012 |
| process | .250 (-.018 to .400) |
| rows | 1,234 |
| none | |

*Made up:* none

<!-- end -->

The siamese classifier has .43, the forest -.05 ± .012.

<!-- figures: made_up/t -->

The process has .25, a tenth of .43.

<!-- figures: made_up/t [process | siamese] -->
"""


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    module = load("make_tables")
    about = {"source": "Made up", "command": "none"}
    content = json.dumps({"about": about, "tables": {"t": TABLE}})
    (tmp_path / "made_up.json").write_text(content)
    read = module.load_table
    monkeypatch.setattr(module, "load_table", lambda name: read(name, tmp_path))
    return module


def test_pages_say_what_their_json_says():
    module = load("make_tables")
    pages = {
        str(page.relative_to(module.ROOT)): page.read_text("utf-8") for page in module.list_pages()
    }
    assert {"README.md", "benchmarks/README.md", "docs/paper.md"} <= pages.keys()
    found = {name: module.find_faults(text) for name, text in pages.items()}
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert sum(len(module.TABLE.findall(text)) for text in pages.values()) > 20


def test_a_table_is_made_from_its_json(made_up):
    emptied = re.sub(r"(?s)(-->\n).*?(<!-- end)", r"\1\2", PAGE, count=1)
    assert made_up.fill_tables(emptied) == PAGE
    assert made_up.find_faults(PAGE) == []


@pytest.mark.parametrize(
    ("digit", "other", "fault"),
    [
        (".431", ".432", "table made_up/t differs from its JSON: run make tables"),
        ("± .012 |", "± .013 |", "table made_up/t differs from its JSON: run make tables"),
        ("has .43,", "has .44,", ".44 stands in no table of made_up/t"),
        ("-.05 ±", "+.05 ±", "+.05 stands in no table of made_up/t"),
        ("has .25,", "has .05,", ".05 stands in no table of made_up/t [process | siamese]"),
        ("Text.\n", "| a | .1 | .2 | .3 | .4 | .5 |\n",
         "a table of figures that no JSON holds, from | a | .1 | .2 | .3 | .4 | .5 | on"),
    ],
)  # fmt: skip
def test_a_changed_digit_is_found(made_up, digit, other, fault):
    assert PAGE.count(digit) == 1
    assert made_up.find_faults(PAGE.replace(digit, other)) == [fault]


def test_a_run_is_told_without_where_its_files_went():
    module = load("make_tables")
    about = {
        "command": "python benchmarks/b.py --seeds 3 --json a.json --page PATH --n-jobs 1",
        "commit": "0123456789ab",
        "date": "2026-01-02",
        "versions": {"torch": "2.4.0", "scikit-learn": "1.7.2", "rdkit": "2025.3.1", "numpy": "2"},
    }
    expected = (
        "*Run on 2026-01-02 at 0123456 (torch 2.4.0, scikit-learn 1.7.2, rdkit 2025.3.1):* "
        "`python benchmarks/b.py --seeds 3`"
    )
    assert module.tell(about) == expected


@pytest.mark.parametrize("path", sorted((FOLDER / "results").rglob("*.json")), ids=lambda p: p.stem)
def test_results_are_small_and_say_where_they_come_from(path):
    assert path.stat().st_size < 20_000
    content = json.loads(path.read_text("utf-8"))
    about = content["about"]
    assert about["command"]
    assert "source" in about or {"commit", "date", "versions"} <= about.keys()
    for table in content["tables"].values():
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}


def make_runs():
    """Two draws of three tasks; the siamese classifier is ahead by .1 and .3 of all others."""
    from common.table_report import COSTS, METRICS

    rows = []
    for task, kind in (("cmet", "known"), ("simulated", "known"), ("cmet, new ligand", "new")):
        for seed, ahead in enumerate((0.1, 0.3)):
            for model in (
                "siamese",
                "random forest, ECFP",
                "random forest, one-hot",
                "Gaussian process, Tanimoto",
                "base rate",
            ):
                score = 0.5 + ahead * (model == "siamese") + 0.1 * (task == "simulated")
                about = {"task": task, "kind": kind, "size": 27, "seed": seed, "model": model}
                rows.append({**about, **dict.fromkeys([*METRICS, *COSTS], score)})
    return pd.DataFrame(rows)


def test_tables_of_the_default_by_hand():
    load("tables")  # finds the folder common
    from common.table_pages import make_page_tables

    tables = make_page_tables(make_runs())
    assert tables["means"]["rows"][0] == ["**siamese**", *[0.75] * 3, *[0.7] * 3]
    assert ["base rate", *[0.55] * 3, *[0.5] * 3] in tables["means"]["rows"]
    of_task = stats.t.ppf(0.975, 1) * np.sqrt(0.02 / 2)  # two draws, .1 and .3
    of_two = stats.t.ppf(0.975, 2) * np.sqrt(2 * 0.02 / 2) / 2  # the mean of two such tasks
    gain = {"difference": 0.2, "half": pytest.approx(of_task, abs=1e-5)}
    both = {"difference": 0.2, "half": pytest.approx(of_two, abs=1e-5)}
    assert [row[1:] for row in tables["differences"]["rows"][:4]] == [
        ["known (2 tasks)", *[both] * 5],
        ["new (1 tasks)", *[gain] * 5],
        ["known (1 tasks, without simulated)", *[gain] * 5],
        ["new (1 tasks, without simulated)", *[gain] * 5],
    ]
    assert [row[0] for row in tables["tasks"]["rows"]] == ["cmet", "simulated", "cmet, new ligand"]
    assert tables["tasks"]["rows"][0][1:] == [gain] * 7
    assert [row[0] for row in tables["differences"]["rows"]] == [
        *["random forest, ECFP"] * 4,
        *["random forest, one-hot"] * 2,
        *["Gaussian process, Tanimoto"] * 2,
    ]
