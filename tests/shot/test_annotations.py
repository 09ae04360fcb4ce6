"""Whole runs with strokes and corrections: labels of some regions of some frames, beside a painted key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawings import COAT, PAPER, SCARF, SIZE, SKIN, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, list_files, paint, read_frames, share_equal

from framecolor import InputError
from framecolor.cli.colorize import colorize as colorize_command
from framecolor.media import write_image
from framecolor.shot.corrections import Correction, write_corrections

pytestmark = pytest.mark.usefixtures("quick_engine")

HAT = (17, 201, 99, 255)
GREEN = (1, 130, 60, 255)


def draw_hat(step: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The walking figure with a hat in its hand, which the key at step 0 does not show."""
    ink, painted = draw(step)
    if step:
        corner = (62 + 3 * step, 60)
        far = (corner[0] + 14, corner[1] + 22)
        line = np.ascontiguousarray(ink[..., 3])
        cv2.rectangle(line, corner, far, 0, -1)
        cv2.rectangle(line, corner, far, 255, 2)
        cv2.rectangle(painted, corner, far, HAT, -1)
        ink[..., 3] = line
        painted[line > 0] = (0, 0, 0, 255)
    return ink, painted


def hat_at(step: int) -> tuple[int, int]:
    """(x, y) in the middle of the hat."""
    return 69 + 3 * step, 71


def make_hat_shot(root: Path, frames: int = 6) -> Path:
    for step in range(frames):
        ink, painted = draw_hat(step)
        write_image(root / f"line/cut.{1001 + step}.png", ink)
        if step == 0:
            write_image(root / f"keys/cut.{1001 + step}.png", painted)
    return root


def stroke(root: Path, number: int, *dots: tuple[tuple[int, int], tuple[int, ...]], radius: int = 3) -> Path:
    """A hint with a dot at each place."""
    hint = np.zeros((*SIZE, 4), np.uint8)
    for place, color in dots:
        cv2.circle(hint, place, radius, color, -1)
    path = root / f"hints/{number}.png"
    write_image(path, hint)
    return path


def correct(path: Path, *corrections: tuple[int, int, int, tuple[int, ...]]) -> Path:
    write_corrections(path, "cut", [Correction(n, x, y, (c[0], c[1], c[2], c[3])) for n, x, y, c in corrections])
    return path


def color_at(out: Path, number: int, x: int, y: int) -> tuple[int, ...]:
    return tuple(read_frames(out)[f"cut.{number}.png"][y, x].tolist())


def entries(out: Path) -> dict[int, dict[str, Any]]:
    return {e["number"]: e for e in json.loads((out / "framecolor.json").read_text())["frames"]}


# Strokes


