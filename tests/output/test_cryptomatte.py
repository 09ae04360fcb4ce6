"""Mattes by name: read by the specification and by another program's reader, and never those of another frame."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawings import COAT, SCARF, SIZE, SKIN, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, list_files, paint

from framecolor import ReadError, Settings, Shot, colorize, colorize_part, gather_parts, recolor_frames
from framecolor.core.compositing import lay_over
from framecolor.core.murmur import hash_name
from framecolor.media import FORMATS, Picture, Swatch, read_image, write_bytes_atomic, write_image
from framecolor.output.cryptomatte import draw_layers, encode_layers, make_id, read_layers
from framecolor.output.mattes import MatteIds
from framecolor.output.paint_names import PaintNames

SHOW = "GIMP Palette\n250 214 180\tskin\n60 90 160\tcoat\n200 40 50\tcoat shadow\n1 2 3\t\u732b\u306e\u6bdb\n"


def read_header(path: Path) -> dict[str, str]:
    """The texts of an EXR's header about Cryptomatte, read from the bytes by the layout of OpenEXR files."""
    data, place, found = path.read_bytes(), 8, {}
    while data[place]:
        name, kind, rest = data[place:].split(b"\0", 2)
        (length,) = struct.unpack_from("<i", rest)
        if name.startswith(b"cryptomatte/"):
            assert kind == b"string" and len(name) <= 31, "longer names are not read by old programs"
            found[name.decode()] = rest[4 : 4 + length].decode()
        place += len(name) + len(kind) + 6 + length
    return found


def read_mattes(path: Path, layer: str) -> dict[str, NDArray[np.float32]]:
    """Name -> coverage, HxW, as the specification says: by the manifest, from both ranks of a layer."""
    header = read_header(path)
    key = next(name.rpartition("/")[0] for name, text in header.items() if name.endswith("/name") and text == layer)
    assert (header[f"{key}/hash"], header[f"{key}/conversion"]) == ("MurmurHash3_32", "uint32_to_float32")
    ranks = read_layers(path, SIZE)[..., 4 * ("CryptoPalette", "CryptoPart").index(layer) :][..., :4]
    found = {}
    for name, digits in json.loads(header[f"{key}/manifest"]).items():
        value = struct.unpack("<f", struct.pack("<I", int(digits, 16)))[0]
        found[name] = sum(np.where(ranks[..., k] == np.float32(value), ranks[..., k + 1], 0) for k in (0, 2))
    return found


@pytest.fixture
def cut(tmp_path: Path, quick_engine: None) -> Path:
    """A shot with antialiased lines, a hold, and a palette with names beside it."""
    root = make_shot(tmp_path / "cut", frames=0)
    for step in (0, 1, 1, 2):
        ink, painted = draw(step)
        paint_below = np.where(ink[..., 3:] > 0, np.uint8(COAT), painted)
        ink[..., 3] = cv2.GaussianBlur(ink[..., 3], (3, 3), 0)
        number = 1001 + len(list(root.glob("line/*")))
        write_image(root / f"line/cut.{number}.png", ink)
        if number in (1001, 1004):
            write_image(root / f"keys/cut.{number}.png", lay_over(ink, paint_below))
    (root / "show.gpl").write_text(SHOW, encoding="utf-8")
    return root


def paint_cut(root: Path, out: Path, **given: object) -> Path:
    assert paint(root, out, **{"fit": 0, "cryptomatte": True, "palette": "show.gpl", **given}).failed == {}
    return out / "cryptomatte" / "cut.1002.exr"


@pytest.mark.parametrize(
    "name, bits",
    [
        # From the specification, then from the tests of Psyop's reader for Nuke (as float32 there).
        ("bunny", 0x13851A76),
        ("default", 0x42C9679F),
        ("bunny_porcelain_mat", 0xB24B26D4),
        *((name, struct.unpack("<I", struct.pack("<f", value))[0]) for name, value in (
            ("hello", 6.0705627102400005616e-17), ("cube", -4.08461912519e15), ("sphere", 2.79018604383e15),
            ("plane", 3.66557617593e-11), ("\u0440\u0430\u0432\u043d\u0438\u043d\u0430", -1.3192631212399999468e-25),
            ("m\u00e4dchen", 6.2361298211599995797e25),
        )),
    ],
)  # fmt: skip
def test_ids_are_those_of_the_specification(name: str, bits: int) -> None:
    assert make_id(name) == bits


