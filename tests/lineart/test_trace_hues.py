"""Trace lines of any hue: learned from the keys or told by a map, antialiased or not, and the side that takes them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from framecolor import Settings, SettingsError, Shot, colorize
from framecolor.config.trace_map import parse_trace_map
from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.keys.drawing_style import judge_style
from framecolor.keys.key_drawing import make_key_drawing
from framecolor.lineart.drawn import read_lines
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image, write_image

HUES = {"red": (255, 0, 0), "orange": (255, 128, 0), "yellow-green": (128, 255, 0), "cyan": (0, 255, 255),
        "blue": (0, 0, 255), "magenta": (255, 0, 255)}  # fmt: skip
BASE, SHADOW, PAPER, INK = (230, 180, 150, 255), (170, 120, 100, 255), (255, 255, 255, 0), (0, 0, 0, 255)
SIZE = (120, 160)


def draw(hue: tuple[int, int, int], *, soft: bool, light_side: bool = False, x: int = 80) -> tuple[np.ndarray, ...]:
    """A box with a trace line down its middle on white, and its key, whose shadow or base takes the line."""
    line, trace = (np.zeros(SIZE, np.uint8) for _ in range(2))
    kind = cv2.LINE_AA if soft else cv2.LINE_8
    cv2.rectangle(line, (20, 20), (140, 100), 255, 2, kind)
    cv2.line(trace, (x, 22), (x - 10, 98), 255, 3, kind)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    is_left = columns < x - 10 * (rows - 22) / 76
    inside = (rows >= 20) & (rows <= 100) & (columns >= 20) & (columns <= 140)
    painted = np.zeros((*SIZE, 4), np.uint8)
    painted[:] = PAPER
    covered = trace > 0
    is_shadow = np.where(covered, not light_side, is_left)
    painted[inside] = np.where(is_shadow[..., None], SHADOW, BASE)[inside]
    ink = np.dstack([np.zeros((*SIZE, 3), np.uint8), line])
    painted = lay_over(ink, painted)
    colored = np.dstack([np.full((*SIZE, 3), hue, np.uint8), np.where(line > 0, 0, trace).astype(np.uint8)])
    white = np.full((*SIZE, 4), 255, np.uint8)
    return lay_over(ink, lay_over(colored, white)), painted, covered & (line == 0)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", HUES)
def test_a_hue_that_the_key_paints_over_is_a_trace_line(name: str, soft: bool) -> None:
    line, painted, trace = draw(HUES[name], soft=soft)
    style = judge_style({1: line}, {1: painted}, Settings())
    learned = name not in ("red", "blue")
    assert style.settings.trace == (name if learned else "auto")
    assert bool(style.notes) == learned
    frame = read_lines(1, line, style.settings)
    assert (frame.trace == trace).mean() > 0.999
    assert not (np.ptp(frame.ink[..., :3], axis=2) > 0)[frame.ink[..., 3] > 0].any()


def test_lines_that_the_key_shows_stay_ink_in_any_hue() -> None:
    line, painted, trace = draw(HUES["cyan"], soft=False)
    painted[trace] = (*HUES["cyan"], 255)
    style = judge_style({1: line}, {1: painted}, Settings())
    assert style.settings == Settings() and style.notes == ()
    assert not read_lines(1, line, style.settings).trace.any()


def test_a_key_without_lines_tells_nothing_about_hues() -> None:
    line, painted, _ = draw(HUES["cyan"], soft=False)
    painted[(painted == INK).all(axis=2)] = SHADOW
    assert judge_style({1: line}, {1: painted}, Settings()).settings.trace == "auto"


def test_a_map_says_what_hues_mean() -> None:
    line, _, trace = draw(HUES["orange"], soft=True)
    told = Settings(trace="orange=second shadow, red=ink")
    assert (read_lines(1, line, told).trace == trace).mean() > 0.999
    red = draw(HUES["red"], soft=False)[0]
    assert not read_lines(1, red, told).trace.any() and read_lines(1, red, Settings()).trace.any()
    assert parse_trace_map(" red = highlight,cyan") == {"red": "highlight", "cyan": "trace"}
    for wrong in ("reddish=shadow", "red=light", "red,red", "", "red=shadow,"):
        with pytest.raises(SettingsError, match="trace: cannot be"):
            Settings(trace=wrong)


@pytest.mark.parametrize("light_side", [False, True])
@pytest.mark.parametrize("name", ["blue", "yellow-green"])
def test_pixels_of_trace_lines_go_to_the_side_that_the_key_shows(tmp_path: Path, name: str, light_side: bool) -> None:
    truth = {}
    for number in (1, 2):
        line, painted, trace = draw(HUES[name], soft=False, light_side=light_side, x=76 + 4 * number)
        write_image(tmp_path / "line" / f"{number}.png", line)
        truth[number] = painted, trace
    write_image(tmp_path / "keys" / "1.png", truth[1][0])
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings())
    right = [(read_image(tmp_path / "color" / f"{n}.png") == p).all(axis=2)[t].mean() for n, (p, t) in truth.items()]
    assert right[0] == 1 and right[1] >= 0.98


def test_without_a_key_that_shows_it_the_darker_side_takes_the_line(tmp_path: Path) -> None:
    line, painted, _ = draw(HUES["blue"], soft=False)
    other, truth, trace = draw(HUES["red"], soft=False, x=84)
    for number, drawing in ((1, line), (2, other)):
        write_image(tmp_path / "line" / f"{number}.png", drawing)
    write_image(tmp_path / "keys" / "1.png", painted)
    colorize(Shot.open(tmp_path), tmp_path / "color", Settings())
    painted = read_image(tmp_path / "color" / "2.png")
    assert (painted == truth).all(axis=2)[trace].mean() >= 0.98


def test_where_ink_and_a_trace_line_mix_only_the_ink_stays() -> None:
    line = np.full((40, 40, 4), 255, np.uint8)
    line[:, 10:14, :3] = 0
    line[20:23, 15:, :3] = (255, 0, 0)
    line[20:23, 14, :3] = (128, 0, 0)
    line[19, 20:30, :3] = (253, 252, 252)  # too faint to be found as a line
    frame = read_drawing(1, line)
    assert frame.ink[21, 14].tolist() == [0, 0, 0, 127] and not frame.ink[19, 20:30].any()
    assert lay_over_color(frame.ink)[5, 12].tolist() == [0, 0, 0]


def test_forgotten_pixels_are_counted_by_hue_and_meaning() -> None:
    line, painted, trace = draw(HUES["red"], soft=False)
    second, _, other = draw(HUES["cyan"], soft=False, x=110)
    line = np.where(other[..., None], second, line)
    rows, columns = np.nonzero(trace)
    painted[rows[60:63], columns[60:63]] = (255, 0, 0, 255)
    rows, columns = np.nonzero(other)
    painted[rows[30:34], columns[30:34]] = (0, 255, 255, 255)
    key = make_key_drawing(1, line, painted, Settings(trace="red=highlight, cyan=second shadow"))
    text = next(fault.text for fault in key.faults if fault.kind == "trace")
    assert text == "7 pixels of trace lines were forgotten (4 of cyan second shadow lines, 3 of red highlight lines)"
