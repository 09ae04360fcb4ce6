"""The preview: what a shot looks like to the tool before it is painted."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner, Result
from drawings import make_shot

from framecolor.cli.plan import plan
from framecolor.core.types import Frame
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image, write_image
from framecolor.report.region_picture import draw_regions

MAGENTA = (227, 0, 109)


def boxes(opening: int) -> Frame:
    """Two boxes side by side; the line between them is open."""
    ink = np.zeros((80, 120, 4), np.uint8)
    cv2.rectangle(ink, (10, 10), (110, 70), (0, 0, 0, 255), 1)
    cv2.line(ink, (60, 10), (60, 70), (0, 0, 0, 255), 1)
    ink[40 : 40 + opening, 60] = 0
    return Frame(1, ink, np.zeros((80, 120), bool))


def count_magenta(rgba: np.ndarray) -> int:
    return int((rgba[..., :3] == MAGENTA).all(axis=2).sum())


def test_regions_have_their_own_colors_and_a_closed_gap_is_marked() -> None:
    frame = boxes(2)
    found = draw_regions(frame, find_regions(frame), 120)
    left, right, paper = (tuple(found.rgba[y, x, :3]) for y, x in ((20, 20), (20, 100), (3, 3)))
    assert found.count == 3 and len({left, right, paper}) == 3 and paper == (255, 255, 255)
    assert len(found.gaps) == 1 and abs(found.gaps[0][0] - 60) <= 1 and abs(found.gaps[0][1] - 41) <= 2
    assert count_magenta(found.rgba) > 10
    whole = draw_regions(boxes(0), find_regions(boxes(0)), 120)
    assert whole.gaps == () and count_magenta(whole.rgba) == 0


def test_an_open_line_joins_two_areas_in_one_color() -> None:
    frame = boxes(8)
    found = draw_regions(frame, find_regions(frame), 60)
    assert found.rgba.shape == (40, 60, 4) and found.gaps == ()
    assert (found.rgba[10, 10] == found.rgba[10, 50]).all()


def test_trace_lines_have_their_hue() -> None:
    frame = boxes(0)
    trace = np.zeros((80, 120), bool)
    trace[40, 11:60] = True
    hues = np.where(trace, 1 + 8, 0).astype(np.uint8)  # blue
    drawn = draw_regions(Frame(1, frame.ink, trace, hues), find_regions(Frame(1, frame.ink, trace)), 120)
    red, _, blue, _ = drawn.rgba[40, 30].astype(int)
    assert blue > 150 > 80 > red


def run(*words: str) -> Result:
    return CliRunner().invoke(plan, words)


def test_the_page_shows_drawings_keys_faults_and_holds(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 5, (0, 4))
    names = sorted((root / "line").iterdir())
    write_image(names[2], read_image(names[1]))
    key = sorted((root / "keys").iterdir())[0]
    moved = np.roll(read_image(key), (6, 5), axis=(0, 1))
    write_image(key, moved)
    done = run(str(root), "--preview", str(tmp_path / "pages"))
    assert done.exit_code == 0, done.output
    page = (tmp_path / "pages/cut.preview.html").read_text("utf-8")
    assert "preview   " in done.output and str(tmp_path) not in page
    assert re.findall(r'id="frame-(\d+)"', page) == ["1001", "1002", "1004", "1005"], "a hold is shown with its drawing"
    assert "held in 1003" in page and page.count("card key") == 2
    assert "is moved by" in page and "5 frames to paint from 2 keys" in page
    assert page.count("data:image/webp;base64,") == 4


def test_a_key_and_wanted_frames_are_shown_though_they_repeat_a_drawing(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (1,))
    names = sorted((root / "line").iterdir())
    for path in names[1:]:
        write_image(path, read_image(names[0]))
    for frames, shown in ((), ["1001", "1002"]), (("--frames", "1003"), ["1003"]):
        assert run(str(root), "--preview", str(tmp_path), *frames).exit_code == 0
        page = (tmp_path / "cut.preview.html").read_text("utf-8")
        assert re.findall(r'id="frame-(\d+)"', page) == shown and page.count("card key") == shown.count("1002")


def test_without_a_folder_the_page_is_written_here(tmp_path: Path, monkeypatch) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    monkeypatch.chdir(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert run(str(root), "--preview").exit_code == 0
    assert (tmp_path / "cut.preview.html").is_file()
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before, "the shot is untouched"


def test_a_drawing_that_cannot_be_read_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    sorted((root / "line").iterdir())[2].write_bytes(b"")
    done = run(str(root), "--preview", str(tmp_path))
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    assert done.exit_code == 0 and page.count("data:image/webp") == 2 and "cannot be read" in page
