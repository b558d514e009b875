"""Stain density of an in situ hybridization photograph, by optical density against its own unstained tissue.

Beer and Lambert: absorbers add in optical density, OD = -log10(light through / light of the ground). In an embryo
three things add: tissue (yellow yolk included), shading (DIC relief, thick rims: light lost in all colours) and the
NBT/BCIP precipitate, which takes red and green about equally and less than half as much blue. So a picture is read as
two planes, red-green and blue, and after the tissue is subtracted each pixel is split in two:

    red-green = stain + shade            blue = STAIN_BLUE · stain + SHADE_BLUE · shade

Saturated stain is nearly black and has lost its colour, so the split would call it shade. Shade is therefore bounded by
what unstained embryos show, and by less where the surroundings are stained or the pixel is darker than shade can be.

The constants come from the 165 standardized BDGP photographs of FlyExpress: what `tools/bench/expression.py constants`
finds stands in brackets; the others were chosen on contact sheets of all photographs. OD is decadic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_shared.measures.embryo_mask import embryo_mask, ground_light, is_grey, odd_kernel
from lsl_shared.measures.order import nth_smallest
from lsl_shared.process.scratch import scratch

__all__ = ["Expression", "expression"]

STAIN_BLUE = 0.47  # blue OD for one red-green OD of stain (found 0.475; 0.28 to 0.58 between photographs)
SHADE_BLUE = 0.86  # blue OD for one red-green OD of shade (0.859)
DARKEST_SHADE, BRIGHTEST_SHADE = 0.16, 0.06  # OD by which shade darkens or brightens tissue (0.164, 0.066)
CERTAIN_STAIN = 0.3  # OD above tissue beyond which darkness alone is stain
UNSTAINED_SHARE = 0.15  # share of the embryo taken for unstained
UNSTAINED_SPREAD = 0.02  # standard deviation of the stain that the split finds in unstained tissue (0.020)
# Unstained tissue lies well inside these limits, which leave room for tinted light and thick embryos.
DARKEST_TISSUE = 0.18  # red-green OD (found up to 0.096)
BLUEST_TISSUE = 0.05  # red-green minus blue OD (0.016)
YELLOWEST_TISSUE = 0.2  # blue minus red-green OD (0.061)

FloatPlane = NDArray[np.float32]

_LEVEL_OD = -np.log10(np.maximum(np.arange(256, dtype=np.float32), 1))  # (256,): of each grey level


@dataclass(frozen=True)
class Expression:
    """Where and how strongly an embryo is stained; see `expression`."""

    density: NDArray[np.float32]
    """(H, W) in 0..1: the decadic optical density of the stain in red and green, clipped at 1; 0 outside `mask`.

    So 0.3 halves the red light, and 1 lets a tenth through. The darkest stain of the BDGP photographs lies near 0.75.
    """
    mask: NDArray[np.bool_]
    """(H, W): where the embryo is; empty for a picture without one."""


def expression(image: NDArray[np.uint8]) -> Expression:
    """Tells where and how strongly an embryo is stained, from one standardized photograph.

    Unstained tissue is estimated in the same picture. It is held within what real embryos show, so that an embryo
    stained all over is not taken for its own reference. A strong tint whose ground was made white therefore reads as
    faint stain everywhere. A grey picture (three equal channels) cannot tell shade from stain: its density is darkness
    beyond the tissue's.

    Args:
        image: uint8 (H, W, 3), RGB: an embryo on bright ground.

    Returns:
        Stain density and mask, each (H, W). An empty white or black picture gives zeros and an empty mask.

    Raises:
        ImageError: The array has another type or shape.

    Example:
        >>> import numpy as np
        >>> from lsl_shared import expression
        >>> image = np.full((64, 160, 3), 245, np.uint8)  # bright ground
        >>> image[16:48, 20:140] = (215, 215, 200)  # tissue
        >>> image[24:40, 100:124] = (120, 120, 160)  # stain: takes red and green, less of blue
        >>> found = expression(image)
        >>> float(found.density[32, 112]) > 0.2, float(found.density[32, 50]) < 0.05, float(found.density[4, 4])
        (True, True, 0.0)
    """
    _check(image)
    ground = ground_light(image)
    mask = embryo_mask(image, ground)
    if not mask.any():
        return Expression(np.zeros(mask.shape, np.float32), mask)
    red_green, blue = _optical_density(image, ground[0])
    coloured = not is_grey(image)
    tissue = _unstained_tissue(red_green, blue, mask, coloured)
    red_green -= np.float32(tissue[0])
    blue -= np.float32(tissue[1])
    stain = _without_shade(red_green, blue, mask) if coloured else red_green
    np.clip(stain, 0, 1, out=stain)
    return Expression(stain * mask, mask)


def _check(image: NDArray[np.uint8]) -> None:
    if not isinstance(image, np.ndarray):
        raise ImageError(f"an image is a uint8 array (H, W, 3) in RGB; received {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ImageError(f"an image is a uint8 array (H, W, 3) in RGB; received {image.dtype} {image.shape}")


def _optical_density(image: NDArray[np.uint8], light: NDArray[np.float32]) -> tuple[FloatPlane, FloatPlane]:
    """Red-green and blue optical density (H, W), relative to the light of the ground, freed of pixel noise.

    Both are scratch arrays.
    """
    import cv2

    shape = image.shape[:2]
    smooth = cv2.GaussianBlur(image, (0, 0), _length(image, 1.0), dst=scratch("smooth", image.shape, np.uint8))
    channel = scratch("channel", shape, np.uint8)
    red_green, green, blue = planes = [scratch(name, shape) for name in ("red_green", "green", "blue")]
    for place, plane in enumerate(planes):
        cv2.LUT(cv2.extractChannel(smooth, place, dst=channel), _LEVEL_OD, dst=plane)
    ground = np.log10(np.maximum(light, 1))  # (3,)
    red_green += green
    red_green += ground[0]
    red_green += ground[1]
    red_green /= 2
    blue += ground[2]
    return red_green, blue


def _unstained_tissue(
    red_green: FloatPlane, blue: FloatPlane, mask: NDArray[np.bool_], coloured: bool
) -> tuple[float, float]:
    """Optical density of unstained tissue, (red-green, blue): the mean of the least stained part of the interior."""
    import cv2

    least = _least_stained(red_green, blue, _interior(mask), coloured)
    darkness, blueness = cv2.mean(red_green, least)[0], cv2.mean(blue, least)[0]
    # The least stained 15 % of a normal spread lie 1.55 standard deviations below its centre.
    centre = 1.55 * UNSTAINED_SPREAD
    if not coloured:
        tissue = min(darkness + 2 * centre, DARKEST_TISSUE)
        return tissue, tissue
    return _plausible(darkness, blueness - centre * (SHADE_BLUE - STAIN_BLUE))


def _least_stained(
    red_green: FloatPlane, blue: FloatPlane, inside: NDArray[np.bool_], coloured: bool
) -> NDArray[np.uint8]:
    """Where the least stained part of the inside lies, uint8 (H, W): 1 there, else 0."""
    import cv2

    stain, excess = scratch("stain", inside.shape), scratch("excess", inside.shape)
    np.subtract(red_green, _shade(red_green, blue, out=excess) if coloured else 0, out=stain)
    np.subtract(red_green, np.float32(CERTAIN_STAIN), out=excess)
    np.maximum(excess, 0, out=excess)
    stain += excess
    values = stain[inside]
    limit = nth_smallest(values, int(len(values) * UNSTAINED_SHARE))
    return np.asarray(cv2.copyTo((stain <= np.float32(limit)).view(np.uint8), inside.view(np.uint8)), np.uint8)


def _plausible(red_green: float, blue: float) -> tuple[float, float]:
    """Take out of a tissue colour the stain that makes it darker or bluer than unstained tissue is."""
    excess = max(0.0, red_green - DARKEST_TISSUE, (red_green - blue - BLUEST_TISSUE) / (1 - STAIN_BLUE))
    red_green, blue = red_green - excess, blue - STAIN_BLUE * excess
    return red_green, min(blue, red_green + YELLOWEST_TISSUE)


def _interior(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without its rim, where relief and halo are strongest; the whole mask if little would be left."""
    import cv2

    width = odd_kernel(len(mask), 17)
    whole = mask.view(np.uint8)
    eroded = cv2.erode(whole, np.ones((width, width), np.uint8), borderValue=0)
    return eroded.view(bool) if cv2.countNonZero(eroded) > cv2.countNonZero(whole) / 4 else mask


