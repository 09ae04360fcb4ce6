"""Stencils: outside of a mask not one pixel changes, no other frame is touched, and the frame becomes a key."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import pytorch_alone
from drawings import COAT, PAPER, SCARF, SIZE, SKIN, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, copy_shot, list_files, paint, read_frames, share_equal

from framecolor import FramecolorError, OutputError, ShotError, cli
from framecolor.cli.colorize import colorize as colorize_command
from framecolor.media import read_image, write_image
from framecolor.shot.corrections import Correction, write_corrections

pytestmark = pytest.mark.usefixtures("quick_engine")

GREEN = (1, 130, 60, 255)
NUMBER = 1004


def mask_box(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


HEAD = mask_box(28, 8, 62, 42)
"""Around the head of frame 1004, without touching the scarf."""


def stencil(root: Path, mask: NDArray[np.bool_], number: int = NUMBER, kind: str = "white on black") -> Path:
    picture = np.zeros((*SIZE, 4), np.uint8)
    picture[..., 3] = 255 if kind == "white on black" else 255 * mask
    picture[mask, :3] = 255 if kind == "white on black" else (200, 0, 90)
    write_image(root / f"{number}.png", picture)
    return root


def stroke(root: Path, number: int, place: tuple[int, int], color: tuple[int, ...]) -> None:
    hint = np.zeros((*SIZE, 4), np.uint8)
    cv2.circle(hint, place, 3, color, -1)
    write_image(root / f"hints/{number}.png", hint)


def fingerprints(out: Path) -> dict[str, tuple[str, int]]:
    """Content and time of every painted frame."""
    return {p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in out.glob("*.png")}


def spoil(path: Path) -> NDArray[np.uint8]:
    """A frame as somebody touched it up elsewhere: noise all over, also in what transparent pixels hide."""
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (*SIZE, 4), dtype=np.uint8)
    picture[::3, :, 3] = 0
    write_image(path, picture)
    return picture


@pytest.fixture(scope="module")
def unfitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shot of seven frames, painted without a fit; to be copied, never changed."""
    root = make_shot(tmp_path_factory.mktemp("unfitted") / "cut")
    with pytorch_alone():
        paint(root)
    return root


