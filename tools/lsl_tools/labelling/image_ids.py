"""Images of a store by the ids of a table, which a spreadsheet may have changed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from lsl_shared.errors import LabelError
from lsl_shared.tables.damage import damage_of, whole_number
from lsl_shared.wording import first_few

__all__ = ["ImageIds"]


class ImageIds:
    """The ids of a store. `given` are all ids of the table: one with its zeros shows that none has lost them."""

    def __init__(self, ids: Sequence[str], given: Iterable[str]) -> None:
        self._rows = {name: row for row, name in enumerate(ids)}
        self._keeps_zeros = any(_is_padded(one) for one in given)
        self._by_form: dict[str, list[str]] = {}
        self._by_case: dict[str, list[str]] = {}
        self._by_number: dict[str, list[str]] = {}
        for name in ids:
            self._by_form.setdefault(_form(name), []).append(name)
            self._by_case.setdefault(_form(name).casefold(), []).append(name)
            if _is_number(name):
                self._by_number.setdefault(_number(name), []).append(name)

    def find(self, text: str) -> str:
        """The id that is meant: the same, else the only one in another Unicode form, case, or with leading zeros.

        Raises LabelError where none or several could be.
        """
        same_number = self._by_number.get(_number(whole_number(text) or text), [])
        if text in self._rows and (self._keeps_zeros or len(same_number) < 2):
            return text
        form = _form(text)
        found = same_number or self._by_form.get(form) or self._by_case.get(form.casefold()) or []
        if len(found) == 1:
            return found[0]
        raise LabelError(f"no image {text!r}{self._hint(text, found)}")

    def row(self, name: str) -> int:
        """The place of an image in the store, by its id there."""
        return self._rows[name]

    def _hint(self, text: str, found: Sequence[str]) -> str:
        if found:
            return f" for sure: it may be {first_few(found)}, if a spreadsheet dropped zeros or changed letters"
        damage = damage_of(text)
        return f": it is {damage.kind}, made by a spreadsheet of another id" if damage else ""


def _form(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_padded(text: str) -> bool:
    return _is_number(text) and text.startswith("0") and len(text) > 1


def _number(text: str) -> str:
    """A number without its leading zeros; another text is no number's."""
    return text.lstrip("0") or "0" if _is_number(text) else ""
