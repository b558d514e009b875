"""Images unlike all that a model was trained on, from the graph to the table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.cli import app
from lsl_runtime.annotation.table import annotation_columns, write_csv
from lsl_shared import Annotations, Status, Store


def darkness(path: Path) -> NDArray[np.float64]:
    """What the graph of the test bundle calls the distance."""
    with Store(path) as store:
        return np.asarray(1 - store.read(0, len(store)).mean((1, 2, 3)) / 255)


def test_predictions_tell_what_is_out_of_scope(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    path = make_store(20)
    far = darkness(path)
    threshold = float(np.median(far))
    with Store(path) as store:
        images = store.read(0, 20)
    found = Model.load(make_bundle(scope=threshold)).predict(images, batch_size=7)
    assert found.scope_distance is not None and found.out_of_scope is not None
    np.testing.assert_allclose(found.scope_distance, far, atol=1e-6)
    assert found.out_of_scope.tolist() == (far > threshold).tolist()
    silent = Model.load(make_bundle()).predict(images)
    assert (silent.scope_distance, silent.out_of_scope) == (None, None)


@pytest.mark.parametrize("saliency", [False, True])
def test_annotations_and_tables_flag_them(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], saliency: bool
) -> None:
    path = make_store(60)
    far = darkness(path)
    threshold = float(np.quantile(far, 0.8))
    done = annotate(path, Model.load(make_bundle(scope=threshold)), saliency=saliency)
    assert done.out_of_scope == int((far > threshold).sum()) == 12
    with Annotations(done.path) as given:
        assert given.has_scope
        np.testing.assert_allclose(given.scope_distance(), far, atol=1e-6)
        np.testing.assert_array_equal(given.out_of_scope(), far > threshold)
        status = given.status
    columns = annotation_columns(done.path, path)
    np.testing.assert_allclose(columns["scope_distance"], far, atol=1e-6)
    assert ["out-of-scope" in flags for flags in columns["flags"]] == (far > threshold).tolist()
    assert ["outside" in flags for flags in columns["flags"]] == (status == Status.OUTSIDE).tolist()


def test_an_unreadable_image_has_no_distance(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    import h5py

    path = make_store(20, chunk=5)
    with h5py.File(path) as file:
        place = file["images"].id.get_chunk_info(1)
    with path.open("r+b") as stream:
        stream.seek(place.byte_offset)
        stream.write(os.urandom(min(64, place.size)))
    done = annotate(path, Model.load(make_bundle(scope=0.1)))
    with Annotations(done.path) as given:
        assert np.isnan(given.scope_distance()).tolist() == (given.status == Status.FAILED).tolist()
        assert len(done.failed) == 5
        assert not given.out_of_scope()[5:10].any()
    write_csv(done.path, path, path.with_suffix(".csv"))
    assert annotation_columns(done.path, path)["scope_distance"][5] is None


def test_the_command_counts_them(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    done = CliRunner().invoke(app, [str(make_store(20)), "--model", str(make_bundle(scope=0.0))])
    assert "20 images are unlike all that the model was trained on" in done.output


def test_a_model_without_a_threshold_tells_nothing(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    path = make_store(20)
    done = annotate(path, Model.load(make_bundle()))
    assert done.out_of_scope is None
    with Annotations(done.path) as given:
        assert not given.has_scope
    assert "scope_distance" not in annotation_columns(done.path, path)
