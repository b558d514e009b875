from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.channels import channel_names, chosen_channels
from lsl_tools.microscopes.stack import Channel, Stack

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def stack(*channels: Channel, in_colour: bool | None = None, count: int = 0) -> Stack:
    lengths = {"C": count or len(channels)}
    return Stack((4, 4), lengths, lambda _: np.zeros((4, 4)), channels, in_colour=in_colour)


def named(*names: str) -> tuple[Channel, ...]:
    return tuple(Channel(name) for name in names)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (named("Red", "Green", "Blue"), (0, 1, 2)),
        (named("b", "g", "r"), (2, 1, 0)),
        (named("Camera Green", "Camera Red", "Camera Blue"), (1, 0, 2)),
        (named("bf_r", "bf_g", "bf_b"), (0, 1, 2)),
        (named("", "", ""), (0, 1, 2)),
        (named("Channel:0:0", "Channel:0:1", "Channel:0:2"), (0, 1, 2)),
        (named("C:0", "C:1", "C:2"), (0, 1, 2)),
        (named("Brightfield", "Brightfield", "Brightfield"), (0, 1, 2)),
        ((Channel("0", BLUE), Channel("1", GREEN), Channel("2", RED)), (2, 1, 0)),
        ((Channel("0", WHITE), Channel("1", WHITE), Channel("2", WHITE)), (0, 1, 2)),
    ],
)
def test_three_channels_that_are_colours(channels: tuple[Channel, ...], expected: tuple[int, ...]) -> None:
    assert chosen_channels(stack(*channels), "") == expected
    assert chosen_channels(stack(*channels), "another file's") == expected


@pytest.mark.parametrize(
    "names",
    [("DAPI", "GFP", "RFP"), ("Alexa red", "Cy3 green", "DAPI blue"), ("DAPI", "GFP"), ("a", "b", "c", "d"), ("", "")],
)
def test_other_channels_are_to_be_chosen(names: tuple[str, ...]) -> None:
    with pytest.raises(ImageError, match=f"{len(names)} channels .*choose one with --channel"):
        chosen_channels(stack(*named(*names)), "")
    for place, name in enumerate(channel_names(named(*names))):
        assert chosen_channels(stack(*named(*names)), name) == (place,)
        assert chosen_channels(stack(*named(*names)), name.upper()) == (place,)


def test_colours_of_dyes_are_no_colours_of_a_camera() -> None:
    dyes = (Channel("DAPI", BLUE), Channel("GFP", GREEN), Channel("RFP", RED))
    with pytest.raises(ImageError, match=r"\(DAPI, GFP, RFP\)"):
        chosen_channels(stack(*dyes), "")
    assert chosen_channels(stack(*dyes, in_colour=True), "") == (2, 1, 0)
    with pytest.raises(ImageError):
        chosen_channels(stack(*named("", "", ""), in_colour=False), "")


def test_names_of_strangers() -> None:
    assert channel_names(named("a\n b", "", "TL", "TL", "x\x1b[31m")) == ("a? b", "2", "TL 3", "TL 4", "x?[31m")
    with pytest.raises(ImageError, match="and 30 more"):
        chosen_channels(stack(count=50), "")
