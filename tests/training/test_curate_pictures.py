"""One painting: clean flats, lines by every method, simulated hints, histogram, junk and duplicates."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from framecolor.core.histogram import BINS, bin_colors, color_histogram
from framecolor.training.curate.codec import (
    decode_color,
    decode_flat,
    decode_line,
    encode_color,
    encode_flat,
    encode_line,
)
from framecolor.training.curate.duplicates import Duplicates, sign_picture
from framecolor.training.curate.flats import clean_flats
from framecolor.training.curate.junk import find_junk, find_size_junk
from framecolor.training.curate.picture import curate_picture, lay_on_paper
from framecolor.training.extract_lines import METHODS, Method, extract_lines, find_borders
from framecolor.training.simulate_hints import draw_strokes, sample_flats, white_out

Picture = NDArray[np.uint8]
COLORS = ((255, 255, 255), (60, 90, 160), (250, 214, 180), (200, 40, 50), (180, 30, 40))


def draw_figure(size: int = 256, x: int = 0) -> NDArray[np.uint8]:
    """The fills of a figure, uint8 SxS: indices of COLORS."""
    fills = np.zeros((size, size), np.uint8)
    unit = size / 256

    def at(*values: float) -> tuple[int, ...]:
        return tuple(round(value * unit) for value in values)

    cv2.ellipse(fills, at(128 + x, 180), at(60, 55), 0, 0, 360, 1, -1)
    cv2.circle(fills, at(128 + x, 80), round(48 * unit), 2, -1)
    cv2.rectangle(fills, at(90 + x, 120), at(166 + x, 145), 3, -1)
    cv2.rectangle(fills, at(90 + x, 133), at(166 + x, 145), 4, -1)
    return fills


def paint(fills: NDArray[np.uint8], colors: tuple[tuple[int, int, int], ...] = COLORS, ink_px: int = 0) -> Picture:
    rgb = np.array(colors, np.uint8)[fills]
    if ink_px:
        borders = find_borders(fills).astype(np.uint8)
        ink = cv2.dilate(borders, np.ones((ink_px, ink_px), np.uint8)) * 255
        soft = cv2.GaussianBlur(ink, (3, 3), 0.6)[..., None] / 255
        rgb = (rgb * (1 - soft)).round().astype(np.uint8)
    return rgb


def compress(rgb: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.mark.parametrize("quality", [100, 90, 75])
def test_flats_of_a_compressed_flat_drawing_are_exact(quality: int) -> None:
    fills = draw_figure()
    flat, palette = clean_flats(compress(paint(fills), quality))
    assert len(palette) == len(COLORS)
    right = np.abs(palette[flat].astype(int) - np.array(COLORS)[fills]).max(axis=2) <= 8
    assert right.mean() > 0.998
    assert np.flatnonzero(np.bincount(flat.ravel())).tolist() == list(range(len(COLORS)))


def test_flats_of_a_clean_drawing_are_exact_to_the_bit() -> None:
    fills = draw_figure()
    flat, palette = clean_flats(paint(fills))
    assert (palette[flat] == np.array(COLORS)[fills]).all()
    assert palette[0].tolist() == [255, 255, 255]  # the largest first


@pytest.mark.parametrize("ink_px", [2, 5])
def test_ink_goes_to_the_nearest_fill(ink_px: int) -> None:
    fills = draw_figure()
    flat, palette = clean_flats(paint(fills, ink_px=ink_px))
    assert {tuple(color) for color in palette.tolist()} == set(COLORS)
    assert (palette[flat] == np.array(COLORS)[fills]).all(axis=2).mean() > 0.97


def test_wide_black_is_a_fill_and_paper_is_its_own() -> None:
    fills = draw_figure()
    rgb = paint(fills, ((255, 255, 255), (0, 0, 0), (255, 255, 255), *COLORS[3:]), ink_px=2)
    flat, palette = clean_flats(rgb, fills == 0)
    black = [tuple(color) for color in palette.tolist()].index((0, 0, 0))
    assert ((flat == black) & (fills == 1)).sum() > 0.9 * (fills == 1).sum()
    assert ((flat == 0) == (fills == 0)).mean() > 0.98
    assert (flat[60:90, 110:140] > 0).all()  # white that is painted is not paper


def test_flats_are_at_most_as_many_as_asked_and_always_the_same() -> None:
    soft = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8), (0, 0), 9)
    soft = cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX)
    first, second = clean_flats(soft), clean_flats(soft)
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()
    assert 2 < len(first[1]) <= 25
    assert len(clean_flats(soft, most_colors=4)[1]) <= 4
    for blank in (np.zeros((40, 40, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8)):
        flat, palette = clean_flats(blank)
        assert (palette[flat] == blank).all()


def overlap(lines: NDArray[np.bool_], borders: NDArray[np.bool_], reach_px: int) -> float:
    """Intersection over union where both may be `reach_px` off."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1,) * 2)
    near_lines, near_borders = (cv2.dilate(m.astype(np.uint8), disk) > 0 for m in (lines, borders))
    found, true = (borders & near_lines).sum(), (lines & near_borders).sum()
    return float((found + true) / (borders.sum() + lines.sum() + 1e-9))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_each_method_finds_the_lines_of_a_drawn_figure(method: Method, seed: int | None) -> None:
    fills = draw_figure()
    rgb = compress(paint(fills, ink_px=3), 90)
    lines = extract_lines(rgb, method, None if seed is None else np.random.default_rng(seed))
    assert lines.dtype == np.bool_ and lines.shape == fills.shape
    assert overlap(lines, find_borders(fills), 4) > 0.9
    assert lines.mean() < 0.12


