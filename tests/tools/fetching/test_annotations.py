from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_shared.errors import DataFileError
from lsl_tools.fetching.annotations import read_terms, terms_of
from lsl_tools.fetching.image_list import ListedImage

ROWS = (
    ("eve", "CG2328", "FBgn0000606", "2", "pair rule"),
    ("eve", "CG2328", "FBgn0000606", "2", "segmentally repeated"),
    ("eve", "CG2328", "FBgn0000606", "6", "anal pad"),
    ("", "CG1", "", "1", "maternal"),
)


def image(gene: str = "eve", cg: str = "CG2328", fbgn: str = "FBgn0000606", stage_range: str = "4-6") -> ListedImage:
    return ListedImage("a", "a.jpe", gene, cg, fbgn, stage_range, "lateral")


def test_terms_apply_to_the_bag_of_gene_and_range(image_list: Callable[..., Path]) -> None:
    terms, problems = read_terms(image_list(*ROWS))
    assert terms_of(image(), terms) == {"pair rule", "segmentally repeated"}
    assert terms_of(image(stage_range="13-17"), terms) == {"anal pad"}
    assert terms_of(image(stage_range="9-10"), terms) == frozenset()
    assert not problems


@pytest.mark.parametrize("known", [{"gene": "", "cg": ""}, {"gene": "x", "fbgn": ""}, {"cg": "", "fbgn": ""}])
def test_any_name_of_the_gene_will_do(image_list: Callable[..., Path], known: dict[str, str]) -> None:
    terms, _ = read_terms(image_list(*ROWS))
    assert terms_of(image(**known), terms) == {"pair rule", "segmentally repeated"}


def test_rows_of_no_use_are_told(image_list: Callable[..., Path]) -> None:
    terms, problems = read_terms(image_list(*ROWS, ("eve", "", "", "9", "x"), ("eve", "", "", "1", ""), ("a", "b")))
    assert len(problems) == 3
    assert "line 5" in problems[0]
    assert len(terms) == 7


def test_a_table_of_no_use_is_refused(image_list: Callable[..., Path]) -> None:
    with pytest.raises(DataFileError, match="no annotation"):
        read_terms(image_list(("symbol", "cg", "fbgn", "stage", "term")))
