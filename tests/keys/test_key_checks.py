"""Faults of painted keys: found with their places, mended where that is sure, and told before a run and after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawings import COAT, PAPER, SCARF, SKIN, make_shot
from numpy.typing import NDArray
from painting import paint, read_frames

from framecolor import InputError, PaletteError, Settings, Shot
from framecolor.cli import framecolor
from framecolor.core.faults import Fault
from framecolor.keys.alignment.align import align, find_alignment
from framecolor.keys.key_drawing import make_key_drawing
from framecolor.keys.keyframes import build_keyframes
from framecolor.lineart.lines import read_drawing
from framecolor.media import write_image
from framecolor.pipeline.check import check_shot
from framecolor.report import write_report

Pixels = NDArray[np.uint8]
SIZE = (288, 384)


def draw_large(step: int = 0, trace: bool = False, gap_px: int = 0) -> tuple[Pixels, Pixels]:
    """Line art and key of a figure, three times as large as `draw`; optionally with a trace line in the coat."""
    paint = np.zeros((*SIZE, 4), np.uint8)
    paint[:] = PAPER
    line = np.zeros(SIZE, np.uint8)
    x = 108 + 9 * step
    for color, middle, axes in ((COAT, (x, 190), (66, 60)), (SKIN, (x, 84), (42, 48))):
        cv2.ellipse(paint, middle, axes, 0, 0, 360, color, -1)
        cv2.ellipse(line, middle, axes, 0, 0, 360, 0, -1)
        cv2.ellipse(line, middle, axes, 0, 0, 360, 255, 3)
    cv2.rectangle(paint, (x - 42, 122), (x + 42, 150), SCARF, -1)
    cv2.rectangle(line, (x - 42, 122), (x + 42, 150), 0, -1)
    cv2.rectangle(line, (x - 42, 122), (x + 42, 150), 255, 3)
    if gap_px:
        line[245:256, x : x + gap_px] = 0
    painted = paint.copy()
    painted[line > 0] = (0, 0, 0, 255)
    ink = np.zeros((*SIZE, 4), np.uint8)
    ink[..., 3] = line
    if trace:
        inside = (slice(200, 202), slice(x - 64, x + 64))
        ink[inside] = np.where(line[inside][..., None], ink[inside], RED)
    return ink, painted


RED = (255, 0, 0, 255)


def find_faults(line: Pixels, painted: Pixels, tmp_path: Path, **settings: float) -> list[Fault]:
    root = write_shot(tmp_path / "one", line, painted)
    return check_shot(Shot.open(root), Settings(**settings))  # type: ignore[arg-type]


def write_shot(root: Path, line: Pixels, painted: Pixels) -> Path:
    write_image(root / "line/a.0001.png", line)
    write_image(root / "line/a.0002.png", draw_large(1)[0])
    write_image(root / "keys/a.0001.png", painted)
    return root


def lies_in(place: tuple[int, int], mask: NDArray[np.bool_]) -> bool:
    return bool(mask[place[1], place[0]])


def is_color(painted: Pixels, color: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    return (painted == color).all(axis=2)


def test_clean_keys_have_no_fault(tmp_path: Path) -> None:
    assert find_faults(*draw_large(), tmp_path) == []
    assert find_faults(*draw_large(trace=True), tmp_path) == []
    assert check_shot(Shot.open(make_shot(tmp_path / "cut")), Settings()) == []


@pytest.mark.parametrize("x, y", [(14, 9), (-30, 4), (2, -1)])
def test_a_moved_key_is_aligned(x: int, y: int, tmp_path: Path) -> None:
    line, painted = draw_large()
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
    moved = cv2.warpAffine(painted, matrix, SIZE[::-1], flags=cv2.INTER_NEAREST, borderValue=PAPER)
    (fault,) = find_faults(line, np.asarray(moved, np.uint8), tmp_path)
    assert fault.kind == "moved" and f"moved by {x}, {y}" in str(fault)
    found = find_alignment(np.asarray(moved, np.uint8), read_drawing(1, line))
    assert found is not None and (align(np.asarray(moved, np.uint8), found, SIZE) == painted).all()


@pytest.mark.parametrize("scale", [2.0, 0.5, 0.9])
def test_a_scaled_key_is_aligned(scale: float, tmp_path: Path) -> None:
    line, painted = draw_large()
    scaled = np.asarray(cv2.resize(painted, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST), np.uint8)
    faults = find_faults(line, scaled, tmp_path)
    assert [fault.kind for fault in faults] == ["moved"] and "scaled to" in str(faults[0])
    key = make_key_drawing(1, line, scaled, Settings())
    plain = make_key_drawing(1, line, painted, Settings())
    assert key.colors is not None and plain.colors is not None
    assert (key.colors.color[1:] == plain.colors.color[1:]).all()


def test_a_key_that_is_only_cut_off_is_named_as_such(tmp_path: Path) -> None:
    line, painted = draw_large()
    (fault,) = find_faults(line, painted[:-1, :-2].copy(), tmp_path)
    assert "has another size than its drawing, 382x287 against 384x288 pixels: cut or padded" in str(fault)


def turn(painted: Pixels, degrees: float, scale: float = 1.0, flags: int = cv2.INTER_NEAREST) -> Pixels:
    """Turn a key around the picture's middle, clockwise."""
    matrix = cv2.getRotationMatrix2D((SIZE[1] / 2, SIZE[0] / 2), -degrees, scale)
    return np.asarray(cv2.warpAffine(painted, matrix, SIZE[::-1], flags=flags, borderValue=PAPER), np.uint8)


