"""Targets: levels of OpenToonz (.tlv), and single drawings of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from levels import pack_level

from framecolor import ReadError
from framecolor.media import decode, still
from framecolor.media.broken import BrokenImageError
from framecolor.media.levels.drawing import EMPTY, decode_drawing, encode_drawing
from framecolor.media.levels.member import list_members
from framecolor.media.palettes import Swatch
from framecolor.media.palettes.styles import make_styles
from framecolor.media.palettes.tpl import write_styles
from fuzz.target import Target, place, scratch_folder

_SMALL_PIXELS = 1 << 18
_SIZE = (9, 14)


def _draw() -> np.ndarray:
    codes = np.full(_SIZE, EMPTY, np.uint32)
    codes[2:7, 3:9] = 2 << 8 | 0xFF
    codes[4, 2:12] = 1 << 20 | 2 << 8 | 100
    return codes


def _levels() -> Iterator[bytes]:
    drawings = {(1, ""): _draw(), (2, ""): np.full(_SIZE, EMPTY, np.uint32)}
    for version in range(10, 16):
        yield pack_level(drawings, version)
    yield pack_level({(3, ""): _draw(), (3, "b"): _draw()[::-1]}, 15, part=False)


def _feed_level(data: bytes) -> None:
    still.MAX_PIXELS = _SMALL_PIXELS
    path = place(data, "A.tlv")
    write_styles(scratch_folder() / "A.tpl", make_styles({2: Swatch((9, 8, 7, 255))}, Swatch((0, 0, 0, 255))))
    members = list_members(path)
    assert members and list(members) == sorted(members)
    refused: ReadError | None = None
    for member in members.values():
        try:
            rgba = decode.read_image(member)
        except ReadError as error:
            refused = error
        else:
            assert rgba.shape == (*decode.image_size(member), 4)
            assert decode.read_role(member, "drawing").shape == rgba.shape
    if refused is not None:
        raise refused


def _drawings() -> Iterator[bytes]:
    yield encode_drawing(_draw(), (72, 72))
    yield encode_drawing(np.full(_SIZE, EMPTY, np.uint32), (72, 72))


def _feed_drawing(data: bytes) -> None:
    codes = decode_drawing(data, _SIZE)
    assert codes.shape == _SIZE and codes.dtype == np.uint32
    assert np.array_equal(decode_drawing(encode_drawing(codes, (72, 72)), _SIZE), codes)


TARGETS = (
    Target(
        "level", "media.levels.member.list_members", _feed_level, _levels,
        words=(b"TLV14B1a", b"TLV15B1a", b"TLV10B1a", b"LZO ", struct.pack("<i", 2)),
    ),
    Target(
        "drawing", "media.levels.drawing.decode_drawing", _feed_drawing, _drawings, refusals=(BrokenImageError,),
        words=(struct.pack("<2i", 14, 9), b"\0\0\0\0", b"\xff\0\0\0"),
    ),
)  # fmt: skip
