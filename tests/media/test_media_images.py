"""Reading and writing images: every format exactly, and errors of files that are damaged or not images."""

from __future__ import annotations

import os
import re
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray
from PIL import Image

from framecolor import OutputError, ReadError
from framecolor.core.files import write_bytes_atomic, write_text_atomic
from framecolor.media.decode import check_image, hash_file, image_size, read_image
from framecolor.media.encode import encode_image, write_image
from framecolor.media.openimageio import open_still
from framecolor.media.png import decode_png
from framecolor.media.still import MAX_PIXELS
from framecolor.media.writers import FORMATS, Picture


@pytest.fixture
def rgba() -> NDArray[np.uint8]:
    """Flat areas, noise and every alpha, at an odd size."""
    picture = np.random.default_rng(1).integers(0, 256, (37, 53, 4), dtype=np.uint8)
    picture[5:20, 8:40] = (250, 3, 128, 255)
    return picture


def png(depth: int, kind: int, rows: NDArray[np.uint8], width: int, **chunks: bytes) -> bytes:
    """A PNG of rows that are packed already. kind: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA."""
    raw = np.hstack([np.zeros((len(rows), 1), np.uint8), rows]).tobytes()
    parts = {"IHDR": struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0), **chunks}
    parts |= {"IDAT": zlib.compress(raw), "IEND": b""}
    out = b"\x89PNG\r\n\x1a\n"
    for name, data in parts.items():
        body = name.encode() + data
        out += struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return out


def create_encoder(
    codec: str, pixel_format: str, width: int, height: int, options: dict[str, str]
) -> VideoCodecContext:
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, pixel_format
    context.time_base = Fraction(1, 24)
    context.options = options
    return context


def encode(array: NDArray[np.generic], codec: str, pixel_format: str, **options: str) -> bytes:
    """A file of one picture, as libav writes it; planar formats get the array's channels one a plane."""
    context = create_encoder(codec, pixel_format, array.shape[1], array.shape[0], options)
    frame = av.VideoFrame(array.shape[1], array.shape[0], pixel_format)
    planes = np.moveaxis(array, 2, 0) if len(frame.planes) > 1 else [array]
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((len(array), plane.line_size), np.uint8)
        packed = np.ascontiguousarray(values).view(np.uint8).reshape(len(array), -1)
        rows[:, : packed.shape[1]] = packed
        plane.update(rows.tobytes())
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tga", ".tif", ".tiff", ".PNG"])
def test_what_is_written_is_read_to_the_bit(tmp_path: Path, rgba: NDArray[np.uint8], suffix: str) -> None:
    path = tmp_path / f"new folder/a{suffix}"
    write_image(path, rgba)
    np.testing.assert_array_equal(read_image(path), rgba)
    assert image_size(path) == (37, 53)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


LOSSLESS = {
    "rle.tga": ("targa", "bgra", {"rle": "1"}),
    "raw.tga": ("targa", "bgra", {"rle": "0"}),
    "raw.tif": ("tiff", "rgba", {"compression_algo": "raw"}),
    "packbits.tif": ("tiff", "rgba", {"compression_algo": "packbits"}),
    "lzw.tif": ("tiff", "rgba", {"compression_algo": "lzw"}),
    "deflate.tif": ("tiff", "rgba", {"compression_algo": "deflate"}),
    "a.bmp": ("bmp", "bgra", {}),
    "a.webp": ("libwebp", "bgra", {"lossless": "1"}),
    "mixed.png": ("png", "rgba", {"pred": "mixed"}),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_are_read_to_the_bit(tmp_path: Path, rgba: NDArray[np.uint8], name: str) -> None:
    codec, pixel_format, options = LOSSLESS[name]
    if codec == "libwebp":
        rgba[rgba[..., 3] == 0] = 0  # its encoder drops the color of clear pixels
    data = encode(rgba[..., [2, 1, 0, 3]] if pixel_format == "bgra" else rgba, codec, pixel_format, **options)
    path = save(tmp_path, name, data)
    np.testing.assert_array_equal(read_image(path), rgba)
    assert image_size(path) == (37, 53)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "name"),
    [("png", "rgba64be", "a.png"), ("tiff", "rgba64le", "a.tif")],
)
def test_16_bits_are_rounded_to_the_nearest_of_8(tmp_path: Path, codec: str, pixel_format: str, name: str) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(128, 128, 4)
    dtype = ">u2" if pixel_format.endswith("be") else "<u2"
    path = save(tmp_path, name, encode(values.astype(dtype), codec, pixel_format))
    expected = (values.astype(np.int64) * 255 + 32767) // 65535
    np.testing.assert_array_equal(read_image(path), expected)


