"""Numbers where people put them in names: before a word, in brackets, with a letter, in any Unicode form."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from drawings import draw, make_shot, refuse

from framecolor import Shot
from framecolor.core.drawing_number import LetteredNumber
from framecolor.media import write_image


def add(folder: Path, *names: str, painted: bool = False) -> None:
    for step, name in enumerate(names):
        write_image(folder / name, draw(step)[painted])


def open_names(root: Path, lines: list[str], keys: list[str]) -> Shot:
    add(root / "line", *lines)
    add(root / "keys", *keys, painted=True)
    return Shot.open(root)


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        (["0001_line.png", "0002_line.png", "0010_line.png"], (1, 2, 10)),
        (["cut (1).png", "cut (2).png", "cut (10).png"], (1, 2, 10)),
        (["A0001_v2.png", "A0002_v2.png", "A0003_v2.png"], (1, 2, 3)),
        (["A0001 (1).png", "A0002 (1).png"], (1, 2)),
        (["A0001line.png", "A0002line.png"], (1, 2)),
        (["s01_c012_A0001_genga.tga", "s01_c012_A0002_genga.tga"], (1, 2)),
        (["shot_v1.png", "shot_v2.png", "shot_v3.png"], (1, 2, 3)),
        (["0001_1080p.png"], (LetteredNumber(1080, "p"),)),
    ],
)
def test_numbers_before_a_word(tmp_path: Path, lines: list[str], numbers: tuple[int, ...]) -> None:
    shot = open_names(tmp_path / "cut", lines, [])
    assert (shot.numbers, shot.warnings) == (numbers, ())
    assert [shot.output_name(number) for number in numbers] == [str(Path(name).with_suffix(".png")) for name in lines]


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        (["A0001_color.png", "A0003_color.png"], {1, 3}),
        (["A0001_v2.png", "A0003_v12.png"], {1, 3}),
        (["A0002 (1).png"], {2}),
        (["a0002-final.PNG"], {2}),
        (["0001_color.png", "key0003fix.png"], {1, 3}),
    ],
)
def test_keys_with_a_word_behind_the_number(tmp_path: Path, keys: list[str], numbers: set[int]) -> None:
    shot = open_names(tmp_path / "cut", ["A0001.png", "A0002.png", "A0003.png"], keys)
    assert (set(shot.keys), shot.warnings) == (numbers, ())


def test_a_drawings_own_name_wins(tmp_path: Path) -> None:
    """The other one is named, as is a picture whose number is that of no drawing."""
    lines = ["A0001.png", "A0002.png"]
    shot = open_names(tmp_path / "cut", lines, ["A0001.png", "A0001_old.png", "palette_16colors.png"])
    assert dict(shot.keys) == {1: tmp_path / "cut/keys/A0001.png"}
    text = "\n".join(shot.warnings)
    assert "as drawing 1 has A0001.png: A0001_old.png" in text
    assert "a number in the name that no drawing has (1-2): palette_16colors.png" in text
    add(tmp_path / "cut/keys", "A0002_a.png", "A0002_b.png", painted=True)
    refuse(tmp_path / "cut", "A0002_b.png", "same number as A0002_a.png")


def test_a_picture_of_another_size_is_no_key_by_its_number_alone(tmp_path: Path) -> None:
    root = tmp_path / "cut"
    write_image(root / "keys/design_01_final.png", draw(0, (40, 50))[1])
    shot = open_names(root, ["A0001.png"], [])
    assert shot.keys == {} and "another size than the drawings: design_01_final.png" in shot.warnings[0]
    write_image(root / "keys/A0001_color.png", draw(0, (40, 50))[1])
    refuse(root, "A0001_color.png: is 50x40")


def test_letters_are_drawings_between_others(tmp_path: Path) -> None:
    lines = ["A0001.png", "A0002.png", "A0002a.png", "A0002B.png", "A0003.png"]
    shot = open_names(tmp_path / "cut", lines, ["A0001.png", "A0002a_color.png"])
    a, b = LetteredNumber(2, "a"), LetteredNumber(2, "b")
    assert shot.numbers == (1, 2, a, b, 3) and shot.gaps == () and shot.warnings == ()
    assert dict(shot.keys) == {1: tmp_path / "cut/keys/A0001.png", a: tmp_path / "cut/keys/A0002a_color.png"}
    assert [shot.output_name(number) for number in (2, a, b)] == ["A0002.png", "A0002a.png", "A0002B.png"]
    wanted = {"2-3": (2, a, b, 3), "2a": (a,), "1-2": (1, 2), "2a-3": (a, b, 3), "2b,1": (1, b), "1-3x2": (1, 3)}
    for frames, numbers in wanted.items():
        assert Shot.open(tmp_path / "cut", frames=frames).wanted == numbers, frames
    refuse(tmp_path / "cut", "2c is not in the shot", "1-2,2a,2b,3", frames="2c")


def test_a_letter_is_no_inbetween_of_another_name(tmp_path: Path) -> None:
    shot = open_names(tmp_path / "cut", ["A0001.png", "A0002.png", "preview_1080p.png"], [])
    assert shot.numbers == (1, 2)
    assert "preview_1080p.png" in shot.warnings[0]


@pytest.mark.parametrize("names", [["sh.-0002.png", "sh.-0001.png"], ["sh.-0001.png", "sh.0000.png", "sh.0001.png"]])
def test_negative_numbers_are_refused(tmp_path: Path, names: list[str]) -> None:
    add(tmp_path / "cut/line", *names)
    refuse(tmp_path / "cut", "sh.-0001.png", "negative numbers are not read", "from 0 or 1 on")


def test_a_dash_is_no_sign(tmp_path: Path) -> None:
    assert open_names(tmp_path / "cut", ["cut-0001.png", "cut-0002.png"], ["cut-0001.png"]).numbers == (1, 2)


def test_names_are_compared_in_one_unicode_form(tmp_path: Path) -> None:
    """Drawings from a Mac and from Windows in one folder, its keys and its sheet's track."""
    name = "\u30ac"
    other = unicodedata.normalize("NFD", name)
    lines = [f"{name}0001.png", f"{other}0002.png", f"{name}0003.png"]
    shot = open_names(tmp_path / "cut", lines, [f"{other}0001_color.png"])
    assert shot.numbers == (1, 2, 3) and set(shot.keys) == {1} and shot.warnings == ()
    found = Shot.open(tmp_path / "cut/line" / f"{other}####.png", keys=tmp_path / "cut/keys")
    assert found.numbers == (1, 2, 3)
    cut = tmp_path / "Cut-1"
    add(cut / "Line" / name, "a0001.png")
    add(cut / "Keys" / other, "a0001.png", painted=True)
    (cut / "sheet.csv").write_text(f"frame,{other}\n1,1\n", encoding="utf-8")
    cel = Shot.open(cut / "Line" / name)
    assert set(cel.keys) == {1} and cel.timing is not None and cel.warnings == ()


def test_a_pattern_finds_names_with_a_word(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,), first=1, name="A{:04d}_v2.png")
    shot = Shot.open(root / "line/A####_v2.png", keys=root / "keys")
    assert shot.numbers == (1, 2, 3) and set(shot.keys) == {1}
