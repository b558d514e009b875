"""The columns stage and stage_range of samples of the fly: brought to their usual spelling, one implying the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lsl_shared.errors import LabelError
from lsl_shared.tables.damage import whole_number
from lsl_shared.tables.lines import told_lines
from lsl_tools.importing.fly_labels import RANGE_OF_CODE, are_codes, is_turned, read_range, read_stage, reconcile
from lsl_tools.importing.listing import Sample

__all__ = ["FlySamples", "fly_samples"]

_CODES = ", ".join(f"{code} = {name}" for code, name in RANGE_OF_CODE.items())


@dataclass(frozen=True)
class FlySamples:
    """Samples whose stages and ranges could be read, those that could not as they were with why, and what to tell."""

    samples: tuple[Sample, ...]
    faults: tuple[tuple[Sample, str], ...] = ()
    notes: tuple[str, ...] = ()


def fly_samples(samples: Sequence[Sample], with_stage: bool) -> FlySamples:
    """Reads both columns of every sample; codes of the BDGP become ranges. `with_stage`: stage is a task."""
    decoded, notes = _decoded(samples)
    answers: dict[tuple[str, str], tuple[str, str] | LabelError] = {}
    read, faults = [], []
    for sample in decoded:
        texts = sample.labels.get("stage", ""), sample.labels.get("stage_range", "")
        if texts not in answers:
            answers[texts] = _answer(*texts)
        answer = answers[texts]
        if isinstance(answer, LabelError):
            faults.append((sample, str(answer)))
            read.append(replace(sample, labels={**sample.labels, "stage": "", "stage_range": ""}))
            continue
        known = {"stage": answer[0], "stage_range": answer[1]} if with_stage else {"stage_range": answer[1]}
        same = texts == answer and known.keys() <= sample.labels.keys()
        read.append(sample if same else replace(sample, labels={**sample.labels, **known}))
    return FlySamples(tuple(read), tuple(faults), (*notes, *_turned(decoded), *_perhaps_codes(decoded)))


def _answer(stage: str, stage_range: str) -> tuple[str, str] | LabelError:
    try:
        return reconcile(stage, stage_range)
    except LabelError as problem:
        return problem


def _decoded(samples: Sequence[Sample]) -> tuple[Sequence[Sample], list[str]]:
    """The samples with ranges where all that are given are codes, and a note that says so."""
    if not are_codes({sample.labels.get("stage_range", "") for sample in samples}):
        return samples, []
    return [_with_range_of_code(sample) for sample in samples], [
        f"stage_range: numbers are read as codes of the BDGP ({_CODES})"
    ]


def _with_range_of_code(sample: Sample) -> Sample:
    text = sample.labels.get("stage_range", "")
    name = RANGE_OF_CODE.get(whole_number(text) or text, "")
    return replace(sample, labels={**sample.labels, "stage_range": name})


def _turned(samples: Sequence[Sample]) -> list[str]:
    """Notes on cells that a program had turned and that were brought back."""
    notes = []
    for task, read in (("stage_range", read_range), ("stage", read_stage)):
        turned = {text: name for text in _texts(samples, task) if (name := _brought_back(task, text, read))}
        found = [sample for sample in samples if sample.labels.get(task) in turned]
        if found:
            text = found[0].labels[task]
            told = f"cell(s) that a program had turned were brought back, such as {text!r} to {turned[text]!r}"
            notes.append(f"{task}: {len(found):,} {told}{_where(found)}")
    return notes


def _brought_back(task: str, text: str, read: Callable[[str], str]) -> str:
    try:
        return read(text) if is_turned(task, text) else ""
    except LabelError:
        return ""


def _perhaps_codes(samples: Sequence[Sample]) -> list[str]:
    """A note where stages of several genes never exceed 6 and no range says that they are stages."""
    stages = _texts(samples, "stage") - {""}
    genes = {sample.gene for sample in samples if sample.labels.get("stage")} - {""}
    small = all((whole_number(text) or text) in RANGE_OF_CODE for text in stages)
    if not stages or not small or len(genes) < 2 or _texts(samples, "stage_range") - {""}:
        return []
    told = "stage: none exceeds 6. If these are codes of the BDGP"
    return [f"{told} ({_CODES}), call the column stage_range"]


def _texts(samples: Sequence[Sample], task: str) -> set[str]:
    return {sample.labels.get(task, "") for sample in samples}


def _where(samples: Sequence[Sample]) -> str:
    lines = [sample.line for sample in samples if sample.line]
    return f" ({told_lines(lines)})" if lines else ""