def test_16_bit_grey_and_rgb(tmp_path: Path) -> None:
    grey = np.array([[0, 65535, 32768]], np.uint16).reshape(1, 3, 1)
    path = save(tmp_path, "grey.png", encode(grey.astype(">u2"), "png", "gray16be"))
    assert read_image(path).tolist() == [[[0, 0, 0, 255], [255] * 4, [128, 128, 128, 255]]]
    path = save(tmp_path, "rgb.png", encode(np.full((2, 3, 3), 257 * 7, ">u2"), "png", "rgb48be"))
    assert (read_image(path) == (7, 7, 7, 255)).all()


def test_grey_and_grey_with_alpha(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(8, 32)
    grey = read_image(save(tmp_path, "grey.png", png(8, 0, ramp, 32)))
    np.testing.assert_array_equal(grey, np.dstack([ramp, ramp, ramp, np.full_like(ramp, 255)]))
    both = np.dstack([ramp, 255 - ramp]).reshape(8, -1)
    grey_alpha = read_image(save(tmp_path, "ya.png", png(8, 4, both, 32)))
    np.testing.assert_array_equal(grey_alpha, np.dstack([ramp, ramp, ramp, 255 - ramp]))
    tiff = read_image(save(tmp_path, "grey.tif", encode(ramp[..., None], "tiff", "gray")))
    np.testing.assert_array_equal(tiff, grey)
    tga = read_image(save(tmp_path, "grey.tga", encode(ramp[..., None], "targa", "gray")))
    np.testing.assert_array_equal(tga, grey)


def test_one_bit(tmp_path: Path) -> None:
    bits = np.random.default_rng(2).integers(0, 2, (9, 21), dtype=np.uint8)
    packed = np.packbits(bits, axis=1)
    expected = np.dstack([bits * 255] * 3 + [np.full_like(bits, 255)])
    np.testing.assert_array_equal(read_image(save(tmp_path, "a.png", png(1, 0, packed, 21))), expected)
    path = save(tmp_path, "b.tif", _one_bit_tiff(packed, 21, white_is_zero=False))
    np.testing.assert_array_equal(read_image(path), expected)
    path = save(tmp_path, "c.tif", _one_bit_tiff(np.bitwise_not(packed), 21, white_is_zero=True))
    np.testing.assert_array_equal(read_image(path), expected)


def _tiff(entries: dict[int, tuple[int, int]], pixels: bytes, order: str = "<") -> bytes:
    """A TIFF of one strip; entries: tag -> (type, 3: 16 bits, 4: 32, and value)."""
    entries = {**entries, 273: (4, 8), 279: (4, len(pixels))}
    table = struct.pack(order + "H", len(entries))
    for tag, (kind, value) in sorted(entries.items()):
        table += struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, 1, value)
    name = b"II" if order == "<" else b"MM"
    return struct.pack(order + "2sHI", name, 42, 8 + len(pixels)) + pixels + table + bytes(4)


def _one_bit_tiff(packed: NDArray[np.uint8], width: int, *, white_is_zero: bool) -> bytes:
    photometric = 0 if white_is_zero else 1
    entries = {256: (3, width), 257: (3, len(packed)), 258: (3, 1), 259: (3, 1), 262: (3, photometric), 277: (3, 1)}
    return _tiff({**entries, 278: (3, len(packed)), 305: (3, 7)}, packed.tobytes())


