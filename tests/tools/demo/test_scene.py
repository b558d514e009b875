from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.scene import Scene, compose_scene


@pytest.fixture(scope="module")
def embryos() -> list[np.ndarray]:
    return [sample.image for sample in demo_images(4, seed=1)]


def make(embryos: list[np.ndarray], seed: int, neighbours: int = 0) -> Scene:
    return compose_scene(embryos[0], embryos[1 : 1 + neighbours], np.random.default_rng(seed), (360, 507))


def test_the_main_embryo_lies_whole_inside_the_frame(embryos: list[np.ndarray]) -> None:
    for seed in range(6):
        scene = make(embryos, seed, neighbours=2)
        edge = np.ones((360, 507), bool)
        edge[2:-2, 2:-2] = False
        assert scene.photograph.shape == (360, 507, 3)
        assert not (scene.mask & edge).any()
        assert 0.03 < scene.mask.mean() < 0.5


def test_the_angle_is_that_of_the_mask(embryos: list[np.ndarray]) -> None:
    for seed in range(6):
        scene = make(embryos, seed)
        moments = cv2.moments(scene.mask.astype(np.uint8), True)
        axis = 0.5 * np.degrees(np.arctan2(2 * moments["mu11"], moments["mu20"] - moments["mu02"]))
        assert (axis - scene.angle + 90) % 180 - 90 == pytest.approx(0, abs=4)  # demo embryos lie askew a little


def test_neighbours_do_not_cover_the_main_embryo(embryos: list[np.ndarray]) -> None:
    alone, among = make(embryos, 3), make(embryos, 3, neighbours=3)
    assert (alone.mask == among.mask).all()
    inner = cv2.erode(alone.mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    away = np.abs(cv2.blur(alone.photograph, (9, 9)).astype(int) - cv2.blur(among.photograph, (9, 9)))
    assert np.median(away[inner]) < 12
    assert away[~alone.mask].max() > 30


def test_flips_are_told(embryos: list[np.ndarray]) -> None:
    drawn = {(scene.flip_x, scene.flip_y) for scene in (make(embryos, seed) for seed in range(12))}
    assert len(drawn) == 4
