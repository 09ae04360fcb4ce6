"""What the tests of recipes share: a tiny built data set of figures in three colors, and exact resuming."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from framecolor.training.dataset import IdSequence, Provenance, write_dataset
from framecolor.training.loop import Batch, LoopSettings, Recipe, train

SIDE = 96


def draw_figure(name: str, seed: int) -> IdSequence:
    """Two drawings of a body with a shadow, a head and an eye, in colors and proportions of its own."""
    rng = np.random.default_rng(seed)
    frames = np.zeros((2, SIDE, SIDE), np.uint16)
    width, head = int(rng.integers(16, 26)), int(rng.integers(12, 18))
    for i, frame in enumerate(frames):
        x = 44 + 6 * i
        cv2.ellipse(frame, (x, 66), (width, 26), 0, 0, 360, 1, -1)
        cv2.ellipse(frame, (x, 66), (width, 26), 0, 90, 180, 2, -1)
        cv2.circle(frame, (x, 28), head, 3, -1)
        cv2.circle(frame, (x + 6, 26), 4, 4, -1)
    body, skin = rng.integers(20, 236, 3), rng.integers(120, 250, 3)
    rgb = np.array([body, body // 2, skin, (10, 10, 10)], np.uint8)
    ids = np.arange(1, 5, dtype=np.uint16)
    return IdSequence(name, "stand", frames, ids, rgb, np.array([1, 1, 3, 4], np.uint16), ("a", "a", "b", "c"))


def write_characters(folder: Path, count: int = 8) -> Path:
    """A data set of `count` figures in `folder`, which is returned."""
    figures = [draw_figure(f"c{i}", i) for i in range(count)]
    write_dataset(figures, folder, Provenance("drawn by the test", "CC0-1.0"), SIDE, max(1, count // 4))
    return folder


class StoppedError(Exception):
    """The training was stopped by the test."""


def check_resuming(build: Callable[[], Recipe], folder: Path) -> None:
    """Train `build()` for four steps in one go, and again with a stop in the fourth step: the same weights come out."""
    settings = LoopSettings(4, warmup_steps=1, save_every=2, validate_every=99, sample_every=99, workers=0)
    whole = train(build(), folder / "whole", settings, report=lambda _: None).network.state_dict()
    cut = build()
    compute, seen = cut.compute_loss, []

    def stopping(network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        seen.append(turn)
        if seen.count(turn) == 4:
            raise StoppedError
        return compute(network, batch, turn)

    cut.compute_loss = stopping  # type: ignore[method-assign]
    with pytest.raises(StoppedError):
        train(cut, folder / "cut", settings, report=lambda _: None)
    resumed = train(build(), folder / "cut", settings, resume=True, report=lambda _: None).network.state_dict()
    for name, value in resumed.items():
        assert torch.equal(value, whole[name]), name
