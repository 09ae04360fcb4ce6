"""Memory of small files with large pictures: as much as their pixels need, and too large ones are not decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from drawings import make_shot
from picture_bombs import PACKERS, pack_png, pack_webp

from framecolor import ReadError, Shot, ShotError
from framecolor.media import openimageio, read_image

# As in `still.MAX_PIXELS`: 4 GiB for the largest; floats are decoded to 16 bytes a pixel, of which fewer are read.
_BYTES_A_PIXEL, _BYTES_A_FLOAT_PIXEL = 16, 24
_BAND_MB = 160
_PROGRAM = """
import sys
from pathlib import Path
from framecolor.media import read_image

def peak_mb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024

before = peak_mb()
height, width, _ = read_image(sys.argv[1]).shape
print(height, width, peak_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")
@pytest.mark.parametrize("kind", ["png-rgba64", "tiff-rgba64", "webp", "exr"])
def test_a_bomb_takes_what_its_pixels_need(kind: str, tmp_path: Path) -> None:
    width, height = 4096, 4096
    bomb = tmp_path / "bomb"
    bomb.write_bytes(PACKERS[kind](width, height))
    assert bomb.stat().st_size * 50 < 4 * width * height
    run = subprocess.run([sys.executable, "-c", _PROGRAM, str(bomb)], capture_output=True, text=True, check=True)
    *size, took_mb = map(float, run.stdout.split())
    most = _BYTES_A_FLOAT_PIXEL if kind == "exr" else _BYTES_A_PIXEL
    assert size == [height, width] and took_mb * 1e6 < most * width * height + _BAND_MB * 1e6


@pytest.mark.parametrize(("width", "height"), [(16384, 16384), (2**31 - 1, 2**31 - 1), (2**28, 1)])
def test_what_is_too_large_is_refused_from_its_header(width: int, height: int, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(
        pack_png(8, 8).replace(bytes([0, 0, 0, 8]) * 2, width.to_bytes(4, "big") + height.to_bytes(4, "big"))
    )
    with pytest.raises(ReadError, match=f"{width}x{height} pixels are more than"):
        read_image(bomb)


def test_a_picture_larger_than_its_header_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canvas of 8x8 around a picture of 4096x4096."""
    picture = pack_webp(4096, 4096)
    canvas = b"VP8X" + (10).to_bytes(4, "little") + bytes([0, 0, 0, 0, 7, 0, 0, 7, 0, 0])
    bomb = tmp_path / "bomb.webp"
    bomb.write_bytes(picture[:12] + canvas + picture[12:])
    monkeypatch.setattr(openimageio, "to_rgba", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ReadError, match="cannot be decoded"):
        read_image(bomb)


def test_a_shot_that_no_memory_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "line").mkdir()
    (tmp_path / "line/cut.1001.png").write_bytes(pack_png(16000, 16000, 0, 1)[:2000])
    with pytest.raises(ShotError, match=r"16000x16000 .* 67108864"):
        Shot.open(tmp_path)


def test_a_bomb_among_drawings_is_not_decoded(tmp_path: Path) -> None:
    """Its header says that it is of another size than the shot."""
    root = make_shot(tmp_path / "cut", frames=2, keys=(0,))
    (root / "line/cut.1002.png").write_bytes(pack_png(16000, 16000, 0, 1)[:2000])  # damaged, were it decoded
    with pytest.raises(ReadError, match="the drawing is 16000x16000, the shot is 128x96"):
        Shot.open(root).read_line(1002)
