"""Contract of all colorists: paint with any inputs or none, at any size, and the same for the same call.

A new system is one more row in `smallest.SMALLEST`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import draw
from numpy.typing import NDArray
from smallest import make_network

from framecolor import ReadError
from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.colorists.propose import propose_painting
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Palette
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.networks.checkpoint import save_colorist
from framecolor.networks.systems import SYSTEMS

COLORISTS = sorted(name for name, system in SYSTEMS.items() if system.colorist is not None)
Colors = NDArray[np.float32]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module", params=COLORISTS)
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights file of a tiny untrained network; style has none."""
    name = request.param
    if SYSTEMS[name].network is None:
        return Path(name)
    path = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
    save_colorist(make_network(name), path, {"license": "CC0-1.0"})
    return path


def drawing(width: int = 128, height: int = 96) -> Frame:
    return read_drawing(1, draw(0)[0][:height, :width])


def guides(frame: Frame) -> dict[str, Conditioning]:
    """All inputs of a colorist, from none to all of them."""
    rng = np.random.default_rng(0)
    height, width = frame.size
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    known = np.zeros(frame.size, np.float32)
    known[height // 3 : height // 2, : width // 2] = 1
    mask = np.zeros(frame.size, bool)
    mask[height // 4 :] = True
    return {
        "nothing": Conditioning(),
        "hint": Conditioning(hint=Hint(rgb, known)),
        "empty hint": Conditioning(hint=Hint(rgb, np.zeros_like(known))),
        "histogram": Conditioning(histogram=color_histogram(rgb)),
        "empty histogram": Conditioning(histogram=np.zeros(512, np.float32)),
        "reference": Conditioning(reference=rng.integers(0, 256, (33, 20, 3), np.uint8)),
        "image": Conditioning(image=rgb),
        "image and mask": Conditioning(image=rgb, mask=mask),
        "mask of nothing": Conditioning(image=rgb, mask=np.zeros_like(mask)),
        "all": Conditioning(Hint(rgb, known), color_histogram(rgb), rgb, rgb, mask),
    }


@cache
def shared_colorist(weights: Path) -> Colorist:
    """One for all tests; a test checks that calls do not affect each other."""
    return open_colorist(weights)


def paint(weights: Path, frame: Frame, conditioning: Conditioning, **options: float) -> Colors:
    return shared_colorist(weights).paint(frame, find_regions(frame), conditioning, SamplingOptions(steps=2, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("inputs", sorted(guides(drawing())))
def test_any_inputs_paint_the_whole_drawing(weights: Path, inputs: str) -> None:
    frame = drawing()
    rgb = paint(weights, frame, guides(frame)[inputs])
    assert rgb.dtype == np.float32 and rgb.ndim == 3 and rgb.shape[2] == 3
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1
    # Of the drawing's shape, but for the rounding of sizes.
    assert rgb.shape[1] / rgb.shape[0] == pytest.approx(frame.size[1] / frame.size[0], rel=0.2)


@pytest.mark.parametrize("inputs", ["nothing", "all"])
def test_the_same_call_gives_the_same_picture(weights: Path, inputs: str) -> None:
    frame = drawing()
    torch.manual_seed(1)
    one = paint(weights, frame, guides(frame)[inputs], seed=3)
    torch.manual_seed(2)
    shared_colorist.cache_clear()  # the same also by another that is opened
    assert np.array_equal(one, paint(weights, frame, guides(frame)[inputs], seed=3))


def test_calls_do_not_affect_each_other(weights: Path) -> None:
    """Calls do not affect each other."""
    frame, colorist = drawing(), open_colorist(weights)
    regions, options = find_regions(frame), SamplingOptions(seed=1, steps=2)
    first = colorist.paint(frame, regions, Conditioning(), options)
    colorist.paint(frame, regions, guides(frame)["all"], SamplingOptions(seed=2, steps=2))
    assert np.array_equal(first, colorist.paint(frame, regions, Conditioning(), options))


@pytest.mark.parametrize(("width", "height"), [(127, 93), (31, 96), (97, 17)])
def test_odd_sizes_are_painted(weights: Path, width: int, height: int) -> None:
    frame = drawing(width, height)
    rgb = paint(weights, frame, guides(frame)["all"])
    assert np.isfinite(rgb).all() and rgb.shape[2] == 3


def test_a_drawing_without_a_line_is_painted(weights: Path) -> None:
    frame = Frame(1, np.zeros((40, 56, 4), np.uint8), np.zeros((40, 56), bool))
    for conditioning in guides(frame).values():
        assert np.isfinite(paint(weights, frame, conditioning)).all()


@pytest.mark.parametrize("guidance", [0.0, 1.0, 4.0])
def test_every_guidance_gives_colors(weights: Path, guidance: float) -> None:
    frame = drawing()
    rgb = paint(weights, frame, guides(frame)["all"], guidance=guidance)
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1


def test_with_strength_0_the_image_comes_back(weights: Path) -> None:
    frame = drawing()
    conditioning = guides(frame)["image"]
    assert conditioning.image is not None
    rgb = paint(weights, frame, conditioning, strength=0)
    assert rgb.shape == conditioning.image.shape
    assert np.abs(rgb - conditioning.image / np.float32(255)).max() < 1 / 255


def test_a_proposal_is_flat_and_keeps_given_colors(weights: Path) -> None:
    frame = drawing()
    regions = find_regions(frame)
    palette = Palette(np.array([[200, 40, 50, 255], [60, 90, 160, 255]], np.uint8))
    given = {1: (1, 2, 3, 255)}
    options = SamplingOptions(steps=2)
    colors = propose_painting(frame, regions, Conditioning(), options, open_colorist(weights), palette, given)
    assert colors.shape == (regions.count + 1, 4)
    assert tuple(colors[1]) == given[1]
    allowed = {*given.values(), *map(tuple, palette.colors.tolist())}
    assert {tuple(c) for c in colors[2:].tolist() if c[3]} <= allowed


def test_features_paint_nothing_by_themselves(tmp_path: Path) -> None:
    save_colorist(make_network("perception"), tmp_path / "features.safetensors")
    with pytest.raises(ReadError, match=r"features\.safetensors"):
        open_colorist(tmp_path / "features.safetensors")


def test_weights_of_another_kind_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "noise.safetensors").write_bytes(b"\x80\x04" * 40)
    with pytest.raises(ReadError, match=r"noise\.safetensors.*framecolor train"):
        open_colorist(tmp_path / "noise.safetensors")
