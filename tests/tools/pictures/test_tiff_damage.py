from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.pictures.read_image import decode_image

tifffile = pytest.importorskip("tifffile")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def packed(pixels: np.ndarray, **options: Any) -> bytearray:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, photometric="rgb", compression="deflate", **options)
    return bytearray(stream.getvalue())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", [{"rowsperstrip": 8}, {"tile": (16, 16)}, {"predictor": 2}])
def test_a_changed_byte_is_found(options: dict[str, Any], dtype: type[np.uint8] | type[np.uint16]) -> None:
    whole = packed(RGB.astype(dtype), **options)
    decode_image(bytes(whole))
    with tifffile.TiffFile(io.BytesIO(whole)) as file:
        place = file.pages[0].dataoffsets[-1] + file.pages[0].databytecounts[-1] // 2
    whole[place] ^= 255
    with pytest.raises(ImageError, match="is damaged"):
        decode_image(bytes(whole))


@pytest.mark.parametrize("packing", ["lzw", "deflate", "zstd", "packbits"])
def test_a_tile_that_was_never_written_is_found(packing: str) -> None:
    """As a program leaves it that fails in the middle."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, RGB, photometric="rgb", compression=packing, tile=(16, 16))
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        counts = file.pages[0].tags[325]
    data[counts.valueoffset + 4 : counts.valueoffset + 8] = bytes(4)
    with pytest.raises(ImageError, match="missing"):
        decode_image(bytes(data))


def test_much_that_packs_to_little() -> None:
    white = np.full((3000, 3000, 3), 255, np.uint8)
    assert (decode_image(bytes(packed(white, rowsperstrip=3000))).pixels == 255).all()
