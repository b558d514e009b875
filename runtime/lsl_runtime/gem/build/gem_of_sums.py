"""From the sums of a pass over a store to a genomewide expression map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gem import Gem, GemSample
from lsl_runtime.gem.build.masked_sums import MaskedSums
from lsl_runtime.gem.build.requested import Requested
from lsl_runtime.gem.build.saliency_source import method_told
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source
from lsl_runtime.gem.build.store_pass import Pass
from lsl_runtime.gem.build.sums import Sums

__all__ = ["gem_of_sums"]


def gem_of_sums(sums: Sums, over: Pass, asked: Requested, wanted: Filter) -> Gem:
    """The map that the sums of a pass make."""
    source, settings, choice = over.source, over.settings, sums.choice
    given, sure = source.annotations, choice.n_genes > 1
    embryo = (sums.embryo / sums.weight).astype(np.float32)
    landmark_map = sums.contributions.landmark_map(sums.weight, embryo) if over.landmark_map else None
    masked = MaskedSums(sums, landmark_map.mask(embryo) if landmark_map and over.mask == "landmarks" else None)
    return Gem(
        stage=choice.name,
        task=asked.task.task,
        gem=(sums.value / sums.weight).astype(np.float32),
        masked_gem=masked.plane if over.mask else None,
        embryo=embryo,
        n_images=len(choice.rows),
        n_genes=choice.n_genes,
        n_empty=sums.empty,
        mode=settings.mode,
        view=wanted.view or "",
        model=given.model,
        model_digest=given.model_digest,
        store_fingerprint=given.store_fingerprint,
        samples=_samples(sums, source, asked.task.given(given, choice.name)[1], masked.common),
        selection=_selection_told(over, asked, wanted),
        band=sums.replicates.band() if sure else None,
        masked_band=masked.band() if over.mask and sure else None,
        genes=sums.genes.genes(embryo) if sums.genes is not None else (),
        kind=asked.task.kind,
        landmark_map=landmark_map,
        mask=over.mask or "",
    )


def _selection_told(over: Pass, asked: Requested, wanted: Filter) -> str:
    """What was asked for beyond class and view, for people."""
    within = f"within the known {asked.task.within}" if asked.task.within else ""
    method = method_told(over.source.annotations, asked.task, over.settings.saliency_method)
    masks = {"landmarks": "masked by the landmark map", "image": method, None: ""}[over.mask]
    return ", ".join(filter(None, [within, wanted.told(), masks]))


def _samples(
    sums: Sums, source: Source, probability: NDArray[np.float32], common: NDArray[np.float32] | None
) -> tuple[GemSample, ...]:
    """The images to show, under the mask that all have in common, or their own."""
    shown, store = [sums.samples[int(row)] for row in sums.choice.samples], source.store
    return tuple(
        GemSample(
            store.ids[one.row], store.genes[one.row], float(probability[one.row]), one.pixels,
            one.mask if common is None else common,
        )
        for one in shown
    )  # fmt: skip
