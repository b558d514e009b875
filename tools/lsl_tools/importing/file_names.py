"""Files as a table names them: found in any Unicode form, and in other case where only one file can be meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

__all__ = ["FileNames"]


class FileNames:
    """The files below a folder; each folder is listed once, when something in it is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, tuple[str, _Names]] = {"": ("", _Names.of(root))}

    def find(self, source: str) -> str:
        """The path, with '/', of the file that is meant; `source` itself where none or several could be."""
        above, _, name = source.rpartition("/")
        folder, names = self._folder(above)
        found = names.find(name)
        return _joined(folder, found) if found else source

    def _folder(self, path: str) -> tuple[str, _Names]:
        """A folder as it is called, with the names in it: none where it is not there."""
        if path not in self._folders:
            found = self.find(path)
            self._folders[path] = found, _Names.of(self._root / found)
        return self._folders[path]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


class _Names:
    """The names in one folder."""

    @classmethod
    def of(cls, folder: Path) -> _Names:
        """Those of a folder on the disk; none where it cannot be read."""
        try:
            return cls([entry.name for entry in folder.iterdir()])
        except OSError:
            return cls([])

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
