"""Shots on disk: folders, patterns and movies; numbering; and every way in which a shot can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawings import refuse
from movie_files import write_lossless
from numpy.typing import NDArray

from framecolor import ReadError, Shot
from framecolor.media import write_image


def picture(shade: int, height: int = 6, width: int = 8) -> NDArray[np.uint8]:
    return np.full((height, width, 4), (shade, shade, shade, 255), np.uint8)


def add(folder: Path, *names: str, shade: int | None = None, size: tuple[int, int] = (6, 8)) -> None:
    """Images of one shade; by default that of the frame number."""
    for name in names:
        number = int("".join(filter(str.isdigit, name.split(".")[-2][-4:])) or 0)
        write_image(folder / name, picture(number % 256 if shade is None else shade, *size))


def make_shot(root: Path, numbers: tuple[int, ...] = (1001, 1002, 1003), keys: tuple[int, ...] = (1002,)) -> Path:
    for number in numbers:
        add(root / "line", f"sh010.{number:04d}.png")
    for number in keys:
        add(root / "keys", f"sh010.{number:04d}.png", shade=200)
    return root


def test_a_shot_folder(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh010")
    for name in ("Thumbs.db", "notes.txt", ".hidden.0001.png", "._sh010.1001.png", "cover.png"):
        (root / "line" / name).write_bytes(b"x")
    (root / "line/old.0001.png").mkdir()
    add(root / "hints", "scribble.1003.png", shade=9)
    shot = Shot.open(root)
    assert (shot.name, shot.root, shot.line_source) == ("sh010", root, root / "line")
    assert shot.numbers == shot.wanted == (1001, 1002, 1003)
    assert dict(shot.keys) == {1002: root / "keys/sh010.1002.png"}
    assert dict(shot.hints) == {1003: root / "hints/scribble.1003.png"}
    assert shot.stencils == {}
    assert (shot.size, shot.gaps) == ((6, 8), ())
    assert shot.output_name(1003) == "sh010.1003.png"
    np.testing.assert_array_equal(shot.read_line(1001), picture(1001 % 256))
    assert (shot.read_key(1002)[..., 0] == 200).all()
    assert (shot.read_hint(1003)[..., 0] == 9).all()
    assert repr(shot) == "Shot(sh010, 1001-1003, 8x6, keys 1002)"
    with pytest.raises(KeyError):
        shot.read_line(5)
    with pytest.raises(KeyError):
        shot.output_name(5)


@pytest.mark.parametrize(
    ("names", "numbers", "outputs"),
    [
        (["A0009.tga", "A0010.tga", "A0012.tga"], (9, 10, 12), ["A0009.png", "A0010.png", "A0012.png"]),
        (["9.png", "10.png", "100.png"], (9, 10, 100), ["9.png", "10.png", "100.png"]),
        (["cut-0000.tif", "cut-0001.tif"], (0, 1), ["cut-0000.png", "cut-0001.png"]),
        (["a.99998.v2.png", "a.123456.v2.png"], (99998, 123456), ["a.99998.v2.png", "a.123456.v2.png"]),
        (["7.PNG"], (7,), ["7.png"]),
    ],
)
def test_numbering(tmp_path: Path, names: list[str], numbers: tuple[int, ...], outputs: list[str]) -> None:
    for name in names:
        write_image(tmp_path / "line" / name, picture(3))
    add(tmp_path / "keys", f"any name_{numbers[0]}.png")
    shot = Shot.open(tmp_path)
    assert shot.numbers == numbers
    assert [shot.output_name(number) for number in numbers] == outputs
    assert [n for gap in shot.gaps for n in gap] == sorted(set(range(numbers[0], numbers[-1])) - set(numbers))


@pytest.mark.parametrize("name", ["sh010.####.png", "sh010.%04d.png", "sh010.@@@@.png", "sh010.#.png", "sh010.$F4.png"])
def test_patterns(tmp_path: Path, name: str) -> None:
    add(tmp_path / "art", "sh010.0003.png", "sh010.0004.png", "sh010.12345.png", "other.0001.png", "sh010.0003.tga")
    add(tmp_path / "painted", "k_0004.png")
    shot = Shot.open(tmp_path / "art" / name, keys=tmp_path / "painted")
    assert shot.numbers == (3, 4, 12345)
    assert (shot.name, shot.root, shot.line_source) == ("sh010", tmp_path / "art", tmp_path / "art" / name)
    assert shot.output_name(3) == "sh010.0003.png"


def test_a_pattern_chooses_by_padding(tmp_path: Path) -> None:
    add(tmp_path, "a.1.png", "a.0001.png", "a.0002.png")
    add(tmp_path / "painted", "0002.png")
    assert Shot.open(tmp_path / "a.####.png", keys=tmp_path / "painted").lines[1].name == "a.0001.png"
    refuse(tmp_path / "a.#.png", "same number", "a.0001.png", "a.1.png", keys=tmp_path / "painted")


def test_a_folder_of_drawings_needs_keys(tmp_path: Path) -> None:
    add(tmp_path / "art", "a.01.png", "a.02.png")
    add(tmp_path / "painted", "a.02.png")
    shot = Shot.open(tmp_path / "art", keys=tmp_path / "painted")
    assert (shot.numbers, shot.name) == ((1, 2), "art")
    refuse(tmp_path / "art", "art/line: there is no such folder", "--keys")


@pytest.mark.parametrize("inside", [True, False])
def test_movies(tmp_path: Path, inside: bool) -> None:
    path = tmp_path / ("sh/line/sh020.mov" if inside else "sh020.mov")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, [picture(number) for number in range(1, 13)])
    add(tmp_path / "sh/keys", "sh020.0005.png")
    shot = Shot.open(tmp_path / "sh") if inside else Shot.open(path, keys=tmp_path / "sh/keys")
    assert shot.numbers == tuple(range(1, 13))
    assert shot.line_source == path
    assert shot.output_name(5) == "sh020.0005.png"
    assert [(number, int(rgba[0, 0, 0])) for number, rgba in walk(shot)] == [(n, n) for n in range(1, 13)]
    assert [(number, int(rgba[0, 0, 0])) for number, rgba in walk(shot, 4, 7, 9)] == [(4, 4), (7, 7), (9, 9)]
    assert [number for number, _ in walk(shot, 9, 2)] == [9, 2]
    np.testing.assert_array_equal(shot.read_line(11), picture(11))
    assert len({shot.line_hash(number) for number in shot.numbers}) == 12
    for wrong in (0, 13):
        for ask in (shot.read_line, shot.output_name, shot.line_hash):
            with pytest.raises(KeyError):
                ask(wrong)
    (tmp_path / "sh/line").mkdir(exist_ok=True)
    if inside:
        add(tmp_path / "sh/line", "a.0001.png")
        refuse(tmp_path / "sh", "sh020.mov", "a.####.png", "keep one")


def walk(shot: Shot, *numbers: int) -> list[tuple[int, NDArray[np.uint8]]]:
    found = list(shot.iter_lines(numbers or None))
    assert not any(isinstance(rgba, ReadError) for _, rgba in found)
    return [(number, rgba) for number, rgba in found if not isinstance(rgba, ReadError)]


def test_broken_drawings_cost_only_themselves(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh", (1, 2, 3, 4, 5), (4,))
    (root / "line/sh010.0001.png").write_bytes(b"")
    whole = (root / "line/sh010.0002.png").read_bytes()
    (root / "line/sh010.0002.png").write_bytes(whole[:-20])
    add(root / "line", "sh010.0003.png", size=(12, 16))
    shot = Shot.open(root)
    # The first that can be read sets the size: of a cut-off file the header can.
    assert shot.size == (6, 8)
    lines = dict(shot.iter_lines())
    for number, problem in [(1, "empty"), (2, "cut off"), (3, "the drawing is 16x12, the shot is 8x6")]:
        error = lines[number]
        assert isinstance(error, ReadError)
        assert f"sh010.000{number}.png" in str(error)
        assert problem in str(error)
        with pytest.raises(ReadError):
            shot.read_line(number)
    assert not isinstance(lines[4], ReadError)
    assert not isinstance(lines[5], ReadError)


def test_hashes_follow_the_files(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh", (1, 2), (2,))
    add(root / "line", "sh010.0002.png", shade=1)
    shot = Shot.open(root)
    before = shot.line_hash(1), shot.key_hash(2)
    assert len(before[0]) == 32
    assert shot.line_hash(1) == shot.line_hash(2)  # a hold
    add(root / "line", "sh010.0001.png", shade=77)
    assert shot.line_hash(1) == before[0], "the hash is that of the first read"
    with pytest.raises(ReadError, match=r"sh010\.0001\.png: .*; run again"):
        shot.read_line(1)
    shot = Shot.open(root)
    assert shot.line_hash(1) != before[0]
    assert shot.key_hash(2) == before[1]
    shot = Shot.open(root)
    (root / "line/sh010.0001.png").unlink()
    with pytest.raises(ReadError, match=r"sh010\.0001\.png"):
        shot.line_hash(1)


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        ("1-12x2", (1, 3, 5, 7, 9, 11)),
        ("3", (3,)),
        ("9-11, 1,2", (1, 2, 9, 11)),  # 10 is a gap
        ("12-1", (1, 2, 3, 5, 7, 9, 11, 12)),
    ],
)
def test_frames_choose_what_is_painted(tmp_path: Path, frames: str, wanted: tuple[int, ...]) -> None:
    root = make_shot(tmp_path / "sh", (1, 2, 3, 5, 7, 9, 11, 12), (5,))
    shot = Shot.open(root, frames=frames)
    assert shot.wanted == wanted
    assert shot.numbers == (1, 2, 3, 5, 7, 9, 11, 12)
    assert shot.gaps == (range(4, 5), range(6, 7), range(8, 9), range(10, 11))
    if len(wanted) < len(shot.numbers):
        assert f"{len(wanted)} wanted" in repr(shot)


@pytest.mark.parametrize(
    "frames", ["1-24:3", "1-24y2", "", "all", "1.5-3", "-2-3", "1-3x0", "4", "3,4", "1-6", "3,77", "1-99999999999"]
)
def test_frames_that_cannot_be_chosen(tmp_path: Path, frames: str) -> None:
    refuse(make_shot(tmp_path / "sh", (1, 2, 3, 5), (2,)), f"--frames {frames}", frames=frames)


def test_shots_without_drawings(tmp_path: Path) -> None:
    (tmp_path / "sh/keys").mkdir(parents=True)
    refuse(tmp_path / "sh", "sh/line: there is no such folder")
    (tmp_path / "sh/line").mkdir()
    refuse(tmp_path / "sh", "sh/line", "no numbered images", "name.0001.png")
    (tmp_path / "sh/line/drawing.psd").write_bytes(b"8BPS")
    refuse(tmp_path / "sh", "no numbered images")
    refuse(tmp_path / "nowhere", "nowhere: there is no such folder, sequence or movie", keys=tmp_path)
    refuse(tmp_path / "sh.####.png", "no file matches", keys=tmp_path)
    refuse(tmp_path / "gone.mov", "gone.mov: there is no such file", keys=tmp_path)
    add(tmp_path, "sh.001.png")
    refuse(tmp_path / "sh.####.png", "no file matches", "sh.###.png", keys=tmp_path)
    refuse(tmp_path / "sh.1-9#.png", "no range", "--frames", keys=tmp_path)
    refuse(tmp_path / "sh.001.png", "sh.001.png: is a single file", "####", keys=tmp_path)


def test_folders_beside_a_shot_name_it(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "show/sh020")
    refuse(root / "line", "line: ", "shot sh020", f"name {root}")
    assert Shot.open(root / "line", keys=root / "keys").keys
    refuse(root.parent, "show: is not a shot", "sh020", f"name {root}")
    add(tmp_path / "show/Cut-1/Line/A", "a0001.png")
    cut = tmp_path / "show/Cut-1"
    refuse(root.parent, "several shots or cuts: Cut-1, sh020", f"as {cut}")
    refuse(cut / "Line", "cut Cut-1", f"name {cut}")
    (root.parent / "keys").mkdir()
    refuse(root.parent, "show/line: there is no such folder")


def test_drawings_none_of_which_can_be_read(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh", (1, 2), (2,))
    for path in (root / "line").iterdir():
        path.write_bytes(b"broken")
    refuse(root, "none of the 2 drawings can be read", "sh010.0001.png")


def test_several_sequences_are_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh")
    add(root / "line", "B.0001.png", "B.0002.png")
    refuse(root, "sh/line", "2 sequences", "sh010.####.png (3)", "B.####.png (2)", "keep one")
    root = make_shot(tmp_path / "other")
    add(root / "line", "sh010.1001.tga")
    refuse(root, "sh010.####.png (3)", "sh010.####.tga (1)")


def test_a_number_that_is_there_twice_names_both_files(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh")
    add(root / "line", "sh010.01001.png")
    refuse(root, "same number", "1001", "sh010.01001.png", "sh010.1001.png", "remove one")
    root = make_shot(tmp_path / "other")
    add(root / "keys", "again_1002.png")
    refuse(root, "same number", "1002", "again_1002.png", "sh010.1002.png")


def test_no_key(tmp_path: Path) -> None:
    """Such a shot opens: what is done about its colors is up to the run."""
    root = make_shot(tmp_path / "sh", keys=())
    assert Shot.open(root).keys == {}
    refuse(root, "gone: there is no such folder", keys=tmp_path / "gone")


def test_keys_that_fit_nothing(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "sh", keys=(1002, 1050))
    refuse(root, "keys/sh010.1050.png: there is no drawing 1050", "1001-1003", "remove it")
    (root / "keys/sh010.1050.png").unlink()
    add(root / "keys", "sh010.1002.png", size=(8, 6))
    refuse(root, "keys/sh010.1002.png: is 6x8, the drawings are 8x6", "size of the drawings")
    (root / "keys/sh010.1002.png").write_bytes(b"")
    refuse(root, "keys/sh010.1002.png: the file is empty")
    add(root / "keys", "sh010.1002.png")
    add(root / "hints", "sh010.1009.png")
    refuse(root, "hints/sh010.1009.png: there is no drawing 1009")


def test_a_shot_checks_itself(tmp_path: Path) -> None:
    shot = Shot.open(make_shot(tmp_path / "sh"))
    values = {name: getattr(shot, name) for name in Shot.__dataclass_fields__}
    for change in (
        {"numbers": ()},
        {"numbers": (3, 2, 1)},
        {"wanted": (1,)},
        {"keys": {1: Path("a")}},
        {"hints": {1: Path("a")}},
        {"lines": {}},
        {"size": (0, 8)},
    ):
        with pytest.raises(ValueError, match=r"Shot"):
            Shot(**{**values, **change})
    with pytest.raises(AttributeError):
        shot.name = "other"  # type: ignore[misc]
