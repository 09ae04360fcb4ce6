"""Shots with references: what they add, what is said of broken ones, and when frames are painted again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from drawings import PALETTE, draw, make_shot
from painting import colors_of, paint, read_all, read_frames, share_equal

from framecolor import Settings, Shot, ShotError, cli, color_frames, colorize, colorize_part, gather_parts, prepare
from framecolor.keys.references import drawing as reference_drawing
from framecolor.media import read_image, write_image

pytestmark = pytest.mark.usefixtures("quick_engine")

FRAMES = 4


def put(folder: Path, *steps: int, line: bool = True) -> Path:
    """Painted drawings of other steps of the figure, as references."""
    for step in steps:
        drawn, painted = draw(step)
        write_image(folder / f"walk.{step}.png", painted)
        if line:
            write_image(folder / "line" / f"walk.{step}.png", drawn)
    return folder


def make(tmp_path: Path, keys: tuple[int, ...] = ()) -> Path:
    return make_shot(tmp_path / "show/cut", FRAMES, keys)


def score(root: Path) -> float:
    """The share of right pixels in the worst frame."""
    frames = read_frames(root / "color")
    return min(share_equal(frames[f"cut.{1001 + step}.png"], draw(step)[1]) for step in range(FRAMES))


@pytest.mark.parametrize("line", [True, False])
def test_references_alone_paint_a_shot(tmp_path: Path, line: bool) -> None:
    root = make(tmp_path)
    put(root / "references", 8, 12, line=line)
    outcome = paint(root)
    assert (outcome.keys, outcome.failed, outcome.warnings) == (0, {}, ())
    assert score(root) > 0.95
    for pixels in read_frames(outcome.out).values():
        assert colors_of(pixels) <= {*PALETTE, (0, 0, 0, 255)}
    table = json.loads((outcome.out / "framecolor.json").read_text())
    assert table["references"] == ["../references/walk.12.png", "../references/walk.8.png"]


def test_a_fit_without_keys_learns_from_references(tmp_path: Path) -> None:
    root = make(tmp_path)
    put(root / "references", 8)
    assert len(paint(root, fit=2).written) == FRAMES


def test_strokes_come_before_references(tmp_path: Path) -> None:
    root = make(tmp_path)
    put(root / "references", 8)
    hint = np.zeros_like(draw(0)[0])
    hint[60:64, 34:40] = green = (20, 160, 60, 255)
    write_image(root / "hints/1001.png", hint)
    paint(root)
    assert (read_image(root / "color/cut.1001.png")[62, 36] == green).all()


def test_frames_are_painted_again_if_a_reference_changes(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0,))
    plain = read_all(paint(root).out)
    put(root / "references", 8)
    assert len(paint(root).unchanged) < FRAMES or read_all(root / "color") != plain
    assert not paint(root).written
    before = (root / "color/framecolor.json").read_bytes()
    (root / "references/line/walk.8.png").unlink()
    paint(root)
    assert (root / "color/framecolor.json").read_bytes() != before
    shutil.rmtree(root / "references")
    paint(root)
    assert read_all(root / "color") == plain


def test_a_copy_of_a_key_is_no_reference(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0,))
    plain = read_all(paint(root).out)
    (tmp_path / "show/references").mkdir()
    shutil.copy(root / "keys/cut.1001.png", tmp_path / "show/references")
    assert not paint(root).written
    assert read_all(root / "color") == plain


def test_a_reference_of_the_show_is_another_one_if_the_user_names_it(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0,))
    folder = put(tmp_path / "show/references", 8)
    painted = read_image(folder / "walk.8.png")
    painted[..., :3] = painted[..., [2, 0, 1]]
    write_image(folder / "walk.8.png", painted)  # its colors differ from those of the key
    table = root / "color/framecolor.json"
    for given, used in ((None, False), (folder, True), (None, False)):
        colorize(Shot.open(root, references=given))
        assert (b'"references"' in table.read_bytes()) == used


def test_a_huge_reference_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path, keys=(0,))
    put(root / "references", 8)
    monkeypatch.setattr(reference_drawing, "MAX_DRAWING_PX", 1000)
    monkeypatch.setattr(Shot, "read_reference", lambda *_: pytest.fail("it was decoded"))
    (warning,) = paint(root).warnings
    assert "walk.8.png" in warning and "limit" in warning


def test_a_reference_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0,))
    folder = put(root / "references", 8)
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 4)).astype(np.uint8)
    write_image(folder / "photo.png", np.dstack([noise[..., :3], np.full((60, 80), 255, np.uint8)]))
    (folder / "cut_off.png").write_bytes((folder / "walk.8.png").read_bytes()[:60])
    write_image(folder / "line/walk.8.png", draw(8, (48, 64))[0])
    for outcome in (paint(root), paint(root)):
        texts = "\n".join(outcome.warnings)
        assert all(name in texts for name in ("photo.png", "cut_off.png", "line/walk.8.png")), texts
        assert not outcome.failed
    table = json.loads((root / "color/framecolor.json").read_text())
    assert table["references"] == ["../references/walk.8.png"]


def test_a_reference_that_changes_during_the_run_is_not_used(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0,))
    folder = put(root / "references", 8)
    shot = Shot.open(root)
    assert shot.reference_hash(shot.references[0])
    write_image(folder / "walk.8.png", draw(9)[1])
    outcome = colorize(shot)
    assert "walk.8.png" in " ".join(outcome.warnings) and not outcome.failed
    assert "references" not in json.loads((outcome.out / "framecolor.json").read_text())
    assert not paint(root).warnings
    assert "references" in json.loads((outcome.out / "framecolor.json").read_text())


def test_a_named_folder_of_unusable_pictures_ends_the_run(tmp_path: Path) -> None:
    root, others = make(tmp_path, keys=(0,)), tmp_path / "others"
    others.mkdir()
    (others / "photo.png").write_bytes(b"no picture")
    with pytest.raises(ShotError, match=r"photo\.png"):
        colorize(Shot.open(root, references=others))
    result = CliRunner().invoke(cli.framecolor, ["colorize", str(root), "--references", str(others)])
    assert result.exit_code == 2 and "photo.png" in result.output


def test_parts_use_the_same_references(tmp_path: Path) -> None:
    root = make(tmp_path, keys=(0, 3))
    put(tmp_path / "show/references", 8, 10)
    paint(root, out=tmp_path / "show/cut/whole")
    prepare(Shot.open(root))
    for frames in ("1001-1002", "1003-1004"):
        colorize_part(Shot.open(root, frames=frames))
    assert not gather_parts(Shot.open(root), root / "color").failed
    assert read_all(root / "color") == read_all(root / "whole")
    assert b'"references"' in (root / "color/framecolor.json").read_bytes()


def test_a_design_sheet_is_listed_once(tmp_path: Path) -> None:
    root = make(tmp_path)
    write_image(root / "references/sheet.png", np.hstack([draw(step)[1] for step in (4, 8, 12)]))
    paint(root)
    assert score(root) > 0.95
    table = json.loads((root / "color/framecolor.json").read_text())
    assert table["references"] == ["../references/sheet.png"]


@pytest.mark.parametrize("keys", [(), (0,)])
def test_arrays_take_references_too(tmp_path: Path, keys: tuple[int, ...]) -> None:
    root = make(tmp_path, keys)
    put(root / "references", 8)
    painted = read_frames(paint(root).out)
    lines = {1001 + step: draw(step)[0] for step in range(FRAMES)}
    frames = color_frames(lines, {1001 + step: draw(step)[1] for step in keys}, references=[draw(8)])
    for frame, pixels in zip(frames, painted.values(), strict=True):
        np.testing.assert_array_equal(frame.rgba, pixels)


def test_arrays_that_are_no_references_are_refused() -> None:
    line, painted = draw(0)
    other = draw(0, (48, 64))[0]
    for wrong in ((other, painted), (None, np.zeros_like(painted)), (None, painted[:0]), painted, (painted,)):
        with pytest.raises(ShotError, match="reference 0"):
            color_frames([line], {}, references=[wrong])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ShotError):
        color_frames([], {}, Settings(), references=[(line, painted)])


def test_plan_lists_references(tmp_path: Path) -> None:
    root = make(tmp_path)
    folder = put(root / "references", 8)
    (folder / "cut_off.png").write_bytes(b"x")
    result = CliRunner().invoke(cli.framecolor, ["plan", str(root)])
    assert result.exit_code == 0
    assert "references alone" in result.output and "walk.8.png" in result.output
    assert [line for line in result.output.splitlines() if line.startswith("warning") and "cut_off.png" in line]