@pytest.fixture
def root(unfitted: Path, tmp_path: Path) -> Path:
    """A painted shot of seven frames to change."""
    return copy_shot(unfitted, tmp_path / "cut")


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "white on black"),
        ({}, "on transparent"),
        ({"line": "none", "background": "paper"}, "white on black"),
        ({"mode": "painted", "line": "layer"}, "on transparent"),
    ],
)
def test_outside_of_the_mask_not_one_bit_changes(root: Path, kind: str, settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    mask = HEAD & (rng.random(SIZE) < 0.7)
    before = spoil(root / f"color/cut.{NUMBER}.png")
    others = fingerprints(root / "color")
    stroke(root, NUMBER, (45, 28), GREEN)
    outcome = paint(root, stencils=stencil(root / "masks", mask, kind=kind), **settings)
    after = read_image(root / f"color/cut.{NUMBER}.png")
    np.testing.assert_array_equal(after[~mask], before[~mask])
    skin = mask & (draw(3)[1] == SKIN).all(-1)
    if "mode" not in settings:
        assert colors_of(after[skin]) == {GREEN}
    assert (after[mask] != before[mask]).any()
    assert outcome.written == (NUMBER,) and outcome.unchanged == ()
    touched = {n for n, print_ in fingerprints(root / "color").items() if others[n] != print_}
    assert touched == {f"cut.{NUMBER}.png"}


def test_the_stenciled_frame_becomes_a_key_that_the_others_follow(root: Path) -> None:
    stroke(root, NUMBER, (45, 28), GREEN)
    paint(root, stencils=stencil(root / "masks", HEAD), fit="off")
    (root / f"hints/{NUMBER}.png").unlink()
    key = read_image(root / f"color/keys/cut.{NUMBER}.png")
    assert tuple(key[28, 45]) == GREEN and tuple(key[68, 45]) == COAT and tuple(key[0, 0]) == PAPER
    frame = read_image(root / f"color/cut.{NUMBER}.png")
    outcome = paint(root)
    assert outcome.keys == 3
    np.testing.assert_array_equal(read_image(root / f"color/cut.{NUMBER}.png"), frame)
    frames = read_frames(root / "color")
    for step in (2, 3, 4):
        assert tuple(frames[f"cut.{1001 + step}.png"][28, 36 + 3 * step]) == GREEN, step
    for step in (0, 6):
        assert tuple(frames[f"cut.{1001 + step}.png"][28, 36 + 3 * step]) == SKIN
    entries = json.loads((root / "color/framecolor.json").read_text())["frames"]
    assert [e["number"] for e in entries if e["status"] == "key"] == [1001, NUMBER, 1007]
    before = list_files(root / "color")
    assert paint(root).written == () and list_files(root / "color") == before


def test_again_and_again(root: Path) -> None:
    """Each run uses the present labels, even if an earlier stencil made a key of the frame; all keys stay."""
    masks = root / "masks"
    for color in (GREEN, (9, 9, 200, 255), GREEN):
        stroke(root, NUMBER, (45, 28), color)
        paint(root, stencils=stencil(masks, HEAD))
        assert tuple(read_image(root / f"color/cut.{NUMBER}.png")[28, 45]) == color
        assert tuple(read_image(root / f"color/keys/cut.{NUMBER}.png")[28, 45]) == color
    stroke(root, NUMBER, (45, 68), (9, 200, 9, 255))  # the head's stroke is gone, the head is not in the mask
    frame = read_image(root / f"color/cut.{NUMBER}.png")
    mask = mask_box(0, 54, SIZE[1], SIZE[0])
    paint(root, stencils=stencil(masks, mask))
    after = read_image(root / f"color/cut.{NUMBER}.png")
    np.testing.assert_array_equal(after[~mask], frame[~mask])
    assert tuple(after[68, 45]) == (9, 200, 9, 255)
    assert tuple(read_image(root / f"color/keys/cut.{NUMBER}.png")[28, 45]) == GREEN


def test_corrections_and_several_frames_at_once(root: Path) -> None:
    masks = stencil(stencil(root / "masks", HEAD), np.ones(SIZE, bool), 1003)
    write_corrections(
        root / "c.json", "cut", [Correction(n, x, 28, (1, 130, 60, 255)) for n, x in ((1004, 45), (1003, 42))]
    )
    assert paint(root, stencils=masks, corrections=root / "c.json").written == (1003, NUMBER)
    for number, x in ((1003, 42), (NUMBER, 45)):
        assert tuple(read_image(root / f"color/cut.{number}.png")[28, x]) == GREEN
    assert sorted(p.name for p in (root / "color/keys").iterdir()) == ["cut.1003.png", "cut.1004.png"]
    assert paint(root, stencils=masks, frames="1003").written == ()


def test_holds_have_a_stencil_each(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 6, (0,))
    for number in (1005, 1006):
        (root / f"line/cut.{number}.png").write_bytes((root / "line/cut.1004.png").read_bytes())
    paint(root)
    spoiled = {number: spoil(root / f"color/cut.{number}.png") for number in (1004, 1005)}
    spoiled[1005][..., 0] ^= 255
    write_image(root / "color/cut.1005.png", spoiled[1005])
    others = {n: p for n, p in fingerprints(root / "color").items() if n not in ("cut.1004.png", "cut.1005.png")}
    masks = {1004: HEAD, 1005: mask_box(0, 54, SIZE[1], SIZE[0])}
    for number, mask in masks.items():
        stencil(root / "masks", mask, number)
    assert paint(root, stencils=root / "masks").written == (1004, 1005)
    for number, mask in masks.items():
        frame = read_image(root / f"color/cut.{number}.png")
        np.testing.assert_array_equal(frame[~mask], spoiled[number][~mask])
        assert share_equal(frame[mask], draw(3)[1][mask]) == 1
    assert others.items() <= fingerprints(root / "color").items()


def test_a_key_without_its_frame_is_enough_and_the_other_way_round(root: Path) -> None:
    """The frame is painted again from its key; and, without the key, as if there had been no stencil."""
    plain = fingerprints(root / "color")[f"cut.{NUMBER}.png"][0]
    stroke(root, NUMBER, (45, 28), GREEN)
    paint(root, stencils=stencil(root / "masks", HEAD))
    (root / f"hints/{NUMBER}.png").unlink()
    frame = read_image(root / f"color/cut.{NUMBER}.png")
    (root / f"color/cut.{NUMBER}.png").unlink()
    paint(root)
    np.testing.assert_array_equal(read_image(root / f"color/cut.{NUMBER}.png"), frame)
    (root / f"color/keys/cut.{NUMBER}.png").unlink()
    assert NUMBER in paint(root).written
    assert fingerprints(root / "color")[f"cut.{NUMBER}.png"][0] == plain


def test_paper_shown_as_white_stays_paper_in_the_key(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    paint(root, background="paper")
    paint(root, background="paper", stencils=stencil(root / "masks", HEAD, 1002))
    key = read_image(root / "color/keys/cut.1002.png")
    assert tuple(key[0, 0]) == PAPER
    assert colors_of(key) == {PAPER, SKIN, COAT, SCARF}


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ("unpainted", ("1004.png", "frame 1004 is not painted yet", "run `framecolor colorize")),
        ("black", ("1004.png", "is empty")),
        ("no masks", ("--stencils: has no stencil", "it is empty", "white on black")),
        ("not wanted", ("has no stencil for a wanted frame", "1004")),
        ("another size", ("cut.1004.png", "the painted frame is 4x4")),
    ],
)
def test_stencils_that_cannot_be_used(root: Path, spoiled: str, words: tuple[str, ...]) -> None:
    masks = stencil(root / "masks", HEAD if spoiled != "black" else HEAD & False)
    painted = root / f"color/cut.{NUMBER}.png"
    if spoiled == "unpainted":
        painted.unlink()
    elif spoiled == "no masks":
        (masks / f"{NUMBER}.png").unlink()
    elif spoiled == "another size":
        write_image(painted, np.zeros((4, 4, 4), np.uint8))
    before = fingerprints(root / "color")
    with pytest.raises(FramecolorError) as caught:
        paint(root, stencils=masks, frames="1001-1002" if spoiled == "not wanted" else "1001-1007")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert fingerprints(root / "color") == before and not (root / "color/keys").exists()


