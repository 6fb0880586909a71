"""A small table of experiments, and reports on it that take a second or two."""

import numpy as np
import pandas as pd

from sksiamese import ExperimentReport
from sksiamese.model_selection._baselines import make_baselines

LIGANDS = ["NCCS", "Sc1ccccc1", "OCCS", "CC(C)(C)S", "SCC(=O)O"]
HOSTILE = "<script>document.title='owned'</script>"
INPUTS = ["ligand", "solvent", "pH", "time_h", "stirred"]


def measured(n=48, seed=0):
    """Aromatic thiols work at low pH; the rest is noise."""
    rng = np.random.RandomState(seed)
    frame = pd.DataFrame(
        {
            "entry": range(1, n + 1),
            "ligand": rng.choice(LIGANDS, n),
            "solvent": rng.choice(["water", HOSTILE], n),
            "pH": rng.uniform(7, 14, n).round(1),
            "time_h": rng.uniform(1, 20, n).round(1),
            "stirred": "yes",
        }
    )
    works = (frame["pH"] < 10) | (frame["ligand"] == "Sc1ccccc1")
    frame["yield"] = np.where(works, rng.uniform(50, 95, n), rng.uniform(0, 49, n)).round(1)
    frame["comment"] = [f"{HOSTILE} & some more words {i}" for i in range(n)]
    return frame


def make_report(table, outcome="yield >= 50", **options):
    """Report with a logistic regression alone, and two repeats."""
    models = make_baselines(measured()[INPUTS], ["random forest"], "descriptors")
    models["random forest"].set_params(randomforestclassifier__n_estimators=10)
    settings = {"models": {"forest": models["random forest"]}, "n_repeats": 2, "batch_size": 3}
    return ExperimentReport(table, outcome, random_state=0, **settings | options)