def test_palette_with_transparency(tmp_path: Path) -> None:
    colors = np.array([[255, 255, 255], [1, 2, 3], [200, 100, 50]], np.uint8)
    index = np.array([[0, 1, 2, 1], [2, 2, 0, 0]], np.uint8)
    path = save(tmp_path, "a.png", png(8, 3, index, 4, PLTE=colors.tobytes(), tRNS=b"\0"))
    alpha = np.where(index == 0, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(read_image(path), np.dstack([colors[index], alpha]))
    packed = np.array([[0b00011001], [0b10100000]], np.uint8)  # two bits a pixel
    path = save(tmp_path, "b.png", png(2, 3, packed, 4, PLTE=colors.tobytes()))
    np.testing.assert_array_equal(read_image(path)[..., :3], colors[index])


@pytest.mark.parametrize("kind", [2, 6])
def test_8_bit_color_pngs_are_decoded_fast_unless_a_color_is_transparent(rgba: NDArray[np.uint8], kind: int) -> None:
    bands = 3 if kind == 2 else 4
    rows = np.ascontiguousarray(rgba[..., :bands]).reshape(len(rgba), -1)
    plain = decode_png(png(8, kind, rows, rgba.shape[1], pHYs=struct.pack(">IIB", 3780, 3780, 1)))
    assert plain is not None
    np.testing.assert_array_equal(plain[..., :bands], rgba[..., :bands])
    assert plain.shape == rgba.shape and (bands == 4 or bool((plain[..., 3] == 255).all()))
    assert decode_png(png(8, kind, rows, rgba.shape[1], tRNS=struct.pack(">HHH", 250, 3, 128))) is None
    assert decode_png(png(8, kind, rows, rgba.shape[1])[:-30]) is None


def test_tga_whose_fourth_byte_is_not_alpha_is_opaque(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    clear = rgba.copy()
    clear[..., 3] = 0
    data = bytearray(encode_image(clear, ".tga"))
    data[17] &= 0xF0
    picture = read_image(save(tmp_path, "a.tga", bytes(data)))
    np.testing.assert_array_equal(picture[..., :3], rgba[..., :3])
    assert (picture[..., 3] == 255).all()


def test_tiff_with_associated_alpha_is_divided_by_it(tmp_path: Path) -> None:
    entries = {256: (3, 2), 257: (3, 1), 258: (3, 8), 259: (3, 1), 262: (3, 2), 277: (3, 4), 278: (3, 1), 338: (3, 1)}
    data = bytearray(_tiff(entries, bytes([100, 50, 0, 128, 10, 20, 30, 255]) + bytes([8, 0] * 4)))
    at = data.index(struct.pack("<HHII", 258, 3, 1, 8))
    data[at : at + 12] = struct.pack("<HHII", 258, 3, 4, 16)  # four values, behind the pixels
    assert read_image(save(tmp_path, "a.tif", bytes(data))).tolist() == [[[199, 100, 0, 128], [10, 20, 30, 255]]]


def test_16_bit_tiff_with_associated_alpha_is_divided_before_it_is_rounded(tmp_path: Path) -> None:
    straight = np.array([[[250, 128, 3, 10]]], np.uint16) * 257
    premultiplied = straight.astype(np.int64) * straight[..., 3:] // 65535
    premultiplied[..., 3] = straight[..., 3]
    data = bytearray(encode(premultiplied.astype("<u2"), "tiff", "rgba64le", compression_algo="raw"))
    at = data.index(struct.pack("<HHI", 338, 3, 1)) + 8
    data[at] = 1
    assert read_image(save(tmp_path, "a.tif", bytes(data))).tolist() == [[[250, 128, 3, 10]]]


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("compression", ["none", "rle", "zip1", "zip16"])
def test_exr_is_linear_light_multiplied_with_alpha(tmp_path: Path, kind: str, compression: str) -> None:
    codes = np.arange(256).reshape(16, 16) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    alpha = np.where(np.arange(16) % 2, 1.0, 0.5) * np.ones((16, 1))
    planes = np.dstack([light * alpha, light[::-1] * alpha, light * alpha, alpha]).astype(np.float32)  # g b r a
    path = save(tmp_path, "a.exr", encode(planes, "exr", "gbrapf32le", format=kind, compression=compression))
    picture = read_image(path)
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(picture, np.dstack([grey, grey, grey[::-1], np.rint(alpha * 255)]))
    assert image_size(path) == (16, 16)


def test_exr_grey_and_rgb_without_alpha(tmp_path: Path) -> None:
    path = save(tmp_path, "y.exr", encode(np.full((4, 4, 1), 0.5, np.float32), "exr", "grayf32le"))
    assert (read_image(path) == (188, 188, 188, 255)).all()
    rgb = np.full((4, 4, 3), (0.0, np.nan, 9.0), np.float32)  # g b r
    path = save(tmp_path, "rgb.exr", encode(rgb, "exr", "gbrpf32le"))
    assert (read_image(path) == (255, 0, 0, 255)).all()


def test_an_image_is_checked_without_being_decoded(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    for suffix in (".png", ".tga", ".tiff"):
        data = encode_image(rgba, suffix)
        path = save(tmp_path, f"a{suffix}", data)
        assert check_image(path) == (rgba.shape[:2], hash_file(path))
        with pytest.raises(ReadError, match="cut off"):
            check_image(save(tmp_path, f"cut{suffix}", data[: len(data) * 3 // 4]))
    with pytest.raises(ReadError, match="no such file"):
        check_image(tmp_path / "gone.png")


def test_jpeg_and_lossy_webp_come_close(tmp_path: Path) -> None:
    frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), (200, 60, 90), np.uint8), format="rgb24")
    for codec, pixel_format, name, options in [
        ("mjpeg", "yuvj444p", "a.jpg", {"qscale": "1"}),
        ("libwebp", "yuv420p", "a.webp", {"quality": "95"}),
    ]:
        context = create_encoder(codec, pixel_format, 48, 32, options)
        picture = frame.reformat(format=pixel_format, dst_colorspace="ITU601")
        data = b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])
        path = save(tmp_path, name, data)
        assert np.abs(read_image(path).astype(int) - (200, 60, 90, 255)).max() <= 4, name
        assert image_size(path) == (32, 48)
        with pytest.raises(ReadError, match="cut off"):
            read_image(save(tmp_path, name, data[:-3]))


def test_content_decides_and_not_the_ending(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(read_image(save(tmp_path, "a.tga", encode_image(rgba, ".png"))), rgba)


def test_names_that_libav_would_take_for_patterns(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    path = save(tmp_path, "sh%04d #1.png", encode_image(rgba))
    np.testing.assert_array_equal(read_image(path), rgba)


def test_reading_from_many_threads(tmp_path: Path) -> None:
    pictures = [np.full((40, 60, 4), shade, np.uint8) for shade in range(24)]
    paths = [tmp_path / f"{shade}{'.png' if shade % 2 else '.tga'}" for shade in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_image, paths, pictures))
        for expected, picture in zip(pictures, pool.map(read_image, paths), strict=True):
            np.testing.assert_array_equal(picture, expected)


WHOLE = {
    "a.png": lambda p: encode_image(p, ".png"),
    "a.tif": lambda p: encode_image(p, ".tif"),
    "deflate.tif": lambda p: encode(p, "tiff", "rgba", compression_algo="deflate"),
    "raw.tga": lambda p: encode(p, "targa", "bgra", rle="0")[:-26],
    "rle.tga": lambda p: encode(p, "targa", "bgra", rle="1")[:-26],  # without the footer, as older programs write it
    "a.bmp": lambda p: encode(p, "bmp", "bgra"),
    "b.bmp": lambda p: encode(p[..., :3].copy(), "bmp", "bgr24"),
    "a.webp": lambda p: encode(p, "libwebp", "bgra", lossless="1"),
    "none.exr": lambda p: encode((p / 255).astype(np.float32), "exr", "gbrapf32le", compression="none"),
    "zip.exr": lambda p: encode((p / 255).astype(np.float32), "exr", "gbrapf32le", compression="zip16", format="half"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_off_anywhere_is_an_error(tmp_path: Path, rgba: NDArray[np.uint8], name: str) -> None:
    data = WHOLE[name](rgba)
    read_image(save(tmp_path, name, data))
    for length in {len(data) - 5, len(data) - 9, len(data) - 40, *(len(data) * k // 8 for k in range(1, 8)), 9, 3}:
        path = save(tmp_path, name, data[:length])
        with pytest.raises(ReadError) as caught:
            read_image(path)
        assert name in str(caught.value)
        assert caught.value.fix


@pytest.mark.parametrize("name", ["a.png", "deflate.tif"])
def test_damage_in_compressed_pixels_is_an_error(tmp_path: Path, rgba: NDArray[np.uint8], name: str) -> None:
    data = bytearray(WHOLE[name](rgba))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(ReadError, match=r"cut off or damaged"):
        read_image(save(tmp_path, name, bytes(data)))


def test_files_that_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    cases = {
        "missing.png": (None, "no such file"),
        "empty.png": (b"", "the file is empty"),
        "text.png": (b"hello, this is no picture", "not an image"),
        "text.tga": (b"hello, this is no picture at all", "not an image"),
        "layers.psd": (b"8BPS" + bytes(100), "damaged"),
        "folder.png": (None, "a folder"),
    }
    for name, (data, problem) in cases.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        for read in (read_image, image_size):
            with pytest.raises(ReadError, match=problem) as caught:
                read(path)
            assert name in str(caught.value)
            assert caught.value.fix


def test_tga_of_grey_with_alpha_is_refused(tmp_path: Path) -> None:
    tga = encode(np.ones((4, 4, 1), np.uint8), "targa", "gray", rle="0")
    with pytest.raises(ReadError, match=r"alpha\.tga: .*grey with alpha"):
        read_image(save(tmp_path, "alpha.tga", tga[:16] + b"\x10" + tga[17:] + bytes(16)))


def write_by_oiio(path: Path, pixels: NDArray[np.generic], **attributes: object) -> Path:
    """A file as OpenImageIO writes it; `_` in the names of its attributes stands for their colon."""
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], oiio.TypeDesc(pixels.dtype.name))
    spec.attribute("oiio:UnassociatedAlpha", 1)
    for name, value in attributes.items():
        if hasattr(spec, name):
            setattr(spec, name, value)
        else:
            spec.attribute(name.replace("_", ":"), value)
    out = oiio.ImageOutput.create(str(path))
    assert out is not None
    assert out.open(str(path), spec) and out.write_image(pixels) and out.close(), out.geterror()
    return path


@pytest.mark.parametrize("compression", ["none", "lzw", "zip", "packbits", "zstd"])
@pytest.mark.parametrize("layout", [{}, {"tile_width": 16, "tile_height": 32}, {"tiff_bigtiff": 1}])
def test_tiff_of_every_layout(
    tmp_path: Path, rgba: NDArray[np.uint8], compression: str, layout: dict[str, object]
) -> None:
    path = write_by_oiio(tmp_path / "a.tif", rgba, compression=compression, **layout)
    np.testing.assert_array_equal(read_image(path), rgba)
    assert check_image(path) == ((37, 53), hash_file(path))


@pytest.mark.parametrize("extra_samples", [None, 0, 1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_alpha_is_straight_unless_a_tiff_says_otherwise(tmp_path: Path, order: str, extra_samples: int | None) -> None:
    entries = {256: (3, 1), 257: (3, 1), 258: (3, 8), 259: (3, 1), 262: (3, 2), 277: (3, 4), 278: (3, 1)}
    if extra_samples is not None:
        entries[338] = (3, extra_samples)
    data = _tiff(entries, bytes([100, 50, 0, 128]) + struct.pack(order + "4H", 8, 8, 8, 8), order)
    one, four = struct.pack(order + "HHIHH", 258, 3, 1, 8, 0), struct.pack(order + "HHII", 258, 3, 4, 12)
    assert data.count(one) == 1
    path = save(tmp_path, "a.tif", data.replace(one, four))  # the four values are behind the pixels
    assert read_image(path).tolist() == [[[199, 100, 0, 128] if extra_samples == 1 else [100, 50, 0, 128]]]


@pytest.mark.parametrize("extra_samples", [0, 1, 2])
def test_what_alpha_means_in_a_bigtiff(tmp_path: Path, extra_samples: int) -> None:
    path = write_by_oiio(tmp_path / "a.tif", np.full((2, 3, 4), (100, 50, 0, 128), np.uint8), tiff_bigtiff=1)
    data, old, new = path.read_bytes(), *(struct.pack("<HHQH", 338, 3, 1, value) for value in (2, extra_samples))
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
    assert (read_image(path) == ((199, 100, 0, 128) if extra_samples == 1 else (100, 50, 0, 128))).all()


@pytest.mark.parametrize(
    ("layout", "tag"), [({}, 273), ({"tile_width": 16, "tile_height": 16}, 324), ({"tiff_bigtiff": 1}, 273)]
)
def test_a_tiff_whose_pixels_lie_behind_its_end_is_an_error(
    tmp_path: Path, rgba: NDArray[np.uint8], layout: dict[str, object], tag: int
) -> None:
    path = write_by_oiio(tmp_path / "a.tif", rgba[:16, :16].copy(), compression="none", **layout)
    assert check_image(path) == ((16, 16), hash_file(path))
    data, big = path.read_bytes(), "tiff_bigtiff" in layout
    entry = re.compile(struct.pack("<H", tag) + (rb"..\x01.{7}" if big else rb"..\x01\0\0\0") + b"(.{4})", re.DOTALL)
    (found,) = entry.finditer(data)
    data = data[: found.start(1)] + struct.pack("<I", len(data) - 100) + data[found.end(1) :]
    for read in (read_image, check_image):
        with pytest.raises(ReadError, match="cut off"):
            read(save(tmp_path, "b.tif", data))


@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_tag_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    stored = np.full((16, 32, 3), 255, np.uint8)
    stored[:8, :8] = 0  # at the first row and the first column
    path = write_by_oiio(tmp_path / f"a{suffix}", stored, Orientation=orientation)
    rgba = read_image(path)
    assert rgba.shape[:2] == image_size(path) == ((16, 32) if orientation < 5 else (32, 16))
    dark = np.argwhere(rgba[..., 0] < 128).mean(axis=0) < np.array(rgba.shape[:2]) / 2
    top, left = {1: (1, 1), 2: (1, 0), 3: (0, 0), 4: (0, 1), 5: (1, 1), 6: (1, 0), 7: (0, 0), 8: (0, 1)}[orientation]
    assert dark.tolist() == [bool(top), bool(left)]


def test_a_turned_picture_is_turned_as_pixels(tmp_path: Path) -> None:
    stored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    expected = {5: stored.transpose(1, 0, 2), 6: np.rot90(stored, -1), 8: np.rot90(stored)}
    for orientation, pixels in expected.items():
        path = write_by_oiio(tmp_path / f"{orientation}.tif", stored, Orientation=orientation)
        np.testing.assert_array_equal(read_image(path)[..., :3], pixels)


@pytest.mark.parametrize("compression", ["dwaa", "dwab", "piz", "pxr24", "b44"])
def test_exr_of_every_compression(tmp_path: Path, compression: str) -> None:
    light = np.full((64, 64, 4), (0.25, 0.5, 1, 1), np.float32)
    rgba = read_image(write_by_oiio(tmp_path / "a.exr", light, compression=compression))
    assert np.abs(rgba.astype(int) - (137, 188, 255, 255)).max() <= 1


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize(("left", "top"), [(2, 1), (-2, -1), (6, 4), (20, 20), (-20, -20)])
def test_of_an_exr_the_display_window_is_read(tmp_path: Path, bands: int, left: int, top: int) -> None:
    light = np.ones((5, 6, bands), np.float32)
    path = write_by_oiio(tmp_path / "a.exr", light, x=left, y=top, full_width=8, full_height=7)
    expected = np.zeros((7, 8, 4), np.uint8)
    expected[..., 3] = 0 if bands == 4 else 255
    expected[max(top, 0) : max(top + 5, 0), max(left, 0) : max(left + 6, 0)] = 255
    np.testing.assert_array_equal(read_image(path), expected)
    assert image_size(path) == (7, 8)


def test_exr_without_color_is_refused(tmp_path: Path) -> None:
    path = write_by_oiio(tmp_path / "a.exr", np.ones((4, 4, 1), np.float32), channelnames=("Z",))
    with pytest.raises(ReadError, match="channels R, G and B"):
        read_image(path)


@pytest.mark.parametrize("factor", [256, 257])
def test_a_palette_tiff_is_exact_however_its_palette_was_widened(tmp_path: Path, factor: int) -> None:
    image = Image.new("P", (256, 1))
    image.putdata(range(256))
    levels = np.arange(256)
    image.putpalette(np.dstack([levels, 255 - levels, levels ^ 85]).astype(np.uint8).tobytes())
    file = BytesIO()
    image.save(file, "TIFF")
    data = file.getvalue()
    widths = np.concatenate([levels, 255 - levels, levels ^ 85])
    data = data.replace((widths * 256).astype("<u2").tobytes(), (widths * factor).astype("<u2").tobytes())
    rgba = read_image(save(tmp_path, "a.tif", data))
    np.testing.assert_array_equal(rgba[0, :, :3], np.dstack([levels, 255 - levels, levels ^ 85])[0])


def test_a_bmp_whose_fourth_byte_is_padding_is_opaque(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    rgba[..., 3] = 0
    picture = read_image(save(tmp_path, "a.bmp", encode(rgba, "bmp", "bgra")))
    assert (picture[..., 3] == 255).all()


def write_bmp(pixels: NDArray[np.uint16], masks: tuple[int, ...] = ()) -> bytes:
    """A BMP of 16 bits a pixel."""
    head = struct.pack("<IiiHHIIiiII", 40, *pixels.shape[::-1], 1, 16, 3 if masks else 0, 0, 0, 0, 0, 0)
    head += struct.pack(f"<{len(masks)}I", *masks)
    return (
        struct.pack("<2sIII", b"BM", 14 + len(head) + pixels.nbytes, 0, 14 + len(head)) + head + pixels[::-1].tobytes()
    )


@pytest.mark.parametrize(
    ("masks", "greens"),
    [((), 32), ((0x7C00, 0x3E0, 0x1F), 32), ((0xF800, 0x7E0, 0x1F), 64)],
    ids=["555", "555m", "565"],
)
def test_5_bits_become_the_nearest_of_8(tmp_path: Path, masks: tuple[int, ...], greens: int) -> None:
    level = np.arange(32, dtype=np.uint16)[:, None]
    green = np.arange(greens, dtype=np.uint16)[None]
    data = write_bmp(level * 32 * greens + green * 32 + (31 - level), masks)
    expected = [level * 255 / 31, green * 255 / (greens - 1), (31 - level) * 255 / 31, np.array([[255]])]
    np.testing.assert_array_equal(
        read_image(save(tmp_path, "a.bmp", data)), np.dstack(np.broadcast_arrays(*map(np.rint, expected)))
    )
    path = save(tmp_path, "cut.bmp", data[:-1])
    for read in (read_image, check_image):
        with pytest.raises(ReadError, match="cut off"):
            read(path)


def test_a_packed_bmp_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) // 8)
    image.save(tmp_path / "a.bmp")
    data = (tmp_path / "a.bmp").read_bytes()
    packed = b"".join(bytes([8, row, 0, 0]) for row in range(8)) + b"\0\1"
    (start,) = struct.unpack_from("<I", data, 10)
    data = data[:30] + struct.pack("<II", 1, len(packed)) + data[38:start] + packed
    assert read_image(save(tmp_path, "rle.bmp", data))[:, 0, 0].tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    for read in (read_image, check_image):
        with pytest.raises(ReadError):
            read(save(tmp_path, "cut.bmp", data[:-1]))


@pytest.mark.parametrize("packing", [8, 32946])
def test_damage_anywhere_in_deflated_pixels_is_an_error(tmp_path: Path, packing: int, rgba: NDArray[np.uint8]) -> None:
    rgba[:] = rgba // 64 * 64
    data = encode(rgba, "tiff", "rgba", compression_algo="deflate")
    old, new = (struct.pack("<HHIHH", 259, 3, 1, number, 0) for number in (32946, packing))
    assert old in data
    data = data.replace(old, new)
    for at in range(8, 1500, 50):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        with pytest.raises(ReadError, match="damaged"):
            read_image(save(tmp_path, "a.tif", bytes(damaged)))


def test_a_psd_without_its_merged_image_is_refused(tmp_path: Path) -> None:
    whole = FORMATS["psd"].encode(Picture(np.full((4, 6, 4), 200, np.uint8)))
    at = whole.index(b"8BIM\x04\x21") + 16
    assert whole[at] == 1
    with pytest.raises(ReadError, match=r"layers alone.*Maximize compatibility"):
        read_image(save(tmp_path, "a.psd", whole[:at] + b"\0" + whole[at + 1 :]))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_psd_of_16_bits_is_rounded_to_8(tmp_path: Path, rgba: NDArray[np.uint8], mode: str) -> None:
    from psd_tools import PSDImage

    psd = PSDImage.new(mode, (53, 37), depth=16)
    wide = rgba[..., : len(mode)].astype(np.uint16) * 257
    if mode == "RGBA":
        wide[..., 3] = 65535
    planes = [wide[..., channel].astype(">u2").tobytes() for channel in range(len(mode))]
    psd._record.image_data.set_data(planes, psd._record.header)
    psd.save(tmp_path / "a.psd")
    found = read_image(tmp_path / "a.psd")
    np.testing.assert_array_equal(found[..., :3], rgba[..., :3])
    assert (found[..., 3] == 255).all()


def test_reading_leaves_no_temporary_file(
    tmp_path: Path, rgba: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = save(tmp_path, "a.tif", encode_image(rgba, ".tif"))
    read_image(path)
    with pytest.raises(ReadError):
        read_image(save(tmp_path, "b.tif", path.read_bytes()[:500]))
    assert list(folder.iterdir()) == []
    if os.name == "posix":  # nor does a run that is killed while it reads
        with open_still(path.read_bytes(), ".tif") as still:
            assert list(folder.iterdir()) == []
            np.testing.assert_array_equal(still.decode(), rgba)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(ReadError, match=r"a\.tif: there is no room.*TMPDIR"):
        read_image(path)


def test_systems_without_files_in_memory_write_a_temporary_file(
    tmp_path: Path, rgba: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode_image(rgba, ".tif")
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert encode_image(rgba, ".tif") == data
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="TMPDIR"):
        encode_image(rgba, ".tif")


def test_an_image_that_claims_to_be_huge_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    side = int(MAX_PIXELS**0.5) + 1
    data = png(8, 0, np.zeros((1, 1), np.uint8), side)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    bomb = data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]
    for read in (read_image, image_size):
        with pytest.raises(ReadError, match=r"bomb\.png.*16385x16385"):
            read(save(tmp_path, "bomb.png", bomb))


def test_a_folder_that_cannot_be_written(tmp_path: Path, rgba: NDArray[np.uint8]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.png.*cannot be written.*-o"):
        write_image(tmp_path / "file/a.png", rgba)
    with pytest.raises(OutputError, match=r"a\.gif.*\.png"):
        write_image(tmp_path / "a.gif", rgba)
    with pytest.raises(ValueError, match="uint8 HxWx4"):
        write_image(tmp_path / "a.png", rgba[..., :3])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_text_atomic(path, "old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_bytes_atomic(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"
