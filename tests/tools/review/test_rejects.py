from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared import ConfigError
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.rejects import Rejects, read_rejects, restandardized

TABLE = """file,id,gene,reasons,kept
a.png,a,g,several embryos,no
b.png,b,g,outline unclear,yes
c.png,c,g,is the same photograph as a.png,no
../secret.png,d,,several embryos,no
"""


def test_those_that_were_left_out_are_listed_and_none_lies_elsewhere(store: Path) -> None:
    table, outside = store.with_name("store.rejects.csv"), store.parent.parent / "secret.png"
    table.write_text(TABLE)
    outside.write_bytes(b"not to be read")
    (store.parent / "photographs").mkdir()
    rejects = Rejects(store, store.parent / "photographs")
    assert [one["file"] for one in rejects.left(Ledger())] == ["a.png", "../secret.png"]
    for place in (0, 1):  # not there, and outside
        with pytest.raises(ConfigError, match="is not in its folder"):
            rejects.picture(place, made=False)
    for other in (2, -1, True, None):
        with pytest.raises(ConfigError, match="no such photograph"):
            rejects.name(other)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    try:
        (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")
    except OSError:
        pytest.skip("no links on this machine")
    with pytest.raises(ConfigError, match="is not in its folder"):
        restandardized(tmp_path / "in", "link.png", (128, 320), None)
    with pytest.raises(ConfigError, match="--photographs FOLDER"):
        restandardized(None, "link.png", (128, 320), None)


def test_a_table_that_is_none_lists_nothing(tmp_path: Path) -> None:
    assert read_rejects(tmp_path / "absent.csv") == []
    (tmp_path / "other.csv").write_bytes(b"\xff\x00\xfe")
    assert read_rejects(tmp_path / "other.csv") == []
