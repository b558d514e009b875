"""Why the model answers as it does: what each pixel of an image adds to one class, or to one class and not another."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.bundles import newest_bundle
from lsl_runtime.model.model import Model
from lsl_shared.errors import AnnotationsError, BundleError, LslError
from lsl_shared.files.annotations import Annotations
from lsl_tools.review.pictures import Kept, png_of

__all__ = ["Why", "coloured", "find_bundle"]

_SMOOTH = 2.0
_FOR, _AGAINST = np.array([178, 73, 0]), np.array([0, 92, 175])
"""Orange speaks for a class, blue against it: people who cannot tell red from green can tell these."""


class Why:
    """Maps of one model; they are made one after the other, and the latest are kept."""

    def __init__(self, bundle: Path | None, task: str) -> None:
        self._bundle, self._task, self._lock = bundle, task, Lock()
        self._model: Model | None = None
        self._maps = Kept(24 << 20)
        self.problem = "" if bundle else "no model is there: lsl-train makes one"

    def png(self, row: int, pixels: NDArray[np.uint8], name: str, against: str) -> bytes:
        """The map of an image uint8 (H, W, 3) for class `name`, less class `against` ('' for none), as PNG.

        Raises BundleError where there is no model, or none that makes such maps.
        """
        key = (row, name, against)
        kept = self._maps.get(key)
        if isinstance(kept, bytes):
            return kept
        with self._lock:
            model = self._loaded()
            index = model.logit_index(self._task, name)
            other = model.logit_index(self._task, against) if against else -1
            signed = model.contributions(pixels[None], [index], [other], smooth=_SMOOTH)[0]
        made = png_of(coloured(signed))
        self._maps.put(key, made)
        return made

    def clear(self) -> None:
        """Forgets the maps, once images have changed."""
        self._maps.clear()

    def _loaded(self) -> Model:
        if self._bundle is None:
            raise BundleError(Path("runs"), self.problem)
        if self._model is None:
            self._model = Model.load(self._bundle, "cpu", threads=1)
        return self._model


def coloured(signed: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map with a sign (H, W) as a veil uint8 (H, W, 4): orange above 0, blue below, clear at 0."""
    scale = float(np.quantile(np.abs(signed), 0.99)) or 1.0
    strength = np.clip(np.abs(signed) / scale, 0, 1) ** 0.75
    veil = np.empty((*signed.shape, 4), np.uint8)
    veil[..., :3] = np.where((signed > 0)[..., None], _FOR, _AGAINST)
    veil[..., 3] = np.round(strength * 205)
    return veil


def find_bundle(given: Path | None, annotations: Path, folder: Path) -> Path | None:
    """The model to explain with: the one named, that of the annotations, or the newest run beside the store."""
    if given is not None:
        return given
    try:
        with Annotations(annotations) as answers:
            told = Path(answers.model)
        for path in (told, folder / told):
            if answers.model and (path / "manifest.json").exists():
                return path
    except (AnnotationsError, OSError):
        pass
    try:
        return newest_bundle(folder)
    except LslError:
        return None
