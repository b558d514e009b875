"""What is known of every image of a store, column by column: samples, labels, what a model said, who labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime.coarse_labels import constrained
from lsl_shared.allowed import AllowedSets, allowed_sets, told_classes
from lsl_shared.errors import ConfigError, LslError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.sure import NO_ANSWER
from lsl_tools.labelling.apply import HISTORY
from lsl_tools.labelling.suggest import uncertainty
from lsl_tools.review.turns import DECISION

__all__ = ["Images", "read_images"]


class Images:
    """The columns of N images, for one task. Labels are indices int16 (N,), −1 where there is none."""

    def __init__(self, store: Store, space: LabelSpace) -> None:
        self.space, self.count, self.shape = space, len(store), store.shape
        self.ids, self.genes, self.views = store.ids, store.genes, store.views.copy()
        self.unusable, self.flags = store.unusable(), _flags(store)
        self.groups = store.groups()
        self.label = store.labels(space.name)
        self.above = store.coarse_tasks(space.name)
        self.coarse_spaces = {one.name: store.tasks[one.name] for one in self.above}
        self.known = {one.name: store.labels(one.name) for one in self.above}
        none = np.full(self.count, -1, np.int16)
        self.coarse_space = next(iter(self.coarse_spaces.values()), None)  # the parent, where there is one
        self.coarse = self.known[self.coarse_space.name] if self.coarse_space else none.copy()
        self.by = np.full(self.count, "", object)
        self.probabilities: NDArray[np.float32] | None = None
        self.sets: NDArray[np.bool_] | None = None
        self.promised = False
        self.guess, self.free = none.copy(), none.copy()
        self.probability = np.full(self.count, np.nan, np.float32)
        self.unsure = np.zeros(self.count, np.float32)
        self.distance: NDArray[np.float32] | None = None
        self.age: NDArray[np.float32] | None = None
        self.outside, self.out = np.zeros(self.count, bool), np.zeros(self.count, bool)
        self.has_features = False
        self.doubt, self.answered = np.zeros(self.count, np.float32), np.zeros(self.count, bool)
        self.stored_decision = _decisions(store)
        self.decision = self.stored_decision.copy()
        free = np.ones((1, len(space)), bool)
        self._allowed_by = {one.name: np.concatenate([one.matrix(len(space)), free]) for one in self.above}
        self._rows: dict[str, int] | None = None

    def row(self, name: str) -> int:
        """The place of an image by its id; −1 where there is none."""
        if self._rows is None:
            self._rows = {one: row for row, one in enumerate(self.ids)}
        return self._rows.get(name, -1)

    def allowed(self) -> NDArray[np.bool_]:
        """The classes that each image's coarse labels allow together, bool (N, K)."""
        return self._sets().classes

    def allowed_of(self, rows: int | NDArray[np.int64]) -> NDArray[np.bool_]:
        """The classes that the coarse labels of one image allow together, bool (K,); of several (n, K)."""
        found = np.ones((*np.shape(rows), len(self.space)), bool)
        for name, allowed in self._allowed_by.items():
            found = found & allowed[self.known[name][rows]]  # −1 is the last row: all
        return found

    def several(self) -> NDArray[np.bool_]:
        """Images whose coarse labels allow more than one class, bool (N,)."""
        sets = self._sets()
        return np.append(sets.sets[:, :-1].sum(1) > 1, len(self.space) > 1)[sets.of_image]

    def known_told(self, row: int) -> str:
        """The known coarse classes of an image, in words."""
        return told_classes([(one, self.known[one.name]) for one in self.above], row)

    def _sets(self) -> AllowedSets:
        return allowed_sets([(one, self.known[one.name]) for one in self.above], len(self.space), self.count)

    def contradicts(self) -> NDArray[np.bool_]:
        """Images whose coarse labels do not allow the free answer of the model, or their own label."""
        rows = np.arange(self.count)
        allowed = self.allowed()
        return np.asarray(
            ((self.free >= 0) & ~allowed[rows, self.free]) | ((self.label >= 0) & ~allowed[rows, self.label])
        )

    def sure(self) -> NDArray[np.bool_]:
        """Images of which the prediction set and the coarse labels leave one class (N,)."""
        if self.sets is None or not self.promised:
            return np.zeros(self.count, dtype=bool)
        return np.asarray((self.sets & self.allowed()).sum(1) == 1) & (self.free >= 0)

    def take_answers(self, given: Annotations, store: Store) -> None:
        """Takes what a model said. Raises LslError where it is of other images or classes."""
        name = self.space.name
        if len(given) != self.count or (given.ids != self.ids).any():
            raise ConfigError(f"{given.path} does not belong to {store.path}: run lsl-annotate again")
        if name not in given.tasks or given.tasks[name] != self.space.classes:
            raise ConfigError(f"{given.path} has no answers for {name!r} of this store: run lsl-annotate again")
        done = given.status != Status.FAILED
        self.probabilities = given.probabilities(name)
        self.sets = given.prediction_set(name)
        self.promised = given.has_sure(name) and bool((given.sure_level(name) != NO_ANSWER).any())
        self.free = np.where(done, np.nan_to_num(self.probabilities, nan=-1).argmax(1), -1).astype(np.int16)
        self.outside = given.status == Status.OUTSIDE
        self.has_features = given.has_features
        self.distance = given.scope_distance() if given.has_scope else None
        self.age = given.age(name) if given.has_age(name) else None
        self.out = given.out_of_scope() if given.has_scope else self.out
        self.constrain()

    def constrain(self, rows: NDArray[np.int64] | None = None) -> None:
        """What the model takes images for among the classes that their coarse labels allow, and how unsure it is."""
        if self.probabilities is None:
            return
        rows = np.arange(self.count) if rows is None else rows
        probabilities, allowed = self.probabilities[rows], self.allowed_of(rows)
        self.guess[rows], self.probability[rows] = constrained(probabilities, allowed)
        several = ~np.isnan(probabilities).any(1) & (allowed.sum(1) > 1)
        self.unsure[rows] = 0
        self.unsure[rows[several]] = uncertainty(probabilities[several], allowed[several])


def read_images(store: Store, space: LabelSpace, annotations: Path) -> tuple[Images, str]:
    """The columns, and why there are no answers of a model in them, '' where there are."""
    images = Images(store, space)
    _read_history(store.path, images)
    if not annotations.exists():
        return images, f"{annotations.name} is not there: run lsl-annotate --features"
    try:
        with Annotations(annotations) as given:
            images.take_answers(given, store)
    except LslError as problem:
        return images, str(problem)
    return images, ""


def _flags(store: Store) -> NDArray[Any]:
    """Why the standardization doubted each image, str (N,)."""
    if not store.has_transform("flags"):
        return np.full(len(store), "", object)
    return np.asarray(store.transform("flags"), object)


def _decisions(store: Store) -> NDArray[Any]:
    """What a person decided of each image's orientation, str (N,)."""
    with h5py.File(store.path, "r", locking="best-effort") as file:
        stored = file.get(DECISION)
        found = [str(text) for text in stored.asstr()[...]] if isinstance(stored, h5py.Dataset) else []
    return np.array(found + [""] * (len(store) - len(found)), object)


def _read_history(path: Path, images: Images) -> None:
    """Who gave each label last, as the store's history tells."""
    with h5py.File(path, "r", locking="best-effort") as file:
        history = file.get(HISTORY)
        for name in sorted(history) if isinstance(history, h5py.Group) else ():
            group = history[name]
            if group.attrs.get("task") == images.space.name:
                images.by[group["row"][...]] = str(group.attrs.get("who", ""))
