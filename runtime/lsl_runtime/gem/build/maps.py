"""Genomewide expression maps (GEMs): where the genes of a stage are expressed, with and without the saliency mask.

With e_i the stain density of image i, m_i its saliency mask and w_i = 1 / (number of chosen images of its gene):

    gem = Σ w_i e_i / Σ w_i        masked_gem = Σ w_i m_i e_i / Σ w_i

so that each gene counts once; by request w_i is multiplied by the probability that the model gave the stage. The masked
map is not rescaled. It shows where the model looks, no more. A bootstrap over genes tells how sure the maps are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gene_sums import GeneExpression
from lsl_runtime.gem.build.saliency_source import check_same_model, method_told
from lsl_runtime.gem.build.selection import (
    Filter,
    Weights,
    answers_of,
    check_same_store,
    choose,
    constraint_kept,
    task_of,
)
from lsl_runtime.gem.build.store_pass import Pass, sums_of
from lsl_runtime.gem.build.sums import Mode, Sums
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod
from lsl_shared.errors import ConfigError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.store import Store

__all__ = ["FEW_GENES", "Gem", "GemSample", "build_gem", "build_gems"]

FEW_GENES = 10
"""A map of fewer genes shows these genes more than the stage."""


@dataclass(frozen=True)
class GemSample:
    """One of the images behind a map, for the picture."""

    id: str
    gene: str
    probability: float
    """Of the stage, 0..1."""
    image: NDArray[np.uint8]
    """(H, W, 3)"""
    mask: NDArray[np.float32] | None
    """Saliency mask (H, W), 0..1; None in an unmasked map."""


@dataclass(frozen=True, eq=False)
class Gem:
    """The genomewide expression map of one stage."""

    stage: str
    task: str
    gem: NDArray[np.float32]
    """(H, W), 0..1: weighted mean of the stain density, or in mode `fraction` weighted share of stained images."""
    masked_gem: NDArray[np.float32] | None
    """(H, W), 0..1, never above `gem`; None if not asked for."""
    embryo: NDArray[np.float32]
    """(H, W), 0..1: weighted share of the images whose embryo covers the pixel."""
    n_images: int
    n_genes: int
    """Groups that count once each: genes, and images without a gene."""
    n_empty: int
    """Images in which no embryo was found; they count as unstained."""
    mode: Mode
    view: str
    """The view asked for; '' is lateral or not known."""
    model: str
    """Path of the bundle that annotated."""
    model_digest: str
    store_fingerprint: str
    samples: tuple[GemSample, ...] = field(default=(), repr=False)
    """The most confident images of different genes, at most five."""
    selection: str = ""
    """What was asked for beyond stage and view, such as listed genes, for people."""
    band: NDArray[np.float32] | None = None
    """(2, h, w): between these lie 95 % of the maps of a bootstrap over genes, on a grid of at most 32 rows; None with
    fewer than two genes. Few genes make it too narrow."""
    masked_band: NDArray[np.float32] | None = None
    """The same of the masked map."""
    genes: tuple[GeneExpression, ...] = field(default=(), repr=False)
    """What each gene shows, if asked for; images without a gene are left out."""
    kind: Literal["class", "terms"] = "class"
    """`terms`: the stage is a term, and images may carry several."""

    @property
    def what(self) -> str:
        """What is mapped, in a word for people: stage, stage range, species, term."""
        return "term" if self.kind == "terms" else self.task.replace("_", " ")

    @property
    def caution(self) -> str:
        """What to say of a map of few genes; '' of others."""
        if self.n_genes >= FEW_GENES:
            return ""
        return f"only {self.n_genes} gene{'s' * (self.n_genes != 1)}: the map shows them more than the {self.what}"


def build_gem(
    store: str | Path,
    stage: str,
    *,
    masked: bool = True,
    model: Model | None = None,
    annotations: str | Path | None = None,
    mode: Mode = "mean",
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    weights: Weights = "equal",
    floor: float = 0.0,
    constrained: bool = True,
    per_gene: bool = False,
    saliency_method: SaliencyMethod | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    task: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> Gem:
    """The genomewide expression map of one stage; see `build_gems`."""
    return build_gems(
        store, [stage], masked=masked, model=model, annotations=annotations, mode=mode, view=view,
        genes=genes, exclude=exclude, weights=weights, floor=floor, constrained=constrained, per_gene=per_gene,
        saliency_method=saliency_method, workers=workers, scheduler=scheduler, task=task, on_progress=on_progress,
    )[0]  # fmt: skip


def build_gems(
    store: str | Path,
    stages: Sequence[str],
    *,
    masked: bool = True,
    model: Model | None = None,
    annotations: str | Path | None = None,
    mode: Mode = "mean",
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    weights: Weights = "equal",
    floor: float = 0.0,
    constrained: bool = True,
    per_gene: bool = False,
    saliency_method: SaliencyMethod | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    task: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps of several stages, each once, in one pass over the store and in memory that its length does not change.

    `stages` are class names of the model's first task, or else terms: then the images for which the term was chosen
    take part, masked by the saliency of its logit, one pass each; `task` says of which task they are where several have
    them. `annotations` lie beside the store unless named. Where they hold classes that keep to known coarse labels
    (`annotate(constrain=…)`), these are mapped, unless `constrained` is false.
    Saliency is the stored one; else it is computed for the chosen images with `model`, else with the model that
    annotated. `saliency_method` asks for one method (see `Model.saliency`), computed where others are stored. `mode`
    `mean` averages the stain density, `fraction` counts stained images (density above 0.2). `view` None takes lateral
    images and those of unknown view, "all" takes every image. `genes` keeps only these, `exclude` leaves some out;
    `weights` `probability` lets an image weigh by its probability of the stage, `floor` is the least that takes part.
    `per_gene` fills `Gem.genes`. `workers` and `scheduler` share the pass out, see `annotate`: the maps have the same
    bits, but for what the number of threads does to saliency that is computed. `on_progress` is called with the number
    of the store's images just passed. Nothing is written.
    Raises StoreError, AnnotationsError (missing, of another store or model, no saliency to be had), GemError (unknown
    stage, or no image is left for it), ConfigError (mode, weights, floor, cluster) and DeviceError (workers die).
    """
    if mode not in get_args(Mode):
        raise ConfigError(f"mode must be one of {', '.join(get_args(Mode))}, received {mode!r}")
    wanted = Filter(view, genes, exclude, weights, floor, constrained)
    with Store(store) as opened, Annotations(annotations or annotations_path(store)) as given:
        check_same_store(opened, given)
        if model is not None:
            check_same_model(opened, given, model)
        task = task_of(given, stages, task or (model.task.name if model else ""))
        choices = [choose(opened, given, task, stage, wanted) for stage in dict.fromkeys(stages)]
        stored = "" if given.is_terms(task) else given.saliency_method  # masks of terms are never the stored ones
        told = method_told(saliency_method or stored) if masked else ""
        kept = constraint_kept(given, task, wanted)
        over = Pass(
            opened, given, model, masked, saliency_method, mode, per_gene, constrained=task if kept else ""
        )  # fmt: skip
        advance = on_progress or (lambda count: None)
        if given.is_terms(task):  # an image may carry several, and each has masks of its own
            sums = [
                sums_of(replace(over, term=(task, one.stage)), [one], workers, scheduler, advance)[0] for one in choices
            ]
        else:
            sums = sums_of(over, choices, workers, scheduler, advance)

        def gem_of(one: Sums) -> Gem:
            sure = one.choice.n_genes > 1
            embryo = (one.embryo / one.weight).astype(np.float32)
            return Gem(
                stage=one.choice.stage,
                task=task,
                gem=(one.value / one.weight).astype(np.float32),
                masked_gem=(one.masked / one.weight).astype(np.float32) if masked else None,
                embryo=embryo,
                n_images=len(one.choice.rows),
                n_genes=one.choice.n_genes,
                n_empty=one.empty,
                mode=mode,
                view=view or "",
                model=given.model,
                model_digest=given.model_digest,
                store_fingerprint=given.store_fingerprint,
                samples=_samples(one, opened, answers_of(given, task, one.choice.stage, constrained)[1]),
                selection=", ".join(filter(None, [f"within the known {kept}" if kept else "", wanted.told(), told])),
                band=one.replicates.band() if sure else None,
                masked_band=one.masked_replicates.band() if masked and sure else None,
                genes=one.genes.genes(embryo) if one.genes is not None else (),
                kind="terms" if given.is_terms(task) else "class",
            )

        return tuple(map(gem_of, sums))


def _samples(sums: Sums, store: Store, probability: NDArray[np.float32]) -> tuple[GemSample, ...]:
    shown = [sums.samples[int(row)] for row in sums.choice.samples]
    return tuple(
        GemSample(store.ids[one.row], store.genes[one.row], float(probability[one.row]), one.pixels, one.mask)
        for one in shown
    )
