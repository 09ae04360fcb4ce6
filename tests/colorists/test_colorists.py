"""What holds for every colorist: it paints whatever it is told, or nothing, at any size, and the same call twice alike.

A new system is one more row in `TINY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import one_thread
from drawings import draw
from numpy.typing import NDArray

from framecolor.colorists import base
from framecolor.colorists.base import Colorist, Guide, Knobs, open_colorist
from framecolor.colorists.propose import propose_painting
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Palette
from framecolor.errors import ReadError
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.networks import checkpoint
from framecolor.networks.checkpoint import save_colorist

# Recipe -> the smallest sizes that its network is built with.
TINY: dict[str, dict[str, object]] = {
    "cyclegan": {"width": 4, "blocks": 1, "size_px": 64},
    "deepcolor": {"width": 4, "vae_width": 2, "latent": 2, "size_px": 128},
    "diffusion": {"widths": [4, 4, 4, 4], "width": 8, "layers": 1, "heads": 2, "size_px": 64},
    "histogram": {"width": 4, "told": 4, "size_px": 128},
    "paintstorch": {"widths": [4, 8, 8], "blocks": [1, 1], "size_px": 64},
    "stencil": {"widths": [4, 8, 8], "blocks": [1, 1], "size_px": 64},
}


def is_there(name: str) -> bool:
    """Whether a system's modules are part of this checkout."""
    places = (checkpoint._COLORIST_NETWORKS[name], base._COLORISTS[name])
    return all(find_spec(place.partition(":")[0]) is not None for place in places)


Colors = NDArray[np.float32]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module", params=[*sorted(filter(is_there, TINY)), "style"])
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights file of a tiny network that learned nothing; style has none of its own."""
    name = request.param
    if name == "style":
        return Path(name)
    module, _, attribute = checkpoint._COLORIST_NETWORKS[name].partition(":")
    torch.manual_seed(0)
    network = getattr(import_module(module), attribute)(**TINY[name])
    path = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
    save_colorist(network, path, {"license": "CC0-1.0"})
    return path


def drawing(width: int = 128, height: int = 96) -> Frame:
    return read_drawing(1, draw(0)[0][:height, :width])


def guides(frame: Frame) -> dict[str, Guide]:
    """Everything that a colorist can be told, and how little."""
    rng = np.random.default_rng(0)
    height, width = frame.size
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    known = np.zeros(frame.size, np.float32)
    known[height // 3 : height // 2, : width // 2] = 1
    mask = np.zeros(frame.size, bool)
    mask[height // 4 :] = True
    return {
        "nothing": Guide(),
        "hint": Guide(hint=Hint(rgb, known)),
        "empty hint": Guide(hint=Hint(rgb, np.zeros_like(known))),
        "histogram": Guide(histogram=color_histogram(rgb)),
        "empty histogram": Guide(histogram=np.zeros(512, np.float32)),
        "reference": Guide(reference=rng.integers(0, 256, (33, 20, 3), np.uint8)),
        "image": Guide(image=rgb),
        "image and mask": Guide(image=rgb, mask=mask),
        "mask of nothing": Guide(image=rgb, mask=np.zeros_like(mask)),
        "all": Guide(Hint(rgb, known), color_histogram(rgb), rgb, rgb, mask),
    }


@cache
def shared_colorist(weights: Path) -> Colorist:
    """One for all tests: nothing of one call is left for the next, as one of them makes sure."""
    return open_colorist(weights)


def paint(weights: Path, frame: Frame, guide: Guide, **knobs: float) -> Colors:
    return shared_colorist(weights).paint(frame, find_regions(frame), guide, Knobs(steps=2, **knobs))  # type: ignore[arg-type]


@pytest.mark.parametrize("told", sorted(guides(drawing())))
def test_it_paints_the_whole_drawing_whatever_it_is_told(weights: Path, told: str) -> None:
    frame = drawing()
    rgb = paint(weights, frame, guides(frame)[told])
    assert rgb.dtype == np.float32 and rgb.ndim == 3 and rgb.shape[2] == 3
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1
    # Of the drawing's shape, but for the rounding of sizes.
    assert rgb.shape[1] / rgb.shape[0] == pytest.approx(frame.size[1] / frame.size[0], rel=0.2)


@pytest.mark.parametrize("told", ["nothing", "all"])
def test_the_same_call_gives_the_same_picture(weights: Path, told: str) -> None:
    frame = drawing()
    torch.manual_seed(1)
    one = paint(weights, frame, guides(frame)[told], seed=3)
    torch.manual_seed(2)
    shared_colorist.cache_clear()  # the same also by another that is opened
    assert np.array_equal(one, paint(weights, frame, guides(frame)[told], seed=3))


def test_one_colorist_paints_drawing_after_drawing_alike(weights: Path) -> None:
    """Nothing of one call is left for the next."""
    frame, colorist = drawing(), open_colorist(weights)
    regions, knobs = find_regions(frame), Knobs(seed=1, steps=2)
    first = colorist.paint(frame, regions, Guide(), knobs)
    colorist.paint(frame, regions, guides(frame)["all"], Knobs(seed=2, steps=2))
    assert np.array_equal(first, colorist.paint(frame, regions, Guide(), knobs))


@pytest.mark.parametrize(("width", "height"), [(127, 93), (31, 96), (97, 17)])
def test_odd_sizes_are_painted(weights: Path, width: int, height: int) -> None:
    frame = drawing(width, height)
    rgb = paint(weights, frame, guides(frame)["all"])
    assert np.isfinite(rgb).all() and rgb.shape[2] == 3


def test_a_drawing_without_a_line_is_painted(weights: Path) -> None:
    frame = Frame(1, np.zeros((40, 56, 4), np.uint8), np.zeros((40, 56), bool))
    for guide in guides(frame).values():
        assert np.isfinite(paint(weights, frame, guide)).all()


@pytest.mark.parametrize("guidance", [0.0, 1.0, 4.0])
def test_every_guidance_gives_colors(weights: Path, guidance: float) -> None:
    frame = drawing()
    rgb = paint(weights, frame, guides(frame)["all"], guidance=guidance)
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1


def test_with_strength_0_the_image_comes_back(weights: Path) -> None:
    frame = drawing()
    guide = guides(frame)["image"]
    assert guide.image is not None
    rgb = paint(weights, frame, guide, strength=0)
    assert rgb.shape == guide.image.shape
    assert np.abs(rgb - guide.image / np.float32(255)).max() < 1 / 255


def test_its_painting_is_flat_and_keeps_what_was_told(weights: Path) -> None:
    frame = drawing()
    regions = find_regions(frame)
    palette = Palette(np.array([[200, 40, 50, 255], [60, 90, 160, 255]], np.uint8))
    told = {1: (1, 2, 3, 255)}
    knobs = Knobs(steps=2)
    colors = propose_painting(frame, regions, Guide(), knobs, open_colorist(weights), palette, told)
    assert colors.shape == (regions.count + 1, 4)
    assert tuple(colors[1]) == told[1]
    assert {tuple(c) for c in colors[2:].tolist() if c[3]} <= {tuple(c) for c in palette.colors.tolist()}


def test_every_colorist_has_a_row() -> None:
    assert set(TINY) == set(base._COLORISTS)


def test_weights_of_another_kind_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "noise.safetensors").write_bytes(b"\x80\x04" * 40)
    with pytest.raises(ReadError, match=r"noise\.safetensors.*framecolor train"):
        open_colorist(tmp_path / "noise.safetensors")
