"""The import itself: agree on one size, decode and write the images, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from lsl_shared.errors import ImageError, StoreError
from lsl_shared.files.store_writer import refuse_existing
from lsl_tools.importing.coarse_sets import coarse_notes, further_tasks
from lsl_tools.importing.decode import Pictures
from lsl_tools.importing.listing import Listing, Skipped
from lsl_tools.importing.report import ImportReport, class_counts
from lsl_tools.importing.sample_store import SampleStore
from lsl_tools.importing.size import default_size, fit_image, fitting_scale
from lsl_tools.importing.source import list_source
from lsl_tools.importing.spaces import label_spaces
from lsl_tools.microscopes.read import photograph_size
from lsl_tools.pictures.read_image import Picture

__all__ = ["import_images", "write_listing"]


def import_images(
    source: str | Path,
    store: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
    size: tuple[int, int] | None = None,
    channel: str = "",
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Makes an image store from a folder of pictures, or from a CSV that names them.

    Args:
        source: A folder of pictures (PNG, JPEG, BMP, TIFF, CZI, LIF, ND2, OME-Zarr), or a CSV with a column `file`.
        store: The store to make.
        labels: A CSV with a column `file` (paths below the folder `source`) and label columns.
        tasks: The label columns or levels of folders, "COLUMN" or "COLUMN:COARSE" each, one for each coarse task.
        allows: Tables of the fine classes that the classes of a coarse task allow, a column for each of the two.
        size: (H, W) of the store's images, in pixels; None for the commonest size, at most 512 a side.
        channel: The name of the channel to take of microscopes' files that have several.
        overwrite: Whether a store that exists is replaced.
        on_progress: Called with 1 after each picture.

    Returns:
        What was made. Pictures that cannot be read are left out and listed there.

    Raises:
        LslError: Nothing can be made. A store that existed is then as it was.

    Example:
        >>> from pathlib import Path
        >>> import cv2, numpy as np
        >>> from lsl_tools import import_images
        >>> for place, name in enumerate(("oak", "oak", "palm")):
        ...     Path("leaves", name).mkdir(parents=True, exist_ok=True)
        ...     _ = cv2.imwrite(f"leaves/{name}/{place}.png", np.full((32, 48, 3), 80 * place, np.uint8))
        >>> report = import_images("leaves", "leaves.h5")
        >>> report.images, report.size, report.counts
        (3, (32, 48), {'label': (2, 1)})
    """
    refuse_existing(store, overwrite)
    listing = list_source(source, labels=labels, tasks=tasks, allows=allows)
    return write_listing(listing, store, size=size, channel=channel, overwrite=overwrite, on_progress=on_progress)


def write_listing(
    listing: Listing,
    store: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channel: str = "",
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Decodes the listed images, brings them to one size and writes the store; see `import_images`."""
    refuse_existing(store, overwrite)
    spaces = label_spaces(listing)
    further = further_tasks(listing, spaces)
    agreed = size or listing.size or default_size(_sizes(listing))
    pictures = Pictures(listing, on_progress or (lambda _: None), channel)
    resized = 0
    with SampleStore(store, agreed, overwrite=overwrite) as written:
        for sample, picture in pictures:
            fitted = fit_image(picture.pixels, agreed, enlarge=size is not None, border=listing.border)
            resized += fitted is not picture.pixels
            written.add(sample, fitted, _pixel_size(picture, agreed, enlarge=size is not None))
        kept = written.samples
        if not kept:
            raise _nothing_readable(store, pictures.skipped)
        columns = written.add_labels(spaces, further)
    return ImportReport(
        store=Path(store),
        images=len(kept),
        size=agreed,
        resized=resized,
        tasks=spaces,
        counts={name: class_counts(columns[name], space) for name, space in spaces.items()},
        genes=len({sample.gene for sample in kept} - {""}),
        views=dict(Counter(sample.view for sample in kept)),
        splits=dict(Counter(sample.split for sample in kept)),
        skipped=(*listing.skipped, *pictures.skipped),
        repeated=tuple(pictures.repeated),
        contradictory=tuple(pictures.contradictory),
        notes=(*listing.notes, *coarse_notes(listing, spaces, columns), *pictures.remarks.told()),
        several=tuple(further),
    )


def _pixel_size(picture: Picture, size: tuple[int, int], *, enlarge: bool) -> tuple[float, float] | None:
    """That of the picture brought to `size`, in µm."""
    if picture.pixel_size is None:
        return None
    height, width, _ = picture.pixels.shape
    scale = fitting_scale((height, width), size, enlarge)
    return picture.pixel_size[0] / scale, picture.pixel_size[1] / scale


def _sizes(listing: Listing) -> list[tuple[int, int]]:
    """The sizes of the images whose headers can be read; the others are told about when they are decoded."""
    sizes = []
    for sample in listing.samples:
        try:
            sizes.append(photograph_size(sample.path))
        except (OSError, ImageError):
            continue
    return sizes or [(1, 1)]


def _nothing_readable(store: str | Path, skipped: list[Skipped]) -> StoreError:
    example = f"{skipped[0].source}: {skipped[0].reason}" if skipped else "no image was listed"
    return StoreError(store, f"none of {len(skipped)} images could be read, nothing was made; the first: {example}")
