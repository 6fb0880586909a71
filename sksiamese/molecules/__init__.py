"""Molecules: SMILES to graphs, descriptors, fixed fingerprints and one spelling."""

from sksiamese.molecules._canonical import canonical_smiles
from sksiamese.molecules._descriptors import (
    DIELECTRIC_CONSTANTS,
    RDKIT_DESCRIPTORS,
    REDOX_POTENTIALS,
    TABLE1_LIGAND_DESCRIPTORS,
    dielectric_constant,
    molecule_descriptors,
    redox_potential,
)
from sksiamese.molecules._featurizer import SMILESFeaturizer
from sksiamese.molecules._graph import MolGraph, graph_from_smiles, mol_to_graph

__all__ = [
    "DIELECTRIC_CONSTANTS",
    "RDKIT_DESCRIPTORS",
    "REDOX_POTENTIALS",
    "TABLE1_LIGAND_DESCRIPTORS",
    "MolGraph",
    "SMILESFeaturizer",
    "canonical_smiles",
    "dielectric_constant",
    "graph_from_smiles",
    "mol_to_graph",
    "molecule_descriptors",
    "redox_potential",
]
