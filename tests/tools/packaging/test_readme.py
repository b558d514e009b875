from __future__ import annotations

from lsl_shared import Manifest, Task
from lsl_tools.packaging.readme import package_readme


def test_scores_and_settings_are_told() -> None:
    manifest = Manifest(
        (64, 96), (Task("stage", ("4", "5")),), training={"preset": "tiny", "coarse": ""},
        test_metrics={"n_images": 1234, "n_genes": 56, "accuracy": 0.61234, "within_one": None},
    )  # fmt: skip
    text = package_readme(manifest)
    assert "# A classifier of stage\n" in text and "- stage: 4, 5\n" in text
    assert "On 1,234 images of 56 groups" in text and "| accuracy | 0.612 |" in text
    assert "within one" not in text and "- preset: tiny" in text and "- coarse" not in text
    assert "\n## Validation\n" in text


def test_without_test_images_the_reader_is_told_to_measure() -> None:
    text = package_readme(Manifest((64, 96), (Task("stage", tuple(map(str, range(100)))),)))
    assert "There were no test images" in text and "and 40 more" in text
