"""What a run is about: run.json in its folder of parts, so that another store or model is noticed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lsl_runtime.annotation.outputs import Outputs
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.atomic import write_text

__all__ = ["RunRecord"]

_FILE = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """The store, the model and the outputs that the parts in a folder belong to."""

    store: str
    store_fingerprint: str
    model: str
    model_digest: str
    outputs: Outputs

    @classmethod
    def read(cls, folder: Path) -> RunRecord | None:
        """What the folder's parts belong to; None where nothing was begun, or its record cannot be read."""
        try:
            found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            return cls(**{**found, "outputs": Outputs.of_key(found["outputs"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def is_of(self, other: RunRecord) -> bool:
        """Whether both are about the same work, however its files are called."""
        return (self.store_fingerprint, self.model_digest, self.outputs) == (
            other.store_fingerprint, other.model_digest, other.outputs,
        )  # fmt: skip

    def begin(self, folder: Path, restart: bool) -> None:
        """Makes the folder and its record.

        Raises AnnotationsError where parts of another store are there, or of another model without `restart`.
        """
        found = self.read(folder)
        if found is not None and found.store_fingerprint != self.store_fingerprint:
            there = f"holds parts of another store than {self.store}, or it was replaced since they were made"
            raise AnnotationsError(folder, f"{there}; delete the folder, or choose --out")
        if found is not None and found.model_digest != self.model_digest and not restart:
            there = f"holds parts made by another model ({found.model})"
            raise AnnotationsError(folder, f"{there}; add --restart to begin anew, or choose --out")
        if found != self:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / _FILE, json.dumps({**asdict(self), "outputs": self.outputs.key}, indent=1))
