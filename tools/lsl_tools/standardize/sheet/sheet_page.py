"""A contact sheet as one HTML page that holds its pictures, for a quick check by a person."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsl_shared.files.atomic import write_text

__all__ = ["Tile", "write_page"]


@dataclass(frozen=True)
class Tile:
    """One photograph of a sheet: JPEG bytes `before` and `after` (b'' where there is none), and a line of text."""

    name: str
    before: bytes
    after: bytes
    words: str
    flagged: bool = False


def write_page(path: Path, title: str, tiles: Sequence[Tile]) -> None:
    """Writes the page in one piece."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["picture"] = lambda data: f"data:image/jpeg;base64,{b64encode(data).decode()}"
    write_text(path, environment.from_string(_PAGE).render(title=title, tiles=tiles))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<style>
body { font: 13px sans-serif; margin: 1em; }
main { display: flex; flex-wrap: wrap; gap: 10px; }
figure { margin: 0; width: 330px; border: 1px solid #ccc; padding: 5px; }
figure.flagged { border-color: #b00; }
img { display: block; margin: 0 auto 4px; max-width: 100%; }
figcaption { overflow-wrap: anywhere; } .flagged em { color: #b00; }
</style></head><body>
<h1>{{ title }}</h1>
<p>{{ tiles | length }} photograph(s). Red: the outline; green: the long axis; below: the standardized image.</p>
<main>
{% for tile in tiles %}<figure{% if tile.flagged %} class="flagged"{% endif %}>
{% if tile.before %}<img alt="" src="{{ tile.before | picture }}">
{% endif %}{% if tile.after %}<img alt="" src="{{ tile.after | picture }}">
{% endif %}<figcaption>{{ tile.name }}<br><em>{{ tile.words }}</em></figcaption></figure>
{% endfor %}</main></body></html>
"""
