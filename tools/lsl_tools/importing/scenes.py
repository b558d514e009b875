"""Files of microscopes that hold several scenes: each becomes a sample of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lsl_shared.errors import ImageError
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.microscopes.read import scenes_of
from lsl_tools.microscopes.scene_path import file_and_scene, with_scene

__all__ = ["one_sample", "with_scenes"]


def one_sample(path: Path) -> Sample:
    """A file or folder that is a photograph by itself, or one scene of a file."""
    file, scene = file_and_scene(path)
    name = with_scene(file.name, scene)
    return Sample(path, name, name, name)


def with_scenes(listing: Listing) -> Listing:
    """The listing with a sample for each scene: its id, source and path are those of the file and the scene's name."""
    samples = tuple(scene for sample in listing.samples for scene in _scenes(sample))
    return replace(listing, samples=samples)


def _scenes(sample: Sample) -> Iterator[Sample]:
    try:
        names = scenes_of(sample.path)
    except (OSError, ImageError):  # told when its pixels are read
        names = ("",)
    if names == ("",):
        yield sample
        return
    below = sample.path.is_dir()
    for name in names:
        yield replace(
            sample,
            path=sample.path / name if below else Path(with_scene(str(sample.path), name)),
            source=f"{sample.source}/{name}" if below else with_scene(sample.source, name),
            id=f"{sample.id}/{name}" if below else with_scene(sample.id, name),
        )
