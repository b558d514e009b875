"""A model bundle as a bioimage.io package: one zip file that the model zoo's own programs validate, test and run.

The package is also a bundle: unzipped, it loads with `Model.load`. Only split.csv, which names the images that were
trained on, stays behind.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_shared.errors import BundleError, ConfigError
from lsl_shared.files.atomic import atomic_path, named_as
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, SALIENCY, Manifest, golden_image
from lsl_shared.files.output_file import check_writable
from lsl_tools.packaging.cover import cover_image, draw_cover, write_png
from lsl_tools.packaging.description import (
    CLASS_INDEX,
    COVER,
    DESCRIPTION,
    INPUT,
    README,
    SAMPLE,
    model_description,
    tensor_file,
)
from lsl_tools.packaging.readme import package_readme
from lsl_tools.packaging.static import static_graph, static_name
from lsl_tools.packaging.weights_licence import DEFAULT_LICENSE, license_of

__all__ = ["DEFAULT_LICENSE", "package_model", "told_licence"]


def package_model(
    bundle: str | Path,
    target: str | Path,
    *,
    name: str = "",
    authors: Sequence[str] = (),
    license: str = "",
    overwrite: bool = False,
    saliency: bool = False,
    static: bool = False,
) -> Path:
    """Writes a bundle as the bioimage.io package `target`, a zip file, and returns its path.

    `name` is made up from the task where it is empty; `license` is an SPDX identifier, for the weights; where it is
    empty, that of a backbone's weights, or CC-BY-4.0. The golden
    image is the test input. The model described is the classifier, or with `saliency` the graph that gives maps as
    well. `static` adds variants of both for a single image, their shapes fixed. Before the file takes its place,
    bioimageio.spec has validated it, and bioimageio.core has run it and come to the test outputs. Raises ConfigError
    where these are not installed, the target exists or a setting is refused, BundleError for a bundle that cannot be
    used or does not pass.
    """
    core, onnx = _libraries()
    target = Path(target)
    if target.suffix != ".zip":
        raise ConfigError(f"a package is a zip file; {target.name!r} does not end in .zip")
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists; add --overwrite, or choose another name")
    check_writable(target)
    model = Model.load(bundle, "cpu", verify=True)
    license, _ = license_of(model.manifest, license)
    with tempfile.TemporaryDirectory() as folder, named_as(Path(folder), target):
        further = _further_graphs(model)
        if static:
            further += _write_static(model, Path(folder))
        weights = SALIENCY if saliency else CLASSIFIER
        outputs = _write_files(model, Path(folder), weights)
        graph = onnx.load(model.path / weights, load_external_data=False)
        opset = next(one.version for one in graph.opset_import if not one.domain)
        described = model_description(
            model.manifest, outputs, opset=opset, name=name, authors=authors, license=license, further_graphs=further,
            weights=weights,
        )  # fmt: skip
        text = json.dumps(_hashed(described, Path(folder)), indent=1, ensure_ascii=False)
        (Path(folder) / DESCRIPTION).write_text(text, encoding="utf-8")  # JSON is YAML
        _try_out(core, Path(folder) / DESCRIPTION, model.path)
        with atomic_path(target) as temporary:
            _pack(Path(folder), temporary)
    return target


def told_licence(bundle: str | Path, license: str) -> str:
    """What to tell of the licence of a package of this bundle; '' where there is nothing."""
    path = Path(bundle) / MANIFEST
    return license_of(Manifest.from_json(path.read_text(encoding="utf-8"), path), license)[1]


def _libraries() -> tuple[Any, Any]:
    """bioimageio.core, its log turned off, and onnx."""
    try:
        import_module("loguru").logger.disable("bioimageio")
        return import_module("bioimageio.core"), import_module("onnx")
    except ImportError:
        raise ConfigError("lsl-store package needs bioimageio.core: pip install 'lsl-toolkit[bioimage]'") from None


def _write_files(model: Model, folder: Path, weights: str) -> dict[str, NDArray[np.float32]]:
    """Writes what the package holds beside its description; returns the test outputs of the graph `weights`."""
    for name in (CLASSIFIER, SALIENCY, MANIFEST, *_further_graphs(model)):
        shutil.copyfile(model.path / name, folder / name)
    image = golden_image(*model.manifest.image_size)
    outputs = next(model.classify(image) if weights == CLASSIFIER else model.explain(image))
    np.save(folder / tensor_file(INPUT), image)
    if weights == SALIENCY:
        np.save(folder / tensor_file(CLASS_INDEX), np.full(1, -1, np.int64))
    for name, values in outputs.items():
        np.save(folder / tensor_file(name), values)
    sample = cover_image(model.manifest.image_size)
    write_png(folder / SAMPLE, sample)
    draw_cover(model, sample, folder / COVER)
    (folder / README).write_text(package_readme(model.manifest), encoding="utf-8")
    return outputs


def _write_static(model: Model, folder: Path) -> list[str]:
    """Writes the variants for a single image; their names."""
    names = {graph: static_name(graph) for graph in (CLASSIFIER, SALIENCY)}
    for graph, name in names.items():
        static_graph(model.path / graph, folder / name)
    return list(names.values())


def _further_graphs(model: Model) -> list[str]:
    return [CONTRIBUTIONS] if model.graphs.has_contributions else []


def _hashed(entry: Any, folder: Path) -> Any:
    """The description with the SHA-256 of every file that has a `source`."""
    if isinstance(entry, list):
        return [_hashed(one, folder) for one in entry]
    if not isinstance(entry, dict):
        return entry
    inner = {key: _hashed(value, folder) for key, value in entry.items()}
    if "source" not in inner:
        return inner
    return {**inner, "sha256": hashlib.sha256((folder / inner["source"]).read_bytes()).hexdigest()}


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(folder.iterdir()):
            package.write(path, path.name)


def _try_out(core: Any, description: Path, bundle: Path) -> None:
    """Raises BundleError where the model zoo's own test does not pass."""
    summary = core.test_model(description, weight_format="onnx", devices=["CPUExecutionProvider"])
    if summary.status != "passed":
        wrong = [f"{detail.name}: {error.msg}" for detail in summary.details for error in detail.errors]
        raise BundleError(bundle, f"does not pass the test of bioimageio.core {core.__version__}: {'; '.join(wrong)}")
