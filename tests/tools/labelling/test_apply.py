from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared import (
    DataFileError,
    LabelError,
    LabelSpace,
    LslError,
    Store,
    StoreError,
    StoreWriter,
    Task,
    allowed_classes,
)
from lsl_shared.files.content_hash import image_digests
from lsl_tools.cli import app
from lsl_tools.labelling import apply as labelling
from lsl_tools.labelling.apply import apply_labels
from lsl_tools.labelling.read import read_labels

FAMILY = LabelSpace("family", ("Fagaceae", "Poaceae"))
SPECIES = LabelSpace.fine("species", {"robur": "Fagaceae", "petraea": "Fagaceae", "mays": "Poaceae"}, FAMILY)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Six images: family 0 0 0 1 1 −, species 0 − − 2 − −."""
    path, generator = tmp_path / "store.h5", np.random.default_rng(0)
    with StoreWriter(path, 8, 9) as writer:
        for number in range(6):
            writer.append(
                generator.integers(0, 255, (8, 9, 3)).astype(np.uint8), id=f"i{number}", gene=f"g{number % 3}"
            )
        writer.add_task(FAMILY, [0, 0, 0, 1, 1, -1])
        writer.add_task(SPECIES, [0, -1, -1, 2, -1, -1])
    return path


def table(tmp_path: Path, text: str, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def everything(path: Path) -> tuple[str, list[bytes], list[int], list[int]]:
    with Store(path) as store:
        pixels = image_digests(store.read(0, len(store)))
        return store.fingerprint(), pixels, store.labels("family").tolist(), store.labels("species").tolist()


def test_labels_go_in_and_what_they_replace_is_kept(store: Path, tmp_path: Path) -> None:
    fingerprint, pixels, family, _ = everything(store)
    changes = apply_labels(store, table(tmp_path, "id,species\ni1,petraea\ni0,petraea\ni3,mays\ni4,\n"), who="Ada")
    assert everything(store) == (fingerprint, pixels, family, [1, 1, -1, 2, -1, -1])
    assert [(change.task, change.rows.tolist(), change.old.tolist()) for change in changes] == [
        ("species", [1, 0], [-1, 0])
    ]
    apply_labels(store, table(tmp_path, "id;family;species\ni5;Poaceae;mays\n", "second.csv"), who="Grace")
    with h5py.File(store) as file:
        told = [{name: group.attrs[name] for name in ("task", "who", "source")} for group in file["history"].values()]
        first = file["history/000001"]
        assert (first["row"][...].tolist(), first["old"][...].tolist(), first["new"][...].tolist()) == (
            [1, 0], [-1, 0], [1, 1],
        )  # fmt: skip
        assert first.attrs["when"].startswith("20") and first.attrs["when"].endswith("+00:00")
    assert told == [
        {"task": "species", "who": "Ada", "source": "labels.csv"},
        {"task": "family", "who": "Grace", "source": "second.csv"},
        {"task": "species", "who": "Grace", "source": "second.csv"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,species\ni1,petraea\nnobody,mays\n", "line 3.*no image 'nobody'"),
        ("id,species\ni1,petraea\ni2,oak\n", "line 3.*no class 'oak'; its classes: robur"),
        ("id,species\ni1,petraea\ni1,robur\n", "line 3.*two labels, 'petraea' and 'robur'"),
        ("id,genus\ni1,Quercus\n", "has no column that is a task of .*family, species"),
        ("name,species\ni1,robur\n", "needs a column `id`"),
        ("", "is empty"),
    ],
)
def test_a_table_with_one_wrong_line_changes_nothing(store: Path, tmp_path: Path, text: str, said: str) -> None:
    before = store.read_bytes()
    with pytest.raises(DataFileError, match=said):
        apply_labels(store, table(tmp_path, text), who="Ada")
    assert store.read_bytes() == before


def test_contradictions_are_refused_unless_meant(store: Path, tmp_path: Path) -> None:
    fine, coarse = table(tmp_path, "id,species\ni1,mays\n"), table(tmp_path, "id,family\ni0,Poaceae\n", "c.csv")
    for labels, told in ((fine, "i1: mays is not in Fagaceae"), (coarse, "i0: robur is not in Poaceae")):
        with pytest.raises(LabelError, match=told):
            apply_labels(store, labels, who="Ada")
    both = table(tmp_path, "id,family,species\ni0,Poaceae,mays\n", "both.csv")
    assert [change.task for change in apply_labels(store, both, who="Ada")] == ["family", "species"]
    apply_labels(store, fine, who="Ada", contradict=True)
    assert everything(store)[2:] == ([1, 0, 0, 1, 1, -1], [2, 2, -1, 2, -1, -1])


def test_nothing_new_leaves_the_file_alone(store: Path, tmp_path: Path) -> None:
    before = store.stat().st_mtime_ns
    assert apply_labels(store, table(tmp_path, "id,species\ni0,robur\ni1,\n"), who="Ada") == ()
    assert store.stat().st_mtime_ns == before


def test_a_failure_on_the_way_leaves_the_store_as_it_was(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.read_bytes()

    def torn(path: Path, *rest: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(labelling, "_write", torn)
    with pytest.raises(StoreError, match=r"No space left on device\); nothing was changed"):
        apply_labels(store, table(tmp_path, "id,species\ni1,robur\n"), who="Ada")
    assert store.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "store.h5"]


def test_a_link_to_a_store_stays_a_link(store: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.h5"
    link.symlink_to(store)
    apply_labels(link, table(tmp_path, "id,species\ni1,robur\n"), who="Ada")
    assert link.is_symlink()
    assert everything(store)[3] == [0, 0, -1, 2, -1, -1]


def test_only_differences_are_changes(store: Path, tmp_path: Path) -> None:
    with Store(store) as opened:
        assert read_labels(opened, table(tmp_path, "id,family,species\ni0,Fagaceae,robur\n")).changes == ()


def test_the_command_tells_what_it_did(store: Path, tmp_path: Path) -> None:
    labels = table(tmp_path, "id,species\ni0,petraea\ni2,robur\n")
    done = CliRunner().invoke(app, ["label", str(store), str(labels), "--who", "Ada"])
    assert done.exit_code == 0, done.output
    assert "species: 1 new labels, 1 corrected" in done.output
    assert "has these labels already" in CliRunner().invoke(app, ["label", str(store), str(labels)]).output
    wrong = CliRunner().invoke(app, ["label", str(store), str(table(tmp_path, "id,species\nx,robur\n"))])
    assert wrong.exit_code == 1
    assert "no image 'x'" in wrong.output


@pytest.mark.parametrize("kind", ["u1", "u4", "f4", "f8", "i4"])
def test_labels_that_another_program_wrote_can_be_changed_and_taken_back(
    store: Path, tmp_path: Path, kind: str
) -> None:
    with h5py.File(store, "r+") as file:
        kept = dict(file["labels/family"].attrs)
        del file["labels/family"]
        file["labels/family"] = np.array([[0, 0, 0, 1, 1, 1]], kind)
        file["labels/family"].attrs.update(kept)
    apply_labels(store, table(tmp_path, "id,family\ni5,Fagaceae\n"), who="Ada")
    with Store(store) as opened:
        assert opened.labels("family").tolist() == [0, 0, 0, 1, 1, 0]
        assert opened.tasks["family"] == FAMILY


def test_labels_must_go_with_all_coarse_tasks(store: Path, tmp_path: Path) -> None:
    """biome: wood of the Fagaceae, shore of petraea and mays; i3 is on the shore, i5 of no known family."""
    with h5py.File(store, "a") as file:
        file["labels/biome"] = np.array([-1, -1, -1, 1, -1, 0], np.int16)
        file["labels/biome"].attrs["classes"] = ["wood", "shore"]
        file["allows/species/biome"] = np.array([[1, 1, 0], [0, 1, 1]], np.uint8)
    before = everything(store)
    for text, told in (
        ("id,species\ni5,mays\n", "1 label.* of species contradict biome: i5: mays is not in wood"),
        ("id,family\ni5,Poaceae\n", "allow no species together: i5: Poaceae and wood"),
        ("id,biome\ni4,wood\n", "allow no species together: i4: Poaceae and wood"),
    ):
        with pytest.raises(LabelError, match=told):
            apply_labels(store, table(tmp_path, text), who="Ada")
        assert everything(store) == before
    assert apply_labels(store, table(tmp_path, "id,species,biome\ni5,petraea,shore\n"), who="Ada")
    assert apply_labels(store, table(tmp_path, "id,biome\ni4,wood\n"), who="Ada", contradict=True)


MODEL_TASK = Task("species", SPECIES.classes, parent="family", parent_classes=FAMILY.classes, parent_index=(0, 0, 1))


class TestNewCoarseTasks:
    """Labels of another system, brought in later; species robur and petraea are 0 and 1, mays is 2."""

    ALLOWS = "expert,species\nno grass,robur|petraea\nlarge,robur\nlarge,mays\n"

    def test_a_table_says_what_their_classes_allow(self, store: Path, tmp_path: Path) -> None:
        fingerprint = everything(store)[0]
        labels = table(tmp_path, "id,expert\ni1,no grass\ni2,large\ni4,\n")
        allows = table(tmp_path, self.ALLOWS, "allows.csv")
        said = CliRunner().invoke(
            app, ["label", str(store), str(labels), "--task", "species:expert", "--allows", str(allows), "--who", "Ada"]
        )
        assert "expert: 2 new labels, 0 corrected" in said.output, said.output
        with Store(store) as opened:
            assert opened.fingerprint() == fingerprint
            assert opened.tasks["expert"].classes == ("large", "no grass")
            assert opened.labels("expert").tolist() == [-1, 1, 0, -1, -1, -1]
            parent, expert = opened.coarse_tasks("species")
            assert (parent.name, expert.allows) == ("family", ((0, 2), (0, 1)))
            allowed = allowed_classes(opened, MODEL_TASK)
            assert allowed.tolist()[2] == [True, False, False]  # family Fagaceae, and large
        # Again, as any other task.
        apply_labels(store, table(tmp_path, "id,expert\ni2,no grass\n", "more.csv"), who="Grace")
        with Store(store) as opened:
            assert opened.labels("expert").tolist() == [-1, 1, 1, -1, -1, -1]

    def test_ranges_say_it_by_their_names(self, tmp_path: Path) -> None:
        path = tmp_path / "stages.h5"
        with StoreWriter(path, 8, 9) as writer:
            for number in range(3):
                writer.append(np.zeros((8, 9, 3), np.uint8), id=f"i{number}")
            writer.add_task(LabelSpace("age", ("7", "8", "9")), [0, 1, -1])
        apply_labels(path, table(tmp_path, "id,expert\ni1,8-\ni2,7-8\n"), who="Ada", tasks=["age:expert"])
        with Store(path) as opened:
            (expert,) = opened.coarse_tasks("age")
            assert dict(zip(expert.classes, expert.allows, strict=True)) == {"7-8": (0, 1), "8-": (1, 2)}

    @pytest.mark.parametrize(
        ("labels", "task", "said"),
        [
            ("id,expert\ni1,no grass\n", "genus:expert", "has no task 'genus', but: family, species"),
            ("id,expert\ni1,no grass\n", "species:other", "has no column 'other'"),
            ("id,expert\ni1,no grass\n", "expert", "name both, as in --task stage:expert"),
            ("id,expert\ni1,no grass\n", "species:expert", "what do no grass allow of species"),
            ("id,expert\ni1,\n", "species:expert", "the column 'expert' is empty"),
            ("id,expert\ni1,04/06/2026\n", "species:expert", "made by a spreadsheet"),
            ("id,species\ni1,robur\n", "family:species", "has a task 'species' already, which is not above family"),
        ],
    )
    def test_what_does_not_serve_is_told(self, store: Path, tmp_path: Path, labels: str, task: str, said: str) -> None:
        before = store.read_bytes()
        with pytest.raises((LslError), match=said):
            apply_labels(store, table(tmp_path, labels), who="Ada", tasks=[task])
        assert store.read_bytes() == before

    def test_contradictions_are_told(self, store: Path, tmp_path: Path) -> None:
        allows = table(tmp_path, self.ALLOWS, "allows.csv")
        with pytest.raises(LabelError, match="i3: mays is not in no grass"):
            apply_labels(
                store, table(tmp_path, "id,expert\ni3,no grass\n"), who="Ada", tasks=["species:expert"], allows=[allows]
            )
