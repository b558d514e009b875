"""`lsl-gem --compare A B`: what A and B mean, and the few lines that tell where their maps differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.gem import FEW_GENES
from lsl_runtime.gem.build.gene_list import read_gene_list
from lsl_runtime.gem.build.mapped_task import within_told
from lsl_runtime.gem.comparison.comparison import GemComparison, GemSide
from lsl_shared.errors import ConfigError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.wording import first_few

__all__ = ["constraints_told", "sides_of", "told"]


def sides_of(
    compared: tuple[str, str], stages: Sequence[str], annotations: Path, genes: Collection[str] | None
) -> tuple[GemSide, GemSide]:
    """The two sides: two stages, else, of the one stage asked for, annotations files (.h5) or lists of genes.

    Raises ConfigError that says what is missing.
    """
    with Annotations(annotations) as given:
        known = {label for classes in given.tasks.values() for label in classes}
    if set(compared) <= known:
        if stages:
            raise ConfigError(f"--compare {' '.join(compared)} names two stages; leave --stage out")
        return GemSide(compared[0], genes, annotations), GemSide(compared[1], genes, annotations)
    if len(stages) != 1:
        names: list[str] = sorted(known, key=lambda name: (len(name), name))
        listed = first_few(names, 40)
        raise ConfigError(
            f"--compare {' '.join(compared)} does not name two of the model's classes ({listed}).\n"
            "To compare lists of genes or annotations files at one stage, give that stage: --stage S"
        )
    first, second = (_side(text, stages[0], annotations, genes) for text in compared)
    return first, second


def constraints_told(store: str | Path, sides: Sequence[GemSide]) -> list[str]:
    """A line for each coarse task whose known labels the answers of the sides keep to."""
    coarse = dict.fromkeys(_constraint_of(side.annotations or annotations_path(store)) for side in sides)
    return [within_told(task) for task in coarse if task]


def told(found: GemComparison) -> list[str]:
    """The result in lines."""
    compared = f"{int((found.embryo >= 0.5).sum())} cells of a {found.t.shape[0]}×{found.t.shape[1]} grid"
    lines = [
        f"{name}: {images:,} images of {genes:,} genes"
        for name, images, genes in zip(found.names, found.n_images, found.n_genes, strict=True)
    ]
    kind = "masked maps" if found.masked else "maps"
    lines.append(f"{kind} compared in {compared}, at most {100 * found.rate:g} % false discoveries expected")
    lines += [
        _higher(found, found.names[0], found.difference > 0),
        _higher(found, found.names[1], found.difference < 0),
    ]
    if min(found.n_genes) < FEW_GENES:
        lines.append(f"only {min(found.n_genes)} genes on one side: hardly any difference can be found")
    return lines


def _side(text: str, name: str, annotations: Path, genes: Collection[str] | None) -> GemSide:
    if text.endswith(".h5"):
        return GemSide(name, genes, text, Path(text).stem)
    if genes is not None:
        raise ConfigError("--compare with lists of genes says which genes to take; leave --genes out")
    return GemSide(name, read_gene_list(text), annotations, Path(text).stem if Path(text).suffix else text)


def _constraint_of(annotations: str | Path) -> str:
    with Annotations(annotations) as given:
        return given.constrained_by


def _higher(found: GemComparison, name: str, higher: NDArray[np.bool_]) -> str:
    cells = found.significant & higher
    if not cells.any():
        return f"  higher in {name}: nowhere"
    y, x = np.unravel_index(np.where(cells, np.abs(found.t), 0).argmax(), cells.shape)
    box = EggBox(found.embryo)
    place = f"{box.length(x + 0.5):.0f} % egg length, {box.height(y + 0.5):.0f} % from dorsal to ventral"
    return f"  higher in {name}: {int(cells.sum())} cells, surest at {place} ({found.difference[y, x]:+.3f})"
