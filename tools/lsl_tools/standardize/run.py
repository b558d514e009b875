"""The standardization of many photographs: work through them, choose their mirroring, write store and rejects."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError, StoreError
from lsl_shared.files.store_writer import StoreWriter, refuse_existing
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.spaces import label_column, label_spaces
from lsl_tools.importing.terms import term_column, term_space
from lsl_tools.standardize.orientation import Turns
from lsl_tools.standardize.photograph import SIZE, Standardized
from lsl_tools.standardize.quality import ANTERIOR_UNCERTAIN, DORSAL_UNCERTAIN
from lsl_tools.standardize.report import Reject, StandardizeReport, rejects_path, write_rejects
from lsl_tools.standardize.sheet.sheet_page import Tile, write_page
from lsl_tools.standardize.sheet.thumbnail import jpeg, photograph_thumbnail
from lsl_tools.standardize.source import list_photographs, read_photograph
from lsl_tools.standardize.transform import write_transform
from lsl_tools.standardize.worker import Outcome, outcomes

__all__ = ["Chooser", "standardize_images", "standardize_listing"]

BLOCK = 32  # photographs whose mirroring is chosen together
MOST_TILES = 1000  # rejects that the contact sheet shows


class Chooser(Protocol):
    """Whatever chooses the mirroring of standardized images uint8 (N, 128, 320, 3), as `Orienter` does."""

    def choose(self, images: NDArray[np.uint8]) -> Turns:
        """See `lsl_tools.standardize.orientation.Orienter.choose`."""


def standardize_images(
    source: str | Path,
    store: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    size: tuple[int, int] = SIZE,
    chooser: Chooser | None = None,
    keep_flagged: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> StandardizeReport:
    """Makes the image store `store` of standardized embryos from raw photographs.

    `source`, `labels` and `tasks` are those of `import_images`; OME-TIFF and OME-Zarr are read as well. `chooser`
    decides the mirroring, such as `Orienter.load()`; None leaves it as photographed. Photographs with flags are left
    out unless `keep_flagged`, and listed with the unreadable ones in STORE.rejects.csv and, with thumbnails, in
    STORE.rejects.html beside the store. `workers` processes, by default one a core: a script that asks for more than
    one guards its own work with `if __name__ == "__main__":`. Raises LslError where nothing can be made.
    """
    refuse_existing(store, overwrite)
    listing = list_photographs(source, labels=labels, tasks=tasks)
    return standardize_listing(
        listing, store, size=size, chooser=chooser, keep_flagged=keep_flagged, overwrite=overwrite, workers=workers,
        on_progress=on_progress,
    )  # fmt: skip


def standardize_listing(
    listing: Listing,
    store: str | Path,
    *,
    size: tuple[int, int] = SIZE,
    chooser: Chooser | None = None,
    keep_flagged: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> StandardizeReport:
    """Standardizes listed photographs; see `standardize_images`."""
    store = Path(store)
    refuse_existing(store, overwrite)
    spaces = label_spaces(listing)
    samples, repeated = _once(listing.samples)
    made = outcomes([sample.path for sample in samples], size, workers or os.cpu_count() or 1)
    skipped = [Reject(left_out.source, "", "", (left_out.reason,)) for left_out in listing.skipped]
    account = _Account(keep_flagged, [*skipped, *repeated], unreadable=len(skipped))
    with ExitStack() as stack:
        writer: StoreWriter | None = None
        for sample, outcome in _oriented(samples, made, chooser):
            image = account.keeps(sample, outcome)
            if image is not None:
                if writer is None:  # opened late, so that a run without a good photograph makes no store
                    writer = stack.enter_context(StoreWriter(store, *size, overwrite=overwrite))
                writer.append(
                    image, id=sample.id, gene=sample.gene, view=sample.view, source=sample.source, split=sample.split
                )
            if on_progress is not None:
                on_progress(1)
        if writer is not None:
            _write_labels(writer, [sample for sample, _ in account.kept], spaces)
            write_transform(writer, account.kept)
    rejects = tuple(account.rejects)
    write_rejects(rejects_path(store), rejects)
    write_page(rejects_path(store).with_suffix(".html"), "Photographs set aside", account.tiles)
    if writer is None:
        raise _nothing_kept(store, rejects)
    return StandardizeReport(
        store, len(listing.samples) + len(skipped), len(account.kept), size, rejects, account.unreadable,
        rejects_path(store), listing.notes,
    )  # fmt: skip


def _once(samples: Sequence[Sample]) -> tuple[list[Sample], list[Reject]]:
    """The samples, each id once (FlyExpress keeps a photograph in several folders), and the repeated ones."""
    first: dict[str, Sample] = {}
    repeated = []
    for sample in samples:
        before = first.setdefault(sample.id, sample)
        if before is not sample:
            reason = f"is the same photograph as {before.source}"
            repeated.append(Reject(sample.source, sample.id, sample.gene, (reason,)))
    return list(first.values()), repeated


def _write_labels(writer: StoreWriter, kept: list[Sample], spaces: dict[str, LabelSpace]) -> None:
    for space in spaces.values():
        writer.add_task(space, label_column(kept, space))
    terms = term_space(kept)
    if terms is not None:
        writer.add_terms(terms, term_column(kept, terms))


@dataclass
class _Account:
    """What is kept and what is set aside."""

    keep_flagged: bool
    rejects: list[Reject]
    unreadable: int = 0
    kept: list[tuple[Sample, Standardized]] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)

    def keeps(self, sample: Sample, outcome: Outcome) -> NDArray[np.uint8] | None:
        """The image for the store, or None for what is set aside."""
        result = outcome.result
        reasons = result.flags if result is not None else (outcome.problem,)
        image = result.image if result is not None and (self.keep_flagged or not reasons) else None
        if reasons:
            self.rejects.append(Reject(sample.source, sample.id, sample.gene, reasons, kept=image is not None))
            self.unreadable += result is None
            self._show(sample, outcome, reasons)
        if result is not None and image is not None:
            self.kept.append((sample, _light(result)))
        return image

    def _show(self, sample: Sample, outcome: Outcome, reasons: tuple[str, ...]) -> None:
        if len(self.tiles) < MOST_TILES:
            image = outcome.result.image if outcome.result is not None else None
            before = outcome.thumbnail or _drawn(sample.path, outcome.result)
            after = jpeg(image) if image is not None else b""
            self.tiles.append(Tile(sample.source, before, after, "; ".join(reasons), flagged=True))


def _drawn(path: Path, result: Standardized | None) -> bytes:
    """The thumbnail of a photograph that got its flags only when its mirroring was chosen."""
    if result is None:
        return b""
    try:
        return photograph_thumbnail(read_photograph(path), result)
    except (OSError, ImageError):  # it was there a moment ago
        return b""


def _light(result: Standardized) -> Standardized:
    """The result without its pixels, to be kept till the end."""
    return Standardized(result.photograph_size, result.flags, None, result.pose, result.found, result.probabilities)


def _oriented(
    samples: Sequence[Sample], made: Iterator[Outcome], chooser: Chooser | None
) -> Iterator[tuple[Sample, Outcome]]:
    """Samples with outcomes whose mirroring is chosen, block by block."""
    pairs = zip(samples, made, strict=True)
    while block := list(islice(pairs, BLOCK)):
        if chooser is not None:
            block = _chosen(block, chooser)
        yield from block


def _chosen(block: list[tuple[Sample, Outcome]], chooser: Chooser) -> list[tuple[Sample, Outcome]]:
    """What was standardized before keeps its mirroring; top and bottom are not told apart in dorsal, ventral views."""
    asked = [place for place, (_, outcome) in enumerate(block) if _may_turn(outcome.result)]
    if not asked:
        return block
    seen = np.stack([_as_seen(outcome.result) for _, outcome in (block[place] for place in asked)])
    turns = chooser.choose(seen)
    for row, place in enumerate(asked):
        sample, outcome = block[place]
        lateral = sample.view in ("", "lateral")
        flags = [] if turns.certain_x[row] else [ANTERIOR_UNCERTAIN]
        flags += [DORSAL_UNCERTAIN] if lateral and not turns.certain_y[row] else []
        likely = (float(turns.probability_x[row]), float(turns.probability_y[row]) if lateral else float("nan"))
        assert outcome.result is not None
        turned = outcome.result.turned(bool(turns.flip_x[row]), bool(turns.flip_y[row]) and lateral, likely, flags)
        block[place] = sample, Outcome(turned, outcome.thumbnail)
    return block


def _may_turn(result: Standardized | None) -> bool:
    return result is not None and result.found is not None and not result.found.standardized


def _as_seen(result: Standardized | None) -> NDArray[np.uint8]:
    """The image at the size that the network was trained on."""
    assert result is not None and result.image is not None
    if result.image.shape[:2] == SIZE:
        return result.image
    return np.asarray(cv2.resize(result.image, SIZE[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _nothing_kept(store: Path, rejects: tuple[Reject, ...]) -> StoreError:
    example = f"{rejects[0].source}: {'; '.join(rejects[0].reasons)}" if rejects else "no photograph was listed"
    said = f"none of {len(rejects)} photographs passed, no store was made; the first: {example}"
    return StoreError(store, f"{said} (all are in {rejects_path(store).name}; --keep-flagged keeps doubtful ones)")
