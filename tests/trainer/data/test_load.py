from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared import ConfigError, LabelSpace, Store, StoreWriter, TrainingError
from lsl_shared.errors import LslError
from lsl_trainer import TrainConfig
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN


def test_each_set_holds_its_part_and_its_labels(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
        fine, coarse = opened.labels("corner"), opened.labels("side")
        pixels = opened.read(0, len(opened))
    for name, part, labels in (
        ("coarse", TRAIN, coarse), ("fine", TRAIN, fine), ("calibration", CALIBRATION, fine), ("test", TEST, fine)
    ):  # fmt: skip
        held, chosen = getattr(data, name), (data.part == part) & (labels >= 0)
        assert len(held) == chosen.sum() > 0
        assert np.array_equal(held.labels, labels[chosen])
        assert np.array_equal(held.images[held.rows], pixels[chosen])


def test_no_gene_of_the_test_is_learnt_from(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
    learnt = set(data.coarse.groups) | set(data.fine.groups)
    assert not learnt & (set(data.test.groups) | set(data.calibration.groups))


def test_the_draw_of_fine_labels_is_capped_by_class_and_seeded(store: Path, config: TrainConfig) -> None:
    def drawn(**values: Any) -> tuple[Labelled, Labelled]:
        with Store(store) as opened:
            data = load_data(opened, config.having(**values))
        return data.fine, data.test

    (first, test), (again, _), (other, other_test) = (drawn(fine_per_class=3, label_seed=seed) for seed in (1, 1, 2))
    assert np.bincount(first.labels).tolist() == [3, 3, 3, 3]
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.images[first.rows], other.images[other.rows])
    assert np.array_equal(test.labels, other_test.labels), "the draw of labels leaves the test alone"


def small_store(path: Path, fine: NDArray[np.int64] | None = None, coarse: NDArray[np.int64] | None = None) -> Store:
    with StoreWriter(path, 16, 16) as writer:
        for number in range(20):
            writer.append(np.full((16, 16, 3), number, np.uint8), id=str(number))
        if coarse is not None:
            writer.add_task(LabelSpace("family", ("f", "g")), coarse)
        if fine is not None:
            writer.add_task(LabelSpace("species", ("x", "y"), "family", (0, 1)), fine)
    return Store(path)


def test_a_fine_label_alone_implies_its_coarse_class(tmp_path: Path, config: TrainConfig) -> None:
    fine = np.arange(20) % 2
    with small_store(tmp_path / "s.h5", fine, np.where(np.arange(20) < 10, fine, -1)) as opened:
        data = load_data(opened, config.having(split="random"))
    assert len(data.coarse) == len(data.fine) == 14
    assert np.array_equal(data.coarse.labels, data.fine.labels)


@pytest.mark.parametrize(
    ("fine", "coarse", "values", "error", "said"),
    [
        (np.full(20, -1), np.arange(20) % 2, {}, TrainingError, "0 training images carry a label of 'species'"),
        (np.zeros(20), np.arange(20) % 2, {}, TrainingError, "of 1 classes: two are needed"),
        (np.arange(20) % 2, np.zeros(20), {}, TrainingError, "fewer than two coarse classes: use --method plain"),
        (None, np.arange(20) % 2, {}, ConfigError, "task 'family' has no coarse task: use --method plain"),
        (np.arange(20) % 2, np.arange(20) % 2, {"fine": "species", "coarse": "species"}, ConfigError, "two tasks"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_said(
    tmp_path: Path,
    config: TrainConfig,
    fine: NDArray[np.int64] | None,
    coarse: NDArray[np.int64],
    values: dict[str, str],
    error: type[LslError],
    said: str,
) -> None:
    with small_store(tmp_path / "s.h5", fine, coarse) as opened, pytest.raises(error, match=said):
        load_data(opened, config.having(split="random", **values))


def test_two_fine_tasks_must_be_chosen_from(tmp_path: Path, config: TrainConfig) -> None:
    with StoreWriter(tmp_path / "s.h5", 16, 16) as writer:
        writer.append(np.zeros((16, 16, 3), np.uint8), id="0")
        for name in ("colour", "shape"):
            writer.add_task(LabelSpace(name, ("x", "y")), [0])
    with Store(tmp_path / "s.h5") as opened, pytest.raises(ConfigError, match="--fine; the store has: colour, shape"):
        load_data(opened, config)


def test_the_plain_method_loads_no_coarse_images(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        data = load_data(opened, config.having(method="plain"))
    assert len(data.coarse) == 0
    assert len(data.fine.images) == len(data.fine) + len(data.calibration) + len(data.test)


def test_genes_that_a_stored_split_parts_are_told(tmp_path: Path, config: TrainConfig) -> None:
    with StoreWriter(tmp_path / "s.h5", 36, 48) as writer:
        for number in range(12):
            gene, split = f"g{number // 4}", "test" if number in (1, 8, 9, 10, 11) else "train"
            writer.append(np.full((36, 48, 3), number, np.uint8), id=str(number), gene=gene, split=split)
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(12) % 2)
    with Store(tmp_path / "s.h5") as opened:
        assert load_data(opened, config.having(split="stored", method="plain")).straddling == ("g0",)
        assert load_data(opened, config.having(split="gene", method="plain")).straddling == ()
