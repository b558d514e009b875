"""`lsl-store`: getting images into a store and looking after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lsl_shared.process.terminal import SOME_FAILED, Debug, new_app, plain_errors, progress, say
from lsl_tools.auditing.cli import audit
from lsl_tools.demo.defaults import DEMO_FINE_FRACTION, DEMO_IMAGES
from lsl_tools.fetching.command import fetch_bdgp
from lsl_tools.labelling.cli import label, suggest
from lsl_tools.model_page.cli import page
from lsl_tools.options import (
    AllowsTables,
    Axes,
    Channel,
    ExistingStore,
    GenesKey,
    IdsKey,
    ImagesKey,
    Labels,
    LabelsKeys,
    NewStore,
    Overwrite,
    Tasks,
)
from lsl_tools.packaging.cli import package
from lsl_tools.standardize.command import standardize
from lsl_tools.standardize.sheet.sheet_command import sheet

__all__ = ["app", "main"]

app = new_app(
    "Makes image stores and looks after them. `demo` makes a synthetic store to try everything on, `import` one from "
    "your own pictures; `info` tells what a store holds, `check` whether it is sound."
)


@app.command()
def demo(
    store: NewStore = Path("store.h5"),
    images: Annotated[int, typer.Option(help="How many images.", min=1)] = DEMO_IMAGES,
    fine_fraction: Annotated[
        float, typer.Option(help="Share of the images that carry the fine label, the stage.", min=0.0, max=1.0)
    ] = DEMO_FINE_FRACTION,
    seed: Annotated[int, typer.Option(help="The same seed makes the same images.", min=0)] = 0,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Make a synthetic store: embryos of all stages, with coarse and fine labels and the truth.

    Example: lsl-store demo store.h5 --images 500
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_shared.files.store_writer import refuse_existing
        from lsl_tools.demo.store import write_demo_store
        from lsl_tools.inspection.info import store_info
        from lsl_tools.inspection.terminal_tables import show_info, train_command

        refuse_existing(store, overwrite)
        with progress("rendering", images) as advance:
            write_demo_store(
                store, images=images, fine_fraction=fine_fraction, seed=seed, overwrite=overwrite, on_progress=advance
            )
        made = store_info(store)
        show_info(made)
        say(f"\nnext: {train_command(store, {task.space.name: task.space for task in made.tasks})}")


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder of pictures, or a CSV that names them.", metavar="SOURCE")],
    store: NewStore = Path("store.h5"),
    labels: Labels = None,
    task: Tasks = None,
    allows: AllowsTables = None,
    size: Annotated[
        str | None, typer.Option(help="Bring all images to this size; else to the commonest.", metavar="HxW")
    ] = None,
    channel: Channel = "",
    images: ImagesKey = None,
    labels_key: LabelsKeys = None,
    ids_key: IdsKey = "",
    genes_key: GenesKey = "",
    axes: Axes = "",
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Make a store from your own pictures: PNG, JPEG, BMP or TIFF, in folders or named by a CSV.

    Folders: the name of a sub-folder is the class.
    Microscopes: CZI, LIF, ND2, OME-TIFF and OME-Zarr; each scene becomes an image, called file#scene.
    CSV: a column file; if you like id, gene, view, split, and label columns; cv_terms holds terms, brain|nerve cord.
    The FlyExpress layout (gene/stage range/insitu123.bmp) is recognized.
    HDF5, MATLAB v7.3, .npy or .npz: a stack of images at --images, what is known of them at --labels-key and the like.
    What cannot be read is listed and left out; the exit code is then 3.

    Example: lsl-store import embryos store.h5
    Example: lsl-store import pollen --labels labels.csv --task family --task species:family
    Example: lsl-store import flies.csv --task stage:stage_range --task stage:hours --allows hours.csv
    Example: lsl-store import own.h5 store.h5 --images images --labels-key labels
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_shared.files.store_writer import refuse_existing
        from lsl_tools.importing.run import write_listing
        from lsl_tools.importing.size import parse_size
        from lsl_tools.importing.source import list_source
        from lsl_tools.inspection.terminal_tables import show_import
        from lsl_tools.stacks.command import import_stack_told, is_stack
        from lsl_tools.stacks.prepared import StackKeys

        refuse_existing(store, overwrite)
        wanted = None if size is None else parse_size(size)
        keys = StackKeys(images, tuple(labels_key or ()), ids_key, genes_key, axes)
        if is_stack(source, keys, labels):
            show_import(import_stack_told(source, store, keys, task or (), allows or (), wanted, overwrite))
            return
        listing = list_source(source, labels=labels, tasks=task or (), allows=allows or ())
        with progress("importing", len(listing.samples)) as advance:
            report = write_listing(
                listing, store, size=wanted, channel=channel, overwrite=overwrite, on_progress=advance
            )
        show_import(report)
        if report.skipped:
            say(f"{len(report.skipped)} image(s) were skipped: exit code {SOME_FAILED}")
            raise typer.Exit(SOME_FAILED)


app.command()(standardize)
app.command("fetch-bdgp")(fetch_bdgp)
app.command()(suggest)
app.command()(label)
app.command()(audit)
app.command()(sheet)


@app.command()
def info(store: ExistingStore = Path("store.h5"), debug: Debug = False) -> None:
    """Tell what a store holds: images, tasks with their classes, genes, views, splits.

    Example: lsl-store info store.h5
    """
    with plain_errors(debug):
        from lsl_tools.inspection.info import store_info
        from lsl_tools.inspection.terminal_tables import show_info

        show_info(store_info(store))


@app.command()
def check(
    store: ExistingStore = Path("store.h5"),
    full: Annotated[bool, typer.Option("--full", help="Also print a hash of all content.")] = False,
    debug: Debug = False,
) -> None:
    """Read a whole store: damage, duplicates, contradictory labels, genes that straddle a split.

    The exit code is 1 if there are errors, 0 if there are none or only warnings.

    Example: lsl-store check store.h5 --full
    """
    with plain_errors(debug):
        from lsl_shared.files.store import Store
        from lsl_tools.inspection.check import check_store
        from lsl_tools.inspection.terminal_tables import show_check

        with Store(store) as opened:
            count = len(opened)
        with progress("checking", count) as advance:
            report = check_store(store, full=full, on_progress=advance)
        show_check(report)
        if not report.ok:
            raise typer.Exit(1)


@app.command()
def doctor(
    model: Annotated[
        Path | None, typer.Option(metavar="BUNDLE", help="A model bundle to try, such as RUN/model.")
    ] = None,
    engine: Annotated[
        Literal["onnxruntime", "openvino", "opencv", "tract"] | None,
        typer.Option(help="Try the model on another program that runs ONNX: does its golden sample come out right?"),
    ] = None,
    debug: Debug = False,
) -> None:
    """Tell whether this machine is fit for annotating: versions, processors, free disk; try and time a model.

    The exit code is 1 if the model does not work, or if there is a GPU that cannot be used.

    Example: lsl-store doctor --model runs/demo/model
    """
    with plain_errors(debug):
        from lsl_tools.inspection.doctor import examine
        from lsl_tools.inspection.doctor_terminal import show_doctor

        report = examine(model, engine=engine or "")
        show_doctor(report)
        if not report.ok:
            raise typer.Exit(1)


app.command()(package)
app.command()(page)


def main() -> None:
    """The entry point of `lsl-store`."""
    app()
