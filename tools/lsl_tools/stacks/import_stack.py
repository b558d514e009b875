"""A store from a stack of images that someone keeps in an HDF5, MATLAB or NumPy file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lsl_shared.errors import StoreError
from lsl_shared.files.output_file import refuse_inputs
from lsl_shared.files.store_writer import refuse_existing
from lsl_tools.importing.coarse_sets import coarse_notes, further_tasks
from lsl_tools.importing.report import ImportReport, class_counts
from lsl_tools.importing.sample_store import SampleStore
from lsl_tools.importing.size import default_size, fit_image
from lsl_tools.importing.spaces import label_spaces
from lsl_tools.stacks.prepared import PreparedStack, StackKeys, prepared_stack

__all__ = ["check_store", "import_stack", "write_stack"]


def import_stack(
    source: str | Path,
    store: str | Path,
    *,
    images: str | None = None,
    labels: Sequence[str] = (),
    ids: str = "",
    genes: str = "",
    axes: str = "",
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
    size: tuple[int, int] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Makes an image store from a stack of images in an HDF5, MATLAB v7.3 or NumPy file, block by block.

    Args:
        source: The file: HDF5, .mat of version 7.3, .npy or .npz.
        store: The store to make.
        images: Where the images lie in the file: N images of one or three colours, 8 or 16 bits; None takes the only
            stack that there is.
        labels: Where labels lie, one number or text an image; each becomes a task. NaN, −1 and NA are no label. Beside
            a .npy it is another .npy.
        ids: Where the names of the images lie; '' numbers them from 0.
        genes: Where the genes of the images lie; '' where they are not known.
        axes: The order of the axes of `images` as h5ls shows it, such as "nhwc" or MATLAB's "cwhn"; '' finds it.
        tasks: The names of the tasks, "NAME" or "NAME:COARSE" each; without any they are called as the labels' keys.
        allows: Tables of the fine classes that the classes of a coarse task allow, a column for each of the two.
        size: (H, W) of the store's images, in pixels; None for that of the stack, at most 512 a side.
        overwrite: Whether a store that exists is replaced.
        on_progress: Called with the number of images just written.

    Returns:
        What was made.

    Raises:
        LslError: Nothing can be made. A store that existed is then as it was.

    Example:
        >>> import numpy as np
        >>> from lsl_tools import import_stack
        >>> pixels = np.zeros((4, 32, 48, 3), np.uint8)
        >>> np.savez("own.npz", images=pixels, species=["oak", "oak", "palm", ""])
        >>> report = import_stack("own.npz", "own.h5", images="images", labels=["species"])
        >>> report.images, report.size, report.counts
        (4, (32, 48), {'species': (2, 1)})
    """
    check_store(source, store, overwrite)
    keys = StackKeys(images, tuple(labels), ids, genes, axes)
    with prepared_stack(Path(source), keys, tasks, Path(store).parent, allows) as prepared:
        return write_stack(prepared, store, size=size, overwrite=overwrite, on_progress=on_progress)


def check_store(source: str | Path, store: str | Path, overwrite: bool) -> None:
    """Raises StoreError where the store cannot be made, or would replace the stack."""
    refuse_existing(store, overwrite)
    refuse_inputs(store, "STORE", [source], StoreError)


def write_stack(
    prepared: PreparedStack,
    store: str | Path,
    *,
    size: tuple[int, int] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Brings the images of a stack to one size and writes the store; see `import_stack`."""
    listing, agreed = prepared.listing, size or default_size([prepared.size])
    spaces, count = label_spaces(listing), len(listing.samples)
    further = further_tasks(listing, spaces)
    with SampleStore(store, agreed, overwrite=overwrite) as written:
        for sample, image in zip(listing.samples, prepared.pictures(), strict=True):
            written.add(sample, fit_image(image, agreed, enlarge=size is not None))
            if on_progress:
                on_progress(1)
        columns = written.add_labels(spaces, further)
    return ImportReport(
        store=Path(store),
        images=count,
        size=agreed,
        resized=count if agreed != prepared.size else 0,
        tasks=spaces,
        counts={name: class_counts(columns[name], space) for name, space in spaces.items()},
        genes=len({sample.gene for sample in listing.samples} - {""}),
        views={"": count},
        splits={"": count},
        notes=(*listing.notes, *coarse_notes(listing, spaces, columns)),
        several=tuple(further),
    )