def test_the_painters_own_keys_are_never_written_over(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    paint(root, root)
    with pytest.raises(OutputError, match="holds the shot's own keys"):
        paint(root, root, stencils=stencil(root / "masks", HEAD, 1002))


def test_the_command(root: Path) -> None:
    stencil(root / "stencils", HEAD)
    run = CliRunner().invoke
    waiting = run(colorize_command, [str(root), "--fit", "0"])
    assert waiting.exit_code == 0 and "1 stencil (1004)" in waiting.stderr
    spoil(root / f"color/cut.{NUMBER}.png")
    done = run(colorize_command, [str(root), "--fit", "0", "--stencils", str(root / "stencils")])
    assert done.exit_code == 0 and "1 stencil" not in done.stderr
    assert (root / f"color/keys/cut.{NUMBER}.png").is_file()


@pytest.mark.parametrize("command, code", [("plan", 0), ("check", 2)])
def test_stencils_that_a_run_would_refuse_are_told_before_it(tmp_path: Path, command: str, code: int) -> None:
    root = make_shot(tmp_path / "cut")
    (tmp_path / "masks").mkdir()
    told = CliRunner().invoke(cli.framecolor, [command, str(root), "--stencils", str(tmp_path / "masks")])
    text = f"{told.output} {told.exception}"
    assert "has no stencil for a wanted frame: it is empty" in text
    assert isinstance(told.exception, ShotError) if code else told.exit_code == 0


@pytest.mark.parametrize("command", ["plan", "check"])
def test_stencils_that_wait_for_their_option_are_told_before_a_run(tmp_path: Path, command: str) -> None:
    root = make_shot(tmp_path / "cut")
    (root / "stencils").mkdir()
    shutil.copy(root / "line/cut.1002.png", root / "stencils/cut.1002.png")
    told = CliRunner().invoke(cli.framecolor, [command, str(root)])
    assert told.exit_code == 0 and "1 stencil (1002) is not used without --stencils" in told.output
