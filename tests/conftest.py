"""One thread per test process: torch's threads wait by spinning, and two processes on two cores starve each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
