from __future__ import annotations

import pytest

from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGE_RANGES, STAGES, stage_range_space, stage_space
from lsl_shared.labels import MAX_CLASSES, LabelSpace

FAMILY = LabelSpace("family", ("oak", "palm", "moss"))
SPECIES = LabelSpace("species", ("robur", "areca", "ilex"), "family", (0, 1, 0))


def test_fine_space_from_names() -> None:
    assert LabelSpace.fine("species", {"robur": "oak", "areca": "palm", "ilex": "oak"}, FAMILY) == SPECIES


def test_childless_and_index() -> None:
    assert SPECIES.childless(FAMILY) == (2,)
    assert len(SPECIES) == 3
    assert SPECIES.index("areca") == 1


def test_unknown_class_lists_the_classes() -> None:
    with pytest.raises(LabelError, match=r"'family' has no class 'fern'; its classes: oak, palm, moss"):
        FAMILY.index("fern")


@pytest.mark.parametrize(
    ("name", "classes", "parent", "parent_index", "told"),
    [
        ("Family", ("a",), "", (), "lower-case"),
        ("2nd", ("a",), "", (), "a letter first"),
        ("family\n", ("a",), "", (), "lower-case"),
        ("family", (), "", (), "no classes"),
        ("family", ("a", "b", "a"), "", (), "distinct"),
        ("family", ("a", ""), "", (), "not empty"),
        ("species", ("a",), "family", (), "go together"),
        ("species", ("a",), "", (0,), "go together"),
        ("species", ("a",), "species", (0,), "go together"),
        ("species", ("a", "b"), "family", (0,), "2 classes but 1 parent"),
        ("species", ("a",), "family", (-1,), "start at 0"),
    ],
)
def test_malformed_spaces_are_refused(
    name: str, classes: tuple[str, ...], parent: str, parent_index: tuple[int, ...], told: str
) -> None:
    with pytest.raises(LabelError, match=told):
        LabelSpace(name, classes, parent, parent_index)


def test_most_classes() -> None:
    names = tuple(f"class{k}" for k in range(MAX_CLASSES + 1))
    assert len(LabelSpace("label", names[:-1])) == MAX_CLASSES
    with pytest.raises(LabelError, match="4,001 classes"):
        LabelSpace("label", names)


def test_check_parent() -> None:
    SPECIES.check_parent(FAMILY)
    with pytest.raises(LabelError, match="has parent 'family', not 'label'"):
        SPECIES.check_parent(LabelSpace("label", ("a", "b", "c")))
    with pytest.raises(LabelError, match="parent index 1"):
        SPECIES.check_parent(LabelSpace("family", ("oak",)))


def test_fly_stages_lie_in_their_ranges() -> None:
    ranges, stages = stage_range_space(), stage_space()
    assert ranges.classes == STAGE_RANGES
    assert stages.classes == STAGES == tuple(str(stage) for stage in range(4, 18))
    assert stages.parent_index == (1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5)
    assert stages.childless(ranges) == (0,)
    stages.check_parent(ranges)
