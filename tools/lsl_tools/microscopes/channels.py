"""Which channels make the photograph: red, green and blue together, or one that is chosen by its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from lsl_shared.errors import ImageError
from lsl_shared.wording import printable
from lsl_tools.microscopes.stack import Channel, Stack

__all__ = ["channel_names", "chosen_channels", "needs_choice"]

_LETTERS: Final = {"r": 0, "red": 0, "g": 1, "green": 1, "b": 2, "blue": 2}
_COLOURS: Final = {(255, 0, 0): 0, (0, 255, 0): 1, (0, 0, 255): 2}
_WORDS: Final = re.compile(r"[\s_:.-]+")
_MEANINGLESS: Final = re.compile(r"(?:channel|ch|c|image|sample)?[\s:_#.-]*[\d:_.-]*", re.IGNORECASE)
"""Names that writers make up where they know none: Channel:0:1, C:2, ch3."""


def chosen_channels(stack: Stack, wanted: str) -> tuple[int, ...]:
    """The places along C of the one channel, or of red, green and blue. Raises ImageError where a choice is needed.

    `wanted` chooses among the channels of files that have several; '' chooses none.
    """
    count = stack.lengths.get("C", 1)
    if count == 1:
        return (0,)
    channels = (*stack.channels, *[Channel()] * count)[:count]
    together = _red_green_blue(channels, stack.in_colour)
    names = channel_names(channels)
    if wanted:
        return (_place(names, wanted),) if together is None or wanted in names else together
    if together is None:
        raise ImageError(f"has {count} channels ({_listed(names)}): choose one with --channel")
    return together


def needs_choice(channels: Sequence[Channel], wanted: str) -> bool:
    """Whether one of the channels is to be taken, since they are not red, green and blue, or since it is asked for."""
    if len(channels) < 2:
        return False
    return _red_green_blue(channels, None) is None or wanted in channel_names(channels)


def channel_names(channels: Sequence[Channel]) -> tuple[str, ...]:
    """A name for each channel, unlike the others: its own, or its number from 1."""
    own = [" ".join(printable(channel.name).split()) or str(place) for place, channel in enumerate(channels, 1)]
    repeated = {name for name, count in Counter(own).items() if count > 1}
    return tuple(f"{name} {place}" if name in repeated else name for place, name in enumerate(own, 1))


def _place(names: tuple[str, ...], wanted: str) -> int:
    """A channel by its name, in any case where only one can be meant."""
    if wanted in names:
        return names.index(wanted)
    alike = [place for place, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(alike) != 1:
        raise ImageError(f"has no channel {wanted!r}; its channels: {_listed(names)}")
    return alike[0]


def _listed(names: tuple[str, ...]) -> str:
    shown = [repr(name) if " " in name or "," in name else name for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _red_green_blue(channels: Sequence[Channel], in_colour: bool | None) -> tuple[int, ...] | None:
    """The places of red, green and blue, None where the channels are others."""
    if len(channels) != 3 or in_colour is False:
        return None
    words = [_WORDS.split(channel.name.strip().casefold()) for channel in channels]
    named = [_LETTERS.get(last) for *_, last in words]
    alike = len({tuple(before) for *before, _ in words}) == 1
    if alike and sorted(place for place in named if place is not None) == [0, 1, 2]:
        return _order(named)
    names = {channel.name for channel in channels}
    if not in_colour and len(names) > 1 and not all(_MEANINGLESS.fullmatch(name) for name in names):
        return None
    shown = [channel.colour and _COLOURS.get(channel.colour) for channel in channels]
    return _order(shown) if sorted(place for place in shown if place is not None) == [0, 1, 2] else (0, 1, 2)


def _order(places: Sequence[int | None]) -> tuple[int, ...]:
    return places.index(0), places.index(1), places.index(2)
