"""A stack made ready for a store: its images as samples with their labels, their size, and their pixels when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, DataFileError, ImageError
from lsl_tools.importing.allows import read_allows
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.tasks import parse_tasks
from lsl_tools.stacks.axes import axes_of, check_axes, images_first
from lsl_tools.stacks.columns import read_labels_at, read_texts
from lsl_tools.stacks.depth import Depth, depth_of
from lsl_tools.stacks.samples import list_stack, named_tasks
from lsl_tools.stacks.stack import Stack, open_stack

__all__ = ["PreparedStack", "StackKeys", "prepared_stack"]


@dataclass(frozen=True)
class StackKeys:
    """Where images and what is known of them lie in a file, and how the axes of the images follow each other."""

    images: str | None = None
    labels: tuple[str, ...] = ()
    ids: str = ""
    genes: str = ""
    axes: str = ""


@dataclass(frozen=True)
class PreparedStack:
    """An open stack, of which all is known but the pixels."""

    listing: Listing
    stack: Stack
    order: str
    """Of its axes, such as "nhwc"."""
    depth: Depth

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of its images."""
        return self.stack.shape[self.order.index("h")], self.stack.shape[self.order.index("w")]

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        """The images one by one, uint8 (H, W, 3); grey is repeated. Raises DataFileError."""
        for block in self.stack.blocks(self.order.index("n")):
            for image in self.depth.pixels(images_first(block, self.order)):
                yield np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image


@contextmanager
def prepared_stack(
    path: Path, keys: StackKeys, tasks: Iterable[str], scratch: Path, allows: Iterable[str | Path] = ()
) -> Iterator[PreparedStack]:
    """Opens a stack and reads what is known of its images; a .npz is unpacked into the folder `scratch`.

    Raises LslError where something is missing, does not fit, or cannot be read.
    """
    specs = parse_tasks(tasks)
    tables = read_allows(allows, specs)
    with open_stack(path, keys.images, scratch) as stack:
        named = named_tasks(keys.labels, specs)
        columns = {name: read_labels_at(path, key, scratch) for name, key in named.items()}
        texts = {name: read_texts(path, key, scratch) for name, key in (("id", keys.ids), ("gene", keys.genes)) if key}
        order, told = _axes(stack, keys.axes, {**columns, **texts})
        listing = list_stack(stack, stack.shape[order.index("n")], columns, texts, specs, tables)
        depth = _depth(stack, order)
        unlabelled = () if keys.labels else (f"no labels were taken; --labels-key KEY takes those in {path.name}",)
        notes = (told, *depth.notes, *listing.notes, *unlabelled)
        yield PreparedStack(replace(listing, notes=notes), stack, order, depth)


def _axes(stack: Stack, given: str, columns: dict[str, list[str]]) -> tuple[str, str]:
    """The order of the axes, and a note that tells it."""
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count:,} of {name}" for name, count in counts.items())
        raise DataFileError(stack.path, f"expected one entry an image, found {told}")
    count = next(iter(counts.values()), None)
    try:
        if given:
            check_axes(given, stack.shape, count)
        order, meaning = (given, "as --axes says") if given else axes_of(stack.shape, stack.writer, count)
    except ConfigError as problem:
        raise DataFileError(stack.path, str(problem), stack.key) from None
    return order, _told(stack, order, meaning)


def _told(stack: Stack, order: str, meaning: str) -> str:
    sides = {"c": 1, **dict(zip(order, stack.shape, strict=True))}
    images = f"{sides['n']:,} images of {sides['h']} × {sides['w']} in {'colour' if sides['c'] == 3 else 'grey'}"
    return f"{f'{stack.key} ' if stack.key else ''}{stack.shape} is read as {images}: axes {order}, {meaning}"


def _depth(stack: Stack, order: str) -> Depth:
    try:
        return depth_of(stack.dtype, lambda: stack.blocks(order.index("n")))
    except ImageError as problem:
        raise DataFileError(stack.path, str(problem), stack.key) from None
