from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared import errors
from lsl_shared.errors import BundleError, DataFileError, LslError, StoreError


def test_one_clause_catches_all() -> None:
    raised = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(error, LslError) for error in raised)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    assert [name for name in errors.__all__ if name not in errors.__doc__] == []


@pytest.mark.parametrize(("key", "text"), [("", "a/b.h5: is empty"), ("images", "a/b.h5: images: is empty")])
def test_a_data_file_error_names_file_and_key(key: str, text: str) -> None:
    error = StoreError("a/b.h5", "is empty", key)
    assert (str(error), error.path, error.key) == (text, Path("a/b.h5"), key)
    assert isinstance(error, DataFileError)
    assert not isinstance(error, BundleError)
