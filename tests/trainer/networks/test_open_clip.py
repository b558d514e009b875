"""A tower that open_clip wrote against its own formula, in torch's modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.hugging_face import hugging_face_trunk

pytest.importorskip("transformers", reason="the extra `transfer` is not installed")

WIDTH, LAYERS, PATCH, SIDE = 64, 2, 8, 16
TOLD: dict[str, Any] = {
    "model_cfg": {
        "vision_cfg": {"image_size": SIDE, "layers": LAYERS, "width": WIDTH, "head_width": 32, "patch_size": 8}
    },
    "preprocess_cfg": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]},
}


class Block(nn.Module):
    """A residual attention block as open_clip names its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(WIDTH, 4 * WIDTH), "c_proj": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))  # type: ignore[no-any-return]


class Visual(nn.Module):
    """The image tower as open_clip names its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(WIDTH))
        self.positional_embedding = nn.Parameter(torch.randn((SIDE // PATCH) ** 2 + 1, WIDTH))
        self.proj = nn.Parameter(torch.randn(WIDTH, 8))
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.ln_pre, self.ln_post = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.transformer = nn.ModuleDict({"resblocks": nn.Sequential(*(Block() for _ in range(LAYERS)))})

    def tokens(self, images: Tensor) -> Tensor:
        """After the last block, (B, 1 + patches, C)."""
        x = self.conv1(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1) + self.positional_embedding
        found: Tensor = self.transformer["resblocks"](self.ln_pre(x))
        return found


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Visual, Path]:
    torch.manual_seed(0)
    visual = Visual().eval()
    state = {f"visual.{name}": value for name, value in visual.state_dict().items()}
    save_file({**state, "logit_scale": torch.ones(())}, tmp_path / "open_clip_model.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps(TOLD))
    return visual, tmp_path


def test_it_gives_the_tokens_of_the_formula(folder: tuple[Visual, Path]) -> None:
    visual, path = folder
    trunk = hugging_face_trunk(str(path), allow_download=False).eval()
    assert (trunk.told.mean, trunk.told.std) == ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    images = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        wanted = visual.tokens(images)[:, 1:].transpose(1, 2)
        torch.testing.assert_close(trunk.maps(images)[-1].flatten(2), wanted, rtol=1e-4, atol=1e-4)
        assert trunk.maps(torch.randn(1, 3, 20, 45))[-1].shape == (1, WIDTH, 3, 6)


def test_what_is_no_such_tower_is_told(folder: tuple[Visual, Path]) -> None:
    _, path = folder
    told = path / "open_clip_config.json"
    for config, message in (
        ({}, "expected model_cfg with vision_cfg, and preprocess_cfg"),
        ({**TOLD, "model_cfg": {"vision_cfg": {"timm_model_name": "convnext"}}}, "no plain vision transformer"),
        ({**TOLD, "model_cfg": {"vision_cfg": {**TOLD["model_cfg"]["vision_cfg"], "layers": 3}}}, "of the shape in"),
    ):
        told.write_text(json.dumps(config))
        with pytest.raises(ConfigError, match=message):
            hugging_face_trunk(str(path), allow_download=False)
    told.write_text(json.dumps(TOLD))
    (path / "open_clip_model.safetensors").rename(path / "open_clip_pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"a pickle .* is not read"):
        hugging_face_trunk(str(path), allow_download=False)
