"""What is to be annotated, by which model and to where, and what of it is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from lsl_runtime.ages import are_outdated, timetables
from lsl_runtime.annotation.labels_digest import labels_digest
from lsl_runtime.annotation.lock import lock_path
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import PartFiles, part_keys
from lsl_runtime.annotation.run_record import RunRecord
from lsl_runtime.annotation.write_errors import told_plainly
from lsl_runtime.coarse_labels import constraint
from lsl_runtime.model.model import Model
from lsl_runtime.model.reduced_maps import check_reduction
from lsl_runtime.model.store_fit import check_image_size
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.partitions import partitions
from lsl_shared.files.repacked import check_same_images
from lsl_shared.files.store import Store
from lsl_shared.timetable import Timetable

__all__ = ["Plan", "plan_of", "planned", "target_of"]


@dataclass(frozen=True)
class Plan:
    """What is to be made of which store, by which model, and where."""

    store: Store
    model: Model
    target: Path
    """The annotations file."""
    record: RunRecord
    """What the parts belong to."""
    files: PartFiles
    partitions: list[range]
    """All of the store's."""
    timetables: Mapping[str, Timetable] = field(default_factory=dict)
    """Of each task that is to have ages."""
    asked_for_times: bool = False
    """Whether they were asked for, so that ages by other ones are told anew."""

    @property
    def outputs(self) -> Outputs:
        """What is made of each image beside the probabilities."""
        return self.record.outputs

    def is_finished(self, restart: bool) -> bool:
        """Whether the annotations asked for are there already; raises where other ones are in the way."""
        if not self.target.exists():
            return False
        with Annotations(self.target) as found:
            check_same_images(found, self.store, "move it away or choose --out")
            same = found.model_digest == self.model.digest
            if not same and not restart:
                there = f"was made by another model ({found.model})"
                raise AnnotationsError(self.target, f"{there}; add --restart, or choose --out")
            return same and not restart and self.outputs <= Outputs.held_by(found)

    def is_outdated(self) -> bool:
        """Whether finished annotations were joined with other labels than those of now, or lack ages by these times."""
        with Annotations(self.target) as found:
            if found.labels_digest == "":
                return False
            relabelled = found.labels_digest != labels_digest(self.store, self.model.manifest.tasks)
            return relabelled or are_outdated(found, self.timetables, self.asked_for_times)

    def has_leftovers(self) -> bool:
        """Whether a run was killed after the annotations were finished, before it had cleared up."""
        return lock_path(self.target).exists() or RunRecord.read(self.files.folder) == self.record

    def begin(self, restart: bool) -> None:
        """Makes the folder of parts, once the graph that is needed is known to run."""
        maps = self.outputs.saliency
        self.model.ready(saliency=maps is not None, method=maps.method if maps else "gradient")
        self.record.begin(self.files.folder, restart)

    def missing(self, asked: Sequence[range], on_progress: Callable[[int], None] = lambda count: None) -> list[range]:
        """Those of the partitions `asked` that lack a valid part; `on_progress` hears of the images in the others."""
        lacking = [partition for partition in asked if not self.files.is_valid(partition)]
        if there := sum(map(len, asked)) - sum(map(len, lacking)):
            on_progress(there)
        return lacking

    def clear(self) -> None:
        """Removes the parts of this run, those of a run with other outputs excepted."""
        found = RunRecord.read(self.files.folder)
        if found == self.record:
            self.files.remove()
        elif found is None:  # killed between the last file's removal and the folder's
            with suppress(OSError):
                self.files.folder.rmdir()


def target_of(store: str | Path, out: str | Path | None) -> Path:
    """Where the annotations go: `out`, else beside the store."""
    return Path(out) if out is not None else annotations_path(store)


@contextmanager
def planned(
    store: Store, model: Model, out: str | Path | None, outputs: Outputs, timetable: str | Path | None = None
) -> Iterator[Plan]:
    """The plan of a run; what goes wrong in writing is told plainly."""
    with told_plainly(target_of(store.path, out)):
        yield plan_of(store, model, out, outputs, timetable)


def plan_of(
    store: Store, model: Model, out: str | Path | None, outputs: Outputs, timetable: str | Path | None = None
) -> Plan:
    """The plan of a run, ages by the table `timetable` or the usual one.

    Raises ImageError for images of another size, ConfigError for maps that cannot be reduced so, AnnotationsError where
    `out` is the store."""
    check_image_size(store, model)
    if outputs.saliency:
        check_reduction(outputs.saliency.reduced, model.manifest.image_size)
    if outputs.constrain:
        outputs = replace(outputs, constrain=constraint(outputs.constrain, model.manifest, store))
    target = target_of(store.path, out)
    if target.exists() and target.samefile(store.path):
        raise AnnotationsError(target, "is the image store itself; choose another --out")
    record = RunRecord(str(store.path), store.fingerprint(), str(model.path), model.digest, outputs)
    keys = part_keys(record.store_fingerprint, record.model_digest, outputs, model.manifest.precision)
    files = PartFiles(target, keys, store.chunk_images)
    times = timetables(model.manifest.tasks, timetable)
    asked = timetable is not None
    return Plan(store, model, target, record, files, partitions(len(store), store.chunk_images), times, asked)
