"""Is this machine fit for annotating? Versions, processors, the model's golden sample, a timed self-test, room."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, LslError
from lsl_tools.inspection.processor import int8_units

__all__ = ["DoctorReport", "ModelCheck", "examine"]

_PACKAGES = ("lsl-toolkit", "numpy", "h5py", "onnxruntime", "onnxruntime-gpu", "deflate", "pyarrow", "torch")
_SECONDS = 1.5
"""How long each graph is timed."""


@dataclass(frozen=True)
class ModelCheck:
    """What became of trying a model bundle."""

    path: Path
    provider: str = ""
    """What really runs it; '' where it could not be loaded."""
    images_per_second: dict[str, float] = field(default_factory=dict)
    """Of the graphs classifier and saliency, on images made up here, without reading or writing."""
    batch_size: int = 0
    error: str = ""
    """Why it cannot be used; '' where the golden sample came out right."""


@dataclass(frozen=True)
class DoctorReport:
    """What was found."""

    versions: dict[str, str]
    """Package → version, of those that are installed."""
    providers: tuple[str, ...]
    """What this ONNX Runtime was built for, which is not yet what runs."""
    gpu: str
    """Why no GPU is used and what mends it; '' where one may be asked for."""
    has_gpu: bool
    folder: Path
    free_bytes: int
    model: ModelCheck | None
    int8_units: tuple[str, ...] | None = None
    """What the processor has for eight-bit networks, () for nothing; None where the system does not tell."""

    @property
    def ok(self) -> bool:
        """Whether the model, if one was tried, works, and no GPU lies idle."""
        return not (self.has_gpu and self.gpu) and (self.model is None or not self.model.error)


def examine(model: str | Path | None = None, *, folder: str | Path = ".", engine: str = "") -> DoctorReport:
    """Looks at this machine, at the free disk of `folder`, and tries a model bundle if one is named.

    It is tried on ONNX Runtime, as annotating runs it, or on another `engine`, one of `lsl_tools.inspection.engines`.
    Raises ConfigError for an engine without a model.
    """
    if engine and model is None:
        raise ConfigError("--engine tries a model: name one with --model BUNDLE")
    import onnxruntime

    from lsl_runtime.model.gpu import gpu_problem, has_gpu

    return DoctorReport(
        versions=_versions(),
        providers=tuple(onnxruntime.get_available_providers()),
        gpu=str(gpu_problem() or ""),
        has_gpu=has_gpu(),
        folder=Path(folder).resolve(),
        free_bytes=shutil.disk_usage(folder).free,
        model=None if model is None else _tried_on(engine, Path(model)) if engine else _tried(Path(model)),
        int8_units=int8_units(),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _tried(path: Path) -> ModelCheck:
    """Loads a bundle, runs its golden sample on both graphs, and times them."""
    from lsl_runtime.model.model import Model

    try:
        model = Model.load(path, verify=True)
    except LslError as problem:
        return ModelCheck(path, error=str(problem))
    batch = model.batch_size
    images = np.random.default_rng(0).integers(0, 256, (batch, *model.manifest.image_size, 3), dtype=np.uint8)
    runs = {"classifier": model.classify, "saliency": model.explain}
    rates = {name: _rate(partial(_first, run, images, batch), batch) for name, run in runs.items()}
    return ModelCheck(path, model.provider, rates, batch)


def _tried_on(engine: str, path: Path) -> ModelCheck:
    """Runs the golden sample of a bundle on both graphs by another engine, and times them, an image at a time."""
    from lsl_runtime.model.golden import check_golden
    from lsl_runtime.model.model import Model
    from lsl_shared.files.manifest import CLASSIFIER, SALIENCY, golden_image
    from lsl_tools.inspection.engines import load_graph

    try:
        manifest = Model.load(path, "cpu").manifest
        feeds = {"image": golden_image(*manifest.image_size)}
        asked = {"classifier": (CLASSIFIER, feeds), "saliency": (SALIENCY, feeds | {"class_index": np.full(1, -1)})}
        loaded = {name: (load_graph(engine, path / graph), given) for name, (graph, given) in asked.items()}
        answers = {name: answer(given) for name, (answer, given) in loaded.items()}
        check_golden(manifest.golden, answers["classifier"], answers["saliency"], path, manifest.precision)
    except LslError as problem:
        return ModelCheck(path, engine, error=str(problem))
    rates = {name: _rate(partial(answer, given), 1) for name, (answer, given) in loaded.items()}
    return ModelCheck(path, engine, rates, 1)


def _first(run: Callable[..., Iterator[object]], images: NDArray[np.uint8], batch: int) -> object:
    return next(run(images, batch_size=batch))


def _rate(run: Callable[[], object], batch: int) -> float:
    """Images a second."""
    run()
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < _SECONDS:
        run()
        done += batch
    return done / spent
