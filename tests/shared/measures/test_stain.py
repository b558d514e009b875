from __future__ import annotations

import csv
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared import ImageError, expression
from lsl_shared.measures.embryo_mask import embryo_mask
from tests.support.places import DATA

Array = NDArray[Any]

PHOTOGRAPHS = DATA / "flyexpress"
needs_photographs = pytest.mark.skipif(not PHOTOGRAPHS.exists(), reason="the FlyExpress photographs are not here")

HEIGHT, WIDTH = 128, 320
STAIN = np.array([1.0, 0.98, 0.44])  # OD per channel, as measured in photographs, not the two planes of the module
LIGHTS = {"white": (1.0, 1.0, 1.0), "yellowish": (1.0, 0.96, 0.8), "bluish": (0.93, 0.96, 1.0)}


def ellipse(height: int = HEIGHT, width: int = WIDTH) -> Array:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(x**2 + y**2 < 0.94)


def blobs(height: int = HEIGHT, width: int = WIDTH, strongest: float = 0.6) -> Array:
    """A stain field (H, W) in OD: a soft stripe and a soft spot; most of the embryo stays unstained."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    stripe, spot = np.exp(-(((x + 0.4) / 0.12) ** 2)), np.exp(-((x - 0.5) ** 2 + (y / 3) ** 2) / 0.02)
    return np.asarray(strongest * np.maximum(stripe, 0.6 * spot))


def embryo(stain: Array, light: tuple[float, ...] = (1, 1, 1), ground: tuple[float, ...] | None = None) -> Array:
    """Beer and Lambert by hand: light × 10^-(tissue + yolk + relief + stain), on masked white unless ground is told."""
    height, width = stain.shape
    generator = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    relief = 0.03 * np.sin(x * 60 + 9 * y) + generator.normal(0, 0.01, stain.shape)
    yolk = 0.04 * np.exp(-((x / 0.7) ** 2) - (y / 0.5) ** 2)
    tissue = np.array([0.06, 0.065, 0.085]) + relief[..., None] * np.array([1, 0.96, 0.82])
    density = tissue + yolk[..., None] * np.array([0.4, 0.5, 1.0]) + stain[..., None] * STAIN
    inside = 255 * np.array(light) * 10.0**-density
    outside = np.broadcast_to(255 * np.array(ground if ground else (1, 1, 1)), inside.shape)
    picture = np.where(ellipse(height, width)[..., None], inside, outside)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def correlation(a: Array, b: Array, mask: Array) -> float:
    return float(np.corrcoef(a[mask], b[mask])[0, 1])


@pytest.mark.parametrize("masked_ground", [True, False])
@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_a_known_stain_is_recovered_under_coloured_light(light: tuple[float, ...], masked_ground: bool) -> None:
    truth = blobs()
    found = expression(embryo(truth, light, None if masked_ground else light))
    assert correlation(found.density, truth, found.mask) > 0.98
    strong = found.mask & (truth > 0.2)
    assert np.abs(found.density - truth)[strong].mean() < 0.05  # density is the stain's optical density


def test_density_grows_with_the_stain() -> None:
    core = blobs() > 0.3
    means = [expression(embryo(blobs(strongest=od))).density[core].mean() for od in (0, 0.1, 0.2, 0.4, 0.6, 0.9)]
    assert np.all(np.diff(means) > 0.03)
    assert means[0] < 0.02


def test_unstained_tissue_is_dark_in_the_map() -> None:
    for light in LIGHTS.values():
        found = expression(embryo(np.zeros((HEIGHT, WIDTH)), light))
        assert found.density[found.mask].mean() < 0.03


def test_an_embryo_stained_all_over_is_not_its_own_reference() -> None:
    found = expression(embryo(np.full((HEIGHT, WIDTH), 0.5)))
    assert np.median(found.density[found.mask]) > 0.3


def test_a_near_black_embryo_is_stained() -> None:
    image = np.where(ellipse()[..., None], np.uint8(24), np.uint8(255)).repeat(3, axis=2)
    image[..., 2] -= (image[..., 2] < 255).astype(np.uint8) * 4  # not quite grey
    found = expression(image)
    assert np.median(found.density[found.mask]) > 0.7


def test_saturated_stain_that_lost_its_colour_is_not_taken_for_tissue() -> None:
    stain = np.zeros((HEIGHT, WIDTH))
    stain[34:94, 220:260] = 0.3
    image = embryo(stain)
    image[34:94, 60:200] = (22, 20, 26)
    found = expression(image)
    assert found.density[40:88, 66:194].mean() > 0.9
    assert found.density[40:88, 226:254].mean() == pytest.approx(0.3, abs=0.06)


def test_dark_relief_is_not_stain() -> None:
    image = embryo(np.zeros((HEIGHT, WIDTH))).astype(float)
    image[60:68, 60:260] *= 10 ** -(0.12 * np.array([1, 0.96, 0.82]))  # a fold, clearly visible
    found = expression(image.astype(np.uint8))
    assert found.density[60:68, 60:260].mean() < 0.05


def test_the_mask_is_the_embryo() -> None:
    found = expression(embryo(blobs()))
    union, common = (found.mask | ellipse()).sum(), (found.mask & ellipse()).sum()
    assert common / union > 0.98
    assert not found.density[~found.mask].any()
    assert (found.density.dtype.name, found.mask.dtype.name) == ("float32", "bool")
    assert 0 <= found.density.min() < found.density.max() <= 1


def test_mask_has_no_holes_and_no_dust() -> None:
    image = embryo(np.zeros((HEIGHT, WIDTH)))
    image[60:66, 100:106] = 255
    image[3:7, 3:7] = 90
    mask = embryo_mask(image)
    assert mask[60:66, 100:106].all()
    assert not mask[:10, :10].any()


def test_a_grey_object_is_found_on_uneven_ground() -> None:
    generator = np.random.default_rng(0)
    ground = 170 + 12 * np.linspace(-1, 1, WIDTH) + generator.normal(0, 4, (HEIGHT, WIDTH))
    small = np.zeros((HEIGHT, WIDTH), bool)
    small[40:90, 110:200] = True
    picture = np.where(small, 110 + generator.normal(0, 8, small.shape), ground).astype(np.uint8)
    mask = embryo_mask(picture[..., None].repeat(3, axis=2))
    assert (mask & small).sum() / (mask | small).sum() > 0.9


@pytest.mark.parametrize("level", [0, 20, 140, 255])
def test_a_picture_without_an_embryo_is_empty(level: int) -> None:
    found = expression(np.full((HEIGHT, WIDTH, 3), level, np.uint8))
    assert not found.mask.any()
    assert not found.density.any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 9, 3), (17, 5, 3), (64, 64, 3)])
def test_any_size_and_any_content_is_answered(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = expression(noise)
    assert found.density.shape == found.mask.shape == shape[:2]
    assert np.isfinite(found.density).all()


def test_a_grey_picture_reads_as_darkness_beyond_the_tissue() -> None:
    truth = blobs()
    grey = embryo(truth)[..., :1].repeat(3, axis=2)
    found = expression(grey)
    assert correlation(found.density, truth, found.mask) > 0.95
    assert found.density[found.mask & (truth < 0.02)].mean() < 0.05


def test_a_mirrored_picture_gives_the_mirrored_map() -> None:
    image = embryo(blobs())
    there, back = expression(image), expression(np.ascontiguousarray(image[::-1, ::-1]))
    assert np.abs(there.density - back.density[::-1, ::-1]).max() < 0.02


def test_density_does_not_depend_on_the_size() -> None:
    small, large = expression(embryo(blobs())), expression(embryo(blobs(256, 640)))
    halved = large.density.reshape(128, 2, 320, 2).mean(axis=(1, 3))
    assert np.abs(small.density - halved)[small.mask].mean() < 0.02


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (np.zeros((128, 320), np.uint8), "uint8 (128, 320)"),
        (np.zeros((128, 320, 4), np.uint8), "uint8 (128, 320, 4)"),
        (np.zeros((128, 320, 3), np.float32), "float32 (128, 320, 3)"),
        (np.zeros((0, 320, 3), np.uint8), "uint8 (0, 320, 3)"),
        ([[1]], "list"),
    ],
)
def test_anything_but_an_rgb_image_is_refused(image: Any, received: str) -> None:
    with pytest.raises(ImageError, match=re.escape(f"received {received}")):
        expression(image)


def test_importing_it_does_not_import_opencv() -> None:
    code = "import sys, lsl_shared.measures.stain; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def photograph(number: int) -> Array:
    import cv2

    with (PHOTOGRAPHS / "labels.csv").open(newline="") as file:
        name = next(row["file"] for row in csv.DictReader(file) if row["bdgp_image_id"] == str(number))
    picture = cv2.imread(str(PHOTOGRAPHS / name))
    assert picture is not None
    return np.ascontiguousarray(picture[..., ::-1])


@needs_photographs
@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
@pytest.mark.parametrize("number", [67045, 67046, 30437, 28844, 64381])
def test_a_stain_added_to_an_unstained_photograph_is_recovered(number: int, light: tuple[float, ...]) -> None:
    picture = photograph(number).astype(float)
    tissue, truth = picture.min(axis=2) < 250, blobs()
    lit = np.where(tissue[..., None], picture * np.array(light) * 10.0 ** -(truth[..., None] * STAIN), 255)
    found = expression(np.round(lit).astype(np.uint8))
    assert correlation(found.density, truth, found.mask & tissue) > 0.98


@needs_photographs
@pytest.mark.parametrize("number", [67044, 67046, 30436, 30439, 30437, 28844, 67014, 67019, 67015, 64381, 64382, 64384])
def test_unstained_photographs_stay_dark(number: int) -> None:
    found = expression(photograph(number))
    assert found.density[found.mask].mean() < 0.025


@needs_photographs
def test_the_near_black_photograph_is_stained() -> None:
    found = expression(photograph(64376))
    assert np.median(found.density[found.mask]) > 0.5


@needs_photographs
def test_the_midgut_stains_and_the_rest_does_not() -> None:
    image = photograph(67055)  # two solid dark patches
    density = expression(image).density
    patch = image.max(axis=2) < 90
    pale = (image.min(axis=2) > 190) & (image.max(axis=2) < 240)
    assert density[patch].mean() > 0.5
    assert density[pale].mean() < 0.03
