"""Which way standardized embryos are mirrored: chosen block by block, while photographs are still worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.importing.listing import Sample
from lsl_tools.standardize.orientation import Turns
from lsl_tools.standardize.photograph import SIZE, Standardized
from lsl_tools.standardize.quality import ANTERIOR_UNCERTAIN, DORSAL_UNCERTAIN
from lsl_tools.standardize.worker import Outcome

__all__ = ["Chooser", "mirrored"]

BLOCK = 32  # photographs whose mirroring is chosen together


class Chooser(Protocol):
    """Whatever chooses the mirroring of standardized images uint8 (N, 128, 320, 3), as `Orienter` does."""

    def choose(self, images: NDArray[np.uint8]) -> Turns:
        """See `lsl_tools.standardize.orientation.Orienter.choose`."""


def mirrored(
    samples: Sequence[Sample], outcomes: Iterator[Outcome], chooser: Chooser | None
) -> Iterator[tuple[Sample, Outcome]]:
    """Samples with their outcomes, mirrored as `chooser` says; without one they stay as photographed."""
    pairs = zip(samples, outcomes, strict=True)
    while block := list(islice(pairs, BLOCK)):
        yield from block if chooser is None else _chosen(block, chooser)


def _chosen(block: list[tuple[Sample, Outcome]], chooser: Chooser) -> list[tuple[Sample, Outcome]]:
    """What was standardized before keeps its mirroring."""
    asked = [place for place, (_, outcome) in enumerate(block) if _may_turn(outcome.result)]
    if asked:
        seen = np.stack([_as_seen(outcome.result) for _, outcome in (block[place] for place in asked)])
        turns = chooser.choose(seen)
        for row, place in enumerate(asked):
            sample, outcome = block[place]
            block[place] = sample, _turned(sample, outcome, turns, row)
    return block


def _turned(sample: Sample, outcome: Outcome, turns: Turns, row: int) -> Outcome:
    """Mirrored as row `row` of `turns` says; top and bottom are not told apart in dorsal and ventral views."""
    assert outcome.result is not None
    lateral = sample.view in ("", "lateral")
    flags = [] if turns.certain_x[row] else [ANTERIOR_UNCERTAIN]
    flags += [DORSAL_UNCERTAIN] if lateral and not turns.certain_y[row] else []
    likely = (float(turns.probability_x[row]), float(turns.probability_y[row]) if lateral else float("nan"))
    turned = outcome.result.turned(bool(turns.flip_x[row]), bool(turns.flip_y[row]) and lateral, likely, flags)
    return replace(outcome, result=turned)


def _may_turn(result: Standardized | None) -> bool:
    return result is not None and result.found is not None and not result.found.standardized


def _as_seen(result: Standardized | None) -> NDArray[np.uint8]:
    """The image at the size that the network was trained on."""
    assert result is not None and result.image is not None
    if result.image.shape[:2] == SIZE:
        return result.image
    return np.asarray(cv2.resize(result.image, SIZE[::-1], interpolation=cv2.INTER_AREA), np.uint8)
