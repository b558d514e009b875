"""Why a model answers as it does: saliency maps, and what each pixel contributes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_runtime.model.class_index import checked_index, with_class_index, with_indices
from lsl_runtime.model.contributions import Integration, sums_of
from lsl_runtime.model.graphs import Graphs
from lsl_runtime.model.image_batches import Images, image_batches
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_runtime.model.sessions import Answers
from lsl_runtime.model.smoothgrad import NOISE, SAMPLES
from lsl_shared.files.manifest import Manifest

__all__ = ["Explained"]


class Explained:
    """The saliency maps and contributions of a model; Model has these methods, too."""

    manifest: Manifest
    graphs: Graphs

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

        Args:
            images: As for `predict`.
            class_index: int (N,), whose logit, see `logit_index`; −1, or None for all, is the predicted class.
            method: `gradient`, `smoothgrad`, `gradient-input`, `integrated`, or `contributions`, the positive part of
                smoothed contributions, `contributions-once` in one pass; see `lsl_runtime.model.saliency_methods`.
            samples: How many copies `smoothgrad` and `integrated` average over, at least 1; they cost as much more.
            noise: Standard deviation of the noise that `smoothgrad` adds, as a share of 255, 0..1.
            batch_size: How many images go through the network at once, at least 1.

        Raises:
            ImageError: The images are not uint8 of the model's size, or the class indices do not suit them.
            ConfigError: The method is unknown, or a number lies out of range.
            BundleError: The bundle has no graph for such maps.
        """
        made = self.explain(images, class_index, method=method, samples=samples, noise=noise, batch_size=batch_size)
        return np.concatenate([answer["saliency"] for answer in made])

    def explain(
        self,
        images: Images,
        class_index: ArrayLike | None = None,
        *,
        method: SaliencyMethod = "gradient",
        samples: int = SAMPLES,
        noise: float = NOISE,
        batch_size: int = 16,
    ) -> Iterator[Answers]:
        """Yields saliency maps and what the classifier says, batch by batch.

        Args:
            images: As for `predict`.
            class_index: int (N,), as for `saliency`, and so are the others.
            method: How the maps are made.
            samples: How many copies are averaged over, at least 1.
            noise: Standard deviation of the noise, as a share of 255, 0..1.
            batch_size: How many images go through the network at once, at least 1.

        Returns:
            Dicts as `classify` yields, with `saliency` float32 (n, H, W) besides.
        """
        how = Saliency(method, samples, noise, self.manifest.contribution_steps)
        batches = image_batches(images, self.manifest.image_size, batch_size)
        for pixels, index in with_class_index(batches, checked_index(class_index, images, self._logits)):
            yield how.answers(self.graphs, pixels, index)

    def contributions(
        self,
        images: Images,
        class_index: ArrayLike | None = None,
        against: ArrayLike | None = None,
        *,
        steps: int | None = None,
        smooth: float = 0.0,
        batch_size: int = 16,
    ) -> NDArray[np.float32]:
        """What each pixel adds to the logit of a class, or to that logit less another one: integrated gradients.

        Maps float32 (N, H, W) with a sign: above 0 where a pixel's details speak for the class, below where they speak
        against it. Each map sums to what `contributions_sum` gives, up to the error of the integral (in most images
        below 5 %). After Sundararajan, Taly, Yan 2017; equation, baseline and caveats stand in
        `lsl_runtime.model.contributions`.

        Args:
            images: As for `predict`.
            class_index: int (N,), whose logit, see `logit_index`; −1, or None for all, is the predicted class.
            against: int (N,), the class whose logit is taken off ("why 9 and not 10"); −1, or None for all, is none.
            steps: How many pictures between the blurred one and the image are looked at, at least 1; None: as many as
                `manifest.contribution_steps` says.
            smooth: Standard deviation, in pixels, of a Gaussian that smooths the maps with their sign; 0 for none. The
                method `contributions` of `saliency` takes 2.
            batch_size: How many images are classified at once, at least 1.

        Raises:
            ImageError: The images are not uint8 of the model's size, or the class indices do not suit them.
            ConfigError: A number lies out of range.
            BundleError: An earlier version made the bundle, so that it has no contributions graph.

        Example:
            >>> from lsl_runtime import Model
            >>> from lsl_shared import Store
            >>> model = Model.load("runs/demo/model", "cpu")
            >>> with Store("store.h5") as store:
            ...     images = store.read(0, 3)
            >>> why, total = model.contributions(images), model.contributions_sum(images)
            >>> why.shape, bool(abs(why.sum((1, 2)) - total).max() < 0.01)
            ((3, 16, 40), True)
        """
        how = Integration(self.manifest.contribution_steps if steps is None else steps, smooth)
        asked = self._asked(images, class_index, against, batch_size)
        return np.concatenate([how.maps(self.graphs, *batch) for batch in asked])

    def contributions_sum(
        self,
        images: Images,
        class_index: ArrayLike | None = None,
        against: ArrayLike | None = None,
        *,
        batch_size: int = 16,
    ) -> NDArray[np.float32]:
        """What the contributions of each image sum to where the integral is exact, float32 (N,).

        That is logit(class) − logit(against) of the image, less the same of the image without details.

        Args:
            images: As for `contributions`, and so are the others.
            class_index: int (N,), whose logit.
            against: int (N,), the class whose logit is taken off.
            batch_size: How many images go through the network at once, at least 1.

        Raises:
            ImageError: The images are not uint8 of the model's size, or the class indices do not suit them.
            BundleError: An earlier version made the bundle, so that it has no contributions graph.
        """
        asked = self._asked(images, class_index, against, batch_size)
        return np.concatenate([sums_of(self.graphs, *batch) for batch in asked])

    def _asked(
        self, images: Images, class_index: ArrayLike | None, against: ArrayLike | None, batch_size: int
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]]:
        """Yields each batch, the class of each image (the predicted one where none is asked), and that against it."""
        indices = {
            "class_index": checked_index(class_index, images, self._logits),
            "against": checked_index(against, images, self._logits, "against"),
        }
        batches = image_batches(images, self.manifest.image_size, batch_size)
        for pixels, wanted, other in with_indices(batches, indices):
            if (wanted < 0).any():
                wanted = np.where(wanted < 0, self.graphs.classify(pixels)["logits"].argmax(1), wanted)
            yield pixels, wanted, other

    @property
    def _logits(self) -> int:
        """How many logits all tasks have together."""
        return sum(len(task.classes) for task in self.manifest.tasks)
