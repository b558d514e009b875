from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_trainer import Network, TrainConfig, residual_network, similarity_loss
from lsl_trainer.data.batch import Batch, Labelled, in_unit_range, to_tensor
from lsl_trainer.losses.feature_level import combined_loss
from tests.support.squares import SIZE, squares


def network_and_batch(config: TrainConfig, data: Labelled) -> tuple[Network, Batch]:
    torch.manual_seed(0)
    network = residual_network(config.network, SIZE, 4).eval()
    images = to_tensor(in_unit_range(data.images[:6]), torch.device("cpu"))
    draws = torch.Generator().manual_seed(1)
    return network, Batch(images, torch.from_numpy(data.labels[:6]), {}, torch.arange(6), draws)


def features_of(network: Network, data: Labelled, rows: NDArray[np.int64]) -> Tensor:
    return network.features(to_tensor(in_unit_range(data.images[rows]), torch.device("cpu")))


def test_it_is_cross_entropy_plus_similarity_loss(config: TrainConfig) -> None:
    """Eq. 7 with one reference set, which leaves nothing to chance, computed apart."""
    data, sets = squares(), torch.tensor([[40, 41, 42, 43]])
    network, batch = network_and_batch(config, data)
    loss, logits = combined_loss(data, sets, config.references, config.regularization)(network, batch)
    wanted = F.cross_entropy(network(batch.images)[0], batch.labels)
    wanted = wanted + similarity_loss(
        network.features(batch.images), features_of(network, data, sets[0].numpy()), batch.labels
    )
    assert torch.allclose(loss, wanted, atol=1e-6)
    assert torch.allclose(logits, network(batch.images)[0])


def _count(passed: list[int], module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    passed.append(len(output))


def test_each_sample_or_each_batch_draws_a_set(config: TrainConfig) -> None:
    data, sets = squares(), torch.arange(48).view(12, 4)
    for draw, distinct in (("sample", 4), ("batch", 1)):
        network, batch = network_and_batch(config, data)
        passed: list[int] = []
        network.body.register_forward_hook(partial(_count, passed))
        chosen = config.having(reference_draw=draw)
        combined_loss(data, sets, chosen.references, chosen.regularization)(
            network, replace(batch, positions=batch.positions + 100)
        )
        sets_passed = passed[1] / 4
        assert sets_passed == 1 if draw == "batch" else sets_passed >= distinct


def test_gradients_flow_through_the_references(config: TrainConfig) -> None:
    data, sets = squares(), torch.tensor([[40, 41, 42, 43]])
    network, batch = network_and_batch(config, data)
    detached = features_of(network, data, np.arange(40, 44)).detach()
    network.zero_grad()
    combined_loss(data, sets, config.references, config.regularization)(network, batch)[0].backward()
    weight = next(network.body.parameters())
    assert weight.grad is not None
    through = weight.grad.clone()
    network.zero_grad()
    logits, features = network(batch.images)
    (F.cross_entropy(logits, batch.labels) + similarity_loss(features, detached, batch.labels)).backward()
    assert not torch.allclose(through, weight.grad, atol=1e-6)


def test_a_class_without_samples_takes_no_part(config: TrainConfig) -> None:
    data, sets = squares(), torch.tensor([[40, -1, 42, 43]])
    network, batch = network_and_batch(config, data)
    batch = replace(batch, labels=torch.tensor([0, 2, 3, 0, 2, 3]))
    loss, logits = combined_loss(data, sets, config.references, config.regularization)(network, batch)
    references = features_of(network, data, np.array([40, 42, 43]))
    wanted = similarity_loss(network.features(batch.images), references, torch.tensor([0, 1, 2, 0, 1, 2]))
    assert torch.allclose(loss, F.cross_entropy(logits, batch.labels) + wanted, atol=1e-6)


def test_a_sample_is_compared_with_another_than_itself(config: TrainConfig) -> None:
    data, sets = squares(), torch.tensor([[0, 1, 2, 3], [40, 41, 42, 43]])
    network, batch = network_and_batch(config, data)
    first = next(
        seed for seed in range(99) if torch.randint(2, (1,), generator=torch.Generator().manual_seed(seed)) == 0
    )
    batch = replace(batch, draws=torch.Generator().manual_seed(first))
    loss, logits = combined_loss(data, sets, config.having(reference_draw="batch").references, config.regularization)(
        network, batch
    )
    rows = np.where(np.arange(6)[:, None] == np.arange(4), np.arange(40, 44), np.arange(4))
    references = torch.stack([features_of(network, data, row) for row in rows])
    wanted = similarity_loss(network.features(batch.images), references, batch.labels)
    assert torch.allclose(loss, F.cross_entropy(logits, batch.labels) + wanted, atol=1e-6)


def test_the_temperature_of_the_similarities_and_label_smoothing_reach_the_loss(config: TrainConfig) -> None:
    data, sets = squares(), torch.tensor([[40, 41, 42, 43]])
    network, batch = network_and_batch(config, data)
    chosen = config.having(similarity_temperature=0.1, label_smoothing=0.2)
    loss, logits = combined_loss(data, sets, chosen.references, chosen.regularization)(network, batch)
    references = features_of(network, data, sets[0].numpy())
    wanted = similarity_loss(network.features(batch.images), references, batch.labels, 0.1)
    wanted = wanted + F.cross_entropy(logits, batch.labels, label_smoothing=0.2)
    assert torch.allclose(loss, wanted, atol=1e-6)
