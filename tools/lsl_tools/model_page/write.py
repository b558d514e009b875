"""A model bundle as a page: what goes into it, tried before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from lsl_runtime.model.model import Model
from lsl_shared.errors import BundleError, ConfigError
from lsl_shared.files.atomic import atomic_folder, atomic_path
from lsl_shared.files.manifest import Manifest
from lsl_shared.files.output_file import check_writable
from lsl_tools.model_page.golden_answers import GoldenAnswers, golden_answers, golden_feeds
from lsl_tools.model_page.html import page_html
from lsl_tools.model_page.library import Library
from lsl_tools.model_page.licences import licences
from lsl_tools.model_page.references import reference_images
from lsl_tools.model_page.trial import check_operators, run_in_node
from lsl_tools.model_page.weights import Packed, Precision, pack_graphs, unpack_graph

__all__ = ["PageSettings", "Weights", "WrittenPage", "write_page"]

Weights = Literal["auto", "float32", "float16"]

_GRAPHS: Final = ("classifier", "saliency", "contributions")
_LARGE: Final = 4_000_000
"""More weights than take these bytes are kept in 16 bits, where nothing was asked for."""
_EFFORT: Final = 10
"""Of packing: 12 takes 8 s for 6 kB less."""
_TOLERANCE: Final = 1e-3
"""Of logits, between this machine's runtime and the web runtime."""


@dataclass(frozen=True)
class PageSettings:
    """What a page is like. Raises ConfigError for a number out of range."""

    title: str = ""
    """Its heading; '' makes one up from the task."""
    description: str = ""
    """A sentence or two about the model, shown on its card."""
    weights: Weights = "auto"
    """How weights are kept: float32 as they are, float16 in half the room; auto takes float16 above 4 MB."""
    references: Path | None = None
    """A store whose labelled images the page shows, some of each class; None shows none."""
    per_class: int = 2
    """How many of each class, at least 1."""
    split: bool = False
    """Whether a folder is written in place of one file."""

    def __post_init__(self) -> None:
        if self.per_class < 1:
            raise ConfigError(f"--per-class must be at least 1, received {self.per_class}")


@dataclass(frozen=True)
class WrittenPage:
    """What was written."""

    path: Path
    """The file, or the folder's index.html."""
    bytes: int
    """Of all its files."""
    precision: Precision
    tried: bool
    """Whether the web runtime itself ran the graphs, in Node.js; else only their operators were looked at."""


def write_page(
    bundle: Path, target: Path, library: Library, settings: PageSettings | None = None, *, overwrite: bool = False
) -> WrittenPage:
    """Writes a bundle as a page `target`, an .html file, or a folder where the settings say so.

    Raises ConfigError where the target exists or does not suit, BundleError for a bundle that cannot be used, and for
    one that the web runtime does not run.
    """
    settings = settings or PageSettings()
    _check_target(target, settings.split, overwrite)
    model = Model.load(bundle, "cpu", verify=True)
    graphs = _graphs(model)
    packed, precision = _packed(graphs, settings.weights)
    unpacked = {name: unpack_graph(packed, name) for name in graphs}
    golden = golden_answers(unpacked, model.manifest.image_size, model.path)
    tried = _try_out(library, unpacked, golden, model.path)
    pieces = {"library": b"".join(asdict(library).values()), "model": bytes(packed.data)}
    heavy = {name: _gzip(data) for name, data in pieces.items()}
    about = {
        **_about(model, settings, packed),
        "library": [[name, len(data)] for name, data in asdict(library).items()],
        "golden": golden.told(),
        "card": _card(model, precision, settings, _rounding(model, golden) if precision == "float16" else ""),
        "references": reference_images(model, settings.references, settings.per_class) if settings.references else [],
    }
    page = page_html(about, heavy, split=settings.split).encode("utf-8")
    files = {"index.html": page, **{f"{name}.bin": data for name, data in heavy.items()}} if settings.split else {}
    _write(target, files or {"": page})
    return WrittenPage(
        target / "index.html" if settings.split else target,
        sum(map(len, files.values())) or len(page),
        precision,
        tried,
    )


