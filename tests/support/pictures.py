"""What a picture that was written shows: its pixels, and where on it something lies."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

_SVG = "{http://www.w3.org/2000/svg}"


def decoded(picture: Path | io.BytesIO) -> NDArray[np.uint8]:
    """The pixels of a picture, RGB (H, W, 3)."""
    with Image.open(picture) as opened:
        return np.asarray(opened.convert("RGB"))


def embedded(page: str) -> list[NDArray[np.uint8]]:
    """The pixels of every picture that stands in an HTML page or an SVG text itself, in their order."""
    contents = re.findall(r"data:image/(?:png|jpeg);base64,([\w+/=\s]+)", page)
    return [decoded(io.BytesIO(base64.b64decode(content))) for content in contents]


def coloured(pixels: NDArray[np.uint8], colour: str) -> NDArray[np.bool_]:
    """Which pixels have a colour such as "#2166ac", (H, W)."""
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return np.asarray((np.abs(pixels.astype(np.int64) - wanted) <= 2).all(2))


def axes_showing(figure: Figure, array: NDArray[np.generic]) -> list[Axes]:
    """The axes of a page that show just this array as a picture."""
    held = [(axes, image.get_array()) for axes in figure.axes for image in axes.images]
    return [axes for axes, shown in held if shown is not None and np.array_equal(np.asarray(shown), array)]


def within(pixels: NDArray[np.uint8], axes: Axes) -> NDArray[np.uint8]:
    """The part of a page, (h, w, 3), that lies under `axes`."""
    box, (height, width) = axes.get_position(), pixels.shape[:2]
    top, bottom = round((1 - box.y1) * height), round((1 - box.y0) * height)
    return pixels[top:bottom, round(box.x0 * width) : round(box.x1 * width)]


def colour_at(part: NDArray[np.uint8], shape: tuple[int, ...], y: int, x: int) -> NDArray[np.int64]:
    """The colour, (3,), in the middle of place (y, x) of an array of `shape` that fills a part of a page."""
    row, column = round((y + 0.5) / shape[0] * part.shape[0]), round((x + 0.5) / shape[1] * part.shape[1])
    return np.asarray(part[row, column], np.int64)


def colours_at(part: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The colours in the middle of all places of an array of `shape` (h, w) that fills a part of a page, (h, w, 3)."""
    places = np.ndindex(shape[0], shape[1])
    return np.array([colour_at(part, shape, y, x) for y, x in places]).reshape(*shape[:2], 3)


def texts_of(path: Path) -> list[str]:
    """The texts of an SVG."""
    return ["".join(text.itertext()) for text in ElementTree.parse(path).iter(f"{_SVG}text")]


def pictures_of(path: Path) -> int:
    """How many pictures an SVG holds."""
    return len(list(ElementTree.parse(path).iter(f"{_SVG}image")))


def page_size(path: Path) -> tuple[float, float]:
    """Width and height of the page of a PDF, in inches."""
    head = path.read_bytes().partition(b"/MediaBox [")[2].partition(b"]")[0]
    _, _, width, height = map(float, head.split())
    return width / 72, height / 72


def pdf_pictures(path: Path) -> int:
    """How many pictures a PDF holds."""
    return path.read_bytes().count(b"/Subtype /Image")
