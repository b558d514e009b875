"""What Excel, R and pandas make of a table of labels: dates in several languages, floats, lost zeros, NA, and files."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Final, Literal

import xlsxwriter

__all__ = ["LOCALES", "MISSING", "Grid", "Locale", "as_floats", "as_typed", "without_zeros", "write_grid"]

Grid = list[list[str]]
"""The cells of a table, header first."""
_ENGLISH: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_TWO: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})")
_QUOTING: Final[tuple[Literal[0, 1], ...]] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
_NAMED: Final = re.compile(r"([A-Za-z]{3})[-. ]?(\d{1,2})")
MISSING: Final = ("NA", "N/A", "#N/A", "NaN", "nan", "None", "null", "NULL", "?", "-", "<NA>", "")
"""How programs write an empty cell."""


@dataclass(frozen=True)
class Locale:
    """How a spreadsheet reads and shows dates in a language."""

    name: str
    day_first: bool
    shows: tuple[str, ...]
    """Formats of day {d}, month {m}, name {n} and year {y}: the short one first, as Excel takes it, then full ones."""
    months: str = _ENGLISH
    decimal: str = "."
    """Where it is a comma, 1.5 is the 1st of May."""

    def date_of(self, text: str) -> date | None:
        """The date that it takes a text for, in the year 2026 where the text names none."""
        if match := _NAMED.fullmatch(text):
            names = [name.casefold()[:3] for name in _ENGLISH.split()]
            month = names.index(match[1].casefold()) + 1 if match[1].casefold() in names else 0
            return _date(month, int(match[2]))
        match = _TWO.fullmatch(text)
        if not match or (match[2] == "." and self.decimal == "."):
            return None
        first, second = int(match[1]), int(match[3])
        month, day = (second, first) if self.day_first else (first, second)
        return _date(month, day) or _date(day, month)

    def show(self, day: date, style: int) -> str:
        """A date as text, in one of the styles."""
        form = self.shows[style % len(self.shows)]
        name = self.months.split()[day.month - 1]
        return form.format(d=day.day, m=day.month, n=name, y=day.year, yy=day.year % 100)


LOCALES: Final = (
    Locale("en-US", False, ("{d}-{n}", "{m}/{d}/{y}", "{m:02}/{d:02}/{yy:02}", "{m}/{d}/{y} 0:00", "{d}-{n}-{yy:02}")),
    Locale("en-GB", True, ("{d:02}-{n}", "{d:02}/{m:02}/{y}", "{d:02}-{n}-{yy:02}", "{d:02} {n} {y}")),
    Locale("de-DE", True, ("{d:02}. {n}", "{d:02}.{m:02}.{y}", "{d:02}.{m:02}.{yy:02}", "{d}. {n} {y}"),
           "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez", ","),
    Locale("fr-FR", True, ("{d:02}-{n}", "{d:02}/{m:02}/{y}"),
           "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.", ","),
    Locale("es-ES", True, ("{d:02}-{n}", "{d:02}/{m:02}/{y}", "{d} de {n} de {y}"),
           "ene feb mar abr may jun jul ago sep oct nov dic", ","),
    Locale("it-IT", True, ("{d:02}-{n}", "{d:02}/{m:02}/{y}"),
           "gen feb mar apr mag giu lug ago set ott nov dic", ","),
    Locale("pt-BR", True, ("{d:02}/{n}", "{d:02}/{m:02}/{y}"),
           "jan fev mar abr mai jun jul ago set out nov dez", ","),
    Locale("nl-NL", True, ("{d}-{n}", "{d}-{m}-{y}"), "jan feb mrt apr mei jun jul aug sep okt nov dec", ","),
    Locale("pl-PL", True, ("{d:02}-{n}", "{d:02}.{m:02}.{y}"),
           "sty lut mar kwi maj cze lip sie wrz paź lis gru", ","),
    Locale("sv-SE", False, ("{y}-{m:02}-{d:02}", "{d:02}-{n}"), "jan feb mar apr maj jun jul aug sep okt nov dec", ","),
    Locale("ja-JP", False, ("{m}月{d}日", "{y}/{m}/{d}", "{y}年{m}月{d}日")),
    Locale("Gnumeric", False, ("{y}/{m:02}/{d:02}", "{y}-{m:02}-{d:02}")),
    Locale("pandas", False, ("{y}-{m:02}-{d:02} 00:00:00", "{y}-{m:02}-{d:02}", "{y}-{m:02}-{d:02}T00:00:00.000")),
)  # fmt: skip


def as_typed(text: str, locale: Locale, year: int, style: int) -> str:
    """What a spreadsheet shows after a text was typed into it, or read from a CSV; style −1 shows a serial number."""
    day = locale.date_of(text)
    if day is None:
        return text
    day = day.replace(year=year)
    if style < 0:
        serial = str((day - date(1899, 12, 30)).days)
        return serial if style == -1 else f"{serial}.0"
    return locale.show(day, style)


def as_floats(text: str, decimal: str) -> str:
    """A whole number as the float that a column with gaps makes of it."""
    return f"{text}{decimal}0" if text.isascii() and text.isdigit() else text


def without_zeros(text: str) -> str:
    """A number without its leading zeros."""
    return str(int(text)) if text.isascii() and text.isdigit() else text


def write_grid(grid: Grid, folder: Path, random: Random) -> tuple[Path, int]:
    """Writes a table in one of the ways that people's programs do: separators, encodings, quotes, titles, .xlsx.

    Returns the file, and how many lines stand above the header.
    """
    title = random.choice(([], [], [["My embryos"], []], [["Table 1", "2026"]], [["# made by a program"]]))
    if random.random() < 0.1:
        return _workbook([*title, *grid], folder / "labels.xlsx"), len(title)
    delimiter = random.choice(",,;\t")
    quoting, end = random.choice(_QUOTING), random.choice(("\n", "\r\n"))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    width = len(grid[0])
    writer.writerows([row + [""] * (width - len(row)) for row in [*title, *grid]])
    body, above = text.getvalue(), len(title)
    if not title and random.random() < 0.15:
        body, above = f"sep={delimiter}{end}{body}", 1
    path = folder / random.choice(("labels.csv", "labels.txt", "labels.tsv"))
    path.write_bytes(body.encode(random.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16"))))
    return path, above


def _workbook(rows: Grid, path: Path) -> Path:
    """A workbook in which dates and numbers are what they seem to be."""
    with xlsxwriter.Workbook(path) as book:
        sheet, dated = book.add_worksheet(), book.add_format({"num_format": "d-mmm"})
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if re.fullmatch(r"\d{4}-\d\d-\d\d(?: 00:00:00)?", cell):
                    sheet.write_datetime(number, place, datetime.fromisoformat(cell), dated)
                elif re.fullmatch(r"[1-9]\d*(?:\.\d+)?|0", cell):
                    sheet.write_number(number, place, float(cell))
                elif cell:
                    sheet.write_string(number, place, cell)
    return path


def _date(month: int, day: int) -> date | None:
    try:
        return date(2026, month, day)
    except ValueError:
        return None
