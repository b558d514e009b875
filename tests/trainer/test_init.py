import subprocess
import sys

import lsl_trainer


def test_every_public_name_is_there_and_documented():
    assert lsl_trainer.__all__ == sorted(lsl_trainer.__all__)
    for name in lsl_trainer.__all__:
        assert getattr(lsl_trainer, name) is not None


def test_importing_the_package_does_not_wait_for_torch():
    program = "import sys, lsl_trainer, lsl_trainer.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
