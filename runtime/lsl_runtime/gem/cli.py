"""The command lsl-gem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lsl_shared.process.terminal import Debug, new_app, plain_errors, progress, say

if TYPE_CHECKING:
    from lsl_runtime.gem.build.maps import Gem
    from lsl_runtime.gem.comparison.comparison import GemComparison
    from lsl_runtime.gem.draw.sheet import Format
    from lsl_runtime.gem.draw.style import StyleName

_PICTURES = "Pictures"
_MACHINES = "Many machines"

app = new_app("Genomewide expression maps of an annotated store.")


@app.command()
def gem_command(
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    stage: Annotated[
        list[str] | None,
        typer.Option(
            "--stage",
            metavar="S",
            help="The stage (any class of the model). Repeat for more; all takes every stage that has images.",
        ),
    ] = None,
    term: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TERM",
            help="Map a term of the vocabulary instead: the images it was chosen for. Repeat for more.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE", help=r"Computes saliency that is not stored.  \[default: the model that annotated]"
        ),
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help=r"The annotations file.  \[default: beside the store]")
    ] = None,
    masked: Annotated[bool, typer.Option("--masked/--no-masked", help="Map what the model looks at, too.")] = True,
    saliency_method: Annotated[
        Literal["gradient", "smoothgrad", "gradient-input", "integrated"] | None,
        typer.Option(
            help="How the maps behind the mask are made; computed where others are stored.  "
            r"\[default: what is stored, else gradient]"
        ),
    ] = None,
    mode: Annotated[
        Literal["mean", "fraction"], typer.Option(help="Mean stain density, or share of stained embryos.")
    ] = "mean",
    view: Annotated[
        str | None, typer.Option(help=r"Only this view, or all.  \[default: lateral and not known]")
    ] = None,
    genes: Annotated[
        str | None, typer.Option(metavar="LIST", help="Only these genes: a file with one a line, or eve,ftz,hb.")
    ] = None,
    exclude: Annotated[str | None, typer.Option(metavar="LIST", help="Not these genes.")] = None,
    weights: Annotated[
        Literal["equal", "probability"], typer.Option(help="Let images weigh by their probability of the stage.")
    ] = "equal",
    floor: Annotated[float, typer.Option(metavar="P", help="Only images of at least this probability.")] = 0.0,
    constrained: Annotated[
        bool,
        typer.Option(
            "--constrained/--free",
            help="Map the stages that keep to known coarse labels, where lsl-annotate --constrain stored them, or what "
            "the model says freely.",
        ),
    ] = True,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B", help="Where do two maps differ? Two stages; or annotations files or gene lists at --stage."
        ),
    ] = None,
    landmarks: Annotated[
        bool,
        typer.Option("--landmarks", help="List and draw the regions where the masked map stands out, landmarks.csv."),
    ] = False,
    table: Annotated[bool, typer.Option("--table", help="List every gene at each stage, genes.csv.")] = False,
    panel: Annotated[
        bool,
        typer.Option(
            "--panel",
            rich_help_panel=_PICTURES,
            help="Draw the stages below each other on one scale, panel.png. Without --stage, all that have images.",
        ),
    ] = False,
    saliency_panel: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            rich_help_panel=_PICTURES,
            help="Draw the N embryos that the model is surest of above their saliency maps, saliency.png.",
        ),
    ] = None,
    style: Annotated[
        Literal["inferno", "flyexpress"],
        typer.Option(
            rich_help_panel=_PICTURES,
            help="Bright on black, or blue-violet on white: our approximation of the look of FlyExpress.",
        ),
    ] = "inferno",
    format: Annotated[
        list[str] | None,
        typer.Option(
            metavar="png|svg|pdf", rich_help_panel=_PICTURES, help=r"Repeat for more than one.  \[default: png]"
        ),
    ] = None,
    html: Annotated[
        bool,
        typer.Option(
            "--html/--no-html", rich_help_panel=_PICTURES, help="Write gems.html, one page with all maps in the folder."
        ),
    ] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help=r"The folder.  \[default: STORE's name, .gems]")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Share the work among N processes here.", rich_help_panel=_MACHINES),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Share it among the workers of a Dask scheduler, which must be trusted.",
            rich_help_panel=_MACHINES,
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Genomewide expression maps (GEMs) of an annotated store: a picture a stage, and the numbers in gems.h5.

    A GEM averages the stain of all embryos that the model gave the stage, each gene counting once; the masked GEM
    weights every pixel by how much the model looks there. Pictures are named after task and class: stage-9.png,
    cv_terms-brain.png; odd letters in a name become _, with a few digits that tell it apart.

    Open gems.html in a browser to walk through the stages and to read values.

    Example:  lsl-gem store.h5 --stage 9 --stage 10

    Example:  lsl-gem store.h5 --panel --style flyexpress --format pdf
    """
    if not (stage or term) and compare is None and not panel:
        raise typer.BadParameter("name a stage: --stage 9", param_hint="--stage")
    if term and (stage or compare is not None or saliency_panel is not None):
        raise typer.BadParameter("goes without --stage, --compare and --saliency-panel", param_hint="--term")
    with plain_errors(debug, "The same command starts over."):
        from lsl_runtime.gem.build.maps import build_gems
        from lsl_runtime.gem.build.requested import meant_stages
        from lsl_runtime.gem.build.selection import Filter
        from lsl_runtime.gem.draw.saliency_panel import saliency_samples
        from lsl_runtime.gem.draw.sheet import formats_named
        from lsl_runtime.gem.files.maps_file import check_folder, gems_folder
        from lsl_runtime.gem.output_folder import (
            draw_folder_comparison,
            draw_folder_panel,
            draw_folder_saliency,
            write_folder_page,
        )
        from lsl_runtime.model.model import Model
        from lsl_shared.errors import ConfigError
        from lsl_shared.files.store import Store

        folder = out or gems_folder(store)
        if landmarks and not masked:
            raise ConfigError("--landmarks are read from the masked map; leave --no-masked out")
        if compare is not None and (workers is not None or scheduler is not None):
            raise ConfigError("--compare does not share out its work; leave --workers and --scheduler out")
        with Store(store) as opened:
            images, known = len(opened), set(opened.genes)
        check_folder(folder)
        formats = formats_named(format or ["png"])
        listed = _listed(genes, known) if genes is not None else None
        settings: dict[str, Any] = {"mode": mode, "view": view, "weights": weights, "floor": floor}
        settings["constrained"] = constrained
        settings["exclude"] = _listed(exclude, known) if exclude is not None else ()
        if compare is not None:
            found = _compare(store, images, compare, stage or [], folder, annotations, listed, settings)
            _say_drawn("picture", draw_folder_comparison(folder, found, formats))
            return
        loaded = Model.load(model) if model is not None else None
        wanted = Filter(view, listed, settings["exclude"], weights, floor, constrained)
        meant = meant_stages(store, stage or [], terms=term or [], model=loaded, annotations=annotations, wanted=wanted)
        with progress("mapping", images * max(len(term or ()), 1)) as advance:
            gems = build_gems(
                store, meant.stages, masked=masked, model=loaded, annotations=annotations, genes=listed,
                per_gene=table, saliency_method=saliency_method, workers=workers, scheduler=scheduler,
                task=meant.task, on_progress=advance, **settings,
            )  # fmt: skip
        if meant.empty:
            say(f"no images, so no map: {', '.join(meant.empty)}")
        _say_within([meant.within])
        _write(folder, gems, formats, style, landmarks)
        if panel:
            _say_drawn("panel", draw_folder_panel(folder, gems, formats, style))
        if saliency_panel is not None:
            shown = saliency_samples(
                store, meant.stages, saliency_panel, model=loaded, annotations=annotations, wanted=wanted,
                saliency_method=saliency_method,
            )  # fmt: skip
            _say_drawn("saliency", draw_folder_saliency(folder, shown, formats))
        if html:
            say(f"page: {write_folder_page(folder, meant.task, meant.classes, style)}")
        if landmarks:
            _write_landmarks(folder, gems)
        if table:
            _write_table(folder, gems)


