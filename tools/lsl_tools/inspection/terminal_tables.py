"""Tables for people: what a store holds, what an import made, what a check found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from lsl_shared.labels import LabelSpace
from lsl_shared.process.terminal import say, say_some
from lsl_shared.wording import command_line, first_few, printable

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from lsl_shared.coarse import CoarseTask
    from lsl_tools.importing.report import ImportReport
    from lsl_tools.inspection.check import CheckReport
    from lsl_tools.inspection.info import StoreInfo, TaskInfo, TermsInfo

__all__ = ["show_check", "show_import", "show_info", "train_command"]

_MOST_ROWS, _MOST_TERMS, _MOST_ALLOWED = 100, 20, 20


def show_info(info: StoreInfo) -> None:
    """Prints a store's figures and one table a task."""
    height, width = info.size
    ratio = info.pixel_bytes / max(info.file_bytes, 1)
    say(f"{info.path}: {info.images:,} images of {height} × {width}, {info.chunk_images} in a chunk")
    say(f"  {_bytes(info.file_bytes)} on disk, {_bytes(info.pixel_bytes)} of pixels ({ratio:.1f} times)")
    say(f"  genes: {_genes(info)}")
    say(f"  views: {_counted(info.views)}")
    say(f"  stored split: {_counted(info.splits)}")
    if info.truth:
        say(f"  truth of a demo store: {', '.join(info.truth)}")
    say(f"  fingerprint: {info.fingerprint[:16]}…")
    if info.large_chunks:
        say(f"  note: {info.large_chunks}")
    for task in info.tasks:
        _show_task(task)
    for terms in info.terms:
        _show_terms(terms)
    if not info.tasks and not info.terms:
        say("  no labels")


def show_import(report: ImportReport) -> None:
    """Prints what was made, what was left out and why, and the command to type next."""
    from lsl_tools.inspection.info import store_info

    show_info(store_info(report.store))
    say()
    for note in report.notes:
        say(f"note: {note}")
    if report.repeated:
        say(f"note: {len(report.repeated)} image(s) are the same photograph as another and were kept once")
    say_some(report.contradictory, "contradictory: ")
    say_some([f"{skipped.source}: {skipped.reason}" for skipped in report.skipped], "skipped: ")
    if report.resized:
        say(f"{report.resized:,} of {report.images:,} images were brought to {report.size[0]} × {report.size[1]}")
    say(f"next: {train_command(report.store, report.tasks, report.several)}")


def show_check(report: CheckReport) -> None:
    """Prints errors, warnings and the verdict."""
    for text in report.errors:
        say(f"error: {printable(text)}")
    for text in report.warnings:
        say(f"warning: {printable(text)}")
    if report.content_hash:
        say(f"SHA-256 of all content: {report.content_hash}")
    verdict = "is sound" if report.ok else "has errors"
    found = f"errors: {len(report.errors)}, warnings: {len(report.warnings)}"
    say(f"{report.store} {verdict}: {report.images:,} images, {found}")


def train_command(store: Path, tasks: Mapping[str, LabelSpace], several: Collection[str] = ()) -> str:
    """The lsl-train line that fits these tasks, or what is missing for one; `several` have more than a parent."""
    above = {space.parent for space in tasks.values()}
    fine = next((one for one in tasks.values() if (one.parent or one.name in several) and one.name not in above), None)
    if fine is not None and (fine.name in several or tasks[fine.parent].parent):
        return command_line("lsl-train", store, "--fine", fine.name)
    if fine is not None:
        return command_line("lsl-train", store, "--fine", fine.name, "--coarse", fine.parent)
    if tasks:
        return command_line("lsl-train", store, "--fine", next(iter(tasks)), "--method", "plain")
    return f"{command_line('lsl-annotate', store, '--model', 'BUNDLE')}  # a training needs labels"


def _show_task(task: TaskInfo) -> None:
    from rich.console import Console

    labelled = sum(task.counts)
    say(f"\ntask {task.space.name}: {len(task.counts)} classes, {labelled:,} images labelled, {task.unlabelled:,} not")
    Console().print(_task_table(task))
    hidden = len(task.counts) - _MOST_ROWS
    if hidden > 0:
        say(f"… and {hidden} more classes")
    for coarse in task.further:
        say_some(_allowed(task, coarse), f"  {coarse.name} ")


def _allowed(task: TaskInfo, coarse: CoarseTask) -> list[str]:
    """A line for each class of a coarse task beside the parent."""
    sets = [[task.space.classes[k] for k in members] for members in coarse.allows]
    return [
        f"{printable(name)} allows {first_few(map(printable, names), _MOST_ALLOWED) or 'none'}"
        for name, names in zip(coarse.classes, sets, strict=True)
    ]


def _show_terms(terms: TermsInfo) -> None:
    order = sorted(range(len(terms.counts)), key=lambda k: -terms.counts[k])
    most = ", ".join(f"{printable(terms.space.classes[k])} ({terms.counts[k]:,})" for k in order[:_MOST_TERMS])
    say(f"\ntask {terms.space.name}: {len(order)} terms, {terms.unlabelled:,} images without annotation; most often")
    say(f"  {most}")


def _task_table(task: TaskInfo) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    table.add_column("class")
    if task.parents:
        table.add_column(task.space.parent)
    table.add_column("images", justify="right")
    columns = (task.space.classes, task.parents) if task.parents else (task.space.classes,)
    for *names, count in list(zip(*columns, task.counts, strict=True))[:_MOST_ROWS]:
        table.add_row(*(escape(printable(str(name))) for name in names), f"{count:,}")
    return table


def _genes(info: StoreInfo) -> str:
    if not info.genes:
        return "not stated: each image is its own group in a split"
    gene, most = next(iter(info.genes.items()))
    without = f"; {info.without_gene:,} images name none" if info.without_gene else ""
    return f"{len(info.genes):,}, at most {most:,} images of one ({printable(gene)}){without}"


def _counted(counts: Mapping[str, int]) -> str:
    if set(counts) == {""}:
        return "not stated"
    return ", ".join(f"{printable(name) or 'not stated'} {count:,}" for name, count in counts.items())


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
