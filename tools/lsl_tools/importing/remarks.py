"""What was noticed in decoding pictures, each remark once, with the number of pictures and the first of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Remarks"]

_MOST = 20


@dataclass
class Remarks:
    """Collects the remarks of `Picture` over many pictures."""

    _sources: dict[str, list[str]] = field(default_factory=dict)

    def add(self, source: str, remarks: Iterable[str]) -> None:
        """Remembers what was noticed in one picture."""
        for text in remarks:
            self._sources.setdefault(text, []).append(source)

    def told(self) -> tuple[str, ...]:
        """One sentence a remark; names of profiles make many, of which 20 are told."""
        told = [f"{len(names)} image(s) with {text} ({names[0]})" for text, names in self._sources.items()]
        return (*told[:_MOST], *([f"… and {len(told) - _MOST} more remarks"] if len(told) > _MOST else ()))
