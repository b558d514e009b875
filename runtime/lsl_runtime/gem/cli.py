"""The command lsl-gem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lsl_runtime.gem.age_options import AgainstOption, AgeOption, BandwidthOption, MovieOption, asks_for_ages
from lsl_runtime.gem.atlas.options import AgeBinsOption, H5adOption, SpatialDataOption
from lsl_runtime.options import AnnotationsOption, SchedulerOption, StoreArgument, WorkersOption
from lsl_shared.process.terminal import Debug, new_app, plain_errors, progress, say
from lsl_shared.wording import printable

if TYPE_CHECKING:
    from lsl_runtime.gem.build.saliency_samples import SaliencySample

_PICTURES = "Pictures"

app = new_app("Genomewide expression maps of an annotated store.")


@app.command()
def gem_command(
    store: StoreArgument = Path("store.h5"),
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
    annotations: AnnotationsOption = None,
    masked: Annotated[bool, typer.Option("--masked/--no-masked", help="Map what the model looks at, too.")] = True,
    saliency_method: Annotated[
        Literal["gradient", "smoothgrad", "gradient-input", "integrated", "contributions", "contributions-once"] | None,
        typer.Option(
            help="How the maps behind the mask are made; computed where others are stored.  "
            r"\[default: what is stored, else gradient]"
        ),
    ] = None,
    landmark_map: Annotated[
        bool | None,
        typer.Option(
            "--landmark-map/--no-landmark-map",
            help="Map what speaks for a stage in all its embryos, with significance; takes 8 looks at each image where "
            r"contributions are not stored.  \[default: where they are]",
        ),
    ] = None,
    mask: Annotated[
        Literal["landmarks", "image"] | None,
        typer.Option(
            help="The masked map's mask: the landmark map, one for all images, or each image's own saliency, as in the "
            r"paper.  \[default: landmarks where there is a landmark map]"
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
    sure: Annotated[bool, typer.Option("--sure", help="Only images of which the stage is sure.")] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B", help="Where do two maps differ? Two stages; or annotations files or gene lists at --stage."
        ),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option("--why", metavar="S", help="Why this stage, and not that of --not? Maps what speaks for either."),
    ] = None,
    why_not: Annotated[str | None, typer.Option("--not", metavar="S", help="The other stage of --why.")] = None,
    landmarks: Annotated[
        bool,
        typer.Option(
            "--landmarks",
            help="List and draw the significant regions of the landmark map, else where the masked map stands out, "
            "landmarks.csv.",
        ),
    ] = False,
    table: Annotated[bool, typer.Option("--table", help="List every gene at each stage, genes.csv.")] = False,
    h5ad: H5adOption = None,
    spatialdata: SpatialDataOption = None,
    age_bins: AgeBinsOption = None,
    age: AgeOption = None,
    against: AgainstOption = None,
    bandwidth: BandwidthOption = None,
    movie: MovieOption = None,
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
        Literal["inferno", "flyexpress", "paper"],
        typer.Option(
            rich_help_panel=_PICTURES,
            help="Bright on black, or blue-violet on white: our approximation of the look of FlyExpress. paper: the "
            "same, masked by each image's own gradient.",
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
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    debug: Debug = False,
) -> None:
    """Genomewide expression maps (GEMs) of an annotated store: a picture a stage, and the numbers in gems.h5.

    A GEM averages the stain of all embryos that the model gave the stage, each gene counting once; the masked GEM
    weights every pixel by how much the model looks there. Pictures are named after task and class: stage-9.png,
    cv_terms-brain.png; odd letters in a name become _, with a few digits that tell it apart.

    Example:  lsl-gem store.h5 --stage 9 --stage 10

    Example:  lsl-gem store.h5 --panel --style flyexpress --format pdf

    Example:  lsl-gem store.h5 --age 220min --movie development.apng
    """
    if (why is None) != (why_not is None):
        raise typer.BadParameter("go together: --why 9 --not 10", param_hint="--why and --not")
    if why is not None and (stage or term or compare is not None or panel):
        raise typer.BadParameter("goes without --stage, --term, --compare and --panel", param_hint="--why")
    atlas = "--h5ad" if h5ad is not None else "--spatialdata" if spatialdata is not None else ""
    if atlas and (term or why or compare is not None or panel):
        raise typer.BadParameter("goes without --term, --why, --compare and --panel", param_hint=atlas)
    if age_bins is not None and (h5ad is None or spatialdata is not None or stage):
        raise typer.BadParameter("goes with --h5ad, and without --stage and --spatialdata", param_hint="--age-bins")
    mapped = bool(stage or term or why or compare or panel or atlas)
    aged = asks_for_ages(age, against, movie, bandwidth, mapped)
    if not (aged or mapped):
        raise typer.BadParameter("name a stage: --stage 9", param_hint="--stage")
    if term and (stage or compare is not None or saliency_panel is not None):
        raise typer.BadParameter("goes without --stage, --compare and --saliency-panel", param_hint="--term")
    with plain_errors(debug, "The same command starts over."):
        from lsl_runtime.cluster import Machines
        from lsl_runtime.gem.age_command import AgesAsked, map_ages
        from lsl_runtime.gem.atlas.command import AtlasFiles, write_atlas
        from lsl_runtime.gem.build.maps import make_maps
        from lsl_runtime.gem.build.requested import requested_of_command
        from lsl_runtime.gem.build.saliency_samples import make_samples
        from lsl_runtime.gem.build.selection import left_out_told
        from lsl_runtime.gem.build.settings import Filter, MapSettings
        from lsl_runtime.gem.build.source import open_source
        from lsl_runtime.gem.draw.sheet import formats_named
        from lsl_runtime.gem.files.maps_file import gems_folder
        from lsl_runtime.gem.of_command import compare_two, contrast_two, listed
        from lsl_runtime.gem.output_folder import Contents, OutputFolder
        from lsl_runtime.model.model import Model
        from lsl_shared.errors import ConfigError
        from lsl_shared.files.store import Store

        if style == "paper" and landmark_map is None and mask is None:
            saliency_method, mask = saliency_method or "gradient", "image"
        settings = MapSettings(masked, mode, saliency_method, table, landmark_map, mask)
        machines = Machines(workers, scheduler)
        if landmarks and not (masked or landmark_map):
            raise ConfigError("--landmarks are read from the masked map; leave --no-masked out")
        if (compare is not None or why is not None or atlas) and machines.shared:
            asked_for = "--compare" if compare is not None else "--why" if why is not None else atlas
            raise ConfigError(f"{asked_for} does not share out its work; leave --workers and --scheduler out")
        with Store(store) as opened:
            known, of_other_views = set(opened.genes), left_out_told(opened, view)
        folder = OutputFolder(out or gems_folder(store), style, formats_named(format or ["png"]))
        if not atlas:
            folder.check()
        only, left_out = (listed(one, known) if one is not None else None for one in (genes, exclude))
        if of_other_views:
            say(printable(of_other_views))
        wanted = Filter(view, only, left_out or (), weights, floor, constrained, sure)
        if atlas:
            write_atlas(store, annotations, stage or [], wanted, AtlasFiles(h5ad, spatialdata), age_bins)
            return
        if aged:
            ages = AgesAsked(age or (), bandwidth, movie, html, against)
            map_ages(store, annotations, ages, wanted, mode, folder, machines)
            return
        if compare is not None:
            compare_two(store, annotations, compare, stage or [], wanted, mode, folder)
            return
        loaded = Model.load(model) if model is not None else None
        if why is not None and why_not is not None:
            contrast_two(store, annotations, (why, why_not), loaded, wanted, folder)
            return
        with open_source(store, annotations, loaded) as source:
            asked = requested_of_command(source, stage or [], term or [], wanted)
            with progress("mapping", len(source.store) * asked.passes) as advance:
                gems = make_maps(source, asked, wanted, settings, machines, advance)
            samples: Sequence[SaliencySample] = ()
            if saliency_panel is not None:
                samples = make_samples(source, asked, saliency_panel, wanted, saliency_method)
        for line in folder.write(asked, gems, Contents(panel, html, landmarks, table), samples):
            say(line)


def main() -> None:
    """Runs the command line."""
    app()
