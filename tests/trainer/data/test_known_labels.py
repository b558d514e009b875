from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lsl_shared import CoarseTask, LabelSpace, Store, StoreError, StoreWriter
from lsl_trainer import TrainConfig
from lsl_trainer.data.chosen_tasks import choose_tasks
from lsl_trainer.data.known_labels import known_labels, range_labels
from lsl_trainer.data.load import load_data
from lsl_trainer.data.notes import data_notes
from lsl_trainer.data.training_data import ALLOWED
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.settings.method import find_method
from lsl_trainer.tasks.learnt_task import HeldOut
from tests.support.squares import COARSE, FINE

SLOPE = CoarseTask.of_names("slope", {"falling": ("a", "d"), "rising": ("b", "c", "d"), "flat": ()}, FINE)
SIDES = [0, 0, 1, 2, -1, -1, 1, 0, 2, -1]
SLOPES = [-1, 1, -1, 2, 0, -1, 0, 0, 1, -1]
CORNERS = [0, -1, -1, -1, -1, 3, -1, -1, -1, -1]


def test_the_range_is_the_coarse_class_or_follows_from_the_fine_one(termed: Path) -> None:
    with Store(termed) as store:
        np.testing.assert_array_equal(range_labels(store, FINE), store.labels("side"))
        np.testing.assert_array_equal(range_labels(store, COARSE), store.labels("side"))


@pytest.fixture
def sloped(tmp_path: Path) -> Path:
    """Ten images with labels of two coarse tasks that do not nest, in 40 copies of other noise."""
    generator, path = np.random.default_rng(0), tmp_path / "sloped.h5"
    with StoreWriter(path, 8, 8) as writer:
        for number in range(400):
            writer.append(generator.integers(0, 255, (8, 8, 3)).astype(np.uint8), id=f"i{number}")
        writer.add_task(COARSE, np.tile(SIDES, 40))
        writer.add_task(LabelSpace("slope", SLOPE.classes), np.tile(SLOPES, 40))
        writer.add_task(FINE, np.tile(CORNERS, 40), [SLOPE])
    return path


def chosen(config: TrainConfig, method: str = "coarse-constrained", coarse: str = "") -> TrainConfig:
    return config.having(method=method, coarse=coarse)


def test_images_learn_what_all_their_coarse_labels_allow(sloped: Path, config: TrainConfig) -> None:
    with Store(sloped) as store:
        tasks = choose_tasks(store, chosen(config), find_method("coarse-constrained"))
        known = known_labels(store, tasks, learns_coarse=True)
        data = load_data(store, chosen(config))
    wanted = ["ab", "b", "cd", "-", "ad", "cd", "d", "a", None, None]  # None: no label, or labels that contradict
    for row, names in enumerate(wanted):
        found = known.allowed.of_image[row]
        assert (found < 0) == (names is None)
        if names is not None:
            members = known.allowed.sets[found]
            assert "".join(FINE.classes[k] for k in np.flatnonzero(members[:-1])) + "-" * int(members[-1]) == names
    assert known.contradictory == data.contradictory == 40
    assert "40 image(s) have labels of side and slope that allow no corner together" in data_notes(data)[0]
    learnt = data.constrained.others[ALLOWED]
    assert (learnt >= 0).all() and len(data.coarsely_labelled) == len(learnt)
    fine = dict(zip(data.fine.ids, data.fine.labels, strict=True))
    assert data.constrained.labels.tolist() == [fine.get(name, -1) for name in data.constrained.ids]
    assert not any(int(name[1:]) % 10 in (8, 9) for name in data.constrained.ids)


def test_one_coarse_task_alone_by_its_name(sloped: Path, config: TrainConfig) -> None:
    with Store(sloped) as store:
        data = load_data(store, chosen(config, coarse="slope"))
    assert [one.name for one in data.constraints] == ["slope"]
    assert data.contradictory == 0 and data.coarse_classes.name == "slope"
    np.testing.assert_array_equal(data.allowed[:, :-1], SLOPE.matrix(4))


@pytest.mark.parametrize("method", ["data-level", "coarse-constrained"])
def test_a_step_on_coarse_labels_takes_the_task_with_the_most(
    sloped: Path, config: TrainConfig, method: str, store_edit: Callable[[Path, str, np.ndarray], None]
) -> None:
    """side has labels of 8 images in ten, that of a fine one included; slope of 7, or of 9 when there are more."""
    with Store(sloped) as store:
        assert load_data(store, chosen(config, method)).coarse_classes.name == "side"
    store_edit(sloped, "slope", np.tile([1, 1, 1, 2, 0, 0, 0, 0, 1, -1], 40))
    with Store(sloped) as store:
        assert load_data(store, chosen(config, method)).coarse_classes.name == "slope"
        assert load_data(store, chosen(config, method, "side")).coarse_classes.name == "side"
        with pytest.raises(StoreError, match="no such task"):
            load_data(store, chosen(config, "data-level", "slopes"))


@pytest.fixture
def store_edit() -> Callable[[Path, str, np.ndarray], None]:
    """Puts other labels into a store."""
    import h5py

    def edit(path: Path, task: str, labels: np.ndarray) -> None:
        with h5py.File(path, "a") as file:
            file[f"labels/{task}"][...] = labels

    return edit


@pytest.mark.parametrize("method", ["plain", "coarse-constrained"])
def test_models_know_all_coarse_tasks_whatever_they_learnt(sloped: Path, config: TrainConfig, method: str) -> None:
    with Store(sloped) as store:
        (task,) = load_data(store, chosen(config, method)).first
    generator = np.random.default_rng(0)
    held = HeldOut(generator.standard_normal((40, 4)), np.arange(40) % 4, np.arange(40))
    made = task.calibrated(held, np.arange(8) % 4, 0)
    assert (made.parent, made.parent_classes, made.parent_index) == ("side", COARSE.classes, FINE.parent_index)
    assert made.further_coarse == (SLOPE,)


def test_a_training_says_which_task_its_step_learns_and_what_contradicts(sloped: Path, config: TrainConfig) -> None:
    settings = chosen(config).having(coarse_epochs=1, constrained_epochs=1)
    with Store(sloped) as store:
        training = TwoStepTraining(load_data(store, settings), settings)
        named = TwoStepTraining(load_data(store, settings.having(coarse="slope")), settings.having(coarse="slope"))
    assert [epoch.step for epoch, _ in training.run(lambda images: None)] == ["coarse", "constrained"]
    told = "\n".join(training.notes)
    assert "the step on coarse labels learns side, not slope; --coarse names another" in told
    assert "allow no corner together" in told
    assert training.network.head.out_features == 4 and torch.isfinite(training.network.head.weight).all()
    assert [epoch.step for epoch, _ in named.run(lambda images: None)] == ["coarse", "constrained"]
    assert named.notes == [], "nothing is left to say where one is named"
