"""What the trainer and the runtime of the LSL toolkit agree on: labels, stores, annotations, manifests, errors."""

from .coarse import CoarseTask as CoarseTask
from .errors import AnnotationsError as AnnotationsError
from .errors import BundleError as BundleError
from .errors import ConfigError as ConfigError
from .errors import DataFileError as DataFileError
from .errors import DeviceError as DeviceError
from .errors import ExportError as ExportError
from .errors import FetchError as FetchError
from .errors import GemError as GemError
from .errors import ImageError as ImageError
from .errors import LabelError as LabelError
from .errors import LslError as LslError
from .errors import StoreError as StoreError
from .errors import TrainingError as TrainingError
from .files.allowed_classes import allowed_classes as allowed_classes
from .files.annotations import Annotations as Annotations
from .files.annotations import Status as Status
from .files.annotations import annotations_path as annotations_path
from .files.manifest import GoldenSample as GoldenSample
from .files.manifest import Manifest as Manifest
from .files.manifest import Task as Task
from .files.store import Store as Store
from .files.store_writer import StoreWriter as StoreWriter
from .labels import LabelSpace as LabelSpace
from .measures.stain import Expression as Expression
from .measures.stain import expression as expression
