"""
Perovskites: where do large crystals grow?
==========================================

Measured crystallisations of lead iodide with ten ammonium salts.
"""

# %%
# One model for all salts
# -----------------------
import matplotlib.pyplot as plt

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_perovskites
from sksiamese.plotting import (
    EvidenceDisplay,
    FingerprintDistanceDisplay,
    ProbabilityMapDisplay,
)

perovskites = load_perovskites()
X, y = perovskites.data, perovskites.target.map({0: "none", 1: "large crystal"})
salts = perovskites.frame.drop_duplicates("ammonium").set_index("ammonium_name")["ammonium"]
model = GraphFingerprintSiameseClassifier(n_members=5, max_epochs=60, random_state=0).fit(X, y)

# %%
# A map for one salt
# ------------------
# Large marks are experiments with guanidinium iodide, small ones those with other salts. The rest
# is as in the first of its experiments.
tried = X[X["ammonium"] == salts["guanidinium iodide"]]
ProbabilityMapDisplay.from_estimator(
    model,
    X,
    y,
    columns=("ammonium_M", "lead_iodide_M"),
    at=tried.iloc[0],
    pos_label="large crystal",
)

# %%
# What one prediction rests on
# ----------------------------
planned = tried[:1].assign(ammonium_M=0.75, lead_iodide_M=1.0)
EvidenceDisplay.from_estimator(model, planned, X, molecule="ammonium", names=salts.to_dict())

# %%
# Which salts are alike to the model?
# -----------------------------------
FingerprintDistanceDisplay.from_estimator(model, X, "ammonium", names=salts.to_dict())
plt.show()
