"""The FlyExpress layout: photographs as gene/range/insitu<ID>.bmp, standardized to 128 × 320 on white."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lsl_shared.fly import STAGE_RANGES
from lsl_tools.importing.listing import Listing, Sample, Skipped
from lsl_tools.importing.tasks import FLY_TASKS
from lsl_tools.importing.terms import TERMS, read_terms
from lsl_tools.tables.table import read_table
from lsl_tools.tables.views import read_views

__all__ = ["is_flyexpress", "list_flyexpress"]

_SIZE, _WHITE = (128, 320), (255, 255, 255)
_RANGES = "|".join(("13-16", *STAGE_RANGES))
_PATH = re.compile(rf"(?:.*/)?(?P<gene>[^/]+)/(?P<range>{_RANGES})/(?P<id>insitu\d+)\.[a-z]+", re.IGNORECASE)


def is_flyexpress(paths: Sequence[str]) -> bool:
    """Whether at least half of the paths follow the layout."""
    return sum(_PATH.fullmatch(path) is not None for path in paths) * 2 >= len(paths)


def list_flyexpress(root: Path, paths: Sequence[str]) -> Listing:
    """The images with gene, stage range and BDGP id from their paths; each photograph once.

    Views and terms come from a labels.csv beside the folders, where there is one.
    """
    views, terms, notes = _views_and_terms(root)
    samples, skipped = [], []
    for path in paths:
        match = _PATH.fullmatch(path)
        if match is None:
            skipped.append(Skipped(path, "is not gene/range/insitu<ID> as the others are"))
            continue
        samples.append(
            Sample(
                root / path, path, match["id"].lower(), path, match["gene"], views.get(match["id"].lower(), ""),
                labels={"stage_range": match["range"]}, terms=read_terms(terms.get(match["id"].lower(), "")),
            )
        )  # fmt: skip
    return Listing(tuple(samples), FLY_TASKS[:1], notes, tuple(skipped), _SIZE, _WHITE, once=True)


def _views_and_terms(root: Path) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """{insitu id: view}, {insitu id: terms} from labels.csv, and what to note about it."""
    places = (root, root.parent) if root.name == "data" else (root,)
    path = next((place / "labels.csv" for place in places if (place / "labels.csv").is_file()), None)
    if path is None:
        return {}, {}, ("no labels.csv with a column view beside the folders: all views are unknown",)
    table = read_table(path)
    stems = [Path(file).stem.lower() for file in table.column("file")]
    terms = dict(zip(stems, table.column(TERMS), strict=True)) if TERMS in table.columns else {}
    if "view" not in table.columns:
        return {}, terms, (f"{path.name} has no column view: all views are unknown", *table.notes)
    known, odd = read_views(table.column("view"), table.lines)
    taken = "views and terms are" if terms else "views are"
    return dict(zip(stems, known, strict=True)), terms, (f"{taken} taken from {path.name}", *table.notes, *odd)
