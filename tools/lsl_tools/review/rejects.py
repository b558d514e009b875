"""Photographs that the standardization set aside: shown with what they would become, and what a person decides of them.

Decisions are kept in `transform/rejects` of the store, and nobody is asked again.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py

from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_tools.importing.listing import Sample
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.review.answer import REJECT
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.pictures import Kept, jpeg_of
from lsl_tools.standardize.mirroring import mirrored
from lsl_tools.standardize.orientation import Orienter
from lsl_tools.standardize.report import rejects_path
from lsl_tools.standardize.sheet.thumbnail import photograph_thumbnail
from lsl_tools.standardize.worker import Outcome, process

__all__ = ["REJECTS", "Reject", "Rejects", "decided", "folder_of", "read_rejects", "restandardized"]

REJECTS: Final = "transform/rejects"
"""Photographs that a person decided on, str (M, 3): file, decision, who."""


@dataclass(frozen=True)
class Reject:
    """A photograph that was set aside."""

    file: str
    """Below the folder of photographs."""
    id: str
    gene: str
    reasons: str


class Rejects:
    """The photographs that the standardization of a store set aside; they lie below `folder`, or where others lay."""

    def __init__(self, store: Path, folder: Path | None) -> None:
        self._store = store
        self._all = read_rejects(rejects_path(store))
        self.count = len(self._all)
        self._folder = (folder or folder_of(store)) if self._all else None
        self._pictures, self._orienter = Kept(16 << 20), None if not self._all else Orienter.load(threads=1)
        with Store(store) as opened:
            self._size = (opened.shape[1], opened.shape[2])

    def left(self, ledger: Ledger) -> list[dict[str, Any]]:
        """Those that nobody decided on, neither in the store nor since."""
        known = decided(self._store)
        return [
            {"row": place, "file": one.file, "gene": one.gene, "reasons": one.reasons}
            for place, one in enumerate(self._all)
            if one.file not in known and not _stands(ledger, one.file)
        ]

    def name(self, place: Any) -> str:
        """The file of the photograph at a place. Raises ConfigError where there is none."""
        if type(place) is not int or not 0 <= place < self.count:
            raise ConfigError("there is no such photograph")
        return self._all[place].file

    def picture(self, place: int, made: bool) -> bytes:
        """A JPEG of the photograph with the outline that was found, or of what is `made` of it.

        Raises ConfigError where it cannot be read.
        """
        kept = self._pictures.get((place, made))
        if isinstance(kept, bytes):
            return kept
        outcome = restandardized(self._folder, self.name(place), self._size, self._orienter)
        image = outcome.result.image if outcome.result is not None else None
        self._pictures.put((place, False), outcome.thumbnail or self._drawn(place, outcome))
        self._pictures.put((place, True), jpeg_of(image, 90) if image is not None else b"")
        found = self._pictures.get((place, made))
        if not isinstance(found, bytes) or not found:
            raise ConfigError(outcome.problem or "no embryo was found: it can only be dropped")
        return found

    def _drawn(self, place: int, outcome: Outcome) -> bytes:
        """The thumbnail of a photograph whose only fault is its orientation."""
        if outcome.result is None or self._folder is None:
            return b""
        pixels = read_photograph(self._folder / self.name(place)).pixels
        return photograph_thumbnail(pixels, outcome.result)


def read_rejects(path: Path) -> list[Reject]:
    """The photographs that were left out of a store, by its table of rejects; none where there is no table."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [
        Reject(row["file"], row.get("id") or "", row.get("gene") or "", row.get("reasons") or "")
        for row in rows
        if row.get("file") and row.get("kept") == "no" and "is the same photograph" not in (row.get("reasons") or "")
    ]


def decided(store: Path) -> dict[str, str]:
    """What was decided in the store: file → decision."""
    with h5py.File(store, "r", locking="best-effort") as file:
        stored = file.get(REJECTS)
        rows = stored.asstr()[...] if isinstance(stored, h5py.Dataset) and stored.ndim == 2 else []
    return {str(row[0]): str(row[1]) for row in rows}


def folder_of(store: Path) -> Path | None:
    """The folder of the photographs that a store was made from; None where it cannot be told."""
    with Store(store) as opened:
        if not opened.has_transform("photograph"):
            return None
        for photograph, source in zip(opened.transform("photograph"), opened.sources, strict=True):
            if source and str(photograph).endswith(f"/{source}"):
                return Path(str(photograph).removesuffix(str(source)))
    return None


def restandardized(folder: Path | None, file: str, size: tuple[int, int], orienter: Orienter | None) -> Outcome:
    """Standardizes a photograph again, flags or not, mirrored as the network thinks best.

    Raises ConfigError where it is not there, or lies outside the folder, as a table from a stranger may say.
    """
    if folder is None:
        raise ConfigError("where the photographs lie is not known: start lsl-review with --photographs FOLDER")
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ConfigError("the photograph is not in its folder: start lsl-review with --photographs FOLDER")
    outcome = process(path, size)
    if outcome.result is None or outcome.result.image is None or orienter is None:
        return outcome
    ((_, turned),) = mirrored([Sample(path=path, source=file, id=file, place=file)], iter([outcome]), orienter)
    return turned


def _stands(ledger: Ledger, file: str) -> bool:
    standing = ledger.standing((REJECT, file, -1))
    return standing is not None and bool(standing.value)
