"""The import itself: agree on one size, decode and write the images, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError, StoreError
from lsl_shared.files.store_writer import StoreWriter, refuse_existing
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.decode import Pictures
from lsl_tools.importing.listing import Listing, Sample, Skipped
from lsl_tools.importing.report import ImportReport
from lsl_tools.importing.size import default_size, fit_image
from lsl_tools.importing.source import list_source
from lsl_tools.importing.spaces import label_column, label_spaces
from lsl_tools.importing.terms import term_column, term_space
from lsl_tools.pictures.image_header import read_header

__all__ = ["import_images", "write_listing"]


def import_images(
    source: str | Path,
    store: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    size: tuple[int, int] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Makes the image store `store` from a folder of pictures or a CSV that names them.

    `labels`: a CSV whose paths are below the folder `source`; `tasks`: "COLUMN" or "COLUMN:PARENT" each; `size`:
    (H, W), else `default_size`; `on_progress` is called with the number of images just done. Unreadable pictures are
    left out and listed in the report. Raises LslError where nothing can be made; the target is then as it was.
    """
    refuse_existing(store, overwrite)
    listing = list_source(source, labels=labels, tasks=tasks)
    return write_listing(listing, store, size=size, overwrite=overwrite, on_progress=on_progress)


def write_listing(
    listing: Listing,
    store: str | Path,
    *,
    size: tuple[int, int] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Decodes the listed images, brings them to one size and writes the store; see `import_images`."""
    refuse_existing(store, overwrite)
    spaces = label_spaces(listing)
    agreed = size or listing.size or default_size(_sizes(listing))
    pictures = Pictures(listing, on_progress or (lambda _: None))
    resized, kept = 0, list[Sample]()
    with ExitStack() as stack:
        writer: StoreWriter | None = None
        for sample, pixels in pictures:
            if writer is None:  # opened late, so that an import without a readable image makes no folder
                writer = stack.enter_context(StoreWriter(store, *agreed, overwrite=overwrite))
            fitted = fit_image(pixels, agreed, enlarge=size is not None, border=listing.border)
            resized += fitted is not pixels
            writer.append(
                fitted, id=sample.id, gene=sample.gene, view=sample.view, source=sample.source, split=sample.split
            )
            kept.append(sample)
        if writer is None:
            raise _nothing_readable(store, pictures.skipped)
        columns = {name: label_column(kept, space) for name, space in spaces.items()}
        for name, space in spaces.items():
            writer.add_task(space, columns[name])
        terms = term_space(kept)
        if terms is not None:
            writer.add_terms(terms, term_column(kept, terms))
    return ImportReport(
        store=Path(store),
        images=len(kept),
        size=agreed,
        resized=resized,
        tasks=spaces,
        counts={name: _per_class(columns[name], space) for name, space in spaces.items()},
        genes=len({sample.gene for sample in kept} - {""}),
        views=dict(Counter(sample.view for sample in kept)),
        splits=dict(Counter(sample.split for sample in kept)),
        skipped=(*listing.skipped, *pictures.skipped),
        repeated=tuple(pictures.repeated),
        contradictory=tuple(pictures.contradictory),
        notes=(*listing.notes, *pictures.remarks()),
    )


def _sizes(listing: Listing) -> list[tuple[int, int]]:
    """The sizes of the images whose headers can be read; the others are told about when they are decoded."""
    sizes = []
    for sample in listing.samples:
        try:
            with sample.path.open("rb") as stream:
                sizes.append(read_header(stream).shown_size)
        except (OSError, ImageError):
            continue
    return sizes or [(1, 1)]


def _per_class(labels: NDArray[np.int16], space: LabelSpace) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(labels[labels >= 0], minlength=len(space)))


def _nothing_readable(store: str | Path, skipped: list[Skipped]) -> StoreError:
    example = f"{skipped[0].source}: {skipped[0].reason}" if skipped else "no image was listed"
    return StoreError(store, f"none of {len(skipped)} images could be read, nothing was made; the first: {example}")
