"""The file of a choice, and what was kept of trials."""

from __future__ import annotations

from pathlib import Path

from lsl_trainer.choosing.choice import Choice, Scored, read_choice, read_trials, write_choice, write_trials


def test_a_choice_survives_its_file(tmp_path: Path) -> None:
    scores = (Scored("linear", 0.5, 0.4, 0.6, 10, 3.0), Scored("other", None, None, None, 0, 1.0, "takes too long"))
    choice = Choice("linear", {"method": "linear", "feature_blocks": (8, 12)}, ("seen", "tried", "chosen"), scores)
    assert read_choice(tmp_path) is None
    write_choice(tmp_path, choice)
    assert read_choice(tmp_path) == choice


def test_trials_count_for_their_data_alone_and_go_with_the_choice(tmp_path: Path) -> None:
    assert read_trials(tmp_path, "key") == {}
    write_trials(tmp_path, "key", {"from scratch": [[1.0], [0.0]]})
    assert read_trials(tmp_path, "key") == {"from scratch": [[1.0], [0.0]]}
    assert read_trials(tmp_path, "another") == {}
    write_choice(tmp_path, Choice("a", {}, ("", "", ""), ()))
    assert read_trials(tmp_path, "key") == {}
    write_trials(None, "key", {})
    assert read_trials(None, "key") == {}
