"""The licences of what a page contains, as they must go with it."""

from __future__ import annotations

from typing import Final

from lsl_tools.model_page.library import PACKAGES

__all__ = ["licences"]

_MIT: Final = """MIT License

{holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""  # noqa: E501
_OURS: Final = (
    "Licensed under the Apache License, Version 2.0; you may obtain a copy at "
    "https://www.apache.org/licenses/LICENSE-2.0. Distributed on an “AS IS” basis, without warranties or conditions of "
    "any kind. The model's weights are their maker's."
)
_HOLDERS: Final = {
    "onnxruntime-web": ("ONNX Runtime Web", "Copyright (c) Microsoft Corporation"),
    "utif": ("UTIF", "Copyright (c) 2017 Photopea"),
    "pako": ("pako", "Copyright (C) 2014-2017 by Vitaly Puzrin and Andrei Tuputcyn"),
}


def licences(version: str) -> list[dict[str, str]]:
    """Name, version and text of each licence, the web runtime's first."""
    others = [package.split("@") for package in PACKAGES]
    texts = [(*_HOLDERS[name], number) for name, number in others]
    theirs = [{"name": name, "version": number, "text": _MIT.format(holder=holder)} for name, holder, number in texts]
    return [*theirs, {"name": "lsl-toolkit", "version": version, "text": _OURS}]
