"""
Gold nanoclusters: from a table to a recipe
===========================================

Fifty-four simulated syntheses, whose rule is known: is the tree right, and do the recipes work?
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
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    LowFidelityWarning,
    SurrogateTreeExplainer,
)
from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability
from sksiamese.plotting import ProbabilityMapDisplay
from sksiamese.space import Bound, Computed, Molecules, Range, Ratio

simulated = make_nanoclusters(54, aqueous_only=True, random_state=0)
X, y = simulated.data, simulated.target.map({0: "failure", 1: "success"})
model = GraphFingerprintSiameseClassifier(n_members=5, max_epochs=100, random_state=0).fit(X, y)

# %%
# Which experiments are possible?
# -------------------------------
# Draw where the table is. Its concentrations spread over powers of ten, so their ranges are
# logarithmic, and no row has more than nine ligands for a gold atom. With plain ranges and no such
# limit nearly half of the draws would have more than six, which the rule forbids and the table
# hardly shows: there model and tree do worse than the guess "failure".
columns = {
    name: Molecules({k: v for k, v in simulated.molecules[name].items() if v in set(X[name])})
    for name in ("ligand", "reductant")
}
columns |= {
    name: Range(X[name].min(), X[name].max(), log=True)
    for name in ("ligand_mM", "HAuCl4_mM", "reductant_mM")
}
columns["ligand:Au"] = Computed(Ratio("ligand_mM", "HAuCl4_mM"))
space = DesignSpace.from_frame(X, columns=columns, constraints=[Bound("ligand:Au", 0.5, 9)])

# %%
# A tree that imitates the model
# ------------------------------
# It grows until it agrees with the model; the splits that tell most are shown, and triangles stand
# for the rest.
explainer = SurrogateTreeExplainer(FrozenEstimator(model), space, n_samples=4000, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", LowFidelityWarning)  # the fidelity stands above the tree
    explainer.fit(X)
explainer.plot(max_leaves=8)
print(explainer.export_text(max_leaves=8))


# %%
# Is the tree right?
# ------------------
# Its fidelity tells how well it imitates the model, not whether the model is right. Here the truth
# is known: both are better than the guess, and neither has found all of the rule. A condition that
# is no part of it (the name of a reductant) is what 54 rows suggest by chance.
def follow_rule(experiments):
    return np.where(nanocluster_success_probability(experiments) > 0.5, "success", "failure")


fresh = space.sample(2000, random_state=1)
truth, asked = follow_rule(fresh), fresh[X.columns]
print("model agrees with the rule on", f"{np.mean(model.predict(asked) == truth):.0%}")
print("tree agrees with the rule on ", f"{np.mean(explainer.predict(asked) == truth):.0%}")
print("the more frequent class alone", f"{max(np.mean(truth == c) for c in model.classes_):.0%}")

# %%
# Recipes
# -------
# The next five experiments, and what the rule says of them.
recommender = ExperimentRecommender(FrozenEstimator(model), space, random_state=0).fit(X, y)
plate = recommender.recommend(5)
names = {smiles: name for name, smiles in simulated.molecules["ligand"].items()}
shown = space.complete(plate[X.columns]).join(plate["p(success)"])
shown = shown.assign(ligand=plate["ligand"].map(names), rule=follow_rule(plate))
columns = ["ligand", "ligand:Au", "reductant_mM", "temperature_C", "pH", "p(success)", "rule"]
print(shown[columns].round(2).to_string(index=False))

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