def _shade(red_green: FloatPlane, blue: FloatPlane, out: FloatPlane) -> FloatPlane:
    """Shade (H, W) of the two-way split."""
    np.multiply(red_green, np.float32(STAIN_BLUE), out=out)
    np.subtract(blue, out, out=out)
    out *= np.float32(1 / (SHADE_BLUE - STAIN_BLUE))
    return out


def _without_shade(red_green: FloatPlane, blue: FloatPlane, mask: NDArray[np.bool_]) -> FloatPlane:
    """Stain: red-green less the shade that may be taken off; both planes are overwritten."""
    shade, other = scratch("shade", mask.shape), scratch("other", mask.shape)
    _shade(red_green, blue, out=shade)
    room = _room_for_shade(red_green, shade, mask, out=blue)
    np.multiply(room, np.float32(-BRIGHTEST_SHADE), out=other)
    np.maximum(shade, other, out=shade)
    room *= np.float32(DARKEST_SHADE)
    np.minimum(shade, room, out=shade)
    red_green -= shade
    return red_green


def _room_for_shade(red_green: FloatPlane, shade: FloatPlane, mask: NDArray[np.bool_], out: FloatPlane) -> FloatPlane:
    """How much of the shade's bounds applies, (H, W) in 0..1: less where the surroundings are stained, or the pixel."""
    import cv2

    coloured, around = scratch("other", mask.shape), scratch("around", mask.shape)
    np.subtract(red_green, shade, out=coloured)
    np.add(red_green, np.float32(BRIGHTEST_SHADE), out=out)
    np.minimum(coloured, out, out=coloured)
    coloured *= mask
    cv2.GaussianBlur(coloured, (0, 0), _length(mask, 3.0), dst=around)
    np.subtract(red_green, np.float32(CERTAIN_STAIN), out=out)
    out *= 2
    np.maximum(around, out, out=out)
    out /= np.float32(DARKEST_SHADE)
    np.subtract(1, out, out=out)
    return np.clip(out, 0, 1, out=out)


def _length(plane: NDArray[np.uint8] | NDArray[np.bool_], at_128: float) -> float:
    return max(at_128 * len(plane) / 128, 0.3)
