"""Files as a table names them: found in any Unicode form, and in other case where only one file can be meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

__all__ = ["FileNames"]


class FileNames:
    """The files below a folder; each folder is listed once, when something in it is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, _Names | None] = {}

    def find(self, source: str) -> str:
        """The path, with '/', of the file that is meant; `source` itself where none or several could be."""
        folder, found = "", list[str]()
        for part in source.split("/"):
            names = self._listed(folder)
            name = names.find(part) if names else None
            if name is None:
                return source
            found.append(name)
            folder = "/".join(found)
        return folder

    def _listed(self, folder: str) -> _Names | None:
        if folder not in self._folders:
            try:
                names = [entry.name for entry in (self._root / folder).iterdir()]
            except OSError:
                self._folders[folder] = None
            else:
                self._folders[folder] = _Names(names)
        return self._folders[folder]


class _Names:
    """The names in one folder."""

    def __init__(self, names: list[str]) -> None:
        self._exact, self._names = set(names), names
        self._by_form: dict[str, list[str]] = {}
        self._by_case: dict[str, list[str]] = {}

    def find(self, name: str) -> str | None:
        """The name that is meant: the same, else the only one in another Unicode form, else in another case."""
        if name in self._exact:
            return name
        if not self._by_form:
            for known in self._names:
                self._by_form.setdefault(_form(known), []).append(known)
                self._by_case.setdefault(_form(known).casefold(), []).append(known)
        form = _form(name)
        found = self._by_form.get(form) or self._by_case.get(form.casefold(), [])
        return found[0] if len(found) == 1 else None


def _form(name: str) -> str:
    return unicodedata.normalize("NFC", name)
