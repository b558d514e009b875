from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsl_shared.errors import BundleError
from lsl_shared.files.atomic import atomic_folder, atomic_path, named_as, write_text


def test_the_target_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "result.bin"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        temporary.write_bytes(b"done")
        assert not target.exists()
    assert target.read_bytes() == b"done"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    target = tmp_path / "result.bin"
    target.write_bytes(b"old")
    with pytest.raises(failure), atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        raise failure
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_block_that_writes_nothing_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "result.bin"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "σ = 4 px\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xcf\x83 = 4 px\n"


def _full(temporary: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _forbidden(temporary: Path) -> None:
    raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(temporary))


def _words_of_hdf5(temporary: Path) -> None:
    raise OSError(
        errno.EFBIG, f"Unable to synchronously create file (unable to open file: name = '{temporary}', errno = 27)"
    )


def _runtime_error_of_h5py(temporary: Path) -> None:
    raise RuntimeError(f"Can't decrement id ref count (file write failed, filename = '{temporary}', errno = 28)")


def _without_a_number(temporary: Path) -> None:
    raise OSError(f"cannot write {temporary}")


def _of_ours(temporary: Path) -> None:
    raise BundleError(temporary / "classifier.onnx", f"damaged graph in {temporary}")


FAILURES = (_full, _forbidden, _words_of_hdf5, _runtime_error_of_h5py, _without_a_number, _of_ours)


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("kind", [atomic_path, atomic_folder])
def test_errors_name_the_target(tmp_path: Path, fail: Callable[[Path], None], kind: Callable[..., Any]) -> None:
    target = tmp_path / "result.bin"
    with pytest.raises(Exception, match=r"result\.bin") as caught, kind(target) as temporary:
        fail(temporary)
    told = str(caught.value)
    assert str(target) in told
    assert ".tmp" not in told
    assert list(tmp_path.iterdir()) == []


def test_errors_of_other_files_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "result.bin"):
        (tmp_path / "input.bin").read_bytes()
    assert caught.value.filename == str(tmp_path / "input.bin")


def test_a_target_that_became_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, atomic_path(tmp_path / "result.bin") as temporary:
        temporary.write_bytes(b"x")
        (tmp_path / "result.bin" / "inside").mkdir(parents=True)
    assert caught.value.filename == str(tmp_path / "result.bin")
    assert caught.value.filename2 is None


def test_names_as_long_as_the_system_takes(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250 + ".csv")
    write_text(target, "x")
    assert target.read_text() == "x"


def test_a_folder_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "run" / "model"
    (tmp_path / "run" / ".model.tmp").mkdir(parents=True)
    (tmp_path / "run" / ".model.tmp" / "left by a killed process").touch()
    with atomic_folder(target) as temporary:
        (temporary / "manifest.json").touch()
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["manifest.json"]
    assert list(target.parent.iterdir()) == [target]


def test_what_is_unpacked_elsewhere_is_named_as_the_target(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, named_as(tmp_path / "tmpab12", tmp_path / "model.zip"):
        (tmp_path / "tmpab12" / "graph.onnx").write_bytes(b"x")
    assert caught.value.filename == str(tmp_path / "model.zip")
