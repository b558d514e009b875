"""What stands beside one image on the bench: its gene's other stages, similar images, images that stand for a class."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_tools.review.images import Images
from lsl_tools.review.similar import Features

__all__ = ["beside"]

_OF_GENE, _SIMILAR, _REFERENCES = 14, 6, 4
_LIKELY: Final = 4


def beside(images: Images, features: Features | None, row: int) -> dict[str, Any]:
    """Rows for the bench of one image, and the probabilities of all classes where a model gave them."""
    labelled = np.flatnonzero((images.label >= 0) & (images.unusable == ""))
    near = features.nearest(row, labelled, _SIMILAR) if features is not None else []
    likely = _likely(images, row)
    return {
        "probabilities": _probabilities(images, row),
        "likely": likely,
        "gene": _of_gene(images, row),
        "similar": [{"row": other, "cosine": round(cosine, 3)} for other, cosine in near],
        "references": [{"class": index, "rows": _references(images, index, row)} for index in likely[:2]],
    }


def _probabilities(images: Images, row: int) -> list[float]:
    if images.probabilities is None:
        return []
    return [round(float(one), 4) for one in np.nan_to_num(images.probabilities[row])]


def _likely(images: Images, row: int) -> list[int]:
    """The likeliest classes, the one that goes with the coarse label first."""
    if images.probabilities is None or np.isnan(images.probabilities[row]).any():
        return []
    order = np.argsort(-images.probabilities[row], kind="stable").tolist()
    guess = int(images.guess[row])
    return [*([guess] if guess >= 0 else []), *(index for index in order if index != guess)][:_LIKELY]


def _of_gene(images: Images, row: int) -> list[int]:
    """Other images of the gene, one a class as far as there are, in the order of the classes."""
    if not images.genes[row]:
        return []
    others = np.flatnonzero((images.groups == images.groups[row]) & (np.arange(images.count) != row))
    shown = np.where(images.label[others] >= 0, images.label[others], images.guess[others])
    first = np.unique(shown, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(others)), first)
    chosen = np.concatenate([first, rest])[:_OF_GENE]
    return [int(others[place]) for place in chosen[np.argsort(shown[chosen], kind="stable")]]


def _references(images: Images, index: int, row: int) -> list[int]:
    """Labelled images of a class that the model is surest of, of different genes."""
    members = np.flatnonzero((images.label == index) & (images.unusable == "") & (np.arange(images.count) != row))
    sure = _sureness(images, members, index)
    ranked = members[np.argsort(-sure, kind="stable")]
    first = np.sort(np.unique(images.groups[ranked], return_index=True)[1])[:_REFERENCES]
    return [int(other) for other in ranked[first]]


def _sureness(images: Images, rows: NDArray[np.int64], index: int) -> NDArray[np.float32]:
    if images.probabilities is None:
        return np.zeros(len(rows), np.float32)
    return np.asarray(np.nan_to_num(images.probabilities[rows, index]))
