"""Which photographs go into the store, and which are set aside, with their reasons and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.remarks import Remarks
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.standardize.photograph import Standardized
from lsl_tools.standardize.report import Reject
from lsl_tools.standardize.sheet.sheet_page import Tile
from lsl_tools.standardize.sheet.thumbnail import THUMBNAIL, jpeg, photograph_thumbnail
from lsl_tools.standardize.worker import Outcome

__all__ = ["Account", "each_once"]

MOST_TILES = 1000  # rejects that the contact sheet shows


def each_once(samples: Sequence[Sample]) -> tuple[list[Sample], list[Reject]]:
    """The samples, each id once (FlyExpress keeps a photograph in several folders), and the repeated ones."""
    first: dict[str, Sample] = {}
    repeated = []
    for sample in samples:
        before = first.setdefault(sample.id, sample)
        if before is not sample:
            reason = f"is the same photograph as {before.source}"
            repeated.append(Reject(sample.source, sample.id, sample.gene, (reason,)))
    return list(first.values()), repeated


@dataclass
class Account:
    """What is kept and what is set aside."""

    keep_flagged: bool
    rejects: list[Reject]
    channel: str = ""
    """The one that is taken of files that have several."""
    unreadable: int = 0
    kept: list[tuple[Sample, Standardized]] = field(default_factory=list)
    """Without their pixels."""
    tiles: list[Tile] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)

    def keeps(self, sample: Sample, outcome: Outcome) -> NDArray[np.uint8] | None:
        """The image for the store, or None for what is set aside."""
        self.remarks.add(sample.source, outcome.remarks)
        result = outcome.result
        reasons = result.flags if result is not None else (outcome.problem,)
        image = result.image if result is not None and (self.keep_flagged or not reasons) else None
        if reasons:
            self.rejects.append(Reject(sample.source, sample.id, sample.gene, reasons, kept=image is not None))
            self.unreadable += result is None
            self._show(sample, outcome, reasons)
        if result is not None and image is not None:
            self.kept.append((sample, replace(result, image=None)))
        return image

    def _show(self, sample: Sample, outcome: Outcome, reasons: tuple[str, ...]) -> None:
        if len(self.tiles) < MOST_TILES:
            image = outcome.result.image if outcome.result is not None else None
            before = outcome.thumbnail or _drawn(sample.path, self.channel, outcome.result)
            after = jpeg(image) if image is not None else b""
            self.tiles.append(Tile(sample.source, before, after, "; ".join(reasons), flagged=True))


def _drawn(path: Path, channel: str, result: Standardized | None) -> bytes:
    """The thumbnail of a photograph that got its flags only when its mirroring was chosen."""
    if result is None:
        return b""
    try:
        return photograph_thumbnail(read_photograph(path, channel, 2 * max(THUMBNAIL)).pixels, result)
    except (OSError, ImageError):  # it was there a moment ago
        return b""
