"""Drawings and keys as PSD, GIF, DPX, SGI and JPEG 2000, exact; cut off, and with sizes that a header only claims."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawings import draw
from numpy.typing import NDArray
from PIL import Image

from framecolor import ReadError, Shot
from framecolor.media import Picture, image_size, open_image, read_image, write_image
from framecolor.media.openimageio import encode
from framecolor.media.writers.psd import encode_psd

Rgba = NDArray[np.uint8]

COLORS = np.array([(0, 0, 0, 255), (255, 255, 255, 255), (200, 40, 50, 255), (60, 90, 160, 255)], np.uint8)
SIZE = (40, 60)


def opaque() -> Rgba:
    return COLORS[np.random.default_rng(0).integers(0, len(COLORS), SIZE)]


def soft() -> Rgba:
    rgba = opaque()
    rgba[..., 3] = np.random.default_rng(1).integers(1, 256, SIZE)
    return rgba


def save_gif(path: Path, rgba: Rgba) -> None:
    index = (rgba[:, :, None] == COLORS).all(3).argmax(2).astype(np.uint8)
    image = Image.fromarray(index)
    image.putpalette(COLORS[:, :3].tobytes())
    image.save(path)


def save_dpx(path: Path, rgba: Rgba) -> None:
    path.write_bytes(encode(rgba, ".dpx", {}))


def save_dpx_10(path: Path, rgba: Rgba) -> None:
    path.write_bytes(encode(rgba.astype(np.uint16) * 257, ".dpx", {"oiio:BitsPerSample": 10}))


def save_sgi(path: Path, rgba: Rgba) -> None:
    Image.fromarray(rgba).save(path, format="SGI")


def save_jpeg_2000(path: Path, rgba: Rgba) -> None:
    Image.fromarray(rgba).save(path, irreversible=False)


def save_psd(path: Path, rgba: Rgba) -> None:
    path.write_bytes(encode_psd(Picture(rgba)))


Save = Callable[[Path, Rgba], None]
KINDS: dict[str, tuple[Save, Callable[[], Rgba]]] = {
    "a.gif": (save_gif, opaque),
    "a.dpx": (save_dpx, soft),
    "b.dpx": (save_dpx_10, opaque),
    "a.sgi": (save_sgi, soft),
    "a.jp2": (save_jpeg_2000, soft),
    "a.j2k": (save_jpeg_2000, opaque),
    "a.psd": (save_psd, opaque),
}


@pytest.mark.parametrize("name", KINDS)
def test_pixels_are_exact(tmp_path: Path, name: str) -> None:
    save, make = KINDS[name]
    save(tmp_path / name, make())
    np.testing.assert_array_equal(read_image(tmp_path / name), make())
    assert image_size(tmp_path / name) == SIZE


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path, name: str) -> None:
    save, make = KINDS[name]
    path = tmp_path / name
    save(path, make())
    data = path.read_bytes()
    for share in (0.01, 0.3, 0.6, 0.9):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ReadError, match=name):
            read_image(path)


def test_the_first_picture_of_an_animation_is_read(tmp_path: Path) -> None:
    first, second = (
        Image.fromarray(opaque()[rows]).convert("RGB").quantize(8) for rows in (slice(None), slice(1, None))
    )
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second.resize(first.size)])
    np.testing.assert_array_equal(read_image(tmp_path / "a.gif"), opaque())


@pytest.mark.parametrize("name", ["a.gif", "a.jp2", "a.j2k"])
def test_a_size_that_a_header_only_claims_is_refused(tmp_path: Path, name: str) -> None:
    """Before its pixels have a place in memory."""
    save, make = KINDS[name]
    path = tmp_path / name
    save(path, make())
    data = bytearray(path.read_bytes())
    if name == "a.gif":
        struct.pack_into("<HH", data, 6, 65535, 65535)
    else:
        struct.pack_into(">II", data, data.index(b"\xff\x4f\xff\x51") + 8, 1 << 20, 1 << 20)
    path.write_bytes(data)
    with pytest.raises(ReadError, match="pixels are more than"):
        image_size(path)


def save_quantized(path: Path, rgba: Rgba) -> None:
    Image.fromarray(rgba).convert("RGB").quantize(8).save(path)


SAVE: dict[str, Save] = {
    "psd": save_psd,
    "gif": save_quantized,
    "sgi": save_sgi,
    "jp2": save_jpeg_2000,
    "dpx": save_dpx,
}


@pytest.mark.parametrize("ending", SAVE)
def test_shots_of_these_kinds(tmp_path: Path, ending: str) -> None:
    for folder, steps, painted in (("line", 3, False), ("keys", 1, True)):
        (tmp_path / "cut" / folder).mkdir(parents=True)
        for step in range(steps):
            rgba = draw(step)[painted]
            on_paper = np.where(rgba[..., 3:] == 0, np.uint8(255), rgba)
            SAVE[ending](tmp_path / "cut" / folder / f"A{step + 1:04d}.{ending}", on_paper)
    shot = Shot.open(tmp_path / "cut")
    assert (shot.numbers, set(shot.keys), shot.warnings) == ((1, 2, 3), {1}, ())
    assert shot.output_name(2) == "A0002.png"
    assert shot.read_line(1).shape == shot.read_key(1).shape == (*draw(0)[0].shape[:2], 4)


def test_a_drawing_as_psd_is_its_layer_of_lines(tmp_path: Path) -> None:
    """A key is what all layers look like together."""
    line, painted = draw(0)
    (tmp_path / "A0001.psd").write_bytes(encode_psd(Picture(painted, paint=painted, ink=line)))
    drawing = open_image(tmp_path / "A0001.psd", line.shape[:2], "drawing").decode()
    np.testing.assert_array_equal(drawing[..., 3], line[..., 3])
    assert not drawing[line[..., 3] > 0, :3].any()
    key = open_image(tmp_path / "A0001.psd", line.shape[:2], "key").decode()
    np.testing.assert_array_equal(key, read_image(tmp_path / "A0001.psd"))
    assert (key[painted[..., 3] > 0] == painted[painted[..., 3] > 0]).all()


def test_a_layer_lies_where_it_lies_on_the_canvas(tmp_path: Path) -> None:
    psd_tools = pytest.importorskip("psd_tools")
    line = np.zeros((*SIZE, 4), np.uint8)
    line[10:30, 5:50] = (20, 30, 40, 255)
    psd = psd_tools.PSDImage.new("RGBA", SIZE[::-1])
    psd.create_pixel_layer(Image.fromarray(np.full((*SIZE, 4), 255, np.uint8)), name="paper")
    psd.create_pixel_layer(Image.fromarray(line[4:36, 3:55]), name=" Line Art", top=4, left=3)
    psd.save(tmp_path / "A0001.psd")
    drawing = open_image(tmp_path / "A0001.psd", SIZE, "drawing").decode()
    np.testing.assert_array_equal(drawing[..., 3], line[..., 3])
    np.testing.assert_array_equal(drawing[line[..., 3] > 0], line[line[..., 3] > 0])


def test_a_png_wins_over_its_work_file(tmp_path: Path) -> None:
    line, painted = draw(0)
    write_image(tmp_path / "cut/line/A0001.png", line)
    write_image(tmp_path / "cut/keys/A0001.png", painted)
    (tmp_path / "cut/keys/A0001.psd").write_bytes(encode_psd(Picture(line)))
    assert dict(Shot.open(tmp_path / "cut").keys) == {1: tmp_path / "cut/keys/A0001.png"}
