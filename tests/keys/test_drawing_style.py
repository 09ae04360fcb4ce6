"""How the drawings of a shot are read is decided once, by a few of them and by what the keys show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawings import COAT, PAPER, SKIN, draw

from framecolor import Settings
from framecolor.core.compositing import lay_over_color
from framecolor.core.types import PAPER_BORDER
from framecolor.keys.drawing_style import judge_style
from framecolor.lineart.drawn import find_drawing_settings, read_lines, segment

SIZE = (300, 400)


def on_white(rgba: np.ndarray) -> np.ndarray:
    return np.dstack([lay_over_color(rgba), np.full(rgba.shape[:2], 255, np.uint8)])


def room(openings: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A drawing of a room with a door in the middle, and its key; every side of the room has an opening."""
    line, painted = np.zeros((*SIZE, 4), np.uint8), np.zeros((*SIZE, 4), np.uint8)
    painted[:] = PAPER
    for (left, top, right, bottom), color in (((60, 60, 340, 240), COAT), ((150, 120, 250, 200), SKIN)):
        cv2.rectangle(painted, (left, top), (right, bottom), color, -1)
        for target, value in ((line, (0, 0, 0, 255)), (painted, (0, 0, 0, 255))):
            cv2.rectangle(target, (left, top), (right, bottom), value, 3)
    if openings:
        line[50:70, 200 : 200 + openings] = 0
        line[150 : 150 + openings, 240:260] = 0
    return line, painted


def test_a_clean_shot_is_read_as_before() -> None:
    line, painted = room()
    for background in (lambda picture: picture, on_white):
        style = judge_style({1: background(line)}, {1: background(painted)}, Settings())
        assert style.settings == Settings() and style.notes == ()


@pytest.mark.parametrize("opening", [5, 8, 11])
def test_the_gap_is_the_least_that_keeps_the_paint_of_the_keys_in_its_regions(opening: int) -> None:
    line, painted = room(opening)
    style = judge_style({1: line}, {1: painted}, Settings())
    assert style.settings.gap_px in (4, 6, 8, 12) and style.settings.bridge_px >= opening
    assert len(style.notes) == 1 and "--gap" in style.notes[0]
    regions = segment(read_lines(1, line, style.settings), style.settings)
    assert len({regions.labels[y, x] for y, x in ((5, 5), (90, 100), (160, 200))}) == 3


def test_a_gap_that_is_given_stays() -> None:
    line, painted = room(8)
    settings = Settings(gap_px=2)
    assert judge_style({1: line}, {1: painted}, settings).settings == settings


def test_two_colors_without_a_line_between_them_are_no_leak() -> None:
    line, painted = room()
    painted[65:150, 65:140] = (10, 20, 30, 255)
    assert judge_style({1: line}, {1: painted}, Settings()).settings.gap_px == "auto"


def test_without_keys_the_gap_stays_that_of_clean_drawings() -> None:
    assert judge_style({1: room(8)[0]}, {}, Settings()).settings == Settings()


def test_a_figure_that_the_border_cuts_is_no_paper() -> None:
    line, painted = np.zeros((*SIZE, 4), np.uint8), np.zeros((*SIZE, 4), np.uint8)
    cv2.rectangle(painted, (100, 50), (300, 299), SKIN, -1)
    for target in (line, painted):
        cv2.rectangle(target, (100, 50), (300, 310), (0, 0, 0, 255), 3)
    for background in (lambda picture: picture, on_white):
        style = judge_style({1: background(line)}, {1: background(painted)}, Settings())
        assert style.settings.paper_border > 1 and style.notes == ()
        regions = segment(read_lines(1, line, style.settings), style.settings)
        assert regions.paper_border > 1


def test_a_painted_background_is_as_before() -> None:
    line, painted = room()
    painted[painted[..., 3] == 0] = (120, 200, 240, 255)
    assert judge_style({1: line}, {1: painted}, Settings()).settings == Settings()


def test_negatives_and_colored_lines_are_found_and_said() -> None:
    line, painted = room()
    inverted = on_white(line)
    inverted[..., :3] = 255 - inverted[..., :3]
    style = judge_style({1: inverted}, {1: painted}, Settings())
    assert style.settings.paper == "black" and "black" in style.notes[0]
    line[line[..., 3] > 0] = (230, 20, 20, 255)
    style = judge_style({1: on_white(line)}, {1: painted}, Settings())
    assert style.settings.ink == "red" and "--ink dark" in style.notes[0]
    assert judge_style({1: on_white(line)}, {1: painted}, Settings(ink="dark")).settings.ink == "dark"


