"""The cut of a store into partitions: whole chunks, at most 256 images, the same whatever the batch or the machine."""

from __future__ import annotations

from lsl_shared.files.packing import MAX_CHUNK_IMAGES

__all__ = ["partitions"]


def partitions(images: int, chunk_images: int) -> list[range]:
    """Consecutive ranges that cover the images 0 … images − 1; one chunk each where a chunk holds over 256 images."""
    step = max(1, MAX_CHUNK_IMAGES // chunk_images) * chunk_images
    return [range(start, min(start + step, images)) for start in range(0, images, step)]