@pytest.mark.parametrize("degrees, scale", [(0.6, 1.0), (1.0, 1.0), (-2.5, 1.0), (1.5, 1.03)])
def test_a_turned_key_is_aligned(degrees: float, scale: float, tmp_path: Path) -> None:
    line, painted = draw_large()
    turned = turn(painted, degrees, scale)
    (fault,) = find_faults(line, turned, tmp_path)
    assert fault.kind == "moved" and "turned by" in str(fault)
    found = find_alignment(turned, read_drawing(1, line))
    assert found is not None and found.is_sure and found.is_resampled
    assert abs(found.angle - degrees) < 0.15 and abs(found.scale - scale) < 0.006
    key, plain = make_key_drawing(1, line, turned, Settings()), make_key_drawing(1, line, painted, Settings())
    assert key.colors is not None and plain.colors is not None
    assert (key.colors.color[1:] == plain.colors.color[1:]).all()


@pytest.mark.usefixtures("quick_engine")
def test_the_frame_of_a_turned_key_is_in_its_colors_under_the_lines_of_the_drawing(tmp_path: Path) -> None:
    line, painted = draw_large()
    outcome = paint(write_shot(tmp_path / "cut", line, turn(painted, 1.2)))
    assert any("is turned by 1.2 degrees" in warning for warning in outcome.warnings)
    frame = read_frames(outcome.out)["a.0001.png"]
    beside = cv2.dilate((line[..., 3] > 0).view(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert (frame[beside] == painted[beside]).all()
    assert (frame[line[..., 3] == 255] == (0, 0, 0, 255)).all()


def test_a_key_that_lies_better_turned_but_not_well_is_an_error_with_numbers(tmp_path: Path) -> None:
    line, painted = draw_large()
    rng = np.random.default_rng(0)
    scribbled = turn(painted, 2.5)
    for x, y in rng.integers((20, 20), (360, 260), (26, 2)).tolist():  # what no line of the drawing explains
        cv2.line(scribbled, (x, y), (x + 14, y + 9), (40, 160, 60, 255), 1)
    with pytest.raises(
        InputError, match=r"key 1: does not fit its drawing: \d+% .* if it were turned by 2\.\d degrees"
    ):
        find_faults(line, scribbled, tmp_path)


def test_a_cropped_key_is_aligned(tmp_path: Path) -> None:
    line, painted = draw_large()
    (fault,) = find_faults(line, painted[10:, 20:350].copy(), tmp_path)
    assert "moved by -20, -10" in str(fault)


def test_a_key_of_another_drawing_is_an_error_with_numbers(tmp_path: Path) -> None:
    line, painted = draw_large()
    with pytest.raises(InputError, match=r"key 1: does not fit its drawing: \d+% of its color borders"):
        find_faults(line, painted[::-1, ::-1].copy(), tmp_path)
    with pytest.raises(InputError, match="is 200x100, the drawings are 384x288"):
        find_faults(line, np.full((100, 200, 4), 255, np.uint8), tmp_path)


def add_noise(painted: Pixels) -> Pixels:
    rng = np.random.default_rng(0)
    out = painted.copy()
    solid = painted[..., 3] > 0
    out[solid, :3] = np.clip(painted[solid, :3] + rng.normal(0, 4, (np.count_nonzero(solid), 3)), 0, 255)
    return out


def save_as_jpeg(painted: Pixels) -> Pixels:
    rgb = np.where(painted[..., 3:] > 0, painted, 255)[..., :3].astype(np.uint8)
    data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2BGRA), np.uint8)


