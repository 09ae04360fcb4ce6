"""Lines that keys recolor keep their colors in every frame: in files, layers, mattes and palettes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawings import COAT, PAPER, SCARF, SKIN, draw
from numpy.typing import NDArray

from framecolor import Settings, Shot, color_frames, colorize, recolor_frames
from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.keys.checks.judge import find_faults
from framecolor.keys.key_drawing import make_key_drawing
from framecolor.media import read_image, read_numbers, read_swatches, write_image
from framecolor.output.cryptomatte import make_id, read_layers
from framecolor.output.manifest import Manifest
from framecolor.pipeline.colorize import prepare

BROWN, RED, BLACK = (110, 60, 30, 255), (150, 40, 40, 255), (0, 0, 0, 255)
SIZE = (192, 256)
KEYS, NUMBERS = (1,), (1, 2, 3)
Pixels = NDArray[np.uint8]


def draw_recolored(step: int, *, soft: bool = True) -> tuple[Pixels, Pixels, Pixels]:
    """A figure whose head has red lines and whose coat has brown ones; the scarf keeps the black of the drawing.

    Returns the line art, the painted frame, and the true color of each pixel with ink.
    """
    x = 72 + 6 * step
    kind = cv2.LINE_AA if soft else cv2.LINE_8
    paint = np.zeros((*SIZE, 4), np.uint8)
    paint[:] = PAPER
    ink, color = np.zeros(SIZE, np.uint8), np.zeros((*SIZE, 4), np.uint8)
    for center, axes, fill, stroke in (((x, 124), (44, 40), COAT, BROWN), ((x, 56), (28, 32), SKIN, RED)):
        shape, line = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
        cv2.ellipse(shape, center, axes, 0, 0, 360, 255, -1)
        cv2.ellipse(line, center, axes, 0, 0, 360, 255, 3, kind)
        inside = (shape > 0) & (line == 0)
        paint[shape > 0], ink[inside], color[inside] = fill, 0, 0
        ink, color[line > 0] = np.maximum(ink, line), stroke
    shape, line = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    cv2.rectangle(shape, (x - 28, 84), (x + 28, 100), 255, -1)
    cv2.rectangle(line, (x - 28, 84), (x + 28, 100), 255, 3)
    inside = (shape > 0) & (line == 0)
    paint[shape > 0], ink[inside], color[inside] = SCARF, 0, 0
    ink, color[line > 0] = np.maximum(ink, line), BLACK
    drawing = np.dstack([np.zeros((*SIZE, 3), np.uint8), ink])
    return drawing, lay_over(np.dstack([color[..., :3], ink]), paint), color


def make_recolored(folder: Path, **options: bool) -> dict[int, tuple[Pixels, Pixels, Pixels]]:
    frames = {number: draw_recolored(number - 1, **options) for number in NUMBERS}
    for number, (line, painted, _) in frames.items():
        write_image(folder / "line" / f"{number}.png", line)
        if number in KEYS:
            write_image(folder / "keys" / f"{number}.png", painted)
    return frames


def share_right(picture: Pixels, frame: tuple[Pixels, Pixels, Pixels], levels: int = 0) -> float:
    line, painted, _ = frame
    off = np.abs(picture.astype(int) - painted).max(axis=2)
    return float((off <= levels)[line[..., 3] > 240].mean())


@pytest.mark.parametrize("soft", [False, True])
def test_every_frame_has_the_line_colors_of_the_key(tmp_path: Path, soft: bool) -> None:
    frames = make_recolored(tmp_path, soft=soft)
    outcome = colorize(Shot.open(tmp_path), tmp_path / "color", Settings())
    assert outcome.warnings == ()
    assert np.array_equal(read_image(tmp_path / "color" / "1.png"), frames[1][1])
    for number in (2, 3):
        picture = read_image(tmp_path / "color" / f"{number}.png")
        assert share_right(picture, frames[number]) >= 0.95
        soft_ink = (frames[number][0][..., 3] > 0) & (frames[number][0][..., 3] < 240)
        assert not soft or np.abs(picture.astype(int) - frames[number][1]).max(axis=2)[soft_ink].mean() < 12


def test_over_lays_the_drawing_over_the_paint_and_none_leaves_lines_out(tmp_path: Path) -> None:
    frames = make_recolored(tmp_path)
    opaque = frames[2][0][..., 3] == 255
    for line in ("over", "none", "layer"):
        colorize(Shot.open(tmp_path), tmp_path / line, Settings(line=line))
    assert (read_image(tmp_path / "over" / "2.png")[opaque] == BLACK).all()
    fills = {tuple(c) for c in np.unique(read_image(tmp_path / "none" / "2.png").reshape(-1, 4), axis=0).tolist()}
    assert fills <= {COAT, SKIN, SCARF, PAPER}
    layer = read_image(tmp_path / "layer" / "line" / "2.png")
    assert np.array_equal(layer[..., 3], frames[2][0][..., 3])
    assert {BROWN, RED, BLACK} <= {tuple(c) for c in np.unique(layer[opaque], axis=0).tolist()}


def test_without_recolored_keys_color_is_over_to_the_bit(tmp_path: Path) -> None:
    for step in range(3):
        line, painted = draw(step)
        write_image(tmp_path / "line" / f"{step}.png", line)
        if step == 0:
            write_image(tmp_path / "keys" / "0.png", painted)
    for line in ("color", "over"):
        colorize(Shot.open(tmp_path), tmp_path / line, Settings(line=line, mattes=True))
    for step in range(3):
        assert (tmp_path / "color" / f"{step}.png").read_bytes() == (tmp_path / "over" / f"{step}.png").read_bytes()
    assert not (tmp_path / "color" / "line-matte").exists()


def test_a_key_whose_ink_is_a_little_off_black_recolors_nothing() -> None:
    line, painted = draw(0, (192, 256))
    painted[(painted == BLACK).all(axis=2)] = (42, 28, 12, 255)
    assert make_key_drawing(0, line, painted, Settings()).lines is None


def save_as_jpeg(key: Pixels, quality: int) -> Pixels:
    data = cv2.imencode(".jpg", key[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    rgb = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def scale(picture: Pixels, factor: float, how: int) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how), np.uint8)


@pytest.mark.parametrize("kind", ["gray", "jpeg", "scaled", "thin"])
def test_lines_are_learned_from_keys_and_drawings_of_many_kinds(kind: str) -> None:
    line, painted, _ = draw_recolored(0)
    key = np.dstack([lay_over_color(painted), np.full(SIZE, 255, np.uint8)])
    if kind == "gray":
        line[..., 3] = line[..., 3] * 0.75
    elif kind == "jpeg":
        key = save_as_jpeg(key, 92)
    elif kind == "scaled":
        key = scale(key, 1.1, cv2.INTER_LINEAR)
    else:
        line, key = (scale(one, 0.5, cv2.INTER_AREA) for one in (line, key))
    lines = make_key_drawing(1, line, key, Settings()).lines
    assert lines is not None
    for color in (BROWN, RED):
        assert np.abs(lines.colors.astype(int) - color).max(axis=1).min() <= (0 if kind == "gray" else 14)


@pytest.mark.parametrize("gray", [0.8, 0.45])
def test_lines_drawn_in_gray_are_as_black_as_the_key_shows_them(tmp_path: Path, gray: float) -> None:
    frames = make_recolored(tmp_path)
    for number in NUMBERS:
        line = frames[number][0].copy()
        line[..., 3] = line[..., 3] * gray
        write_image(tmp_path / "line" / f"{number}.png", line)
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings())
    assert share_right(read_image(tmp_path / "color" / "2.png"), frames[2], levels=3) >= 0.95


@pytest.mark.parametrize("factor, quality", [(1, 90), (4, 80)])
def test_a_jpeg_tells_narrow_fills_and_its_lines_however_large_the_flat_ones_are(factor: int, quality: int) -> None:
    line, painted, _ = draw_recolored(0, soft=False)
    line, painted = (scale(one, factor, cv2.INTER_NEAREST) for one in (line, painted))
    key = save_as_jpeg(lay_over_color(painted), quality)
    result = next(iter(color_frames({1: line}, {1: key})))
    for color in (COAT, SKIN, SCARF, BROWN, RED):
        assert np.abs(result.palette.astype(int) - color).max(axis=1).min() <= 4


def test_keys_that_recolor_lines_have_no_fault_but_moved_ones_do() -> None:
    line, painted, _ = draw_recolored(0)
    key = make_key_drawing(1, line, painted, Settings())
    assert key.lines is not None and {tuple(c) for c in key.lines.colors.tolist()} == {BROWN, RED}
    assert find_faults({1: key}) == []
    moved = make_key_drawing(1, line, np.roll(painted, (5, 7), (0, 1)), Settings())
    assert [fault.kind for fault in moved.faults] == ["moved"] and moved.lines is not None


def test_lines_between_the_same_fills_are_told_apart_by_their_place() -> None:
    """Two strokes inside of one region, brown to the left and red to the right."""
    frames = {}
    for number, shift in ((1, 0), (2, 9)):
        line, painted = np.zeros((160, 200, 4), np.uint8), np.zeros((160, 200, 4), np.uint8)
        cv2.ellipse(painted, (90 + shift, 80), (70, 60), 0, 0, 360, SKIN, -1)
        cv2.ellipse(painted, (90 + shift, 80), (70, 60), 0, 0, 360, BLACK, 3)
        cv2.ellipse(line, (90 + shift, 80), (70, 60), 0, 0, 360, BLACK, 3)
        for x, stroke in ((60, BROWN), (120, RED)):
            cv2.line(line, (x + shift, 60), (x + shift + 6, 90), BLACK, 3)
            cv2.line(painted, (x + shift, 60), (x + shift + 6, 90), stroke, 3)
        frames[number] = line, painted
    lines = {number: line for number, (line, _) in frames.items()}
    result = {frame.number: frame for frame in color_frames(lines, {1: frames[1][1]})}
    line, painted = frames[2]
    assert (result[2].rgba == painted).all(axis=2)[line[..., 3] > 0].mean() >= 0.98
    assert [tuple(c) for c in result[2].palette.tolist()][-1] == BLACK


def test_a_line_that_no_key_shows_is_listed_as_a_doubt(tmp_path: Path) -> None:
    make_recolored(tmp_path)
    line = read_image(tmp_path / "line" / "2.png")
    cv2.rectangle(line, (150, 100), (200, 150), BLACK, 3)  # a thing of unknown color, beside known fills
    cv2.line(line, (60, 150), (100, 110), BLACK, 3)
    write_image(tmp_path / "line" / "2.png", line)
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings(mattes=True))
    manifest = Manifest.read(tmp_path / "color")
    doubts = [region for region in manifest.frames[1].unsure if region.line]
    assert doubts and all(manifest.palette[one.color][3] and one.area >= 24 for one in doubts)


def test_mattes_know_the_colors_of_lines_and_a_palette_changes_them(tmp_path: Path) -> None:
    frames = make_recolored(tmp_path)
    out = tmp_path / "color"
    colorize(Shot.open(tmp_path), out, Settings(mattes=True))
    swatches = read_swatches(out / "palette.gpl")
    ids = {one.color: k for k, one in enumerate(swatches, start=1)}
    assert {one.name for one in swatches} >= {"line #6E3C1E", "line #962828"}
    matte = read_numbers(out / "line-matte" / "2.png")
    line = frames[2][0]
    assert set(np.unique(matte)) == {0, ids[BROWN], ids[RED]} and not matte[line[..., 3] == 0].any()
    recolor_frames(out, out / "palette.gpl", tmp_path / "same")
    assert (tmp_path / "same" / "2.png").read_bytes() == (out / "2.png").read_bytes()
    text = (out / "palette.gpl").read_text()
    (tmp_path / "night.gpl").write_text(text.replace("110  60  30", " 10  20  90"))
    assert (tmp_path / "night.gpl").read_text() != text
    recolor_frames(out, tmp_path / "night.gpl", tmp_path / "night")
    night = read_image(tmp_path / "night" / "2.png")
    brown = (matte == ids[BROWN]) & (line[..., 3] == 255)
    assert (night[brown] == (10, 20, 90, 255)).all()


def test_mattes_by_name_tell_the_colors_of_lines_apart(tmp_path: Path) -> None:
    frames = make_recolored(tmp_path)
    out = tmp_path / "color"
    colorize(Shot.open(tmp_path), out, Settings(mattes=True, cryptomatte=True))
    layers = read_layers(out / "cryptomatte" / "2.exr", SIZE)
    ids = {one.color: k for k, one in enumerate(read_swatches(out / "palette.gpl"), start=1)}
    matte, alpha = read_numbers(out / "line-matte" / "2.png"), frames[2][0][..., 3] / np.float32(255)
    for first, names in ((0, {"line": 0, "line #6E3C1E": ids[BROWN], "line #962828": ids[RED]}), (4, {"line": None})):
        for name, number in names.items():
            value = np.uint32([make_id(name)]).view(np.float32)
            found = sum(np.where(layers[..., k] == value, layers[..., k + 1], 0) for k in (first, first + 2))
            assert np.allclose(found, alpha if number is None else np.where(matte == number, alpha, 0))
    header = (out / "cryptomatte" / "2.exr").read_bytes()[:2000]
    assert header.count(b"line #") == 2 and b'"#6e3c1e"' not in header, "names that nothing has are left out"


def test_the_frame_of_a_key_without_lines_has_the_line_colors_of_the_other_keys(tmp_path: Path) -> None:
    frames = make_recolored(tmp_path)
    line, bare = frames[3][0].copy(), frames[3][1].copy()
    for _ in range(6):  # the fills grow over the lines
        for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
            moved, seen = np.roll(bare, shift, axis), np.roll(line[..., 3], shift, axis)
            grown = (line[..., 3] > 0) & (seen == 0)
            bare[grown], line[..., 3][grown] = moved[grown], 0
    write_image(tmp_path / "keys" / "3.png", bare)
    prepare(Shot.open(tmp_path), tmp_path / "parts", Settings())  # kept keys know it, too
    for out in ("color", "parts"):
        colorize(Shot.open(tmp_path), tmp_path / out, Settings())
        assert share_right(read_image(tmp_path / out / "3.png"), frames[3]) >= 0.95


def test_a_key_that_shows_lines_as_drawn_keeps_them_in_its_frame(tmp_path: Path) -> None:
    frames = make_recolored(tmp_path)
    line, painted, _ = frames[3]
    black = lay_over(line, painted)
    write_image(tmp_path / "keys" / "3.png", black)
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings(mattes=True))
    assert np.array_equal(read_image(tmp_path / "color" / "3.png"), black)
    assert share_right(read_image(tmp_path / "color" / "2.png"), frames[2]) >= 0.95


def draw_strokes(chips: int) -> tuple[Pixels, Pixels]:
    """Two strokes inside of one region, brown to the left and red to the right, below a row of chips."""
    line, painted = np.zeros((160, 200, 4), np.uint8), np.zeros((160, 200, 4), np.uint8)
    cv2.ellipse(painted, (90, 86), (70, 60), 0, 0, 360, SKIN, -1)
    for k in range(chips):
        cv2.circle(painted, (12 + 25 * k, 12), 8, COAT, -1)
    for picture in (line, painted):
        cv2.ellipse(picture, (90, 86), (70, 60), 0, 0, 360, BLACK, 3)
        for k in range(chips):
            cv2.circle(picture, (12 + 25 * k, 12), 8, BLACK, 2)
    for x, stroke in ((60, BROWN), (120, RED)):
        cv2.line(line, (x, 60), (x + 6, 90), BLACK, 3)
        cv2.line(painted, (x, 60), (x + 6, 90), stroke, 3)
    return line, painted


def test_keys_of_one_number_and_different_letters_keep_their_lines_apart(tmp_path: Path) -> None:
    frames = {name: draw_strokes(chips) for name, chips in (("1", 0), ("1a", 3), ("2", 0), ("3", 4))}
    for name, (line, painted) in frames.items():
        write_image(tmp_path / "line" / f"A{name}.png", line)
        if name in ("1", "1a"):
            write_image(tmp_path / "keys" / f"A{name}.png", painted)
    colorize(Shot.open(tmp_path), tmp_path / "whole", Settings())
    prepare(Shot.open(tmp_path), tmp_path / "parts", Settings())
    colorize(Shot.open(tmp_path, frames="2-3"), tmp_path / "parts", Settings())
    for name in ("2", "3"):
        picture, ink = read_image(tmp_path / "whole" / f"A{name}.png"), frames[name][0][..., 3] > 0
        assert (picture == frames[name][1]).all(axis=2)[ink].mean() >= 0.98
        assert (tmp_path / "parts" / f"A{name}.png").read_bytes() == (tmp_path / "whole" / f"A{name}.png").read_bytes()


def test_tasks_of_a_farm_paint_the_same_lines(tmp_path: Path) -> None:
    make_recolored(tmp_path)
    colorize(Shot.open(tmp_path), tmp_path / "whole", Settings())
    prepare(Shot.open(tmp_path), tmp_path / "parts", Settings())
    colorize(Shot.open(tmp_path, frames="2"), tmp_path / "parts", Settings())
    assert (tmp_path / "parts" / "2.png").read_bytes() == (tmp_path / "whole" / "2.png").read_bytes()


def test_layers_of_a_psd_have_colored_lines(tmp_path: Path) -> None:
    psd_tools = pytest.importorskip("psd_tools")
    frames = make_recolored(tmp_path)
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings(format="psd"))
    layers = {layer.name: np.array(layer.topil()) for layer in psd_tools.PSDImage.open(tmp_path / "color" / "2.psd")}
    opaque = frames[2][0][..., 3] == 255
    assert {BROWN, RED} <= {tuple(c) for c in np.unique(layers["line"][opaque], axis=0).tolist()}
