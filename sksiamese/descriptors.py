"""Descriptors of molecules, solvents and reducing agents, by name."""

from sksiamese.molecules import (
    DIELECTRIC_CONSTANTS,
    RDKIT_DESCRIPTORS,
    REDOX_POTENTIALS,
    TABLE1_LIGAND_DESCRIPTORS,
    canonical_smiles,
    dielectric_constant,
    molecule_descriptors,
    redox_potential,
)

__all__ = [
    "DIELECTRIC_CONSTANTS",
    "RDKIT_DESCRIPTORS",
    "REDOX_POTENTIALS",
    "TABLE1_LIGAND_DESCRIPTORS",
    "canonical_smiles",
    "dielectric_constant",
    "molecule_descriptors",
    "redox_potential",
]
