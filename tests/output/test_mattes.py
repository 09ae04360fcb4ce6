"""Mattes: which paint each pixel has, as a number that stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, PAPER, SCARF, SIZE, SKIN, draw, make_shot
from painting import FIT, copy_shot, list_files, paint

from framecolor import OutputError, PaletteError, ReadError, Settings, Shot, colorize, colorize_part, gather_parts
from framecolor.core.types import Palette
from framecolor.media import FORMATS, Picture, read_image, read_swatches, write_bytes_atomic, write_image
from framecolor.media.writers.flat import encode_gray
from framecolor.output.manifest import Manifest
from framecolor.output.mattes import MatteIds, read_matte

WHITE = (255, 255, 255, 255)


@pytest.fixture(scope="module")
def fitted(painted_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted shot; its fit is taken over by the runs here."""
    return copy_shot(painted_shot, tmp_path_factory.mktemp("mattes") / "cut")


def paint_with_mattes(root: Path, out: Path, **given: object) -> Path:
    if not out.exists() and (root / "color" / ".framecolor").exists():
        shutil.copytree(root / "color" / ".framecolor", out / ".framecolor")
    assert paint(root, out, fit=FIT, mattes=True, **given).failed == {}
    return out


def read_colors(out: Path) -> dict[int, tuple[int, ...]]:
    rows = json.loads((out / "palette.json").read_text("utf-8"))["colors"]
    return {row["id"]: tuple(row["rgba"]) for row in rows}


def test_new_paints_come_last_and_none_loses_its_id() -> None:
    first = MatteIds().extend(Palette(np.uint8([COAT, PAPER, SKIN])))
    assert first.paints == (COAT[:3], SKIN[:3])
    later = first.extend(Palette(np.uint8([SCARF, SKIN, PAPER])))
    assert later.paints == (COAT[:3], SKIN[:3], SCARF[:3])
    assert later.find(np.uint8([SCARF, PAPER, SKIN, (9, 9, 9, 0)])).tolist() == [3, 0, 2, 0]
    with pytest.raises(KeyError):
        first.find(np.uint8([SCARF]))
    assert MatteIds.read([list(paint) for paint in later.paints]) == later
    for damaged in (
        None,
        5,
        "abc",
        [[1, 2]],
        [[1, 2, 300]],
        [["a", "b", "c"]],
        {"a": 1},
        [[1, 2, 1e999]],
        [[1, 2, 3]] * 2,
        [5],
    ):
        assert MatteIds.read(damaged) == MatteIds()
    with pytest.raises(PaletteError) as caught:
        MatteIds(tuple((i >> 16, i >> 8 & 255, i & 255) for i in range(65_536)))
    assert caught.value.subject == "--mattes" and "65535" in caught.value.problem


