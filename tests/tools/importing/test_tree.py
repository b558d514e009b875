from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_shared.errors import ConfigError
from lsl_tools.importing.find_images import find_images
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.tasks import TaskSpec, parse_tasks
from lsl_tools.importing.tree import list_tree

ROOT = Path("source")


def labels(listing: Listing) -> list[dict[str, str]]:
    return [dict(sample.labels) for sample in listing.samples]


def test_one_level_is_the_task_label() -> None:
    found = list_tree(ROOT, ["oak/1.png", "palm/1.png", "stray.png"])
    assert found.tasks == (TaskSpec("label"),)
    assert labels(found) == [{"label": "oak"}, {"label": "palm"}, {}]
    assert found.samples[0].path == ROOT / "oak/1.png"
    assert [sample.id for sample in found.samples] == ["oak/1.png", "palm/1.png", "stray.png"]


def test_one_level_with_a_name_and_outer_folders() -> None:
    found = list_tree(ROOT, ["data/images/oak/1.png", "data/images/palm/1.png"], parse_tasks(["species"]))
    assert labels(found) == [{"species": "oak"}, {"species": "palm"}]


def test_a_single_class_is_not_an_outer_folder() -> None:
    assert labels(list_tree(ROOT, ["oak/1.png", "oak/2.png"])) == [{"label": "oak"}] * 2


def test_two_levels_are_coarse_and_fine() -> None:
    found = list_tree(ROOT, ["oaks/robur/1.png", "palms/areca/1.png", "palms/2.png"], parse_tasks(["species:family"]))
    assert found.tasks == (TaskSpec("family"), TaskSpec("species", "family"))
    assert labels(found) == [
        {"family": "oaks", "species": "robur"},
        {"family": "palms", "species": "areca"},
        {"family": "palms"},
    ]


def test_a_flat_folder_has_no_labels() -> None:
    found = list_tree(ROOT, ["1.png", "2.png"])
    assert (found.tasks, labels(found)) == ((), [{}, {}])
    assert "no labels" in found.notes[0]


@pytest.mark.parametrize(
    ("paths", "tasks", "told"),
    [
        (["a/x/1.png", "b/y/1.png"], [], "name both levels, for instance --task family --task species:family"),
        (["a/x/1.png", "b/1.png"], [], r"up to 2 folders deep \(a/x/1.png\)"),
        (["a/x/1.png", "b/y/1.png"], ["species"], r"1 level\(s\) of classes were expected"),
        (["a/1.png"], ["family", "species:family"], r"up to 1 folders deep \(a/1.png\), but 2 level"),
        (["1.png"], ["family"], "up to 0 folders deep"),
        (["images/robur/1.png", "images/areca/2.png"], ["species:family"], "1 folders deep"),  # images is no family
        (["images/robur/1.png", "images/areca/2.png", "3.png"], ["species:family"], "1 folders deep"),
        (["a/b/c/1.png", "b/b/c/1.png"], [], "3 folders deep"),
    ],
)
def test_folders_that_do_not_fit_the_tasks(paths: list[str], tasks: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        list_tree(ROOT, paths, parse_tasks(tasks))


def test_real_folders(folder: Callable[..., Path]) -> None:
    root = folder("oak/1.png", "palm/2.bmp")
    found = list_tree(root, find_images(root).paths)
    assert all(sample.path.is_file() for sample in found.samples)
