from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_shared import Annotations, ConfigError
from lsl_tools.review import teach as teaching
from lsl_tools.review.session import Session, Settings
from lsl_tools.review.teach import Teach, read_rounds, rounds_path
from tests.support.bands import write_bundle

COUNTS = {"labels": 30, "answers": 10, "accepted": 8}
TRAIN = """
import json, pathlib, shutil, sys
run = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
shutil.copytree(BUNDLE, run / "model")
scores = {"accuracy": 0.5, "constrained_accuracy": 0.75, "n_images": 20, "n_genes": 6}
(run / "metrics.json").write_text(json.dumps({"evaluation": {"labelled": scores}}))
print("training: 1,200 of 4,800 images, 62.3/s, 40 s left", flush=True)
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Another model than the one that annotated the store."""
    return write_bundle(tmp_path / "other", gain=5.0)


def teach_by(code: str, store: Path, monkeypatch: pytest.MonkeyPatch, after: Callable[[Path], None]) -> Teach:
    """Trains by a script in place of lsl-train, which is torch."""
    monkeypatch.setattr(teaching, "_TRAIN", (sys.executable, "-c", code))
    return Teach(store, store.with_suffix(".annotations.h5"), (), lambda: COUNTS, after)


def ended(teach: Teach) -> str:
    ends = time.monotonic() + 40
    while teach.busy:
        assert time.monotonic() < ends, teach.told()
        time.sleep(0.02)
    return str(teach.told()["step"])


def test_a_round_replaces_the_answers_and_is_kept(store: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = list[Path]()
    teach = teach_by(TRAIN.replace("BUNDLE", repr(str(bundle))), store, monkeypatch, taken.append)
    with Annotations(store.with_suffix(".annotations.h5")) as before:
        digest = before.model_digest
    teach.start()
    with pytest.raises(ConfigError, match="under way"):
        teach.start()
    assert ended(teach) == "done", teach.told()
    with Annotations(store.with_suffix(".annotations.h5")) as after:
        assert after.model_digest != digest and after.has_features
    assert [path.name for path in taken] == ["model"] and taken[0].is_dir()
    (kept,) = read_rounds(rounds_path(store))
    assert (kept.labels, kept.accuracy, kept.images, kept.genes, kept.accepted) == (30, 0.75, 20, 6, 8)
    assert read_rounds(rounds_path(store)) == Teach(store, store, (), lambda: COUNTS, print).rounds
    left = {path.name for path in store.parent.iterdir()}
    assert left == {"store.h5", "store.annotations.h5", "store.review.rounds.json", "runs"}


def test_what_a_command_says_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teach = teach_by(
        "print('error: torch is not installed: pip install x'); raise SystemExit(1)", store, monkeypatch, print
    )
    teach.start()
    assert (ended(teach), teach.told()["problem"]) == ("failed", "torch is not installed: pip install x")


def test_progress_is_told_and_a_round_can_be_stopped(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import time; print('training: 1,200 of 4,800 images, 6/s, 10 min 00 s left', flush=True); time.sleep(60)"
    before = store.with_suffix(".annotations.h5").read_bytes()
    teach = teach_by(code, store, monkeypatch, print)
    teach.start()
    ends = time.monotonic() + 20
    while teach.told()["share"] != 0.25:
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert teach.told()["left"] == "10 min 00 s"
    teach.stop()
    assert ended(teach) == "stopped" and teach.rounds == []
    assert store.with_suffix(".annotations.h5").read_bytes() == before


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("from scratch, coarse-constrained: 1,200 of 4,800 images, 62.3/s, 40 s left", "40 s"),
        ("linear on efficientnet-lite0, blocks 8, 12: 1 of 4 images, 3.0/s, 2 min 01 s left", "2 min 01 s"),
        ("annotating: 25 of 100 images", ""),
    ],
)
def test_progress_of_every_kind_is_told(line: str, left: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teach = teach_by(f"print({line!r}, flush=True); import time; time.sleep(60)", store, monkeypatch, print)
    teach.start()
    ends = time.monotonic() + 20
    while teach.told()["share"] != 0.25:
        assert time.monotonic() < ends, teach.told()
        time.sleep(0.02)
    assert teach.told()["left"] == left
    teach.stop()
    assert ended(teach) == "stopped"


def test_a_file_of_rounds_that_is_none_is_no_obstacle(tmp_path: Path) -> None:
    for text in ("", "[]", json.dumps({"rounds": [{"when": "now"}]})):
        (tmp_path / "rounds.json").write_text(text)
        assert read_rounds(tmp_path / "rounds.json") == []


def test_new_answers_are_read(store: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(Settings(store, "Ada"))
    before = session.images.probability.copy()
    teach = teach_by(TRAIN.replace("BUNDLE", repr(str(bundle))), store, monkeypatch, lambda _: session.reload())
    teach.start()
    assert ended(teach) == "done"
    assert session.version == 1 and (session.images.probability != before).any()
    session.close()
