"""Everything that the toolkit raises on purpose.

    LslError
    ├── DataFileError        a file that cannot be used: missing, foreign, damaged, of a newer version
    │   ├── StoreError       an image store
    │   ├── AnnotationsError an annotations file
    │   ├── BundleError      a model bundle
    │   └── GemError         a file of genomewide expression maps
    ├── LabelError           class names or labels that contradict each other
    ├── ImageError           an array or picture that is not an image of the expected shape
    ├── ConfigError          a setting outside its range
    ├── TrainingError        a training that cannot go on
    ├── ExportError          a network that does not become a correct ONNX graph
    ├── DeviceError          a processor that was asked for and cannot be had
    └── FetchError           an address or a server that cannot be used

A pipeline that embeds the toolkit needs one clause:

    try:
        annotate("store.h5", model)
    except LslError as error:
        log.error("%s", error)
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AnnotationsError",
    "BundleError",
    "ConfigError",
    "DataFileError",
    "DeviceError",
    "ExportError",
    "FetchError",
    "GemError",
    "ImageError",
    "LabelError",
    "LslError",
    "StoreError",
    "TrainingError",
]


class LslError(Exception):
    """Base of all errors raised on purpose; its text is one or two plain lines that say what to do.

    Example:
        >>> from lsl_shared import LslError, Store
        >>> try:
        ...     Store("absent.h5")
        ... except LslError as error:
        ...     print(error)
        absent.h5: no such file. `lsl-store demo` makes a synthetic store, `lsl-store import` one from your own images
    """


class DataFileError(LslError):
    """A file that cannot be used.

    Args:
        path: The file.
        problem: What is wrong, and what to do.
        key: The HDF5 object or JSON entry inside it, '' for the whole file.

    Attributes:
        path: The file, as a Path.
        problem: As above.
        key: As above.
    """

    def __init__(self, path: str | Path, problem: str, key: str = "") -> None:
        self.path, self.key, self.problem = Path(path), key, problem
        super().__init__(f"{path}: {key}: {problem}" if key else f"{path}: {problem}")

    def __reduce__(self) -> tuple[type[DataFileError], tuple[Path, str, str]]:
        """Errors travel from workers."""
        return type(self), (self.path, self.problem, self.key)


class StoreError(DataFileError):
    """An image store that cannot be read or written."""


class AnnotationsError(DataFileError):
    """An annotations file that cannot be read or written."""


class BundleError(DataFileError):
    """A model bundle that is incomplete, damaged or of another version."""


class GemError(DataFileError):
    """A file of genomewide expression maps that cannot be read or written, or a map that has no images."""


class LabelError(LslError):
    """Class names, parents or labels that contradict each other."""


class ImageError(LslError):
    """An array or picture that is not an image of the expected shape and type."""


class ConfigError(LslError):
    """A setting outside its range; the text names the field and the flag."""


class TrainingError(LslError):
    """A training that cannot start or go on with this data."""


class ExportError(LslError):
    """A network that does not become a correct ONNX graph."""


class DeviceError(LslError):
    """A processor that was asked for and cannot be had; the text says how to get it."""


class FetchError(LslError):
    """An address that is refused, or a server that does not give what it is asked for."""
