"""Every family of encoders from its folder to a finished model: small, of the real classes, with random weights.

    python tools/bench/families.py WORK [--families dinov2,swin] [--sizes 128x320,224x224,125x301] [--images 24]

For each family and size: a folder as its library writes it; `lsl-train --method linear`, which chooses the kind of
features; the export, held against the network (which raises where they differ); annotations with saliency and features;
contributions. At the first size `lsl-store page` and `lsl-store package` as well, where their libraries are here. Lines
of results are appended to WORK/families.jsonl, and what is there is not done again; the end is a table in Markdown.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import cv2
import h5py
import numpy as np
import typer

from lsl_runtime import Model, annotate
from lsl_shared import Store, StoreWriter
from lsl_shared.errors import LslError
from lsl_shared.fly import stage_range_space, stage_space
from lsl_tools.demo.dataset import demo_images
from lsl_trainer.networks.hugging_face import hugging_face_trunk

SIZES = "128x320,224x224,125x301"  # the last fits no patch
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
PATCHES: dict[str, Any] = {**SMALL, "intermediate_size": 64, "image_size": 64, "patch_size": 16}
FOUR: dict[str, Any] = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 16, 32]}
WINDOWS: dict[str, Any] = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 4}
STATISTICS = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "size": {"shortest_edge": 224}}

Maker = Callable[[Any], Any]
FAMILIES: dict[str, Maker] = {
    "dinov2": lambda t: t.Dinov2Backbone(t.Dinov2Config(**{**PATCHES, "patch_size": 14, "image_size": 56})),
    "dinov2_with_registers": lambda t: t.Dinov2WithRegistersBackbone(
        t.Dinov2WithRegistersConfig(**{**PATCHES, "patch_size": 14, "image_size": 56}, num_register_tokens=4)
    ),
    "dinov3_vit": lambda t: t.DINOv3ViTBackbone(t.DINOv3ViTConfig(**PATCHES, num_register_tokens=4)),
    "beit": lambda t: t.BeitBackbone(t.BeitConfig(**PATCHES, use_relative_position_bias=True)),
    "pixio": lambda t: t.PixioBackbone(t.PixioConfig(**PATCHES, n_cls_tokens=4)),
    "vitdet": lambda t: t.VitDetBackbone(t.VitDetConfig(**SMALL, image_size=64, pretrain_image_size=64, patch_size=16)),
    "tipsv2": lambda t: t.AutoBackbone.from_config(t.Tipsv2VisionConfig(**PATCHES)),
    "swin": lambda t: t.SwinBackbone(t.SwinConfig(**WINDOWS, image_size=64)),
    "swinv2": lambda t: t.Swinv2Backbone(t.Swinv2Config(**WINDOWS, image_size=64)),
    "pvt_v2": lambda t: t.PvtV2Backbone(
        t.PvtV2Config(depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 32], num_attention_heads=[1, 1, 2, 2])
    ),
    "convnext": lambda t: t.ConvNextBackbone(t.ConvNextConfig(**FOUR)),
    "convnextv2": lambda t: t.ConvNextV2Backbone(t.ConvNextV2Config(**FOUR)),
    "dinov3_convnext": lambda t: t.DINOv3ConvNextModel(t.DINOv3ConvNextConfig(**FOUR)),
    "resnet": lambda t: t.ResNetBackbone(
        t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], layer_type="basic")
    ),
    "hgnet_v2": lambda t: t.HGNetV2Backbone(
        t.HGNetV2Config(
            stem_channels=[3, 8, 8], stage_in_channels=[8, 16, 16, 16], stage_mid_channels=[8, 8, 8, 8],
            stage_out_channels=[16, 16, 16, 32], stage_num_blocks=[1, 1, 1, 1], hidden_sizes=[16, 16, 16, 32],
            stage_numb_of_layers=[2, 2, 2, 2],
        )
    ),
    "textnet": lambda t: t.TextNetBackbone(
        t.TextNetConfig(
            stem_out_channels=8, hidden_sizes=[8, 8, 16, 16, 32],
            conv_layer_kernel_sizes=[[[3, 3]], [[3, 3]], [[3, 1]], [[1, 3]]],
            conv_layer_strides=[[2], [2], [2], [2]],
        )
    ),
    "vit": lambda t: t.ViTModel(t.ViTConfig(**PATCHES)),
    "vit_mae": lambda t: t.ViTMAEModel(t.ViTMAEConfig(**PATCHES)),
    "clip": lambda t: t.CLIPVisionModel(t.CLIPVisionConfig(**PATCHES)),
    "siglip": lambda t: t.SiglipVisionModel(t.SiglipVisionConfig(**PATCHES)),
}  # fmt: skip
OPEN_CLIP = "bioclip (open_clip)"


def folder_of(family: str, work: Path) -> Path:
    """A folder of the family with random weights."""
    path = work / "folders" / family.partition(" ")[0]
    if path.exists():
        return path
    import torch

    transformers: Any = import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    if family == OPEN_CLIP:
        _write_open_clip(path)
        return path
    model = FAMILIES[family](transformers)
    with torch.no_grad():  # so that tokens, positions and biases that begin at 0 count
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.1)
    if any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules()):
        _with_statistics(model)
    model.save_pretrained(path)
    (path / "preprocessor_config.json").write_text(json.dumps(STATISTICS))
    (path / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return path


def _with_statistics(model: Any) -> None:
    """Lets batch normalizations know the statistics of embryos, as after a training: else answers are of no scale."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean of what is seen
    light = torch.from_numpy(np.stack([one.image for one in demo_images(16, seed=3)])).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(STATISTICS[name]).view(3, 1, 1) for name in ("image_mean", "image_std"))
    with torch.no_grad():
        model.train()((light - mean) / std)
    model.eval()


