"""Decoding the listed images one by one, with account of those that are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lsl_shared.errors import ImageError
from lsl_shared.system_errors import unreadable
from lsl_tools.importing.listing import Listing, Sample, Skipped
from lsl_tools.importing.remarks import Remarks
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.pictures.picture_file import picture_bytes
from lsl_tools.pictures.read_image import Picture, decode_image

__all__ = ["Pictures"]


@dataclass
class Pictures:
    """Iterates over the readable samples with their pictures, and keeps account of the others."""

    listing: Listing
    on_progress: Callable[[int], None]
    channel: str = ""
    """The one to take of files that have several."""
    skipped: list[Skipped] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    contradictory: list[str] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)
    _first: dict[bytes | str, Sample] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Sample, Picture]]:
        for sample in self.listing.samples:
            picture = self._read(sample)
            if picture is not None:
                yield sample, picture
            self.on_progress(1)

    def _read(self, sample: Sample) -> Picture | None:
        try:
            picture = self._once(sample) if self.listing.once else read_photograph(sample.path, self.channel)
        except OSError as problem:
            self.skipped.append(Skipped(sample.source, unreadable(problem)))
            return None
        except ImageError as problem:
            self.skipped.append(Skipped(sample.source, str(problem)))
            return None
        if picture is not None:
            self.remarks.add(sample.source, picture.remarks)
        return picture

    def _once(self, sample: Sample) -> Picture | None:
        """None for a photograph that came before."""
        data = picture_bytes(sample.path)
        if self._came_before(sample, data):
            return None
        picture = decode_image(data)
        self._first[sample.id] = self._first[hashlib.sha256(data).digest()] = sample
        return picture

    def _came_before(self, sample: Sample, data: bytes) -> bool:
        first = self._first.get(sample.id) or self._first.get(hashlib.sha256(data).digest())
        if first is None:
            return False
        self.repeated.append(sample.source)
        if (first.gene, first.labels) != (sample.gene, sample.labels):
            self.contradictory.append(f"{first.source} (kept) and {sample.source} are the same photograph")
        return True
