"""Controlled-vocabulary terms of synthetic embryos: which tissues of a gene show in a stage range, as a curator says.

As in the databases, terms belong to a bag, the photographs of one gene in one stage range, and all of them carry the
bag's terms, whether they show the tissue or not. Most terms are rare, and some bags nobody has annotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import NOT_ANNOTATED
from lsl_shared.labels import LabelSpace
from lsl_tools.demo.anatomy import visible_tissues
from lsl_tools.demo.dataset import Plan
from lsl_tools.demo.genes import TISSUE_FAMILIES, Gene

__all__ = ["UBIQUITOUS", "terms_of", "terms_space"]

UBIQUITOUS: Final = "ubiquitous"
_CURATOR: Final = 5
_UNANNOTATED: Final = 0.1
_STAINED: Final = 0.3
_TISSUES: Final = sorted({tissue for family in TISSUE_FAMILIES.values() for tissue in family})


def terms_space() -> LabelSpace:
    """The task `cv_terms`: every tissue that genes are expressed in, and `ubiquitous`."""
    return LabelSpace("cv_terms", (*_TISSUES, UBIQUITOUS))


def terms_of(plans: Sequence[Plan], *, seed: int = 0) -> NDArray[np.uint8]:
    """The terms of each image, uint8 (N, T), those of its bag: gene and true stage range.

    A tissue is named where the gene stains it by 0.3 or more and an image of the bag shows it; one bag in ten is not
    annotated (255).
    """
    space = terms_space()
    bags: dict[tuple[str, int], NDArray[np.uint8]] = {}
    for plan in plans:
        key = plan.gene.name, plan.true_range
        if key not in bags:
            bags[key] = np.zeros(len(space), np.uint8)
        seen = _stained(plan.gene) & {*visible_tissues(plan.time), UBIQUITOUS}
        bags[key][[space.index(name) for name in seen]] = 1
    for place, key in enumerate(bags):
        if np.random.default_rng([seed, _CURATOR, place]).random() < _UNANNOTATED:
            bags[key][:] = NOT_ANNOTATED
    return np.stack([bags[plan.gene.name, plan.true_range] for plan in plans])


def _stained(gene: Gene) -> set[str]:
    tissues = {name for name, density in gene.tissues.items() if density >= _STAINED}
    return tissues | ({UBIQUITOUS} if gene.everywhere else set())
