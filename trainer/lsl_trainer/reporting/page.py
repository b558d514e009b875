"""A report as one HTML page that needs no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsl_shared.files.atomic import write_text

__all__ = ["write_page"]


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fills a template of this package, such as `report.html`, with values, and writes the page in one piece.

    What is text becomes text: `<` and `&` in it are escaped.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("lsl_trainer", "templates"), autoescape=True)
    write_text(path, environment.get_template(template).render(**values))
