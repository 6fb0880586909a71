"""A campaign of BayBE over a list of recipes; BayBE is imported only where one is run.

Molecules are columns of descriptors that BayBE thins out as it does by default (correlations above
0.7), or one-hot. The descriptors come from RDKit and Mordred themselves: scikit-fingerprints,
through which BayBE computes them, caps rdkit below the version tested here.
"""

from __future__ import annotations

import random
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from rdkit import Chem
from rdkit.Chem import Descriptors

NO_MOLECULE = "none"
_LARGEST = 1e9  # of a descriptor; RDKit's Ipc grows beyond all use


class BayBECampaign:
    """Chooses recipes by BayBE's defaults: a Gaussian process and log expected improvement.

    Parameters
    ----------
    recipes : DataFrame of shape (n_recipes, n_columns)
        All that can be chosen.
    encoding : {"one-hot", "rdkit", "mordred"}
        Of molecules.
    seed : int
        Of BayBE's random choices.
    """

    def __init__(self, recipes: pd.DataFrame, encoding: str, seed: int) -> None:
        from baybe import Campaign
        from baybe.searchspace import SearchSpace
        from baybe.targets import NumericalTarget

        random.seed(seed)
        _seed_torch(seed)
        self.recipes = _fill(recipes)
        parameters = [_parameter(self.recipes[name], encoding) for name in recipes]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            space = SearchSpace.from_dataframe(self.recipes, parameters)
            self.campaign: Any = Campaign(
                space,
                NumericalTarget("yield").to_objective(),
                allow_recommending_already_measured=False,
            )

    def add(self, outcomes: pd.Series) -> None:
        """Tell the outcomes of some recipes."""
        self.campaign.add_measurements(
            self.recipes.loc[outcomes.index].assign(**{"yield": outcomes})
        )

    def recommend(self, batch_size: int) -> list[Any]:
        """Labels of the recipes to do next."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = self.campaign.recommend(batch_size)
        columns = list(self.recipes)
        places = pd.MultiIndex.from_frame(self.recipes).get_indexer(
            pd.MultiIndex.from_frame(chosen[columns])
        )
        return list(self.recipes.index[places])


def _seed_torch(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _fill(recipes: pd.DataFrame) -> pd.DataFrame:
    """Name the absent molecules."""
    texts = [name for name in recipes if not pd.api.types.is_numeric_dtype(recipes[name])]
    return recipes.assign(**{name: recipes[name].fillna(NO_MOLECULE) for name in texts})


def _parameter(column: pd.Series, encoding: str) -> Any:
    from baybe.parameters import (
        CategoricalParameter,
        CustomDiscreteParameter,
        NumericalDiscreteParameter,
    )

    name, values = str(column.name), sorted(column.unique())
    if pd.api.types.is_numeric_dtype(column):
        return NumericalDiscreteParameter(name, values)
    if encoding == "one-hot":
        return CategoricalParameter(name, values)
    describe = {"rdkit": _rdkit_descriptors, "mordred": _mordred_descriptors}[encoding]
    rows = {value: describe(value) for value in values if value != NO_MOLECULE}
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(values, fill_value=0.0)
    usable = (table.abs() < _LARGEST).all() & (table.max() > table.min())
    return CustomDiscreteParameter(name, table.loc[:, usable])


@cache
def _rdkit_descriptors(smiles: str) -> dict[str, float]:
    return Descriptors.CalcMolDescriptors(Chem.MolFromSmiles(smiles), missingVal=np.nan)


@cache
def _mordred_descriptors(smiles: str) -> dict[str, float]:
    from mordred import Calculator, descriptors

    found = Calculator(descriptors, ignore_3D=True)(Chem.MolFromSmiles(smiles))
    return pd.to_numeric(pd.Series(found.fill_missing(np.nan).asdict()), errors="coerce").to_dict()
