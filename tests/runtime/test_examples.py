"""The examples run as they stand."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_shared import Store
from tests.support.places import ROOT

Make = Callable[..., Path]
_EXAMPLES = ROOT / "examples"


def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, _EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_dask_array(make_store: Make, make_bundle: Make) -> None:
    pytest.importorskip("dask.array")
    store, bundle = make_store(600), make_bundle()
    called = [_EXAMPLES / "dask_array.py", bundle, store]
    done = subprocess.run([sys.executable, *map(str, called)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with Store(store) as images:
        expected = Model.load(bundle).predict(images.read(0, 600)).class_index
    told = [line.split() for line in done.stdout.splitlines()]
    assert told == [[name, str((expected == k).sum())] for k, name in enumerate(("4", "5", "7", "9"))]


def test_dask_array_of_any_blocks_stays_lazy(make_store: Make, make_bundle: Make) -> None:
    da = pytest.importorskip("dask.array")
    example, bundle = _example("dask_array"), str(make_bundle())
    with Store(make_store(60)) as store:
        pixels = store.read(0, 60)
    classes = example.image_classes(da.from_array(pixels, chunks=(7, 8, 40, 1)), bundle)
    assert (classes.shape, classes.dtype) == ((60,), np.int64)
    np.testing.assert_array_equal(classes[20:40].compute(), Model.load(bundle).predict(pixels).class_index[20:40])


@pytest.mark.parametrize("one", [False, True])
def test_napari_layers(make_store: Make, make_bundle: Make, one: bool) -> None:
    model = Model.load(make_bundle())
    with Store(make_store(5)) as store:
        pixels = store.read(0, 5)
    (maps, _, kind), (points, settings, other) = _example("napari_widget").annotated_layers(
        model, pixels[3] if one else pixels, "embryos"
    )
    assert (kind, other) == ("image", "points")
    expected = model.saliency(pixels)
    np.testing.assert_array_equal(maps, expected[3] if one else expected)
    assert points.tolist() == ([[0, 0]] if one else [[row, 0, 0] for row in range(5)])
    names = model.predict(pixels).names
    assert [text.split()[0] for text in settings["features"]["text"]] == (names[3:4] if one else names)


@pytest.mark.filterwarnings("ignore")  # what napari imports warns of its own business
def test_napari_widget_adds_layers(make_store: Make, make_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    layers = pytest.importorskip("napari.layers", exc_type=ImportError)
    components = pytest.importorskip("napari.components", exc_type=ImportError)
    pytest.importorskip("qtpy.QtWidgets", exc_type=ImportError)
    model = Model.load(make_bundle())
    with Store(make_store(5)) as store:
        images = layers.Image(store.read(0, 5), rgb=True, name="embryos")
    made = _example("napari_widget").annotating_widget(model)(images)
    viewer = components.ViewerModel()
    for data, settings, kind in made:
        getattr(viewer, f"add_{kind}")(data, **settings)
    assert [layer.name for layer in viewer.layers] == ["embryos: saliency", "embryos: stage"]
