from __future__ import annotations

import csv
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared import ConfigError, Store, StoreWriter
from lsl_shared.files.out_of_fold import OUT_OF_FOLD, OutOfFold, TaskAnswers, write_out_of_fold
from lsl_tools.auditing.audit import Audit, audit_store
from lsl_tools.auditing.run_answers import find_answers
from lsl_tools.auditing.telling import write_audit
from lsl_tools.cli import app
from lsl_tools.labelling.apply import apply_labels
from tests.support.pictures import decoded
from tests.support.planted_labels import STAGE, Planted, planted


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return planted(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def audit(made: Planted) -> Audit:
    return audit_store(made.store, made.run)


def test_the_planted_labels_come_first(made: Planted, audit: Audit) -> None:
    wrong = {*made.wrong_stage.tolist(), *made.wrong_range.tolist()}
    first = [one.row for one in audit.doubts[: len(wrong)]]
    assert len(wrong & set(first)) >= 0.85 * len(wrong)
    assert len(wrong & {one.row for one in audit.doubts[:20]}) >= 19


def test_the_label_that_is_wrong_is_named(made: Planted, audit: Audit) -> None:
    of_row = {one.row: one for one in audit.doubts if one.wrong > 0.9}
    for task, rows in (("stage", made.wrong_stage), ("range", made.wrong_range)):
        named = [of_row[row].task == task for row in rows.tolist() if row in of_row]
        assert len(named) >= 8 and np.mean(named) >= 0.85


def test_what_it_may_be_fits_the_other_label(audit: Audit) -> None:
    doubt = next(one for one in audit.doubts if one.task == "stage" and one.wrong > 0.99)
    assert doubt.maybe["stage"] != doubt.now["stage"]
    parent = STAGE.parent_index[STAGE.index(doubt.maybe["stage"])]
    assert ("early", "middle", "late", "egg")[parent] == doubt.now["range"] and "range" not in doubt.maybe


def test_the_expected_number_holds_the_true_one(made: Planted, audit: Audit) -> None:
    assert audit.total.low <= len(made.wrong_stage) + len(made.wrong_range) <= audit.total.high
    assert audit.total.high < 3 * audit.total.number
    assert [one.task for one in audit.tasks] == ["stage", "range"]
    assert [one.labels for one in audit.tasks] == [400, 600]


def test_right_labels_are_hardly_doubted(tmp_path: Path) -> None:
    made = planted(tmp_path, fine=0, coarse=0)
    found = audit_store(made.store, made.run)
    assert found.total.low < 1 and found.total.number < 5 and len(found.doubts) < 12


def test_equal_pictures_with_different_labels_come_first(made: Planted, tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    with Store(made.store) as old, StoreWriter(path, 8, 8) as writer:
        images, spaces = old.read(0, len(old)), old.tasks
        images[590] = images[3]  # image 590 has a coarse label alone
        for name, gene, image in zip(old.ids, old.genes, images, strict=True):
            writer.append(image, id=name, gene=gene)
        coarse = old.labels("range")
        coarse[590] = (coarse[3] + 1) % 3
        writer.add_task(spaces["range"], coarse.tolist())
        writer.add_task(spaces["stage"], old.labels("stage").tolist())
    run = tmp_path / "run"
    shutil.copytree(made.run, run)
    with Store(path) as store, h5py.File(run / OUT_OF_FOLD, "r+") as file:
        file.attrs["store_fingerprint"] = store.fingerprint()
    first, second, *_ = audit_store(path, run).doubts
    assert (first.id, first.same_as) == ("image-3", ("image-590",))
    assert (second.id, second.same_as, second.task) == ("image-590", ("image-3",), "range")


def test_unusable_images_are_not_judged(made: Planted, tmp_path: Path) -> None:
    path = tmp_path / "store.h5"
    shutil.copy2(made.store, path)
    row = int(made.wrong_stage[0])
    reasons = ["blurred" if k == row else "" for k in range(600)]
    with h5py.File(path, "r+") as file:
        file.create_dataset("samples/unusable", data=reasons, dtype=h5py.string_dtype())
    found = audit_store(path, made.run)
    assert found.images == 599 and row not in {one.row for one in found.doubts}


def test_labels_that_were_corrected_are_in_doubt_no_more(made: Planted, audit: Audit, tmp_path: Path) -> None:
    path, table = tmp_path / "store.h5", tmp_path / "table.csv"
    shutil.copy2(made.store, path)
    write_audit(audit, table, fill=0.9)
    assert apply_labels(path, table, who="test", contradict=True)
    again = audit_store(path, made.run)
    assert again.total.number < audit.total.number / 3


def test_a_run_of_another_store_is_refused(made: Planted, tmp_path: Path) -> None:
    other = planted(tmp_path, seed=1)
    with pytest.raises(ConfigError, match="learnt from other images"):
        audit_store(other.store, made.run)


def test_answers_of_other_classes_are_refused(made: Planted, tmp_path: Path) -> None:
    with Store(made.store) as store:
        answers = TaskAnswers(("a", "b"), np.full((600, 2), 0.5, np.float32), np.full(600, -1, np.int16))
        told = OutOfFold(store.fingerprint(), store.ids, np.zeros(600, np.int16), {"stage": answers})
    write_out_of_fold(tmp_path / "answers.h5", told)
    with pytest.raises(ConfigError, match="classes of 'stage'"):
        audit_store(made.store, tmp_path / "answers.h5")


def test_the_newest_run_of_the_store_is_found(made: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(made.store) as store:
        assert find_answers(store, None) == made.run / OUT_OF_FOLD
    lone = tmp_path / "lone.h5"
    shutil.copy2(made.store, lone)
    with Store(lone) as store, pytest.raises(ConfigError, match=r"lone\.h5 --calibration cross` makes one"):
        find_answers(store, None)
    with Store(lone) as store, pytest.raises(ConfigError, match="holds no out_of_fold"):
        find_answers(store, tmp_path)


def test_the_command_writes_a_table_that_label_takes(made: Planted, tmp_path: Path) -> None:
    table = tmp_path / "doubts.csv"
    words = ["audit", str(made.store), "--out", str(table), "--n", "7"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "of 400 labels are wrong" in done.output and "lsl-store label" in done.output
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert {"id", "doubtful", "wrong", "stage_now", "stage_maybe", "range_now"} <= set(rows[0])
    assert all(row["stage"] == "" and row["range"] == "" for row in rows)
    assert decoded(table.with_suffix(".png")).shape[2] == 3
    assert CliRunner().invoke(app, ["label", str(made.store), str(table)]).output.startswith("nothing to do")
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 1 and "--overwrite" in again.output


def test_the_command_refuses_the_store_itself(made: Planted) -> None:
    before = made.store.read_bytes()
    done = CliRunner().invoke(app, ["audit", str(made.store), "--out", str(made.store), "--overwrite"])
    assert done.exit_code == 1 and made.store.read_bytes() == before
