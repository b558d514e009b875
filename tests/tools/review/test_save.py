from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared import Store, StoreError
from lsl_shared.files.content_hash import image_digests
from lsl_tools.labelling.apply import apply_labels
from lsl_tools.review.answer import Answer
from lsl_tools.review.journal import Journal, journal_path
from lsl_tools.review.save import kept_answers, save
from lsl_tools.review.session import Session, Settings

Given = Callable[..., Answer]


@pytest.fixture
def journal(store: Path, journal_at: Callable[..., Journal]) -> Journal:
    with Store(store) as opened:
        return journal_at(journal_path(store), list(opened.ids))


def pixels(store: Path) -> tuple[str, list[bytes]]:
    with Store(store) as opened:
        return opened.fingerprint(), image_digests(opened.read(0, len(opened)))


def labels(store: Path) -> list[int]:
    with Store(store) as opened:
        return [int(label) for label in opened.labels("stage")]


def test_labels_go_in_once_and_the_images_keep_their_bytes(store: Path, journal: Journal, given: Given) -> None:
    before, old = pixels(store), labels(store)
    journal.add([given(row=1, value="5")])
    journal.add([given(row=2, value="9", who="Grace")])
    journal.add([given(row=2, value="7", old="9", who="Tom")])
    saved = save(store, journal)
    assert (saved.answers, saved.labels, saved.conflicts) == (3, 2, [])
    expected = list(old)
    expected[1], expected[2] = 1, 2
    assert labels(store) == expected and pixels(store) == before
    stamp = store.stat().st_mtime_ns
    assert save(store, journal).answers == 0 and store.stat().st_mtime_ns == stamp
    with h5py.File(store) as file:
        told = [(group.attrs["task"], group.attrs["who"], group["row"][...].tolist(), group["new"][...].tolist())
                for group in file["history"].values()]  # fmt: skip
    assert told == [("stage", "Ada", [1], [1]), ("stage", "Tom", [2], [2])]
    assert kept_answers(store) == (journal.lines(0), journal.name)


def test_views_and_reasons_and_undo(store: Path, journal: Journal, given: Given) -> None:
    label = given(row=1, value="5")
    journal.add([label])
    journal.add([given("view", 3, "dorsal", old="lateral")])
    journal.add([given("unusable", 4, "torn")])
    save(store, journal)
    journal.add([given("undo", -1, label.key)])
    journal.add([given("unusable", 5, "blurred")])
    save(store, journal)
    with Store(store) as opened:
        assert opened.labels("stage")[1] == -1
        assert [opened.views[row] for row in (2, 3)] == ["lateral", "dorsal"]
        assert opened.unusable().tolist()[3:7] == ["", "torn", "blurred", ""]


def test_a_store_that_lost_what_was_saved_gets_it_again(
    store: Path, journal: Journal, given: Given, tmp_path: Path
) -> None:
    shutil.copy(store, tmp_path / "before.h5")
    journal.add([given(row=1, value="5")])
    save(store, journal)
    shutil.copy(tmp_path / "before.h5", store)  # a backup came back
    journal.add([given(row=2, value="7")])
    assert save(store, journal).answers == 2
    assert labels(store)[1:3] == [1, 2]


def test_labels_that_came_in_otherwise_stay_and_are_told_where_both_answered(
    store: Path, journal: Journal, given: Given, tmp_path: Path
) -> None:
    journal.add([given(row=1, value="5")])
    (tmp_path / "labels.csv").write_text("id,stage\nimage00001,4\nimage00002,4\n")
    apply_labels(store, tmp_path / "labels.csv", who="Grace", contradict=True)
    assert save(store, journal).conflicts == ["image00001"]
    assert labels(store)[1:3] == [1, 0]


def test_a_store_that_changes_while_it_is_copied_is_copied_again(
    store: Path, journal: Journal, given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, copies = shutil.copy2, list[str]()
    journal.add([given(row=1, value="5")])
    (tmp_path / "labels.csv").write_text("id,stage\nimage00002,4\n")

    def copy(source: Path, target: Path) -> None:
        real(source, target)
        copies.append(str(source))
        if len(copies) == 1:
            monkeypatch.setattr(shutil, "copy2", real)
            apply_labels(store, tmp_path / "labels.csv", who="Grace", contradict=True)

    monkeypatch.setattr(shutil, "copy2", copy)
    save(store, journal)
    assert labels(store)[1:3] == [1, 0]


def test_answers_to_other_images_are_refused_and_nothing_is_written(
    store: Path, journal: Journal, given: Given
) -> None:
    journal.add([given(row=1, value="5", id="another")])
    before = store.read_bytes()
    with pytest.raises(StoreError, match="has other images than the journal: 'another'"):
        save(store, journal)
    assert store.read_bytes() == before


def test_a_turned_image_is_mirrored_and_turned_back(store: Path, journal: Journal, given: Given) -> None:
    turn = given("turn", 5, "left-right")
    with Store(store) as opened:
        old = opened.read(0, 8)
    journal.add([turn])
    assert save(store, journal).turned == 1
    with Store(store) as opened:
        new = opened.read(0, 8)
    assert (new[5] == old[5][:, ::-1]).all() and np.delete(new == old, 5, axis=0).all()
    journal.add([given("turn", 5, "both", old="left-right")])
    save(store, journal)
    with Store(store) as opened:
        assert (opened.read(5, 6)[0] == old[5][::-1, ::-1]).all()
    journal.add([given("undo", -1, journal.answers[-1].key)])
    journal.add([given("undo", -1, turn.key)])
    save(store, journal)
    with Store(store) as opened, h5py.File(store) as file:
        assert (opened.read(0, 8) == old).all()
        assert file["transform/decision"].asstr()[5] == ""


def test_what_a_killed_save_left_behind_goes(store: Path) -> None:
    (store.parent / "store.review.saving").mkdir()
    (store.parent / "store.review.saving" / ".store.h5.tmp").write_bytes(b"half a store")
    before = sorted(path.name for path in store.parent.iterdir() if "saving" not in path.name)
    Session(Settings(store, "Ada")).close()
    assert sorted(path.name for path in store.parent.iterdir()) == sorted([*before, "store.review.jsonl"])
