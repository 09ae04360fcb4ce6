"""The preview: what a shot looks like to the tool before it is painted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from drawings import make_shot

from framecolor.cli.plan import plan
from framecolor.config.settings import Settings
from framecolor.core.types import Box, Frame
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image, write_image
from framecolor.report.region_picture import Closing, draw_closing, draw_regions, find_closings
from framecolor.report.region_tints import TintChooser, make_outline
from framecolor.report.trace_legend import count_hues, make_hue_colors

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


def draw(
    frame: Frame, long_side_px: int = 120, hues: np.ndarray | None = None
) -> tuple[np.ndarray, tuple[Closing, ...]]:
    """The picture of a frame's regions, and its closed gaps."""
    regions = find_regions(frame)
    closings = find_closings(frame, regions)
    tints = TintChooser().choose(make_outline(frame, regions))
    hues = np.zeros((12, 3), np.uint8) if hues is None else hues
    height, width = frame.size
    return draw_regions(
        frame, regions, tints, closings, hues, Box(0, height, 0, width, height, width), long_side_px
    ), closings


def test_regions_have_their_own_tints_and_a_closed_gap_is_marked() -> None:
    picture, closings = draw(boxes(2))
    left, right, paper = (tuple(picture[y, x, :3]) for y, x in ((20, 20), (20, 100), (3, 3)))
    assert len({left, right, paper}) == 3 and paper == (255, 255, 255)
    (gap,) = closings
    assert abs(gap.place[0] - 60) <= 1 and abs(gap.place[1] - 41) <= 2 and not gap.to_paper
    assert gap.width_px <= 3 and 2000 < gap.joins_px < 4000
    assert 1 <= count_magenta(picture) < 40
    whole, closings = draw(boxes(0))
    assert closings == () and count_magenta(whole) == 0


def test_a_closed_gap_is_enlarged_with_its_two_regions() -> None:
    frame = boxes(2)
    regions = find_regions(frame)
    (gap,) = find_closings(frame, regions)
    tints = TintChooser().choose(make_outline(frame, regions))
    crop = draw_closing(frame, regions, tints, gap)
    shown = {tuple(color) for color in crop.reshape(-1, 3)}
    assert {MAGENTA, *(tuple(tints[region]) for region in gap.regions)} <= shown


def test_a_gap_in_an_outline_keeps_the_region_from_the_paper() -> None:
    frame = boxes(0)
    frame.ink[30:32, 10] = 0
    (gap,) = find_closings(frame, find_regions(frame))
    assert gap.to_paper and gap.joins_px < 4000, "pixels of the region, not of the paper"


def test_an_open_line_joins_two_areas_in_one_tint() -> None:
    picture, closings = draw(boxes(8), 60)
    assert picture.shape == (40, 60, 4) and closings == ()
    assert (picture[10, 10] == picture[10, 50]).all()


def test_trace_lines_have_the_color_of_their_meaning() -> None:
    frame = boxes(0)
    trace = np.zeros((80, 120), bool)
    trace[40, 11:60] = True
    hues = np.where(trace, 1 + 8, 0).astype(np.uint8)  # blue
    colors = make_hue_colors(count_hues(Frame(1, frame.ink, trace, hues)), {}, Settings(trace="blue=shadow"))
    picture, _ = draw(Frame(1, frame.ink, trace, hues), hues=colors)
    assert tuple(picture[40, 30, :3]) == (0, 114, 178)


