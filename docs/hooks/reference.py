"""How docstrings and fields are shown in the API reference."""

from __future__ import annotations

import re
from typing import Any

import griffe


class ExampleSections(griffe.Extension):
    """Shows `Example:` in a docstring as code: Griffe knows the section by its plural alone."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called once for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)


class PlainDefaults(griffe.Extension):
    """Shows `seed: int = 0` where the code says `seed: int = setting(default=0, …)`."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **kwargs: Any) -> None:
        """Called for each attribute."""
        call = attr.value
        if isinstance(call, griffe.ExprCall) and str(call.function) in ("setting", "field"):
            given = [one for one in call.arguments if isinstance(one, griffe.ExprKeyword)]
            attr.value = next((one.value for one in given if one.name == "default"), None)
