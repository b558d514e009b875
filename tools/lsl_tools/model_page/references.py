"""Images of a store that the page may show: some of each class, beside which an answer can be seen."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_runtime.model.split_file import read_known_images
from lsl_shared.errors import BundleError, ConfigError
from lsl_shared.files.store import Store

__all__ = ["reference_images"]

_QUALITY: Final = 90
_OFFERED: Final = 8
_SEED: Final = 0


def reference_images(model: Model, store: Path, per_class: int) -> list[dict[str, Any]]:
    """Up to `per_class` images of each class of the model's first task, with their labels and features.

    Images that the model was tested on come first, then those that it was never shown; ids and genes stay away.
    Raises ConfigError where the store has other images than the model takes, or none with a label.
    """
    with Store(store) as images:
        if images.shape[1:3] != model.manifest.image_size:
            height, width = model.manifest.image_size
            raise ConfigError(f"{store}: its images have another size than the model's {height}x{width}")
        rows, labels = _chosen(images, model, per_class)
        pixels = images.select(np.array(rows, np.int64))
    if not rows:
        raise ConfigError(f"{store}: no image has a {model.task.name} that the model knows; name another store")
    pictures = [_jpeg(one) for one in pixels]
    features = model.predict(np.stack([_decoded(one) for one in pictures])).features
    offered = set(np.random.default_rng(_SEED).permutation(len(rows))[:_OFFERED].tolist())
    return [
        {
            "picture": base64.b64encode(picture).decode("ascii"),
            "label": label,
            "features": [float(f"{value:.3g}") for value in vector],
            "shown": place in offered,
        }
        for place, (picture, label, vector) in enumerate(zip(pictures, labels, features, strict=True))
    ]


def _chosen(images: Store, model: Model, per_class: int) -> tuple[list[int], list[str]]:
    """Rows of the store and their labels, in the order of the classes."""
    task = model.task
    names = images.task(task.name).classes
    found, unusable = images.labels(task.name), images.unusable()
    known = _parts(model.path)
    ranks = np.array([{"test": 0, "": 1}.get(known.get(str(one), ""), 2) for one in images.ids])
    order = np.random.default_rng(_SEED).permutation(len(images))
    order = order[np.argsort(ranks[order], kind="stable")]
    rows, labels = list[int](), list[str]()
    for name in task.classes:
        if name in names:
            place = names.index(name)
            taken = [int(row) for row in order if found[row] == place and not unusable[row]][:per_class]
            rows, labels = rows + taken, labels + [name] * len(taken)
    return rows, labels


def _parts(bundle: Path) -> dict[str, str]:
    """The part of each image of the model's split; none where the bundle does not tell."""
    try:
        return {image.id: image.part for image in read_known_images(bundle)}
    except BundleError:
        return {}


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    import cv2

    flags = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)
    return encoded.tobytes()


def _decoded(picture: bytes) -> NDArray[np.uint8]:
    import cv2

    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None  # it is our own
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
