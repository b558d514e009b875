"""Random tables of labels that went through a spreadsheet or R: how many came back, how many were refused.

    python tools/bench/tables.py [TABLES] [SEED]

Every label that comes back must be the one that was meant; the script stops at the first other one. Then a table of
100,000 rows is read, as CSV and as a workbook, with the processor's time.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support

from lsl_tools.importing.spaces import with_implied_labels
from lsl_tools.importing.table import list_table
from lsl_tools.tables.table import read_table
from tests.support.turned_tables import outcome_of, random_table

ROWS = 100_000
RANGES = {"1-3": "", "4-6": "5", "7-8": "7", "9-10": "10", "11-12": "", "13-16": "14"}


def main() -> None:
    """Runs both parts."""
    tables, seed = (int(text) for text in [*sys.argv[1:], *("10000", "0")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        counts = Counter(
            outcome_of(random_table(random.Random(number), Path(folder))) for number in range(seed, seed + tables)
        )
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        print(f"{tables:,} tables, none wrong: {told}")
        for path in large_tables(Path(folder)):
            begun, clock = time.perf_counter(), time.process_time()
            table = read_table(path)
            read, read_clock = time.perf_counter() - begun, time.process_time() - clock
            with_implied_labels(list_table(table, path.parent))
            whole, whole_clock = time.perf_counter() - begun, time.process_time() - clock
            print(
                f"{path.name}: {ROWS:,} rows read in {read:.2f} s ({read_clock:.2f} s of processor time), "
                f"with all labels in {whole:.2f} s ({whole_clock:.2f} s)"
            )


def large_tables(folder: Path) -> Iterator[Path]:
    """The same rows as CSV and as a workbook."""
    header = ("file", "id", "gene", "view", "stage_range", "stage", "cv_terms")
    rows = [header, *rows_of(random.Random(0))]
    with (folder / "large.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    yield folder / "large.csv"
    with xlsxwriter.Workbook(folder / "large.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    yield folder / "large.xlsx"


def rows_of(generator: random.Random) -> Iterator[tuple[str, ...]]:
    """Rows as a project of that size has them."""
    for number in range(ROWS):
        name = generator.choice(list(RANGES))
        view = generator.choice(("lateral", "l", "dorsal", ""))
        file = f"images/{number // 1000}/{number:06d}.png"
        terms = "brain|gut" if number % 3 else ""
        yield file, f"insitu{number}", f"CG{number // 7}", view, name, RANGES[name], terms


if __name__ == "__main__":
    main()
