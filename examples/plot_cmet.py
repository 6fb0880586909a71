"""
c-Met inhibitors: molecules alone
=================================

Which inhibitors are more active than the median? Sixty molecules are known, no conditions.
"""

# %%
# A few labelled molecules
# ------------------------
import matplotlib.pyplot as plt
from sklearn.metrics import matthews_corrcoef
from sklearn.model_selection import train_test_split

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_cmet
from sksiamese.plotting import EvidenceDisplay, FingerprintDistanceDisplay

inhibitors = load_cmet()
y = inhibitors.target.map({0: "weak", 1: "active"})
known, others, y_known, y_others = train_test_split(
    inhibitors.data, y, train_size=60, test_size=200, stratify=y, random_state=0
)
model = GraphFingerprintSiameseClassifier(n_members=5, max_epochs=60, random_state=0)
model.fit(known, y_known)
print(f"MCC on 200 other molecules: {matthews_corrcoef(y_others, model.predict(others)):.2f}")

# %%
# What speaks for a new molecule?
# -------------------------------
# The past molecules with the largest shares, coloured by what was measured.
EvidenceDisplay.from_estimator(model, others[:1], known, molecule="molecule")

# %%
# Learned distances
# -----------------
FingerprintDistanceDisplay.from_estimator(model, known[:15], "molecule")
plt.show()
