"""Reading and writing GIMP palettes, and errors of files that are not palettes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecolor import OutputError, PaletteError
from framecolor.core.types import Palette
from framecolor.media.palettes import read_palette, write_palette


def test_a_palette_comes_back_as_it_was_written(tmp_path: Path) -> None:
    colors = np.array([[255, 224, 189, 255], [0, 0, 0, 255], [12, 200, 7, 255]], np.uint8)
    palette = Palette(colors, ("skin, lit", "hair", "eye"))
    write_palette(tmp_path / "a.gpl", palette, "Anna, day")
    again = read_palette(tmp_path / "a.gpl")
    np.testing.assert_array_equal(again.colors, colors)
    assert again.names == palette.names
    assert "Name: Anna, day" in (tmp_path / "a.gpl").read_text()


def test_transparent_paper_is_left_out_and_nameless_colors_get_their_code(tmp_path: Path) -> None:
    write_palette(tmp_path / "a.gpl", Palette(np.array([[9, 9, 9, 0], [1, 2, 255, 255]], np.uint8)))
    again = read_palette(tmp_path / "a.gpl")
    assert again.colors.tolist() == [[1, 2, 255, 255]]
    assert again.names == ("#0102ff",)


def test_what_other_programs_write(tmp_path: Path) -> None:
    path = tmp_path / "a.gpl"
    lines = ["\ufeffGIMP Palette", "Name: x", "Columns: 0", "# note", "", "255 0 0 red", "  0   0 255", "255 0 0 again"]
    path.write_bytes("\r\n".join(lines).encode())
    palette = read_palette(path)
    assert palette.colors.tolist() == [[255, 0, 0, 255], [0, 0, 255, 255]]
    assert palette.names == ("red", "")
    path.write_text("GIMP Palette\nChannels: RGBA\n#\n1 2 3 255 ink\n0 0 0 0 paper\n")
    assert read_palette(path).colors.tolist() == [[1, 2, 3, 255], [0, 0, 0, 0]]
    path.write_bytes(b"GIMP Palette\n1 2 3 caf\xe9\n")
    assert read_palette(path).names == ("café",)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not a palette: line 1"),
        (b"\x89PNG\r\n\x1a\n", "not a palette: line 1"),
        (b"GIMP Palette\nName: x\n", "no colors"),
        (b"GIMP Palette\n#\n1 2 3 ok\n12 red\n", "line 4 is not a color: '12 red'; write red green blue"),
        (b"GIMP Palette\n1 2 256 x\n", "line 2 is not a color"),
        (b"GIMP Palette\nChannels: RGBA\n1 2 3 128 x\n", "line 3 is half transparent"),
        (b"GIMP Palette\n" + b"#\n" * 600_000, "larger than 1 MiB"),
    ],
)
def test_files_that_are_no_palettes(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "cut.gpl"
    path.write_bytes(data)
    with pytest.raises(PaletteError, match=problem) as caught:
        read_palette(path)
    assert "cut.gpl" in str(caught.value)
    assert caught.value.fix


def test_paths_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(PaletteError, match=r"none\.gpl.*no such file"):
        read_palette(tmp_path / "none.gpl")
    with pytest.raises(PaletteError, match="cannot be read"):
        read_palette(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a\.gpl"):
        write_palette(tmp_path / "file/a.gpl", Palette(np.array([[1, 2, 3, 255]], np.uint8)))