def _listed(genes: str, known: set[str]) -> tuple[str, ...]:
    from lsl_runtime.gem.build.gene_list import read_gene_list

    listed = read_gene_list(genes)
    unknown = [gene for gene in listed if gene not in known]
    if unknown:
        say(f"{len(unknown):,} of {len(listed):,} listed genes are not in the store: {', '.join(unknown[:10])}")
    return listed


def _compare(
    store: Path, images: int, compared: tuple[str, str], stages: Sequence[str], folder: Path,
    annotations: Path | None, genes: Sequence[str] | None, settings: dict[str, Any],
) -> GemComparison:  # fmt: skip
    from lsl_runtime.gem.comparison.comparison import compare_gems
    from lsl_runtime.gem.comparison.file import comparison_path, write_comparison
    from lsl_runtime.gem.comparison.sides import sides_of, told
    from lsl_shared.files.annotations import annotations_path

    first, second = sides_of(compared, stages, annotations or annotations_path(store), genes)
    if settings["constrained"]:
        _say_within([_constraint_of(side.annotations or annotations_path(store)) for side in (first, second)])
    with progress("comparing", 2 * images) as advance:
        found = compare_gems(store, first, second, on_progress=advance, **settings)
    write_comparison(comparison_path(folder, found.names), found)
    for line in told(found):
        say(line)
    say(f"numbers: {comparison_path(folder, found.names)}")
    return found


