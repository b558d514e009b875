"""Train networks by two-step deep low-shot learning and export them as ONNX graphs."""

from .bundle.variants import half_bundle as half_bundle
from .bundle.variants import int8_bundle as int8_bundle
from .comparing.comparison import compare as compare
from .comparing.scores import Comparison as Comparison
from .graphs.export import export_classifier as export_classifier
from .graphs.export import export_contributions as export_contributions
from .graphs.export import export_saliency as export_saliency
from .losses.references import select_references as select_references
from .losses.similarity import similarity_loss as similarity_loss
from .networks.residual import Network as Network
from .networks.residual import residual_network as residual_network
from .runs.folds import cross_validate as cross_validate
from .runs.out_of_fold import CrossValidation as CrossValidation
from .runs.training import Run as Run
from .runs.training import train as train
from .settings.config import TrainConfig as TrainConfig
from .settings.network import NetworkConfig as NetworkConfig
from .settings.presets import PRESETS as PRESETS
