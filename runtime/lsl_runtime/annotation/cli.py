"""The command lsl-annotate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lsl_runtime.annotation.summary import tell
from lsl_runtime.options import BundleOption, SchedulerOption, StoreArgument, WorkersOption
from lsl_shared.process.terminal import SOME_FAILED, Debug, new_app, plain_errors, progress, say
from lsl_shared.wording import command_line

if TYPE_CHECKING:
    from lsl_runtime.annotation.annotated import Annotated as Result
    from lsl_runtime.annotation.priors import Prior
    from lsl_runtime.model.model import Model
    from lsl_runtime.model.sessions import Device

app = new_app("Annotate every image of a store with a trained model.")

_MACHINES = "Many machines"


@app.command()
def annotate_command(
    store: StoreArgument = Path("store.h5"),
    model: BundleOption = None,
    out: Annotated[Path | None, typer.Option(help=r"The annotations file.  \[default: beside the store]")] = None,
    saliency: Annotated[bool, typer.Option("--saliency", help="Store each image's saliency map.")] = False,
    saliency_method: Annotated[
        Literal["gradient", "smoothgrad", "gradient-input", "integrated", "contributions", "contributions-once"] | None,
        typer.Option(
            help="How the maps are made; implies --saliency. smoothgrad and integrated take 16 times as long, "
            "contributions 8 times, contributions-once once.  "
            r"\[default: gradient]"
        ),
    ] = None,
    saliency_scale: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4,
            help="Store maps at half the resolution with 2, at a quarter with 4; implies --saliency. A quarter of the "
            r"bytes, and masks are the same to the eye.  \[default: 1]",
        ),
    ] = None,
    features: Annotated[bool, typer.Option("--features", help="Store each image's feature vector.")] = False,
    expression: Annotated[
        bool,
        typer.Option("--expression", help="Store each image's stain density: lsl-gem takes less than half the time."),
    ] = False,
    constrain: Annotated[
        str | None,
        typer.Option(
            metavar="TASK",
            help="Also store answers that keep to each image's label of this coarse task; several are joined by "
            "commas, all takes all.",
        ),
    ] = None,
    timetable: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="When classes begin and end, for ages: a table with columns class, begin, end, and unit if it is not "
            "minutes.  "
            r"\[default: the fly's at 25 °C, else the order of classes]",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the answers as a table as well: .csv, or .xlsx for spreadsheets.")
    ] = None,
    parquet: Annotated[Path | None, typer.Option(help="The same table as Parquet; needs pyarrow.")] = None,
    max_set: Annotated[
        int | None, typer.Option(min=1, help="Give no class in the tables where the prediction set has more classes.")
    ] = None,
    prior: Annotated[
        str | None,
        typer.Option(
            metavar="SHARES",
            help="Add to the tables the class for other shares of the classes than those of the training: uniform, "
            "estimate (from the answers), or a CSV with columns class and share.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help=r"Images in one pass.  \[default: 16 shared among the cores, 64 on a GPU]"),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "tensorrt"], typer.Option(help="auto takes a GPU where one works.")
    ] = "auto",
    require_gpu: Annotated[
        bool, typer.Option("--require-gpu", help="Stop where no GPU works and say why; same as --device cuda.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Replace annotations made by another model.")] = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Only the I-th of N shares of the work.", rich_help_panel=_MACHINES),
    ] = None,
    join: Annotated[bool, typer.Option("--join", help="Join what all shards made.", rich_help_panel=_MACHINES)] = False,
    debug: Debug = False,
) -> None:
    """Annotate every image of a store with a trained model.

    The answers go to STORE's name with .annotations.h5; the store itself is only read. Stop it whenever you like: the
    same command goes on where it stopped.

    Example:  lsl-annotate store.h5 --saliency --csv answers.csv
    """
    with plain_errors(debug, "Nothing is lost: the same command goes on from here."):
        from lsl_runtime.annotation.annotating import annotate, annotate_shard, join_shards
        from lsl_runtime.annotation.priors import Prior
        from lsl_runtime.annotation.shards import parse_shard, shard_images
        from lsl_runtime.model.bundles import newest_bundle
        from lsl_shared.files.annotations import annotations_path
        from lsl_shared.files.store import Store

        saliency = saliency or saliency_method is not None or saliency_scale is not None
        method, scale = saliency_method or "gradient", saliency_scale or 1
        one_of = parse_shard(shard) if shard is not None else None
        tables = {option: path for option, path in (("--csv", csv), ("--parquet", parquet)) if path is not None}
        _refuse_together(bool(one_of), join, workers is not None or scheduler is not None, bool(tables), prior)
        with Store(store) as opened:
            images = shard_images(opened, *one_of) if one_of else len(opened)
            if opened.large_chunks:
                typer.echo(f"note: {opened.large_chunks}", err=True)
        bundle = model or newest_bundle()
        _refuse_inputs(tables, [store, out or annotations_path(store), *bundle.glob("*")])
        loaded = _loaded(bundle, "cuda" if require_gpu else device)
        shares = Prior.of(prior, loaded.task) if prior is not None else None
        if join:
            done = join_shards(store, loaded, out=out, timetable=timetable)
        else:
            with progress("annotating", images) as advance:
                if one_of:
                    annotate_shard(
                        store, loaded, *one_of, out=out, saliency=saliency, features=features,
                        expression=expression, saliency_method=method, saliency_scale=scale,
                        constrain=constrain, batch_size=batch_size, restart=restart, on_progress=advance,
                    )  # fmt: skip
                    joining = _join_command(store, model, out)
                    say(f"shard {shard}: {images:,} images\nnext, when all shards are done: {joining}")
                    return
                done = annotate(
                    store, loaded, out=out, saliency=saliency, features=features,
                    expression=expression, saliency_method=method, saliency_scale=scale,
                    constrain=constrain, timetable=timetable, batch_size=batch_size, restart=restart,
                    workers=workers, scheduler=scheduler, on_progress=advance,
                )  # fmt: skip
        tell(done, loaded, max_set)
        if prior == "estimate":
            shares = _estimated(done, store, loaded) or shares
        _write_tables(done, store, tables, max_set, shares)
        if done.failed:
            raise typer.Exit(SOME_FAILED)


def _join_command(store: Path, model: Path | None, out: Path | None) -> str:
    """The command that joins what all shards made."""
    given = (("--model", model), ("--out", out))
    return command_line("lsl-annotate", store, "--join", *(word for pair in given if pair[1] for word in pair))


def _refuse_together(shard: bool, join: bool, shared: bool, tables: bool, prior: str | None) -> None:
    """Raises ConfigError for options that do not go together."""
    from lsl_shared.errors import ConfigError

    if shard and (join or tables):
        raise ConfigError("--shard makes parts alone; --join, --csv and --parquet come when all shards are done")
    if shared and (shard or join):
        raise ConfigError("--workers and --scheduler share out and join by themselves; leave --shard and --join out")
    if prior is not None and not tables:
        raise ConfigError("--prior adds columns to the tables: name one with --csv or --parquet")


def _refuse_inputs(tables: dict[str, Path], inputs: list[Path]) -> None:
    """Raises AnnotationsError where a table would replace what is read."""
    from lsl_shared.errors import AnnotationsError
    from lsl_shared.files.output_file import refuse_inputs
    from lsl_shared.tables.writing import check_table_name

    for option, table in tables.items():
        refuse_inputs(table, option, inputs, AnnotationsError)
        if option == "--csv":
            check_table_name(table)


def _loaded(bundle: Path, device: Device) -> Model:
    """The model; says what it is, and why a GPU is not used."""
    from lsl_runtime.model.model import Model

    loaded = Model.load(bundle, device)
    what = "terms" if loaded.task.kind == "terms" else "classes"
    say(f"model {loaded.path}: {loaded.task.name}, {len(loaded.task.classes)} {what}, {loaded.provider}")
    if loaded.gpu_problem:
        typer.echo(f"this machine's GPU is not used. {loaded.gpu_problem}", err=True)
    return loaded


def _estimated(done: Result, store: Path, model: Model) -> Prior | None:
    """The shares of the classes in the store, which are told; None where the model does not tell its confusions."""
    from lsl_runtime.annotation.shares import store_shares
    from lsl_shared.files.annotations import Annotations
    from lsl_shared.files.store import Store

    with Annotations(done.path) as given, Store(store) as images:
        found = store_shares(given, images, model.manifest)
    if found is None:
        return None
    for line in found.told():
        say(line)
    return found.prior


def _write_tables(done: Result, store: Path, tables: dict[str, Path], max_set: int | None, prior: Prior | None) -> None:
    from lsl_runtime.annotation.table import write_csv, write_parquet

    for option, path in tables.items():
        write = write_csv if option == "--csv" else write_parquet
        write(done.path, store, path, max_set=max_set, prior=prior)
        say(f"table: {path}")


def main() -> None:
    """Runs the command line."""
    app()
