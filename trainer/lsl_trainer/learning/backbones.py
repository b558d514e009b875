"""Where a transferred F comes from: weights of a package, a transformers model, or an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lsl_shared.errors import ConfigError
from lsl_shared.wording import command_line
from lsl_trainer.graphs.size import check_size
from lsl_trainer.networks.adapters import add_adapters
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.block_output import CELLS
from lsl_trainer.networks.enlarged import Enlarged
from lsl_trainer.networks.preprocessor import Preprocessor
from lsl_trainer.networks.residual import Network, block_maps, block_outputs, residual_network
from lsl_trainer.networks.resized import Resized
from lsl_trainer.networks.trunk import PooledTrunk, Trunk, parameter_blocks
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method
from lsl_trainer.settings.transfer import OWN, sides_of

__all__ = ["HUGGING_FACE", "Backbone", "block_network", "feature_network", "find_backbone", "transferred_network"]

EFFICIENTNET, HUGGING_FACE = "efficientnet-lite0", "hf:"
_EFFICIENTNET_SIZE = (224, 224)
_UNUSED_CLASSES = 2
_DEEP_ENOUGH = 15
"""The block of EfficientNet-lite0 after which little is gained (`lsl-train --layers all`)."""


@dataclass(frozen=True)
class Backbone:
    """An F with fresh weights, and the weights that another training gave it."""

    body: nn.Module
    """Normalized images (B, 3, H, W) → features (B, D)."""
    n_features: int
    weights: dict[str, Tensor]
    """The learnt state of `body`."""
    mean: Sequence[float]
    std: Sequence[float]
    """What it was trained to be normalized by, pixels in 0..1."""


def transferred_network(config: TrainConfig, image_size: tuple[int, int], n_classes: int) -> Network:
    """The network of `config.transfer.backbone` under a new head.

    The first `transfer_blocks` blocks (0: all) come from the source, the rest is fresh; with `freeze` those that come
    do not learn, with `adapters` additions to them do. Raises ConfigError: an unknown or missing source, images too
    small for it, too many blocks, nothing to adapt.
    """
    torch.manual_seed(config.seed)
    transfer = config.transfer
    source = find_backbone(config, image_size)
    blocks, count = _blocks_of(source.body, image_size)
    if transfer.transfer_blocks > count:
        raise ConfigError(
            f"--transfer-blocks: {transfer.backbone} has {count} blocks, received {transfer.transfer_blocks}"
        )
    taken = transfer.transfer_blocks or count
    source.body.load_state_dict(
        {name: value for name, value in source.weights.items() if blocks[name] < taken}, strict=False
    )
    for name, parameter in source.body.named_parameters():
        parameter.requires_grad_(not ((transfer.freeze or transfer.adapters) and blocks[name] < taken))
    network = Network(source.body, source.n_features, n_classes, source.mean, source.std)
    check_size(network)
    if transfer.adapters:
        blocks |= _adapted(source.body, config, [name for name, block in blocks.items() if block < taken], blocks)
    network.rate_scales = {f"body.{name}": transfer.layer_decay ** max(taken - n, 0) for name, n in blocks.items()}
    return network


def _adapted(body: nn.Module, config: TrainConfig, weights: Sequence[str], blocks: Mapping[str, int]) -> dict[str, int]:
    """Puts adapters at these weights; gives the block of each new parameter. ConfigError where none can be put."""
    added = add_adapters(body, config.transfer.adapters, weights)
    if not added:
        raise ConfigError(
            f"--adapters: {config.transfer.backbone} has no linear layer and no convolution over all channels to put "
            "them at; leave it out, and --layer-decay 0.9 changes the first blocks less than the last"
        )
    return {name: blocks[weight] for name, weight in added.items()}


def block_network(config: TrainConfig, image_size: tuple[int, int], n_classes: int) -> Network:
    """A network whose F is what some blocks of `config.transfer.backbone` give, and does not learn. ConfigError."""
    source = find_backbone(config, image_size)
    source.body.load_state_dict(source.weights)
    count = _blocks_of(source.body, image_size)[1]
    blocks = config.transfer.feature_blocks or (count,)
    if max(blocks) > count:
        raise ConfigError(f"--feature-block: {config.transfer.backbone} has {count} blocks, received {max(blocks)}")
    torch.manual_seed(config.seed)
    short, cells = _shortened(source.body, max(blocks), image_size), config.transfer.feature_cells
    body = BlockFeatures(short, block_outputs, blocks, image_size, cells, config.transfer.kind)
    network = Network(body, sum(body.sizes), n_classes, source.mean, source.std)
    check_size(network)
    return network


def feature_network(config: TrainConfig, image_size: tuple[int, int]) -> Network:
    """The network that features are computed by, and kept: one, whichever blocks of a backbone are asked for."""
    blocks = config.transfer.feature_blocks
    if config.transfer.backbone == EFFICIENTNET and blocks:
        config = config.having(feature_blocks=tuple(sorted({*blocks, _DEEP_ENOUGH})))
    return block_network(config, image_size, 1)


def _shortened(body: nn.Module, count: int, image_size: tuple[int, int]) -> nn.Module:
    """A body without what comes after its first `count` blocks, where that can be left out."""
    return PooledTrunk(body.trunk.shortened(count), image_size) if isinstance(body, PooledTrunk) else body


def find_backbone(config: TrainConfig, image_size: tuple[int, int]) -> Backbone:
    """The backbone that `config.transfer.backbone` names, for images of (H, W). Raises ConfigError."""
    transfer = config.transfer
    name = transfer.backbone
    # A linear classifier takes its features from the blocks itself.
    kind = CELLS if find_method(config.method).needs_backbone else transfer.kind
    shown = _Shown(image_size, transfer.enlarge, transfer.input_size, kind)
    if name == EFFICIENTNET:
        return _efficientnet(shown)
    if name.startswith(HUGGING_FACE):
        return _hugging_face(name.removeprefix(HUGGING_FACE), shown, transfer.allow_download)
    if transfer.enlarge > 1 or transfer.input_size != OWN:
        raise ConfigError(
            "--enlarge and --input-size go with --backbone efficientnet-lite0 or hf:…, not with an earlier run"
        )
    return _of_run(Path(name), image_size, transfer.feature_kind)


@dataclass(frozen=True)
class _Shown:
    """How images are shown to a trunk, and what is taken of it."""

    image_size: tuple[int, int]
    times: int
    size: str
    """As `--input-size` has it."""
    kind: str

    def to(self, trunk: Trunk, usual: tuple[int, int] | None) -> Trunk:
        """A trunk that sees images so; `usual` is the size that it learnt from."""
        if self.times > 1:
            return Enlarged(trunk, self.times)
        if self.size == OWN:
            return trunk
        if (size := sides_of(self.size) or usual) is None:
            raise ConfigError("--input-size model: nothing says of which size this network's images were; give HxW")
        return Resized(trunk, self.image_size, size)


def _efficientnet(shown: _Shown) -> Backbone:
    from lsl_trainer.networks.efficientnet import INPUT_MEAN, INPUT_STD, EfficientNetLite0, imagenet_weights

    weights = imagenet_weights()
    return _pooled(EfficientNetLite0(), weights, shown, Preprocessor(INPUT_MEAN, INPUT_STD, _EFFICIENTNET_SIZE))


def _hugging_face(name: str, shown: _Shown, allow_download: bool) -> Backbone:
    from lsl_trainer.networks.hugging_face import hugging_face_trunk

    learnt = hugging_face_trunk(name, allow_download=allow_download)
    return _pooled(learnt.untrained(), learnt.state_dict(), shown, learnt.told)


def _pooled(trunk: Trunk, weights: dict[str, Tensor], shown: _Shown, told: Preprocessor) -> Backbone:
    body = PooledTrunk(shown.to(trunk, told.size), shown.image_size, shown.kind)
    prefix = "trunk" if body.trunk is trunk else "trunk.trunk"
    named = {f"{prefix}.{name}": value for name, value in weights.items()}
    return Backbone(body, body.n_features, named, told.mean, told.std)


def _of_run(run: Path, image_size: tuple[int, int], kind: str) -> Backbone:
    """F of an earlier run, after its last step; of its own kind of features, unless another is asked for."""
    from lsl_trainer.settings.config_file import read_config

    settings_file = run / "config.toml"
    if not settings_file.is_file():
        raise ConfigError(
            f"--backbone {run}: neither {EFFICIENTNET}, nor hf:NAME or hf:FOLDER, nor the folder of a run "
            "(no config.toml there)"
        )
    settings = read_config(settings_file)
    if find_method(settings.method).fixed_filters:
        told = f"was trained by method {settings.method}, whose filters are fixed; take another run"
        raise ConfigError(f"--backbone {run}: {told}")
    if find_method(settings.method).needs_backbone:
        told = f"learnt a classifier alone, on the features of {settings.transfer.backbone}; name that"
        raise ConfigError(f"--backbone {run}: method {settings.method} {told}")
    state = _weights_of(run)
    if settings.transfer.backbone:
        settings = settings if kind == "auto" else settings.having(feature_kind=kind)
        inner = find_backbone(settings, image_size)
        body, n_features = inner.body, inner.n_features
    elif kind not in ("auto", CELLS):
        raise ConfigError(f"--feature-kind {kind}: the network of {run} has {CELLS} alone")
    else:
        network = residual_network(settings.network, image_size, _UNUSED_CLASSES)
        body, n_features = network.body, network.head.in_features
    weights = {name.removeprefix("body."): value for name, value in state.items() if name.startswith("body.")}
    if {name: value.shape for name, value in weights.items()} != {n: v.shape for n, v in body.state_dict().items()}:
        raise ConfigError(f"--backbone {run}: its weights are not of the network in its config.toml; train it again")
    mean, std = (state[name].flatten().tolist() for name in ("mean", "std"))
    return Backbone(body, n_features, weights, mean, std)


def _weights_of(run: Path) -> dict[str, Tensor]:
    """The weights after the last step that a run has finished."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = run / "checkpoints"
    finished = [path for path in folder.glob("*.safetensors") if path.name != "last.safetensors"]
    if not finished:
        resuming = command_line("lsl-train", "--resume", "--out", run)
        raise ConfigError(f"--backbone {run}: no step of this run is finished; `{resuming}` goes on with it")
    newest = max(finished, key=lambda path: path.stat().st_mtime_ns)
    try:
        return load_file(newest)
    except (OSError, SafetensorError) as problem:
        raise ConfigError(f"{newest}: cannot be read ({problem}); train that run again") from None


def _blocks_of(body: nn.Module, image_size: tuple[int, int]) -> tuple[dict[str, int], int]:
    """The block of each entry of the body's state, and the number of blocks."""
    body.eval()
    maps = block_maps(body, torch.zeros(1, 3, *image_size))
    return parameter_blocks(body, maps), len(maps)
