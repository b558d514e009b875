from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from lsl_shared.errors import ImageError
from lsl_tools.pictures.read_image import MAX_PIXELS, decode_image, read_image

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
ALPHA = np.random.default_rng(1).integers(1, 256, (20, 30), dtype=np.uint8)
LOSSLESS = ["PNG", "BMP", "TIFF"]


def saved(kind: str, pixels: np.ndarray | Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(stream, kind, **options)
    return stream.getvalue()


def opencv(suffix: str, pixels: np.ndarray) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


@pytest.mark.parametrize(("enough", "reduction"), [(None, 1), (151, 1), (150, 2), (76, 2), (75, 4), (9, 8), (0, 8)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_is_reduced_by_area(enough: int | None, reduction: int, orientation: int) -> None:
    rows, columns = np.mgrid[:200, :300]
    smooth = np.stack([rows / 2, columns / 2, 100 + rows / 4 - columns / 8], axis=-1).astype(np.uint8)
    stream, exif = io.BytesIO(), Image.Exif()
    exif[274] = orientation
    Image.fromarray(smooth).save(stream, "JPEG", quality=98, subsampling=0, exif=exif)
    found = decode_image(stream.getvalue(), enough)
    shown = smooth if orientation == 1 else np.rot90(smooth, -1)
    assert (found.reduction, found.size) == (reduction, shown.shape[:2])
    expected = cv2.resize(shown, found.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(found.pixels.astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("kind", LOSSLESS)
def test_colour_is_exact(kind: str) -> None:
    np.testing.assert_array_equal(decode_image(saved(kind, RGB)).pixels, RGB)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_grey_bits_and_palette_are_exact(kind: str, mode: str) -> None:
    picture = Image.fromarray(RGB).convert(mode)
    pixels = decode_image(saved(kind, picture)).pixels
    np.testing.assert_array_equal(pixels, np.asarray(picture.convert("RGB")))
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_rounded_by_257(suffix: str) -> None:
    deep = np.array([[0, 128, 129, 257, 32767, 65406, 65407, 65535]], np.uint16)
    pixels = decode_image(opencv(suffix, deep)).pixels
    np.testing.assert_array_equal(pixels[..., 0], np.round(deep / 257))
    assert pixels[0, -1].tolist() == [255, 255, 255]


def test_sixteen_bit_colour_keeps_its_channels() -> None:
    np.testing.assert_array_equal(decode_image(opencv(".png", RGB[..., ::-1].astype(np.uint16) * 257)).pixels, RGB)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_alpha_is_flattened_on_white(kind: str) -> None:
    pixels = decode_image(saved(kind, np.dstack([RGB, ALPHA]))).pixels
    share = ALPHA[..., None] / 255
    assert np.abs(pixels - (RGB * share + 255 * (1 - share))).max() <= 1


@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257)])
def test_alpha_of_a_tiff_that_says_nothing_about_it(scale: np.uint8 | np.uint16) -> None:
    pixels = decode_image(opencv(".tif", np.dstack([RGB[..., ::-1], ALPHA]) * scale)).pixels
    share = ALPHA[..., None] / 255
    assert np.abs(pixels - (RGB * share + 255 * (1 - share))).max() <= 1


def test_grey_with_alpha() -> None:
    picture = Image.merge("LA", [Image.fromarray(RGB[..., 0]), Image.fromarray(ALPHA)])
    share = ALPHA / 255
    pixels = decode_image(saved("PNG", picture)).pixels
    assert np.abs(pixels[..., 1] - (RGB[..., 0] * share + 255 * (1 - share))).max() <= 0.5


def test_alpha_of_nothing_was_not_meant() -> None:
    data = opencv(".bmp", np.dstack([RGB[..., ::-1], np.zeros_like(ALPHA)]))
    np.testing.assert_array_equal(decode_image(data).pixels, RGB)


def test_jpeg_is_near() -> None:
    smooth = cv2.GaussianBlur(RGB, (0, 0), 4)
    assert np.abs(decode_image(saved("JPEG", smooth, quality=95)).pixels.astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_obeyed(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(kind, cv2.GaussianBlur(RGB, (0, 0), 4), exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    pixels = decode_image(data).pixels
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_deflate"])
def test_compressed_tiff(compression: str) -> None:
    np.testing.assert_array_equal(decode_image(saved("TIFF", RGB, compression=compression)).pixels, RGB)


def test_remarks() -> None:
    pages = decode_image(saved("TIFF", RGB, save_all=True, append_images=[Image.fromarray(255 - RGB)]))
    assert pages.remarks == ("several pages: the first is taken",)
    np.testing.assert_array_equal(pages.pixels, RGB)
    assert "at most 12" in decode_image(opencv(".png", RGB[..., 0].astype(np.uint16) * 16)).remarks[0]
    assert "at most 14" in decode_image(opencv(".png", RGB[..., 0].astype(np.uint16) * 17)).remarks[0]
    assert decode_image(opencv(".png", RGB[..., 0].astype(np.uint16) * 257)).remarks == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_cut_off_file_is_not_half_read(kind: str, share: float, capfd: pytest.CaptureFixture[str]) -> None:
    data = saved(kind, RGB)
    with pytest.raises(ImageError, match=r"cut off|damaged"):
        decode_image(data[: int(len(data) * share)])
    assert capfd.readouterr().out == ""


def test_a_jpeg_with_a_thumbnail_is_cut_off_too() -> None:
    thumbnail = saved("JPEG", RGB[:8, :8])
    data = saved("JPEG", RGB, comment=thumbnail)
    assert decode_image(data).pixels.shape == RGB.shape
    with pytest.raises(ImageError, match="cut off"):
        decode_image(data[:-100])


def test_float_pixels_are_refused() -> None:
    with pytest.raises(ImageError, match="has float32 pixels, expected 8 or 16 bits"):
        decode_image(opencv(".tif", RGB.astype(np.float32)))


def test_a_giant_is_refused_before_it_is_decoded() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    assert MAX_PIXELS < 20_000**2
    with pytest.raises(ImageError, match="20000×20000 pixels, at most 100 megapixels"):
        decode_image(bomb)


def test_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "Blütenstaub σ.png"
    path.write_bytes(saved("PNG", RGB))
    np.testing.assert_array_equal(read_image(path), RGB)
    with pytest.raises(ImageError, match=r"absent.png: cannot be read \(No such file"):
        read_image(tmp_path / "absent.png")
    path.write_text("no picture")
    with pytest.raises(ImageError, match=r"Blütenstaub σ.png: is not a PNG"):
        read_image(path)