def add_gradient(painted: Pixels) -> Pixels:
    out = painted.astype(float)
    fills = (painted[..., 3] > 0) & (painted[..., :3].max(axis=2) > 0)
    out[fills, :3] += np.linspace(-22, 22, len(painted))[:, None, None].repeat(painted.shape[1], axis=1)[fills]
    return np.clip(out, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("soften, levels", [(add_noise, 2), (save_as_jpeg, 6), (add_gradient, 6)])
def test_near_colors_of_a_soft_key_are_joined(soften: Callable[[Pixels], Pixels], levels: int, tmp_path: Path) -> None:
    line, painted = draw_large()
    soft = soften(painted)
    (fault,) = find_faults(line, soft, tmp_path)
    assert fault.kind == "soft" and fault.frame == 1
    keys = {1: make_key_drawing(1, line, soft, Settings())}
    palette = build_keyframes(keys, Settings(), tmp_path).palette.colors.astype(int)
    fills = [color for color in palette if color[3] and color[:3].min() < 250]
    assert len(fills) == 3
    for color in (SKIN, COAT, SCARF):
        assert min(np.abs(fill - color).max() for fill in fills) <= levels


@pytest.mark.parametrize("width_px", [0.8, 1.2, 2.0])
def test_a_blurred_key_is_named_and_keeps_its_exact_colors(width_px: float, tmp_path: Path) -> None:
    line, painted = draw_large()
    white = np.where(painted[..., 3:] > 0, painted, 255).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(white, (0, 0), width_px), np.uint8)
    (fault,) = find_faults(line, blurred, tmp_path)
    assert fault.kind == "soft" and "it is blurred, by about" in str(fault)
    keys = {1: make_key_drawing(1, line, blurred, Settings())}
    palette = build_keyframes(keys, Settings(), tmp_path).palette.colors
    assert {SKIN, COAT, SCARF} <= set(map(tuple, palette.tolist()))


