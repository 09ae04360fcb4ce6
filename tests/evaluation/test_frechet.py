"""The Frechet distance: against closed forms, and on pictures through the features that ship."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import framecolor
from framecolor.evaluation.metrics.frechet import frechet_distance
from framecolor.media import read_image
from framecolor.networks.perception import Perception, load_perception

SIDE = 64
COUNT = 96
KEYS = sorted((Path(framecolor.__file__).parent / "demo" / "shot" / "keys").glob("*.png"))


def vectors(count: int = 4000, mean: float = 0, spread: float = 1, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(mean, spread, (count, 3))


def test_a_set_is_at_no_distance_from_itself() -> None:
    for count in (2, 10, 4000):
        assert frechet_distance(vectors(count), vectors(count)[::-1]) == pytest.approx(0, abs=1e-6)


def test_it_is_what_normal_distributions_have_in_closed_form() -> None:
    assert frechet_distance(vectors(), vectors(seed=1)) < 0.01
    assert frechet_distance(vectors(), vectors(mean=2, seed=1)) == pytest.approx(3 * 2**2, rel=0.05)
    assert frechet_distance(vectors(), vectors(spread=3, seed=1)) == pytest.approx(3 * (3 - 1) ** 2, rel=0.05)


def test_both_directions_are_alike_also_with_fewer_vectors_than_values() -> None:
    a, b = vectors(2), vectors(3, mean=1, seed=1)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))
    assert frechet_distance(a, b) > 0.1


def test_what_cannot_be_compared_is_an_error() -> None:
    for a, b in ((vectors(1), vectors(5)), (vectors(5), vectors(5)[:, :2]), (vectors(5), vectors(5)[0])):
        with pytest.raises(ValueError, match="two or more vectors"):
            frechet_distance(a, b)


def cut_paintings() -> list[NDArray[np.float32]]:
    """Parts of the demo's painted keys, [SIDE, SIDE, 3] in [0, 1]."""
    rng = np.random.default_rng(0)
    keys = [read_image(path).astype(np.float32) / 255 for path in KEYS]
    whole = [k[..., :3] * k[..., 3:] + 1 - k[..., 3:] for k in keys]
    found: list[NDArray[np.float32]] = []
    while len(found) < COUNT:
        picture = whole[len(found) % len(whole)]
        side = int(rng.uniform(0.4, 0.8) * min(picture.shape[:2]))
        top, left = (int(rng.integers(0, n - side)) for n in picture.shape[:2])
        part = cv2.resize(picture[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        if part.std() > 0.1:
            found.append(np.asarray(part, dtype=np.float32))
    return found


def recolor(picture: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    return (picture + amount * (picture[..., [2, 0, 1]] - picture)).astype(np.float32)


def embed(network: Perception, pictures: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return network.embed(torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2) * 2 - 1)).numpy()


def test_it_grows_with_what_is_done_to_paintings() -> None:
    network, paintings = load_perception(), cut_paintings()
    true = embed(network, paintings)
    spoiled = [embed(network, [recolor(p, amount) for p in paintings]) for amount in (0.3, 1.0)]
    slightly, much = (frechet_distance(true, features) for features in spoiled)
    assert 0 < slightly < much
    # Other parts of the same keys, of which nothing is wrong, are nearer.
    assert much > 2 * frechet_distance(true[: COUNT // 2], true[COUNT // 2 :])
