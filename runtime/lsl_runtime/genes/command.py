"""What `lsl-genes` does: tables, pictures, and what is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsl_runtime.gem.atlas.command import alike_but_for_case
from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_runtime.gem.build.requested import requested_of_command
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.draw.style import gem_style
from lsl_runtime.gem.files.maps_file import safe_name
from lsl_runtime.genes.alike import Pattern, Patterns, check_gene
from lsl_runtime.genes.clusters import cluster
from lsl_runtime.genes.sheet import Row, cluster_rows, draw_rows, gene_rows
from lsl_runtime.genes.study import GeneStudy, make_study
from lsl_runtime.genes.tables import check_parquet, gene_columns, stage_columns, write_columns
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.output_file import check_writable
from lsl_shared.measures.stain import expression
from lsl_shared.process.terminal import progress, say
from lsl_shared.wording import counted, first_few, printable

__all__ = ["Asked", "tell_genes"]

_TOLD, _DRAWN = 10, 8


@dataclass(frozen=True)
class Asked:
    """What is asked beside the tables."""

    genes: tuple[str, ...] = ()
    like: str | None = None
    stages: tuple[str, ...] = ()
    clusters: int | None = None
    parquet: bool = False


def tell_genes(store: Path, annotations: Path | None, wanted: Filter, asked: Asked, folder: Path) -> None:
    """Writes tables and pictures into a folder, and tells each."""
    if folder.exists() and not folder.is_dir():
        raise GemError(folder, "is a file; choose a folder for --out")
    check_writable(folder / "genes.csv", GemError, "choose another folder for --out")
    if asked.parquet:
        check_parquet()
    with open_source(store, annotations) as source:
        maps = requested_of_command(source, (), (), wanted)
        for line in maps.told():
            say(line)
        with progress("adding up", len(source.store)) as advance:
            study = make_study(source, maps, wanted, advance)
        looked_for = _looked_for(source, study, asked)
    for line in _written(study, asked, looked_for, folder):
        say(printable(line))


@dataclass(frozen=True)
class _Found:
    """Patterns, and the one that is looked for."""

    patterns: Patterns
    pattern: Pattern | None
    gene: str
    """The gene that is looked for; '' for an image."""


def _looked_for(source: Source, study: GeneStudy, asked: Asked) -> _Found | None:
    """What is asked of patterns, checked before anything is written. Raises ConfigError."""
    atlas = study.atlas
    for name in asked.genes:
        check_gene(atlas, name)
    for stage in asked.stages:
        if stage not in atlas.stages:
            raise ConfigError(f"no images of {atlas.task} {stage!r}; there are {', '.join(atlas.stages)}")
    if asked.like is None:
        return _Found(Patterns(atlas), None, "") if asked.clusters is not None else None
    patterns, rows = Patterns(atlas), np.flatnonzero(source.store.ids == asked.like)
    if asked.like not in atlas.genes and len(rows):
        return _Found(patterns, _of_image(source, study, patterns, int(rows[0])), "")
    gene = check_gene(atlas, asked.like)
    return _Found(patterns, patterns.of(gene), gene)


def _of_image(source: Source, study: GeneStudy, patterns: Patterns, row: int) -> Pattern:
    """The pattern of one image, at the stage that it was given. Raises ConfigError where it has none."""
    atlas, given = study.atlas, source.annotations
    place = int(given.class_index(atlas.task)[row])
    stage = given.tasks[atlas.task][place] if place >= 0 else ""
    if stage not in atlas.stages:
        raise ConfigError(f"image {source.store.ids[row]!r} has no {atlas.task} among those of the genes")
    found = expression(source.store.select(np.array([row]))[0])
    return patterns.of_map(area_mean(found.density, atlas.inside.shape), stage)


def _written(study: GeneStudy, asked: Asked, found: _Found | None, folder: Path) -> Iterator[str]:
    yield from _cautions(study)
    extra: dict[str, Sequence[int]] = {}
    pictures = list[str]()
    if found is not None and asked.clusters is not None:
        groups = cluster(found.patterns, asked.clusters)
        extra["cluster"] = (groups.of + 1).tolist()
        rows = cluster_rows(study.atlas, [groups.members(number) for number in range(asked.clusters)])
        pictures.append(_drawn(folder / "clusters.png", "Genes of like maps", rows, study, "genes"))
    ending = "parquet" if asked.parquet else "csv"
    for name, columns in (("genes", gene_columns(study, extra)), ("stages", stage_columns(study))):
        path = folder / f"{name}.{ending}"
        write_columns(path, columns)
        what = "a gene" if name == "genes" else "a gene and stage"
        yield f"{counted(len(columns['gene']), 'row')}, {what} each → {path}"
    yield from pictures
    if found is not None and found.pattern is not None:
        yield from _like(study, asked, found, folder)
    if asked.genes:
        path = folder / f"gene-{'-'.join(safe_name(gene) for gene in asked.genes)[:80]}.png"
        told = [_times_told(study, gene) for gene in asked.genes]
        yield from (f"{gene}: {text}" for gene, text in zip(asked.genes, told, strict=True))
        yield _drawn(path, "Genes by stage", gene_rows(study, asked.genes, told), study, "images")


def _like(study: GeneStudy, asked: Asked, found: _Found, folder: Path) -> Iterator[str]:
    assert found.pattern is not None and asked.like is not None
    best = found.patterns.like(found.pattern, but=found.gene, stages=asked.stages)
    at = f" at {study.atlas.task} {', '.join(asked.stages)}" if asked.stages else ""
    if not best:
        yield f"no other gene has maps{at} that could be compared with {asked.like}"
        return
    yield f"most like {asked.like}{at}:"
    for place, one in enumerate(best[:_TOLD], 1):
        yield f"  {place:2}. {one.gene}  {one.similarity:.2f}, {counted(one.n_images, 'image')}"
    name = f"like-{safe_name(asked.like)}"
    write_columns(folder / f"{name}.csv", {
        "gene": [one.gene for one in best], "similarity": [one.similarity for one in best],
        "n_images": [one.n_images for one in best],
    })  # fmt: skip
    yield f"all {len(best):,} → {folder / name}.csv"
    shown = [*filter(None, [found.gene]), *(one.gene for one in best[:_DRAWN])]
    told = [*(["looked for"] if found.gene else []), *(f"similarity {one.similarity:.2f}" for one in best[:_DRAWN])]
    rows = gene_rows(study, shown, told)
    yield _drawn(folder / f"{name}.png", f"Most like {asked.like}{at}", rows, study, "images")


def _drawn(path: Path, title: str, rows: Sequence[Row], study: GeneStudy, noun: str) -> str:
    draw_rows(path, title, rows, study.atlas, gem_style("inferno"), noun)
    return f"picture → {path}"


def _cautions(study: GeneStudy) -> Iterator[str]:
    once = [one.gene for one in study.genes if one.n_images == 1]
    if once:
        told = f"{counted(len(once), 'gene')} with one image, which tells little; intervals are wide"
        yield f"{told}: {first_few(once, 5)}"
    if study.timetable is None:
        yield f"classes of {study.atlas.task} have no order, so there is no onset and no end"
    if study.atlas.n_without_gene:
        yield f"left out, without a gene: {counted(study.atlas.n_without_gene, 'image')}"
    if alike := alike_but_for_case(study.atlas.genes):
        yield f"names that differ in case alone are kept apart: {first_few(alike, 5)}"


def _times_told(study: GeneStudy, gene: str) -> str:
    """From when to when a gene is expressed, in words."""
    one = study.genes[study.atlas.genes.index(gene)]
    found, times = one.window, study.timetable
    images = counted(one.n_images, "image")
    if found is None or times is None:
        return images
    if found.expressed < 0.5:
        return f"{images}; likely not expressed ({found.expressed:.0%})"
    low, onset, high, first, end, last = study.ages((*found.onset, *found.end))
    begins = f"from before {times.classes[0]} on ({high:.4g} {times.unit} at the latest)"
    stops = f"until after {times.classes[-1]} ({first:.4g} {times.unit} at the earliest)"
    if found.starts >= 0.5:
        begins = f"onset {onset:.4g} ({low:.4g} to {high:.4g}) {times.unit}"
    if found.ends >= 0.5:
        stops = f"end {end:.4g} ({first:.4g} to {last:.4g}) {times.unit}"
    return f"{images}; {begins}, {stops}"
