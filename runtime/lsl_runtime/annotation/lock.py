"""Who is at work on a file: a lock beside it; a second process stops and says who has it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from lsl_shared.errors import AnnotationsError

__all__ = ["Holder", "held_lock", "lock_path", "run_lock"]


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock."""

    host: str
    process: int
    since: str
    """UTC, ISO 8601."""
    started: str
    """When the process began, as its machine counts; '' where unknown. Tells it from a later one of the same number."""
    token: str
    """Tells one lock from another."""

    def is_dead(self) -> bool:
        """Whether the process ended without releasing; False on other machines, where it cannot be known."""
        if self.host != _host() or sys.platform == "win32":
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return self.started != _started(self.process)


def lock_path(annotations: Path) -> Path:
    """Where the lock of an annotations file lies: store.annotations.lock."""
    return annotations.with_suffix(".lock")


@contextmanager
def run_lock(annotations: Path) -> Iterator[None]:
    """Holds the lock of an annotations file; released at the end, whatever happens.

    A lock whose process died on this machine is taken over. Raises AnnotationsError that names the holder: machine,
    process, since when. OSError where the folder cannot be written to.
    """
    path = lock_path(annotations)

    def refusal(who: str) -> AnnotationsError:
        return AnnotationsError(annotations, f"is being made by {who}; wait, or delete {path.name} if it is no more")

    with held_lock(path, refusal):
        yield


@contextmanager
def held_lock(path: Path, refusal: Callable[[str], Exception]) -> Iterator[None]:
    """Holds the lock at `path`, as `run_lock` does; raises what `refusal` makes of the holder's description."""
    mine = Holder(_host(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), _started(os.getpid()),
                  secrets.token_hex(8))  # fmt: skip
    while not _create(path, mine):
        found = _read(path)
        if found is not None and not _is_cleared(path, found):
            raise refusal(f"process {found.process} on {found.host.split('/')[0]} since {found.since}")
    try:
        yield
    finally:
        if _read(path) == mine:
            with suppress(OSError):
                path.unlink()


def _create(path: Path, holder: Holder) -> bool:
    """Creates the lock, whole or not at all; False where there is one."""
    draft = path.with_name(f".{path.name}.{holder.token}.tmp")
    try:
        draft.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        return _linked(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _linked(draft: Path, path: Path) -> bool:
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:  # a share without hard links
        with suppress(FileExistsError), path.open("x", encoding="utf-8") as stream:
            stream.write(draft.read_text(encoding="utf-8"))
            return True
        return False
    return True


def _read(path: Path) -> Holder | None:
    """The lock's holder; None where the lock is gone."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return Holder("an unknown machine", 0, "an unknown time", "", "")


def _is_cleared(path: Path, found: Holder) -> bool:
    """Removes the lock of a dead process. False where its holder lives; True: try again to create it."""
    if not found.is_dead():
        return False
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return True
    if _read(aside) != found:  # between reading and renaming another process took over: give it back
        with suppress(OSError):
            os.link(aside, path)
    aside.unlink()
    return True


def _host() -> str:
    """This machine and its space of process numbers, which containers on one machine do not share."""
    with suppress(OSError):
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def _started(process: int) -> str:
    """The boot and the tick after it at which a process began; '' where the system does not tell."""
    with suppress(OSError, IndexError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[19]}"
    return ""
