"""
A new salt arrives: what eight experiments teach
================================================

Nine finished campaigns of crystallisations, each with a salt of its own, and a tenth salt of which
nothing is known yet.
"""

# %%
# Learn from finished campaigns
# -----------------------------
# The groups say which rows belong to one campaign. No row of propane-1,3-diammonium iodide is among
# them.
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from sksiamese import DesignSpace, GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_perovskites
from sksiamese.plotting import ProbabilityMapDisplay

perovskites = load_perovskites()
X = perovskites.data.drop(columns=["acid", "time_s"])
y = perovskites.target.map({0: "none", 1: "large crystal"})
salt = perovskites.frame["ammonium_name"]


def learn_without(name):
    """Train on the campaigns of all salts but one."""
    past = salt != name
    model = GraphFingerprintSiameseClassifier(
        readout="residual", n_members=3, max_epochs=150, alpha=0.002, random_state=0
    )
    return model.fit(X[past], y[past], groups=salt[past])


def score(model, rows):
    """ROC-AUC on some experiments."""
    proba = model.predict_proba(X.loc[rows])[:, list(model.classes_).index("large crystal")]
    return roc_auc_score(y[rows] == "large crystal", proba)


model = learn_without("propane-1,3-diammonium iodide")

# %%
# Before the first experiment, and after eight
# --------------------------------------------
# On the left what past campaigns say of a salt that they never met; the marks are all experiments
# that were done with it later. On the right the same after eight of them, which ``set_support``
# takes up at once, without training.
new = X.index[salt == "propane-1,3-diammonium iodide"]
order = np.random.RandomState(0).permutation(new)
first, later = order[:8], order[8:]
figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", sharey=True)
titles = []
for ax, marked in zip(axes, (new, first), strict=True):
    if marked is first:
        model.set_support(X.loc[first], y[first])
    ProbabilityMapDisplay.from_estimator(
        model,
        X.loc[marked],
        y[marked],
        columns=("ammonium_M", "lead_iodide_M"),
        at=X.loc[new[0]],
        space=DesignSpace.from_frame(X.loc[new]),
        pos_label="large crystal",
        ax=ax,
    )
    titles.append(f"ROC-AUC {score(model, later):.2f} on {len(later)} experiments")
axes[0].set_title(f"before the first experiment: {titles[0]}", fontsize="small")
axes[1].set_title(f"after eight of them: {titles[1]}", fontsize="small")
figure.suptitle("propane-1,3-diammonium iodide, one draw of eight experiments: not the rule")
print(model.support_evidence(X.loc[later[:2]], n_top=3).round(2))

# %%
# Is that the rule?
# -----------------
# Each salt left out once, twenty draws of eight experiments. Nine small campaigns are few to learn
# from: of some salts they say the wrong thing, and eight experiments do not always mend it. One of
# them alone was tried at other temperatures than 105 °C. Without it nothing is learnt of these, and
# a warning says so.
warnings.filterwarnings("ignore", ".*'temperature_C' held 105 and now ")
table = {}
for name in salt.unique():
    model = learn_without(name)
    new = X.index[salt == name]
    orders = [np.random.RandomState(seed).permutation(new) for seed in range(20)]
    orders = [order for order in orders if y[order[8:]].nunique() == 2]
    before = [score(model, order[8:]) for order in orders]
    after = []
    for order in orders:
        model.set_support(X.loc[order[:8]], y[order[:8]])
        after.append(score(model, order[8:]))
    table[name] = {"before": np.mean(before), "after eight": np.mean(after)}
table = pd.DataFrame(table).T.sort_values("before")
mean = table.mean()
print(pd.concat([table, mean.to_frame("mean").T]).round(2))

figure, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
for place, (_, scores) in enumerate([*table.iterrows(), ("mean", mean)]):
    width = 1.5 if place < len(table) else 3
    ax.plot(scores, [place, place], color="0.7", linewidth=width, zorder=0)
    ax.plot(scores["before"], place, "o", color="#999999", markersize=4 + 2 * width)
    ax.plot(scores["after eight"], place, "o", color="#D55E00", markersize=4 + 2 * width)
ax.set_yticks(range(len(table) + 1), [*table.index, f"mean of {len(table)} salts"])
ax.axvline(0.5, color="0.4", linewidth=0.8)
ax.set_xlabel("ROC-AUC on the other experiments, mean of 20 draws")
figure.suptitle("before the first experiment (grey), after eight (orange); line: guessing", size=10)
plt.show()
