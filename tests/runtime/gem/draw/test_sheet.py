from __future__ import annotations

from pathlib import Path

import pytest

from lsl_runtime.gem.draw.sheet import Sheet, formats_named, readable
from lsl_shared import ConfigError
from tests.support.pictures import decoded, page_size


def _sheet(text: str = "plain") -> Sheet:
    sheet = Sheet(2, 1)
    sheet.text(0.1, 0.1, text)
    sheet.axes(0.5, 0.5, 1, 0.25)
    return sheet


@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
def test_the_ending_is_the_format(tmp_path: Path, ending: str, magic: bytes) -> None:
    _sheet().save(tmp_path / f"a.{ending}")
    _sheet().save(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes().startswith(magic)
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_page_has_its_size(tmp_path: Path) -> None:
    for ending in ("png", "pdf"):
        _sheet().save(tmp_path / f"a.{ending}", dpi=150)
    assert decoded(tmp_path / "a.png").shape == (150, 300, 3) and page_size(tmp_path / "a.pdf") == (2, 1)


def test_text_of_an_svg_is_text_and_cannot_become_a_script(tmp_path: Path) -> None:
    _sheet("<script>alert(1)</script>").save(tmp_path / "a.svg")
    written = (tmp_path / "a.svg").read_text()
    assert "<script" not in written and "&lt;script&gt;alert(1)" in written


def test_letters_that_the_font_lacks_do_not_stop_it(tmp_path: Path) -> None:
    for name, text in (("a", "基因 $x_{"), ("b", "基因")):
        _sheet(text).save(tmp_path / f"{name}.png")
    whole, boxes = (decoded(tmp_path / f"{name}.png") for name in ("a", "b"))
    head = (slice(10, 70), slice(10, 150))  # of 200 × 400 pixels, from the text's upper left corner
    assert (whole[head] < 128).any(2).sum() > (boxes[head] < 128).any(2).sum() > 0


def test_axes_are_laid_out_from_the_upper_left() -> None:
    box = _sheet().figure.axes[0].get_position()
    assert (box.x0, box.y0, box.width, box.height) == pytest.approx((0.25, 0.25, 0.5, 0.25))


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"written as png, svg, pdf, received 'a\.gif'"):
        _sheet().save(tmp_path / "a.gif")
    with pytest.raises(ConfigError, match="--format must be one of png, svg, pdf, received 'gif'"):
        formats_named(["png", "gif"])
    assert formats_named(["pdf", "png", "pdf"]) == ["pdf", "png"]


def test_readable_by_hand() -> None:
    assert readable("stage\x00\n9", 20) == "stage��9"
    assert readable("abcdef", 4) == "abc…"