def test_a_stroke_on_one_frame_colors_a_region_that_no_key_shows_in_all_frames(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut")
    stroke(root, 1003, (hat_at(2), HAT))
    outcome = paint(root)
    assert outcome.warnings == () and outcome.keys == 1
    for step, frame in enumerate(read_frames(outcome.out).values()):
        assert share_equal(frame, draw_hat(step)[1]) > 0.995, step
    frames = entries(outcome.out)
    assert frames[1003]["told"] == 1 and "corrected" not in frames[1003] and "told" not in frames[1002]
    assert [frames[n]["status"] for n in (1001, 1003)] == ["key", "painted"]
    assert list(HAT) in json.loads((outcome.out / "framecolor.json").read_text())["palette"]


def test_a_stroke_is_certain_in_its_frame(tmp_path: Path) -> None:
    """A stroke wins over the keys, and nothing else of the frame changes."""
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    before = read_frames(paint(root, tmp_path / "before").out)["cut.1002.png"]
    stroke(root, 1002, ((39, 28), GREEN))
    outcome = paint(root)
    after = read_frames(outcome.out)["cut.1002.png"]
    skin = (before == SKIN).all(-1)
    assert colors_of(after[skin]) == {GREEN}
    np.testing.assert_array_equal(after[~skin], before[~skin])


def test_strokes_come_from_the_optional_folder_and_a_changed_one_repaints(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 3)
    elsewhere = tmp_path / "elsewhere"
    stroke(elsewhere, 1002, (hat_at(1), HAT))
    out = paint(root, hints=elsewhere / "hints").out
    assert color_at(out, 1003, *hat_at(2)) == HAT
    before = list_files(out)
    assert paint(root, hints=elsewhere / "hints").written == ()
    assert list_files(out) == before
    stroke(elsewhere, 1002, (hat_at(1), GREEN))
    assert paint(root, hints=elsewhere / "hints").written == (1002, 1003)
    assert color_at(out, 1003, *hat_at(2)) == GREEN


def test_a_palette_file_binds_strokes(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 3)
    stroke(root, 1002, (hat_at(1), HAT))
    (root / "film.gpl").write_text("GIMP Palette\n250 210 180\n60 92 160\n198 40 52\n20 200 100 hat\n")
    out = paint(root, palette="film.gpl", line="none").out
    assert color_at(out, 1002, *hat_at(1)) == color_at(out, 1003, *hat_at(2)) == (20, 200, 100, 255)
    allowed = {(250, 210, 180, 255), (60, 92, 160, 255), (198, 40, 52, 255), (20, 200, 100, 255), PAPER}
    for frame in read_frames(out).values():
        assert colors_of(frame) <= allowed


def test_holds_share_labels_but_conflicting_ones_stay_apart(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 6)
    for number in (1004, 1005):
        shutil.copyfile(root / "line/cut.1003.png", root / f"line/cut.{number}.png")
    stroke(root, 1005, (hat_at(2), HAT))
    file = correct(tmp_path / "c.json", (1003, *hat_at(2), HAT), (1005, *hat_at(2), GREEN))
    for given, colors, last in (({}, [HAT] * 3, "hold"), ({"corrections": file}, [HAT, HAT, GREEN], "painted")):
        out = paint(root, **given).out
        assert [color_at(out, n, *hat_at(2)) for n in (1003, 1004, 1005)] == colors
        assert [entries(out)[n]["status"] for n in (1003, 1004, 1005)] == ["painted", "hold", last]


def test_strokes_that_label_nothing_give_a_warning(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 3)
    hint = np.zeros((*SIZE, 4), np.uint8)
    hint[20:30, 25] = (*GREEN[:3], 255)  # on the outline of the head only
    line = draw_hat(1)[0][..., 3] > 0
    hint[~line] = 0
    assert hint.any()
    write_image(root / "hints/1002.png", hint)
    write_image(root / "hints/1003.png", np.zeros((*SIZE, 4), np.uint8))
    first, second = paint(root).warnings
    assert "1002.png" in first and "x 25, y 2" in first
    assert "1003.png" in second


def test_an_opaque_hint_is_an_error(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 3)
    write_image(root / "hints/1002.png", np.full((*SIZE, 4), 255, np.uint8))
    with pytest.raises(InputError) as caught:
        paint(root)
    assert caught.value.subject.endswith("1002.png")


# Corrections


def test_corrections_are_final_in_their_frame_and_vote_around_it(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut")
    file = correct(tmp_path / "c.json", (1003, *hat_at(2), HAT), (1005, 60, 20, GREEN))
    outcome = paint(root, corrections=file)
    for number in range(1002, 1007):
        assert color_at(outcome.out, number, *hat_at(number - 1001)) == HAT
    for step, true_color, color in ((2, HAT, HAT), (4, SKIN, GREEN)):
        region = (draw_hat(step)[1] == true_color).all(-1)
        assert colors_of(read_frames(outcome.out)[f"cut.{1001 + step}.png"][region]) == {color}
    assert color_at(outcome.out, 1006, 51, 20) == GREEN
    table = json.loads((outcome.out / "framecolor.json").read_text())
    assert table["corrections"] == [
        {"frame": 1003, "x": hat_at(2)[0], "y": hat_at(2)[1], "color": "#11c963"},
        {"frame": 1005, "x": 60, "y": 20, "color": "#01823c"},
    ]
    assert (entries(outcome.out)[1003]["told"], entries(outcome.out)[1003]["corrected"]) == (1, 1)
    assert paint(root, corrections=file).written == ()
    assert paint(root).written != (), "without the file it is as before"
    assert "corrections" not in json.loads((outcome.out / "framecolor.json").read_text())


def test_a_correction_outranks_key_and_stroke(tmp_path: Path) -> None:
    root = make_hat_shot(tmp_path / "cut", 3)
    stroke(root, 1002, (hat_at(1), HAT))
    file = correct(tmp_path / "c.json", (1001, 36, 62, GREEN), (1002, *hat_at(1), SCARF))
    out = paint(root, corrections=file).out
    assert color_at(out, 1001, 36, 70) == GREEN
    assert color_at(out, 1002, *hat_at(1)) == SCARF
    assert color_at(out, 1003, 42, 70) == GREEN, "the corrected key is what the others hear"
    assert entries(out)[1001]["status"] == "key"


def test_a_correction_to_paper_and_a_point_on_a_line_correct_the_nearest_region(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    line = draw(1)[0][..., 3]
    x = 39
    y = next(y for y in range(60, SIZE[0]) if line[y, x] == 255)  # the coat's lower outline, upper edge
    out = paint(root, corrections=correct(tmp_path / "c.json", (1002, x, y, PAPER))).out
    assert color_at(out, 1002, 39, 70) == PAPER
    assert color_at(out, 1001, 36, 70) == COAT


def test_a_correction_with_a_kept_fit_repaints_the_spans_that_it_reaches(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 10, (0, 3, 6, 9))
    paint(root, fit=6)
    before = list_files(root / "color")
    file = correct(tmp_path / "c.json", (1005, 36 + 12, 28, GREEN))
    outcome = paint(root, fit="keep", corrections=file)
    assert 1005 in outcome.written and set(outcome.written) <= {1005, 1006, 1007}
    after = list_files(root / "color")
    assert {n for n, _ in before.items() ^ after.items() if n.endswith(".png")} <= {"cut.1005.png", "cut.1006.png"}
    assert color_at(outcome.out, 1005, 48, 28) == GREEN
    assert paint(root, fit="keep", corrections=file).written == ()


@pytest.mark.parametrize("place", [(99, 1, 1), (1001, 500, 1)])
def test_corrections_that_fit_nothing(tmp_path: Path, place: tuple[int, int, int]) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    with pytest.raises(InputError, match=f"frame {place[0]}"):
        paint(root, corrections=correct(tmp_path / "c.json", (*place, GREEN)))
    assert not (root / "color").exists()


def test_a_drawing_that_changed_after_its_correction_gives_a_warning(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    write_corrections(tmp_path / "c.json", "cut", [Correction(1002, 39, 28, (1, 2, 3, 255), "00ff")])
    (warning,) = paint(root, corrections=tmp_path / "c.json").warnings
    assert "frame 1002" in warning


def test_the_command_takes_one_file_for_one_shot(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    file = correct(root / "corrections.json", (1002, 39, 28, GREEN))
    run = CliRunner().invoke
    assert run(colorize_command, [str(root), "--fit", "0", "--corrections", "none"]).exit_code == 0
    assert color_at(root / "color", 1002, 39, 28) == SKIN
    assert run(colorize_command, [str(root), "--fit", "0", "--corrections", str(file)]).exit_code == 0
    assert color_at(root / "color", 1002, 39, 28) == GREEN
    twice = run(colorize_command, [str(root), str(root), "--corrections", str(file)])
    assert twice.exit_code == 2 and "--corrections" in twice.stderr
