"""Fitting to partial keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import SIZE, draw, make_shot
from painting import paint

from framecolor import Settings, Shot
from framecolor.keys.finetuning.finetune import Fit, FitSchedule
from framecolor.keys.keyframes import make_samples, read_keyframes
from framecolor.media import write_image
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.samples import IGNORE, KeySample
from framecolor.shot.corrections import Correction, write_corrections

BLUE = (10, 20, 230, 255)


def sample(known: float) -> KeySample:
    """Make a sample of 32x32 px whose left part, this share of it, is class 1, and the rest unknown."""
    planes = np.zeros((7, 32, 32), np.float32)
    target = np.full((32, 32), IGNORE, np.int64)
    target[:, : round(32 * known)] = 1
    return KeySample(planes, target, np.ones((32, 32), np.float32))


def network() -> PaletteNetwork:
    torch.manual_seed(0)
    return PaletteNetwork(load_generator(base_weights_path()), 3)


def test_the_told_share() -> None:
    assert sample(1).told_share == 1 and sample(0.25).told_share == pytest.approx(0.25)
    lines = sample(1)
    lines.target[:4], lines.weight[:4] = IGNORE, 0
    assert lines.told_share == 1, "lines do not count"


def test_many_partial_samples_displace_no_key() -> None:
    fit = Fit(network(), [sample(0.1), sample(1), sample(0.2), sample(1), sample(0.3)], FitSchedule(steps=9))
    picks = []
    for fit.taken in range(6):
        picks.append(fit._pick_keys())
    assert all(sorted(step[1:]) == [1, 3] for step in picks), "both keys in every step"
    assert sorted(step[0] for step in picks) == [0, 0, 2, 2, 4, 4], "and the others in turns"


@pytest.mark.parametrize("colors", [None, np.zeros((3, 4), np.uint8)])
def test_partial_samples_alone_can_be_fitted_to(colors: np.ndarray | None) -> None:
    fit = Fit(network(), [sample(0.05)], FitSchedule(steps=2), colors)
    assert all(np.isfinite(fit.step()) for _ in range(2))


def test_keys_alone_are_picked_as_ever() -> None:
    fit = Fit(network(), [sample(1)] * 4, FitSchedule(steps=9))
    assert [fit._pick_keys() for fit.taken in range(2)] == [
        [int(np.random.default_rng([0, p // 4]).permutation(4)[p % 4]) for p in positions]
        for positions in ((0, 1, 2), (3, 4, 5))
    ]


def test_the_samples_of_a_shot_include_its_strokes(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0,))
    write_corrections(tmp_path / "c.json", "cut", [Correction(1003, 42, 28, (10, 20, 230, 255))])
    shot = Shot.open(root, corrections=tmp_path / "c.json")
    keyframes = read_keyframes(shot, Settings())
    whole, partial = make_samples(keyframes)
    assert (whole.told_share, keyframes.whole) == (1, {1001})
    assert 0 < partial.told_share < 0.5 and 1 < keyframes.poses < 1.5
    (stroked,) = set(np.unique(partial.target)) - {IGNORE}
    assert tuple(keyframes.class_colors[stroked]) == BLUE
    head = PaletteNetwork(load_generator(base_weights_path()), keyframes.class_count)
    head.start_head([whole, partial])
    height, width = (side // 16 * 16 for side in partial.target.shape)
    with torch.no_grad():
        logits = head(torch.from_numpy(partial.planes[None, :, :height, :width].copy()))[0]
    known = partial.target[:height, :width] != IGNORE
    # The key shows the same head in another color: both count.
    assert 0.1 < (logits.argmax(0).numpy()[known] == stroked).mean() < 0.9


@pytest.mark.usefixtures("quick_engine")
def test_a_fit_is_made_anew_for_a_stroke_unless_it_is_kept(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0,))
    paint(root, fit=2)
    cache = root / "color/.framecolor"
    before = set(cache.iterdir())
    hint = np.zeros((*SIZE, 4), np.uint8)
    hint[26:30, 40:44] = BLUE
    write_image(root / "hints/1003.png", hint)
    frame = draw(2)[0]
    assert not frame[26:30, 40:44, 3].any()
    paint(root, fit="keep")
    assert set(cache.iterdir()) == before
    paint(root, fit=2)
    assert len(set(cache.iterdir()) - before) == 1
