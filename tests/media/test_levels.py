"""Levels of OpenToonz (.tlv): reading every version, writing what is read again, and refusing damaged files."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from drawings import SIZE, draw
from levels import INK, PAINTS, draw_codes, pack_level, pack_raster, save_level, show

from framecolor import ReadError
from framecolor.core.drawing_number import make_number
from framecolor.media import check_image, hash_file, image_size, read_image, read_role
from framecolor.media.levels.drawing import DRAWING_HEAD, EMPTY, ICON_HEAD, Codes, decode_drawing, encode_drawing
from framecolor.media.levels.index import read_index
from framecolor.media.levels.member import is_drawn, list_members, name_member, open_index, read_dpi
from framecolor.media.levels.writer import ICON_SIZE, write_level
from framecolor.media.palettes import Swatch
from framecolor.media.palettes.styles import make_styles
from framecolor.media.palettes.tpl import write_styles

VERSIONS = (10, 11, 12, 13, 14, 15)


def scatter(size: tuple[int, int] = (37, 53)) -> Codes:
    """Pixels of every style and tone around nothing; pixels of paint alone have no ink."""
    random = np.random.default_rng(3)
    codes = random.integers(0, 1 << 32, size, np.uint32)
    codes[codes & 0xFF == 0xFF] &= 0xFFFFF
    codes[:4], codes[:, -6:] = EMPTY, EMPTY
    return codes


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(tmp_path: Path, version: int) -> None:
    steps = {(1, ""): 0, (2, ""): 1, (3, ""): 2}
    level = save_level(tmp_path / "A.tlv", steps, (1, 3), version)
    members = list_members(level)
    assert [path.name for path in members.values()] == ["A.0001.tlv", "A.0002.tlv", "A.0003.tlv"]
    assert open_index(level).version == version and len(open_index(level).icons) == (3 if version >= 13 else 0)
    for number, step in zip(members, steps.values(), strict=True):
        path, (line, _) = members[number], draw(step)
        assert image_size(path) == check_image(path)[0] == SIZE
        assert np.array_equal(read_role(path, "drawing"), line), "ink becomes line art to the bit, paint is left out"
        assert np.array_equal(read_image(path), show(step) if number != 2 else line)
        assert is_drawn(path) and is_drawn(path, painted=True) is (number != 2)
        assert read_dpi(path) == (150, 150)


@pytest.mark.parametrize("version", (11, 12, 14, 15))
def test_letters_are_between_numbers(tmp_path: Path, version: int) -> None:
    steps = {(1, ""): 0, (1, "a"): 1, (1, "b"): 2, (2, ""): 3}
    members = list_members(save_level(tmp_path / "A.tlv", steps, version=version))
    assert list(members) == [1, make_number(1, "a"), make_number(1, "b"), 2]
    assert [path.name for path in members.values()][1] == "A.0001a.tlv"
    assert np.array_equal(read_role(members[make_number(1, "b")], "drawing"), draw(2)[0])


def test_any_pixels_come_back(tmp_path: Path) -> None:
    for codes in (scatter(), np.full((5, 7), EMPTY, np.uint32), scatter()[4:, :-6], scatter((1, 9))):
        assert np.array_equal(decode_drawing(encode_drawing(codes, (72, 72)), codes.shape), codes)


@pytest.mark.parametrize("size", [(37, 53), (60, 80), (120, 81), (250, 333), (61, 1000)])
def test_a_level_that_is_written_is_read_again_with_icons_that_fit(tmp_path: Path, size: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    drawings: dict[int, Codes] = {7: scatter(size), make_number(7, "a"): np.full(size, EMPTY, np.uint32)}
    for number in range(8, 24):
        drawings[number] = np.full(size, EMPTY, np.uint32)
        top, left = int(random.integers(size[0])), int(random.integers(size[1]))
        drawings[number][top : top + int(random.integers(1, 90)), left : left + int(random.integers(1, 90))] = 3 << 8
    path = tmp_path / "A.tlv"
    write_level(path, size, drawings, lambda number: drawings[number], (120, 110))
    write_level(tmp_path / "B.tlv", size, reversed(drawings), lambda number: drawings[number], (120, 110))
    data = path.read_bytes()
    assert data == (tmp_path / "B.tlv").read_bytes(), "the same drawings are the same file"
    index = read_index(BytesIO(data))
    assert (index.version, index.size, list(index.drawings)) == (14, size, list(drawings))
    for number, at in index.drawings.items():
        assert np.array_equal(decode_drawing(data[at:], size), drawings[number])
        assert DRAWING_HEAD.unpack_from(data, at)[5:] == (120, 110)
        check_icon(data, index.icons[number], DRAWING_HEAD.unpack_from(data, at)[:4], size)


def check_icon(data: bytes, at: int, box: tuple[int, ...], size: tuple[int, int]) -> None:
    """Check what OpenToonz asks of an icon when it computes its place from the drawing's box, and refuses otherwise."""
    width, height, length = ICON_HEAD.unpack_from(data, at)
    assert (height, width) == (min(ICON_SIZE[0], size[0]), min(ICON_SIZE[1], size[1]))
    wide, high, kind = struct.unpack_from("<3i", data, at + ICON_HEAD.size)
    assert kind == 2 and length <= 4 * width * height + 400
    head = DRAWING_HEAD.pack(0, 0, wide, high, length, 1, 1)
    icon = decode_drawing(head + data[at + ICON_HEAD.size :], (high, wide))
    rows, columns = np.nonzero((icon & 0xFFFFF) != EMPTY)
    if not len(rows):
        assert (wide, high) == (1, 1) and box[2:] == (0, 0)
        return
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (0, high, 0, wide), "no empty border"
    assert width * box[0] // size[1] + wide <= width and height * box[1] // size[0] + high <= height


