from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import ConfigError, LabelSpace, Store, StoreError, StoreWriter
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN, duplicates, fold_store, split_store, stored_duplicates
from lsl_trainer.settings.literals import SplitKind


def test_no_gene_lies_in_two_parts_and_the_shares_hold(store: Path) -> None:
    with Store(store) as opened:
        part = split_store(opened, "gene", ("corner", "side"), np.random.default_rng(0))
        for gene in set(opened.genes):
            assert len(set(part[opened.genes == gene])) == 1
    shares = [np.mean(part == which) for which in (TRAIN, CALIBRATION, TEST)]
    assert np.allclose(shares, (0.7, 0.1, 0.2), atol=0.03)


def test_every_class_is_shared_out_likewise(store: Path) -> None:
    with Store(store) as opened:
        part = split_store(opened, "gene", ("corner", "side"), np.random.default_rng(1))
        labels = opened.labels("corner")
    for label in range(4):
        assert 0.55 < np.mean(part[labels == label] == TRAIN) < 0.85
        assert np.any(part[labels == label] == TEST)


def test_random_is_70_to_30_of_images(store: Path) -> None:
    with Store(store) as opened:
        part = split_store(opened, "random", ("corner",), np.random.default_rng(0))
        straddling = [gene for gene in set(opened.genes) if len(set(part[opened.genes == gene])) > 1]
    assert not np.any(part == CALIBRATION)
    assert abs(np.mean(part == TRAIN) - 0.7) < 0.02
    assert straddling


def test_the_seed_decides(store: Path) -> None:
    with Store(store) as opened:
        first, again, other = (
            split_store(opened, "gene", ("corner",), np.random.default_rng(seed)) for seed in (5, 5, 6)
        )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_another_seed_tests_other_genes(tmp_path: Path) -> None:
    """Genes of 6 to 12 images, no two alike in size and labels: chance alone would share one test gene in five."""
    generator = np.random.default_rng(0)
    genes = np.repeat(np.arange(120), generator.integers(6, 13, 120))
    with StoreWriter(tmp_path / "s.h5", 8, 8) as writer:
        for number, gene in enumerate(genes):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=str(number), gene=f"g{gene}")
        writer.add_task(LabelSpace("kind", tuple("abcdef")), generator.integers(-1, 6, len(genes)))
    with Store(tmp_path / "s.h5") as opened:
        parts = [split_store(opened, "gene", ("kind",), np.random.default_rng(seed)) for seed in range(6)]
    tested = [set(genes[part == TEST]) for part in parts]
    assert all(20 <= len(found) <= 28 for found in tested)
    shared = [len(a & b) / len(a) for k, a in enumerate(tested) for b in tested[:k]]
    assert 0.1 < np.mean(shared) < 0.33


def test_images_without_a_gene_are_their_own_group(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "s.h5", 8, 8) as writer:
        for number in range(50):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=str(number))
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(50) % 2)
    with Store(tmp_path / "s.h5") as opened:
        part = split_store(opened, "gene", ("kind",), np.random.default_rng(0))
    assert np.abs(np.bincount(part) - [35, 5, 10]).max() <= 1


def test_a_stored_split_is_taken_as_it_is_and_must_be_complete(tmp_path: Path) -> None:
    def write(name: str, parts: list[str]) -> Store:
        with StoreWriter(tmp_path / name, 8, 8) as writer:
            for number, part in enumerate(parts):
                writer.append(np.zeros((8, 8, 3), np.uint8), id=str(number), split=part)
        return Store(tmp_path / name)

    with write("whole.h5", ["test", "train", "calibration"]) as opened:
        assert split_store(opened, "stored", (), np.random.default_rng(0)).tolist() == [TEST, TRAIN, CALIBRATION]
    with (
        write("half.h5", ["test", ""]) as opened,
        pytest.raises(StoreError, match=r"samples/split: 1 images have no part"),
    ):
        split_store(opened, "stored", (), np.random.default_rng(0))


def test_an_unknown_kind_is_named(store: Path) -> None:
    with Store(store) as opened, pytest.raises(ConfigError, match="'colour'"):
        split_store(opened, "colour", ("corner",), np.random.default_rng(0))  # type: ignore[arg-type]


