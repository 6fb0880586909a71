"""``SMILESFeaturizer`` under the path that a Pipeline most often names."""

from sksiamese.molecules import SMILESFeaturizer

__all__ = ["SMILESFeaturizer"]
