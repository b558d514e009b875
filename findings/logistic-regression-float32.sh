#!/usr/bin/env bash
# scikit-learn 1.9.1 (NumPy 2.4.6, SciPy 1.17.1), seen 2026-11-27 on x86-64 with AVX-512, and with OpenBLAS held to Haswell and Nehalem.
#
# A linear probe on few images with long feature vectors wants a strong penalty. LogisticRegression keeps float32 features in
# float32, and its lbfgs solver then ends after 3 to 8 iterations where float64 takes 11 to 13. It says that it has
# converged: no ConvergenceWarning. The probabilities are off by ten times as much as those of the same data in float64
# (60 samples of 576 features, 4 classes, C = 1e-4: 1.5e-4 to 6.6e-4 against 1e-5 to 4e-5). How many iterations it takes
# depends on the kernel of the processor, so two machines give different answers, each without a word. At C = 1e-3 the two
# types agree. A test that judges another implementation by float32 scikit-learn may fail on one machine alone.
# Cure: hand over float64.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error")  # a ConvergenceWarning would end the script here


def fitted(x, y, **settings):
    model = LogisticRegression(C=1e-4, max_iter=300, **settings).fit(x, y)
    return model.predict_proba(x), int(model.n_iter_[0])


ratios, iterations = [], {"float64": [], "float32": []}
for seed in range(12):
    generator = np.random.default_rng(seed)
    labels = np.arange(60) % 4
    features = generator.normal(size=(60, 576)) + 0.8 * generator.normal(size=(4, 576))[labels]
    features = (features - features.mean(0)) / features.std(0)
    truth, _ = fitted(features, labels, tol=1e-10)
    errors = {}
    for kind in iterations:
        found, count = fitted(features.astype(kind), labels)
        errors[kind] = np.abs(found - truth).max()
        iterations[kind].append(count)
    ratios.append(errors["float32"] / errors["float64"])
    print(f"seed {seed:2d}  float64 {errors['float64']:.1e}  float32 {errors['float32']:.1e}")
print("iterations:", {kind: (min(counts), max(counts)) for kind, counts in iterations.items()})
print(f"float32 is off by {np.median(ratios):.0f} times as much, in the median")
assert np.median(ratios) > 5, "float32 is as good as float64 now"
assert max(iterations["float32"]) < min(iterations["float64"]), "float32 takes as many iterations now"
PYTHON
echo "as described"
