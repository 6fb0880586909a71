"""
Gold nanoclusters: from a table to a tree and a map
===================================================

Thirty-five simulated syntheses, whose rule is known: what does the model find of it?
"""

# %%
# A table and a model
# -------------------
# The outcomes are SIMULATED: in water they follow four rules (``DESCR`` tells them), and one label
# in twenty is wrong.
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator

from sksiamese import (
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    LowFidelityWarning,
    SurrogateTreeExplainer,
)
from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability
from sksiamese.plotting import ProbabilityMapDisplay
from sksiamese.space import Computed, Molecules

simulated = make_nanoclusters(35, aqueous_only=True, random_state=2)
X, y = simulated.data, simulated.target.map({0: "failure", 1: "success"})
model = GraphFingerprintSiameseClassifier(n_members=5, max_epochs=100, random_state=2).fit(X, y)

# %%
# A tree that imitates the model
# ------------------------------
# Molecules get their names, and the ratio of ligand to gold is a column that the tree may ask for.
molecules = {name: Molecules(simulated.molecules[name]) for name in ("ligand", "reductant")}
ratio = Computed(lambda frame: frame["ligand_mM"] / frame["HAuCl4_mM"])
space = DesignSpace.from_frame(X, columns=molecules | {"ligand:Au": ratio})
explainer = SurrogateTreeExplainer(FrozenEstimator(model), space, n_samples=4000, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", LowFidelityWarning)  # the fidelity stands above the tree
    explainer.fit(X)
explainer.plot()
print(explainer.export_text())

# %%
# Is the tree right?
# ------------------
# Its fidelity tells how well it imitates the model. Here the truth is known, so model and tree can
# be compared with it too. Neither beats the guess "failure" on experiments drawn from the whole
# space: nearly half of these have six ligands per gold atom or more, and so fail by the rule, but
# only three rows of the table do. A faithful tree is not a true one; look before you believe.
fresh = space.sample(2000, random_state=1)
truth = np.where(nanocluster_success_probability(fresh) > 0.5, "success", "failure")
print("model agrees with the rule on", f"{np.mean(model.predict(fresh[X.columns]) == truth):.0%}")
print(
    "tree agrees with the rule on ", f"{np.mean(explainer.predict(fresh[X.columns]) == truth):.0%}"
)
print("the more frequent class alone", f"{max(np.mean(truth == c) for c in model.classes_):.0%}")

# %%
# A map beside the truth
# ----------------------
# Cysteamine at 20 mM of reducing agent: the rule asks for less than 50 °C, whatever the pH.
at = {"ligand": "NCCS", "reductant_mM": 20.0}
display = ProbabilityMapDisplay.from_estimator(
    model, X, y, columns=("temperature_C", "pH"), at=at, space=space, spread=True
)
display.ax_.axvline(50, color="#D55E00", linestyle="--")
display.ax_.set_title("dashed: the rule's limit", fontsize=9)
plt.show()
