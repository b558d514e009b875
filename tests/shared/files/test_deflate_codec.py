from __future__ import annotations

import zlib

import numpy as np
import pytest

from lsl_shared.files import deflate_codec
from lsl_shared.files.deflate_codec import deflated, inflated

DATA = np.random.default_rng(0).integers(0, 9, 100_000, dtype=np.uint8).tobytes()


@pytest.fixture(params=["libdeflate", "zlib"], autouse=True)
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "zlib":
        monkeypatch.setattr(deflate_codec, "deflate", None)
    elif deflate_codec.deflate is None:
        pytest.skip("deflate is not installed")


def test_streams_are_those_of_zlib() -> None:
    assert inflated(zlib.compress(DATA, 6), len(DATA)) == DATA
    assert zlib.decompress(deflated(DATA, 1)) == DATA


def test_never_more_than_the_chunk() -> None:
    with pytest.raises(ValueError, match="exceeds its chunk"):
        inflated(zlib.compress(DATA), len(DATA) - 1)


def test_too_little_is_told() -> None:
    with pytest.raises(ValueError, match="holds 100000 bytes, its chunk 100001"):
        inflated(zlib.compress(DATA), len(DATA) + 1)


@pytest.mark.parametrize("where", [0, 1000, -2])
def test_damage_is_told(where: int) -> None:
    stream = bytearray(zlib.compress(DATA))
    stream[where] ^= 0xFF
    with pytest.raises(ValueError, match="damaged"):
        inflated(bytes(stream), len(DATA))


def test_truncated_stream_is_damaged() -> None:
    with pytest.raises(ValueError, match="damaged"):
        inflated(zlib.compress(DATA)[:-5], len(DATA))
