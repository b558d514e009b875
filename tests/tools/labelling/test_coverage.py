from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from lsl_shared import Annotations
from lsl_tools.labelling import coverage
from lsl_tools.labelling.coverage import spread_choice, unit_features


def drawn(n: int, known: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    features = generator.standard_normal((n + known, 6)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return (
        features, generator.uniform(0.5, 1.5, n), generator.integers(0, 3, n + known),
        generator.integers(0, 8, n + known),
    )  # fmt: skip


def naive(n: int, features: np.ndarray, weights: np.ndarray, coarse: np.ndarray, groups: np.ndarray) -> list[int]:
    """Facility location with every coverage worked out anew."""
    chosen: list[int] = []
    taken: list[int] = []
    known = list(range(len(weights), len(features)))

    def near(i: int, centres: list[int]) -> float:
        return max([0.0, *(float(features[i] @ features[j]) for j in centres if coarse[j] == coarse[i])])

    while len(chosen) < n:
        gains = []
        for j in range(len(weights)):
            now, then = known + chosen, [*known, *chosen, j]
            more = sum(weights[i] * (near(i, then) - near(i, now)) for i in range(len(weights)))
            gains.append(-1.0 if j in chosen else more / (1 + taken.count(int(groups[j]))))
        chosen.append(int(np.argmax(gains)))
        taken.append(int(groups[chosen[-1]]))
    return chosen


def test_each_choice_is_the_one_that_adds_most() -> None:
    for seed in range(3):
        data = drawn(30, 8, seed)
        assert spread_choice(9, *data).tolist() == naive(9, *data)


def test_it_ends_when_nothing_is_left() -> None:
    found = spread_choice(50, *drawn(12, 3))
    assert sorted(found.tolist()) == list(range(12))


def test_large_classes_are_sampled(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(coverage, "_MOST", 10)
    features, weights, coarse, groups = drawn(60, 0)
    found = spread_choice(60, features, weights, coarse, groups)
    assert [np.sum(coarse[found] == k) for k in range(3)] == [10, 10, 10]


def test_features_are_of_length_one_and_keep_their_angles_when_there_are_many(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((4, 3000))
    features = np.repeat(centres, 3, axis=0) + 0.5 * generator.standard_normal((12, 3000))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"format": "lsl-annotations", "version": 1})
        file["status"] = np.ones(12, np.uint8)
        for name in ("id", "error"):
            file.create_dataset(name, data=[""] * 12, dtype=h5py.string_dtype())
        file["features"] = features.astype(np.float16)
    with Annotations(tmp_path / "a.h5") as given:
        found = unit_features(given, np.array([3, 0, 11]))
    wanted = features[[3, 0, 11]] / np.linalg.norm(features[[3, 0, 11]], axis=1, keepdims=True)
    assert found.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=0.12)
