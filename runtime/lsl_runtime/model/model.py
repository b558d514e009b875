"""A model bundle at work: classes, probabilities, features and saliency maps of arrays of images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.explained import Explained
from lsl_runtime.model.golden import check_contributions, check_golden
from lsl_runtime.model.graphs import Graphs, read_bundle
from lsl_runtime.model.image_batches import Images, image_batches
from lsl_runtime.model.predictions import Predictions, predictions_of
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_runtime.model.sessions import Answers, Device
from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import CLASSIFIER, Manifest, Task, golden_image
from lsl_shared.measures.age import AGE_DENSITY

__all__ = ["Model"]


class Model(Explained):
    """A loaded bundle. `Model.load` makes it; it is safe to call from several threads and never prints.

    `path` of the bundle; `manifest`: what its graphs take and give; `graphs`, on the `device` that was asked for;
    `digest`: SHA-256 (hex) over the classifier and the saliency graph.

    Example:
        >>> from lsl_runtime import Model
        >>> from lsl_shared import Store
        >>> model = Model.load("runs/demo/model", "cpu")
        >>> with Store("store.h5") as store:
        ...     images = store.read(0, 3)
        >>> model.predict(images).names, model.saliency(images).shape
        (['4', '7', '7'], (3, 16, 40))
    """

    def __init__(self, manifest: Manifest, graphs: Graphs) -> None:
        self.manifest, self.graphs = manifest, graphs
        self.path, self.device, self.digest = graphs.folder, graphs.device, graphs.digest

    @classmethod
    def load(
        cls, path: str | Path, device: Device = "auto", *, threads: int | None = None, verify: bool = False
    ) -> Model:
        """Loads a bundle and opens its classifier graph; the others are opened when they are first needed.

        Args:
            path: The bundle, a folder with manifest.json, classifier.onnx, saliency.onnx; contributions.onnx may lack.
            device: `cpu`, `cuda`, `tensorrt`, or `auto`, which takes a GPU where one works and else the CPU.
            threads: How many threads ONNX Runtime may use, at least 1; None takes one for each core.
            verify: Whether to run the golden sample through the graphs, see `verify`.

        Raises:
            BundleError: The bundle is missing, incomplete, altered or of a newer version.
            DeviceError: The GPU that was asked for cannot be had.
        """
        model = cls(*read_bundle(Path(path), device, threads))
        model.ready()
        if verify:
            model.verify()
        return model

    @property
    def task(self) -> Task:
        """The first task, the one that `predict` answers."""
        return self.manifest.tasks[0]

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of what really runs the graphs, such as CPUExecutionProvider."""
        return self.graphs.provider

    @property
    def gpu_problem(self) -> str:
        """Why `auto` does not use the GPU that this machine has, and what mends it; '' where nothing is wrong."""
        return self.graphs.gpu_problem

    @property
    def batch_size(self) -> int:
        """How many images to send through at once: the graph's own number, else 16, or 64 on a GPU."""
        return self.batch_for(1)

    def verify(self) -> None:
        """Runs the golden sample: an image whose answers the trainer wrote into the manifest.

        Raises:
            BundleError: This machine's answers differ from the trainer's, the bundle has no golden sample, or its
                contributions graph is of another network.
        """
        image = golden_image(*self.manifest.image_size)
        answers = next(self.classify(image)), next(self.explain(image))
        check_golden(self.manifest.golden, *answers, self.path, self.manifest.precision)
        if self.graphs.has_contributions:
            check_contributions(self.graphs, answers[1], image, self.manifest.precision)

    def output(self, name: str, task: Task) -> str:
        """The key of a task's output in what `classify` yields: bare for the first task, else `name_<task>`.

        Args:
            name: `logits` or `probabilities`.
            task: One of `manifest.tasks`.
        """
        return name if task == self.task else f"{name}_{task.name}"

    def logit_index(self, task: str, name: str) -> int:
        """The place of a class or term among the logits of all tasks, what `class_index` of `saliency` counts.

        Args:
            task: The name of one of the model's tasks.
            name: One of that task's classes or terms.

        Raises:
            BundleError: The model does not know this task or name.
        """
        logits = [(one.name, label) for one in self.manifest.tasks for label in one.classes]
        if (task, name) not in logits:
            tasks = ", ".join(one.name for one in self.manifest.tasks)
            raise BundleError(self.path, f"knows no {task} {name!r}; its tasks: {tasks}")
        return logits.index((task, name))

    def ready(self, *, saliency: bool = False, method: SaliencyMethod = "gradient") -> None:
        """Opens the graphs that will be needed, so that nothing has been begun where one is damaged or lacks.

        Args:
            saliency: Whether saliency maps will be made; else the classifier is enough.
            method: How they will be made, see `saliency`.

        Raises:
            BundleError: A graph is damaged, or the bundle has none that makes such maps.
            ConfigError: The method is unknown.
        """
        for name in Saliency(method).graphs if saliency else (CLASSIFIER,):
            self.graphs.session(name)

    def batch_for(self, lanes: int) -> int:
        """How many images to send at once through each of several lanes: as `batch_size`, but 2 in place of 16.

        Args:
            lanes: How many threads run the model side by side, at least 1.
        """
        return self.graphs.batch_for(lanes)

    def lanes(self) -> tuple[Model, int]:
        """The model on one thread, and how many threads may run it side by side; on a GPU the model itself, and 1.

        Side by side, threads get through more images than one after the other on all cores.
        """
        graphs, count = self.graphs.lanes()
        return (self, 1) if count == 1 else (Model(self.manifest, graphs), count)

    def predict(self, images: Images, *, batch_size: int = 16) -> Predictions:
        """What the model says of images, for its first task.

        Args:
            images: uint8 (N, H, W, 3), RGB, as array or what becomes one, sliced batch by batch; or N of (H, W, 3).
            batch_size: How many images go through the network at once, at least 1.

        Raises:
            ImageError: The images are not uint8 of the model's size.
        """
        batches = list(self.classify(images, batch_size=batch_size))
        whole = batches[0]
        if len(batches) > 1:
            whole = {name: np.concatenate([batch[name] for batch in batches]) for name in whole}
        return self.predictions(
            whole["probabilities"], whole["features"], whole.get("scope_distance"), whole.get(AGE_DENSITY)
        )

    def classify(self, images: Images, *, batch_size: int = 16) -> Iterator[Answers]:
        """Yields what the classifier graph gives, batch by batch.

        Args:
            images: As for `predict`.
            batch_size: How many images go through the network at once, at least 1.

        Returns:
            Dicts of float32 arrays: `logits` and `probabilities` (n, K), `features` (n, D), and so on (`output`).

        Raises:
            ImageError: The images are not uint8 of the model's size.
        """
        return map(self.graphs.classify, image_batches(images, self.manifest.image_size, batch_size))

    def predictions(
        self,
        probabilities: NDArray[np.float32],
        features: NDArray[np.float32],
        scope_distance: NDArray[np.float32] | None = None,
        age_density: NDArray[np.float32] | None = None,
    ) -> Predictions:
        """The predictions for the first task that follow from what `classify` yields.

        Args:
            probabilities: float32 (N, K), those of the first task.
            features: float32 (N, D).
            scope_distance: float32 (N,) in 0..2; None where the graphs do not give it.
            age_density: float32 (N, 4 K), over time; None where the graphs do not give it.
        """
        return predictions_of(self.manifest, probabilities, features, scope_distance, age_density)