def test_a_black_frame_between_drawings_does_not_count() -> None:
    line, painted = room()
    black = np.zeros_like(line)
    black[..., 3] = 255
    assert judge_style({1: on_white(line), 2: black, 3: black}, {1: painted}, Settings()).settings == Settings()


def test_what_a_manifest_notes_restores_the_reading() -> None:
    noted = {"gap_px": 6.0, "bridge_px": 12.0, "paper": "scan", "ink": "purple", "min_region_px": 9, "mode": "flat"}
    assert find_drawing_settings(noted) == Settings(gap_px=6.0, bridge_px=12.0, paper="scan", min_region_px=9)
    assert Settings().paper_border == PAPER_BORDER


def test_a_figure_in_the_drawings_of_other_tests_is_clean() -> None:
    drawings = {n: draw(n)[0] for n in range(5)}
    assert judge_style(drawings, {0: draw(0)[1], 4: draw(4)[1]}, Settings()).settings == Settings()


def ring_of_colored_lines(hue: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A drawing whose lines all have one hue, and its key, which shows them."""
    line, painted = room()
    for picture in (line, painted):
        picture[(picture == (0, 0, 0, 255)).all(axis=2)] = hue
    return line, painted


def place(key: np.ndarray, change: str) -> np.ndarray:
    """Save a key at another place or size, as painters do by mistake."""
    if change == "moved":
        moved = np.zeros_like(key)
        moved[11:, 7:] = key[:-11, :-7]
        return moved
    scale = {"smaller": 0.7, "double": 2.0}[change]
    return cv2.resize(key, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)


@pytest.mark.parametrize("change", ["moved", "smaller", "double"])
def test_a_key_at_another_place_or_size_tells_as_much_as_one_that_lies_right(change: str) -> None:
    line, painted = room(8)
    right, other = (judge_style({1: line}, {1: key}, Settings()) for key in (painted, place(painted, change)))
    assert other.settings == right.settings and other.settings.gap_px != "auto"
    line, painted = ring_of_colored_lines((200, 40, 40, 255))
    assert judge_style({1: line}, {1: place(painted, change)}, Settings()).settings.ink == "red"
    line, painted = room()
    assert judge_style({1: line}, {1: place(painted, change)}, Settings()).settings == Settings()


def test_a_key_of_another_drawing_tells_nothing() -> None:
    line, _ = room(8)
    strange = np.zeros((*SIZE, 4), np.uint8)
    for x in range(0, SIZE[1], 20):
        strange[:, x : x + 10] = COAT
    assert judge_style({1: line}, {1: strange}, Settings()).settings == Settings()


def test_a_drawing_on_other_paper_than_most_is_named() -> None:
    line, painted = room()
    white = on_white(line)
    black = np.dstack([255 - white[..., :3], white[..., 3]])
    toned = np.dstack([(white[..., :3] * 0.85).astype(np.uint8), white[..., 3]])
    for one in (black, toned):
        (note,) = judge_style({1: white, 2: one, 3: white}, {1: on_white(painted)}, Settings()).texts
        assert note.startswith("drawing 2 is on other paper than most")
    notes = judge_style({1: black, 2: white, 3: black, 4: white, 5: black}, {1: on_white(painted)}, Settings()).texts
    assert notes[-1].startswith("drawings 2,4 are on other paper")
    scans = judge_style({1: toned, 2: white, 3: toned}, {1: on_white(painted)}, Settings())
    assert scans.settings.paper == "scan" and len(scans.texts) == 1  # white paper is read as well as a scan
    assert judge_style({1: white, 2: black}, {1: on_white(painted)}, Settings(paper="white")).texts == []
    # JPEG adds noise, but no tone.
    noisy = np.asarray(cv2.imdecode(cv2.imencode(".jpg", white[..., :3])[1], cv2.IMREAD_COLOR), np.uint8)
    noisy = np.dstack([noisy, white[..., 3]])
    assert judge_style({1: white, 2: noisy, 3: white}, {1: on_white(painted)}, Settings()).texts == []
