"""What do the steps around annotating cost at a million images?

    python tools/bench/million.py RUN/model [--images 10000 --images 100000 --images 1000000] [--step table …]

Makes a store of empty pictures at the model's size, in chunks of the same bytes, with ids, genes and labels, and the
parts that a run would have left, with made-up probabilities. That takes 0.3 GB of disk for a million images. Then it
measures the steps that need no inference, each in a process of its own: opening the store, planning (with the
fingerprint), finding what is done already, joining, opening the annotations, labels, the table, the scores, what
lsl-review holds of all images, and the map of one class, from saliency and stain density that were put in after the
join. Wall clock, processor time, peak memory (Linux).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import typer

from lsl_runtime import Model, build_gem, evaluate, write_csv
from lsl_runtime.annotation.bulk import create_maps
from lsl_runtime.annotation.join import join_parts
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part
from lsl_runtime.annotation.plan import Plan, plan_of
from lsl_shared import Annotations, Store, StoreWriter, annotations_path
from lsl_shared.files.deflate_codec import deflated
from lsl_shared.files.texts import write_texts

app = typer.Typer(add_completion=False, help=__doc__)
ENOUGH = 256  # images, to fill a chunk
GENES = 6000
MAP = "map of one class"


def store_of(path: Path, model: Model, images: int) -> None:
    """Writes a store of so many empty pictures in chunks of the same bytes."""
    task = model.task
    height, width = model.manifest.image_size
    with StoreWriter(path, height, width) as writer:
        for row in range(ENOUGH):
            writer.append(np.full((height, width, 3), 255, np.uint8), id=f"a{row}")
    with h5py.File(path, "r+") as file:
        first = file["images"]
        mask, raw = first.id.read_direct_chunk((0, 0, 0, 0))
        first.resize(images, axis=0)
        for start in range(0, images, first.chunks[0]):
            first.id.write_direct_chunk((start, 0, 0, 0), raw, mask)
        for name in list(file["samples"]):
            del file["samples"][name]
        text, rows = h5py.string_dtype(), range(images)
        write_texts(file, "samples/id", (f"image{row:07d}" for row in rows))
        write_texts(file, "samples/gene", (f"gene{row % GENES:05d}" for row in rows))
        labels = np.where(np.arange(images) % 10, -1, np.arange(images) % len(task.classes))
        kept = file.require_group("labels").create_dataset(task.name, data=labels.astype(np.int16))
        kept.attrs.create("classes", list(task.classes), dtype=text)


def parts_of(plan: Plan) -> None:
    """Writes the parts that a run would have left."""
    generator, tasks = np.random.default_rng(0), plan.model.manifest.tasks
    plan.begin(restart=False)
    scope = plan.model.manifest.scope_threshold is not None
    for partition in plan.partitions:
        count = len(partition)
        made = {task.name: generator.dirichlet(np.ones(len(task.classes)), count).astype(np.float32) for task in tasks}
        distance = np.zeros(count, np.float32) if scope else None
        plan.files.write(partition, Part(made, [""] * count, scope_distance=distance, provider="made up"))


def add_maps(path: Path) -> None:
    """Puts saliency maps and stain density into the annotations: chunks of the same bytes, laid as `annotate` does."""
    with Store(path) as store, h5py.File(annotations_path(path), "r+") as file:
        rows, shape = store.chunk_images, store.shape[1:]
        density = np.zeros((rows, *shape), np.uint8)
        density[:, 8:-8, 8:-8] = np.linspace(1, 250, shape[1] - 16)  # from end to end, so that it packs well
        for name in ("saliency", "expression"):
            made = create_maps(file, name, (len(store), *shape), rows)
            raw = deflated(density.tobytes(), 1)
            for start in range(0, len(store), rows):
                made.id.write_direct_chunk((start, 0, 0), raw)
        file["saliency"].attrs["method"] = "gradient"
        file["saliency_scale"] = np.ones(len(store), np.float32)


def _map(path: Path, model: Model) -> None:
    build_gem(path, model.task.classes[0])


def _table(path: Path, model: Model) -> None:
    write_csv(annotations_path(path), path, path.with_suffix(".csv"))
    path.with_suffix(".csv").unlink()


def _review(path: Path, model: Model) -> None:
    from lsl_tools.review.images import read_images

    with Store(path) as store:
        images, _ = read_images(store, store.tasks[model.task.name], annotations_path(path))
        images.sure()


def _labels(path: Path, model: Model) -> None:
    with Store(path) as store:
        store.labels(model.task.name)


def _resume(path: Path, model: Model) -> None:
    with Store(path) as store:
        plan = plan_of(store, model, None, Outputs())
        assert not plan.missing(plan.partitions)


def _join(path: Path, model: Model) -> None:
    with Store(path) as store:
        join_parts(plan_of(store, model, None, Outputs()))


def _plan(path: Path, model: Model) -> None:
    with Store(path) as store:
        plan_of(store, model, None, Outputs())


STEPS: dict[str, Callable[[Path, Model], object]] = {
    "open the store": lambda path, model: Store(path).close(),
    "labels": _labels,
    "plan": _plan,
    "plan and find what is done": _resume,
    "plan and join": _join,
    "open the annotations": lambda path, model: Annotations(annotations_path(path)).close(),
    "table": _table,
    "scores": lambda path, model: evaluate(path, model, everything=True, annotations=annotations_path(path)),
    "lsl-review's list": _review,
    MAP: _map,
}


@app.command()
def measure(
    model: Path,
    images: Annotated[list[int] | None, typer.Option()] = None,
    step: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    child: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Seconds and memory of each step at each size."""
    loaded = Model.load(model, "cpu")
    if child:
        name, _, place = child.partition(":")
        before, wall, used = _peak(), time.perf_counter(), time.process_time()
        STEPS[name](Path(place), loaded)
        spent = time.perf_counter() - wall, time.process_time() - used
        typer.echo(f"{spent[0]:8.2f} s, {spent[1]:8.2f} s of processor, peak {_peak():5.0f} MB ({before:.0f} before)")
        return
    for count in images or [10_000, 100_000, 1_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store.h5"
            store_of(path, loaded, count)
            with Store(path) as store:
                parts_of(plan_of(store, loaded, None, Outputs()))
            typer.echo(f"{count:,} images, {sum(one.stat().st_size for one in Path(folder).rglob('*')) / 1e6:.0f} MB")
            for name in STEPS:
                if name == MAP and (not step or name in step):
                    add_maps(path)
                if not step or name in step or name == "plan and join":
                    typer.echo(f"  {name:<28}{_in_a_process(model, f'{name}:{path}')}")


def _in_a_process(model: Path, child: str) -> str:
    command = [sys.executable, __file__, str(model), "--child", child]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _peak() -> float:
    """Of this process alone: getrusage would tell that of the program which started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    app()
