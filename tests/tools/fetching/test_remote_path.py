from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from lsl_tools.fetching.remote_path import local_path, remote_path


@pytest.mark.parametrize(
    ("listed", "path"),
    [("img_dir_1/a.jpe", "img_dir_1/a.jpe"), ("a\\b.jpe", "a/b.jpe"), ("./a//b.jpe", "a/b.jpe"), ("a b#c.jpe",) * 2],
)
def test_paths_are_read(listed: str, path: str) -> None:
    assert remote_path(listed) == path


@pytest.mark.parametrize(
    "listed",
    ["", ".", "/etc/passwd", "../a.jpe", "a/../../b", "a\\..\\..\\b", "C:\\a.jpe", "c:a", "\\\\host\\share\\a",
     "file:///etc/passwd", "http://other/a.jpe", "a\0b", "a\nb", "a\x1b[2J", "x" * 500],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(listed: str) -> None:
    with pytest.raises(ValueError, match="path"):
        remote_path(listed)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("img/insitu1.jpe", "img/insitu1.jpg"),
        ("a b/ü*?.jpe", "a_b/___.jpg"),
        (".hidden/.bashrc", "_.hidden/_.jpg"),
        ("-rf/con.jpe", "_-rf/_con.jpg"),
        ("x./y...", "x/y.jpg"),
        ("...", "_.jpg"),
    ],
)
def test_names_on_the_disk_are_plain(path: str, kept: str) -> None:
    assert local_path(path, ".jpg") == PurePosixPath(kept)


def test_nothing_leaves_the_folder(tmp_path: Path) -> None:
    for listed in ("~/a", "a/%2e%2e/%2e%2e/b", "..%2fb", "a/.../b", "$HOME/x"):
        target = (tmp_path / local_path(remote_path(listed), ".png")).resolve()
        assert target.is_relative_to(tmp_path.resolve())
