"""What `lsl-gem --h5ad` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lsl_runtime.gem.atlas.anndata_file import check_anndata, write_h5ad
from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.atlas.build import make_atlas, make_binned_atlas
from lsl_runtime.gem.build.age_axis import age_axis, parse_age
from lsl_runtime.gem.build.requested import requested_of_command
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source, open_source
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.output_file import refuse_inputs
from lsl_shared.process.terminal import progress, say
from lsl_shared.wording import counted, first_few, printable

__all__ = ["alike_but_for_case", "write_atlas"]

Progress = Callable[[int], None]


def write_atlas(
    store: Path, annotations: Path | None, stages: Sequence[str], wanted: Filter, path: Path, bins: str | None = None
) -> None:
    """Writes the atlas of a store, by stages or by bins of age as long as `bins`, and tells what is in it."""
    refuse_inputs(path, "--h5ad", [store, annotations or annotations_path(store)], GemError)
    if path.suffix.lower() != ".h5ad":
        raise ConfigError(f"--h5ad {path}: tools know the file by its ending; name it {path.stem}.h5ad")
    check_anndata()
    with open_source(store, annotations) as source:
        make = _by_stages(source, stages, wanted) if bins is None else _by_ages(source, bins, wanted)
        with progress("adding up", len(source.store)) as advance:
            atlas = make(advance)
    write_h5ad(path, atlas)
    for line in _told(atlas, path, bins is not None):
        say(printable(line))


def _by_stages(source: Source, stages: Sequence[str], wanted: Filter) -> Callable[[Progress], Atlas]:
    asked = requested_of_command(source, stages, (), wanted)
    for line in asked.told():
        say(line)
    return lambda advance: make_atlas(source, asked, wanted, on_progress=advance)


def _by_ages(source: Source, bins: str, wanted: Filter) -> Callable[[Progress], Atlas]:
    axis = age_axis(source, wanted)
    width = parse_age(bins, axis.table, "--age-bins")
    return lambda advance: make_binned_atlas(source, axis, width, wanted, on_progress=advance)


def _told(atlas: Atlas, path: Path, binned: bool) -> Iterator[str]:
    one, several = ("stage", "stages") if atlas.task == "stage" else ("class", "classes")
    one, several = ("bin of age", "bins of age") if binned else (one, several)
    stages = f"{len(atlas.stages)} {one if len(atlas.stages) == 1 else several}"
    filled = (atlas.n_images > 0).mean()
    cells = f"{counted(int(atlas.inside.sum()), 'place')} × {stages}"
    yield f"{counted(len(atlas.genes), 'gene')} by {cells}, {counted(int(atlas.n_images.sum()), 'image')} → {path}"
    if filled < 1:
        yield f"  {1 - filled:.0%} of genes × {several} have no image: NaN"
    if atlas.n_without_gene:
        yield f"  left out, without a gene: {counted(atlas.n_without_gene, 'image')}"
    if found := alike_but_for_case(atlas.genes):
        yield f"  names that differ in case alone are kept apart: {first_few(found, 5)}"


def alike_but_for_case(genes: Sequence[str]) -> list[str]:
    """Genes whose names are the same but for case, each set as one text."""
    sets: dict[str, list[str]] = {}
    for gene in genes:
        sets.setdefault(gene.casefold(), []).append(gene)
    return [" and ".join(found) for found in sets.values() if len(found) > 1]
