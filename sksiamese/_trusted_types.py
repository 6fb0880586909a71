"""Types and functions that a saved model may consist of, beside the estimators of scikit-learn."""

from __future__ import annotations

__all__ = ["TRUSTED_TYPES"]

_OWN = (
    "_columns.Constant",
    "_columns.Levels",
    "_columns.Range",
    "_dependent_columns.OfMolecule",
    "_inputs.ExperimentEncoder",
    "_members.SuccessModel",
    "_molecule_columns.Molecules",
    "_objectives.ClassLoss",
    "_objectives.EpisodeLoss",
    "_objectives.PairLoss",
    "_recall.Recall",
    "_recipes.RecipeGeometry",
    "_recipes._Scale",
    "_rules.Feature",
    "_rules.TreeWords",
    "_similarity.TanimotoMap",
    "_support.ResidualSupport",
    "_support.SupportSet",
    "_table_state.PackedTable",
    "_training.EnsembleNet",
    "_training.EpisodeNet",
    "_training.SiameseNet",
    "_trees.LeafSupport",
    "_view.ReadableView",
    "baselines.GraphFingerprintMLPClassifier",
    "baselines.GraphFingerprintSVMClassifier",
    "classifier.GraphFingerprintSiameseClassifier",
    "featurizer.SMILESFeaturizer",
    "nn.losses.cross_entropy_loss",
    "nn.losses.hinge_loss",
    "nn.network.FingerprintNetwork",
    "nn.network.NetworkSettings",
    "nn.siamese.SiameseNetwork",
    "recommend.ExperimentRecommender",
    "space.DesignSpace",
    "surrogate.SurrogateTreeExplainer",
)

# What fitted estimators of scikit-learn hold and skops does not list. Left out are those whose
# compiled code follows indices out of a file unchecked, such as KDTree and TreePredictor; indices
# of a Tree are checked after loading.
_SKLEARN = (
    "calibration._CalibratedClassifier",
    "calibration._SigmoidCalibration",
    "feature_selection._univariate_selection.f_classif",
    "gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "gaussian_process.kernels.CompoundKernel",
    "gaussian_process.kernels.ConstantKernel",
    "gaussian_process.kernels.DotProduct",
    "gaussian_process.kernels.ExpSineSquared",
    "gaussian_process.kernels.Exponentiation",
    "gaussian_process.kernels.Matern",
    "gaussian_process.kernels.PairwiseKernel",
    "gaussian_process.kernels.Product",
    "gaussian_process.kernels.RBF",
    "gaussian_process.kernels.RationalQuadratic",
    "gaussian_process.kernels.Sum",
    "gaussian_process.kernels.WhiteKernel",
    "metrics._scorer._PassthroughScorer",
    "model_selection._split.KFold",
    "model_selection._split.StratifiedKFold",
    "neural_network._stochastic_optimizers.AdamOptimizer",
    "neural_network._stochastic_optimizers.SGDOptimizer",
    "tree._tree.Tree",
    "utils._bunch.Bunch",
)

TRUSTED_TYPES = [
    *(f"sksiamese.{name}" for name in _OWN),
    *(f"sklearn.{name}" for name in _SKLEARN),
    "numpy.dtype",
    "scipy.sparse._csr.csr_array",
]
"""Names of the types, as skops takes them."""
