"""Contact sheets: every image of a standardized store beside its photograph, as an HTML page or one PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, DataFileError, ImageError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.output_file import check_writable
from lsl_shared.files.store import Store
from lsl_shared.measures.embryo_mask import embryo_mask
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.standardize.sheet.sheet_page import Tile, write_page
from lsl_tools.standardize.sheet.thumbnail import THUMBNAIL, draw_outline, fitted, jpeg
from lsl_tools.standardize.transform import read_pose

__all__ = ["MOST_IN_PNG", "contact_sheet", "png_sheet", "sheet_tiles"]

MOST_IN_PNG: Final = 400
COLUMNS: Final = 4
CELL: Final = (THUMBNAIL[0] + 128 + 40, 330)


def contact_sheet(
    store: str | Path, target: str | Path, *, photographs: str | Path | None = None, images: int | None = None
) -> int:
    """Writes the contact sheet of a store to `target`, .html or .png, and returns the number of images on it.

    Of a standardized store each image is shown below its photograph, with outline, long axis and flags; a photograph is
    looked for where it was when it was standardized, or below the folder `photographs`. Any other store shows its
    images alone. `images`: at most so many, evenly spaced over the store. Raises ConfigError for another kind of
    target or more images than a PNG holds, StoreError for the store.
    """
    target = Path(target)
    kind = target.suffix.lower()
    if kind not in (".html", ".png"):
        raise ConfigError(f"--out {target}: expected a name that ends in .html or .png")
    check_writable(target)
    with Store(store) as opened:
        places = _places(len(opened), images)
        if kind == ".png" and len(places) > MOST_IN_PNG:
            raise ConfigError(f"a PNG holds {MOST_IN_PNG} images, not {len(places)}: choose .html, or --images N")
        tiles = list(sheet_tiles(opened, places, None if photographs is None else Path(photographs)))
    if kind == ".html":
        write_page(target, f"Contact sheet of {opened.path.name}", tiles)
    else:
        _write_png(target, tiles)
    return len(tiles)


def sheet_tiles(store: Store, places: Sequence[int], photographs: Path | None = None) -> Iterator[Tile]:
    """The tiles of the images at `places` of a store; see `contact_sheet`."""
    traced = store.has_transform("box")
    flags = store.transform("flags") if store.has_transform("flags") else np.full(len(store), "", object)
    for place in places:
        image = store.read(place, place + 1)[0]
        before = _photograph_thumbnail(store, place, image, photographs) if traced else b""
        lost = "photograph not found" if traced and not before else ""
        words = "; ".join(text for text in (str(flags[place]), lost) if text)
        yield Tile(str(store.ids[place]), before, jpeg(fitted(image, (128, 320))[0]), words, bool(flags[place]))


def png_sheet(tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    """The tiles in rows of four as one picture uint8 (H, W, 3), RGB."""
    cells = [_cell(tile) for tile in tiles]
    cells += [np.full((*CELL, 3), 255, np.uint8)] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[first : first + COLUMNS]) for first in range(0, len(cells), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _places(count: int, images: int | None) -> list[int]:
    wanted = count if images is None else min(images, count)
    return [place * count // wanted for place in range(wanted)]


def _photograph_thumbnail(store: Store, place: int, image: NDArray[np.uint8], root: Path | None) -> bytes:
    """The photograph with the outline found in the standardized image led back to it; b'' where it cannot be read."""
    pose = read_pose(store, place)
    try:
        photograph = read_photograph(_photograph_path(store, place, root), _channel(store, place)).pixels
    except (OSError, ImageError, DataFileError):
        return b""
    small, scale = fitted(photograph, THUMBNAIL)
    contours, _ = cv2.findContours(embryo_mask(image).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if contours:
        back = cv2.invertAffineTransform(pose.matrix)
        points = np.asarray(max(contours, key=cv2.contourArea), np.float64).reshape(-1, 2)
        draw_outline(small, (points @ back[:, :2].T + back[:, 2]) * scale, pose, scale)
    return jpeg(small)


def _photograph_path(store: Store, place: int, root: Path | None) -> Path:
    return Path(str(store.transform("photograph")[place])) if root is None else root / str(store.sources[place])


def _channel(store: Store, place: int) -> str:
    """The channel that was asked for, '' where none was."""
    return str(store.transform("channel")[place]) if store.has_transform("channel") else ""


def _cell(tile: Tile) -> NDArray[np.uint8]:
    cell = np.full((*CELL, 3), 255, np.uint8)
    if tile.before:
        _lay(cell, _decoded(tile.before), 2)
    if tile.after:
        _lay(cell, _decoded(tile.after), THUMBNAIL[0] + 6)
    colour = (190, 0, 0) if tile.flagged else (0, 0, 0)
    for line, text in enumerate((tile.name, tile.words)):
        plain = text.encode("ascii", "replace").decode()[:52]
        cv2.putText(cell, plain, (5, CELL[0] - 18 + 13 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
    return cell


def _lay(cell: NDArray[np.uint8], picture: NDArray[np.uint8], top: int) -> None:
    left = (cell.shape[1] - picture.shape[1]) // 2
    cell[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


def _decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def _write_png(target: Path, tiles: Sequence[Tile]) -> None:
    encoded = cv2.imencode(".png", cv2.cvtColor(png_sheet(tiles), cv2.COLOR_RGB2BGR))[1]
    with atomic_path(target) as temporary:
        temporary.write_bytes(encoded.tobytes())
