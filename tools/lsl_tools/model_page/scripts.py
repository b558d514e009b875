"""Several JavaScript modules as one script: a page opened from a disk may not load modules.

Each module becomes a function, in an order in which what it imports is there. Our modules import by name, from files
beside them, in lines of their own, and export functions, classes and constants that stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["one_script"]

_IMPORT: Final = re.compile(r'^import (\{[^}]*\}) from "\./([\w.-]+)\.js";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def one_script(folder: Path, entry: str) -> str:
    """The module `entry`.js and all that it imports, as one script."""
    modules: dict[str, str] = {}
    _add(folder, entry, modules, ())
    return "\n".join(['"use strict";', "const modules = {};", *modules.values()])


def _add(folder: Path, name: str, modules: dict[str, str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"{name}.js imports itself, by way of {' and '.join(above)}")
    if name in modules:
        return
    text = (folder / f"{name}.js").read_text(encoding="utf-8")
    for _, needed in _IMPORT.findall(text):
        _add(folder, needed, modules, (*above, name))
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(r'const \1 = modules["\2"];', text))
    modules[name] = f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();'
