from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part, PartFiles, part_keys
from lsl_runtime.model.saliency_methods import Saliency
from tests.support.other_program import held


@pytest.fixture
def part() -> Part:
    generator = np.random.default_rng(0)
    saliency = (
        generator.random((5, 16, 40), dtype=np.float32) * np.array([1, 2, 0, 1e-9, 1e6], np.float32)[:, None, None]
    )
    return Part(
        probabilities={"stage": generator.random((5, 4), dtype=np.float32)},
        errors=["", "", "it broke", "", ""],
        saliency=saliency,
        features=generator.random((5, 3), dtype=np.float32),
    )


def test_written_part_is_valid_for_its_key_alone(tmp_path: Path, part: Part) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    assert not files.is_valid(range(5))
    files.write(range(5), part)
    assert files.is_valid(range(5))
    assert not files.is_valid(range(5, 10))
    assert not PartFiles(tmp_path / "a.annotations.h5", ("other",), 2).is_valid(range(5))
    assert [path.name for path in files.folder.iterdir()] == ["part-000000000-000000005.h5"]


def test_quantized_maps_are_within_half_a_step(tmp_path: Path, part: Part) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    files.write(range(5), part)
    with h5py.File(files.path(range(5))) as file:
        restored = file["saliency"][...] * (file["saliency_scale"][...] / 255)[:, None, None]
        assert list(file["error"].asstr()[...]) == part.errors
        np.testing.assert_array_equal(file["probabilities/stage"][...], part.probabilities["stage"])
    assert part.saliency is not None
    step = part.saliency.max((1, 2), keepdims=True) / 255
    assert (np.abs(restored - part.saliency) <= step * 0.501).all()


@pytest.mark.parametrize("damage", [b"", b"no HDF5 at all"])
def test_damaged_part_is_not_valid(tmp_path: Path, part: Part, damage: bytes) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    files.write(range(5), part)
    files.path(range(5)).write_bytes(damage)
    assert not files.is_valid(range(5))


def test_truncated_part_is_not_valid(tmp_path: Path, part: Part) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    files.write(range(5), part)
    whole = files.path(range(5)).read_bytes()
    files.path(range(5)).write_bytes(whole[: len(whole) * 2 // 3])
    assert not files.is_valid(range(5))


def test_key_depends_on_everything() -> None:
    maps, both = Outputs(Saliency()), Outputs(Saliency(), features=True)
    keys = {
        part_keys("f", "d", maps, "fp32"), part_keys("g", "d", maps, "fp32"), part_keys("f", "e", maps, "fp32"),
        part_keys("f", "d", Outputs(), "fp32"), part_keys("f", "d", maps, "fp16"), part_keys("f", "d", both, "fp32"),
    }  # fmt: skip
    assert len(keys) == 6


def test_key_is_that_of_earlier_runs() -> None:
    """SHA-256 of the JSON list of all that a part depends on, the names of its outputs sorted."""
    outputs = Outputs(Saliency("smoothgrad"), features=True, constrain="stage_range")
    names = '["constrained-by:stage_range", "features", "saliency:smoothgrad:16:0.2"]'
    expected = tuple(hashlib.sha256(f'["f", "d", {names}, "fp32", {k}]'.encode()).hexdigest() for k in (3, 2))
    assert part_keys("f", "d", outputs, "fp32") == expected


def test_remove_takes_the_folder_away(tmp_path: Path, part: Part) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    files.write(range(5), part)
    files.remove()
    assert not files.folder.exists()


def test_a_part_that_another_program_holds_open_is_valid(tmp_path: Path, part: Part) -> None:
    files = PartFiles(tmp_path / "a.annotations.h5", ("key",), 2)
    files.folder.mkdir()
    files.write(range(5), part)
    with held(files.path(range(5)), "r+"):
        assert files.is_valid(range(5))
        files.open(range(5)).close()