def test_neighbors_differ_and_tints_stay_from_drawing_to_drawing() -> None:
    chooser = TintChooser()
    tints = []
    for shift in (0, 4, 8):
        frame = Frame(1 + shift, np.roll(boxes(0).ink, shift // 2, axis=1), np.zeros((80, 120), bool))
        regions = find_regions(frame)
        chosen = chooser.choose(make_outline(frame, regions))
        tints.append([tuple(chosen[regions.labels[20, x]]) for x in (30, 90)])
    assert tints[0] == tints[1] == tints[2] and tints[0][0] != tints[0][1]


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
    assert page.count("data:image/webp;base64,") == 5, "the moved key is shown beside the drawings"
    assert "Keys with faults" in page and "Key 1001" in page


def make_open_shot(folder: Path, opened: int, opening_px: int) -> Path:
    """A shot of large figures; in one drawing, the line of the body is open to the paper."""
    root = make_shot(folder, 6, (0,))
    for step, path in enumerate(sorted((root / "line").iterdir())):
        ink = np.zeros((400, 500, 4), np.uint8)
        x = 180 + 6 * step
        cv2.ellipse(ink, (x, 260), (90, 110), 0, 0, 360, (0, 0, 0, 255), 3)
        cv2.circle(ink, (x, 90), 50, (0, 0, 0, 255), 3)
        if step == opened:
            ink[260 : 260 + opening_px, x + 80 : x + 100] = 0
        write_image(path, ink)
        if step == 0:
            painted = ink.copy()
            cv2.ellipse(painted, (x, 260), (90, 110), 0, 0, 360, (60, 90, 160, 255), -1)
            cv2.circle(painted, (x, 90), 50, (250, 214, 180, 255), -1)
            write_image(root / "keys" / path.name, painted)
    return root


@pytest.mark.parametrize(("opened", "opening_px", "gap"), [(3, 7, True), (5, 7, True), (3, 60, False)])
def test_a_body_that_runs_out_into_the_paper_is_named(tmp_path: Path, opened: int, opening_px: int, gap: bool) -> None:
    root = make_open_shot(tmp_path / "cut", opened, opening_px)
    done = run(str(root), "--preview", str(tmp_path))
    named = [line for line in done.output.splitlines() if "a line is open" in line]
    assert done.exit_code == 0 and len(named) == 1 and f"drawing {1001 + opened}: " in named[0]
    assert ("--gap" in named[0]) is gap
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    assert page.count("card faulty") == 1 and page.count('class="fault"') == 2, "in the timeline, and its legend"
    x, y = map(int, re.findall(r"at x (\d+), y (\d+)", named[0])[0])
    if gap:
        assert abs(x - (180 + 6 * opened + 90)) < 12 and abs(y - 263) < 12


def test_closed_bodies_are_not_named(tmp_path: Path) -> None:
    done = run(str(make_open_shot(tmp_path / "cut", -1, 0)), "--preview", str(tmp_path))
    assert done.exit_code == 0 and "warning" not in done.output


def test_a_part_that_leaves_with_its_lines_is_not_an_open_line(tmp_path: Path) -> None:
    root = make_open_shot(tmp_path / "cut", -1, 0)
    path = sorted((root / "line").iterdir())[3]
    ink = read_image(path).copy()
    ink[145:] = 0
    write_image(path, ink)
    assert "a line is open" not in run(str(root), "--preview", str(tmp_path)).output


def test_the_timeline_shows_spans_holds_and_gaps_in_the_numbering(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 8, (1, 4))
    names = sorted((root / "line").iterdir())
    write_image(names[3], read_image(names[2]))
    names[6].unlink()
    assert run(str(root), "--preview", str(tmp_path)).exit_code == 0
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    kinds = re.findall(r'<rect class="cell ([a-z-]+)" x="[\d.]+" y="36"', page)
    assert kinds == ["drawing", "drawing", "drawing", "hold", "drawing", "drawing", "missing", "drawing"]
    assert re.findall(r'<rect class="span (\w+)" x="[\d.]+" y="12"', page) == ["after", "both", "before"]
    assert "1001: no key before them" in page and "1006,1008: no key after them" in page
    links = re.findall(r'<a href="#frame-(\d+)" aria-label', page)
    assert links == ["1001", "1002", "1003", "1003", "1005", "1006", "1008"] and "1007: no drawing" in page
    assert {f"frame-{number}" for number in links} <= set(re.findall(r'id="([^"]+)"', page))


def test_frames_that_no_key_reaches_are_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, ())
    assert run(str(root), "--preview", str(tmp_path)).exit_code == 0
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    assert "no key reaches them" in page and "span none" in page


def write_traced(folder: Path, dark: bool = True, width_px: int = 3) -> Path:
    """A shot whose boxes have a small tone beyond a blue trace line; it is darker or lighter than the box."""
    root = make_shot(folder, 2, (0,))
    for path in sorted((root / "line").iterdir()):
        ink = np.zeros((96, 128, 4), np.uint8)
        cv2.rectangle(ink, (10, 10), (110, 80), (0, 0, 0, 255), 2)
        cv2.line(ink, (12, 60), (108, 60), (0, 0, 255, 255), width_px)
        write_image(path, ink)
        key = np.zeros((96, 128, 4), np.uint8)
        cv2.rectangle(key, (10, 10), (110, 80), (120, 120, 160, 255), -1)
        tone = (60, 60, 110, 255) if dark else (190, 190, 230, 255)
        cv2.rectangle(key, (10, 58), (110, 80), tone, -1)
        cv2.rectangle(key, (10, 10), (110, 80), (0, 0, 0, 255), 2)
        if (root / "keys" / path.name).exists():
            write_image(root / "keys" / path.name, key)
    return root


@pytest.mark.parametrize(("dark", "meaning"), [(True, "shadow"), (False, "highlight")])
def test_the_keys_say_what_trace_lines_mean(tmp_path: Path, dark: bool, meaning: str) -> None:
    root = write_traced(tmp_path / "cut", dark)
    assert run(str(root), "--preview", str(tmp_path)).exit_code == 0
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    side = "darker" if dark else "lighter"
    assert f"<b>blue</b>: {meaning}, as the keys say; its pixels go to the {side} side, as in the keys" in page
    assert "--trace" not in page


def test_what_is_not_known_of_trace_lines_is_asked_for(tmp_path: Path) -> None:
    root = write_traced(tmp_path / "cut", width_px=1)  # of a line of one pixel, no key shows on which side it lies
    assert run(str(root), "--preview", str(tmp_path)).exit_code == 0
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    assert "what they mean is not known" in page and '--trace "blue=MEANING"' in page
    (root / "framecolor.toml").write_text('trace = "blue=second shadow"\n', "utf-8")
    assert run(str(root), "--preview", str(tmp_path)).exit_code == 0
    page = (tmp_path / "cut.preview.html").read_text("utf-8")
    assert "<b>blue</b>: second shadow, as the settings say" in page and "#009E73" in page


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
    assert "cell broken" in page


def test_networks_are_not_imported(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    code = (
        "import sys; from framecolor.cli.plan import plan; "
        f"plan.main([{str(root)!r}, '--preview', {str(tmp_path)!r}], standalone_mode=False); "
        "print(sorted({'torch', 'openvino', 'tensorrt'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
