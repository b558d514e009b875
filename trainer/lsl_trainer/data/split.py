"""Splitting a store by gene: images of one gene look alike, so no gene lies in two parts, nor does any image twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, StoreError
from lsl_shared.files.content_hash import image_digests
from lsl_shared.files.store import PARTS, Store
from lsl_trainer.settings.literals import SplitKind

__all__ = [
    "CALIBRATION",
    "TEST",
    "TRAIN",
    "duplicates",
    "fold_store",
    "group_folds",
    "joined_groups",
    "split_store",
    "stored_duplicates",
]

TRAIN, CALIBRATION, TEST = range(3)
_SHARES = {"gene": (0.7, 0.1, 0.2), "random": (0.7, 0.0, 0.3)}
_FOLD_SHARES = (0.9, 0.1)
_MIN_GROUPS = 20


def split_store(
    store: Store,
    kind: SplitKind,
    tasks: tuple[str, ...],
    generator: np.random.Generator,
    same: Sequence[NDArray[np.int64]] = (),
) -> NDArray[np.int8]:
    """The part of every image, int8 (N,), index into PARTS.

    `gene`: 70 / 10 / 20 with whole genes, spread so that every class of `tasks` is shared out likewise as far as genes
    allow. `random`: 70 / 0 / 30 of images at random, as in the paper. `stored`: the store's own column, which must name
    a part for every image. `same` holds sets of images with equal pixels: they, and their genes, stay together, and a
    stored split that parts them is refused. Raises StoreError or ConfigError.
    """
    if kind == "stored":
        return _stored(store, same)
    if kind not in _SHARES:
        raise ConfigError(f"split must be gene, random or stored, received {kind!r}")
    groups = joined_groups(store.groups() if kind == "gene" else np.arange(len(store)), same)
    return _balanced(groups, _kinds(store, tasks), np.array(_SHARES[kind]), generator)[groups]


def fold_store(
    store: Store,
    kind: SplitKind,
    folds: int,
    tasks: tuple[str, ...],
    generator: np.random.Generator,
    same: Sequence[NDArray[np.int64]] = (),
) -> list[NDArray[np.int8]]:
    """The parts of every image in each of `folds` folds, int8 (N,) each: every image is tested in exactly one fold.

    As `split_store`, in equal shares; as many folds as genes leave one gene out at a time. A tenth of what is not
    tested calibrates, where that is of at least 20 genes; with fewer, none does. Raises ConfigError for fewer than 2
    folds, more folds than genes, or the kind `stored`.
    """
    if kind not in _SHARES:
        raise ConfigError(f"--folds makes its own splits: --split must be gene or random, received {kind!r}")
    groups, kinds = (
        joined_groups(store.groups() if kind == "gene" else np.arange(len(store)), same),
        _kinds(store, tasks),
    )
    n_groups = int(groups.max()) + 1
    if not 2 <= folds <= n_groups:
        raise ConfigError(f"--folds must lie in 2 … {n_groups}, the number of genes, received {folds}")
    fold = _balanced(groups, kinds, np.full(folds, 1 / folds), generator)[groups]
    return [_fold_part(groups, kinds, fold == number, kind, generator) for number in range(folds)]


def _fold_part(
    groups: NDArray[np.int64],
    kinds: NDArray[np.float64],
    tested: NDArray[np.bool_],
    kind: SplitKind,
    generator: np.random.Generator,
) -> NDArray[np.int8]:
    part = np.where(tested, TEST, TRAIN).astype(np.int8)
    rest = np.unique(groups[~tested], return_inverse=True)[1]
    if kind == "gene" and rest.max() + 1 >= _MIN_GROUPS:
        part[~tested] = _balanced(rest, kinds[~tested], np.array(_FOLD_SHARES), generator)[rest]
    return part


def _kinds(store: Store, tasks: tuple[str, ...]) -> NDArray[np.float64]:
    """What each image counts as, (N, 1 + classes of all tasks): an image, and one of its classes."""
    labels = [_one_hot(store.labels(task), len(store.tasks[task])) for task in tasks]
    return np.concatenate([np.ones((len(store), 1)), *labels], axis=1)


def duplicates(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The sets of images with equal pixels: `images` (n, H, W, 3), `rows` int64 (n,) their places in the store."""
    return _repeated(zip(rows.tolist(), image_digests(images), strict=True))


def stored_duplicates(store: Store, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The sets of images with equal pixels among `rows` int64 (n,) of a store, which is read block by block."""

    def digests() -> Iterator[tuple[int, bytes]]:
        for start, block in store.blocks():
            inside = rows[(rows >= start) & (rows < start + len(block))]
            yield from zip(inside.tolist(), image_digests(block[inside - start]), strict=True)

    return _repeated(digests())


def _repeated(digests: Iterable[tuple[int, bytes]]) -> list[NDArray[np.int64]]:
    places: dict[bytes, list[int]] = {}
    for row, digest in digests:
        places.setdefault(digest, []).append(row)
    return [np.array(found) for found in places.values() if len(found) > 1]


def joined_groups(groups: NDArray[np.int64], same: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Groups (N,) numbered anew from 0, those that share an image, which `same` lists, made one."""
    joined = groups.copy()
    for rows in same:
        joined[np.isin(joined, joined[rows])] = joined[rows[0]]
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _stored(store: Store, same: Sequence[NDArray[np.int64]]) -> NDArray[np.int8]:
    missing = int(np.sum(store.splits == ""))
    if missing:
        raise StoreError(store.path, f"{missing:,} images have no part; use --split gene", "samples/split")
    for rows in same:
        if len(set(store.splits[rows])) > 1:
            told = ", ".join(f"{store.ids[row]} ({store.splits[row]})" for row in rows)
            raise StoreError(store.path, f"the same image lies in several parts: {told}", "samples/split")
    return np.array([PARTS.index(part) for part in store.splits], dtype=np.int8)


def group_folds(groups: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """The fold of each image (n,): whole genes, the largest first, each into the fold with the fewest images."""
    genes, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    filled = np.zeros(min(folds, len(genes)), np.int64)
    fold = np.empty(len(genes), np.int64)
    for gene in np.argsort(-sizes, kind="stable"):
        fold[gene] = filled.argmin()
        filled[fold[gene]] += sizes[gene]
    return np.asarray(fold[place], np.int64)


def _one_hot(labels: NDArray[np.int16], classes: int) -> NDArray[np.float64]:
    hot: NDArray[np.float64] = (labels[:, None] == np.arange(classes)).astype(np.float64)
    return hot


def _balanced(
    groups: NDArray[np.int64], kinds: NDArray[np.float64], shares: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.int8]:
    """The part of every group, int8 (n_groups,): each goes where what it holds is scarcest, large groups first."""
    content = np.zeros((groups.max() + 1, kinds.shape[1]))
    np.add.at(content, groups, kinds)
    content /= np.maximum(content.sum(0), 1)  # share of each kind that a group holds
    order = generator.permutation(len(content))
    # Those of about one size come in random order: in exact order every seed would make nearly the same split.
    order = order[np.argsort(-np.floor(np.log2(content[order].sum(1))), kind="stable")]
    filled = np.zeros((len(shares), content.shape[1]))
    part = np.empty(len(content), dtype=np.int8)
    for group in order:
        lack = (shares[:, None] - filled) / np.maximum(shares[:, None], 1e-9)
        part[group] = np.argmax(np.where(shares > 0, lack @ content[group], -np.inf))
        filled[part[group]] += content[group]
    return part