def _write_open_clip(path: Path) -> None:
    """A plain tower under open_clip's names."""
    import torch
    from safetensors.torch import save_file

    width, layers, patch, side = 64, 2, 16, 64
    vision = {"image_size": side, "layers": layers, "width": width, "head_width": 32, "patch_size": patch}
    shapes: dict[str, tuple[int, ...]] = {
        "class_embedding": (width,), "positional_embedding": ((side // patch) ** 2 + 1, width), "proj": (width, 8),
        "conv1.weight": (width, 3, patch, patch),
    }  # fmt: skip
    norms = ["ln_pre", "ln_post", *(f"transformer.resblocks.{n}.ln_{k}" for n in range(layers) for k in (1, 2))]
    for layer in range(layers):
        block = f"transformer.resblocks.{layer}"
        shapes |= {f"{block}.attn.in_proj_weight": (3 * width, width), f"{block}.attn.in_proj_bias": (3 * width,)}
        for name, (out, inner) in {"attn.out_proj": (width, width), "mlp.c_fc": (4 * width, width),
                                   "mlp.c_proj": (width, 4 * width)}.items():  # fmt: skip
            shapes |= {f"{block}.{name}.weight": (out, inner), f"{block}.{name}.bias": (out,)}
    state = {f"visual.{name}": 0.1 * torch.randn(shape) for name, shape in shapes.items()}
    for norm in norms:
        state |= {f"visual.{norm}.weight": torch.ones(width), f"visual.{norm}.bias": torch.zeros(width)}
    path.mkdir(parents=True)
    save_file(state, path / "open_clip_model.safetensors")
    told = {"mean": STATISTICS["image_mean"], "std": STATISTICS["image_std"]}
    (path / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": {"vision_cfg": vision}, "preprocess_cfg": told})
    )


def store_of(size: tuple[int, int], images: int, work: Path) -> Path:
    """A demo store brought to a size, all fine labels known."""
    path = work / f"store-{size[0]}x{size[1]}-{images}.h5"
    if not path.exists():
        drawn = list(demo_images(images, seed=5, fine_fraction=1.0))
        with StoreWriter(path, *size) as writer:
            for number, one in enumerate(drawn):
                shown = np.asarray(cv2.resize(one.image, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
                writer.append(shown, id=f"i{number}", gene=f"g{number // 2}")
            writer.add_task(stage_range_space(), [one.stage_range_label for one in drawn])
            writer.add_task(stage_space(), [one.fine_label for one in drawn])
    return path


def tried(family: str, size: tuple[int, int], images: int, work: Path, *, all_outputs: bool) -> dict[str, Any]:
    """One family at one size, through everything; a refusal is told in the entry `problem`."""
    started, cpu = time.monotonic(), time.process_time()
    out = work / "runs" / f"{family.partition(' ')[0]}-{size[0]}x{size[1]}"
    shutil.rmtree(out, ignore_errors=True)
    found: dict[str, Any] = {"family": family, "size": f"{size[0]}×{size[1]}"}
    try:
        found |= _model(folder_of(family, work), store_of(size, images, work), out)
        if all_outputs:
            found |= _outputs(out / "run" / "model", out)
    except LslError as problem:
        found["problem"] = str(problem)
    return found | {"seconds": round(time.monotonic() - started), "cpu": round(time.process_time() - cpu)}


def _model(folder: Path, store: Path, out: Path) -> dict[str, Any]:
    from lsl_trainer import PRESETS, train

    config = PRESETS["tiny"].having(method="linear", backbone=f"hf:{folder}")
    run = train(store, config, out / "run")
    model = Model.load(run.path / "model", device="cpu", verify=True)
    network, parity = model.manifest.network, run.metrics["parity"]
    annotate(store, model, saliency=True, features=True, out=out / "annotations.h5")
    with h5py.File(out / "annotations.h5") as made, Store(store) as opened:
        maps, status, images = made["saliency"][:], made["status"][:], opened.read(0, 4)
    exact = model.saliency(images)
    why = model.contributions(images)
    return {
        "kind": network["feature_kind"], "kinds": kinds_of(folder, images.shape[1:3]),
        "licence": network["weights"]["license"], "annotated": int((status == 1).sum()), "images": len(status),
        "stored_maps": int((maps.max((1, 2)) > 0).sum()),
        "saliency_error": parity["saliency"]["graph_median"], "torch_error": parity["saliency"]["torch_median"],
        "contributions_error": (parity.get("contributions") or {}).get("graph_median"),
        "reached": float((exact > 0).any(0).mean()), "last_row": float((exact[:, -1] > 0).any(0).mean()),
        "last_column": float((exact[:, :, -1] > 0).any(0).mean()), "contributions": bool(np.isfinite(why).all()),
        "graph_mb": round((run.path / "model" / "saliency.onnx").stat().st_size / 1e6, 2),
    }  # fmt: skip


def kinds_of(folder: Path, size: tuple[int, int]) -> list[str]:
    """The kinds of features that there are."""
    import torch

    trunk = hugging_face_trunk(str(folder), allow_download=False).eval()
    with torch.no_grad():
        return list(trunk.outputs(torch.zeros(1, 3, *size))[-1].kinds)


def _outputs(bundle: Path, out: Path) -> dict[str, Any]:
    """Page and package; why not, where there is none."""
    from lsl_tools.model_page.library import find_library
    from lsl_tools.model_page.write import write_page
    from lsl_tools.packaging.package import package_model

    found: dict[str, Any] = {}
    try:
        page = write_page(bundle, out / "page.html", find_library())
        found["page"] = f"{page.bytes / 1e6:.1f} MB{', tried' if page.tried else ''}"
    except LslError as problem:
        found["page"] = f"refused: {problem}"
    try:
        found["package"] = f"{package_model(bundle, out / 'model.zip').stat().st_size / 1e6:.1f} MB, passed"
    except LslError as problem:
        found["package"] = f"refused: {problem}"
    return found


def table(lines: list[dict[str, Any]]) -> Iterator[str]:
    """In Markdown, a line a family: the worst of its sizes."""
    yield "| family | features there are | sizes | maps against float64, median (PyTorch's own) | page | package |"
    yield "|---|---|---|---|---|---|"
    for family in dict.fromkeys(one["family"] for one in lines):
        mine = [one for one in lines if one["family"] == family]
        good = [one for one in mine if "problem" not in one]
        sizes = ", ".join(f"{one['size']}{'' if one in good else ' failed'}" for one in mine)
        worst = max(good, key=lambda one: one["saliency_error"], default=None)
        told = f"{worst['saliency_error']:.1e} ({worst['torch_error']:.1e})" if worst else "–"
        first = next((one for one in good if "page" in one), {})
        kinds = ", ".join(good[0]["kinds"]) if good else "–"
        yield f"| {family} | {kinds} | {sizes} | {told} | {first.get('page', '–')} | {first.get('package', '–')} |"


def main(
    work: Path,
    families: str = "",
    sizes: str = SIZES,
    images: Annotated[int, typer.Option(min=8)] = 24,
    bare: Annotated[bool, typer.Option("--bare", help="Without page and package.")] = False,
) -> None:
    """Tries families at sizes; lines already in WORK/families.jsonl are not tried again."""
    import torch

    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    results = work / "families.jsonl"
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(one["family"], one["size"]) for one in lines}
    chosen = families.split(",") if families else [*FAMILIES, OPEN_CLIP]
    wanted = [tuple(int(side) for side in size.split("x")) for size in sizes.split(",")]
    for place, (height, width) in enumerate(wanted):
        for family in chosen:
            if (family, f"{height}×{width}") not in done:
                lines.append(tried(family, (height, width), images, work, all_outputs=place == 0 and not bare))
                with results.open("a") as stream:
                    stream.write(json.dumps(lines[-1], ensure_ascii=False) + "\n")
                typer.echo(json.dumps(lines[-1], ensure_ascii=False))
    typer.echo("\n".join(table(lines)))


if __name__ == "__main__":
    typer.run(main)
