"""Types and functions that a saved model may consist of, beside the estimators of scikit-learn."""

from __future__ import annotations

__all__ = ["TRUSTED_TYPES"]

_OWN = (
    "models._mlp.GraphFingerprintMLPClassifier",
    "models.training._data.ClassLoss",
    "models._siamese.GraphFingerprintSiameseClassifier",
    "models._svm.GraphFingerprintSVMClassifier",
    "models.training._ensemble_net.EnsembleNet",
    "models.readouts._campaigns.CampaignReadOut",
    "models.readouts._campaigns.CampaignSupport",
    "models.readouts._campaigns.EpisodeLoss",
    "models.readouts._campaigns.EpisodeNet",
    "models.readouts._mean.MeanReadOut",
    "models.readouts._mean.MeanSupport",
    "models.readouts._mean.PairLoss",
    "models.readouts._mean.PairNet",
    "models.readouts._mean.PaperReadOut",
    "models.readouts._process.EvidenceLoss",
    "models.readouts._process.ProcessNet",
    "models.readouts._process.ProcessReadOut",
    "models.readouts._process.ProcessSupport",
    "molecules._featurizer.SMILESFeaturizer",
    "molecules._tanimoto.Tanimoto",
    "molecules._tanimoto.TanimotoMap",
    "nn._losses.cross_entropy_loss",
    "nn._losses.hinge_loss",
    "nn._network.FingerprintNetwork",
    "nn._network.NetworkSettings",
    "nn._process.ProcessNetwork",
    "nn._siamese.SiameseNetwork",
    "persistence._packed_tables.PackedTable",
    "recommend._success_model.SuccessModel",
    "recommend._recipe_distances.RecipeGeometry",
    "recommend._recipe_distances._Scale",
    "recommend._recommender.ExperimentRecommender",
    "space._columns.Constant",
    "space._columns.Levels",
    "space._columns.Range",
    "space._dependent_columns.OfMolecule",
    "space._dependent_columns.When",
    "space._from_frame.Applies",
    "space._molecules.Molecules",
    "space._space.DesignSpace",
    "surrogate._explainer.SurrogateTreeExplainer",
    "surrogate._readable_view.ReadableView",
    "surrogate._tree_words.Feature",
    "surrogate._tree_words.TreeWords",
    "tables.encoding._distances.RoleDistances",
    "tables.encoding._distances.RowDistances",
    "tables.encoding._encoder.ExperimentEncoder",
    "tables.encoding._past_outcomes.Recall",
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
