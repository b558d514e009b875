"""Answers that keep to the coarse labels, against a loop over images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, evaluate
from lsl_runtime.annotation.cli import app
from lsl_runtime.annotation.table import annotation_columns, write_csv
from lsl_runtime.coarse_labels import constrained
from lsl_shared import Annotations, ConfigError, Status, Store, Task, allowed_classes


def naive(probabilities: np.ndarray, children: list[int]) -> tuple[int, float]:
    total = sum(float(probabilities[k]) for k in children)
    best = max(children, key=lambda k: probabilities[k])
    return best, float(probabilities[best]) / total


def test_the_best_child_takes_its_share_of_the_childrens_probability() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(5), 60).astype(np.float32)
    allowed = generator.random((60, 5)) < 0.5
    allowed[:, 0] |= ~allowed.any(1)
    chosen, share = constrained(probabilities, allowed)
    for row in range(60):
        best, expected = naive(probabilities[row], np.flatnonzero(allowed[row]).tolist())
        assert chosen[row] == best
        assert share[row] == pytest.approx(expected, rel=1e-5)


def test_nothing_allowed_or_nothing_known_gives_no_class() -> None:
    probabilities = np.array([[0.2, 0.8], [np.nan, np.nan], [0.0, 0.0], [1.0, 0.0]], np.float32)
    allowed = np.array([[False, False], [True, True], [True, True], [False, True]])
    chosen, share = constrained(probabilities, allowed)
    assert chosen.tolist() == [-1, -1, 0, 1]
    np.testing.assert_array_equal(share, np.array([np.nan, np.nan, 0.5, 1.0], np.float32))


def test_coarse_classes_are_matched_by_name(make_store: Callable[..., Path]) -> None:
    task = Task("stage", ("a", "b", "c"), parent="stage_range", parent_classes=("11-12", "4-6"), parent_index=(1, 0, 1))
    with Store(make_store(60)) as store:
        names = [store.tasks["stage_range"].classes[label] for label in store.labels("stage_range")]
        allowed = allowed_classes(store, task)
    wanted = {"4-6": [True, False, True], "11-12": [False, True, False]}
    for name, found in zip(names, allowed.tolist(), strict=True):
        assert found == wanted.get(name, [True] * 3)


def test_both_answers_are_stored_and_told(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    model, path = Model.load(make_bundle()), make_store(60)
    annotate(path, model)
    with Annotations(path.with_suffix(".annotations.h5")) as plain:
        assert (plain.constrained_by, plain.is_constrained("stage")) == ("", False)
        probabilities, classes = plain.probabilities("stage"), plain.class_index("stage")
    done = annotate(path, model, constrain="stage_range")
    assert done.resumed == 0
    assert annotate(path, model, constrain="stage_range").resumed == 60, "finished annotations are taken as they are"
    assert annotate(path, model).resumed == 60, "what has more than was asked for serves too"
    with Store(path) as store, Annotations(done.path) as given:
        coarse, parents = store.labels("stage_range"), np.array(model.task.parent_index)
        assert given.constrained_by == "stage_range"
        np.testing.assert_array_equal(given.class_index("stage"), classes)
        chosen, share = given.constrained_class("stage"), given.constrained_probability("stage")
        np.testing.assert_array_equal(chosen < 0, given.status != Status.ANNOTATED)
        for row in np.flatnonzero(chosen >= 0):
            children = np.flatnonzero(parents == coarse[row]).tolist() if coarse[row] >= 0 else [0, 1, 2, 3]
            best, expected = naive(probabilities[row], children)
            assert (chosen[row], share[row]) == (best, pytest.approx(expected, rel=1e-5))
        assert (given.status == Status.OUTSIDE).any()
    columns = annotation_columns(done.path, path)
    names = [model.task.classes[k] if k >= 0 else None for k in chosen]
    assert columns["stage_constrained"] == names
    write_csv(done.path, path, tmp_path / "t.csv")
    header, first = (tmp_path / "t.csv").read_text().splitlines()[:2]
    assert "stage_constrained,stage_constrained_probability" in header
    assert first.count(",") == header.count(",")


def test_what_cannot_constrain_is_refused(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    path, model = make_store(20), Model.load(make_bundle())
    with pytest.raises(ConfigError, match="takes a coarse task of the model, stage_range; received 'stage'"):
        annotate(path, model, constrain="stage")
    with pytest.raises(ConfigError, match="this one has none"):
        annotate(path, Model.load(make_bundle(parent="")), constrain="stage_range")
    assert not list(path.parent.glob("*.annotations*"))


def test_the_command_keeps_to_the_coarse_labels(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path]
) -> None:
    path, bundle = make_store(20), make_bundle()
    table = path.with_suffix(".csv")
    asked = [str(path), "--model", str(bundle), "--csv", str(table), "--constrain"]
    wrong = CliRunner().invoke(app, [*asked, "family"])
    assert wrong.exit_code == 1 and "received 'family'" in wrong.output
    done = CliRunner().invoke(app, [*asked, "stage_range"])
    assert done.exit_code == 0, done.output
    assert "stage_constrained" in table.read_text()


FISH = ("1-3", "4-5", "6-9")
FISH_SETS = [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]


def with_fish(path: Path, labels: np.ndarray) -> Path:
    """Gives a store a second coarse task over its stages 4, 5, 7, 9, as another program would."""
    with h5py.File(path, "a") as file:
        file["labels/fish"] = labels.astype(np.int16)
        file["labels/fish"].attrs["classes"] = list(FISH)
        file["allows/stage/fish"] = np.array(FISH_SETS, np.uint8)
    return path


def test_answers_keep_to_all_coarse_labels(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    """Of a model that knows the parent alone, on a store that has another coarse task."""
    fish = np.random.default_rng(1).integers(-1, 3, 60)
    path, model = with_fish(make_store(60), fish), Model.load(make_bundle())
    done = annotate(path, model, constrain="all")
    with Store(path) as store, Annotations(done.path) as given:
        bdgp, parents = store.labels("stage_range"), np.array(model.task.parent_index)
        chosen, share = given.constrained_class("stage"), given.constrained_probability("stage")
        assert given.constrained_by == "stage_range,fish"
        probabilities, counts = given.probabilities("stage"), dict.fromkeys(("one", "none", "outside"), 0)
        for row in range(60):
            possible = {k for k in range(4) if bdgp[row] < 0 or parents[k] == bdgp[row]}
            possible &= {k for k in range(4) if fish[row] < 0 or FISH_SETS[fish[row]][k]}
            early = [label == 0 for label in (bdgp[row], fish[row]) if label >= 0]
            if early and all(early):
                counts["outside"] += 1
                assert given.status[row] == Status.OUTSIDE and chosen[row] == -1
            elif not possible:
                counts["none"] += 1
                assert given.status[row] == Status.ANNOTATED and chosen[row] == -1 and np.isnan(share[row])
            else:
                counts["one"] += 1
                best, expected = naive(probabilities[row], sorted(possible))
                assert (chosen[row], share[row]) == (best, pytest.approx(expected, rel=1e-5))
    assert min(counts.values()) > 0, counts
    with h5py.File(path, "a") as file:
        file["labels/fish"][...] = -1
    again = annotate(path, model, constrain="all")
    with Annotations(again.path) as given:
        assert again.resumed == 60 and (given.constrained_class("stage") != chosen).any(), "corrected labels count"


def test_several_coarse_tasks_by_name(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    path, model = with_fish(make_store(20), np.full(20, 2)), Model.load(make_bundle())
    done = annotate(path, model, constrain="fish")
    with Annotations(done.path) as given:
        answered = given.constrained_class("stage")[given.status == Status.ANNOTATED]
        assert set(answered.tolist()) <= {-1, 2, 3} and (answered >= 2).any()
    with Annotations(annotate(path, model, constrain="fish, stage_range").path) as given:
        assert given.constrained_by == "fish,stage_range"
    with pytest.raises(ConfigError, match="takes a coarse task of the model, fish, stage_range; received 'hours'"):
        annotate(path, model, constrain="fish,hours")


def test_evaluation_takes_all_coarse_labels(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    fish = np.random.default_rng(2).integers(-1, 3, 120)
    path, model = with_fish(make_store(120), fish), Model.load(make_bundle())
    found = evaluate(path, model, everything=True)
    with Store(path) as store:
        bdgp, truth, predicted = store.labels("stage_range"), store.truth("stage"), np.zeros(120, int)
        predicted = model.predict(store.read(0, 120)).probabilities.argmax(1)
    both = [(int(a), int(b)) for a, b in zip(bdgp, fish, strict=True)]
    outside = np.array([{a, b} <= {0, -1} and (a, b) != (-1, -1) for a, b in both])
    known = (fish >= 0) & ~outside
    right = np.array([bool(fish[k] >= 0 and FISH_SETS[fish[k]][predicted[k]]) for k in range(120)])
    scores = found.further_coarse["fish"]
    assert scores.n_images == known.sum() and scores.accuracy == pytest.approx(right[known].mean())
    assert found.coarse is not None and found.coarse.task == "stage_range"
    assert any("no class satisfies together" in note for note in found.notes)
    assert found.truth is not None and found.truth.constrained_accuracy is not None
    assert found.truth.constrained_accuracy != found.truth.accuracy
    assert (truth[~outside] >= 0).any()
