from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.czi_process import CziProcess

FILE = Path(__file__).parent / "files" / "scenes.czi"


@pytest.fixture
def process() -> Iterator[CziProcess]:
    pytest.importorskip("pylibCZIrw")
    started = CziProcess()
    yield started
    started.stop()


def saying(code: str, seconds: float = 60.0) -> CziProcess:
    return CziProcess((sys.executable, "-c", code), seconds)


def test_one_process_answers_again_and_again(process: CziProcess) -> None:
    for _ in range(3):
        described, _ = process.ask(path=str(FILE))
        assert [scene for scene, *_ in described["scenes"]] == [0, 1, 2]
        assert described["kinds"] == ["Bgr24"]
    header, pixels = process.ask(path=str(FILE), scene=1, where=[200, 0, 80, 48], plane={"C": 0}, ground=[1, 1, 1])
    assert (header["dtype"], header["shape"], len(pixels)) == ("|u1", [48, 80, 3], 48 * 80 * 3)


def test_what_the_library_says_is_told(process: CziProcess, tmp_path: Path) -> None:
    (tmp_path / "a.czi").write_bytes(b"no CZI at all")
    with pytest.raises(RuntimeError, match=r"parsing|FileHeader|header|Not enough"):
        process.ask(path=str(tmp_path / "a.czi"))
    assert process.ask(path=str(FILE))[0]["lengths"]["C"] == 1


@pytest.mark.parametrize("code", ["import os; os.abort()", "print('{')", "", "input(); print('{\"bytes\": 9}')"])
def test_a_crash_is_the_files_fault_and_told(code: str) -> None:
    process = saying(code)
    for _ in range(2):
        with pytest.raises(ImageError, match="damaged: libCZI gave up on it"):
            process.ask(path="a.czi")


def test_a_circle_has_an_end() -> None:
    before = time.monotonic()
    with pytest.raises(ImageError, match="gave up"):
        saying("import time; time.sleep(60)", seconds=0.5).ask(path="a.czi")
    assert time.monotonic() - before < 30


def test_what_does_not_fit_into_memory() -> None:
    process = saying("""input(); print('{"problem": "", "memory": true, "bytes": 0}')""")
    with pytest.raises(ImageError, match="memory"):
        process.ask(path="a.czi")
    process.stop()
