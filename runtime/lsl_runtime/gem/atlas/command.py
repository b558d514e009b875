"""What `lsl-gem --h5ad` and `--spatialdata` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.atlas.anndata_file import check_anndata, write_h5ad
from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.atlas.build import make_atlas, make_binned_atlas
from lsl_runtime.gem.atlas.spatialdata_folder import check_spatialdata, check_target, write_spatialdata
from lsl_runtime.gem.build.age_axis import age_axis, parse_age
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.maps import make_maps
from lsl_runtime.gem.build.requested import requested_of_command
from lsl_runtime.gem.build.settings import Filter, MapSettings
from lsl_runtime.gem.build.source import Source, open_source
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.output_file import check_writable, refuse_inputs
from lsl_shared.process.terminal import progress, say
from lsl_shared.wording import counted, first_few, printable

__all__ = ["AtlasFiles", "alike_but_for_case", "write_atlas"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class AtlasFiles:
    """Where an atlas is written to."""

    h5ad: Path | None = None
    spatialdata: Path | None = None
    """A folder."""

    def check(self, inputs: Sequence[Path]) -> None:
        """Raises ConfigError or GemError where one cannot be written, before any work is done."""
        if self.h5ad is not None:
            refuse_inputs(self.h5ad, "--h5ad", inputs, GemError)
            _check_ending(self.h5ad, "--h5ad", "the file", ".h5ad")
            check_anndata()
        if self.spatialdata is not None:
            check_target(self.spatialdata)
            check_writable(self.spatialdata, GemError, "choose another folder for --spatialdata")
            _check_ending(self.spatialdata, "--spatialdata", "the folder", ".zarr")
            check_anndata("--spatialdata")
            check_spatialdata()


def _check_ending(path: Path, option: str, what: str, ending: str) -> None:
    if path.suffix.lower() != ending:
        raise ConfigError(f"{option} {path}: tools know {what} by its ending; name it {path.stem}{ending}")


def write_atlas(
    store: Path,
    annotations: Path | None,
    stages: Sequence[str],
    wanted: Filter,
    files: AtlasFiles,
    bins: str | None = None,
) -> None:
    """Writes the atlas of a store, by stages or by bins of age as long as `bins`, and tells what is in it."""
    files.check([store, annotations or annotations_path(store)])
    with open_source(store, annotations) as source:
        make = _by_stages(source, stages, wanted) if bins is None else _by_ages(source, bins, wanted)
        with progress("adding up", len(source.store)) as advance:
            atlas = make(advance)
        gems = _maps(source, atlas, wanted) if files.spatialdata is not None else []
    if files.h5ad is not None:
        write_h5ad(files.h5ad, atlas)
    if files.spatialdata is not None:
        write_spatialdata(files.spatialdata, atlas, gems)
    for line in _told(atlas, [*filter(None, (files.h5ad, files.spatialdata))], bins is not None):
        say(printable(line))


def _maps(source: Source, atlas: Atlas, wanted: Filter) -> Sequence[Gem]:
    """The map of each stage of an atlas."""
    asked = requested_of_command(source, atlas.stages, (), wanted)
    with progress("mapping", len(source.store) * asked.passes) as advance:
        return make_maps(source, asked, wanted, MapSettings(masked=False, landmark_map=False), Machines(), advance)


def _by_stages(source: Source, stages: Sequence[str], wanted: Filter) -> Callable[[Progress], Atlas]:
    asked = requested_of_command(source, stages, (), wanted)
    for line in asked.told():
        say(line)
    return lambda advance: make_atlas(source, asked, wanted, on_progress=advance)


def _by_ages(source: Source, bins: str, wanted: Filter) -> Callable[[Progress], Atlas]:
    axis = age_axis(source, wanted)
    width = parse_age(bins, axis.table, "--age-bins")
    return lambda advance: make_binned_atlas(source, axis, width, wanted, on_progress=advance)


def _told(atlas: Atlas, paths: Sequence[Path], binned: bool) -> Iterator[str]:
    one, several = ("stage", "stages") if atlas.task == "stage" else ("class", "classes")
    one, several = ("bin of age", "bins of age") if binned else (one, several)
    stages = f"{len(atlas.stages)} {one if len(atlas.stages) == 1 else several}"
    filled = (atlas.n_images > 0).mean()
    cells = f"{counted(int(atlas.inside.sum()), 'place')} × {stages}"
    images, written = counted(int(atlas.n_images.sum()), "image"), " and ".join(map(str, paths))
    yield f"{counted(len(atlas.genes), 'gene')} by {cells}, {images} → {written}"
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
