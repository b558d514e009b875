from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.run_record import RunRecord
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_shared import Annotations, Store
from lsl_shared.files.manifest import MANIFEST

MAPS = [*map(Saliency, get_args(SaliencyMethod)), Saliency("contributions", steps=16), Saliency(reduced=2)]
EVERY = [
    Outputs(maps, features, constrain, expression)
    for maps in (
        None,
        *map(Saliency, get_args(SaliencyMethod)),
        Saliency("contributions", steps=16),
        Saliency(reduced=2),
    )
    for features in (False, True)
    for constrain in ("", "stage_range", "a:b")
    for expression in (False, True)
]


@pytest.mark.parametrize(
    ("outputs", "key"),
    [
        (Outputs(), ()),
        (Outputs(features=True), ("features",)),
        (Outputs(Saliency(), expression=True), ("saliency", "expression")),
        (Outputs(Saliency(), constrain="side"), ("saliency", "constrained-by:side")),
        (
            Outputs(Saliency("smoothgrad"), True, "side"),
            ("saliency:smoothgrad:16:0.2", "features", "constrained-by:side"),
        ),
        (Outputs(Saliency("integrated")), ("saliency:integrated:16",)),
        (Outputs(Saliency("gradient-input")), ("saliency:gradient-input",)),
        (Outputs(Saliency("integrated", reduced=2)), ("saliency:integrated:16:reduced2",)),
    ],
)
def test_keys_are_those_of_earlier_runs(outputs: Outputs, key: tuple[str, ...]) -> None:
    assert outputs.key == key


def test_a_key_is_read_back() -> None:
    assert [Outputs.of_key(outputs.key) for outputs in EVERY] == EVERY
    assert len({outputs.key for outputs in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    "key", [("saliency:lime",), ("saliency:reduced9",), ("saliency:smoothgrad:32:0.2",), ("features", "features"), (3,)]
)
def test_unknown_keys_are_refused(key: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="does not know"):
        Outputs.of_key(key)


def test_what_has_more_serves_too() -> None:
    assert Outputs() <= Outputs(features=True) <= Outputs(Saliency(), features=True)
    assert not Outputs(Saliency("smoothgrad")) <= Outputs(Saliency())


@pytest.fixture
def record() -> RunRecord:
    return RunRecord("store.h5", "f", "model", "d", Outputs(Saliency(), features=True))


def test_a_record_is_read_back(record: RunRecord, tmp_path: Path) -> None:
    record.begin(tmp_path, restart=False)
    assert RunRecord.read(tmp_path) == record
    names = ("store", "store_fingerprint", "model", "model_digest", "outputs")
    written = json.loads((tmp_path / "run.json").read_text())
    assert written == dict(zip(names, ("store.h5", "f", "model", "d", ["saliency", "features"]), strict=True))


def test_a_record_of_unknown_outputs_is_written_anew(record: RunRecord, tmp_path: Path) -> None:
    record.begin(tmp_path, restart=False)
    text = (tmp_path / "run.json").read_text()
    (tmp_path / "run.json").write_text(text.replace('"saliency"', '"saliency:lime"'))
    assert RunRecord.read(tmp_path) is None
    record.begin(tmp_path, restart=False)
    assert RunRecord.read(tmp_path) == record


def test_the_record_of_an_earlier_version(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "earlier" / "0.1.0" / "parts.annotations.parts"
    found = RunRecord.read(folder)
    assert found is not None and found.outputs == Outputs(Saliency(), features=True)
    found.begin(tmp_path, restart=False)
    assert (tmp_path / "run.json").read_bytes() == (folder / "run.json").read_bytes()


def test_what_finished_annotations_hold(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    store, model = make_store(20), Model.load(make_bundle(), "cpu")
    with Annotations(annotate(store, model).path) as given:
        assert Outputs.held_by(given) == Outputs()
    path = annotate(store, model, saliency=True, saliency_method="integrated", constrain="stage_range").path
    with Annotations(path) as given:
        assert Outputs.held_by(given) == Outputs(Saliency("integrated"), constrain="stage_range")


def test_contributions_take_the_pictures_that_the_bundle_says(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    store, bundle = make_store(6), make_bundle()
    text = (bundle / MANIFEST).read_text("utf-8")
    (bundle / MANIFEST).write_text(text.replace('"contribution_steps": 8', '"contribution_steps": 3'), "utf-8")
    model = Model.load(bundle, "cpu", verify=False)
    assert model.manifest.contribution_steps == 3
    path = annotate(store, model, saliency=True, saliency_method="contributions").path
    with Annotations(path) as given, Store(store) as opened:
        assert Outputs.held_by(given) == Outputs(Saliency("contributions", steps=3))
        expected = model.contributions(opened.read(0, 6), steps=3, smooth=2.0)
        np.testing.assert_array_equal(model.contributions(opened.read(0, 6), smooth=2.0), expected)
        np.testing.assert_allclose(given.contributions(0, 6), expected, atol=np.abs(expected).max() / 250)
