"""Options that say nothing alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.cli_settings import chosen_settings

ALONE: list[tuple[dict[str, Any], str]] = [
    ({"backbone_license": "MIT"}, "--backbone-license goes with --backbone"),
    ({"backbone_source": "here"}, "--backbone-source goes with --backbone"),
    ({"allow_download": True}, "--allow-download goes with --backbone"),
    ({"method": "plain", "feature_kind": "cls"}, "--feature-kind goes with --backbone"),
    ({"method": "plain", "enlarge": 2}, "--enlarge goes with --backbone"),
    ({"method": "plain", "input_size": "model"}, "--input-size goes with --backbone"),
    ({"method": "plain", "feature_blocks": (3,)}, "--feature-block goes with --method linear"),
    ({"method": "plain", "backbone": "b", "turned": True}, "--turned goes with --method linear"),
    ({"method": "plain", "labels_drawn": "random"}, "--labels-drawn goes with --method coarse-constrained"),
    ({"method": "plain", "budget": 3.0}, "--budget goes with --method auto"),
    ({"label_seed": 3}, "--label-seed goes with --fine-per-class"),
    ({"task_weights": (2.0,)}, "--task-weight goes with --task"),
]
TOGETHER: list[dict[str, Any]] = [
    {"backbone": "efficientnet-lite0", "backbone_license": "MIT", "enlarge": 2, "feature_kind": "cells"},
    {"method": "auto", "budget": 3.0, "turned": True, "enlarge": 2, "labels_drawn": "random"},
    {"method": "linear", "backbone": "efficientnet-lite0", "feature_blocks": (3,), "turned": True},
    {"method": "coarse-constrained", "labels_drawn": "random", "fine_per_class": 5, "label_seed": 3},
    {"tasks": ("terms",), "task_weights": (1.0, 2.0)},
]


@pytest.mark.parametrize(("given", "told"), ALONE, ids=[next(reversed(given)) for given, _ in ALONE])
def test_an_option_that_would_be_ignored_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=f"^{told}.*, or leave it out$"):
        chosen_settings("tiny", None, given)


@pytest.mark.parametrize("given", TOGETHER, ids=range(len(TOGETHER)))
def test_beside_what_they_need_they_hold(given: dict[str, Any]) -> None:
    config = chosen_settings("tiny", None, given)
    assert {name: config.flat()[name] for name in given} == given


def test_what_a_file_says_is_no_typing(tmp_path: Path) -> None:
    """Settings of an earlier run may keep a label seed that nothing asks for."""
    file = tmp_path / "config.toml"
    file.write_text('preset = "tiny"\nlabel_seed = 3\n')
    assert chosen_settings(None, file, {}).labels.label_seed == 3
