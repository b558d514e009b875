from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_shared import Store
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.answers import Answers
from lsl_trainer.reporting.report import _flat, _mistakes, _steps, _surest
from lsl_trainer.runs.training import Run, train
from tests.support.pictures import embedded
from tests.support.squares import small_config


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training, which still takes some classes for others."""
    config = small_config().having(method="plain", fine_epochs=1, learning_rate=0.001)
    return train(store, config, tmp_path_factory.mktemp("report") / "run")


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return (run.path / "report.html").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The section with that heading."""
    (found,) = (part for part in page.split("<section") if f"<h2>{heading}" in part)
    return found


def cells(text: str) -> list[list[str]]:
    """The texts of the cells of every table row."""
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [[re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in rows]


def test_the_cards_are_the_scores_of_the_test_images(run: Run, page: str) -> None:
    scores = run.metrics["evaluation"]["labelled"]
    text = section(page, f"On {scores['n_images']} labelled test images of {scores['n_genes']} groups")
    told = {name: value for value, name in re.findall(r"<b>(.*?)</b><span>(.*?)</span>", text)}
    for name, said in (
        ("accuracy", "right class"),
        ("parent_accuracy", "right side"),
        ("macro_f1", "macro F1"),
        ("ece", "calibration error"),
        ("majority", "always the most frequent class"),
    ):
        assert told[said] == f"{100 * scores[name]:.1f} %"


def test_each_class_has_a_row_with_its_numbers(run: Run, page: str) -> None:
    rows = [row for row in cells(section(page, "Classes")) if row]
    scores = run.metrics["evaluation"]["labelled"]["classes"]
    assert [row[0] for row in rows] == ["a", "b", "c", "d"]
    for row, one in zip(rows, scores, strict=True):
        assert row[2:4] == [str(one["n_images"]), f"{100 * one['accuracy']:.0f} %"]
        assert row[5] == (f"{one['confused_with']} ({one['n_confused']})" if one["confused_with"] else "")
    assert sum(int(row[1]) for row in rows) == int(re.findall(r"(\d+) fine-labelled training images", page)[0])


def test_samples_are_the_images_of_the_store_above_their_maps(run: Run, page: str, store: Path) -> None:
    text = section(page, "Which pixels decide")
    captions = re.findall(r"<figcaption>(\w) → (\w) \((\d+)%\)\s+(\w+)</figcaption>", text)
    pictures = embedded(text)
    assert len(pictures) == 2 * len(captions) > 0
    model = Model.load(run.path / "model", device="cpu")
    with Store(store) as opened:
        rows = [list(opened.ids).index(name) for *_, name in captions]
        images, truth = opened.select(np.array(rows)), opened.labels("corner")[rows]
    answers = model.predict(images)
    for place, (true, predicted, percent, _) in enumerate(captions):
        np.testing.assert_array_equal(pictures[2 * place], images[place])
        assert pictures[2 * place + 1].shape == images[place].shape
        assert true == predicted == "abcd"[truth[place]]
        assert int(percent) == pytest.approx(100 * answers.probabilities[place].max(), abs=0.6)


def test_mistakes_are_told_as_mistakes(page: str) -> None:
    pairs = re.findall(r"<figcaption>(\w) → (\w) ", section(page, "The most confident mistakes"))
    assert pairs
    assert all(true != predicted for true, predicted in pairs)


def test_mistakes_stand_above_what_speaks_for_the_answer_and_for_the_label(run: Run, page: str, store: Path) -> None:
    text = section(page, "The most confident mistakes")
    (true, said, name), *_ = re.findall(r"<figcaption>(\w) → (\w) \(\d+%\)\s+(\w+)</figcaption>", text)
    image, *maps = (one.astype(float).sum(2) for one in embedded(text)[:3])
    with Store(store) as opened:
        pixels = opened.select(np.array([list(opened.ids).index(name)]))
    np.testing.assert_array_equal(image, pixels[0].astype(float).sum(2))
    model = Model.load(run.path / "model", device="cpu")
    answer, label = (np.array(["abcd".index(one)]) for one in (said, true))
    contrast = model.contributions(pixels, answer, label, smooth=2.0)[0]
    for shown, sign in zip(maps, (1, -1), strict=True):
        assert shown.flat[(sign * contrast).argmax()] > 2 * shown.flat[(sign * contrast).argmin()]


def test_settings_and_steps_are_told(page: str) -> None:
    settings = dict(row for row in cells(section(page, "Settings")) if len(row) == 2)
    assert (settings["method"], settings["fine_epochs"]) == ("plain", "1")
    assert settings["network.widths"] == "(8, 16)"
    assert "fine: 1 epochs" in section(page, "Learning")


def answers(*probabilities: tuple[float, float, float]) -> Answers:
    found = np.array(probabilities, np.float32)
    return Answers(np.log(found), found)


def test_the_surest_right_image_of_each_class_and_the_surest_mistakes() -> None:
    found = answers((0.6, 0.2, 0.2), (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.1, 0.2, 0.7), (0.02, 0.03, 0.95))
    right = np.array([True, True, False, True, False])
    assert _surest(found, right) == [1, 3]
    assert _mistakes(found, right) == [4, 2]
    assert _surest(found, np.zeros(5, np.bool_)) == []


def test_steps_come_in_their_order_with_their_time() -> None:
    epochs = [Epoch(step, number, 1.0, None, 0.1, seconds=2.5) for step in ("coarse", "fine") for number in (1, 2)]
    assert _steps(epochs) == [("coarse", 2, 5.0), ("fine", 2, 5.0)]


def test_settings_within_settings_have_names_with_a_point() -> None:
    assert _flat({"seed": 1, "network": {"pool": 2, "widths": (3,)}}) == {
        "seed": 1, "network.pool": 2, "network.widths": (3,),
    }  # fmt: skip
