from __future__ import annotations

from lsl_shared.fly import STAGES
from lsl_tools.review.keys import class_keys


def test_stages_have_a_key_each() -> None:
    assert "".join(class_keys(STAGES)) == "456789abcdefgh"


def test_no_key_serves_twice_nor_what_a_command_does() -> None:
    names = [f"species {number}" for number in range(40)] + ["B", "b", "7", "u"]
    keys = class_keys(names)
    given = [key for key in keys if key]
    assert len(set(given)) == len(given) == 29
    assert keys[-4:-1] == ("b", "", "7") and not set(given) & set("lmnuvxz?/")