def test_the_palette_gives_ink_and_paint_their_colors(tmp_path: Path) -> None:
    codes = np.array([[1 << 20 | 2 << 8 | 0, 1 << 20 | 2 << 8 | 55, 2 << 8 | 255, 3 << 20 | 200, 0xFF]], np.uint32)
    (tmp_path / "A.tlv").write_bytes(pack_level({(1, ""): codes}))
    paints = {2: Swatch((200, 100, 50, 255)), 3: Swatch((0, 0, 255, 128))}
    write_styles(tmp_path / "A.tpl", make_styles(paints, Swatch((42, 28, 12, 255))))
    path = name_member(tmp_path / "A.tlv", 1)
    clear = [0, 0, 0, 0]
    assert read_role(path, "drawing").tolist() == [
        [[42, 28, 12, 255], [42, 28, 12, 200], clear, [0, 0, 255, 28], clear]
    ]
    assert read_image(path)[0, :3].tolist() == [[42, 28, 12, 255], [76, 44, 20, 255], [200, 100, 50, 255]]
    before = hash_file(path)
    write_styles(tmp_path / "A.tpl", make_styles(paints | {2: Swatch((9, 9, 9, 255))}, Swatch((42, 28, 12, 255))))
    assert hash_file(path) != before and read_image(path)[0, 2].tolist() == [9, 9, 9, 255]


def test_trace_lines_that_were_painted_away_are_trace_lines_in_the_line_art(tmp_path: Path) -> None:
    fill, ink, trace = 2 << 8 | 255, 1 << 20, 2 << 20 | 2 << 8
    codes = np.array([[ink, ink, fill, trace, 3 << 8 | 255, 3 << 20 | 100, 0xFF]], np.uint32)
    (tmp_path / "A.tlv").write_bytes(pack_level({(1, ""): codes}))
    paints = {2: Swatch((200, 100, 50, 255)), 3: Swatch((9, 9, 9, 255)), 4: Swatch((255, 0, 0, 255))}
    palette = make_styles(paints, INK)
    write_styles(tmp_path / "A.tpl", palette)
    path = name_member(tmp_path / "A.tlv", 1)
    assert read_role(path, "drawing")[0, [3, 5]].tolist() == [[200, 100, 50, 255], [9, 9, 9, 155]], "colors of fills"
    before = read_image(path)
    styles = tuple(replace(style, flags=int(style.index == 4)) for style in palette.styles)
    write_styles(tmp_path / "A.tpl", replace(palette, styles=styles))
    line = read_role(path, "drawing")[0]
    assert line[[0, 3, 5]].tolist() == [[0, 0, 0, 255], [255, 0, 0, 255], [255, 0, 0, 155]]
    assert np.array_equal(read_image(path), before), "a key shows what was painted"


