"""Random tables of labels that went through a spreadsheet or a statistics program, and what comes back of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from lsl_shared.errors import LslError
from lsl_shared.fly import STAGE_RANGES
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.spaces import label_spaces, with_implied_labels
from lsl_tools.importing.table import list_table
from lsl_tools.importing.tasks import parse_tasks
from lsl_tools.tables.table import read_table
from tests.support.spreadsheets import LOCALES, MISSING, as_floats, as_typed, without_zeros, write_grid

__all__ = ["TurnedTable", "outcome_of", "random_table"]

_BDGP: Final = ("1-3", "4-6", "7-8", "9-10", "11-12", "13-16")
_FISH: Final = ("1-3", "4-5", "6-7", "8-9")
_GENES: Final = ("eve", "ftz", "nan", "na", "Dl", "dl", "l(1)sc", "E(spl)m8-HLH", "18w", "5-HT1A", "CG1234")
_TURNING_GENES: Final = ("dec-1", "Sep1", "Sep2", "Sep4", "Sep5", "mar-1")
_POOLS: Final = (
    ("oak", "beech", "Oak tree", "L1", "L2", "30%", "shield", "Köcherblümchen"),
    ("4-6", "6-4", "1-2", "2-3", "7-8", "12-13", "10-50", "0-4"),
    ("1/2", "3/4", "6/4", "11/12"),
    ("dec-1", "Sep2", "mar-3", "wild type", "Oct1"),
    ("1", "2", "3", "14", "100"),
    ("0.5", "1.5", "2.5", "0.25"),
    ("001", "002", "014", "120"),
    ("13-16", "L1", "4-6", "5"),
)


@dataclass
class TurnedTable:
    """What was meant, row by row, the file that came of it, and the lines of label cells that were turned."""

    path: Path
    tasks: tuple[str, ...]
    truth: list[dict[str, str]]
    genes: list[str]
    turned: set[int] = field(default_factory=set)
    turned_genes: set[int] = field(default_factory=set)


def random_table(random: Random, folder: Path) -> TurnedTable:
    """A table of random labels, damaged as one program damages tables, in the way that it writes files."""
    rows = random.randint(1, 12)
    truth, written, tasks = _labels(random, rows)
    genes = [random.choice(_GENES + (_TURNING_GENES if random.random() < 0.3 else ())) for _ in range(rows)]
    locale, share, float_share = random.choice(LOCALES), random.choice((0.0, 0.3, 1.0)), random.choice((0.0, 0.5, 1.0))
    year, style = random.randint(2018, 2035), random.choice((-2, -1, -1, 0, 0, 0, 1, 2, 3, 4))
    missing, zeros = random.choice(MISSING), random.choice((0.0, 0.3))
    columns = list(written)
    grid, turned, turned_genes = [["file", "gene", *columns]], set[int](), set[int]()
    for row in range(rows):
        cells = []
        for name in columns:
            label = written[name][row]
            cell = as_typed(label, locale, year, style) if random.random() < share else label
            if cell == label and random.random() < float_share and not label.startswith("0"):
                cell = as_floats(label, locale.decimal)
            keeps = written[name][0].startswith("0") and row  # zeros that all are lost leave no trace
            if keeps and "." not in label and random.random() < zeros:
                cell = without_zeros(label) if label.startswith("0") else cell
            turned |= {row} if cell != label else set()
            cells.append(cell or missing)
        gene = as_typed(genes[row], locale, year, style) if random.random() < share else genes[row]
        turned_genes |= {row} if gene != genes[row] else set()
        grid.append([f"{row}.png", gene, *cells])
    path, above = write_grid(grid, folder, random)
    lines = {row: row + above + 2 for row in range(rows)}
    return TurnedTable(path, tasks, truth, genes, {lines[row] for row in turned}, {lines[row] for row in turned_genes})


def outcome_of(table: TurnedTable) -> str:
    """ "restored" or "refused" for a table with turned cells, else "whole". AssertionError for any other label."""
    try:
        listing = list_table(read_table(table.path), table.path.parent, parse_tasks(table.tasks))
        listing = with_implied_labels(listing)
        label_spaces(listing)
    except LslError as problem:
        named = {int(line) for line in re.findall(r"line (\d+):", str(problem))}
        assert named & table.turned, f"refused without reason: {problem}"
        return "refused"
    found = [{name: label for name, label in sample.labels.items() if label} for sample in listing.samples]
    assert found == table.truth, f"other labels: {found}, not {table.truth}"
    _check_genes(listing, table)
    return "restored" if table.turned else "whole"


def _check_genes(listing: Listing, table: TurnedTable) -> None:
    """Genes are as they were written, those that were turned are told."""
    for sample, gene in zip(listing.samples, table.genes, strict=True):
        assert sample.gene == gene or sample.line in table.turned_genes
    told = any(note.startswith("gene: a spreadsheet has turned") for note in listing.notes)
    assert told == bool(table.turned_genes), f"turned genes are told: {listing.notes}"


def _labels(random: Random, rows: int) -> tuple[list[dict[str, str]], dict[str, list[str]], tuple[str, ...]]:
    """What is meant, what is written of it, and the tasks to ask for."""
    kind = random.choice(("fly", "fly", "fish", "general", "general", "levels"))
    if kind == "fly":
        return _fly(random, rows)
    if kind == "fish":
        ranges = [random.choice(_FISH) if random.random() < 0.9 else "" for _ in range(rows)]
        return [{"stage_range": name} if name else {} for name in ranges], {"stage_range": ranges}, ()
    pool = random.choice(_POOLS)
    labels = [random.choice(pool) if random.random() < 0.9 else "" for _ in range(rows)]
    labels[0] = labels[0] or pool[0]
    if kind == "general":
        return [{"period": name} if name else {} for name in labels], {"period": labels}, ("period",)
    parents = [f"group {pool.index(name) % 2}" if name else "" for name in labels]
    truth = [{"phase": name, "period": parent} if name else {} for name, parent in zip(labels, parents, strict=True)]
    return truth, {"phase": labels, "period": parents}, ("period", "phase:period")


def _fly(random: Random, rows: int) -> tuple[list[dict[str, str]], dict[str, list[str]], tuple[str, ...]]:
    ranges, stages, truth = list[str](), list[str](), list[dict[str, str]]()
    with_stages = random.random() < 0.5
    for _ in range(rows):
        name = random.choice(_BDGP)
        first, last = map(int, name.split("-"))
        stage = str(random.randint(first, last)) if with_stages and random.random() < 0.7 else ""
        shown = name if random.random() < 0.8 else ""
        whole = "13-17" if name == "13-16" else name
        meant = {"stage": stage if stage not in ("1", "2", "3") else "", "stage_range": whole if shown or stage else ""}
        truth.append({task: label for task, label in meant.items() if label})
        ranges.append(shown)
        stages.append(stage)
    columns = {"stage_range": ranges, "stage": stages} if with_stages else {"stage_range": ranges}
    return truth, columns, ()


def counted(outcomes: list[str]) -> str:
    """The outcomes in words."""
    counts = Counter(outcomes)
    return ", ".join(f"{name} {counts[name]:,}" for name in ("whole", "restored", "refused"))


assert set(_BDGP[:-1]) < set(STAGE_RANGES)
