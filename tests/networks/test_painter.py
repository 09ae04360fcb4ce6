"""The painter: what it decides, on what that depends, and its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from framecolor import ReadError
from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES
from framecolor.matching.question import ABSENT, Question, Rows
from framecolor.matching.tokens import color_logits
from framecolor.networks import painter_pairs
from framecolor.networks.checkpoint import (
    load_generator,
    load_matcher,
    load_painter,
    matcher_weights_path,
    painter_weights_path,
    save_painter,
)
from framecolor.networks.match_passes import DecidePass, DescribePass
from framecolor.networks.matcher import SHAPE_TRAITS, Matcher
from framecolor.networks.painter import Painter

TOKENS, WIDTH = 24, 16
COUNT, KEYS, PAINTED, COLORS = 6, 3, 5, 4
Decision = tuple[np.ndarray, np.ndarray]


def new_painter() -> Painter:
    torch.manual_seed(0)
    return Painter(TOKENS, width=WIDTH, hidden=8, rounds=2).eval()


def trained_painter() -> Painter:
    """A painter that weighs evidence, however badly."""
    painter = new_painter()
    with torch.no_grad():
        for weights in painter.parameters():
            weights.add_(0.3 * torch.randn_like(weights))
    return painter


def ask(count: int = COUNT, keys: int = KEYS, painted: int = PAINTED, colors: int = COLORS) -> Question:
    """Ask for the colors of some regions from painted drawings, each of which has all colors in turn."""
    rng = np.random.default_rng(count)

    def draw(*shape: int, spread: float = 1) -> Rows:
        return rng.normal(0, spread, shape).astype(np.float32)

    def touch(*shape: int) -> Rows:
        contact = rng.random((*shape, shape[-1]), np.float32) ** 8
        return contact / contact.sum(axis=-1, keepdims=True)

    width = TOKENS + SHAPE_TRAITS
    turn = np.arange(keys)[:, None] + np.arange(painted)
    members = np.eye(colors, dtype=np.float32)[turn % colors]
    memory, score = draw(keys, painted, width, spread=0.5), draw(count, keys, painted, spread=4)
    known = np.zeros((count, colors), np.float32)
    tokens = draw(count, width, spread=0.5)
    return Question(tokens, touch(count), known, memory, touch(keys, painted), members, score, draw(count))


def decide(painter: Painter, question: Question) -> Decision:
    with torch.inference_mode():
        color, lost = DecidePass(painter)(*map(torch.from_numpy, question.list_values()))
    return color.numpy(), lost.numpy()


def assert_same(found: Decision, wanted: Decision) -> None:
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


# What it decides


def test_a_new_painter_decides_as_the_scores_say() -> None:
    question = ask()
    color, lost = decide(new_painter(), question)
    belief = question.members.reshape(-1, COLORS)
    np.testing.assert_allclose(color, color_logits(question.score.reshape(COUNT, -1), belief), atol=1e-4)
    np.testing.assert_array_equal(lost, question.unmatched)


def test_many_poor_pairs_change_nothing() -> None:
    """Only the best pairs of each region are refined."""
    many = ask(keys=4, painted=40)
    least = np.sort(many.score.reshape(COUNT, -1))[:, -64]
    few = np.where(many.score < least[:, None, None], ABSENT, many.score)
    color, _ = decide(new_painter(), many)
    np.testing.assert_array_equal(color, decide(new_painter(), replace(many, score=few))[0])


def test_evidence_changes_decisions_in_every_round() -> None:
    painter, question = trained_painter(), ask()
    assert np.abs(decide(painter, question)[0] - decide(new_painter(), question)[0]).max() > 0.1
    whole = decide(painter, question)
    painter.rounds = 1
    assert np.abs(decide(painter, question)[0] - whole[0]).max() > 0.01


def test_a_color_that_no_drawing_has_is_never_chosen() -> None:
    question = ask()
    members = question.members.copy()
    members[..., 2] = 0
    for painter in (new_painter(), trained_painter()):
        color, _ = decide(painter, replace(question, members=members))
        assert (color[:, 2] < -1000).all() and (color[:, [0, 1, 3]] > -1000).all()


def test_a_region_of_unknown_color_votes_for_nothing() -> None:
    question = ask()
    members, score = question.members.copy(), question.score.copy()
    members[1, 3] = 0
    without = decide(new_painter(), replace(question, members=members))
    score[:, 1, 3] = 30
    assert_same(decide(new_painter(), replace(question, members=members, score=score)), without)


def test_what_is_known_of_a_region_counts_for_the_others() -> None:
    question, painter = ask(), trained_painter()
    before = decide(painter, question)[0]
    known = question.known.copy()
    known[2, before[2].argmin()] = 1
    after = decide(painter, replace(question, known=known))[0]
    assert np.abs(np.delete(after - before, 2, axis=0)).max() > 1e-3
    assert_same(decide(new_painter(), replace(question, known=known)), decide(new_painter(), question))


# On what it does not depend


def test_any_palette_works_alike() -> None:
    question, painter, order = ask(), trained_painter(), [2, 0, 3, 1]
    color, lost = decide(painter, question)
    known = question.known.copy()
    known[1, 3] = 1
    for told in (question, replace(question, known=known)):
        color, lost = decide(painter, told)
        turned = replace(told, known=told.known[:, order], members=told.members[..., order])
        assert_same(decide(painter, turned), (color[:, order], lost))


def test_the_order_of_regions_and_drawings_does_not_matter() -> None:
    question, painter = ask(), trained_painter()
    color, lost = decide(painter, question)
    order = np.array([3, 0, 5, 1, 4, 2])
    own = replace(
        question,
        tokens=question.tokens[order],
        contact=question.contact[np.ix_(order, order)],
        score=question.score[order],
        unmatched=question.unmatched[order],
    )
    assert_same(decide(painter, own), (color[order], lost[order]))
    keys, regions = np.array([2, 0, 1]), np.array([4, 2, 0, 1, 3])
    theirs = replace(
        question,
        memory=question.memory[keys][:, regions],
        memory_contact=question.memory_contact[keys][:, regions][:, :, regions],
        members=question.members[keys][:, regions],
        score=question.score[:, keys][..., regions],
    )
    assert_same(decide(painter, theirs), (color, lost))


@pytest.mark.parametrize("sizes", [(COUNT + 5, PAINTED + 3, COLORS + 2), (COUNT, PAINTED, COLORS), (40, 64, 16)])
def test_padding_changes_nothing(sizes: tuple[int, int, int]) -> None:
    question, painter = ask(), trained_painter()
    padded = question.pad(*sizes)
    assert padded.score.shape == (sizes[0], KEYS, sizes[1]) and padded.known.shape == (sizes[0], sizes[2])
    color, lost = decide(painter, padded)
    assert np.isfinite(color).all() and (color[:, COLORS:] < -1000).all()
    assert_same((color[:COUNT, :COLORS], lost[:COUNT]), decide(painter, question))


def test_drawings_with_one_region_or_one_color_have_decisions() -> None:
    for sizes in ((1, 1, 1, 1), (1, 2, 3, 2), (3, 1, 1, 1)):
        color, lost = decide(trained_painter(), ask(*sizes))
        assert color.shape == (sizes[0], sizes[3]) and np.isfinite(color).all() and np.isfinite(lost).all()


def test_training_computes_what_inference_does() -> None:
    """Padding is left out of it, to save time."""
    question, painter = ask(), trained_painter()
    wanted = decide(painter, question)
    inputs = [torch.from_numpy(values) for values in question.pad(9, 7, COLORS).list_values()]
    made = DecidePass(painter)
    made.painter.train()
    color, lost = made(*inputs)
    assert_same((color[:COUNT].numpy(), lost[:COUNT].numpy()), wanted)


# Tokens and files


def drawing_of(matcher: Matcher, count: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(count)
    sizes = (
        (matcher.features + matcher.context,),
        (SHAPE_TRAITS,),
        (count,),
        (CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX),
    )
    return [torch.rand(count, *size, generator=rng) for size in sizes]


def test_a_token_is_the_matchers_and_the_shape() -> None:
    matcher = Matcher(4, 3, width=4, heads=2, own_layers=1, pair_layers=1, seen=16).eval()
    features, shape, contact, crops = drawing_of(matcher, 5)
    with torch.inference_mode():
        tokens = DescribePass(matcher)(features, shape, contact, crops)
        own, traits = tokens.split([TOKENS, SHAPE_TRAITS], dim=1)
        torch.testing.assert_close(own, matcher.describe(features, shape, contact, matcher.crops(crops)))
        torch.testing.assert_close(traits, shape)
        assert (matcher.crops(crops[:1]) - matcher.crops(crops[1:2])).abs().max() > 1e-4
    assert matcher.tokens == TOKENS


def test_a_painter_comes_back_from_its_file(tmp_path: Path) -> None:
    painter = trained_painter()
    save_painter(painter, tmp_path / "p.safetensors", {"step": "3"})
    assert_same(decide(load_painter(tmp_path / "p.safetensors"), ask()), decide(painter, ask()))
    with pytest.raises(ReadError, match="no framecolor generator"):
        load_generator(tmp_path / "p.safetensors")
    with pytest.raises(ReadError, match="no framecolor painter"):
        load_painter(matcher_weights_path())


def test_the_painter_that_ships_belongs_to_the_matcher_that_ships() -> None:
    painter, matcher = load_painter(painter_weights_path()), load_matcher(matcher_weights_path())
    assert painter.tokens == matcher.tokens


def test_network_and_question_mean_the_same_by_absent() -> None:
    assert painter_pairs.ABSENT == ABSENT
