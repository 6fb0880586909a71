"""Experiments with a ligand, and models of them, to draw."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer

RNG = np.random.RandomState(0)
LIGANDS = {"cysteamine": "NCCS", "thiophenol": "Sc1ccccc1", "propanethiol": "CCCS"}
X = pd.DataFrame(
    {
        "ligand": RNG.choice(list(LIGANDS.values()), 30),
        "gold_mM": RNG.uniform(1, 5, 30),
        "ligand_mM": RNG.uniform(1, 20, 30),
        "temperature_C": RNG.uniform(0, 80, 30),
        "pH": RNG.uniform(7, 14, 30),
    },
    index=[f"run {i}" for i in range(30)],
)
Y = np.where((X["temperature_C"] < 45) & (X["ligand"] != LIGANDS["thiophenol"]), "works", "fails")


def siamese():
    return GraphFingerprintSiameseClassifier(n_members=3, max_epochs=15, random_state=0)


def forest_pipeline():
    encode = make_column_transformer((OneHotEncoder(), ["ligand"]), remainder="passthrough")
    return make_pipeline(encode, RandomForestClassifier(20, random_state=0))


def siamese_pipeline(output="default"):
    read = make_column_transformer((SMILESFeaturizer(), ["ligand"]), remainder="passthrough")
    return make_pipeline(read.set_output(transform=output), siamese())