def refuse(level: Path, *words: str) -> None:
    """Check that reading drawing 1 raises a ReadError of one line that names the file, with all of the words."""
    with pytest.raises(ReadError) as caught:
        check_image(list_members(level)[1])
    message = str(caught.value)
    assert caught.value.fix and "\n" not in message and "A.t" in message
    assert [word for word in words if word not in message] == [], message


def test_a_level_needs_its_palette(tmp_path: Path) -> None:
    level = save_level(tmp_path / "A.tlv", {(1, ""): 0}, (1,))
    write_styles(tmp_path / "A.tpl", make_styles({2: PAINTS[2]}, INK))
    refuse(level, "a pixel has style 4, and the palette has only 3", "put the palette of the same name beside")
    (tmp_path / "A.tpl").write_bytes(b"<palette>")
    refuse(level, "A.tpl", "save the palette again")
    (tmp_path / "A.tpl").unlink()
    refuse(level, "its palette A.tpl is not beside it", "copy A.tpl there")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_level_that_is_cut_off_is_refused_wherever_it_ends(tmp_path: Path, version: int) -> None:
    level = save_level(tmp_path / "A.tlv", {(1, ""): 0}, (1,), version)
    whole = level.read_bytes()
    for length in (*range(0, 140, 7), *range(140, len(whole), 397), len(whole) - 1):
        level.write_bytes(whole[:length])
        refuse(level, "cut off" if length > 4 else "not a level")


def test_damaged_numbers_are_refused(tmp_path: Path) -> None:
    level = save_level(tmp_path / "A.tlv", {(1, ""): 0}, (1,))
    whole = level.read_bytes()
    (table,) = struct.unpack_from("<i", whole, 64)
    for at, value, words in (
        (52, 1 << 30, "pixels"), (52, 0, "invalid size"), (60, 0, "claims 0 drawings"), (60, 1 << 30, "claims"),
        (60, 2, "two of its drawings"),
            (64, 0, "not saved to its end"), (table, -2, "without a number"), (72, 7, "only LZO"),
        (table + 5, -5, "lies outside"), (84, 4000, "cut off or damaged"), (92, 1 << 30, "cut off or damaged"),
        (76, -1, "cut off or damaged"), (112, 9, "cut off or damaged"), (120, 1, "cut off or damaged"),
    ):  # fmt: skip
        level.write_bytes(whole[:at] + struct.pack("<i", value) + whole[at + 4 :])
        refuse(level, words)
    codes = draw_codes(0, painted=True)
    level.write_bytes(pack_level({(1, ""): codes, (2, "ab"): codes}, 15))
    refuse(level, "its drawing 2'ab' has more than one letter", "renumber")
    level.write_bytes(pack_level({(1, "a"): codes, (1, "A"): codes}))
    refuse(level, "two of its drawings have the number 1a")


@pytest.mark.parametrize("claims", [False, True])
def test_a_small_file_that_unpacks_to_gigabytes_takes_no_memory(tmp_path: Path, claims: bool) -> None:
    level = save_level(tmp_path / "A.tlv", {(1, ""): 0})
    bomb = pack_raster(np.zeros((4000, 16_000), np.uint32))
    whole = bytearray(level.read_bytes()[:76])
    if claims:  # a box of 900 MB in 100 bytes
        struct.pack_into("<2i", whole, 52, 15_000, 15_000)
        box, bomb = (15_000, 15_000), bomb[:100]
    else:  # 256 MB in a box of 2400 bytes
        box = 30, 20
    bomb = struct.pack("<3i", *box, 2) + bomb[12:]
    body = struct.pack("<5i2d", 0, 0, *box, len(bomb), 72, 72) + bomb
    table = struct.pack("<ic2i", 1, b"\0", 76, len(body))
    struct.pack_into("<2i", whole, 64, 76 + len(body), 76 + len(body) + len(table))
    level.write_bytes(bytes(whole) + body + table + table)
    code = (
        "import resource, sys; from pathlib import Path; from framecolor import ReadError\n"
        "from framecolor.media import read_image; from framecolor.media.levels.member import list_members\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    read_image(list_members(Path(sys.argv[1]))[1])\n"
        "except ReadError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, level], capture_output=True, text=True, check=True)
    message, grown = done.stdout.splitlines()
    assert "damaged" in message and int(grown) < 100_000, "KiB"


def test_a_level_is_no_single_picture(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"this is a level, not a single picture; export the drawing as PNG"):
        read_image(save_level(tmp_path / "A.tlv", {(1, ""): 0}))
