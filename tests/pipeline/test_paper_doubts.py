"""Regions of the figure that come out as paper are in the list of doubts; holes that the keys show as paper are not."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawings import COAT, PAPER, SCARF, SKIN
from painting import paint

from framecolor import Settings, Shot
from framecolor.media import read_image, write_image
from framecolor.output.manifest import Manifest
from framecolor.pipeline.check import check_shot
from framecolor.report.page import build_page

pytestmark = pytest.mark.usefixtures("quick_engine")

SIZE, WHITE, INK = (160, 200), (255, 255, 255, 255), (0, 0, 0, 255)
Color = tuple[int, int, int, int]


def draw_figure(
    step: int, head: Color = SKIN, body: Color = COAT, ring: Color = SCARF, paper: Color = PAPER, down: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A head over a body with a ring in it, as line art and painted."""
    line, painted = np.zeros((*SIZE, 4), np.uint8), np.zeros((*SIZE, 4), np.uint8)
    painted[:] = paper
    x, y = 70 + 4 * step, 20 + down
    for shape, color in (("body", body), ("head", head), ("ring", ring)):
        for target, fill, ink in ((line, (0, 0, 0, 0), INK), (painted, color, INK)):
            for value, width in ((fill, -1), (ink, 2)):
                if shape == "body":
                    cv2.rectangle(target, (x - 34, y + 34), (x + 34, y + 100), value, width)
                else:
                    center, radius = ((x, y + 20), 18) if shape == "head" else ((x, y + 68), 14)
                    cv2.circle(target, center, radius, value, width)
    return line, painted


def make_figure_shot(root: Path, keys: tuple[int, ...] = (0,), frames: int = 4, fall: int = 0, **colors: Color) -> Path:
    """A shot of the figure, which falls by `fall` pixels a frame."""
    for step in range(frames):
        line, painted = draw_figure(step, down=fall * step, **colors)
        write_image(root / "line" / f"{step + 1:04d}.png", line)
        if step in keys:
            write_image(root / "keys" / f"{step + 1:04d}.png", painted)
    return root


def find_doubts(out: Path) -> dict[int, list[tuple[int, int]]]:
    """The middle of each region that may be paper or figure, by frame."""
    return {
        frame.number: [(box[0] + box[2] // 2, box[1] + box[3] // 2) for r in frame.unsure if r.paper for box in [r.box]]
        for frame in Manifest.read(out).frames
    }


def test_a_hole_of_a_key_is_in_doubt_in_its_frame_and_in_all_that_repeat_it(tmp_path: Path) -> None:
    root = make_figure_shot(tmp_path / "cut", head=PAPER)
    out = paint(root).out
    found = find_doubts(out)
    assert {number: len(places) for number, places in found.items()} == {1: 1, 2: 1, 3: 1, 4: 1}
    for number, ((x, y),) in found.items():
        assert abs(x - (66 + 4 * number)) <= 2 and abs(y - 40) <= 2
        assert read_image(out / f"{number:04d}.png")[y, x, 3] == 0
    assert build_page(Manifest.read(out)).count("Paper or figure?") == 4


def test_what_a_painter_said_is_paper_is_no_doubt(tmp_path: Path) -> None:
    root = make_figure_shot(tmp_path / "cut", head=PAPER)
    right = [{"frame": 1, "x": 70, "y": 40, "color": "paper"}]
    (root / "corrections.json").write_text(json.dumps({"format": 1, "corrections": right}))
    out = paint(root, corrections=root / "corrections.json").out
    assert find_doubts(out)[1] == []


def test_a_hole_that_the_key_shows_as_paper_is_no_doubt(tmp_path: Path) -> None:
    out = paint(make_figure_shot(tmp_path / "cut", ring=PAPER)).out
    assert not any(find_doubts(out).values())
    assert read_image(out / "0003.png")[88, 78, 3] == 0


def test_a_white_figure_that_the_border_cuts_stays_opaque(tmp_path: Path) -> None:
    root = make_figure_shot(tmp_path / "cut", head=WHITE, body=WHITE, paper=WHITE, fall=18)
    assert not check_shot(Shot.open(root), Settings(background="transparent"))
    outcome = paint(root, background="transparent")
    assert outcome.warnings == ()
    for number, y in ((1, 66), (3, 110), (4, 150)):
        picture = read_image(outcome.out / f"{number:04d}.png")
        assert picture[y, 45 + 4 * number].tolist() == list(WHITE), "the body"
        assert picture[2, 2, 3] == 0 and picture[150, 2, 3] == 0, "the paper"


def make_standing_shot(root: Path, paper: Color = WHITE) -> Path:
    """A figure with two legs that the border cuts, with paper between them."""
    for step in range(3):
        line, painted = np.zeros((*SIZE, 4), np.uint8), np.zeros((*SIZE, 4), np.uint8)
        painted[:] = paper
        x = 60 + 4 * step
        shape = np.array([[0, 30], [70, 30], [70, 170], [50, 170], [50, 90], [20, 90], [20, 170], [0, 170]])
        shape[:, 0] += x
        cv2.fillPoly(painted, [shape], COAT)
        for target in (line, painted):
            cv2.polylines(target, [shape], True, INK, 2)
        write_image(root / "line" / f"{step + 1:04d}.png", line)
        if step == 0:
            write_image(root / "keys" / "0001.png", painted)
    return root


def test_white_along_the_border_that_nothing_tells_from_paper_is_said_and_listed(tmp_path: Path) -> None:
    root = make_standing_shot(tmp_path / "cut")
    (fault,) = check_shot(Shot.open(root), Settings(background="transparent"))
    assert fault.kind == "paper" and "1 white region along the border may be paper or figure" in str(fault)
    ((x, y),) = fault.places
    assert 80 <= x <= 110 and y > 90
    outcome = paint(root, background="transparent")
    assert outcome.warnings == (str(fault),)
    assert read_image(outcome.out / "0002.png")[y, x + 4, 3] == 0
    found = find_doubts(outcome.out)
    assert all(len(places) == 1 for places in found.values()), found


def test_white_paper_is_no_doubt_where_it_stays_or_is_transparent(tmp_path: Path) -> None:
    opaque, clear = make_standing_shot(tmp_path / "cut"), make_standing_shot(tmp_path / "clear", PAPER)
    for outcome in (paint(opaque), paint(clear, background="transparent")):
        assert outcome.warnings == () and not any(find_doubts(outcome.out).values())


def test_a_key_on_opaque_paper_among_transparent_ones_is_named(tmp_path: Path) -> None:
    root = make_figure_shot(tmp_path / "cut")
    write_image(root / "keys" / "0003.png", draw_figure(2, paper=WHITE)[1])
    (fault,) = check_shot(Shot.open(root), Settings())
    assert str(fault).startswith("key 3: its paper is opaque white, that of other keys is transparent")
    assert paint(root).warnings == (str(fault),)
