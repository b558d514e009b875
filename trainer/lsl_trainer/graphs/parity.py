"""Compares exported graphs with their network. A bundle is kept only if its graphs answer as the network does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from lsl_shared.errors import ExportError
from lsl_trainer.graphs.reference import Answers, Question, Reference, question_of

__all__ = ["Agreement", "Parity", "verify_graphs"]

Errors = dict[str, list[NDArray[np.floating]]]
"""Of each output, the relative errors (N,) of each run."""
_FACTOR, _FLOOR = 2.0, 1e-6
_NUDGES = 3


@dataclass(frozen=True)
class Agreement:
    """Relative L2 error per image against float64 autograd: median and 90th percentile over the images."""

    graph_median: float
    graph_p90: float
    torch_median: float
    """Of the same network in float32 PyTorch: what rounding alone does."""
    torch_p90: float


@dataclass(frozen=True)
class Parity:
    """What `verify_graphs` measured: the worst of all graphs and several batch sizes."""

    images: int
    batch_sizes: tuple[int, ...]
    logits: Agreement
    features: Agreement
    saliency: Agreement
    contributions: Agreement | None = None
    """None where no such graph was given."""


def verify_graphs(
    network: nn.Module,
    classifier_path: str | Path,
    saliency_path: str | Path,
    images: NDArray[np.uint8],
    batch_sizes: Sequence[int] = (1, 4),
    contributions_path: str | Path | None = None,
) -> Parity:
    """Runs the graphs on `images`, uint8 (N, H, W, 3), at each batch size, and compares them with `network`.

    The median and the 90th percentile of the relative L2 error may be twice those of float32 PyTorch, or 1e-6. With
    fewer than 16 images, the percentiles mean little.

    That one answer of PyTorch may be lucky: at the kink of a ReLU rounding decides, and where features are what is
    left after a mean is taken off, an order of summation shows. A correct float32 program answers as the network does
    whose numbers are off by their rounding. So if a limit fails, PyTorch answers three more times, each pixel and each
    weight one unit in the last place higher or lower, at random (if all moved one way, a white ground would stay
    even). The limits are taken anew from its worst answer to each image.

    An ExportError says what differs, and by how much.
    """
    n_first, answers = _of_classifier(classifier_path, images, batch_sizes)
    logits = answers[int(np.argmax(batch_sizes))]["logits"][:, :n_first]
    question = question_of(images, logits) if contributions_path is not None else None
    reference = Reference(network, images, logits.argmax(1), n_first, question)
    answers += _of_gradients(saliency_path, reference, batch_sizes)
    if contributions_path is not None:
        answers += _of_gradients(contributions_path, reference, batch_sizes, question)
    exact = reference.answers(torch.float64)
    graph = _errors(answers, exact)
    usual = _errors([reference.answers(torch.float32)], exact)
    if _excess(graph, usual):
        nudged = _errors([reference.answers(torch.float32, seed) for seed in range(_NUDGES)], exact)
        excess = _excess(graph, {name: [np.max([*usual[name], *nudged[name]], axis=0)] for name in usual})
        if excess:
            raise ExportError(f"the exported graphs differ from the network: {'; '.join(excess)}")
    return Parity(len(images), tuple(batch_sizes), **{name: _agreement(graph[name], usual[name]) for name in graph})


def _session(path: str | Path) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as problem:  # ONNX Runtime's exceptions share no other base
        raise ExportError(f"{path}: ONNX Runtime cannot load the exported graph: {problem}") from problem


def _first_task_classes(session: onnxruntime.InferenceSession) -> int:
    return int(next(output.shape[1] for output in session.get_outputs() if output.name == "logits"))


def _of_classifier(
    path: str | Path, images: NDArray[np.uint8], batch_sizes: Sequence[int]
) -> tuple[int, list[Answers]]:
    """How many classes the first task has, and the answers at each batch size."""
    session = _session(path)
    return _first_task_classes(session), [_run(session, images, size) for size in batch_sizes]


def _of_gradients(
    path: str | Path, reference: Reference, batch_sizes: Sequence[int], question: Question | None = None
) -> list[Answers]:
    """The saliency graph at each batch size; with a question, that of the contributions.

    The first size asks for the predicted classes, the others name them. The graph is held no longer than it takes: a
    large encoder's weights lie in each.
    """
    session, images, feed = _session(path), reference.images, dict[str, NDArray[Any]]()
    if question is not None:
        images = images.astype(np.float32)
        feed = {"direction": question.direction, "against_index": question.against}
    named = reference.index
    indices = [np.full_like(named, -1), *[named] * (len(batch_sizes) - 1)]
    return [
        _run(session, images, size, class_index=index, **feed) for size, index in zip(batch_sizes, indices, strict=True)
    ]


def _run(
    session: onnxruntime.InferenceSession, images: NDArray[Any], batch_size: int, **further: NDArray[Any]
) -> Answers:
    """Logits of all tasks, and features, saliency and contributions if the graph has them. `further` are its inputs."""
    names, feed = [output.name for output in session.get_outputs()], {"image": images, **further}
    parts = []
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        parts.append(session.run(names, {name: values[batch] for name, values in feed.items()}))
    whole = {name: np.concatenate(part) for name, part in zip(names, zip(*parts, strict=True), strict=True)}
    logits = [whole[name] for name in names if name.startswith("logits")]
    return {name: whole[name] for name in ("features", "saliency", "contributions") if name in whole} | {
        "logits": np.concatenate(logits, 1)
    }


def _errors(answers: Iterable[Answers], exact: Answers) -> Errors:
    errors: Errors = {name: [] for name in exact}
    for answer in answers:
        for name, value in answer.items():
            errors[name].append(_relative(value, exact[name]))
    return errors


def _relative(value: NDArray[np.floating], exact: NDArray[np.floating]) -> NDArray[np.floating]:
    """‖value − exact‖ / ‖exact‖ of each image, (N,)."""
    difference, size = ((x**2).reshape(len(x), -1).sum(1) ** 0.5 for x in (value - exact, exact))
    relative: NDArray[np.floating] = difference / np.maximum(size, np.finfo(np.float32).tiny)
    return relative


def _quantiles(runs: Sequence[NDArray[np.floating]]) -> tuple[float, float]:
    """Median and 90th percentile over the images, in the worst run."""
    median, p90 = np.quantile(runs, (0.5, 0.9), axis=1).max(axis=1)
    return float(median), float(p90)


def _agreement(graph: Sequence[NDArray[np.floating]], usual: Sequence[NDArray[np.floating]]) -> Agreement:
    return Agreement(*_quantiles(graph), *_quantiles(usual))


def _excess(graph: Errors, usual: Errors) -> list[str]:
    """A sentence for each error that is beyond its limit."""
    excess = []
    for name, runs in graph.items():
        pairs = zip(("median", "90th percentile"), _quantiles(runs), _quantiles(usual[name]), strict=True)
        for measure, error, own in pairs:
            limit = max(_FACTOR * own, _FLOOR)
            if not error <= limit:  # also true of NaN
                excess.append(f"{name}, {measure} of the relative error over the images {error:.1e}, limit {limit:.1e}")
    return excess
