#!/usr/bin/env bash
# transformers 5.23.0, torch 2.13.0 (seen 2026-11-28): PixioBackbone on the folder of a PixioModel.
#
# A PixioModel ends with a normalization. PixioBackbone holds a whole model, and beside it a normalization of its own, which the
# features go through. The folder's normalization lands in the inner model, where it does not reach the features; the outer
# one starts anew, with scale 1 and shift 0. Loading succeeds, with a "load report" in the log. So the features are not those that the model itself gives. DINOv2's backbone, built alike, takes
# the folder's normalization, and its features are the model's own.
# Cure: copy `backbone.pixio.layernorm` to `backbone.layernorm` after loading.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.23.0 numpy==2.3.5
cat > "$work/compare.py" <<'PYTHON'
import sys

import torch
import transformers
from transformers import Dinov2Backbone, Dinov2Config, Dinov2Model, PixioBackbone, PixioConfig, PixioModel

transformers.logging.set_verbosity_error()
torch.manual_seed(0)
images = torch.randn(1, 3, 32, 32)


def patches(model, tokens):
    """The last tokens of the model as a map (32, 4, 4)."""
    return tokens[0, -16:].T.reshape(-1, 4, 4)


def off(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


for name, config_of, model_of, backbone_of in (
    ("DINOv2", Dinov2Config, Dinov2Model, Dinov2Backbone),
    ("Pixio", PixioConfig, PixioModel, PixioBackbone),
):
    config = config_of(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)
    model = model_of(config).eval()
    torch.nn.init.normal_(model.layernorm.weight), torch.nn.init.normal_(model.layernorm.bias)
    model.save_pretrained(f"{sys.argv[1]}/{name}")
    backbone = backbone_of.from_pretrained(f"{sys.argv[1]}/{name}").eval()
    with torch.no_grad():
        own = patches(model, model(images).last_hidden_state)
        print(f"{name}: backbone differs from its model by {off(backbone(images).feature_maps[-1][0], own):.4f} of the largest feature")
        if name == "Pixio":
            backbone.layernorm.load_state_dict(backbone.pixio.layernorm.state_dict())
            print(f"Pixio, copied: by {off(backbone(images).feature_maps[-1][0], own):.4f}")
PYTHON
"$work/venv/bin/python" "$work/compare.py" "$work" 2> "$work/log" | tee "$work/told.txt" || { cat "$work/log"; exit 1; }
grep -q "^DINOv2: backbone differs from its model by 0.0000" "$work/told.txt"
grep -q "^Pixio, copied: by 0.0000" "$work/told.txt"
if grep -q "^Pixio: backbone differs from its model by 0.0000" "$work/told.txt"; then exit 1; fi
echo "as described"
