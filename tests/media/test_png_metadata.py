"""PNG chunks that do not decide pixels: damage in them costs nothing, and none is written with a false resolution."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from framecolor import ReadError
from framecolor.media import FORMATS, Picture, encode_image, read_image, read_numbers

SIZE = (5, 7)


def chunk(name: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    crc = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def make(bits: int, kind: int, extra: bytes = b"", after: bytes = b"", palette: bytes = b"") -> bytes:
    """A PNG with chunks before and after its pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    width = SIZE[1] * channels * bits // 8
    rows = np.random.default_rng(3).integers(0, 4, (SIZE[0], width + 1), dtype=np.uint8)
    rows[:, 0] = 0
    head = struct.pack(">IIBBBBB", SIZE[1], SIZE[0], bits, kind, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + palette + chunk(b"IDAT", zlib.compress(rows.tobytes())) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


DAMAGED = {
    "text with a wrong checksum": chunk(b"tEXt", b"Comment\0hello", crc=1),
    "a color profile of junk": chunk(b"iCCP", b"icc\0\0no zlib at all"),
    "EXIF of junk": chunk(b"eXIf", b"\xff" * 20),
    "a gamma of the wrong length": chunk(b"gAMA", b"\0"),
    "a resolution with a wrong checksum": chunk(b"pHYs", bytes(9), crc=7),
}


@pytest.mark.parametrize("kind", [(8, 6), (8, 2), (8, 0), (8, 3), (16, 6), (8, 4)])
@pytest.mark.parametrize("junk", DAMAGED)
def test_damaged_metadata_does_not_cost_the_picture(tmp_path: Path, junk: str, kind: tuple[int, int]) -> None:
    palette = chunk(b"PLTE", bytes(range(12))) if kind[1] == 3 else b""
    expected, path = tmp_path / "whole.png", tmp_path / "damaged.png"
    expected.write_bytes(make(*kind, palette=palette))
    for data in (make(*kind, DAMAGED[junk], palette=palette), make(*kind, after=DAMAGED[junk], palette=palette)):
        path.write_bytes(data)
        np.testing.assert_array_equal(read_image(path), read_image(expected))
    if kind == (8, 0):
        np.testing.assert_array_equal(read_numbers(path), read_numbers(expected))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"PLTE", b"PLTE\1", 1),
        lambda data: data[: data.index(b"IDAT") + 9] + b"\x55" + data[data.index(b"IDAT") + 10 :],
    ],
)
def test_damaged_pixels_are_still_refused(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    path = tmp_path / "a.png"
    path.write_bytes(damage(make(8, 3, palette=chunk(b"PLTE", bytes(range(12))))))
    with pytest.raises(ReadError, match="cut off or damaged"):
        read_image(path)


@pytest.mark.parametrize("format", [name for name, one in FORMATS.items() if one.suffix == ".png"])
def test_written_frames_state_no_resolution(format: str, rgba: NDArray[np.uint8]) -> None:
    """A resolution of 0 is refused by strict readers; that of the drawing is not known to who encodes."""
    assert b"pHYs" not in FORMATS[format].encode(Picture(rgba))
    assert b"pHYs" not in encode_image(rgba)


@pytest.fixture
def rgba() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (*SIZE, 4), dtype=np.uint8)
