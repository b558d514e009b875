from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.errors import DeviceError
from lsl_tools.pictures.read_image import decode_image, read_image
from lsl_tools.standardize import worker
from lsl_tools.standardize.worker import outcomes, process


def test_a_good_photograph_needs_no_thumbnail(photographs: Path) -> None:
    outcome = process(photographs / "good" / "0.png", (128, 320))
    assert outcome.result is not None
    assert outcome.result.image is not None
    assert (outcome.problem, outcome.thumbnail) == ("", b"")


def test_a_flagged_one_is_drawn_with_its_outline(photographs: Path, tmp_path: Path) -> None:
    whole = read_image(photographs / "good" / "0.png")
    column = int(np.flatnonzero((whole.min(axis=2) < 200).any(axis=0)).mean())
    cv2.imwrite(str(tmp_path / "cut.png"), whole[:, column:, ::-1])
    outcome = process(tmp_path / "cut.png", (128, 320))
    assert outcome.result is not None
    assert outcome.result.flags
    thumbnail = decode_image(outcome.thumbnail).pixels
    reddish = (thumbnail[..., 0] > 150) & (thumbnail[..., 1] < 110) & (thumbnail[..., 2] < 110)
    assert reddish.sum() > 100  # the outline


@pytest.mark.parametrize("make", ["missing", "folder", "text", "empty"])
def test_what_is_wrong_with_a_file_comes_back_as_words(make: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    if make == "folder":
        path.mkdir()
    elif make != "missing":
        path.write_text("no picture" if make == "text" else "")
    outcome = process(path, (128, 320))
    assert outcome.result is None
    assert outcome.problem


@pytest.mark.parametrize("name", ["wide.png", "wide.tif"])
def test_an_image_of_20_000_pixels_is_read(name: str, tmp_path: Path) -> None:
    photograph = np.full((3000, 20000), 225, np.uint8)
    cv2.ellipse(photograph, (9000, 1500), (2900, 1250), 0, 0, 360, 120, cv2.FILLED)
    cv2.imwrite(str(tmp_path / name), photograph)
    del photograph
    code = (
        "import resource, sys; from pathlib import Path; from lsl_tools.standardize.worker import process;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "made = process(Path(sys.argv[1]), (128, 320)); found = made.result;"
        "print(made.problem or found.flags, *(round(side) for side in found.pose.box));"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], capture_output=True, text=True, check=True)
    said, megabytes = ran.stdout.splitlines()
    assert said.startswith("() ")
    np.testing.assert_allclose([float(word) for word in said.split()[1:]], [9000, 1500, 5800, 2500], atol=200)
    assert int(megabytes) < 500  # 60 decoded, 180 in colour, and some copies


def test_outcomes_come_in_order_from_several_processes(photographs: Path) -> None:
    good, bad = photographs / "good" / "1.png", photographs / "bad" / "text.png"
    paths = [bad, good, bad, bad, bad, bad, bad, bad, good, bad]
    found = list(outcomes(paths, (128, 320), workers=2))
    assert [outcome.result is None for outcome in found] == [path == bad for path in paths]
    here, there = process(good, (128, 320)).result, found[1].result
    assert here is not None and here.image is not None and there is not None and there.image is not None
    np.testing.assert_array_equal(there.image, here.image)


def test_a_worker_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "process", _die)
    with pytest.raises(DeviceError, match="--workers 1"):
        list(outcomes([tmp_path] * 10, (128, 320), workers=2))


def _die(path: Path, size: tuple[int, int]) -> None:
    import os

    os._exit(1)
