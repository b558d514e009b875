"""A file or folder that is not what it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["EARLIER", "Bad", "Kind", "bytes_of", "damaged"]

Kind = Literal["picture", "table", "store", "annotations", "model"]
EARLIER = Path(__file__).parents[3] / "tests" / "earlier" / "0.1.0"
"""A small store with its annotations and model, all whole."""


@dataclass(frozen=True)
class Bad:
    """`make` puts the file at the path it is given. `right`: it is only odd, and shall be read.

    `ending` is what its name ends with. `by`: the command that has to tell what is wrong, where not all look at it.
    """

    kind: Kind
    name: str
    make: Callable[[Path], object]
    ending: str = ""
    right: bool = False
    by: str = ""


def bytes_of(data: bytes) -> Callable[[Path], object]:
    """Writes these bytes."""
    return lambda path: path.write_bytes(data)


def _spoilt(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes(min(2000, middle)) + whole[middle + 2000 :]


def damaged(kind: Kind, ending: str, whole: bytes, steps: int = 4, sums: bool = True) -> list[Bad]:
    """Absent, empty, cut off at so many places, overwritten, of another kind, a folder, links.

    Files without check`sums` are not overwritten in their middle: nobody can tell those from others.
    """
    cuts = [len(whole) * step // (steps + 1) for step in range(1, steps + 1)]
    ways: dict[str, Callable[[Path], object]] = {
        "absent": lambda path: None,
        "empty": bytes_of(b""),
        **{f"cut off at {cut}": bytes_of(whole[:cut]) for cut in cuts},
        "zeros": bytes_of(bytes(len(whole))),
        "zeros in front": bytes_of(bytes(64) + whole[64:]),
        **({"zeros in the middle": bytes_of(_spoilt(whole))} if sums else {}),
        "a text": bytes_of(b"Das ist kein Bild, keine Tabelle, kein Speicher.\n" * 9),
        "a web page": bytes_of(b"<!DOCTYPE html><html><body>404 Not Found</body></html>"),
        "a folder": lambda path: path.mkdir(),
        "a broken link": lambda path: path.symlink_to("nowhere"),
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to a device": lambda path: path.symlink_to("/dev/null"),
    }
    return [Bad(kind, f"{ending} {name}", make, ending) for name, make in ways.items()]
