"""What SOURCE is: a folder tree, FlyExpress, a table, a microscope's file; listed with labels, before any decoding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.tables.rows import TABLE_SUFFIXES
from lsl_shared.wording import command_line
from lsl_tools.importing.allows import read_allows
from lsl_tools.importing.find_images import find_images
from lsl_tools.importing.flyexpress import is_flyexpress, list_flyexpress
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.scenes import one_sample, with_scenes
from lsl_tools.importing.spaces import with_implied_labels
from lsl_tools.importing.table import list_table
from lsl_tools.importing.tasks import FLY_TASKS, TaskSpec, parse_tasks
from lsl_tools.importing.tree import list_tree
from lsl_tools.microscopes.read import is_microscopes
from lsl_tools.pictures.file_kinds import other_kind
from lsl_tools.pictures.picture_file import first_bytes
from lsl_tools.tables.table import read_table

__all__ = ["list_source"]

_UNUSED = (".csv", ".tsv", ".xlsx", ".ods")


def list_source(
    source: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
) -> Listing:
    """The images to import with all their labels, before any is decoded. Raises LslError."""
    source, specs = Path(source), parse_tasks(tasks)
    tables = read_allows(allows, specs)
    if labels is not None and not source.is_dir():
        found = "is a file" if source.exists() else "does not exist"
        raise ConfigError(f"--labels goes with a folder as SOURCE, but {source} {found}")
    if labels is not None:
        listing = list_table(read_table(_beside(Path(labels), source)), source, specs, tables)
    elif is_microscopes(source):
        listing = Listing((one_sample(source),))
    elif source.is_dir():
        listing = _list_folder(source, specs)
    elif not source.exists():
        raise DataFileError(source, "no such file or folder")
    elif source.suffix.lower() not in TABLE_SUFFIXES:
        raise DataFileError(source, _not_a_source(source))
    else:
        listing = list_table(read_table(source), source.parent, specs, tables)
    return with_implied_labels(replace(with_scenes(listing), allows=tables))


def _not_a_source(source: Path) -> str:
    expected = "expected a folder of images, or a CSV or workbook that names them in a column `file`"
    other = other_kind(source.name, first_bytes(source))
    return f"{other.told}; {expected}" if other else expected


def _list_folder(source: Path, specs: tuple[TaskSpec, ...]) -> Listing:
    found = find_images(source)
    if specs in ((), FLY_TASKS[:1]) and is_flyexpress(found.paths):
        listing = list_flyexpress(source, found.paths)
    else:
        listing = list_tree(source, found.paths, specs)
        tables = sorted(path.name for path in source.iterdir() if path.suffix.lower() in _UNUSED)
        if tables:
            taking = command_line("--labels", tables[0])
            unused = f"{tables[0]} in the folder was not used; {taking} takes labels from it"
            listing = replace(listing, notes=(*listing.notes, unused))
    return replace(listing, skipped=(*found.skipped, *listing.skipped), notes=(*listing.notes, *found.notes))


def _beside(labels: Path, source: Path) -> Path:
    """The CSV as named from the working folder, else as named from SOURCE."""
    return source / labels if not labels.exists() and (source / labels).exists() else labels