def test_antialiased_lines_are_not_blurred(tmp_path: Path) -> None:
    line, painted = draw_large()
    large = [np.asarray(cv2.resize(one, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)) for one in (line, painted)]
    rounded = [np.asarray(cv2.medianBlur(np.asarray(one, np.uint8), 5), np.uint8) for one in large]
    halves = [
        np.asarray(cv2.resize(one, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8) for one in rounded
    ]
    key = np.where(halves[1][..., 3:] > 0, halves[1], 255).astype(np.uint8)
    assert find_faults(halves[0], key, tmp_path) == []


def test_a_soft_key_takes_the_exact_colors_of_a_flat_one(tmp_path: Path) -> None:
    (line, painted), (other, flat) = draw_large(), draw_large(2)
    keys = {
        1: make_key_drawing(1, line, add_noise(painted), Settings()),
        2: make_key_drawing(2, other, flat, Settings()),
    }
    palette = build_keyframes(keys, Settings(), tmp_path).palette.colors
    assert set(map(tuple, palette.tolist())) == {SKIN, COAT, SCARF, PAPER}


def test_a_leak_is_named_with_the_gap_that_closes_it(tmp_path: Path) -> None:
    line, painted = draw_large(gap_px=7)
    (fault,) = find_faults(line, painted, tmp_path)
    assert fault.kind == "leak" and "--gap" in fault.fix
    ((x, y),) = fault.places
    assert abs(x - 111) <= 8 and abs(y - 250) <= 8
    gap = float(fault.fix.rpartition(" ")[2])
    assert find_faults(line, painted, tmp_path, gap_px=gap) == []


def shade(painted: Pixels) -> Pixels:
    """Shade the right half of the figure at 78 %, without a line; of the scarf all but a corner."""
    out = painted.copy()
    dark = np.zeros(SIZE, bool)
    dark[:, 100:] = True
    dark[122:150, 78:] = True
    dark &= (painted[..., 3] > 0) & (painted[..., :3].max(axis=2) > 0)
    out[dark, :3] = (painted[dark, :3] * 0.78).astype(np.uint8)
    return out


@pytest.mark.usefixtures("quick_engine")
def test_shading_without_lines_stays_in_its_key_and_others_get_the_base_color(tmp_path: Path) -> None:
    line, painted = draw_large()
    shaded = shade(painted)
    root = write_shot(tmp_path / "cut", line, shaded)
    outcome = paint(root)
    (warning,) = outcome.warnings
    assert "3 regions hold more than one color" in warning
    frames = read_frames(outcome.out)
    assert (frames["a.0001.png"] == shaded).all()
    colors = set(map(tuple, frames["a.0002.png"].reshape(-1, 4).tolist()))
    assert colors <= {SKIN, COAT, SCARF, (0, 0, 0, 0), PAPER, (0, 0, 0, 255)}


def test_a_shade_between_trace_lines_is_a_paint_of_its_own(tmp_path: Path) -> None:
    line, painted = draw_large(trace=True)
    lower = is_color(painted, COAT)
    lower[:201] = False
    painted[lower, :3] = (np.array(COAT[:3]) * 0.78).astype(np.uint8)
    assert find_faults(line, painted, tmp_path) == []


def test_paper_on_both_sides_of_a_trace_line_is_a_hole(tmp_path: Path) -> None:
    line, painted = draw_large(trace=True)
    white = np.where(painted[..., 3:] > 0, painted, 255).astype(np.uint8)
    coat = is_color(white, COAT)
    white[coat] = 255
    (fault,) = find_faults(line, white, tmp_path)
    assert fault.kind == "hole" and "at least one of 2 regions was left unpainted" in str(fault)
    assert len(fault.places) == 2 and all(lies_in(place, coat) for place in fault.places)


def test_a_bare_detail_is_a_hole_of_its_own_and_a_bare_mark_is_told_with_its_region(tmp_path: Path) -> None:
    line, painted = draw_large()
    head, detail, mark = is_color(painted, SKIN), np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    detail[40:66] = head[40:66]
    mark[92:108, 98:116] = True
    line[66:68][head[66:68]] = RED
    outline = np.zeros(SIZE, np.uint8)
    cv2.rectangle(outline, (97, 91), (116, 108), 255, 1)
    line[outline > 0] = RED
    white = np.where(painted[..., 3:] > 0, painted, 255).astype(np.uint8)
    white[head] = 255
    faults = find_faults(line, white, tmp_path)
    assert [fault.kind for fault in faults] == ["hole", "hole"]
    (above,) = next(fault.places for fault in faults if len(fault.places) == 1)
    below, marked = next(fault.places for fault in faults if len(fault.places) == 2)
    assert lies_in(above, detail) and lies_in(marked, mark) and lies_in(below, head & ~detail & ~mark)


def test_a_transparent_region_at_the_outline_is_a_hole(tmp_path: Path) -> None:
    line, painted = draw_large()
    head = is_color(painted, SKIN)
    painted[head] = PAPER
    (fault,) = find_faults(line, painted, tmp_path)
    assert fault.kind == "hole" and lies_in(fault.places[0], head)


def test_white_clothes_on_white_paper_are_no_hole(tmp_path: Path) -> None:
    line, painted = draw_large()
    white = np.where(painted[..., 3:] > 0, painted, 255).astype(np.uint8)
    white[is_color(white, SCARF)] = 255
    assert find_faults(line, white, tmp_path) == []


def test_another_key_tells_of_a_hole(tmp_path: Path) -> None:
    line, painted = draw_large()
    root = write_shot(tmp_path / "cut", line, np.where(painted[..., 3:] > 0, painted, 255).astype(np.uint8))
    second = draw_large(1)[1]
    second = np.where(second[..., 3:] > 0, second, 255).astype(np.uint8)
    scarf = is_color(second, SCARF)
    second[scarf] = 255
    write_image(root / "keys/a.0002.png", second)
    (fault,) = check_shot(Shot.open(root), Settings())
    assert fault.kind == "hole" and fault.frame == 2 and "key 1 has #C82832 there" in str(fault)
    assert lies_in(fault.places[0], scarf)


@pytest.mark.usefixtures("quick_engine")
def test_forgotten_pixels_of_trace_lines_are_named_and_go(tmp_path: Path) -> None:
    line, painted = draw_large(trace=True)
    painted[200:202, 100:103] = RED
    root = write_shot(tmp_path / "cut", line, painted)
    outcome = paint(root)
    (warning,) = outcome.warnings
    assert warning.startswith("key 1: 6 pixels of trace lines were forgotten at x 100, y 200")
    frame = read_frames(outcome.out)["a.0001.png"]
    assert not is_color(frame, RED).any()
    page = write_report(outcome.out).read_text("utf-8")
    assert "6 pixels of trace lines were forgotten at x 100, y 200" in page
    assert "99.9% as its key: 6 forgotten pixels of trace lines are gone" in page


def test_a_color_a_level_off_is_named(tmp_path: Path) -> None:
    line, painted = draw_large(trace=True)
    lower = is_color(painted, COAT)
    lower[:201] = False
    painted[lower, 2] += 1
    (fault,) = find_faults(line, painted, tmp_path)
    assert fault.kind == "near color" and "1 level off" in str(fault)
    assert fault.places[0][1] != 201


@pytest.mark.usefixtures("quick_engine")
def test_the_frame_of_a_soft_key_says_what_differs(tmp_path: Path) -> None:
    line, painted = draw_large()
    outcome = paint(write_shot(tmp_path / "cut", line, add_noise(painted)))
    page = write_report(outcome.out).read_text("utf-8")
    card = page.split('id="sheet-title"')[1].split("</li>")[0]
    assert "as its key: its fills are not flat" in card and "100%" not in card


@pytest.mark.usefixtures("quick_engine")
def test_the_frame_of_a_key_is_the_key_to_the_bit(tmp_path: Path) -> None:
    line, painted = draw_large()
    painted[is_color(painted, (0, 0, 0, 255))] = (90, 40, 20, 255)  # colored outlines
    root = write_shot(tmp_path / "cut", line, painted)
    outcome = paint(root)
    assert outcome.warnings == ()
    assert (read_frames(outcome.out)["a.0001.png"] == painted).all()


@pytest.mark.usefixtures("quick_engine")
def test_a_key_without_lines_gets_those_of_the_drawing(tmp_path: Path) -> None:
    line, painted = draw_large()
    bare = painted.copy()
    for color, middle, axes in ((COAT, (108, 190), (66, 60)), (SKIN, (108, 84), (42, 48))):
        cv2.ellipse(bare, middle, axes, 0, 0, 360, color, -1)
    cv2.rectangle(bare, (66, 122), (150, 150), SCARF, -1)
    bare[is_color(bare, (0, 0, 0, 255))] = PAPER
    frame = read_frames(paint(write_shot(tmp_path / "cut", line, bare)).out)["a.0001.png"]
    assert (frame[line[..., 3] == 255] == (0, 0, 0, 255)).all()


def call_check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(framecolor, ["check", *arguments])
    return result.exit_code, result.output


def test_check_prints_faults_and_can_fail_on_them(tmp_path: Path) -> None:
    clean = str(write_shot(tmp_path / "clean", *draw_large()))
    assert call_check(clean, "--strict") == (0, "clean: clean, no fault in 1 key of 2 drawings\n")
    open_line = str(write_shot(tmp_path / "open", *draw_large(gap_px=7)))
    code, text = call_check(open_line)
    assert code == 0 and "open: key 1: a line is open" in text
    assert call_check(open_line, "--strict")[0] == 1
    (fault,) = json.loads(call_check(open_line, "--json")[1])["faults"]
    assert (fault["kind"], fault["frame"], len(fault["places"])) == ("leak", 1, 1)
    plan = CliRunner().invoke(framecolor, ["plan", open_line]).output
    assert "warning   key 1: a line is open" in plan


@pytest.mark.parametrize("command", ["check", "plan"])
def test_each_key_is_read_for_damage_and_once_for_all_else(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the style closes a gap, so that leaks are found with and without it."""
    root = write_shot(tmp_path / "cut", *draw_large(gap_px=7))
    write_image(root / "keys/a.0002.png", draw_large(1)[1])
    (root / "line/a.0003.png").write_bytes(b"")
    write_image(root / "keys/a.0003.png", draw_large(2)[1])
    read: list[int] = []
    read_key = Shot.read_key
    monkeypatch.setattr(Shot, "read_key", lambda shot, number: read.append(number) or read_key(shot, number))
    result = CliRunner().invoke(framecolor, [command, str(root)])
    assert "a line is open" in result.output
    assert sorted(read) == [1, 1, 2, 2, 3]


def test_check_of_a_key_that_does_not_fit_fails(tmp_path: Path) -> None:
    line, painted = draw_large()
    root = write_shot(tmp_path / "cut", line, painted[::-1, ::-1].copy())
    result = CliRunner().invoke(framecolor, ["check", str(root)])
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("color", [(255, 255, 255, 255), (0, 0, 0, 0), COAT])
def test_a_key_that_is_not_painted_is_named_in_one_line(color: tuple[int, ...], tmp_path: Path) -> None:
    line, painted = draw_large()
    blank = np.zeros_like(painted)
    blank[:] = color
    (fault,) = find_faults(line, blank, tmp_path)
    assert fault.kind == "blank" and "nothing is painted" in str(fault)


def test_check_refuses_drawings_that_are_ink_all_over_as_a_run_does(tmp_path: Path) -> None:
    _, painted = draw_large()
    black = np.zeros_like(painted)
    black[..., 3] = 255
    with pytest.raises(PaletteError, match="ink all over"):
        find_faults(black, painted, tmp_path)
