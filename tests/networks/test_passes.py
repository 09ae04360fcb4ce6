"""Passes compute the same as their network, and votes can be computed from a region's mean features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.palette_head import PaletteNetwork, without_hint
from framecolor.networks.passes import ColorPass, FeaturePass, fold_generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_generator(base_weights_path())


@pytest.fixture(scope="module")
def planes() -> torch.Tensor:
    return torch.rand(2, LINE_PLANES, 48, 80, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_the_feature_pass_is_the_network_without_a_hint(generator: Generator, planes: torch.Tensor) -> None:
    features, context = FeaturePass(generator)(planes)
    wanted = generator.look(without_hint(planes))
    torch.testing.assert_close(features, wanted[0].permute(0, 2, 3, 1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(context, wanted[1].permute(0, 2, 3, 1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(features.norm(dim=3), torch.ones(2, 48, 80))


@torch.inference_mode()
def test_the_color_pass_is_the_network_with_its_color_head(generator: Generator, planes: torch.Tensor) -> None:
    hint = torch.rand(2, HINT_PLANES, 48, 80, generator=torch.Generator().manual_seed(2))
    hint[:, :3] *= hint[:, 3:]
    both = torch.cat([planes, hint], dim=1)
    torch.testing.assert_close(
        ColorPass(generator)(planes, hint), generator.color(generator(both), both)[0], atol=1e-4, rtol=1e-4
    )


@torch.inference_mode()
@pytest.mark.parametrize("size", [(48, 80), (16, 16)])
def test_split_convolutions_make_the_same_maps(generator: Generator, size: tuple[int, int]) -> None:
    planes = torch.rand(2, LINE_PLANES, *size, generator=torch.Generator().manual_seed(3))
    hint = torch.rand(2, HINT_PLANES, *size, generator=torch.Generator().manual_seed(4))
    for plain, split in zip(FeaturePass(generator)(planes), FeaturePass(generator, split=True)(planes), strict=True):
        torch.testing.assert_close(split, plain, atol=2e-5, rtol=1e-4)
    plain, split = ColorPass(generator)(planes, hint), ColorPass(generator, split=True)(planes, hint)
    torch.testing.assert_close(split, plain, atol=2e-5, rtol=1e-4)


def test_folding_leaves_the_network_as_it_is_and_has_no_batch_norm(generator: Generator) -> None:
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    folded = fold_generator(generator, LINE_PLANES)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert dict(folded.named_parameters())["down.0.0.weight"].shape[1] == LINE_PLANES
    for name, tensor in generator.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_half_is_close(generator: Generator, planes: torch.Tensor) -> None:
    with torch.inference_mode():
        features, _ = FeaturePass(generator)(planes)
        half, _ = FeaturePass(generator, torch.float16)(planes)
    assert half.dtype == torch.float32
    assert float((features * half).sum(dim=3).min()) > 0.99


@torch.inference_mode()
def test_votes_from_mean_features_are_the_normalized_mean_of_votes(generator: Generator, planes: torch.Tensor) -> None:
    network = PaletteNetwork(generator, 6).eval()
    pixels = F.log_softmax(network(planes), dim=1)[0, :, 10:20, 30:50].flatten(1).mean(dim=1)
    mean = FeaturePass(generator)(planes)[0][0, 10:20, 30:50].flatten(0, 1).mean(dim=0, keepdim=True)
    votes = network.vote(mean.numpy())
    np.testing.assert_allclose(votes[0], F.log_softmax(pixels, dim=0).numpy(), atol=1e-4)
