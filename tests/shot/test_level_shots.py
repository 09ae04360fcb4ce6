"""Shots whose drawings, keys or hints are levels of OpenToonz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cut_folders import invoke
from drawings import draw, make_shot, refuse
from levels import save_level, show

from framecolor import Shot
from framecolor.cli import main
from framecolor.core.drawing_number import make_number
from framecolor.media import write_image

STEPS = {(1, ""): 0, (2, ""): 1, (2, "a"): 2, (3, ""): 3}
NUMBERS = (1, 2, make_number(2, "a"), 3)


def save_lines(folder: Path) -> Path:
    return save_level(folder / "line/A.tlv", STEPS)


def check_shot(shot: Shot, keys: dict[int, int]) -> None:
    """Check the drawings of STEPS, and keys: number -> step."""
    assert shot.numbers == NUMBERS and shot.size == (96, 128)
    for number, step in zip(NUMBERS, STEPS.values(), strict=True):
        assert np.array_equal(shot.read_line(number), draw(step)[0])
    assert list(shot.keys) == list(keys)
    for number, step in keys.items():
        assert np.array_equal(shot.read_key(number), show(step))


def test_a_shot_of_levels(tmp_path: Path) -> None:
    save_lines(tmp_path / "cut")
    save_level(tmp_path / "cut/keys/A.tlv", {(1, ""): 0, (3, ""): 3}, (1, 3))
    shot = Shot.open(tmp_path / "cut")
    check_shot(shot, {1: 0, 3: 3})
    assert shot.warnings == () and [shot.output_name(number) for number in NUMBERS[1:3]] == [
        "A.0002.png",
        "A.0002a.png",
    ]
    assert shot.output_name(NUMBERS[2], "tlv") == "A.0002a.tlv" and shot.level_name == "A.tlv"
    assert "2 keys" in invoke("check", tmp_path / "cut").stdout


def test_a_level_and_a_level_of_keys_are_named(tmp_path: Path) -> None:
    lines = save_level(tmp_path / "A.tlv", STEPS)
    keys = save_level(tmp_path / "B.tlv", {(2, "a"): 2}, (2,))
    shot = Shot.open(lines, keys=keys)
    check_shot(shot, {NUMBERS[2]: 2})
    assert (shot.name, shot.out, shot.warnings) == ("A", tmp_path / "color", ())


def test_painted_drawings_of_a_level_are_its_keys_and_others_are_named(tmp_path: Path) -> None:
    level = save_level(tmp_path / "A.tlv", STEPS, (1,))
    shot = Shot.open(level, keys=level)
    check_shot(shot, {1: 0})
    assert shot.warnings == (f"{level}: not used: 3 drawings without paint: 2,2a,3",)
    shown = invoke("plan", level, "--keys", level).stdout
    assert shown.count(shot.warnings[0]) == 1
    blank = save_level(tmp_path / "B.tlv", STEPS)
    refuse(level, "the level holds no painted drawing", "but 4 drawings without paint: 1-2,2a,3", keys=blank)
    refuse(level, "there is no such file", keys=tmp_path / "C.tlv")


def test_pictures_and_levels_fit_each_other(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (), first=1)
    save_level(root / "keys/A.tlv", {(2, ""): 1}, (2,))
    write_image(root / "keys/cut.0003.png", draw(2)[1])
    shot = Shot.open(root)
    assert list(shot.keys) == [2, 3] and shot.warnings == ()
    save_level(root / "keys/A.tlv", {(2, ""): 1, (3, ""): 2}, (2, 3))
    refuse(root, "has the same number as", "A.0003.tlv", "remove one of them")
    save_level(root / "keys/A.tlv", {(4, ""): 1}, (4,))
    refuse(root, "there is no drawing 4", "A.0004.tlv")


def test_a_level_beside_pictures_is_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    save_level(root / "line/work.tlv", STEPS)
    (warning,) = Shot.open(root).warnings
    assert "that is a level, which is read in line/ as its only file, and in keys/: work.tlv" in warning


def test_two_levels_or_a_level_and_a_movie_are_ambiguous(tmp_path: Path) -> None:
    root = tmp_path / "cut"
    save_lines(root)
    save_level(root / "line/B.tlv", STEPS)
    refuse(root, "the folder holds 2 levels: A.tlv, B.tlv", "keep one")
    (root / "line/B.tlv").rename(root / "line/B.mp4")
    refuse(root, "holds both the movie B.mp4 and A.tlv")


def test_cels_of_a_cut_are_levels(tmp_path: Path) -> None:
    cut = tmp_path / "Cut-005"
    save_level(cut / "Line/A/A.tlv", STEPS)
    save_level(cut / "Line/A.R1/A.tlv", {(3, ""): 5})
    save_level(cut / "Keys/A/A.tlv", {(1, ""): 0, (3, ""): 3}, (1, 3))
    save_level(cut / "Keys/A.R1/A.tlv", {(3, ""): 5}, (3,))
    shot = Shot.open(cut / "Line/A.R1")
    assert shot.numbers == NUMBERS and shot.wanted == (3,) and list(shot.keys) == [1, 3]
    assert np.array_equal(shot.read_line(3), draw(5)[0]) and np.array_equal(shot.read_key(3), show(5))
    check_shot(Shot.open(cut / "Line/A"), {1: 0, 3: 3})


def test_strokes_may_be_a_level(tmp_path: Path) -> None:
    level = save_level(tmp_path / "A.tlv", STEPS)
    shot = Shot.open(level, hints=save_level(tmp_path / "H.tlv", {(2, ""): 1}))
    assert list(shot.hints) == [2] and shot.hints[2].name == "H.0002.tlv"


def test_a_change_of_one_drawing_is_one_of_that_drawing(tmp_path: Path) -> None:
    level = save_lines(tmp_path / "cut")
    before = Shot.open(tmp_path / "cut", keys=None)
    hashes = [before.line_hash(number) for number in NUMBERS]
    save_level(level, STEPS | {(2, ""): 5})
    again = Shot.open(tmp_path / "cut")
    assert [again.line_hash(number) == old for number, old in zip(NUMBERS, hashes, strict=True)] == [
        True, False, True, True
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["line/A.tlv", "keys/A.tlv", "keys/A.tpl"])
def test_a_broken_level_ends_every_command_with_one_line(
    tmp_path: Path, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "cut"
    save_lines(root)
    save_level(root / "keys/A.tlv", {(1, ""): 0}, (1,))
    path = root / broken
    path.write_bytes(path.read_bytes()[:90])
    for command in ("plan", "check", "colorize"):
        with pytest.raises(SystemExit) as stop:
            main([command, str(root)])
        lines = [line for line in "".join(capsys.readouterr()).splitlines() if str(path) in line]
        assert stop.value.code == 2 and len(lines) == 1, (command, lines)
        assert "save the" in lines[0] and "again" in lines[0]