def test_every_id_is_a_normal_number() -> None:
    names = [f"part {k}" for k in range(3000)]
    extreme = [name for name in names if hash_name(name) >> 23 & 255 in (0, 255)]
    assert extreme, "there are hashes that are no numbers"
    for name in extreme:
        assert bin(make_id(name) ^ hash_name(name)).count("1") == 1 and make_id(name) >> 23 & 255 in (1, 254)


def test_names_are_those_of_the_palette_and_tell_colors_apart() -> None:
    ids = MatteIds(((1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4), (5, 5, 5), (10, 11, 12)))
    swatches = [
        Swatch((1, 1, 1, 255), "base", group="hair"),
        Swatch((2, 2, 2, 255), "shadow", group="hair"),
        Swatch((3, 3, 3, 255), "base", group="u\u0308ber"),
        Swatch((4, 4, 4, 255), "wall"),
        Swatch((5, 5, 5, 255), "wall"),
        Swatch((9, 9, 9, 255), "shadow", group="u\u0308ber"),
    ]
    names = PaintNames.make(ids, swatches, lines=[*ids.paints[:1], *ids.paints[4:]], unpainted=[(10, 11, 12)])
    assert names.colors == ("", "hair base", "hair shadow", "\u00fcber base", "wall #040404", "wall #050505", "")
    assert names.parts == ("", "hair", "hair", "\u00fcber", "wall #040404", "wall #050505", "")
    assert names.lines == ("line", "hair base", "", "", "", "wall #050505", "line #0A0B0C")
    assert PaintNames.make(ids, []).colors[-1] == "#0a0b0c"


def test_a_part_is_the_same_where_the_shadow_is_lighter() -> None:
    day = [Swatch((200, 200, 200, 255), "skin"), Swatch((100, 100, 100, 255), "skin shadow")]
    night = [Swatch((20, 20, 20, 255), "skin"), Swatch((90, 90, 120, 255), "skin shadow")]
    for swatches in (day, night, night[::-1]):
        names = PaintNames.make(MatteIds(tuple(one.color[:3] for one in swatches)), swatches)
        assert names.parts == ("", "skin", "skin")


def test_what_covers_more_comes_first_and_one_name_counts_once() -> None:
    names = PaintNames(MatteIds(((1, 1, 1),)), ("", "skin"), ("", "skin"), ("line", "skin"))
    paint, cover = np.uint16([[1, 1, 0, 1, 0]]), np.uint8([[51, 204, 51, 255, 0]])
    skin, line = (np.uint32([make_id(name)]).view(np.float32)[0] for name in ("skin", "line"))
    drawn = draw_layers(names, paint, None, cover)[0]
    expected = [(skin, 0.8, line, 0.2), (line, 0.8, skin, 0.2), (line, 0.2, 0, 0), (line, 1, 0, 0), (0, 0, 0, 0)]
    assert np.allclose(drawn[:, :4], expected, atol=1e-6, rtol=0) and np.array_equal(drawn[:, 4:], drawn[:, :4])
    own = draw_layers(names, paint, np.uint16([[1, 1, 1, 1, 0]]), cover)[0]
    assert np.allclose(own[:, :4], [(skin, 1, 0, 0)] * 2 + [(skin, 0.2, 0, 0), (skin, 1, 0, 0), (0, 0, 0, 0)])


def test_coverages_are_the_frame_and_sum_up_to_its_alpha(cut: Path, tmp_path: Path) -> None:
    path = paint_cut(cut, tmp_path / "out", mattes=True)
    colors, parts = read_mattes(path, "CryptoPalette"), read_mattes(path, "CryptoPart")
    assert set(colors) == {"skin", "coat", "coat shadow", "line"} and set(parts) == {"skin", "coat", "line"}
    ink = read_image(cut / "line" / "cut.1002.png")[..., 3] / np.float32(255)
    assert np.count_nonzero((ink > 0) & (ink < 1)) > 0
    frame = read_image(tmp_path / "out" / "cut.1002.png")
    for layer in (colors, parts):
        assert np.allclose(layer["line"], ink)
        assert np.abs(sum(layer.values()) - frame[..., 3] / np.float32(255)).max() < 1e-6
    assert np.allclose(parts["coat"], colors["coat"] + colors["coat shadow"]) and colors["coat shadow"].any()
    for name, color in (("skin", SKIN), ("coat", COAT), ("coat shadow", SCARF)):
        assert colors_of(frame[colors[name] == 1]) == {color}
    over = sum(colors[name][..., None] * np.float32(color[:3]) for name, color in (
        ("skin", SKIN), ("coat", COAT), ("coat shadow", SCARF), ("line", (0, 0, 0))))  # fmt: skip
    opaque = frame[..., 3] == 255
    assert np.abs(over - frame[..., :3])[opaque].max() <= 0.5 + 1e-3, "mattes put the frame together again"


