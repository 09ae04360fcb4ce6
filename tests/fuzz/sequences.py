"""Targets: names and numbers. Patterns, frame ranges, and folders with hostile file names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from framecolor.core.number_ranges import format_numbers
from framecolor.shot.sequence import find_sequence, is_pattern, list_images, parse_frames, parse_pattern
from fuzz.target import Target, scratch_folder

_NUMBERS = (1, 2, 3, 5, 8, 1001, 1002, 1010, 65535)
_LONGEST_NAME = 255


def _feed_frames(data: bytes) -> None:
    wanted = parse_frames(data.decode("utf-8", "surrogateescape"), _NUMBERS)
    assert wanted and set(wanted) <= set(_NUMBERS) and list(wanted) == sorted(set(wanted))
    assert parse_frames(format_numbers(wanted), _NUMBERS) == wanted


def _ranges() -> Iterator[bytes]:
    yield from (b"1-5", b"1-1010x2,5", b" 1 - 5 x 2 , 1001", b"3", b"65535", b"1-3,2-8,1001-65535x9")


def _feed_pattern(data: bytes) -> None:
    path = Path("/shot") / data.decode("utf-8", "surrogateescape").replace("\0", "")
    if len(path.name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME or not is_pattern(path):
        return
    pattern = parse_pattern(path)
    assert pattern.width >= 0 and pattern.folder == path.parent


def _patterns() -> Iterator[bytes]:
    yield from (b"sh010.####.png", b"sh010.%04d.tga", b"sh.@@@.png", b"sh010.$F4.exr", b"a.#.png", b"cut-01_%d.png")


def _feed_names(data: bytes) -> None:
    """Files of the names that are in the input, one a line."""
    folder = scratch_folder() / "names"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for line in data.split(b"\n")[:6]:
        name = line.replace(b"/", b"").replace(b"\0", b"")[:_LONGEST_NAME]
        if name not in (b"", b".", b".."):
            (folder / os.fsdecode(name)).touch()
    images = list_images(folder)
    assert all(image.number >= 0 and image.base + image.digits + image.ending == image.path.name for image in images)
    found = find_sequence(folder)
    assert list(found) == sorted(found) and len(set(found.values())) == len(found) == len(images)


def _names() -> Iterator[bytes]:
    yield b"a.0001.png\na.0002.png\na.0003.PNG"
    yield b"cut-1.tga\ncut-2.tga\n.hidden.3.png\nnotes.txt"
    yield "線画_010.exr\n線画_011.exr".encode()
    yield b"\xff\xfe0001.tif\n\xff\xfe0002.tif"


TARGETS = (
    Target(
        "frames",
        "shot.sequence.parse_frames",
        _feed_frames,
        _ranges,
        words=(b"1001", b"-", b"x", b","),
        most_bytes=256,
    ),
    Target(
        "pattern",
        "shot.sequence.parse_pattern",
        _feed_pattern,
        _patterns,
        words=(b"####", b"%04d", b"$F4", b"@"),
        most_bytes=300,
    ),
    Target(
        "names",
        "shot.sequence.find_sequence",
        _feed_names,
        _names,
        words=(b".0001.png\n", b".exr", b"-"),
        most_bytes=512,
    ),
)
