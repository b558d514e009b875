import re

import numpy as np
import pytest

from lsl_shared import LabelSpace
from lsl_trainer.comparing.outcomes import Outcome
from lsl_trainer.comparing.report import write_comparison_report
from lsl_trainer.comparing.scores import Comparison, row_differences, row_scores


def comparison(folder, space, names, notes=()):
    chance = np.random.default_rng(0)
    outcomes = []
    for name in names:
        of_row = []
        for seed in (0, 1):
            truth = chance.integers(0, len(space), 40)
            told = np.where(chance.random(40) < 0.7, truth, chance.integers(0, len(space), 40))
            of_row.append(
                Outcome(
                    name, seed, "f", tuple(map(str, range(40))), tuple(range(40)), tuple(truth), tuple(told), 9, 5, 1.0
                )
            )
        outcomes.append(of_row)
    rows = tuple(row_scores(of_row, space) for of_row in outcomes)
    return Comparison(folder, space, rows, tuple(row_differences(outcomes, 0)), notes)


STAGE = LabelSpace("stage", ("4", "5", "7"), "stage_range", (0, 0, 1))
MANY = LabelSpace("species", tuple(f"kind <{k}>" for k in range(30)))


@pytest.mark.parametrize(("space", "names"), [(STAGE, ("gabor", "plain", "prototype")), (MANY, ("plain",))])
def test_the_page_is_whole_and_needs_no_other_file(tmp_path, config, space, names):
    made = comparison(tmp_path, space, names, ("a <note>",))
    write_comparison_report(made, config)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "a &lt;note&gt;" in page
    for row in made.rows:
        assert f"{100 * row.accuracy.mean:.1f} <small>± {100 * row.accuracy.deviation:.1f}" in page
    assert ("kind &lt;7&gt;" in page) == (space is MANY)
    assert ("right stage_range" in page) == (space is STAGE)
    assert ("Differences" in page) == (len(names) > 1)
    assert page.count("data:image/png;base64,") == len(list(tmp_path.glob("*.png")))