def test_another_reader_reads_the_same(cut: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("cryptomatte_api")
    path = paint_cut(cut, tmp_path / "out")
    found = reader.Cryptomatte.load(path)
    assert len(found) == 2
    for layer in found:
        masks = layer.masks()
        own = read_mattes(path, "CryptoPalette" if "coat shadow" in masks else "CryptoPart")
        assert set(masks) == set(own) and all(np.array_equal(masks[name], own[name]) for name in own)


def test_names_that_are_not_ascii_are_read(tmp_path: Path) -> None:
    swatches = [Swatch((1, 2, 3, 255), '\u732b "mike"'), Swatch((4, 5, 6, 255), "\u732b \u5f71")]
    names = PaintNames.make(MatteIds(((1, 2, 3), (4, 5, 6))), swatches)
    matte = np.zeros(SIZE, np.uint16)
    matte[:, 5:] = 1
    write_bytes_atomic(tmp_path / "a.exr", encode_layers(names, draw_layers(names, matte, None, None)))
    assert read_mattes(tmp_path / "a.exr", "CryptoPalette")['\u732b "mike"'].sum() == matte.sum()
    reader = pytest.importorskip("cryptomatte_api")
    masks = reader.Cryptomatte.load(tmp_path / "a.exr")[0].masks()
    assert masks['\u732b "mike"'].sum() == matte.sum()


@pytest.mark.parametrize("line", ["none", "layer"])
def test_lines_that_are_not_in_the_frame_cover_nothing(cut: Path, tmp_path: Path, line: str) -> None:
    path = paint_cut(cut, tmp_path / "out", line=line, background="paper", mattes=True)
    found = read_mattes(path, "CryptoPart")
    assert not found.pop("line").any()
    assert np.array_equal(sum(found.values()), read_image(tmp_path / "out/matte/cut.1002.png")[..., 0] > 0)


def test_ids_are_the_same_from_cut_to_cut(cut: Path, tmp_path: Path) -> None:
    """Another cut: no coat in it, its paints found in another order, colors without a name, another size."""
    manifests = []
    for number, size in enumerate((SIZE, (90, 150))):
        root = tmp_path / f"cut{number}"
        ink, painted = draw(0, size)
        if number:
            painted[(painted == SKIN).all(axis=-1)] = (9, 200, 30, 255)
        write_image(root / "line" / "1.png", ink)
        write_image(root / "keys" / "1.png", painted)
        palette = "GIMP Palette\n200 40 50\tcoat shadow\n60 90 160\tcoat\n9 200 30\tgrass\n" if number else SHOW
        (root / "show.gpl").write_text(palette, encoding="utf-8")
        paint(root, tmp_path / f"out{number}", fit=0, cryptomatte=True, palette="show.gpl")
        header = read_header(tmp_path / f"out{number}" / "cryptomatte" / "1.exr")
        manifests.append({name: json.loads(text) for name, text in header.items() if name.endswith("/manifest")})
    assert set(manifests[0]) == set(manifests[1]), "the layers have the same keys"
    for key, one in manifests[0].items():
        other = manifests[1][key]
        shared = one.keys() & other.keys()
        assert {"coat", "line"} <= shared and all(one[name] == other[name] for name in shared)
        assert [*one] == sorted(one) and "grass" in other and "skin" not in other


def test_frames_without_their_mattes_get_them_and_nothing_else_changes(cut: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint_cut(cut, out, cryptomatte=False)
    assert not (out / "cryptomatte").exists()
    frames = {path.name: path.read_bytes() for path in out.glob("*.png")}
    hold, shown = paint_cut(cut, out), paint_cut(cut, out).with_name("cut.1003.exr")
    assert hold.read_bytes() == shown.read_bytes(), "a hold"
    assert {path.name: path.read_bytes() for path in out.glob("*.png")} == frames
    before = list_files(out)
    assert paint(cut, out, fit=0, cryptomatte=True, palette="show.gpl").written == ()
    assert list_files(out) == before
    content = hold.read_bytes()
    hold.write_bytes(content[:-100])
    assert paint(cut, out, fit=0, cryptomatte=True, palette="show.gpl").written == (1002,)
    assert hold.read_bytes() == content
    (cut / "show.gpl").write_text(SHOW.replace("coat", "jacket"), encoding="utf-8")
    assert set(read_mattes(paint_cut(cut, out), "CryptoPart")) == {"skin", "jacket", "line"}, "renamed"


def test_mattes_that_are_not_of_the_frames_any_more_are_named(cut: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint_cut(cut, out, mattes=True)
    again = paint(cut, out, fit=0, palette="show.gpl")
    assert (again.written, again.warnings) == ((), ()), "they still are"
    for _ in ("painted now", "painted before"):
        done = paint(cut, out, fit=0, palette="show.gpl", line="none")
        assert [text for text in done.warnings if "mattes" in text] == [
            "mattes of an earlier run are kept, but are not updated: cryptomatte/cut.1001.exr and 7 more"
        ]
    assert paint(cut, out, fit=0, palette="show.gpl", line="none", cryptomatte=True, mattes=True).warnings == ()


def test_parts_of_a_shot_have_the_mattes_of_one_run(cut: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = Settings(fit=0, cryptomatte=True, palette=str(cut / "show.gpl"))
    colorize(Shot.open(cut), whole, settings)
    for frames in ("1003-1004", "1001-1002"):
        colorize_part(Shot.open(cut, frames=frames), parts, settings)
    assert gather_parts(Shot.open(cut), parts).failed == {}
    found = [
        {name: (out / name).read_bytes() for name in list_files(out) if ".framecolor" not in name}
        for out in (whole, parts)
    ]
    assert found[0] == found[1] and sum(name.endswith(".exr") for name in found[0]) == 4
    (parts / "cryptomatte" / "cut.1002.exr").unlink()
    assert list(gather_parts(Shot.open(cut), parts).failed) == [1002]


def test_recolored_frames_keep_the_names_of_their_paints(cut: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = paint_cut(cut, out, mattes=True)
    (tmp_path / "night.gpl").write_text((out / "palette.gpl").read_text("utf-8").replace("250 214 180", "20 30 90"))
    done = recolor_frames(out, tmp_path / "night.gpl", tmp_path / "night")
    assert done.failed == {} and (tmp_path / "night/cryptomatte/cut.1002.exr").read_bytes() == path.read_bytes()
    frame = read_image(tmp_path / "night" / "cut.1002.png")
    assert colors_of(frame[read_mattes(path, "CryptoPart")["skin"] == 1]) == {(20, 30, 90, 255)}
    path.unlink()
    again = recolor_frames(out, tmp_path / "night.gpl", tmp_path / "again")
    assert list(again.failed) == [1002, 1003] and "the mattes cannot be read" in again.failed[1002]


def test_colors_that_are_shown_in_place_of_others_keep_the_names(cut: Path, tmp_path: Path) -> None:
    before = paint_cut(cut, tmp_path / "out").read_bytes()
    (cut / "recolor.toml").write_text('[colors]\n"#fad6b4" = "#141e5a"\n')
    path = paint_cut(cut, tmp_path / "night")
    skin = read_mattes(path, "CryptoPart")["skin"] == 1
    assert colors_of(read_image(tmp_path / "night" / "cut.1002.png")[skin]) == {(20, 30, 90, 255)}
    assert path.read_bytes() == before


def test_a_stencil_changes_the_mattes_inside_of_it_only(cut: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = paint_cut(cut, out)
    old = read_layers(path, SIZE)
    names = PaintNames.make(MatteIds((SKIN[:3],)), [Swatch(SKIN, "skin")])
    other = draw_layers(names, np.ones(SIZE, np.uint16), None, None)
    write_bytes_atomic(path, encode_layers(names, other))
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[30:60, 30:70] = 255
    write_bytes_atomic(tmp_path / "masks" / "1002.png", FORMATS["png"].encode(Picture(mask)))
    paint_cut(cut, out, stencils=tmp_path / "masks")
    new, inside = read_layers(path, SIZE), mask[..., 3] > 0
    assert np.array_equal(new[inside], old[inside]) and np.array_equal(new[~inside], other[~inside])
    shutil.copy(out / "cut.1002.png", path)
    with pytest.raises(ReadError, match="damaged"):
        paint_cut(cut, out, stencils=tmp_path / "masks")
    write_bytes_atomic(path, encode_layers(names, other[:, :-1]))
    with pytest.raises(ReadError, match="it is 127x96, not 128x96; paint the frame again with --cryptomatte"):
        paint_cut(cut, out, stencils=tmp_path / "masks")
    path.unlink()
    with pytest.raises(ReadError, match="no such file"):
        paint_cut(cut, out, stencils=tmp_path / "masks")
