"""
Your own CSV
============

A table from a spreadsheet, a typo that the error message helps to mend, a prediction and a map.
"""

# %%
# A file
# ------
# Here it is written first; one cell has a typo: the ring of thiophenol is not closed.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from sksiamese import GraphFingerprintSiameseClassifier, InvalidSMILESError
from sksiamese.plotting import ProbabilityMapDisplay

LINES = """run,ligand,temperature_C,pH,outcome
A1,NCCS,5,8.1,clusters
A2,NCCS,22,9.0,clusters
A3,NCCS,45,8.5,clusters
A4,NCCS,70,9.2,particles
A5,OCCS,10,12.0,clusters
A6,OCCS,30,10.5,clusters
A7,OCCS,65,8.0,particles
A8,OCCS,75,12.5,particles
A9,Sc1ccccc,20,9.0,particles
A10,Sc1ccccc1,60,11.0,particles
"""
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "experiments.csv"
path.write_text(LINES, encoding="utf-8")

# %%
# Read it and fit
# ---------------
# SMILES and numbers need no preparation. The error names column, row and text.
table = pd.read_csv(path, index_col="run")
X, y = table.drop(columns="outcome"), table["outcome"]
model = GraphFingerprintSiameseClassifier(n_members=5, max_epochs=60, random_state=0)
try:
    model.fit(X, y)
except InvalidSMILESError as error:
    print(error)
    bad_cells = error.cells

# %%
# Mend the cell, fit again
# ------------------------
for column, row, text in bad_cells:
    X.loc[row, column] = text + "1"
model.fit(X, y)
planned = pd.DataFrame({"ligand": ["OCCS"], "temperature_C": [40.0], "pH": [9.5]})
print(dict(zip(model.classes_, model.predict_proba(planned)[0].round(2).tolist(), strict=True)))

# %%
# A map
# -----
ProbabilityMapDisplay.from_estimator(
    model,
    X,
    y,
    columns=("temperature_C", "pH"),
    at={"ligand": "OCCS"},
    pos_label="clusters",
    grid_resolution=30,
)
folder.cleanup()
plt.show()
