"""The standardization of many photographs: work through them, write the store and what was set aside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lsl_shared.errors import StoreError
from lsl_shared.files.store_writer import refuse_existing
from lsl_tools.importing.coarse_sets import coarse_notes, further_tasks
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.sample_store import SampleStore
from lsl_tools.importing.spaces import label_spaces
from lsl_tools.standardize.account import Account, each_once
from lsl_tools.standardize.mirroring import Chooser, mirrored
from lsl_tools.standardize.photograph import SIZE
from lsl_tools.standardize.report import Reject, StandardizeReport, rejects_path, write_rejects
from lsl_tools.standardize.sheet.sheet_page import write_page
from lsl_tools.standardize.source import list_photographs
from lsl_tools.standardize.transform import write_transform
from lsl_tools.standardize.worker import Outcome, outcomes

__all__ = ["StandardizeSettings", "standardize_images", "standardize_listing"]


@dataclass(frozen=True, kw_only=True)
class StandardizeSettings:
    """How photographs are standardized."""

    size: tuple[int, int] = SIZE
    """(H, W) of the store's images."""
    channel: str = ""
    """The one to take of microscopes' files that have several."""
    chooser: Chooser | None = None
    """What decides the mirroring; None leaves it as photographed."""
    keep_flagged: bool = False
    """Whether photographs with flags go into the store all the same."""
    overwrite: bool = False
    """Whether a store that exists is replaced."""
    workers: int | None = None
    """Processes; None for one a core."""


def standardize_images(
    source: str | Path,
    store: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
    size: tuple[int, int] = SIZE,
    channel: str = "",
    chooser: Chooser | None = None,
    keep_flagged: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> StandardizeReport:
    """Makes an image store of standardized embryos from raw photographs: found, cut out, turned, brought to one size.

    The photographs that are set aside are listed in STORE.rejects.csv and, with thumbnails, in STORE.rejects.html
    beside the store.

    Args:
        source: What `import_images` takes, or one photograph.
        store: The store to make.
        labels: A CSV with a column `file` (paths below `source`) and label columns.
        tasks: The label columns or levels of folders, "COLUMN" or "COLUMN:COARSE" each, one for each coarse task.
        allows: Tables of the fine classes that the classes of a coarse task allow, a column for each of the two.
        size: (H, W) of the standardized images, in pixels.
        channel: The name of the channel to take of microscopes' files that have several.
        chooser: What decides the mirroring, such as `Orienter.load()`; None leaves it as photographed.
        keep_flagged: Whether photographs with flags go into the store all the same.
        overwrite: Whether a store that exists is replaced.
        workers: Processes, by default one a core. A script with more than one needs `if __name__ == "__main__":`.
        on_progress: Called with 1 after each photograph.

    Returns:
        What was made, and what was set aside and why.

    Raises:
        LslError: Nothing can be made, such as a StoreError where no photograph passed.

    Example:
        >>> import cv2, numpy as np
        >>> from lsl_tools import standardize_images
        >>> photograph = np.full((240, 400, 3), 235, np.uint8)  # an ellipse in place of an embryo
        >>> _ = cv2.ellipse(photograph, (200, 120), (130, 55), 20, 0, 360, (120, 130, 140), -1)
        >>> _ = cv2.imwrite("photograph.png", photograph)
        >>> report = standardize_images("photograph.png", "embryos.h5", keep_flagged=True, workers=1)
        >>> report.images, report.size
        (1, (128, 320))
    """
    refuse_existing(store, overwrite)
    listing = list_photographs(source, labels=labels, tasks=tasks, allows=allows)
    settings = StandardizeSettings(
        size=size, channel=channel, chooser=chooser, keep_flagged=keep_flagged, overwrite=overwrite, workers=workers
    )
    return standardize_listing(listing, Path(store), settings, on_progress or (lambda _: None))


def standardize_listing(
    listing: Listing, store: Path, settings: StandardizeSettings, on_progress: Callable[[int], None]
) -> StandardizeReport:
    """Standardizes listed photographs; see `standardize_images`."""
    refuse_existing(store, settings.overwrite)
    samples, repeated = each_once(listing.samples)
    skipped = [Reject(left_out.source, "", "", (left_out.reason,)) for left_out in listing.skipped]
    account = Account(settings.keep_flagged, [*skipped, *repeated], settings.channel, unreadable=len(skipped))
    spaces = label_spaces(listing)
    workers = settings.workers or os.cpu_count() or 1
    made = outcomes([sample.path for sample in samples], settings.size, workers, settings.channel)
    with SampleStore(store, settings.size, overwrite=settings.overwrite) as written:
        for sample, outcome in mirrored(samples, made, settings.chooser):
            image = account.keeps(sample, outcome)
            if image is not None:
                written.add(sample, image, _pixel_size(outcome))
            on_progress(1)
        if account.kept:
            columns = written.add_labels(spaces, further_tasks(listing, spaces))
            listing = replace(listing, notes=(*listing.notes, *coarse_notes(listing, spaces, columns)))
            write_transform(written.writer, account.kept, settings.channel)
    return _report(listing, store, settings.size, account)


def _report(listing: Listing, store: Path, size: tuple[int, int], account: Account) -> StandardizeReport:
    """Writes what was set aside beside the store. Raises StoreError where nothing was kept."""
    rejects, table = tuple(account.rejects), rejects_path(store)
    write_rejects(table, rejects)
    write_page(table.with_suffix(".html"), "Photographs set aside", account.tiles)
    if not account.kept:
        raise _nothing_kept(store, rejects)
    return StandardizeReport(
        store=store,
        photographs=len(listing.samples) + len(listing.skipped),
        images=len(account.kept),
        size=size,
        rejects=rejects,
        unreadable=account.unreadable,
        rejects_file=table,
        notes=(*listing.notes, *account.remarks.told()),
    )


def _nothing_kept(store: Path, rejects: tuple[Reject, ...]) -> StoreError:
    example = f"{rejects[0].source}: {'; '.join(rejects[0].reasons)}" if rejects else "no photograph was listed"
    said = f"none of {len(rejects)} photographs passed, no store was made; the first: {example}"
    return StoreError(store, f"{said} (all are in {rejects_path(store).name}; --keep-flagged keeps doubtful ones)")


def _pixel_size(outcome: Outcome) -> tuple[float, float] | None:
    """Height and width of a pixel of the standardized image in µm, where the photograph's are known."""
    pose = outcome.result.pose if outcome.result is not None else None
    return pose.pixel_size(outcome.pixel_size) if pose is not None and outcome.pixel_size is not None else None