def _check_target(target: Path, split: bool, overwrite: bool) -> None:
    if not split and target.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"a page is an .html file; {target.name!r} does not end so. --split writes a folder")
    if split and target.suffix.lower() in (".html", ".htm"):
        raise ConfigError(f"--split writes a folder; {target.name!r} is the name of a page")
    if split and target.exists():
        raise ConfigError(f"{target} exists; --split writes a new folder: choose another name, or remove it")
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists; add --overwrite, or choose another name")
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; name a file")
    check_writable(target)


def _graphs(model: Model) -> dict[str, bytes]:
    """The ONNX files of the bundle, of operators that the web runtime knows."""
    graphs: dict[str, bytes] = {}
    for name in _GRAPHS:
        path = model.path / f"{name}.onnx"
        if path.exists():
            graphs[name] = path.read_bytes()
            check_operators(graphs[name], path)
    return graphs


def _packed(graphs: Mapping[str, bytes], weights: Weights) -> tuple[Packed, Precision]:
    if weights != "auto":
        return pack_graphs(graphs, weights), weights
    packed = pack_graphs(graphs, "float32")
    if len(packed.data) <= _LARGE:
        return packed, "float32"
    return pack_graphs(graphs, "float16"), "float16"


def _try_out(library: Library, graphs: Mapping[str, bytes], golden: GoldenAnswers, bundle: Path) -> bool:
    """Whether the web runtime could be tried. Raises BundleError where it answers otherwise than this machine."""
    feeds = golden_feeds(golden.image, list(graphs), golden.best)
    found = run_in_node(library, graphs, feeds, bundle)
    for name, outputs in (found or {}).items():
        expected = golden.answers[name]["logits"][0]
        off, size = float(np.linalg.norm(outputs["logits"] - expected)), float(np.linalg.norm(expected))
        if not off <= _TOLERANCE * size:
            raise BundleError(
                bundle / f"{name}.onnx",
                f"the web runtime answers otherwise: logits of the golden sample differ by {off:.1e} of {size:.1e}",
            )
    return found is not None


def _about(model: Model, settings: PageSettings, packed: Packed) -> dict[str, Any]:
    """What the page must know to use the graphs."""
    manifest = model.manifest
    return {
        "format": "lsl-page",
        "version": 1,
        "title": settings.title or f"Which {manifest.tasks[0].name.replace('_', ' ')}?",
        "size": manifest.image_size,
        "contribution_steps": manifest.contribution_steps,
        "tasks": [
            {**asdict(task), "coarse_tasks": [asdict(one) for one in task.coarse_tasks]} for task in manifest.tasks
        ],
        "scope_threshold": manifest.scope_threshold,
        "tensors": packed.tensors,
        "graphs": packed.graphs,
        "licences": licences(manifest.package_version or ""),
    }


def _card(model: Model, precision: Precision, settings: PageSettings, rounding: str) -> dict[str, Any]:
    """What the page tells about the model."""
    manifest: Manifest = model.manifest
    training = manifest.training
    how = ", ".join(f"{key} {training[key]}" for key in ("method", "backbone") if training.get(key))
    counts = {"fine": training.get("fine_images"), "coarse": training.get("coarse_images"), "how": how}
    scores = {key: value for key, value in manifest.test_metrics.items() if isinstance(value, int | float)}
    return {
        "description": settings.description,
        "version": manifest.package_version,
        "precision": precision,
        "digest": model.digest,
        "rounding": rounding,
        "training": counts,
        "test": scores,
    }


def _rounding(model: Model, golden: GoldenAnswers) -> str:
    """How far rounded weights move the logits of the golden sample, in percent."""
    expected = next(model.classify(golden.image))["logits"][0]
    off = float(np.linalg.norm(golden.answers["classifier"]["logits"][0] - expected)) / float(np.linalg.norm(expected))
    return f"{100 * off:.2g} %"


def _gzip(data: bytes) -> bytes:
    import deflate

    return bytes(deflate.gzip_compress(data, _EFFORT))


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    """One file under the name '', else a folder of files."""
    if "" in files:
        with atomic_path(target) as temporary:
            temporary.write_bytes(files[""])
        return
    with atomic_folder(target) as folder:
        for name, data in files.items():
            (folder / name).write_bytes(data)
