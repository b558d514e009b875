"""The page's HTML: texts, scripts and rules in one file, the heavy pieces in it or beside it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined, Template

from lsl_tools.model_page.scripts import one_script

__all__ = ["page_html"]

_FOLDER: Final = Path(__file__).with_name("page")


def page_html(about: Mapping[str, Any], heavy: Mapping[str, bytes], *, split: bool) -> str:
    """The page that says `about`, ready for JSON. `heavy` are its packed pieces; with `split` they lie beside it."""
    script, worker = one_script(_FOLDER, "main"), one_script(_FOLDER / "worker", "work")
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    told = json.dumps(about, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = Template((_FOLDER / "page.html").read_text(encoding="utf-8"), undefined=StrictUndefined).render(
        rules=_rules(script, style, split),
        title=html.escape(str(about["title"])),
        version=html.escape(str(about["card"]["version"])),
        style=style,
        about=told,
        worker=_inside_a_tag(worker),
        script=_inside_a_tag(script),
        heavy="" if split else "\n".join(_as_text(name, data) for name, data in heavy.items()),
    )
    return str(page)


def _as_text(name: str, data: bytes) -> str:
    return f'<script type="text/plain" id="{name}">{base64.b64encode(data).decode("ascii")}</script>'


def _inside_a_tag(script: str) -> str:
    assert "</script" not in script and "<!--" not in script
    return script


def _rules(script: str, style: str, split: bool) -> str:
    """The content security policy: this script alone, no connection but to pieces beside the page."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)} blob: 'wasm-unsafe-eval'",
            "worker-src blob:",
            f"style-src {_hash(style)}",
            "img-src blob: data:",
            "connect-src 'self'" if split else "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
