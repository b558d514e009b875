"""The command lsl-evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsl_runtime.options import AnnotationsOption, BundleOption, StoreArgument
from lsl_shared.process.terminal import Debug, new_app, plain_errors, progress, say

app = new_app("Evaluate a trained model on a store.")


@app.command()
def evaluate_command(
    store: StoreArgument = Path("store.h5"),
    model: BundleOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All images, those of the training too.")] = False,
    annotations: AnnotationsOption = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all figures as JSON as well.")] = None,
    debug: Debug = False,
) -> None:
    """Compare a model's answers with the labels of images that it was not trained on.

    Reports accuracy, calibration, prediction sets, the confusion matrix, and the images whose prediction contradicts
    their coarse label; where coarse labels are known, also the accuracy of the classes that keep to them, as
    lsl-annotate --constrain gives them. Further tasks of the model, of classes and terms, are scored as far as the
    store has labels of them. The store is only read.

    Example:  lsl-evaluate store.h5 --json figures.json
    """
    with plain_errors(debug):
        from rich.console import Console

        from lsl_runtime.evaluation.evaluate import evaluate
        from lsl_runtime.evaluation.tables import evaluation_tables
        from lsl_runtime.model.bundles import newest_bundle
        from lsl_runtime.model.model import Model
        from lsl_shared.files.annotations import annotations_path
        from lsl_shared.files.atomic import write_text
        from lsl_shared.files.output_file import refuse_inputs
        from lsl_shared.files.store import Store

        with Store(store) as opened:
            images = len(opened)
        bundle = model or newest_bundle()
        if json is not None:
            refuse_inputs(json, "--json", [store, annotations or annotations_path(store), *bundle.glob("*")])
        loaded = Model.load(bundle)
        say(f"model {loaded.path}, store {store}")
        with progress("evaluating", images) as advance:
            found = evaluate(store, loaded, everything=everything, annotations=annotations, on_progress=advance)
        Console(markup=False, emoji=False).print(evaluation_tables(found))
        if json is not None:
            write_text(json, found.to_json())
            say(f"figures: {json}")


def main() -> None:
    """Runs the command line."""
    app()
