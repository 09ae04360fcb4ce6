"""The region head: given colors reach regions exactly, and only given colors are used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from smallest import make_network

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.colorists.region_head import RegionHead, gather_offer
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Regions
from framecolor.errors import ReadError
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.matching.choices import FARTHEST, measure_apart, measure_near, spread_strokes
from framecolor.networks.certainty import Certainty
from framecolor.networks.checkpoint import save_colorist
from framecolor.networks.shipped import WEIGHTS, find_model

RED, BLUE, GREEN = (220, 40, 40), (40, 90, 220), (30, 160, 60)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def head() -> RegionHead:
    return RegionHead(make_network("chooser"))


def rooms() -> tuple[Frame, Regions]:
    """Three rooms in a row, in paper."""
    drawing = np.zeros((96, 160, 4), np.uint8)
    for left in (20, 60, 100):
        drawing[[20, 80], left : left + 41] = drawing[20:81, left] = drawing[20:81, left + 40] = (0, 0, 0, 255)
    frame = read_drawing(1, drawing)
    return frame, find_regions(frame)


def dots(*spots: tuple[int, int, tuple[int, int, int]]) -> Hint:
    rgb, confidence = np.zeros((96, 160, 3), np.uint8), np.zeros((96, 160), np.float32)
    for x, y, color in spots:
        rgb[y - 2 : y + 3, x - 2 : x + 3], confidence[y - 2 : y + 3, x - 2 : x + 3] = color, 1
    return Hint(rgb, confidence)


def look_up(picture: np.ndarray, *spots: tuple[int, int]) -> list[tuple[int, ...]]:
    return [tuple(np.rint(255 * picture[y, x]).astype(int).tolist()) for x, y in spots]


def test_strokes_are_exact_in_their_regions_and_others_take_their_colors(head: RegionHead) -> None:
    frame, regions = rooms()
    hint = dots((40, 50, RED), (120, 50, BLUE))
    soft = np.full((*regions.size, 3), 0.5, np.float32)
    for certainty in (None, Certainty()):
        picture = head.paint(frame, regions, Conditioning(hint=hint), SamplingOptions(), soft, certainty)
        first, middle, last, paper = look_up(picture, (40, 50), (80, 50), (120, 50), (5, 5))
        assert (first, last, paper) == (RED, BLUE, (255, 255, 255))
        assert middle in (RED, BLUE, (255, 255, 255))


def test_a_dot_beside_the_figure_leaves_the_paper_white(head: RegionHead) -> None:
    frame, regions = rooms()
    hint = dots((5, 5, RED), (40, 50, BLUE))
    picture = head.paint(frame, regions, Conditioning(hint=hint), SamplingOptions())
    assert look_up(picture, (5, 5), (40, 50)) == [(255, 255, 255), BLUE]


def test_a_palette_gives_its_colors_alone(head: RegionHead) -> None:
    frame, regions = rooms()
    picture = np.array([[RED] * 8 + [GREEN] * 2], np.uint8)
    given = Conditioning(histogram=color_histogram(picture), reference=picture)
    painted = head.paint(frame, regions, given, SamplingOptions())
    assert set(look_up(painted, (40, 50), (80, 50), (120, 50))) <= {RED, GREEN, (255, 255, 255)}


def test_a_stroke_near_to_a_color_of_the_palette_keeps_its_own_color() -> None:
    _, regions = rooms()
    picture = np.array([[RED] * 8 + [GREEN] * 2], np.uint8)
    near = (RED[0] - 5, *RED[1:])
    given = Conditioning(dots((40, 50, near)), color_histogram(picture), picture)
    offer = gather_offer(regions, given)
    assert offer.rgb.tolist() == [[255, 255, 255], list(near), list(GREEN)]
    np.testing.assert_allclose(offer.share, [0, 0.8, 0.2], atol=1e-6)


def test_without_colors_or_guidance_the_soft_color_stays(head: RegionHead) -> None:
    frame, regions = rooms()
    soft = np.random.default_rng(0).random((*regions.size, 3), np.float32)
    hinted = Conditioning(hint=dots((40, 50, RED)))
    for given, options in ((Conditioning(), SamplingOptions()), (hinted, SamplingOptions(guidance=0))):
        assert head.paint(frame, regions, given, options, soft) is soft


def test_regions_outside_of_the_mask_give_their_colors(head: RegionHead) -> None:
    frame, regions = rooms()
    image = np.full((96, 160, 3), 255, np.uint8)
    image[21:80, 21:60] = GREEN
    mask = np.zeros((96, 160), bool)
    mask[:, 62:] = True
    given = Conditioning(dots((120, 50, BLUE)), image=image, mask=mask)
    picture = head.paint(frame, regions, given, SamplingOptions())
    first, middle, last = look_up(picture, (40, 50), (80, 50), (120, 50))
    assert (first, last) == (GREEN, BLUE)
    assert middle in (GREEN, BLUE, (255, 255, 255))


def test_strokes_flow_through_neighbors_and_not_through_paper() -> None:
    contact = np.array([[0, 0.5, 0, 0], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0, 1, 0]], np.float32)
    place = np.array([[0, 0], [1, 0], [2, 0], [3, 0]], np.float32)
    stroke = np.array([0, -1, -1, -1])
    flow = spread_strokes(contact, np.array([False, False, True, False]), stroke, 1)[:, 0]
    assert flow[0] == 1
    assert flow[1] > 0.9
    assert flow[3] < 1e-3
    near = measure_near(measure_apart(place, contact), np.array([0, -1, -1, 1]), 2)
    assert near.argmin(axis=1).tolist() == [0, 0, 1, 1]
    assert measure_apart(place, np.zeros((4, 4), np.float32))[0, 1] == FARTHEST


def test_a_sure_system_changes_an_unsure_choice() -> None:
    soft, colors = torch.tensor([[0.9, 0.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    certainty = Certainty()
    with torch.no_grad():
        little = certainty(soft, colors)
        certainty.log_precision += 1
        more = certainty(soft, colors)
    assert little[0, 0] > little[0, 1]
    assert more[0, 0] - more[0, 1] > little[0, 0] - little[0, 1]


def test_older_weights_are_refused_by_name(tmp_path: Path) -> None:
    network = make_network("paintstorch")
    del network.certainty
    save_colorist(network, tmp_path / "old.safetensors")
    with pytest.raises(ReadError, match=r"earlier version of paintstorch.*train it again"):
        open_colorist(tmp_path / "old.safetensors")


def test_a_model_is_found_by_name_unless_there_is_such_a_file(tmp_path: Path) -> None:
    assert find_model("diffusion", tmp_path) == WEIGHTS / "diffusion.safetensors"
    assert find_model("mine.safetensors", tmp_path) == tmp_path / "mine.safetensors"
    assert find_model("style", tmp_path) == Path("style")
    with pytest.raises(ReadError, match=r"cyclegan: is a system whose weights do not ship.*framecolor train cyclegan"):
        find_model("cyclegan", tmp_path)
    (tmp_path / "diffusion").touch()
    assert find_model("diffusion", tmp_path) == tmp_path / "diffusion"
