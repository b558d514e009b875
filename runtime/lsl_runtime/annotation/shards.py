"""Shards: a store's partitions shared out among machines that do not know of each other."""

from __future__ import annotations

import re

from lsl_shared.errors import ConfigError
from lsl_shared.files.partitions import partitions
from lsl_shared.files.store import Store

__all__ = ["parse_shard", "shard_images", "shard_of"]


def parse_shard(text: str) -> tuple[int, int]:
    """`2/8` as (2, 8). Raises ConfigError."""
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"--shard: expected i/n with 1 ≤ i ≤ n, such as 2/8, received {text!r}")
    return int(found[1]), int(found[2])


def shard_of(whole: list[range], shard: int, shards: int) -> list[range]:
    """The partitions of shard `shard` (1 … `shards`), every `shards`th one of all. Raises ConfigError."""
    parse_shard(f"{shard}/{shards}")
    return whole[shard - 1 :: shards]


def shard_images(store: Store, shard: int, shards: int) -> int:
    """How many images of a store are in a shard."""
    return sum(map(len, shard_of(partitions(len(store), store.chunk_images), shard, shards)))
