from __future__ import annotations

import subprocess
import sys

import lsl_trainer


def test_every_public_name_is_there_and_documented() -> None:
    names: list[str] = vars(lsl_trainer)["__all__"]
    assert names == sorted(names)
    for name in names:
        assert getattr(lsl_trainer, name) is not None


def test_importing_the_package_does_not_wait_for_torch() -> None:
    program = "import sys, lsl_trainer, lsl_trainer.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
