from __future__ import annotations

from pathlib import Path

import pytest

from lsl_tools.importing.class_notes import class_notes
from lsl_tools.importing.listing import Sample


def notes(*labels: str, task: str = "family", terms: tuple[str, ...] = ()) -> tuple[str, ...]:
    samples = [
        Sample(Path(f"{k}.png"), f"{k}.png", str(k), "", labels={task: label}, terms=terms)
        for k, label in enumerate(labels)
    ]
    return class_notes(samples, [task])


@pytest.mark.parametrize("other", ["Oak tree", "oak  tree", "oak_tree", "OAK TREE", "oaktree"])
def test_classes_that_differ_in_case_or_blanks_are_told(other: str) -> None:
    (told,) = notes("oak tree", other, "moss", "oak tree")
    assert "'oak tree' (2 images)" in told and f"'{other}' (1 images)" in told
    assert told.endswith("differ in case or blanks alone: write one of them if they are one class")


@pytest.mark.parametrize("labels", [("oak", "oaks"), ("L1", "L10"), ("0-4", "4-8", "8-12"), ("4-6", "7-8"), ("x",)])
def test_other_classes_are_not(labels: tuple[str, ...]) -> None:
    assert notes(*labels) == ()


@pytest.mark.parametrize("labels", [("4-6", "4-5"), ("1-10", "3-4", "20-30"), ("4-6", "5-7"), ("4 – 6", "5-9")])
def test_ranges_that_overlap_are_told(labels: tuple[str, ...]) -> None:
    (told,) = notes(*labels)
    assert told.startswith(f"family: ranges overlap, {labels[0]} and ") or "ranges overlap" in told


def test_terms_are_compared_as_well() -> None:
    (told,) = notes("oak", terms=("Brain", "brain"))
    assert told.startswith("cv_terms: 'Brain' (1 images) and 'brain' (1 images)")


def test_columns_that_hold_the_other_thing() -> None:
    assert notes("1-3", "4-5", task="stage_range") == (
        "stage_range: ranges of Fly-FISH are taken as classes of their own; the BDGP's are others",
    )
    assert notes("4-6", "13-16", task="stage") == ("stage: these are stage ranges; call the column stage_range",)
    assert notes("7", "9", "14", task="stage_range") == ("stage_range: these are single stages; call the column stage",)
