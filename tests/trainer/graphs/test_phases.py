from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_trainer.graphs.phases import convolve, interleave, repeat, shuffle
from lsl_trainer.graphs.torch_internals import FakeTensorMode
from lsl_trainer.graphs.translations import TRANSLATIONS

STEPS_AND_SIZES = [((2, 2), (6, 8)), ((2, 2), (5, 7)), ((3, 1), (8, 4)), ((1, 2), (3, 7)), ((4, 4), (9, 13))]


def phases(steps: tuple[int, int], size: tuple[int, int], channels: int = 3) -> list[Tensor]:
    torch.manual_seed(0)
    height, width = (-(-side // step) for side, step in zip(size, steps, strict=True))
    return [torch.randn(2, channels, height, width) for _ in range(steps[0] * steps[1])]


def pixel_by_pixel(parts: list[Tensor | None], steps: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Row h, column w of the whole is row h // f, column w // g of phase (h % f, w % g)."""
    whole = torch.zeros(2, 3, *size)
    for h, w in product(range(size[0]), range(size[1])):
        part = parts[h % steps[0] * steps[1] + w % steps[1]]
        if part is not None:
            whole[:, :, h, w] = part[:, :, h // steps[0], w // steps[1]]
    return whole


def in_onnx(function: Callable[..., Tensor], *inputs: Tensor) -> np.ndarray:
    """What the exported function answers, exported with two images and asked with three."""

    class Calling(nn.Module):
        def forward(self, *given: Tensor) -> Tensor:
            return function(*given)

    program = torch.onnx.export(
        Calling().eval(),
        tuple(x[:2] for x in inputs),
        dynamic_shapes=(tuple({0: "batch"} for _ in inputs),),
        opset_version=20,
        custom_translation_table=TRANSLATIONS,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    answer: list[Any] = session.run(None, dict(zip(names, (x.numpy() for x in inputs), strict=True)))
    return answer[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("steps", "size"), STEPS_AND_SIZES)
@pytest.mark.parametrize("absent", [(), (0,)])
def test_interleaving(steps: tuple[int, int], size: tuple[int, int], absent: tuple[int, ...]) -> None:
    parts = [None if i in absent else part for i, part in enumerate(phases(steps, size))]
    assert torch.equal(interleave(parts, steps, size), pixel_by_pixel(parts, steps, size))


@pytest.mark.parametrize(("steps", "size"), STEPS_AND_SIZES)
def test_shuffling_has_the_channels_outside_the_phases(steps: tuple[int, int], size: tuple[int, int]) -> None:
    parts = phases(steps, size)
    together = torch.stack(parts, 2).flatten(1, 2)
    assert torch.equal(shuffle(together, steps, size), pixel_by_pixel([*parts], steps, size))


@pytest.mark.parametrize(("steps", "size"), STEPS_AND_SIZES)
def test_repeating_makes_blocks_and_zeros_beyond_them(steps: tuple[int, int], size: tuple[int, int]) -> None:
    height, width = (side // step for side, step in zip(size, steps, strict=True))
    x = torch.randn(2, 3, height, width)
    whole = repeat(x, steps, size)
    for h, w in product(range(size[0]), range(size[1])):
        inside = h // steps[0] < height and w // steps[1] < width
        expected = x[:, :, h // steps[0], w // steps[1]] if inside else torch.zeros(2, 3)
        assert torch.equal(whole[:, :, h, w], expected)


def test_convolution_with_its_own_zeros_on_each_side() -> None:
    x, weight = torch.randn(2, 4, 9, 11), torch.randn(6, 2, 3, 2)
    expected = F.conv2d(F.pad(x, (2, 3, 1, 0)), weight, None, (2, 1), 0, (1, 2), 2)
    assert torch.equal(convolve(x, weight, [1, 2, 0, 3], [2, 1], [1, 2], 2), expected)


def test_shapes_are_known_without_computing() -> None:
    x, weight = torch.randn(2, 12, 9, 11), torch.randn(6, 12, 3, 2)
    calls: list[Callable[[Tensor, Tensor], Tensor]] = [
        lambda x, w: convolve(x, w, [1, 2, 0, 3], [2, 1], [1, 2], 1),
        lambda x, w: interleave([None, x], [2, 1], [17, 11]),
        lambda x, w: shuffle(x, [2, 2], [17, 22]),
        lambda x, w: repeat(x, [2, 3], [19, 34]),
    ]
    mode = FakeTensorMode()
    for call in calls:
        with mode:
            fake = call(mode.from_tensor(x), mode.from_tensor(weight))
        assert fake.shape == call(x, weight).shape


@pytest.mark.filterwarnings("ignore")
def test_all_of_it_in_onnx() -> None:
    """One export: every operator at every size, the answers flattened, side by side."""
    torch.manual_seed(0)
    images, weight = torch.randn(3, 64, 9, 13), torch.randn(5, 64, 2, 3)

    def answers(images: Tensor, steps: tuple[int, int], size: tuple[int, int]) -> list[Tensor]:
        count = steps[0] * steps[1]
        below = [side // step for side, step in zip(size, steps, strict=True)]
        above = [-(-side // step) for side, step in zip(size, steps, strict=True)]
        x = images[:, : 4 * count, : above[0], : above[1]]
        parts: list[Tensor | None] = list(x.split(4, 1))
        return [
            convolve(x, weight[:, : 4 * count], [1, 0, 2, 1], [1, 2], [2, 1], 1),
            interleave(parts, steps, size),
            interleave([parts[0], *[None] * (count - 1)], steps, size),
            shuffle(x, steps, size),
            repeat(x[:, :, : below[0], : below[1]], steps, size),
        ]

    def everything(images: Tensor) -> Tensor:
        found = [answer for sizes in STEPS_AND_SIZES for answer in answers(images, *sizes)]
        return torch.cat([answer.flatten(1) for answer in found], 1)

    np.testing.assert_allclose(in_onnx(everything, images), everything(images).numpy(), rtol=1e-4, atol=1e-4)
