"""The progress bar of a training, whose length is known only when its data are loaded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from lsl_shared.process.terminal import Advance, progress

__all__ = ["TrainingBar"]


def _nothing(count: int) -> None:
    """No bar is there yet."""


class TrainingBar:
    """A bar on standard error, from `begin` to `end`, and as often as that. Call it to advance."""

    def __init__(self) -> None:
        self._shown = ExitStack()
        self._advance: Advance = _nothing
        self._weigh: Callable[[int], float] = float
        self._rest = 0.0

    def begin(self, title: str, total: int, weigh: Callable[[int], float] = float) -> None:
        """Shows a bar for so many images; `weigh` says for how many of them those count that have just passed."""
        self.end()
        self._weigh, self._rest = weigh, 0.0
        self._advance = self._shown.enter_context(progress(title, total))

    def end(self) -> None:
        """Ends the bar that is shown, if one is."""
        self._shown.close()

    def __call__(self, images: int) -> None:
        self._rest += self._weigh(images)
        whole = int(self._rest)
        self._rest -= whole
        self._advance(whole)

    def __enter__(self) -> TrainingBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.__exit__(kind, problem, trace)
