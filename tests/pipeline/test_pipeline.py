"""Whole runs on a small shot: what comes out, and that it is exactly the painter's colors and the animator's lines."""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawings import COAT, PALETTE, PAPER, SIZE, SKIN, draw, make_shot
from painting import FIT, colors_of, paint, read_bytes, read_frames, share_equal

from framecolor.core.compositing import lay_over
from framecolor.media import read_image, write_image
from framecolor.propagation.features import FrameFeatures, vote_on

pytestmark = pytest.mark.usefixtures("quick_engine")

NAMES = [f"cut.{number}.png" for number in range(1001, 1008)]


def test_flat_paint_is_the_palette_and_lines_are_the_drawing(painted_shot: Path, tmp_path: Path) -> None:
    over = read_frames(painted_shot / "color")
    none = read_frames(paint(painted_shot, tmp_path / "none", fit=FIT, line="none").out)
    layer = paint(painted_shot, tmp_path / "layer", fit=FIT, line="layer").out
    assert list(over) == list(none) == NAMES
    for step, name in enumerate(NAMES):
        ink, truth = draw(step)
        assert over[name].shape == (*SIZE, 4)
        assert colors_of(none[name]) <= PALETTE
        free = ink[..., 3] == 0
        assert colors_of(over[name][free]) <= PALETTE
        np.testing.assert_array_equal(over[name], lay_over(ink, none[name]))
        np.testing.assert_array_equal(over[name][ink[..., 3] == 255], ink[ink[..., 3] == 255])
        np.testing.assert_array_equal(read_image(layer / name), none[name])
        np.testing.assert_array_equal(read_image(layer / "line" / name), ink)
        assert share_equal(over[name], truth) > 0.995
    table = json.loads((painted_shot / "color/framecolor.json").read_text())
    assert {tuple(color) for color in table["palette"]} == PALETTE
    assert [frame["status"] for frame in table["frames"]] == ["key", *["painted"] * 5, "key"]
    assert table["size"] == [SIZE[1], SIZE[0]]


def test_paper_is_transparent_or_white_as_asked(tmp_path: Path) -> None:
    """Also with keys on opaque white, where a white shirt beside the paper stays white."""
    clear, opaque = make_shot(tmp_path / "clear", 3, (0,)), make_shot(tmp_path / "opaque", 3, (0,))
    for path in (opaque / "keys").iterdir():
        key = read_image(path)
        key[(key[..., :3] == COAT[:3]).all(-1)] = (255, 255, 255, 255)  # a white coat
        key[key[..., 3] == 0] = (255, 255, 255, 255)
        write_image(path, key)
    corner = (0, 0)
    coat = (70, 40)  # inside of the coat in all three drawings
    for root, background, paper, body in (
        (clear, "keys", PAPER, COAT),
        (clear, "paper", (255, 255, 255, 255), COAT),
        (clear, "transparent", PAPER, COAT),
        (opaque, "keys", (255, 255, 255, 255), (255, 255, 255, 255)),
        (opaque, "transparent", PAPER, (255, 255, 255, 255)),
    ):
        out = paint(root, tmp_path / "out", background=background, overwrite=True).out
        for name, frame in read_frames(out).items():
            assert tuple(frame[corner]) == paper, (root.name, background, name)
            assert tuple(frame[coat]) == body, (root.name, background, name)


@pytest.mark.parametrize("background", ["keys", "paper"])
def test_painted_mode_keeps_lines_and_paper(tmp_path: Path, background: str) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    out = paint(root, mode="painted", fit=1, background=background).out
    paper = PAPER if background == "keys" else (255, 255, 255, 255)
    for step, (_, frame) in enumerate(read_frames(out).items()):
        ink, truth = draw(step)
        line = ink[..., 3] == 255
        np.testing.assert_array_equal(frame[line], ink[line])
        assert colors_of(frame[(truth[..., 3] == 0) & ~line]) == {paper}
        assert (frame[truth[..., 3] == 255][:, 3] == 255).all()


def test_trace_lines_bound_paint_and_vanish(tmp_path: Path) -> None:
    """A red line parts shadow from skin: both are painted, and no red is left."""
    shadow = (200, 160, 130, 255)
    for step in range(3):
        line, painted = draw(step)
        x = 36 + 3 * step
        painted[(painted == SKIN).all(-1) & (np.arange(SIZE[1]) > x)[None]] = shadow
        inside = np.zeros(SIZE, np.uint8)
        cv2.ellipse(inside, (x, 28), (13, 15), 0, 0, 360, 1, -1)
        trace = (inside > 0) & (np.abs(np.arange(SIZE[1]) - x) <= 0)[None] & (line[..., 3] == 0)
        line[trace] = (255, 0, 0, 255)
        painted[trace] = SKIN
        write_image(tmp_path / f"cut/line/a.{step:04d}.png", line)
        if step == 0:
            write_image(tmp_path / f"cut/keys/a.{step:04d}.png", painted)
    for name, frame in read_frames(paint(tmp_path / "cut", fit=FIT).out).items():
        colors = colors_of(frame)
        assert (255, 0, 0, 255) not in colors
        assert {SKIN, shadow} <= colors <= {*PALETTE, shadow, (0, 0, 0, 255)}, name


