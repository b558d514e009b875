from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.comparison.sides import sides_of
from lsl_shared import ConfigError


@pytest.fixture
def annotated(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    return annotate(make_store(20), Model.load(make_bundle())).path


def test_stages(annotated: Path) -> None:
    first, second = sides_of(("4", "9"), [], annotated, ("eve",))
    assert (first.name, first.stage, first.genes, second.name) == ("4", "4", ("eve",), "9")


def test_lists_of_genes_and_annotations(annotated: Path, tmp_path: Path) -> None:
    (tmp_path / "gap.txt").write_text("hb\nkni\n")
    first, second = sides_of((str(tmp_path / "gap.txt"), "eve,ftz"), ["9"], annotated, None)
    assert (first.name, first.genes, first.stage) == ("gap", ("hb", "kni"), "9")
    assert (second.name, second.genes) == ("eve,ftz", ("eve", "ftz"))
    first, second = sides_of(("a.h5", "maps/b.h5"), ["9"], annotated, None)
    assert (first.name, first.annotations, second.name, second.annotations) == ("a", "a.h5", "b", "maps/b.h5")


@pytest.mark.parametrize(
    ("compared", "stages", "genes", "told"),
    [
        (("4", "9"), ["9"], None, "names two stages; leave --stage out"),
        (("4", "12"), [], None, r"does not name two of the model's classes \(4, 5, 7, 9\)"),
        (("eve", "hb"), ["4", "9"], None, "give that stage: --stage S"),
        (("eve", "hb"), ["4"], ("kni",), "leave --genes out"),
        (("none.txt", "hb"), ["4"], None, "no such file"),
    ],
)
def test_bad_requests(
    annotated: Path, compared: tuple[str, str], stages: list[str], genes: tuple[str, ...] | None, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        sides_of(compared, stages, annotated, genes)
