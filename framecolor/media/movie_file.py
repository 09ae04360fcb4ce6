"""What the file of a movie says of itself: how long it should be, and how its pictures are to be turned."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

from framecolor.core.files import open_file
from framecolor.media.pixels import Turn

_HEAD_BYTES = 4096
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067  # the two top elements of Matroska and WebM
_ONE = 1 << 16  # of the fixed-point numbers of a display matrix


def read_claimed_bytes(path: Path) -> int | None:
    """Read the length that a Matroska, WebM or AVI file states in its head; None if it states none.

    Raises OSError if the file cannot be read.
    """
    with open_file(path) as file:
        head = file.read(_HEAD_BYTES)
    if head[:4] == b"RIFF" and len(head) >= 8:
        return 8 + struct.unpack_from("<I", head, 4)[0]
    try:
        name, at = _read_number(head, 0, keep_mark=True)
        if name != _EBML:
            return None
        length, at = _read_number(head, at)
        name, at = _read_number(head, at + length, keep_mark=True)
        bits = 7 * _count_bytes(head[at])
        length, at = _read_number(head, at)
    except (IndexError, ValueError):
        return None
    is_stated = name == _SEGMENT and length != (1 << bits) - 1  # all ones: the length was not known
    return at + length if is_stated else None


def _read_number(data: bytes, at: int, *, keep_mark: bool = False) -> tuple[int, int]:
    """Read a number of variable length of EBML at a place. Returns it, and the place after it."""
    count = _count_bytes(data[at])
    if at + count > len(data):
        raise ValueError("the head ends")
    value = int.from_bytes(data[at : at + count])
    return value if keep_mark else value & ((1 << 7 * count) - 1), at + count


def _count_bytes(first: int) -> int:
    """Count the bytes of a number of EBML by the leading zeros of the first. Raises ValueError if it is invalid."""
    if not first:
        raise ValueError("no number begins with 0")
    return 9 - first.bit_length()


def find_turn(frame: VideoFrame) -> Turn | None:
    """Find how a frame is to be turned to be upright, by the movie's display matrix; None if it is upright.

    Raises ValueError if it is turned by no multiple of 90 degrees.
    """
    try:
        data = cast(SideDataContainer, frame.side_data)[SideDataType.DISPLAYMATRIX]
    except KeyError:
        return None
    matrix = np.frombuffer(memoryview(data), np.int32).reshape(3, 3)[:2, :2] / _ONE
    rows = np.rint(matrix).astype(int)
    if np.abs(matrix - rows).max() > 0.01 or sorted(map(abs, rows.ravel().tolist())) != [0, 0, 1, 1]:
        raise ValueError("it is turned by no multiple of 90 degrees")
    (a, b), (c, d) = rows.tolist()  # a pixel at x, y is shown at a x + c y, b x + d y
    turn = (False, d, a) if a else (True, b, c)
    return None if turn == (False, 1, 1) else turn
