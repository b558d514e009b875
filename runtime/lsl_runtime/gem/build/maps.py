"""Genomewide expression maps (GEMs): where the genes of a class are expressed, with and without the saliency mask.

With e_i the stain density of image i, m_i its saliency mask and w_i = 1 / (number of chosen images of its gene):

    gem = Σ w_i e_i / Σ w_i        masked_gem = Σ w_i m_i e_i / Σ w_i

so that each gene counts once; by request w_i is multiplied by the probability that the model gave the class. The masked
map is not rescaled. It shows where the model looks, no more. m_i is the image's own mask, or that of the landmark map
(`landmark_map`), one for all images. A bootstrap over genes tells how sure the maps are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.gem_of_sums import gem_of_sums
from lsl_runtime.gem.build.requested import Requested, requested
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.settings import Filter, MapSettings, MaskKind, Mode, Weights
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.build.store_pass import Pass, sums_of
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod

__all__ = ["build_gem", "build_gems", "make_maps"]


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
    sure: bool = False,
    per_gene: bool = False,
    saliency_method: SaliencyMethod | None = None,
    landmark_map: bool | None = None,
    mask: MaskKind | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    task: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> Gem:
    """The genomewide expression map of one class or term.

    Args:
        store: The image store.
        stage: A class of the model's first task, or a term.
        masked: Whether to make the masked map, of where the model looks, as well.
        model: Computes saliency that is not stored; None takes the model that annotated.
        annotations: The annotations file; None takes the one beside the store.
        mode: `mean` averages the stain density, `fraction` counts stained images (density above 0.2).
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all, and images without a gene.
        exclude: No images of these genes.
        weights: `equal`: each gene counts once; `probability`: an image weighs by its probability of the class as well.
        floor: Only images whose probability of the class is at least this, 0..1.
        constrained: Whether to map classes that keep to known coarse labels, where `annotate(constrain=…)` stored them.
        sure: Whether only images count of which the class is sure, as `Annotations.sure_answer` tells.
        per_gene: Whether to fill `Gem.genes`, what each gene shows.
        saliency_method: How saliency is made (see `Model.saliency`); None takes what is stored, else gradients.
        landmark_map: Whether to make `Gem.landmark_map`; None makes it where contributions are at hand, as stored.
        mask: What masks the masked map: `landmarks`, the landmark map, or `image`, each image's own saliency, as in
            the paper. None takes the landmark map where there is one and no other method is asked for.
        workers: Processes of this machine that share the work; None works in this process.
        scheduler: Address of a Dask scheduler whose workers share the work, such as tls://host:8786.
        task: The task that the names belong to, where several have them; '' takes the first that has them all.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The map. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, they are of another store or model, or no saliency is to be had.
        GemError: A class or term is unknown, or no image is left for it.
        ConfigError: A setting is outside its range, or Dask cannot be used.
        DeviceError: Workers keep dying.

    Example:
        >>> from lsl_runtime import build_gem
        >>> gem = build_gem("store.h5", "9")
        >>> gem.gem.shape, gem.n_images, gem.n_genes
        ((16, 40), 12, 11)
        >>> bool((gem.masked_gem <= gem.gem).all())
        True
        >>> build_gem("store.h5", "9", masked=False, genes=["gene003", "gene008"]).selection
        'only listed genes (2)'
    """
    return build_gems(
        store, [stage], masked=masked, model=model, annotations=annotations, mode=mode, view=view,
        genes=genes, exclude=exclude, weights=weights, floor=floor, constrained=constrained, sure=sure,
        per_gene=per_gene, saliency_method=saliency_method, landmark_map=landmark_map, mask=mask, workers=workers,
        scheduler=scheduler, task=task, on_progress=on_progress,
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
    sure: bool = False,
    per_gene: bool = False,
    saliency_method: SaliencyMethod | None = None,
    landmark_map: bool | None = None,
    mask: MaskKind | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    task: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps of several classes or terms, in memory that the length of the store does not change.

    Classes are mapped in one pass over the store. A term takes the images that it was chosen for, masked by the
    saliency of its own logit, in a pass of its own. With workers the maps have the same bits, but for what the number
    of threads does to saliency that is computed.

    Args:
        store: The image store.
        stages: Classes of the model's first task, or terms; each is mapped once.
        masked: Whether to make the masked map, of where the model looks, as well.
        model: Computes saliency that is not stored; None takes the model that annotated.
        annotations: The annotations file; None takes the one beside the store.
        mode: `mean` averages the stain density, `fraction` counts stained images (density above 0.2).
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all, and images without a gene.
        exclude: No images of these genes.
        weights: `equal`: each gene counts once; `probability`: an image weighs by its probability of the class as well.
        floor: Only images whose probability of the class is at least this, 0..1.
        constrained: Whether to map classes that keep to known coarse labels, where `annotate(constrain=…)` stored them.
        sure: Whether only images count of which the class is sure, as `Annotations.sure_answer` tells.
        per_gene: Whether to fill `Gem.genes`, what each gene shows.
        saliency_method: How saliency is made (see `Model.saliency`); None takes what is stored, else gradients.
        landmark_map: Whether to make `Gem.landmark_map`; None makes it where contributions are at hand, as stored.
        mask: What masks the masked map: `landmarks`, the landmark map, or `image`, each image's own saliency, as in
            the paper. None takes the landmark map where there is one and no other method is asked for.
        workers: Processes of this machine that share the work; None works in this process.
        scheduler: Address of a Dask scheduler whose workers share the work, such as tls://host:8786.
        task: The task that the names belong to, where several have them; '' takes the first that has them all.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The maps, in the order asked for. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, they are of another store or model, or no saliency is to be had.
        GemError: A class or term is unknown, or no image is left for it.
        ConfigError: A setting is outside its range, or Dask cannot be used.
        DeviceError: Workers keep dying.

    Example:
        >>> from lsl_runtime import build_gems
        >>> early, late = build_gems("store.h5", ["4", "9"])
        >>> early.stage, late.stage
        ('4', '9')
        >>> bool(early.gem[:, :20].mean() > late.gem[:, :20].mean())  # stained at the anterior end
        True
    """
    wanted = Filter(view, genes, exclude, weights, floor, constrained, sure)
    settings = MapSettings(masked, mode, saliency_method, per_gene, landmark_map, mask)
    machines = Machines(workers, scheduler)
    with open_source(store, annotations, model) as source:
        asked = requested(source, stages, wanted, task)
        return make_maps(source, asked, wanted, settings, machines, on_progress)


def make_maps(
    source: Source,
    asked: Requested,
    wanted: Filter,
    settings: MapSettings,
    machines: Machines,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps of what is asked, of the images wanted; see `build_gems`."""
    advance = on_progress or (lambda count: None)
    passes = [
        (Pass(source, task, settings), [choose(source, task, name, wanted) for name in names])
        for task, names in asked.task.passes(asked.names)
    ]
    return tuple(
        gem_of_sums(one, over, asked, wanted)
        for over, choices in passes
        for one in sums_of(over, choices, machines, advance)
    )