def twins(path: Path, splits: Sequence[str] = ()) -> Store:
    """40 images of 20 genes; image 5 of gene 2 is image 30 of gene 15."""
    with StoreWriter(path, 8, 8) as writer:
        for number in range(40):
            pixels = np.full((8, 8, 3), 5 if number == 30 else number, np.uint8)
            split = splits[number] if splits else ""
            writer.append(pixels, id=f"i{number}", gene=f"g{number // 2}", split=split)
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(40) % 2)
    return Store(path)


def test_equal_images_are_found(tmp_path: Path) -> None:
    with twins(tmp_path / "s.h5") as opened:
        (found,) = duplicates(opened.read(0, 40), np.arange(40))
        (stored,) = stored_duplicates(opened, np.arange(3, 40))
        assert not stored_duplicates(opened, np.arange(6, 40))
    assert found.tolist() == stored.tolist() == [5, 30]


@pytest.mark.parametrize("kind", ["gene", "random"])
def test_equal_images_stay_together(tmp_path: Path, kind: SplitKind) -> None:
    with twins(tmp_path / "s.h5") as opened:
        for seed in range(20):
            part = split_store(opened, kind, ("kind",), np.random.default_rng(seed), [np.array([5, 30])])
            assert part[5] == part[30]
            if kind == "gene":
                assert len(set(part[[4, 5, 30, 31]])) == 1, "and so do the rest of their genes"


def test_a_stored_split_that_parts_equal_images_is_refused_by_name(tmp_path: Path) -> None:
    with twins(tmp_path / "s.h5", ["train"] * 20 + ["test"] * 20) as opened:
        with pytest.raises(StoreError, match=r"several parts: i5 \(train\), i30 \(test\)"):
            split_store(opened, "stored", (), np.random.default_rng(0), [np.array([5, 30])])
        assert len(split_store(opened, "stored", (), np.random.default_rng(0))) == 40


def test_folds_test_every_gene_once(store: Path) -> None:
    with Store(store) as opened:
        parts = fold_store(opened, "gene", 4, ("corner", "side"), np.random.default_rng(0))
        labels = opened.labels("corner")
        for part in parts:
            straddling = [gene for gene in set(opened.genes) if len(set(part[opened.genes == gene])) > 1]
            assert not straddling
            np.testing.assert_allclose([np.mean(part == which) for which in (TRAIN, CALIBRATION, TEST)],
                                       (0.675, 0.075, 0.25), atol=0.045)  # fmt: skip
            assert all(np.any((part == TEST) & (labels == label)) for label in range(4))
    assert (np.sum([part == TEST for part in parts], axis=0) == 1).all()


def test_as_many_folds_as_genes_leave_one_out(tmp_path: Path) -> None:
    """Three genes very unlike in size; too few to set any apart for calibration."""
    with StoreWriter(tmp_path / "s.h5", 8, 8) as writer:
        for number in range(30):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=str(number), gene="abc"[min(number // 2, 2)])
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(30) % 2)
    with Store(tmp_path / "s.h5") as opened:
        parts = fold_store(opened, "gene", 3, ("kind",), np.random.default_rng(0))
        tested = {"".join(sorted(set(opened.genes[part == TEST]))) for part in parts}
    assert tested == {"a", "b", "c"}
    assert not any(np.any(part == CALIBRATION) for part in parts)


def test_folds_keep_equal_images_together(tmp_path: Path) -> None:
    with twins(tmp_path / "s.h5") as opened:
        for part in fold_store(opened, "random", 5, ("kind",), np.random.default_rng(0), [np.array([5, 30])]):
            assert part[5] == part[30]


@pytest.mark.parametrize(
    ("kind", "folds", "said"),
    [("gene", 1, "must lie in 2 … 60"), ("gene", 61, "received 61"), ("stored", 5, "--split must be gene or random")],
)
def test_folds_that_cannot_be(store: Path, kind: SplitKind, folds: int, said: str) -> None:
    with Store(store) as opened, pytest.raises(ConfigError, match=said):
        fold_store(opened, kind, folds, ("corner",), np.random.default_rng(0))
