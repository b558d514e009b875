import numpy as np
import pytest

from lsl_shared import ConfigError, LabelSpace, Store, StoreError, StoreWriter
from lsl_trainer.split import CALIBRATION, TEST, TRAIN, duplicates, split_store


def test_no_gene_lies_in_two_parts_and_the_shares_hold(store):
    with Store(store) as opened:
        part = split_store(opened, "gene", ("corner", "side"), np.random.default_rng(0))
        for gene in set(opened.genes):
            assert len(set(part[opened.genes == gene])) == 1
    shares = [np.mean(part == which) for which in (TRAIN, CALIBRATION, TEST)]
    assert np.allclose(shares, (0.7, 0.1, 0.2), atol=0.03)


def test_every_class_is_shared_out_likewise(store):
    with Store(store) as opened:
        part = split_store(opened, "gene", ("corner", "side"), np.random.default_rng(1))
        labels = opened.labels("corner")
    for label in range(4):
        assert 0.55 < np.mean(part[labels == label] == TRAIN) < 0.85
        assert np.any(part[labels == label] == TEST)


def test_random_is_70_to_30_of_images(store):
    with Store(store) as opened:
        part = split_store(opened, "random", ("corner",), np.random.default_rng(0))
        straddling = [gene for gene in set(opened.genes) if len(set(part[opened.genes == gene])) > 1]
    assert not np.any(part == CALIBRATION)
    assert abs(np.mean(part == TRAIN) - 0.7) < 0.02
    assert straddling


def test_the_seed_decides(store):
    with Store(store) as opened:
        first, again, other = (
            split_store(opened, "gene", ("corner",), np.random.default_rng(seed)) for seed in (5, 5, 6)
        )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_images_without_a_gene_are_their_own_group(tmp_path):
    with StoreWriter(tmp_path / "s.h5", 8, 8) as writer:
        for number in range(50):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=str(number))
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(50) % 2)
    with Store(tmp_path / "s.h5") as opened:
        part = split_store(opened, "gene", ("kind",), np.random.default_rng(0))
    assert np.abs(np.bincount(part) - [35, 5, 10]).max() <= 1


def test_a_stored_split_is_taken_as_it_is_and_must_be_complete(tmp_path):
    def write(name, parts):
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


def test_an_unknown_kind_is_named(store):
    with Store(store) as opened, pytest.raises(ConfigError, match="'colour'"):
        split_store(opened, "colour", ("corner",), np.random.default_rng(0))


def twins(path, splits=None):
    """40 images of 20 genes; image 5 of gene 2 is image 30 of gene 15."""
    with StoreWriter(path, 8, 8) as writer:
        for number in range(40):
            pixels = np.full((8, 8, 3), 5 if number == 30 else number, np.uint8)
            split = splits[number] if splits else ""
            writer.append(pixels, id=f"i{number}", gene=f"g{number // 2}", split=split)
        writer.add_task(LabelSpace("kind", ("x", "y")), np.arange(40) % 2)
    return Store(path)


def test_equal_images_are_found(tmp_path):
    with twins(tmp_path / "s.h5") as opened:
        (found,) = duplicates(opened.read(0, 40), np.arange(40))
    assert found.tolist() == [5, 30]


@pytest.mark.parametrize("kind", ["gene", "random"])
def test_equal_images_stay_together(tmp_path, kind):
    with twins(tmp_path / "s.h5") as opened:
        for seed in range(20):
            part = split_store(opened, kind, ("kind",), np.random.default_rng(seed), [np.array([5, 30])])
            assert part[5] == part[30]
            if kind == "gene":
                assert len(set(part[[4, 5, 30, 31]])) == 1, "and so do the rest of their genes"


def test_a_stored_split_that_parts_equal_images_is_refused_by_name(tmp_path):
    with twins(tmp_path / "s.h5", ["train"] * 20 + ["test"] * 20) as opened:
        with pytest.raises(StoreError, match=r"several parts: i5 \(train\), i30 \(test\)"):
            split_store(opened, "stored", (), np.random.default_rng(0), [np.array([5, 30])])
        assert len(split_store(opened, "stored", (), np.random.default_rng(0))) == 40