@pytest.mark.parametrize("paints, depth", [(255, 8), (256, 16)])
def test_a_matte_has_8_bits_up_to_255_paints_and_16_beyond(tmp_path: Path, paints: int, depth: int) -> None:
    ids = MatteIds(tuple((i, 0, i // 256) if i < 256 else (0, 1, i - 256) for i in range(paints)))
    matte = np.arange(paints + 1, dtype=np.uint16).reshape(1, -1)
    data = ids.encode(matte)
    assert (data[24], data[25]) == (depth, 0), "grey"
    (tmp_path / "m.png").write_bytes(data)
    assert np.array_equal(read_matte(tmp_path / "m.png", matte.shape), matte)
    with pytest.raises(ReadError, match="paint the frame again with --mattes"):
        read_matte(tmp_path / "m.png", (2, 2))


def test_a_picture_of_colors_is_no_matte(tmp_path: Path) -> None:
    write_image(tmp_path / "m.png", draw(0)[1])
    with pytest.raises(ReadError):
        read_matte(tmp_path / "m.png", SIZE)
    with pytest.raises(ReadError, match="no such file"):
        read_matte(tmp_path / "none.png", SIZE)
    with pytest.raises(ValueError, match="uint8 or uint16"):
        encode_gray(np.zeros((2, 2), np.int32))  # pyright: ignore[reportArgumentType]


@pytest.mark.usefixtures("quick_engine")
def test_mattes_are_the_paint_below_the_lines(fitted: Path, tmp_path: Path) -> None:
    out = paint_with_mattes(fitted, tmp_path / "out", line="none")
    colors = read_colors(out)
    assert colors[0] == PAPER and set(colors.values()) == {SKIN, COAT, SCARF, PAPER}
    table = np.array([colors[k] for k in range(len(colors))], np.uint8)
    assert [(one.color, one.name) for one in read_swatches(out / "palette.gpl")] == [
        (colors[k], "#{:02x}{:02x}{:02x}".format(*colors[k])) for k in range(1, len(colors))
    ]
    frames = sorted(out.glob("*.png"))
    assert [path.name for path in frames] == [path.name for path in sorted((out / "matte").iterdir())]
    for path in frames:
        assert np.array_equal(table[read_matte(out / "matte" / path.name, SIZE)], read_image(path))


@pytest.mark.parametrize("background", ["transparent", "paper"])
@pytest.mark.usefixtures("quick_engine")
def test_paper_is_0_whatever_the_background(tmp_path: Path, background: str) -> None:
    """Keys on opaque white: the white around the figure is paper, once it is made transparent."""
    root = make_shot(tmp_path / "cut", frames=2, keys=(0,))
    painted = draw(0)[1]
    painted[painted[..., 3] == 0] = WHITE
    write_image(root / "keys" / "cut.1001.png", painted)
    out = tmp_path / background
    paint(root, out, fit=0, mattes=True, line="none", background=background)
    matte, frame = read_matte(out / "matte" / "cut.1001.png", SIZE), read_image(out / "cut.1001.png")
    colors = read_colors(out)
    if background == "transparent":
        assert matte[0, 0] == 0 and frame[0, 0, 3] == 0
        assert np.array_equal(matte == 0, frame[..., 3] == 0)
    else:
        assert colors[int(matte[0, 0])] == WHITE, "white that was painted is a paint"
        assert tuple(frame[0, 0]) == WHITE
    assert WHITE in colors.values()


@pytest.mark.usefixtures("quick_engine")
def test_paper_that_is_filled_white_stays_0(fitted: Path, tmp_path: Path) -> None:
    out = paint_with_mattes(fitted, tmp_path / "out", background="paper")
    assert tuple(read_image(out / "cut.1001.png")[0, 0]) == WHITE
    assert read_matte(out / "matte" / "cut.1001.png", SIZE)[0, 0] == 0


@pytest.mark.usefixtures("quick_engine")
def test_a_frame_without_its_matte_is_not_up_to_date(fitted: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(fitted / "color" / ".framecolor", out / ".framecolor")
    paint(fitted, out, fit=FIT)
    frames = {path.name: path.read_bytes() for path in out.glob("*.png")}
    assert not (out / "matte").exists() and not (out / "palette.gpl").exists()
    assert len(paint(fitted, out, fit=FIT, mattes=True).written) == 7, "now with mattes"
    assert {path.name: path.read_bytes() for path in out.glob("*.png")} == frames
    before = list_files(out)
    assert paint(fitted, out, fit=FIT, mattes=True).written == ()
    assert list_files(out) == before
    matte = out / "matte" / "cut.1004.png"
    content = matte.read_bytes()
    matte.unlink()
    assert paint(fitted, out, fit=FIT).written == (), "without --mattes a missing matte is not rewritten"
    assert paint(fitted, out, fit=FIT, mattes=True).written == (1004,)
    assert matte.read_bytes() == content


@pytest.mark.usefixtures("quick_engine")
def test_ids_stay_when_the_palette_changes(fitted: Path, tmp_path: Path) -> None:
    root = copy_shot(fitted, tmp_path / "cut")
    out = paint_with_mattes(root, tmp_path / "out")
    first = read_colors(out)
    paint(root, out, fit=FIT)
    for number in (1001, 1007):
        path = root / "keys" / f"cut.{number}.png"
        key = read_image(path)
        key[(key == SKIN).all(axis=-1)] = (10, 200, 30, 255)
        write_image(path, key)
    paint(root, out, fit=0, mattes=True)
    later = read_colors(out)
    assert {k: later[k] for k in first} == first, "also over a run without mattes"
    assert set(later.values()) - set(first.values()) == {(10, 200, 30, 255)}
    assert [list(later[k][:3]) for k in sorted(later) if k] == list(map(list, Manifest.read(out).mattes.paints))
    assert {int(k) for k in np.unique(read_matte(out / "matte" / "cut.1003.png", SIZE))}.isdisjoint(
        {k for k, color in later.items() if color == SKIN}
    )


@pytest.mark.usefixtures("quick_engine")
def test_names_of_the_shots_palette_are_kept(fitted: Path, tmp_path: Path) -> None:
    gpl = tmp_path / "show.gpl"
    gpl.write_text("GIMP Palette\n250 214 180 skin\n60 90 160 coat\n200 40 50 scarf\n1 2 3 other\n")
    out = tmp_path / "out"
    paint(fitted, out, fit=0, mattes=True, palette=str(gpl))
    assert {one.name for one in read_swatches(out / "palette.gpl")} == {"skin", "coat", "scarf"}


@pytest.mark.usefixtures("quick_engine")
def test_holds_and_painted_mode_have_the_ids_of_flat_paint(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", frames=3, keys=(0, 2))
    (root / "line" / "cut.1002.png").write_bytes((root / "line" / "cut.1001.png").read_bytes())
    paint(root, tmp_path / "flat", fit=0, mattes=True)
    paint(root, tmp_path / "soft", fit=0, mattes=True, mode="painted", format="tga")
    flat = {path.name: path.read_bytes() for path in (tmp_path / "flat" / "matte").iterdir()}
    assert flat == {path.name: path.read_bytes() for path in (tmp_path / "soft" / "matte").iterdir()}
    assert flat["cut.1001.png"] == flat["cut.1002.png"] and len(flat) == 3


@pytest.mark.usefixtures("quick_engine")
def test_a_stencil_changes_the_matte_inside_of_it_only(fitted: Path, tmp_path: Path) -> None:
    root = copy_shot(fitted, tmp_path / "cut")
    out = tmp_path / "out"
    paint(root, out, fit=0, mattes=True)
    path = out / "matte" / "cut.1004.png"
    old = np.full(SIZE, 2, np.uint8)
    path.write_bytes(encode_gray(old))
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[30:60, 30:70] = 255
    write_bytes_atomic(tmp_path / "masks" / "1004.png", FORMATS["png"].encode(Picture(mask)))
    paint(root, out, fit=0, mattes=True, stencils=tmp_path / "masks")
    new = read_matte(path, SIZE)
    around = mask[..., 3] == 0
    assert (new[around] == 2).all() and (new[~around] != 2).any()
    path.unlink()
    with pytest.raises(ReadError, match="no such file"):
        paint(root, out, fit=0, mattes=True, stencils=tmp_path / "masks")


@pytest.mark.usefixtures("quick_engine")
def test_parts_of_a_shot_have_the_mattes_of_one_run(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", frames=5, keys=(0, 2, 4))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = Settings(fit=0, mattes=True, format="tga")
    colorize(Shot.open(root), whole, settings)
    for frames in ("1004-1005", "1001-1003"):
        colorize_part(Shot.open(root, frames=frames), parts, settings)
    assert gather_parts(Shot.open(root), parts).failed == {}
    found = [
        {name: (out / name).read_bytes() for name in list_files(out) if ".framecolor" not in name}
        for out in (whole, parts)
    ]
    assert found[0] == found[1] and len(found[0]) == 13
    (parts / "matte" / "cut.1002.png").unlink()
    assert list(gather_parts(Shot.open(root), parts).failed) == [1002]


def test_mattes_never_go_over_the_shots_own_files(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "matte", frames=2, keys=(0,))
    (root / "line").rename(tmp_path / "out")
    (tmp_path / "shot").mkdir()
    shutil.copytree(tmp_path / "out", tmp_path / "shot" / "matte")
    with pytest.raises(OutputError, match="own drawings"):
        paint(tmp_path / "shot" / "matte", tmp_path / "shot", keys=root / "keys", mattes=True)