def test_antialiased_keys_give_the_exact_palette(tmp_path: Path) -> None:
    """Keys whose lines are blended into the paint: what comes out are the painter's values, not the blends."""
    for step in range(3):
        line, painted = draw(step)
        soft = cv2.GaussianBlur(line[..., 3], (3, 3), 0.8)
        line[..., 3] = soft
        write_image(tmp_path / f"cut/line/a.{step}.png", line)
        if step == 1:
            key = painted.copy()
            black = (painted == (0, 0, 0, 255)).all(-1)
            key[black] = PAPER
            opaque = key[..., 3] == 255
            share = soft[..., None] / 255
            mixed = np.rint(key[..., :3] * (1 - share)).astype(np.uint8)
            key[..., :3] = np.where(opaque[..., None], mixed, key[..., :3])
            key[~opaque & (soft > 0)] = (0, 0, 0, 255)
            write_image(tmp_path / f"cut/keys/a.{step}.png", key)
    out = paint(tmp_path / "cut", line="none").out
    table = json.loads((out / "framecolor.json").read_text())
    assert {tuple(color) for color in table["palette"]} >= PALETTE
    for step, frame in enumerate(read_frames(out).values()):
        ink, truth = draw(step)
        body = (truth == COAT).all(-1) & (cv2.dilate(ink[..., 3], np.ones((5, 5))) == 0)
        assert colors_of(frame[body]) == {COAT}


def test_a_palette_file_limits_the_colors(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "film.gpl").write_text("GIMP Palette\n250 210 180 skin\n60 92 160 coat\n198 40 52 scarf\n0 255 0 unused\n")
    out = paint(root, palette="film.gpl", line="none").out
    for frame in read_frames(out).values():
        assert colors_of(frame) == {(250, 210, 180, 255), (60, 92, 160, 255), (198, 40, 52, 255), PAPER}


def test_holds_are_painted_once(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 6, (0, 5))
    held = (root / "line/cut.1003.png").read_bytes()
    for number in (1004, 1005):
        (root / f"line/cut.{number}.png").write_bytes(held)
    outcome = paint(root, line="layer")
    frames = json.loads((outcome.out / "framecolor.json").read_text())["frames"]
    assert [f["status"] for f in frames] == ["key", "painted", "painted", "hold", "hold", "key"]
    assert [f.get("hold_of") for f in frames] == [None, None, None, 1003, 1003, None]
    for folder in (outcome.out, outcome.out / "line"):
        files = read_bytes(folder)
        assert files["cut.1003.png"] == files["cut.1004.png"] == files["cut.1005.png"] != files["cut.1002.png"]


def test_a_drawing_that_repeats_a_key_is_painted_as_that_key(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 6, (0, 5))
    key, *_, later, last = sorted((root / "line").iterdir())
    shutil.copyfile(key, later)
    out = paint(root, fit="off").out
    frames = read_frames(out)
    assert (frames[later.name] == frames[key.name]).all()
    assert (frames[later.name] != frames[last.name]).any()
    entry = json.loads((out / "framecolor.json").read_text())["frames"][4]
    assert entry["number"] == 1005 and entry["confidence"] == 1 and entry["unsure"] == []


def test_frames_choose_what_is_written(painted_shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = paint(painted_shot, out, fit=FIT, frames="1002-1004x2")
    assert first.written == (1002, 1004)
    assert list(read_frames(out)) == ["cut.1002.png", "cut.1004.png"]
    rest = paint(painted_shot, out, fit=FIT)
    assert rest.written == (1001, 1003, 1005, 1006, 1007)
    assert rest.unchanged == (1002, 1004)
    assert read_bytes(out) == read_bytes(painted_shot / "color")


@pytest.mark.parametrize("keys", [(0,), (6,), (3,), (0, 3, 6), tuple(range(7))])
def test_keys_may_lie_anywhere(tmp_path: Path, keys: tuple[int, ...]) -> None:
    root = make_shot(tmp_path / "cut", keys=keys)
    outcome = paint(root)
    assert outcome.keys == len(keys)
    assert not outcome.failed
    for step, frame in enumerate(read_frames(outcome.out).values()):
        assert share_equal(frame, draw(step)[1]) > 0.99


def test_a_shot_of_one_frame(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 1, (0,), first=7, name="a_{}.png")
    assert paint(root).written == (7,)
    assert share_equal(read_image(root / "color/a_7.png"), draw(0)[1]) == 1


def test_a_span_does_not_depend_on_what_else_is_painted(tmp_path: Path, painted_shot: Path) -> None:
    """Frames are the same whether they are painted alone, with their span or with the whole shot."""
    root = make_shot(tmp_path / "cut", 7, (0, 3, 6))
    whole = read_bytes(paint(root, tmp_path / "whole", fit=1).out)
    parts = tmp_path / "parts"
    for frames in ("1006", "1004-1005", "1001-1007"):
        paint(root, parts, fit=1, frames=frames)
    assert read_bytes(parts) == whole
    records = [json.loads((folder / "framecolor.json").read_text())["frames"] for folder in (tmp_path / "whole", parts)]
    assert records[0] == records[1]


@pytest.mark.parametrize("key_every", [6, 1000])
def test_memory_does_not_grow_with_the_shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_every: int) -> None:
    """Only the drawings of one stretch and those in flight are held, however many there are and however few keys."""
    monkeypatch.setattr("framecolor.propagation.smoothing.LONGEST_BLOCK", 6)

    def most_alive(frames: int) -> int:
        root = make_shot(tmp_path / f"cut{frames}", frames, tuple(range(0, frames, key_every)))
        alive: weakref.WeakSet[FrameFeatures] = weakref.WeakSet()
        counts = []

        def watch(work: Callable[..., FrameFeatures]) -> Callable[..., FrameFeatures]:
            def features(*arguments: Any, **named: Any) -> FrameFeatures:
                alive.add(result := work(*arguments, **named))
                counts.append(len(alive))
                return result

            return features

        with monkeypatch.context() as patch:
            patch.setattr("framecolor.pipeline.stream.vote_on", watch(vote_on))
            paint(root)
        assert len(counts) == frames
        return max(counts)

    assert most_alive(36) <= most_alive(18) + 4
