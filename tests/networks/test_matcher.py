"""The matcher: its scores, its file, its ONNX form, and that it learns."""

from pathlib import Path

import numpy as np
import pytest
import torch

from framecolor import ReadError
from framecolor.engines.torch_painter import TorchPainter
from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES
from framecolor.networks.checkpoint import (
    base_weights_path,
    load_generator,
    load_matcher,
    matcher_weights_path,
    save_matcher,
)
from framecolor.networks.matcher import SHAPE_TRAITS, Matcher


def small_matcher() -> Matcher:
    torch.manual_seed(0)
    return Matcher(8, 4, width=16, heads=2, own_layers=1, pair_layers=1, seen=6).eval()


def regions(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Make features, shape, contact and encoded crops of some regions."""
    rng = torch.Generator().manual_seed(seed)
    contact = torch.rand(count, count, generator=rng)
    look, shape, seen = (torch.randn(count, width, generator=rng) for width in (12, SHAPE_TRAITS, 6))
    return look, shape, contact, seen


def test_scores_do_not_depend_on_the_order_of_the_regions() -> None:
    matcher = small_matcher()
    (look, shape, contact, seen), order = regions(5, 1), torch.tensor([3, 0, 4, 1, 2])
    a, b = matcher.describe(look, shape, contact, seen), matcher.describe(*regions(3, 2))
    shuffled = matcher.describe(look[order], shape[order], contact[order][:, order], seen[order])
    near = regions(3, 2)[2]
    flow = torch.rand(5, 3, generator=torch.Generator().manual_seed(3))
    score, _, unmatched, _ = matcher.compare(a, b, contact, near, flow, flow.T)
    again, _, lost, _ = matcher.compare(shuffled, b, contact[order][:, order], near, flow[order], flow[order].T)
    torch.testing.assert_close(again, score[order])
    torch.testing.assert_close(lost, unmatched[order])


def test_comparing_the_other_way_round_gives_the_same_scores() -> None:
    matcher = small_matcher()
    one, two = regions(4, 1), regions(6, 2)
    a, b = matcher.describe(*one), matcher.describe(*two)
    there, back = torch.rand(4, 6), torch.rand(6, 4)
    scores = matcher.compare(a, b, one[2], two[2], there, back)
    with torch.no_grad():  # flow has a direction: swap the weights of the two
        matcher.flow_score.copy_(matcher.flow_score.flip(0))
        matcher.by_flow.copy_(matcher.by_flow.flip(2))
    score_ba, score_ab, unmatched_b, unmatched_a = matcher.compare(b, a, two[2], one[2], back, there)
    torch.testing.assert_close((score_ab, score_ba, unmatched_a, unmatched_b), scores)


def test_flow_raises_the_score_of_the_pair_that_it_joins() -> None:
    matcher = small_matcher()
    one, two = regions(4, 1), regions(6, 2)
    a, b = matcher.describe(*one), matcher.describe(*two)
    flow = torch.zeros(4, 6)
    before = matcher.compare(a, b, one[2], two[2], flow, flow.T)[0]
    flow[2, 3] = 1
    after = matcher.compare(a, b, one[2], two[2], flow, flow.T)[0]
    assert after[2, 3] - before[2, 3] > 1


def test_a_matcher_comes_back_from_its_file(tmp_path: Path) -> None:
    matcher = small_matcher()
    save_matcher(matcher, tmp_path / "m.safetensors")
    loaded = load_matcher(tmp_path / "m.safetensors")
    torch.testing.assert_close(loaded.describe(*regions(5, 1)), matcher.describe(*regions(5, 1)))
    with pytest.raises(ReadError, match="no framecolor generator"):
        load_generator(tmp_path / "m.safetensors")


def test_the_matcher_that_ships_belongs_to_the_generator_that_ships() -> None:
    generator, matcher = load_generator(base_weights_path()), load_matcher(matcher_weights_path())
    assert (matcher.features, matcher.context) == (generator.feature_channels, generator.context_channels)


def test_a_drawing_is_matched_to_itself() -> None:
    runner, matcher = TorchPainter(), load_matcher(matcher_weights_path())
    rng = np.random.default_rng(0)
    look = rng.normal(size=(12, matcher.features + matcher.context)).astype(np.float32)
    shape = rng.normal(0, 0.3, (12, SHAPE_TRAITS)).astype(np.float32)
    contact = np.zeros((12, 12), np.float32)
    crops = np.zeros((12, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX), np.uint8)
    tokens = runner.describe(look, shape, contact, crops)
    score = runner.compare(tokens, tokens, contact, contact)[0]
    assert (score.argmax(axis=1) == np.arange(12)).all()


def test_matching_costs_less_for_a_region_of_the_same_class() -> None:
    from framecolor.training.losses import match_loss

    score = torch.tensor([[8.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    unmatched = torch.tensor([0.0, 0.0, 8.0])
    loss = match_loss(score, unmatched, torch.tensor([1, 2, 9]), torch.tensor([1, 2, 2]))
    assert loss[0] < 0.01 and loss[2] < 0.01
    # Class 1, class 2 and unmatched are as likely, but for a little that class 2 gains by having two regions.
    assert loss[1] == pytest.approx(np.log(3), abs=0.15)
