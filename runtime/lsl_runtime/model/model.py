"""A model bundle at work: classes, probabilities, features and saliency maps of arrays of images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sized
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import ArrayLike, NDArray

from lsl_runtime.model.cores import cores
from lsl_runtime.model.golden import check_golden
from lsl_runtime.model.gpu import CPU
from lsl_runtime.model.image_batches import Images, image_batches
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_runtime.model.sessions import Device, open_session, run_session, unused_gpu
from lsl_runtime.model.smoothgrad import NOISE, SAMPLES
from lsl_shared.errors import BundleError, ImageError, LslError
from lsl_shared.files.manifest import CLASSIFIER, MANIFEST, SALIENCY, Manifest, Task, golden_image
from lsl_shared.measures.conformal import prediction_set

__all__ = ["Model", "Predictions"]

_EXTERNAL_DATA = b"\x0a\x08location\x12"
"""How a tensor that lies in another file is written in an ONNX file (StringStringEntryProto, key "location")."""


@dataclass(frozen=True)
class Predictions:
    """What the model says of N images, for the first task, K classes or terms."""

    class_index: NDArray[np.int64]
    """(N,): index into `classes`."""
    probability: NDArray[np.float32]
    """(N,): calibrated probability of that class, 0..1."""
    probabilities: NDArray[np.float32]
    """(N, K): calibrated, rows sum to 1; those of terms are each for itself."""
    prediction_set: NDArray[np.bool_]
    """(N, K): the conformal prediction set; the predicted class is always in it, alone where there is no threshold.

    Of terms: those chosen, at or above their thresholds, none perhaps."""
    features: NDArray[np.float32]
    """(N, D): the feature vector F(x)."""
    classes: tuple[str, ...]
    scope_distance: NDArray[np.float32] | None = None
    """(N,): how far each image lies from the classes that the model was trained on, 0..2; None if it does not tell."""
    out_of_scope: NDArray[np.bool_] | None = None
    """(N,): whether that is farther than 95 % of held-out images of known classes."""

    @property
    def names(self) -> list[str]:
        """The class names of the N images."""
        return [self.classes[index] for index in self.class_index]


class Model:
    """A loaded bundle. Use `Model.load`; safe to call from several threads; never prints.

    `manifest`; `digest`: SHA-256 over both graphs; `path` of the bundle; `provider`: what really runs it.
    """

    def __init__(self, path: Path, manifest: Manifest, graphs: dict[str, bytes], device: Device, threads: int | None):
        self.path, self.manifest = path, manifest
        self.digest = hashlib.sha256(graphs[CLASSIFIER] + graphs[SALIENCY]).hexdigest()
        self._graphs, self._device, self._threads = graphs, device, threads
        self._sessions: dict[str, ort.InferenceSession] = {}
        self._opening = Lock()

    @classmethod
    def load(
        cls, path: str | Path, device: Device = "auto", *, threads: int | None = None, verify: bool = False
    ) -> Model:
        """Loads a bundle: a folder with manifest.json, classifier.onnx and saliency.onnx.

        `threads` limits ONNX Runtime's threads (default: all cores). `verify` runs the golden sample on both graphs.
        Raises BundleError for a missing, incomplete, altered or newer bundle, DeviceError for a missing GPU.
        """
        folder = Path(path)
        manifest = Manifest.from_json(_read(folder / MANIFEST).decode(errors="replace"), folder / MANIFEST)
        graphs = {name: _read(folder / name) for name in (CLASSIFIER, SALIENCY)}
        for name, graph in graphs.items():
            if _EXTERNAL_DATA in graph:
                raise BundleError(folder / name, "keeps weights in another file (ONNX external data), which is refused")
        model = cls(folder, manifest, graphs, device, threads)
        model._session(CLASSIFIER)
        if verify:
            model.verify()
        return model

    def verify(self) -> None:
        """Runs the golden sample. Raises BundleError where this machine's answers differ from the trainer's."""
        image = golden_image(*self.manifest.image_size)
        answers = next(self.classify(image)), next(self.explain(image))
        check_golden(self.manifest.golden, *answers, self.path, self.manifest.precision)

    @property
    def task(self) -> Task:
        """The first task, the one that `predict` answers."""
        return self.manifest.tasks[0]

    @property
    def device(self) -> Device:
        """What was asked for; `provider` tells what came of it."""
        return self._device

    def output(self, name: str, task: Task) -> str:
        """The graphs' name for a task's output: bare for the first task, `name_<task>` for the others."""
        return name if task == self.task else f"{name}_{task.name}"

    def logit_index(self, task: str, name: str) -> int:
        """Where the logit of a class or term lies among those of all tasks, what `class_index` counts.

        Raises BundleError for a task or name that the model does not know.
        """
        start = 0
        for one in self.manifest.tasks:
            if one.name == task and name in one.classes:
                return start + one.classes.index(name)
            start += len(one.classes)
        raise BundleError(
            self.path, f"knows no {task} {name!r}; its tasks: {', '.join(t.name for t in self.manifest.tasks)}"
        )

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of what really runs the graphs, such as CPUExecutionProvider."""
        return str(self._session(CLASSIFIER).get_providers()[0])

    @property
    def gpu_problem(self) -> str:
        """Why `auto` does not use the GPU that this machine has, and what mends it; '' where nothing is wrong."""
        problem = unused_gpu(self._session(CLASSIFIER)) if self._device == "auto" else None
        return "" if problem is None else str(problem)

    def ready(self, *, saliency: bool = False) -> None:
        """Opens the graph that will be needed, so that nothing has been begun where it is damaged. BundleError."""
        self._session(SALIENCY if saliency else CLASSIFIER)

    @property
    def batch_size(self) -> int:
        """How many images to send through at once: the graph's own number, else 16, or 64 on a GPU."""
        return self.batch_for(1)

    def batch_for(self, lanes: int) -> int:
        """How many images to send through each of so many lanes: as `batch_size`, but 16 are shared among them."""
        fixed = self._session(CLASSIFIER).get_inputs()[0].shape[0]
        if isinstance(fixed, int) and fixed > 0:
            return fixed
        return max(2, 16 // lanes) if self.provider == CPU else 64

    def lanes(self) -> tuple[Model, int]:
        """The same model on one thread, and how many threads may run it side by side: more images than one after the
        other on all of them. On a GPU the model itself, and 1."""
        count = (self._threads or cores()) if self.provider == CPU else 1
        if count == 1:
            return self, 1
        lane = copy(self)
        lane._threads, lane._sessions, lane._opening = 1, {}, Lock()
        return lane, count

    def predict(self, images: Images, *, batch_size: int = 16) -> Predictions:
        """Classes of `images`: uint8 (N, H, W, 3), RGB, or a sequence or iterator of such images (H, W, 3).

        Anything with `__array__` will do; what can be sliced (a Dask array, an HDF5 dataset) is read batch by batch.
        Raises ImageError for another shape or type.
        """
        batches = list(self.classify(images, batch_size=batch_size))
        whole = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
        return self.predictions(whole["probabilities"], whole["features"], whole.get("scope_distance"))

    def classify(self, images: Images, *, batch_size: int = 16) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Yields, batch by batch, logits, probabilities and features, as the classifier graph names them."""
        for pixels in image_batches(images, self.manifest.image_size, batch_size):
            yield self._run(CLASSIFIER, {"image": pixels})

    def predictions(
        self,
        probabilities: NDArray[np.float32],
        features: NDArray[np.float32],
        scope_distance: NDArray[np.float32] | None = None,
    ) -> Predictions:
        """Predictions from the graphs' probabilities (N, K), features (N, D) and scope distances (N,)."""
        chosen = probabilities.argmax(1)
        sets = prediction_set(probabilities, self.task.conformal_threshold)
        if self.task.kind == "terms":
            sets = probabilities >= np.array(self.task.thresholds, np.float32)
        return Predictions(
            class_index=chosen,
            probability=probabilities[np.arange(len(chosen)), chosen],
            probabilities=probabilities,
            prediction_set=sets,
            features=features,
            classes=self.task.classes,
            scope_distance=scope_distance,
            out_of_scope=self._out_of_scope(scope_distance),
        )

    def _out_of_scope(self, distance: NDArray[np.float32] | None) -> NDArray[np.bool_] | None:
        threshold = self.manifest.scope_threshold
        return None if distance is None or threshold is None else np.asarray(distance > threshold, dtype=bool)

    def saliency(
        self,
        images: Images,
        class_index: ArrayLike | None = None,
        *,
        method: SaliencyMethod = "gradient",
        samples: int = SAMPLES,
        noise: float = NOISE,
        batch_size: int = 16,
    ) -> NDArray[np.float32]:
        """Saliency maps float32 (N, H, W): max over channels of |∂ logit / ∂ pixel|, pixels in 0..1 (paper, eq. 8).

        `class_index`, int (N,), says whose logit; None or −1 is the predicted class. `method` `smoothgrad` averages the
        maps of `samples` noisy copies of each image, `noise` being their standard deviation as a share of 255 (see
        `lsl_runtime.model.smoothgrad`). `gradient-input` multiplies the map with the pixel's contrast to its ground,
        `integrated` first averages the maps of `samples` pictures between one without details and the image (see
        `lsl_runtime.model.local_contrast`). Averaging costs `samples` times as much. Raises ImageError, ConfigError.
        """
        answers = self.explain(
            images, class_index, method=method, samples=samples, noise=noise, batch_size=batch_size
        )  # fmt: skip
        return np.concatenate([answer["saliency"] for answer in answers])

    def explain(
        self,
        images: Images,
        class_index: ArrayLike | None = None,
        *,
        method: SaliencyMethod = "gradient",
        samples: int = SAMPLES,
        noise: float = NOISE,
        batch_size: int = 16,
    ) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Yields, batch by batch, saliency, logits, probabilities and features; the last three of the clean images."""
        how = Saliency(method, samples, noise)
        wanted = None if class_index is None else self._checked_index(class_index, images)
        start = 0
        for pixels in image_batches(images, self.manifest.image_size, batch_size):
            stop = start + len(pixels)
            index = np.full(len(pixels), -1) if wanted is None else wanted[start:stop].astype(np.int64)
            if len(index) != len(pixels):
                raise ImageError(f"class_index: received {len(index) + start} of them for more images")
            answer = self._run(SALIENCY, {"image": pixels, "class_index": index})
            chosen = np.where(index < 0, answer["logits"].argmax(1), index)
            for place, image in enumerate(pixels):
                if (copies := how.copies(image)) is not None:
                    answer["saliency"][place] = self._averaged(copies, chosen[place])
            if (contrast := how.contrast(pixels)) is not None:
                answer["saliency"] *= contrast
            yield answer
            start = stop
        if wanted is not None and start != len(wanted):
            raise ImageError(f"class_index: received {len(wanted)} of them for {start} images")

    def _averaged(self, copies: NDArray[np.uint8], class_index: np.int64) -> NDArray[np.float64]:
        """The mean map (H, W) of one image's copies, which go through the graph in batches that nothing changes."""
        total = np.zeros(copies.shape[1:3])
        for batch in image_batches(copies, self.manifest.image_size, self.batch_size):
            answer = self._run(SALIENCY, {"image": batch, "class_index": np.full(len(batch), class_index)})
            total += answer["saliency"].sum(0, dtype=np.float64)
        return total / len(copies)

    def _checked_index(self, class_index: ArrayLike, images: Images) -> NDArray[np.integer[Any]]:
        wanted = np.asarray(class_index)
        count = len(images) if isinstance(images, Sized) else wanted.size
        if wanted.shape != (count,) or wanted.dtype.kind not in "iu":
            raise ImageError(f"class_index: expected integers ({count},), received {wanted.dtype} {wanted.shape}")
        logits = sum(len(task.classes) for task in self.manifest.tasks)
        if len(wanted) and not -1 <= wanted.min() <= wanted.max() < logits:
            asked = f"{wanted.min()} … {wanted.max()}"
            raise ImageError(f"class_index must lie in -1 … {logits - 1}, received {asked}")
        return wanted

    def _run(self, name: str, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        session = self._session(name)
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, run_session(session, names, inputs), strict=True))

    def _session(self, name: str) -> ort.InferenceSession:
        """The session of a graph, opened when it is first needed."""
        with self._opening:
            if name not in self._sessions:
                try:
                    self._sessions[name] = open_session(self._graphs[name], self._device, self._threads)
                except LslError:
                    raise
                except Exception as problem:  # ONNX Runtime's own errors have no base but Exception
                    raise BundleError(self.path / name, f"damaged graph ({problem}); copy the bundle again") from None
            return self._sessions[name]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(path, "no such file. `lsl-train` makes a model bundle: RUN/model") from None
    except OSError as problem:
        raise BundleError(path, f"cannot be read ({problem.strerror}); expected a bundle such as RUN/model") from None
