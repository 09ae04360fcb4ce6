"""All formats of palettes: names, ids, groups and colors come back; what others write; damaged and hostile files."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import pytest

from framecolor import PaletteError
from framecolor.media.palettes import PALETTES, Swatch, SwatchList, read_swatch_list, read_swatches, write_swatches

NAMES = (
    "skin",
    "skin shadow",
    'the "old" hat',
    "café",
    "肌 影",
    "a<b&c>'d",
    "1",
    "_x",
    "back\\slash",
    "{brace}, comma",
)
SWATCHES = tuple(
    Swatch((25 * k, 255 - k, k, 255), name, f"0x{k + 1:016x}", "face" if 2 <= k < 5 else "")
    for k, name in enumerate(NAMES)
)
SUFFIXES = list(PALETTES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_palette_comes_back_in_every_format(tmp_path: Path, suffix: str) -> None:
    path, kept = tmp_path / f"film{suffix}", PALETTES[suffix]
    losses = write_swatches(path, SwatchList(SWATCHES, "Film & Co"))
    again = read_swatch_list(path)
    assert [one.color for one in again.swatches] == [one.color for one in SWATCHES]
    assert [one.name for one in again.swatches] == [one.name if kept.names else "" for one in SWATCHES]
    assert bool(losses) is not (kept.names and kept.ids and kept.groups) and not again.notes
    if suffix in (".plt", ".kpl"):
        assert [one.id for one in again.swatches] == [one.id for one in SWATCHES]
    if kept.groups and suffix != ".toml":  # its groups are the parts
        assert [one.group for one in again.swatches] == [one.group for one in SWATCHES]
    before = path.read_bytes()
    write_swatches(path, SwatchList(SWATCHES, "Film & Co"))
    assert path.read_bytes() == before, "the same palette is the same file"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_palette_of_four_thousand_colors(tmp_path: Path, suffix: str) -> None:
    swatches = tuple(Swatch((k >> 8, k & 255, k * 7 & 255, 255), f"paint {k}") for k in range(4000))
    path = tmp_path / f"show{suffix}"
    begin = time.monotonic()
    write_swatches(path, SwatchList(swatches))
    again = read_swatches(path)
    assert time.monotonic() - begin < 5
    assert [one.color for one in again] == [one.color for one in swatches]
    assert [one.name for one in again] == [one.name if PALETTES[suffix].names else "" for one in swatches]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_transparent_colors_are_kept_or_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    swatches = (Swatch((1, 2, 3, 255), "ink"), Swatch((9, 9, 9, 128), "glow"))
    losses = write_swatches(path, SwatchList(swatches))
    if PALETTES[suffix].alpha:
        assert [one.color for one in read_swatch_list(path).swatches] == [one.color for one in swatches]
        with pytest.raises(
            PaletteError, match=r"color 2 \(glow\) is half transparent \(alpha 128\); give paints alpha"
        ):
            read_swatches(path)
    else:
        assert [one.color for one in read_swatch_list(path).swatches] == [(1, 2, 3, 255)]
        assert f"{suffix} has no transparency: 1 color left out" in losses
        with pytest.raises(PaletteError, match="no opaque color"):
            write_swatches(path, SwatchList(swatches[1:]))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_cut_of_a_file_is_refused_or_is_a_palette(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_swatches(path, SwatchList(SWATCHES))
    whole, refused = path.read_bytes(), 0
    for end in range(0, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:end])
        try:
            found = read_swatch_list(path).swatches
            assert 0 < len(found) <= len(SWATCHES)
        except PaletteError as error:
            refused += 1
            assert f"a{suffix}" in str(error) and error.fix and "\n" not in str(error)
    assert refused > 2


def ase(*blocks: tuple[int, bytes], count: int | None = None) -> bytes:
    body = b"".join(struct.pack(">HI", kind, len(content)) + content for kind, content in blocks)
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks) if count is None else count) + body


def ase_color(model: bytes, *values: float, name: bytes = "x\0".encode("utf-16-be")) -> tuple[int, bytes]:
    content = struct.pack(">H", len(name) // 2) + name + model + struct.pack(f">{len(values)}f", *values) + b"\0\2"
    return 1, content


def aco(*rows: tuple[int, int, int, int, int]) -> bytes:
    return b"\0\1" + struct.pack(">H", len(rows)) + b"".join(struct.pack(">5H", *row) for row in rows)


def kpl(xml: str | bytes, name: str = "colorset.xml", packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        archive.writestr(name, xml)
    return packed.getvalue()


def kpl_color(values: str, name: str = "a", place: str = "") -> str:
    return f'<ColorSetEntry name="{name}" id="" bitdepth="U8">{values}{place}</ColorSetEntry>'


def colors(*entries: str) -> bytes:
    return kpl(f"<ColorSet>{''.join(entries)}</ColorSet>")


def test_other_models_are_converted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ase"
    path.write_bytes(
        ase(
            ase_color(b"CMYK", 0, 1, 1, 0),
            ase_color(b"LAB ", 0.5325, 78.3, 62.1),
            ase_color(b"LAB ", 1, 0, 0),
            ase_color(b"Gray", 0.5),
            ase_color(b"RGB ", 1, 0.5, 0),
        )
    )
    palette = read_swatch_list(path)
    red, lab, white, gray, orange = (one.color[:3] for one in palette.swatches)
    assert red == (255, 0, 0) and white == (255, 255, 255) and gray == (128, 128, 128) and orange == (255, 128, 0)
    assert lab[0] >= 240 and max(lab[1:]) < 30, "near the red of sRGB"
    assert palette.notes == (
        "1 CMYK color converted to RGB without a profile of the press: check them",
        "2 Lab colors converted to RGB",
        "1 gray color converted to RGB",
    )
    path = tmp_path / "a.aco"
    path.write_bytes(
        aco(
            (0, 65535, 0, 257, 0),
            (1, 0, 65535, 65535, 0),
            (2, 65535, 0, 0, 65535),
            (7, 10000, 0, 0, 0),
            (8, 0, 0, 0, 0),
        )
    )
    palette = read_swatch_list(path)
    assert [one.color[:3] for one in palette.swatches] == [
        (255, 0, 1), (255, 0, 0), (255, 0, 0), (255, 255, 255), (255, 255, 255),
    ]  # fmt: skip
    assert len(palette.notes) == 4
    path = tmp_path / "a.kpl"
    inside = [
        kpl_color('<RGB space="sRGB-elle-V2-srgbtrc.icc" r="1" g="0" b="0"/>', "2nd", '<Position row="1" column="0"/>'),
        kpl_color('<sRGB r="0" g="0" b="1"/>', "1st", '<Position row="0" column="5"/>'),
        '<Group name="g" rows="1">',
        kpl_color('<RGB space="sRGB-elle-V2-g10.icc" r="0.2140" g="1" b="0"/>'),
        kpl_color('<Lab space="Lab" L="100" a="0" b="0"/>'),
        kpl_color('<XYZ space="XYZ" x="0.9642" y="1" z="0.8249"/>'),
        kpl_color('<Gray space="g" g="0"/>'),
        "</Group>",
    ]
    path.write_bytes(kpl(f'<Colorset name="t" version="1.0" columns="8">{"".join(inside)}</Colorset>'))
    palette = read_swatch_list(path)
    assert [(one.name, one.color[:3], one.group) for one in palette.swatches] == [
        ("1st", (0, 0, 255), ""),
        ("2nd", (255, 0, 0), ""),
        ("a", (127, 255, 0), "g"),
        ("a", (255, 255, 255), "g"),
        ("a", (255, 255, 255), "g"),
        ("a", (0, 0, 0), "g"),
    ]
    assert palette.title == "t" and len(palette.notes) == 4


def test_what_harmony_writes(tmp_path: Path) -> None:
    path = tmp_path / "anna.plt"
    path.write_text(
        "ToonBoomAnimationInc PaletteFile 2\r\n"
        "Solid    Hair                       0x0C52AF9D81AA3618 179  34  66 255\r\n"
        "Gradient Hair_grad                  0x0bbf28a8b310d773 Linear\r\n"
        "{        0.0 216  54 122  73,\r\n       100.0 160  13  91 109 }\r\n"
        'Solid    "New \\"0\\""                0x1   1   2   3   0\r\n'
        "Texture  Wood                       0x05 Tile\r\n"
    )
    palette = read_swatch_list(path)
    assert palette.swatches == (
        Swatch((179, 34, 66, 255), "Hair", "0x0c52af9d81aa3618"),
        Swatch((1, 2, 3, 0), 'New "0"', "0x0000000000000001"),
    )
    assert palette.notes == ("2 colors left out: gradients and textures are no flat colors",)
    twice = (Swatch((1, 1, 1, 255), "a", "0x5"), Swatch((2, 2, 2, 255), "b", "0x5"), Swatch((3, 3, 3, 255), "c", "7"))
    write_swatches(path, SwatchList(twice))
    ids = [one.id for one in read_swatch_list(path).swatches]
    assert ids[0] == "0x0000000000000005" and len(set(ids)) == 3, "ids do not repeat"


def test_parts_of_a_toml_have_tones(tmp_path: Path) -> None:
    path = tmp_path / "film.toml"
    path.write_text(
        '[skin]\nbase = "#ffe0bd"\nshadow2 = "#a08060"\nshadow = "#c8a07d"\n["back hair"]\nbase = "#3c1e14"\n'
    )
    assert [(one.name, one.color) for one in read_swatches(path)] == [
        ("skin", (255, 224, 189, 255)),
        ("skin shadow 2", (160, 128, 96, 255)),
        ("skin shadow", (200, 160, 125, 255)),
        ("back hair", (60, 30, 20, 255)),
    ]
    write_swatches(tmp_path / "b.gpl", read_swatch_list(path))
    write_swatches(tmp_path / "b.toml", read_swatch_list(tmp_path / "b.gpl"))
    assert {(one.name, one.color) for one in read_swatches(path)} == {
        (one.name, one.color) for one in read_swatches(tmp_path / "b.toml")
    }


ENTITIES = (
    '<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><ColorSet name="&b;"></ColorSet>'
)
RGB = '<sRGB r="1" g="0" b="0"/>'
X = "x\0".encode("utf-16-be")


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.plt", b"", "not a palette of Harmony: line 1"),
        ("a.plt", b"ToonBoomAnimationInc PaletteFile 9\n", "not a palette of Harmony: line 1"),
        ("a.plt", b"ToonBoomAnimationInc PaletteFile 2\n", "has no colors"),
        ("a.plt", b"ToonBoomAnimationInc PaletteFile 2\nSolid skin 1 2 3 255\n", "line 2 is not a color"),
        ("a.plt", b"ToonBoomAnimationInc PaletteFile 2\nSolid skin 0x1 1 2 300 255\n", "line 2 has a value above 255"),
        ("a.plt", b"ToonBoomAnimationInc PaletteFile 2\nGradient a 0x1 Linear\n{ 0.0 1 2 3 4,", "middle of a gradient"),
        ("a.pal", b"RIFF\x10\0\0\0PAL data", "RIFF palette of Windows"),
        ("a.pal", b"JASC-PAL\r\n0100\r\n3\r\n1 2 3\r\n", "line 3 says 3 colors, but there are 1"),
        ("a.pal", b"JASC-PAL\r\n0100\r\n99999999\r\n1 2 3\r\n", "line 3 has to be the number"),
        ("a.pal", b"JASC-PAL\r\n0100\r\n1\r\n1 2 -3\r\n", "line 4 is not a color"),
        ("a.pal", b"JASC-PAL\r\n0100\r\n0\r\n", "has no colors"),
        ("a.pal", b"skin", "not a JASC palette"),
        ("a.ase", b"", "has to begin with ASEF"),
        ("a.ase", b"\x10\0\0\0\xe0\xa5\1\0", "sprite of Aseprite"),
        ("a.ase", b"ASEF\0\1\0\0\0\0\0\0", "has no colors"),
        ("a.ase", ase(ase_color(b"RGB ", 1, 0, 0), count=4), "says 4 blocks, but holds 1"),
        ("a.ase", ase((0xBEEF, b"")), "unknown kind 0xbeef"),
        ("a.ase", ase(ase_color(b"HSV ", 1, 0, 0)), "unknown model b'HSV '"),
        ("a.ase", ase(ase_color(b"RGB ", float("nan"), 0, 0)), "color 1, RGB: a value is not within 0 to 1"),
        ("a.ase", ase(ase_color(b"RGB ", 255, 0, 0)), "color 1, RGB: a value is not within 0 to 1"),
        ("a.ase", ase(ase_color(b"LAB ", float("inf"), 0, 0)), "outside of Lab"),
        ("a.ase", ase(ase_color(b"RGB ", 1, 0, 0, name=b"\xd8\0\0\0")), "a name is no UTF-16"),
        ("a.ase", ase((1, b"\xff\xff" + X)), "cut off"),
        ("a.ase", ase(ase_color(b"RGB ", 1, 0)), "damaged|cut off"),
        ("a.ase", b"ASEF\0\1\0\0\0\0\0\1\0\1\xff\xff\xff\xff", "cut off"),
        ("a.aco", b"", "cut off"),
        ("a.aco", b"\0\1\xff\xff" + bytes(10), "cut off"),
        ("a.aco", b"\0\7\0\1" + bytes(10), "version 7 is neither 1 nor 2"),
        ("a.aco", aco((3, 1, 2, 3, 4)), "color 1 is of Pantone, not RGB"),
        ("a.aco", aco((77, 1, 2, 3, 4)), "unknown model 77"),
        ("a.aco", aco((8, 20000, 0, 0, 0)), "color 1, gray: a value is not within"),
        ("a.aco", aco((0, 1, 2, 3, 0)) + b"\0\2\0\2" + bytes(40), "version 1 has 1 colors, version 2 2"),
        ("a.aco", aco((0, 1, 2, 3, 0)) + b"junk", "more than the 1 colors"),
        ("a.aco", aco((0, 1, 2, 3, 0)) + b"\0\2\0\1" + bytes(10) + b"\xff\xff\xff\xff", "cut off"),
        ("a.aco", aco((0, 1, 2, 3, 0)) + b"\0\2\0\1" + bytes(10) + b"\0\0\0\1\xd8\0", "a name is no UTF-16"),
        ("a.aco", aco(), "has no colors"),
        ("a.kpl", b"PK\3\4", "no whole palette of Krita"),
        ("a.kpl", kpl("<a/>", "other.xml"), "has no colorset.xml"),
        ("a.kpl", kpl(b" " * (9 << 20)), "colorset.xml is larger than 8 MiB"),
        ("a.kpl", kpl(b" " * (64 << 20), packing=zipfile.ZIP_BZIP2), "packed in another way"),
        ("a.kpl", kpl("<ColorSet>" + "<a>" * 99999), "nested too deeply"),
        ("a.kpl", kpl(ENTITIES), "declares a document type or entities"),
        ("a.kpl", kpl('<!DOCTYPE z SYSTEM "file:///etc/passwd"><ColorSet/>'), "declares a document type"),
        ("a.kpl", kpl("<Other/>"), "in place of <ColorSet>"),
        ("a.kpl", kpl("<ColorSet>"), "damaged: no element found"),
        ("a.kpl", colors(kpl_color("")), "color 'a' has no values"),
        ("a.kpl", colors(kpl_color('<YCbCr Y="1"/>')), "of the model YCbCr"),
        ("a.kpl", colors(kpl_color('<sRGB r="1" g="x" b="0"/>')), "lacks a value of r g b"),
        ("a.kpl", colors(kpl_color('<sRGB r="nan" g="1" b="0"/>')), "not within 0 to 1"),
        ("a.kpl", colors(kpl_color(RGB, place='<Position row="-1"/>')), "a position is '-1'"),
        ("a.kpl", colors(kpl_color(kpl_color(RGB))), "inside of a color"),
        ("a.toml", b"[skin", "no TOML, or it is cut off"),
        ("a.toml", b"\xff\xfe", "no TOML"),
        ("a.toml", b"a = " + b"[" * 5000, "no TOML"),
        ("a.toml", b"skin = 1", "'skin' is no part with a base"),
        ("a.toml", b'[skin]\nshadow = "#010203"', "'skin' is no part with a base"),
        ("a.toml", b'[skin]\nbase = "red"', "base is 'red', which is no color"),
        ("a.toml", b'[skin]\nbase = "#010203"\nglow = "#010203"', "'glow', which is no tone; use base, highlight"),
        ("a.xyz", b"skin 1 2 3", ".xyz is no format of palettes; use one of .gpl .plt"),
        ("a", b"skin 1 2 3", "a file without an ending is no format"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_files(tmp_path: Path, name: str, data: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(PaletteError) as caught:
        read_swatch_list(path)
    message = str(caught.value)
    assert problem in message or any(part in message for part in problem.split("|")), message
    assert name in message and caught.value.fix and "\n" not in message


def test_the_content_decides_the_format_and_an_unknown_ending_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "colors.txt"
    path.write_bytes(b"GIMP Palette\n1 2 3 ink\n")
    assert read_swatches(path)[0].name == "ink"
    (tmp_path / "a.ase").write_bytes(b"JASC-PAL\n0100\n1\n1 2 3\n")
    assert read_swatches(tmp_path / "a.ase")[0].color == (1, 2, 3, 255)
    with pytest.raises(PaletteError, match=r"\.txt is no format of palettes; use one of \.gpl"):
        write_swatches(path, SwatchList(SWATCHES))
    with pytest.raises(PaletteError, match=r"4,096 colors are more than the 4,095 of \.tpl"):
        write_swatches(tmp_path / "a.tpl", SwatchList(tuple(Swatch((1, 2, 3, 255), str(k)) for k in range(4096))))
