"""Photoshop files with a layer for each part of the palette: together they are the frame, to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawings import SIZE, draw, make_shot
from painting import paint
from psd_tools import PSDImage

from framecolor.core.compositing import lay_over
from framecolor.media import FORMATS, Parts, Picture, read_image, write_bytes_atomic
from framecolor.media.writers.psd import encode_psd, read_paint_layer, read_parts

SHOW = "GIMP Palette\n250 214 180\tskin\n60 90 160\tcoat\n200 40 50\tcoat shadow\n"


@pytest.fixture
def cut(tmp_path: Path, quick_engine: None) -> Path:
    root = make_shot(tmp_path / "cut", frames=3, keys=(0, 2))
    (root / "show.gpl").write_text(SHOW, encoding="utf-8")
    return root


def paint_parts(root: Path, out: Path, **given: object) -> Path:
    assert paint(root, out, **{"fit": 0, "format": "psd-parts", "palette": "show.gpl", **given}).failed == {}
    return out / "cut.1002.psd"


def list_layers(path: Path) -> list[tuple[str, list[str]]]:
    """Layers and groups from the lowest up, each with the layers in it."""
    return [(one.name, [layer.name for layer in one] if one.is_group() else []) for one in PSDImage.open(path)]


def test_each_part_has_a_layer_and_they_are_the_frame(cut: Path, tmp_path: Path) -> None:
    path = paint_parts(cut, tmp_path / "out")
    paint(cut, tmp_path / "png", fit=0, palette="show.gpl")
    frame = read_image(tmp_path / "png" / "cut.1002.png")
    assert list_layers(path) == [("paint", ["coat", "skin"]), ("line", [])]
    assert np.array_equal(read_image(path), frame), "the merged image, for programs without layers"
    assert np.array_equal(np.array(PSDImage.open(path).composite(force=True)), frame), "the layers together"
    below = read_paint_layer(path)
    assert below is not None and np.array_equal(lay_over(draw(1)[0], below), frame)
    for layer in PSDImage.open(path)[0]:
        assert layer.kind == "pixel" and layer.size < SIZE[::-1], "cut to what it holds"
        assert set(np.unique(np.array(layer.topil())[..., 3])) <= {0, 255}


@pytest.mark.parametrize("line", ["none", "layer", "over"])
def test_paper_that_is_filled_is_a_layer_too(cut: Path, tmp_path: Path, line: str) -> None:
    path = paint_parts(cut, tmp_path / "out", background="paper", line=line)
    layers = [("paint", ["paper", "coat", "skin"]), *([("line", [])] if line == "over" else [])]
    assert list_layers(path) == layers
    assert np.array_equal(np.array(PSDImage.open(path).composite(force=True)), read_image(path))


def test_painted_mode_and_colors_without_names(cut: Path, tmp_path: Path) -> None:
    path = paint_parts(cut, tmp_path / "out", mode="painted", palette=None)
    assert list_layers(path)[0] == ("paint", ["#3c5aa0", "#fad6b4", "#c82832"])
    assert np.array_equal(np.array(PSDImage.open(path).composite(force=True)), read_image(path))


def test_a_stencil_keeps_the_parts_around_it(cut: Path, tmp_path: Path) -> None:
    path = paint_parts(cut, tmp_path / "out")
    old, paint_before = read_parts(path), read_paint_layer(path)
    assert old is not None and paint_before is not None
    (cut / "show.gpl").write_text(SHOW.replace("skin", "face"), encoding="utf-8")
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[20:60, 30:50] = 255
    write_bytes_atomic(tmp_path / "masks" / "1002.png", FORMATS["png"].encode(Picture(mask)))
    paint_parts(cut, tmp_path / "out", stencils=tmp_path / "masks")
    new, paint_after = read_parts(path), read_paint_layer(path)
    assert new is not None and paint_after is not None and np.array_equal(paint_before, paint_after)
    inside = mask[..., 3] > 0
    before, after = (np.array(parts.names)[parts.index] for parts in (old, new))
    assert np.array_equal(before[~inside], after[~inside]) and "skin" in after[~inside]
    assert np.array_equal(np.where(before == "skin", "face", before)[inside], after[inside]) and "face" in after


def test_one_name_is_one_layer_and_a_part_may_be_called_paper(tmp_path: Path) -> None:
    rgba = np.full((4, 6, 4), 255, np.uint8)
    rgba[0, 0, 3] = 0
    index = np.array([[0, 1, 2, 3, 0, 1]] * 4, np.uint16)
    path = tmp_path / "a.psd"
    path.write_bytes(encode_psd(Picture(rgba, parts=Parts(("", "a", "paper", "a"), index))))
    assert list_layers(path) == [("paint", ["paper", "a"])]
    below = read_paint_layer(path)
    assert below is not None and np.array_equal(below, rgba), "white where there is none"


def test_layers_that_a_painter_changed_are_no_parts(tmp_path: Path) -> None:
    from PIL import Image

    rgba = np.full((4, 6, 4), 255, np.uint8)
    (tmp_path / "a.psd").write_bytes(encode_psd(Picture(rgba, parts=Parts(("", "a"), np.ones((4, 6), np.uint16)))))
    psd = PSDImage.open(tmp_path / "a.psd")
    psd[0].create_pixel_layer(Image.fromarray(rgba), name="more")
    psd.save(tmp_path / "b.psd")
    assert read_parts(tmp_path / "a.psd") is not None
    assert (read_parts(tmp_path / "b.psd"), read_paint_layer(tmp_path / "b.psd")) == (None, None)
