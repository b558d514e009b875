from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import LabelSpace
from lsl_trainer.comparing.outcomes import Outcome
from lsl_trainer.comparing.report import LABELS, write_comparison_report
from lsl_trainer.comparing.rows import ROWS
from lsl_trainer.comparing.scores import Comparison, Spread, row_differences, row_scores
from lsl_trainer.settings.config import TrainConfig
from tests.support.pictures import decoded, embedded


def outcome(row: str, seed: int, space: LabelSpace, generator: np.random.Generator) -> Outcome:
    """Answers for 40 images, of which seven in ten are right on purpose."""
    truth = generator.integers(0, len(space), 40)
    told = np.where(generator.random(40) < 0.7, truth, generator.integers(0, len(space), 40))
    ids = tuple(map(str, range(40)))
    return Outcome(row, seed, "f", ids, tuple(range(40)), tuple(truth.tolist()), tuple(told.tolist()), 9, 5, 1.0)


def comparison(folder: Path, space: LabelSpace, names: tuple[str, ...], notes: tuple[str, ...] = ()) -> Comparison:
    generator = np.random.default_rng(0)
    outcomes = [[outcome(name, seed, space, generator) for seed in (0, 1)] for name in names]
    rows = tuple(row_scores(of_row, space) for of_row in outcomes)
    return Comparison(folder, space, rows, tuple(row_differences(outcomes, 0)), notes)


STAGE = LabelSpace("stage", ("4", "5", "7"), "stage_range", (0, 0, 1))
MANY = LabelSpace("species", tuple(f"kind <{k}>" for k in range(30)))


def table(page: str, heading: str) -> list[list[str]]:
    """The texts of the cells of the first table of a section, row by row."""
    (section,) = (part for part in page.split("<section") if f"<h2>{heading}" in part)
    rows = re.findall(r"<tr.*?</tr>", section.split("</table>")[0], re.DOTALL)
    return [
        [re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows
    ]


def percent(spread: Spread | None, digits: int = 1) -> str:
    if spread is None:
        return "–"
    return f"{100 * spread.mean:.{digits}f} ± {100 * (spread.deviation or 0):.{digits}f}"


@pytest.mark.parametrize(("space", "names"), [(STAGE, ("gabor", "plain", "prototype")), (MANY, ("plain",))])
def test_the_page_is_whole_and_needs_no_other_file(
    tmp_path: Path, config: TrainConfig, space: LabelSpace, names: tuple[str, ...]
) -> None:
    made = comparison(tmp_path, space, names, ("a <note>",))
    write_comparison_report(made, config)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "a &lt;note&gt;" in page
    assert f"<title>{space.name}: methods compared</title>" in page
    assert ("kind &lt;7&gt;" in page) == (space is MANY)
    assert ("right stage_range" in page) == (space is STAGE)
    assert ("Differences" in page) == (len(names) > 1)


def test_the_tables_hold_the_scores(tmp_path: Path, config: TrainConfig) -> None:
    made = comparison(tmp_path, STAGE, ("gabor", "plain", "prototype"))
    write_comparison_report(made, config)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for shown, row in zip(table(page, "Summary")[1:], made.rows, strict=True):
        assert shown == [
            row.name, LABELS[row.name], percent(row.accuracy), percent(row.average), percent(row.within_one),
            percent(row.coarse_accuracy), percent(row.macro_f1), "1",
        ]  # fmt: skip
    of_classes = table(page, "Accuracy of each class")
    assert of_classes[0] == ["stage", "4", "5", "7", "average"]
    for shown, row in zip(of_classes[1:], made.rows, strict=True):
        assert shown == [row.name, *(percent(one, 0) for one in row.classes), percent(row.average)]
    for shown, pair in zip(table(page, "Differences")[1:], made.differences, strict=True):
        assert shown[:2] == [f"{pair.first} − {pair.second}", f"{100 * pair.difference:+.1f}"]
        assert shown[2:4] == [f"{100 * pair.low:+.1f} … {100 * pair.high:+.1f}", f"{pair.p:.4f}"]


def test_the_best_of_each_class_is_bold(tmp_path: Path, config: TrainConfig) -> None:
    made = comparison(tmp_path, STAGE, ("gabor", "plain"))
    write_comparison_report(made, config)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    means = np.array([[one.mean if one else 0 for one in row.classes] for row in made.rows])
    rows = page.split("<h2>Accuracy of each class")[1].split("<tr")[2:4]
    bold = [[cell.startswith(" best") for cell in row.split('<td class="n')[1:4]] for row in rows]
    np.testing.assert_array_equal(bold, means == means.max(0))


def test_the_pictures_of_the_page_are_the_files_beside_it(tmp_path: Path, config: TrainConfig) -> None:
    images = np.full((2, 8, 10, 3), (200, 30, 30), np.uint8)
    responses = np.random.default_rng(0).random((2, 7, 4, 5))
    (tmp_path / "seed-0").mkdir()
    np.savez(tmp_path / "seed-0" / "plain.responses.npz", images=images, responses=responses)
    write_comparison_report(comparison(tmp_path, STAGE, ("plain", "prototype")), config)
    shown = embedded((tmp_path / "report.html").read_text(encoding="utf-8"))
    names = ("accuracy", "differences", "confusion", "responses")
    assert len(shown) == len(names) == len(list(tmp_path.glob("*.png")))
    for picture, name in zip(shown, names, strict=True):
        np.testing.assert_array_equal(picture, decoded(tmp_path / f"{name}.png"))


def test_every_row_has_a_label() -> None:
    assert set(LABELS) == set(ROWS)
