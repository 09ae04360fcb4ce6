"""Every kind of line art that studios hand over is painted alike."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from drawings import PALETTE, draw
from movie_files import write_lossless
from numpy.typing import NDArray
from painting import colors_of, paint, read_frames, share_equal

from framecolor.media import encode_image, read_image, write_image

pytestmark = pytest.mark.usefixtures("quick_engine")

FRAMES = 3


def grey_on_white(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    white = np.full_like(ink, 255)
    white[..., :3] = 255 - ink[..., 3:]
    return white


def write_16_bit(path: Path, ink: NDArray[np.uint8]) -> None:
    """Grey on white, 16 bits, as PNG."""
    grey = grey_on_white(ink)[..., 0].astype(np.uint16) * 257
    codec = av.CodecContext.create("png", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = grey.shape[1], grey.shape[0], "gray16be"
    codec.time_base = Fraction(1, 24)
    frame = av.VideoFrame.from_ndarray(grey, format="gray16be")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)]))


WRITERS: dict[str, tuple[str, Callable[[Path, NDArray[np.uint8]], None]]] = {
    "grey on white": ("png", lambda path, ink: write_image(path, grey_on_white(ink))),
    "16 bit": ("png", write_16_bit),
    "tga": ("tga", write_image),
    "tiff": ("tif", write_image),
    "white where transparent": (
        "png",
        lambda path, ink: write_image(path, ink | np.array([255, 255, 255, 0], np.uint8)),
    ),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_lines_of_every_kind(tmp_path: Path, kind: str) -> None:
    ending, write = WRITERS[kind]
    for step in range(FRAMES):
        ink, painted = draw(step)
        write(tmp_path / f"cut/line/sh 1_a.{step + 10:05d}.{ending}", ink)
        if step == 0:
            write_image(tmp_path / f"cut/keys/painted{step + 10}.png", painted)
    outcome = paint(tmp_path / "cut")
    assert outcome.warnings == ()
    frames = read_frames(outcome.out)
    assert list(frames) == [f"sh 1_a.{number:05d}.png" for number in (10, 11, 12)]
    for step, frame in enumerate(frames.values()):
        assert share_equal(frame, draw(step)[1]) > 0.995
        assert colors_of(frame) <= {*PALETTE, (0, 0, 0, 255)}


def test_numbers_with_gaps_and_any_padding(tmp_path: Path) -> None:
    numbers = (8, 9, 11, 140)
    for step, number in enumerate(numbers):
        ink, painted = draw(step)
        write_image(tmp_path / f"cut/line/a{number:03d}.png", ink)
        if step in (0, 3):
            write_image(tmp_path / f"cut/keys/{number}.png", painted)
    outcome = paint(tmp_path / "cut")
    assert outcome.written == numbers
    assert list(read_frames(outcome.out)) == ["a008.png", "a009.png", "a011.png", "a140.png"]


def test_a_movie(tmp_path: Path) -> None:
    path = write_lossless(tmp_path / "take2.mkv", [grey_on_white(draw(step)[0]) for step in range(5)])
    for step in (0, 2):
        write_image(tmp_path / f"painted/{step + 1}.png", draw(step)[1])
    first = paint(path, keys=tmp_path / "painted", frames="1,5")
    assert (first.out, first.written) == (tmp_path / "color", (1, 5))
    outcome = paint(path, keys=tmp_path / "painted")
    assert (outcome.written, outcome.unchanged) == ((2, 3, 4), (1, 5))
    frames = read_frames(outcome.out)
    assert list(frames) == [f"take2.{number:04d}.png" for number in range(1, 6)]
    for step, frame in enumerate(frames.values()):
        assert share_equal(frame, draw(step)[1]) > 0.99


@pytest.mark.parametrize("size", [(1, 9), (2, 3), (17, 16), (40, 300)])
def test_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    """Nobody draws that small, but thumbnails, masks and empty cells do come by."""
    height, width = size
    for number in (1, 2, 3):
        ink = np.zeros((height, width, 4), np.uint8)
        ink[height // 2, : width // 2 + number, 3] = 255
        write_image(tmp_path / f"cut/line/{number}.png", ink)
    write_image(tmp_path / "cut/keys/1.png", np.full((height, width, 4), 255, np.uint8))
    outcome = paint(tmp_path / "cut", fit=1, mode="painted")
    assert not outcome.failed
    assert all(frame.shape[:2] == size for frame in read_frames(outcome.out).values())


def test_output_is_plain_8_bit_rgba_png(painted_shot: Path) -> None:
    for path in (painted_shot / "color").glob("*.png"):
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert data[24:26] == b"\x08\x06"  # 8 bits, RGBA
        assert data == encode_image(read_image(path))
