from __future__ import annotations

import pytest

from lsl_shared.tables.missing import is_missing, is_missing_gene


@pytest.mark.parametrize(
    "text",
    ["", " ", "NA", "na", "N/A", "n/a", "#N/A", "#NV", "NaN", "nan", "None", "null", "NULL", "?", "-", "<NA>", "–"],
)
def test_missing(text: str) -> None:
    assert is_missing(text)
    assert is_missing_gene(text) == (text not in ("nan", "na")), "nanchung and narrow abdomen are genes"


@pytest.mark.parametrize("text", ["0", "no", "NA12", "nano", "unknown", "+", "nat", "1-3", "n"])
def test_not_missing(text: str) -> None:
    assert not is_missing(text) and not is_missing_gene(text)