def _constraint_of(path: str | Path) -> str:
    from lsl_shared.files.annotations import Annotations

    with Annotations(path) as given:
        return given.constrained_by


def _say_within(coarse: Sequence[str]) -> None:
    for name in dict.fromkeys(filter(None, coarse)):
        say(f"answers within the known {name}, as lsl-annotate --constrain stored; --free takes the others")


def _write_landmarks(folder: Path, gems: Sequence[Gem]) -> None:
    from lsl_runtime.gem.build.landmarks import LANDMARK_NOTE, landmarks
    from lsl_runtime.gem.files.csv_tables import write_landmarks

    found = [one for gem in gems for one in landmarks(gem)]
    write_landmarks(folder / "landmarks.csv", found)
    what = gems[0].what
    for one in found:
        place = f"{one.egg_length:.0f} % egg length, {one.dorsoventral:.0f} % from dorsal to ventral"
        say(
            f"{what} {one.stage}, landmark {one.number}: {one.area:.1f} % of the embryo at {place}, mean {one.mean:.3f}"
        )
    say(f"{LANDMARK_NOTE} → {folder / 'landmarks.csv'}")


def _write_table(folder: Path, gems: Sequence[Gem]) -> None:
    from lsl_runtime.gem.files.csv_tables import write_gene_table

    rows = write_gene_table(folder / "genes.csv", gems)
    say(f"{rows:,} genes in {len(gems):,} maps → {folder / 'genes.csv'}")


def _write(
    folder: Path, gems: Sequence[Gem], formats: Sequence[Format], style: StyleName, with_landmarks: bool
) -> None:
    from lsl_runtime.gem.build.landmarks import landmarks
    from lsl_runtime.gem.files.maps_file import GEMS, write_gems
    from lsl_runtime.gem.output_folder import draw_stage, remove_panels, remove_pictures

    dropped = write_gems(folder, gems)
    for gem in gems:
        pictures = draw_stage(folder, gem, formats, style, landmarks(gem) if with_landmarks else ())
        _say_drawn(f"{gem.what} {gem.stage}: {gem.n_images:,} images of {gem.n_genes:,} genes", pictures)
        if gem.caution:
            say(f"  {gem.caution}")
        if gem.n_empty:
            say(f"  no embryo found in {gem.n_empty:,} images; they count as unstained")
    if dropped:
        remove_panels(folder)
    for task, stage in sorted(set(dropped) - {(gem.task, gem.stage) for gem in gems}):
        remove_pictures(folder, task, stage)
        say(f"{task} {stage}: removed, it was of another model or store")
    say(f"numbers: {folder / GEMS}")


def _say_drawn(what: str, pictures: Sequence[Path]) -> None:
    say(f"{what} → {', '.join(map(str, pictures))}")


def main() -> None:
    """Runs the command line."""
    app()
