"""The image list of the Berkeley Drosophila Genome Project: insitu_images.csv, without a header, in Latin-1."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.fly import STAGE_RANGES
from lsl_shared.system_errors import unreadable
from lsl_tools.fetching.remote_path import remote_path

__all__ = ["RANGE_OF_CODE", "ImageList", "ListedImage", "read_image_list", "read_rows", "select_images"]

RANGE_OF_CODE: Final = {str(code): name for code, name in enumerate(STAGE_RANGES, 1)}
"""Stage codes "1" … "6" → "1-3" … "13-17"."""
_CELLS: Final = 10
_VIEWS: Final = ("lateral", "dorsal", "ventral")
_NULL: Final = "\\N"


@dataclass(frozen=True)
class ListedImage:
    """One photograph of the list. `path` is where the server keeps it, `id` its file's name without the ending."""

    id: str
    path: str
    gene: str
    """Symbol; one name for all rows of a FlyBase gene, so that a split by gene keeps them together."""
    cg: str
    fbgn: str
    stage_range: str
    view: str


@dataclass(frozen=True)
class ImageList:
    """The photographs in their order, each once; `repeated` rows named one again, `problems` tell of unusable rows."""

    images: tuple[ListedImage, ...]
    repeated: int = 0
    problems: tuple[str, ...] = ()


def read_image_list(path: str | Path) -> ImageList:
    """Reads a list of id, symbol, annotation symbol, FBgn, clone, path, stage code, view, comment, resolution.

    A photograph that is listed for several genes goes to the first. Rows that cannot be used are left out and told.
    Raises DataFileError where the file cannot be read or holds no usable row.
    """
    images: dict[str, ListedImage] = {}
    names: dict[str, str] = {}
    repeated, problems = 0, list[str]()
    for line, row in read_rows(path):
        try:
            image = _listed(row, names)
        except ValueError as problem:
            problems.append(f"{Path(path).name}: line {line}: {problem}")
            continue
        repeated += image.path in images
        images.setdefault(image.path, image)
    if not images:
        first = f"; the first problem: {problems[0]}" if problems else ""
        raise DataFileError(path, f"names no image; expected {_CELLS} cells a row, without a header{first}")
    return ImageList(tuple(_with_unique_ids(images.values())), repeated, tuple(problems))


def select_images(
    listed: ImageList,
    *,
    views: Sequence[str] | None = None,
    stage_ranges: Sequence[str] | None = None,
    limit: int | None = None,
) -> ImageList:
    """The first `limit` images of these views and stage ranges (all where None). ConfigError for an unknown one."""
    for flag, asked, known in (("view", views, _VIEWS), ("stage-range", stage_ranges, STAGE_RANGES)):
        unknown = [name for name in asked or () if name not in known]
        if unknown:
            raise ConfigError(f"--{flag} must be one of {', '.join(known)}, received {unknown[0]!r}")
    chosen = [
        image
        for image in listed.images
        if (not views or image.view in views) and (not stage_ranges or image.stage_range in stage_ranges)
    ]
    if not chosen:
        raise ConfigError("no listed image is of that view and stage range")
    return replace(listed, images=tuple(chosen[:limit]))


def read_rows(path: str | Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV in Latin-1, by comma or tab, with their line numbers; a MySQL null is ''. DataFileError."""
    try:
        text = Path(path).read_bytes().decode("latin-1")
    except OSError as problem:
        raise DataFileError(path, unreadable(problem)) from None
    if text.startswith("\x1f\x8b"):
        raise DataFileError(path, "is compressed by gzip: unpack it with gunzip")
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if first.count("\t") > first.count(",") else ",")
    try:
        rows = [(reader.line_num, ["" if cell == _NULL else cell.strip() for cell in row]) for row in reader]
    except csv.Error as problem:
        raise DataFileError(path, f"is not a readable CSV ({problem})", f"line {reader.line_num}") from None
    return [(line, row) for line, row in rows if any(row)]


def _listed(row: list[str], names: dict[str, str]) -> ListedImage:
    """The image of a row; `names` maps FBgn to the gene's name. ValueError for a row that cannot be used."""
    if len(row) != _CELLS:
        raise ValueError(f"has {len(row)} cells, expected {_CELLS}")
    _, symbol, cg, fbgn, _, path, code, view, _, _ = row
    if code not in RANGE_OF_CODE:
        raise ValueError(f"stage code {code!r} is not one of {', '.join(RANGE_OF_CODE)}")
    gene = symbol or cg or fbgn
    gene = names.setdefault(fbgn, gene) if fbgn else gene
    checked = remote_path(path)
    known = view.lower() if view.lower() in _VIEWS else ""
    return ListedImage(PurePosixPath(checked).stem, checked, gene, cg, fbgn, RANGE_OF_CODE[code], known)


def _with_unique_ids(images: Iterable[ListedImage]) -> Iterator[ListedImage]:
    """Files of one name in several folders get their whole path as id."""
    listed = list(images)
    counts = Counter(image.id for image in listed)
    for image in listed:
        yield image if counts[image.id] == 1 else replace(image, id=str(PurePosixPath(image.path).with_suffix("")))