def test_methods_find_borders_of_fills_without_ink() -> None:
    fills = draw_figure()
    rgb = paint(fills)
    assert overlap(extract_lines(rgb, "boundary"), find_borders(fills), 1) > 0.98
    assert overlap(extract_lines(rgb, "canny"), find_borders(fills), 2) > 0.85
    with pytest.raises(ValueError, match="method"):
        extract_lines(rgb, "pencil")  # pyright: ignore[reportArgumentType]


def test_a_dark_fill_is_no_ink() -> None:
    rgb = paint(draw_figure(), ((255, 255, 255), (20, 15, 25), *COLORS[2:]))
    for method in METHODS:
        assert extract_lines(rgb, method)[170:210, 110:150].mean() == 0


def test_a_curated_picture_holds_all_that_a_training_needs() -> None:
    fills = draw_figure()
    rgba = np.dstack([paint(fills), np.where(fills > 0, 255, 0).astype(np.uint8)])
    item = curate_picture(*lay_on_paper(rgba), rng=np.random.default_rng(0))
    assert item.paper and item.size == (256, 256) and tuple(item.lines) == METHODS
    assert (item.color[fills == 0] == 255).all()
    assert ((item.flat == 0) == (fills == 0)).all()
    assert "5 fills" in repr(item)


def test_pictures_of_a_shard_come_back_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    for height, width in ((17, 33), (1, 1), (96, 131)):
        color = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        flat = rng.integers(0, 7, (height, width), dtype=np.uint8)
        line = rng.random((height, width)) < 0.3
        assert (decode_color(encode_color(color)) == color).all()
        assert (decode_flat(encode_flat(flat, color.reshape(-1, 3)[:7])) == flat).all()
        assert (decode_line(encode_line(line)) == line).all()
    with pytest.raises(ValueError, match="PNG"):
        decode_line(encode_color(color))
    with pytest.raises(ValueError, match="PNG"):
        decode_color(b"nothing")


def test_white_out_keeps_colors_where_they_are_and_loses_some() -> None:
    rgb = paint(draw_figure()).astype(np.float32) / np.float32(255)
    hint = white_out(rgb, np.random.default_rng(0))
    assert hint.shape == rgb.shape and hint.dtype == np.float32
    assert rgb.mean() < hint.mean() < 1
    assert np.abs(np.diff(hint, axis=0)).max() < 0.2  # blurred


def test_strokes_are_short_and_thin() -> None:
    masks = [draw_strokes(128, 128, np.random.default_rng(seed)) for seed in range(8)]
    assert all(set(np.unique(mask)) == {0.0, 1.0} for mask in masks)
    assert 0.001 < np.mean(masks) < 0.2
    assert draw_strokes(64, 64, np.random.default_rng(0), fewest=0, most=1).sum() == 0


def test_dots_have_the_color_of_the_flat_under_them() -> None:
    fills = draw_figure()
    palette = np.array(COLORS, np.uint8)
    marks = 0
    for seed in range(6):
        color, mask = sample_flats(fills, palette, np.random.default_rng(seed))
        assert (color[mask == 0] == 0).all()
        given = (color[mask == 1] * 255).round()
        marks += len(given)
        assert (given == palette[fills[mask == 1]]).all(axis=1).mean() > 0.7  # the rest runs over a border
        assert {tuple(row) for row in given.astype(int).tolist()} <= set(COLORS)
    assert marks > 500


