"""How a server is asked: not too often, not for too long or too much, and again after growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import version

from lsl_shared.errors import ConfigError

__all__ = ["Manners", "Pace", "asked_pause", "user_agent"]


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a server is asked. Raises ConfigError that names the field, its rule, and the value received."""

    rate: float = 1.0
    """Requests a second at most, repeated ones included."""
    attempts: int = 5
    """How often one photograph is asked for before it is given up."""
    first_pause: float = 1.0
    """Seconds before the second attempt; each further pause is twice as long, and shortened at random by up to half."""
    longest_pause: float = 600.0
    """Seconds. A server that asks for a longer pause (Retry-After) ends the run, which can be taken up again."""
    silence: float = 30.0
    """Seconds without a byte after which an attempt has failed."""
    longest: float = 300.0
    """Seconds that one attempt may take in all."""
    largest: int = 50_000_000
    """Bytes that a photograph may have."""

    def __post_init__(self) -> None:
        for name in ("rate", "silence", "longest", "largest"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"--{name} must be greater than 0, received {getattr(self, name)!r}")
        if self.attempts < 1:
            raise ConfigError(f"--attempts must be at least 1, received {self.attempts}")

    def pause(self, failures: int, asked: float) -> float:
        """Seconds to wait after that many failed attempts; `asked` is what the server wants, at least."""
        return max(asked, self.first_pause * 2.0 ** (failures - 1) * random.uniform(0.5, 1.0))


class Pace:
    """Keeps requests at least 1 / `rate` seconds apart."""

    def __init__(self, rate: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._gap, self._sleep, self._next = 1 / rate, sleep, 0.0

    def wait(self) -> None:
        """Returns when the next request may go out."""
        left = self._next - time.monotonic()
        if left > 0:
            self._sleep(left)
        self._next = max(self._next, time.monotonic()) + self._gap


def asked_pause(header: str | None) -> float:
    """The seconds that a Retry-After header asks for, a number or a date; 0 without one, or for one out of order."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0.0


def user_agent() -> str:
    """What the toolkit calls itself."""
    return f"lsl-toolkit/{version('lsl-toolkit')} (lsl-store fetch-bdgp)"
