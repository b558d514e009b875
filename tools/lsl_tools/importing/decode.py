"""Decoding the listed images one by one, with account of those that are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_shared.system_errors import unreadable
from lsl_tools.importing.listing import Listing, Sample, Skipped
from lsl_tools.importing.remarks import Remarks
from lsl_tools.pictures.picture_file import picture_bytes
from lsl_tools.pictures.read_image import decode_image

__all__ = ["Pictures"]


@dataclass
class Pictures:
    """Iterates over the readable samples with their pixels, uint8 (H, W, 3), and keeps account of the others."""

    listing: Listing
    on_progress: Callable[[int], None]
    skipped: list[Skipped] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    contradictory: list[str] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)
    _first: dict[bytes | str, Sample] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Sample, NDArray[np.uint8]]]:
        for sample in self.listing.samples:
            pixels = self._read(sample)
            if pixels is not None:
                yield sample, pixels
            self.on_progress(1)

    def _read(self, sample: Sample) -> NDArray[np.uint8] | None:
        try:
            data = picture_bytes(sample.path)
            if self.listing.once and self._came_before(sample, data):
                return None
            picture = decode_image(data)
        except OSError as problem:
            self.skipped.append(Skipped(sample.source, unreadable(problem)))
            return None
        except ImageError as problem:
            self.skipped.append(Skipped(sample.source, str(problem)))
            return None
        self._remember(sample, data)
        self.remarks.add(sample.source, picture.remarks)
        return picture.pixels

    def _remember(self, sample: Sample, data: bytes) -> None:
        if self.listing.once:
            self._first[sample.id] = self._first[hashlib.sha256(data).digest()] = sample

    def _came_before(self, sample: Sample, data: bytes) -> bool:
        first = self._first.get(sample.id) or self._first.get(hashlib.sha256(data).digest())
        if first is None:
            return False
        self.repeated.append(sample.source)
        if (first.gene, first.labels) != (sample.gene, sample.labels):
            self.contradictory.append(f"{first.source} (kept) and {sample.source} are the same photograph")
        return True