def test_the_histogram_tells_colors_apart() -> None:
    rgb = paint(draw_figure())
    histogram = color_histogram(rgb)
    assert histogram.shape == (BINS,) and histogram.dtype == np.float32
    assert histogram.sum() == pytest.approx(1, abs=1e-5)
    assert histogram[BINS - 1] == pytest.approx((rgb == 255).all(axis=2).mean(), abs=1e-6)
    assert (color_histogram(bin_colors()) == np.float32(1 / BINS)).all()
    weight = (rgb != 255).any(axis=2).astype(np.float32)
    assert color_histogram(rgb, weight)[BINS - 1] == 0
    assert color_histogram(rgb, 0 * weight).sum() == 0


def test_junk_is_named() -> None:
    rng = np.random.default_rng(0)
    figure = paint(draw_figure(), ink_px=2)
    assert find_size_junk(90, 400) == "too small"
    assert find_size_junk(100, 800) == "extreme aspect"
    assert find_size_junk(96, 400) is None
    assert find_junk(np.full((200, 200, 3), 77, np.uint8)) == "blank"
    assert find_junk(np.full((200, 200, 3), 250, np.uint8) + rng.integers(0, 4, (200, 200, 3), np.uint8)) == "blank"
    for tint in ((0, 0, 0), (90, 60, 30)):  # a gray sketch, and one in brown ink on yellowed paper
        ink = extract_lines(figure, "xdog")[..., None]
        assert find_junk(np.where(ink, np.uint8(tint), np.uint8((250, 244, 225)))) == "colorless"
    ink, trace = extract_lines(figure, "canny"), np.roll(extract_lines(figure, "canny"), 9, axis=0)
    drawing = np.where(ink[..., None], np.uint8(0), np.uint8(255)).repeat(3, axis=2)
    drawing[trace] = (255, 0, 0)
    assert find_junk(drawing) == "colorless"  # red trace lines are no paint
    grain = np.clip(figure + rng.normal(0, 14, figure.shape), 0, 255).astype(np.uint8)
    assert find_junk(grain) == "photograph"
    assert find_junk(figure) is None
    assert find_junk(compress(figure, 75)) is None
    assert find_junk(cv2.GaussianBlur(figure, (0, 0), 4)) is None  # soft shading is none


def test_a_page_of_text_is_junk() -> None:
    page = np.full((400, 320, 3), (255, 250, 240), np.uint8)
    for row in range(14):
        cv2.putText(page, "the fox came at last to", (8, 24 + 27 * row), 0, 0.7, (20, 20, 150), 2)
    assert find_junk(page) == "text page"


def test_near_duplicates_are_found_and_recolors_are_none() -> None:
    figure = paint(draw_figure(), ink_px=2)
    seen = Duplicates()
    seen.add(sign_picture(figure))
    for same in (figure, compress(figure, 60), cv2.resize(figure, (201, 201), interpolation=cv2.INTER_AREA)):
        assert seen.find(sign_picture(same)) == 0
    recolored = paint(draw_figure(), (COLORS[0], (90, 160, 60), *COLORS[2:]), ink_px=2)
    mirrored, moved = figure[::-1], paint(draw_figure(x=40), ink_px=2)
    for number, other in enumerate((recolored, mirrored, moved), 1):
        assert seen.find(sign_picture(np.ascontiguousarray(other))) is None
        seen.add(sign_picture(np.ascontiguousarray(other)))
        assert len(seen) == number + 1
    assert seen.find(sign_picture(compress(recolored, 80))) == 1


def test_buckets_miss_no_near_hash() -> None:
    rng = np.random.default_rng(0)
    seen = Duplicates()
    base = sign_picture(paint(draw_figure()))
    hashes = [int(h) for h in rng.integers(0, 2**63, 1500)]
    for value in hashes:
        seen.add(type(base)(value, base.colors))
    for number in (0, 700, 1499):
        flipped = hashes[number]
        for bit in rng.choice(64, 5, replace=False):
            flipped ^= 1 << int(bit)
        assert seen.find(type(base)(flipped, base.colors)) == number
