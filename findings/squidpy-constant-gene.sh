#!/usr/bin/env bash
# squidpy 1.8.0 (anndata 0.12.19, statsmodels 0.15.0), seen 2026-11-28.
#
# A gene that is the same everywhere has no spatial autocorrelation: Moran's I and Geary's C of it are 0 / 0, and NaN is a
# fair answer. But `squidpy.gr.spatial_autocorr` hands that NaN to the correction for many tests together with the others,
# and then every gene's corrected p is NaN, those included whose own p is 0. Nothing is said, and a filter such as
# `pval_norm_fdr_bh < 0.05` keeps no gene at all. Expression atlases hold such genes as a rule: ubiquitous ones, and those
# without any stain at a stage.
# Cure: leave out genes without variance before the call; corrected p are then those of the others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check squidpy==1.8.0 anndata==0.12.19 statsmodels==0.15.0 \
  spatialdata==0.7.0 zarr==3.1.6
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import numpy as np

warnings.simplefilter("ignore")
import anndata  # noqa: E402
import squidpy  # noqa: E402

generator = np.random.default_rng(0)
places = np.stack(np.meshgrid(np.arange(12.0), np.arange(8.0)), -1).reshape(-1, 2)  # a grid, 12 × 8
gradient = places[:, 0] / 11 + generator.normal(0, 0.05, len(places))
noise = generator.random((len(places), 2))


def corrected(*genes):
    data = anndata.AnnData(np.column_stack(genes).astype(np.float32), obsm={"spatial": places})
    squidpy.gr.spatial_neighbors(data, coord_type="generic", n_neighs=6)
    found = squidpy.gr.spatial_autocorr(data, mode=mode, copy=True)
    return found.sort_index()[["pval_norm", "pval_norm_fdr_bh"]].to_numpy().T


for mode in ("moran", "geary"):
    own, adjusted = corrected(gradient, noise)
    print(f"{mode}, three genes:              p {own.round(3)}, corrected {adjusted.round(3)}")
    assert adjusted[0] < 1e-6 and np.isfinite(adjusted).all()
    own, adjusted = corrected(gradient, noise, np.ones(len(places)))
    print(f"{mode}, and a constant one added: p {own.round(3)}, corrected {adjusted.round(3)}")
    assert own[0] < 1e-6 and np.isnan(own[3]), "the constant gene has a p now"
    assert np.isnan(adjusted).all(), "the other genes keep their corrected p now"
PYTHON
echo "as described"
