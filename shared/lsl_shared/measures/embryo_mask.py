"""Where the embryo lies in a transmitted-light picture: everything that is not ground, as one region without holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["embryo_mask", "ground_light", "is_grey", "odd_kernel"]

BORDER = 2  # pixels of the frame's edge in which the ground is looked for
SAME_GROUND = 20  # grey levels within which edge pixels belong to one ground
DARKEST_GROUND = 32  # no light comes through a darker ground
LEAST_STEP = 2.0  # grey levels; masked ground is exactly white, tissue seldom is
GREY_LEVELS = 2  # by which channels differ in a grey picture, compression included
GREY_SHARE = 0.8  # of Otsu's threshold; below it the weak rims of grey objects stay inside
_FEW_ROWS = 16  # one row in so many is looked at first
LEAST_AREA = 0.02  # of the picture; smaller things are dust


def odd_kernel(image_height: int, at_128: int) -> int:
    """Odd kernel width in pixels: `at_128` for a picture 128 pixels high, in proportion for others, at least 1."""
    return 2 * round((at_128 // 2) * image_height / 128) + 1


def ground_light(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """Colour of the ground and its spread.

    The ground is the brightest tone along the frame's edge. `image` is uint8 (H, W, 3). Returns float32 (3,) in
    0..255, and the noise of the ground in grey levels (robust standard deviation, largest of the channels).
    """
    sides = (image[:BORDER], image[-BORDER:], image[:, :BORDER], image[:, -BORDER:])
    edge = np.concatenate([side.reshape(-1, 3) for side in sides])  # (pixels, 3)
    brightest = _middle(np.ascontiguousarray(edge.T), 0.9)
    same = _near(edge[None], brightest, SAME_GROUND)[0] > 0
    if not same.any():
        return brightest, 0.0
    ground = np.ascontiguousarray(edge[same].T)  # (3, pixels)
    colour = _middle(ground, 0.5)
    spread = 1.4826 * float(_middle(np.abs(ground - colour[:, None]), 0.5).max())
    return colour, spread


def embryo_mask(image: NDArray[np.uint8], ground: tuple[NDArray[np.float32], float] | None = None) -> NDArray[np.bool_]:
    """Mask of the embryo, bool (H, W), of a picture uint8 (H, W, 3) in which some ground shows at the edge.

    The largest region that differs from the ground, closed over thin gaps and filled. All False where there is none:
    an empty white picture, a black one (no light comes through the ground), or nothing but dust. `ground` is what
    `ground_light` says of the picture, for callers who have it.
    """
    height, width = image.shape[:2]
    empty = np.zeros((height, width), bool)
    if min(height, width) < 2 * BORDER:
        return empty
    colour, spread = ground or ground_light(image)
    if colour.max() < DARKEST_GROUND:
        return empty
    step = max(LEAST_STEP, 4 * spread)
    # A grey picture of another field has a natural, uneven ground. Stain would mislead Otsu, so colour never gets here.
    differs = _differs_naturally(image, colour, step) if spread and is_grey(image) else _differs(image, colour, step)
    mask = _largest_filled(differs)
    return mask if mask.mean() >= LEAST_AREA else empty


def is_grey(image: NDArray[np.uint8]) -> bool:
    """Whether the three channels of a picture uint8 (H, W, 3) are the same, up to compression."""
    some = np.ascontiguousarray(image[::_FEW_ROWS])  # enough to tell that most coloured pictures are coloured
    return _is_grey(some) and _is_grey(image)


def _is_grey(image: NDArray[np.uint8]) -> bool:
    import cv2

    red, green, blue = cv2.split(image)
    return bool(max(cv2.absdiff(red, green).max(), cv2.absdiff(green, blue).max()) <= GREY_LEVELS)


def _middle(values: NDArray[np.uint8] | NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """The quantile of each row, float32 (rows,), between neighbours in proportion: np.quantile, many times faster."""
    place = share * (values.shape[1] - 1)
    low = int(place)
    high = min(low + 1, values.shape[1] - 1)
    ordered = np.partition(values, (low, high), axis=1)
    below, above = ordered[:, low].astype(np.float32), ordered[:, high].astype(np.float32)
    return np.asarray(below + (above - below) * np.float32(place - low), np.float32)


def _differs(image: NDArray[np.uint8], colour: NDArray[np.float32], step: float) -> NDArray[np.uint8]:
    import cv2

    differs = cv2.bitwise_not(_near(image, colour, step))
    return np.asarray(cv2.medianBlur(differs, 3), np.uint8)


def _near(image: NDArray[np.uint8], colour: NDArray[np.float32], distance: float) -> NDArray[np.uint8]:
    """255 where every channel lies within `distance` of the colour, uint8 (H, W), else 0."""
    import cv2

    centre = colour.astype(float)
    low, high = np.ceil(centre - distance).clip(0, 256), np.floor(centre + distance).clip(-1, 255)
    return np.asarray(cv2.inRange(image, tuple(low.tolist()), tuple(high.tolist())), np.uint8)


def _differs_naturally(image: NDArray[np.uint8], colour: NDArray[np.float32], step: float) -> NDArray[np.uint8]:
    import cv2

    distance = cv2.GaussianBlur(np.abs(image[..., 0] - colour[0]).astype(np.uint8), (0, 0), 1.0)
    otsu, _ = cv2.threshold(distance, 0, 1, cv2.THRESH_OTSU)
    return np.asarray(cv2.medianBlur((distance > max(step, GREY_SHARE * otsu)).astype(np.uint8), 3), np.uint8)


def _largest_filled(differs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    import cv2

    closing, opening = (odd_kernel(len(differs), at_128) for at_128 in (11, 7))
    # The embryo may touch the frame: a margin keeps closing and opening from treating the edge as tissue.
    margin = closing + 1
    closed = cv2.copyMakeBorder(differs, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (closing, closing)))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(closed)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    filled = cv2.morphologyEx(filled, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (opening, opening)))
    return np.asarray(filled[margin:-margin, margin:-margin], bool)
