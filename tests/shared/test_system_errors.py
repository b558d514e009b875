from __future__ import annotations

import errno
from pathlib import Path

import h5py
import pytest

from lsl_shared.system_errors import FORBIDDEN, FULL, LASTING, reason, unreadable, unwritable


def test_the_system_s_words_whatever_a_library_puts_around_them(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        h5py.File(tmp_path / "gone" / "store.h5", "w")
    assert "gone" in str(caught.value)
    assert reason(caught.value) == "No such file or directory"


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (OSError(errno.ENOSPC, "no room at all"), "No space left on device"),
        (OSError("inflate failed"), "inflate failed"),
        (OSError(errno.EAGAIN, "cannot open (unable to lock file, errno = 11)"), "it is open in another program"),
        (ValueError("a chunk of 3 bytes"), "a chunk of 3 bytes"),
        (EOFError(), "EOFError"),
    ],
)
def test_what_went_wrong(problem: Exception, told: str) -> None:
    assert reason(problem) == told
    assert unreadable(problem) == f"cannot be read ({told})"
    assert unwritable(problem, "make room") == f"cannot be written ({told}); make room"


def test_full_and_forbidden_last() -> None:
    assert FULL | FORBIDDEN < LASTING
    assert not FULL & FORBIDDEN
    assert errno.EIO not in LASTING
