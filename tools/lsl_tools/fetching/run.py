"""The fetching itself: every listed photograph that is not there yet, one after the other."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsl_shared.errors import FetchError, ImageError
from lsl_shared.files.atomic import atomic_path, named_as
from lsl_shared.files.output_file import check_writable
from lsl_tools.fetching.annotations import Terms, read_terms
from lsl_tools.fetching.download import Downloader, ServerAwayError
from lsl_tools.fetching.image_list import ImageList, ListedImage
from lsl_tools.fetching.labels_table import write_failed, write_labels
from lsl_tools.fetching.ledger import Entry, Ledger
from lsl_tools.fetching.manners import Manners
from lsl_tools.fetching.remote_path import local_path
from lsl_tools.fetching.web import address_of, check_address
from lsl_tools.pictures.image_header import read_header
from lsl_tools.pictures.read_image import decode_image

__all__ = ["FetchReport", "fetch_images"]

_SUFFIX: Final = {"PNG": ".png", "JPEG": ".jpg", "BMP": ".bmp", "TIFF": ".tif"}
_PARTIAL: Final = ".partial"
_IN_A_ROW: Final = 20
"""Failures one after the other that end a run: the server is away, or the address is wrong."""


@dataclass(frozen=True)
class FetchReport:
    """What a run came to. `labels` is the table to import from; `ended` says why it ended early, '' if it did not."""

    labels: Path
    fetched: int
    there: int
    """Photographs that were there already."""
    failed: tuple[tuple[ListedImage, str], ...]
    notes: tuple[str, ...]
    ended: str = ""


def fetch_images(
    listed: ImageList,
    address: str,
    folder: str | Path,
    *,
    annotations: str | Path | None = None,
    manners: Manners | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_progress: Callable[[int], None] | None = None,
) -> FetchReport:
    """Fetches the listed photographs from below `address` into `folder`, and writes labels.csv there.

    What is there already is not asked for again, however the run before ended. `annotations` is a table of terms for
    the column cv_terms. `on_progress` is called with 1 after each photograph. Raises FetchError for an address that is
    not http or https, DataFileError for a table of no use.
    """
    folder = Path(folder)
    check_address(address)
    terms, problems = read_terms(annotations) if annotations is not None else (None, ())
    check_writable(folder / "labels.csv")
    (folder / _PARTIAL).mkdir(parents=True, exist_ok=True)
    with Ledger(folder) as ledger:
        run = _Run(folder, address, ledger, Downloader(manners or Manners(), _check_image, sleep))
        try:
            run.all(listed.images, on_progress or (lambda _: None))
        finally:
            labels = _write_tables(folder, listed.images, ledger, run.failed, terms)
    notes = (*_counted(listed.problems), *_counted(problems), *_repeated(listed), *listed.notes)
    return FetchReport(labels, run.fetched, run.there, tuple(run.failed), notes, run.ended)


class _Run:
    """One pass over the list."""

    def __init__(self, folder: Path, address: str, ledger: Ledger, downloader: Downloader) -> None:
        self._folder, self._address, self._ledger, self._downloader = folder, address, ledger, downloader
        self.fetched, self.there, self.ended = 0, 0, ""
        self.failed: list[tuple[ListedImage, str]] = []

    def all(self, images: Sequence[ListedImage], on_progress: Callable[[int], None]) -> None:
        """Fetches what is missing, until the end or until the server is away."""
        in_a_row = 0
        for image in images:
            if self._ledger.intact(image.path):
                self.there += 1
            else:
                try:
                    self._ledger.add(self._fetch(image))
                    self.fetched, in_a_row = self.fetched + 1, 0
                except ServerAwayError as problem:
                    self.ended = str(problem)
                    return
                except FetchError as problem:
                    self.failed.append((image, str(problem)))
                    in_a_row += 1
            on_progress(1)
            if in_a_row == _IN_A_ROW:
                self.ended = f"{in_a_row} photographs failed one after the other, at last {self.failed[-1][1]}"
                return

    def _fetch(self, image: ListedImage) -> Entry:
        address = address_of(self._address, image.path)
        part = self._folder / _PARTIAL / hashlib.sha256(image.path.encode()).hexdigest()[:32]
        with named_as(part, self._folder / image.path):
            data = self._downloader.fetch(address, part)
        file = local_path(image.path, _SUFFIX[read_header(io.BytesIO(data)).kind]).as_posix()
        target = self._folder / file
        if not target.resolve().is_relative_to(self._folder.resolve()):
            raise FetchError(f"{file}: a link leads out of the folder {self._folder}; remove it")
        if self._ledger.holds_another(file, image.path):
            raise FetchError(f"{image.path}: another photograph is kept as {file} already")
        with atomic_path(target) as temporary:
            temporary.write_bytes(data)
        return Entry(image.path, file, address, len(data), hashlib.sha256(data).hexdigest())


def _check_image(data: bytes) -> None:
    """ValueError for what is not a whole picture."""
    try:
        decode_image(data)
    except ImageError as problem:
        raise ValueError(str(problem)) from None


def _write_tables(
    folder: Path,
    images: Sequence[ListedImage],
    ledger: Ledger,
    failed: Sequence[tuple[ListedImage, str]],
    terms: Terms | None,
) -> Path:
    """Both tables, of all that lies in the folder by now."""
    write_failed(folder, failed)
    known = ((image, ledger.entries[image.path]) for image in images if image.path in ledger.entries)
    return write_labels(folder, ((image, entry) for image, entry in known if (folder / entry.file).is_file()), terms)


def _counted(problems: Sequence[str]) -> tuple[str, ...]:
    return (f"{len(problems)} row(s) left out: {problems[0]}",) if problems else ()


def _repeated(listed: ImageList) -> tuple[str, ...]:
    told = f"{listed.repeated} row(s) name a photograph again, for another gene or range, and were passed over"
    return (told,) if listed.repeated else ()
