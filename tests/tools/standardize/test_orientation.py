from __future__ import annotations

import subprocess
import sys
from importlib import resources

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from lsl_shared import BundleError, ImageError, Manifest
from lsl_shared.files.manifest import METADATA_KEY, golden_image
from lsl_tools.demo.dataset import demo_images
from lsl_tools.standardize.orientation import GRAPH, Orienter


@pytest.fixture(scope="module")
def graph() -> bytes:
    """The file that is shipped."""
    return (resources.files("lsl_tools.standardize") / GRAPH).read_bytes()


@pytest.fixture(scope="module")
def orienter() -> Orienter:
    return Orienter.load(threads=1)


@pytest.fixture(scope="module")
def embryos() -> NDArray[np.uint8]:
    """Synthetic embryos of all ages, anterior left, dorsal up."""
    return np.stack([embryo.image for embryo in demo_images(24, seed=99)])


def test_the_file_is_small_and_holds_no_path(graph: bytes) -> None:
    assert len(graph) < 2_000_000
    assert b"/tmp" not in graph
    assert b"/work" not in graph


def test_the_file_answers_the_golden_image_as_the_network_did(graph: bytes) -> None:
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    manifest = Manifest.from_json(session.get_modelmeta().custom_metadata_map[METADATA_KEY], GRAPH)
    said = np.concatenate(session.run(["logits", "logits_dorsal"], {"image": golden_image(128, 320)}), axis=1)
    assert manifest.golden is not None
    np.testing.assert_allclose(said[0], manifest.golden.logits, rtol=1e-3, atol=1e-3)
    assert manifest.training["held_out_genes"]


def test_synthetic_embryos_are_turned_right(orienter: Orienter, embryos: NDArray[np.uint8]) -> None:
    mirrored = embryos[:, ::-1, ::-1]
    for images, turned in ((embryos, False), (mirrored, True)):
        turns = orienter.choose(images)
        assert np.mean(turns.flip_x == turned) > 0.9
        assert np.mean(turns.flip_y == turned) > 0.75


@pytest.mark.parametrize(("x", "y"), [(-1, 1), (1, -1), (-1, -1)])
def test_a_mirrored_image_gets_the_mirrored_answer(
    orienter: Orienter, embryos: NDArray[np.uint8], x: int, y: int
) -> None:
    plain, mirrored = orienter.choose(embryos[::2]), orienter.choose(embryos[::2, ::y, ::x])
    np.testing.assert_array_equal(plain.flip_x ^ (x < 0), mirrored.flip_x)
    np.testing.assert_array_equal(plain.flip_y ^ (y < 0), mirrored.flip_y)
    np.testing.assert_allclose(plain.probability_x, mirrored.probability_x, atol=1e-4)
    np.testing.assert_allclose(plain.probability_y, mirrored.probability_y, atol=1e-4)
    np.testing.assert_array_equal(plain.certain_x, mirrored.certain_x)
    np.testing.assert_array_equal(plain.certain_y, mirrored.certain_y)


def test_what_looks_the_same_both_ways_is_not_certain(orienter: Orienter) -> None:
    ellipse = np.full((128, 320, 3), 255, np.uint8)
    cv2.ellipse(ellipse, (int(159.5 * 16), int(63.5 * 16)), (156 * 16, 60 * 16), 0, 0, 360, (190, 190, 180), -1, 8, 4)
    same = np.maximum(np.maximum(ellipse, ellipse[::-1]), np.maximum(ellipse[:, ::-1], ellipse[::-1, ::-1]))
    turns = orienter.choose(same[None])
    assert turns.probability_x[0] == pytest.approx(0.5, abs=1e-3)
    assert turns.probability_y[0] == pytest.approx(0.5, abs=1e-3)
    assert not turns.certain_x[0]
    assert not turns.certain_y[0]


def test_certainty_is_probability_above_the_threshold(orienter: Orienter, embryos: NDArray[np.uint8]) -> None:
    turns = orienter.choose(embryos)
    least_x, least_y = orienter.thresholds
    assert 0.5 < least_x < 1
    assert 0.5 < least_y < 1
    np.testing.assert_array_equal(turns.certain_x, turns.probability_x >= least_x)
    np.testing.assert_array_equal(turns.certain_y, turns.probability_y >= least_y)
    for values in (turns.probability_x, turns.probability_y):
        assert values.dtype == np.float32
        assert 0.5 <= values.min() <= values.max() <= 1


def test_batches_do_not_matter(orienter: Orienter, embryos: NDArray[np.uint8]) -> None:
    whole, single = orienter.choose(embryos[:18]), orienter.choose(embryos[17:18])
    assert len(whole.flip_x) == 18
    assert single.probability_x[0] == pytest.approx(whole.probability_x[17], abs=1e-4)


def test_no_images_no_answers(orienter: Orienter) -> None:
    assert orienter.choose(np.zeros((0, 128, 320, 3), np.uint8)).flip_x.shape == (0,)


@pytest.mark.parametrize("images", [np.zeros((1, 64, 160, 3), np.uint8), np.zeros((1, 128, 320, 3), np.float32)])
def test_other_images_are_refused(orienter: Orienter, images: NDArray[np.generic]) -> None:
    with pytest.raises(ImageError, match=r"uint8 \(N, 128, 320, 3\)"):
        orienter.choose(images)  # type: ignore[arg-type]


def test_a_damaged_file_is_told(graph: bytes) -> None:
    with pytest.raises(BundleError, match="install lsl-toolkit again"):
        Orienter(graph[:1000]).choose(np.zeros((1, 128, 320, 3), np.uint8))


def test_neither_torch_nor_onnx_is_needed() -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['onnx'] = None; import numpy as np;"
        "from lsl_tools.standardize.orientation import Orienter;"
        "print(Orienter.load(threads=1).choose(np.full((1, 128, 320, 3), 255, np.uint8)).certain_x)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[False]"
