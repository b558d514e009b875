from __future__ import annotations

import pytest

from lsl_tools.tables.views import read_view, read_views


@pytest.mark.parametrize(
    ("texts", "view"),
    [
        (("lateral", "Lateral", "L", "l", "lat", "lat.", "lateral, left", "left lateral", "Lateral view",
          "lateral (right)", "side view", "lateral-left", "lat_r"), "lateral"),
        (("d", "D", "dors", "dorsal", "Dorsal view", "dorsal side", "dor."), "dorsal"),
        (("v", "V", "vent", "ven", "ventral", "ventral view", "Ventral side up"), "ventral"),
        (("", "NA", "?", "-", "unknown", "n.d.", "None"), ""),
    ],
)  # fmt: skip
def test_usual_names(texts: tuple[str, ...], view: str) -> None:
    assert {text: read_view(text) for text in texts} == dict.fromkeys(texts, view)


@pytest.mark.parametrize(
    "text", ["dorsolateral", "dorsal-lateral", "oblique", "anterior", "left", "d, l", "lateral?x", "1"]
)
def test_others_stay_as_they_are_and_are_told(text: str) -> None:
    views, notes = read_views(["lat", text, text], [2, 3, 4])
    assert views == ("lateral", text.casefold(), text.casefold())
    assert notes == (f"view: {text} is not lateral, dorsal or ventral, and is kept as it is (lines 3, 4)",)


def test_nothing_is_told_of_known_ones() -> None:
    assert read_views(["lat", "", "v"], [2, 3, 4]) == (("lateral", "", "ventral"), ())
