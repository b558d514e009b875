"""The image list of the Berkeley Drosophila Genome Project: insitu_images.csv, without a header, in Latin-1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.fly import STAGE_RANGES
from lsl_shared.tables.damage import whole_number
from lsl_shared.tables.gene_names import read_genes
from lsl_shared.tables.missing import is_missing_gene
from lsl_shared.tables.rows import read_table_rows
from lsl_tools.fetching.remote_path import remote_path
from lsl_tools.importing.fly_labels import RANGE_OF_CODE
from lsl_tools.tables.views import VIEWS, read_view

__all__ = ["ImageList", "ListedImage", "read_image_list", "read_rows", "select_images"]

_CELLS: Final = 10
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
    """The photographs in their order, each once; `repeated` rows named one again, `problems` tell of unusable rows.

    `notes` tell of genes that a spreadsheet may have changed.
    """

    images: tuple[ListedImage, ...]
    repeated: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_image_list(path: str | Path) -> ImageList:
    """Reads a list of id, symbol, annotation symbol, FBgn, clone, path, stage code, view, comment, resolution.

    A photograph that is listed for several genes goes to the first. Rows that cannot be used are left out and told.
    Raises DataFileError where the file cannot be read or holds no usable row.
    """
    images: dict[str, ListedImage] = {}
    names: dict[str, str] = {}
    repeated, problems = 0, list[str]()
    rows = read_rows(path, _CELLS)
    for line, row in rows:
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
    symbols = [(row[1], line) for line, row in rows if len(row) == _CELLS]
    notes = read_genes([symbol for symbol, _ in symbols], [line for _, line in symbols]).notes
    return ImageList(tuple(_with_unique_ids(images.values())), repeated, tuple(problems), notes)


def select_images(
    listed: ImageList,
    *,
    views: Sequence[str] | None = None,
    stage_ranges: Sequence[str] | None = None,
    limit: int | None = None,
) -> ImageList:
    """The first `limit` images of these views and stage ranges (all where None). ConfigError for an unknown one."""
    for flag, asked, known in (("view", views, VIEWS), ("stage-range", stage_ranges, STAGE_RANGES)):
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


def read_rows(path: str | Path, cells: int) -> list[tuple[int, list[str]]]:
    """The rows of a table of so many cells a row, without a header, with their line numbers; a MySQL null is ''.

    Raises DataFileError.
    """
    found = read_table_rows(path, lambda row: len(row) == cells, strict=False)
    return [(line, ["" if cell == _NULL else cell for cell in row]) for line, row in found.rows]


def _listed(row: list[str], names: dict[str, str]) -> ListedImage:
    """The image of a row; `names` maps FBgn to the gene's name. ValueError for a row that cannot be used."""
    if len(row) != _CELLS:
        raise ValueError(f"has {len(row)} cells, expected {_CELLS}")
    _, symbol, cg, fbgn, _, path, code, view, _, _ = row
    code = whole_number(code) or code
    if code not in RANGE_OF_CODE:
        raise ValueError(f"stage code {code!r} is not one of {', '.join(RANGE_OF_CODE)}")
    gene = ("" if is_missing_gene(symbol) else symbol) or cg or fbgn
    gene = names.setdefault(fbgn, gene) if fbgn else gene
    checked = remote_path(path)
    known = read_view(view)
    return ListedImage(
        PurePosixPath(checked).stem, checked, gene, cg, fbgn, RANGE_OF_CODE[code], known if known in VIEWS else ""
    )


def _with_unique_ids(images: Iterable[ListedImage]) -> Iterator[ListedImage]:
    """Files of one name in several folders get their whole path as id."""
    listed = list(images)
    counts = Counter(image.id for image in listed)
    for image in listed:
        yield image if counts[image.id] == 1 else replace(image, id=str(PurePosixPath(image.path).with_suffix("")))
