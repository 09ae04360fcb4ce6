"""Drawings read ahead: each once, in order, holds found by file and by pixels, errors with the broken file's name."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from drawings import make_shot

from framecolor import Shot
from framecolor.media import ImageFile, read_image, write_image
from framecolor.pipeline.read_ahead import Drawing, read_drawings
from framecolor.shot.spans import Span


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut", 6, (0, 5))


def line(folder: Path, number: int) -> Path:
    return folder / f"line/cut.{number}.png"


def read(folder: Path, *spans: Span) -> list[Drawing]:
    shot = Shot.open(folder)
    with ThreadPoolExecutor(3) as pool:
        return list(read_drawings(shot, spans or [Span(shot.numbers, shot.numbers)], {}, pool, 2))


def test_each_drawing_comes_once_in_the_order_of_the_spans(folder: Path) -> None:
    found = read(folder, Span((1001, 1002, 1003), (1001,)), Span((1003, 1004), (1004,)), Span((1005, 1006), (1006,)))
    assert [d.number for d in found] == [1001, 1002, 1003, 1004, 1005, 1006]
    assert [d.number for d in found if d.begins] == [1001, 1005]
    for drawing in found:
        np.testing.assert_array_equal(drawing.rgba, read_image(line(folder, drawing.number)))


def test_a_copied_file_is_not_decoded_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1002, 1004, 1006):
        shutil.copy(line(folder, number - 1), line(folder, number))
    opened, decoded = [], []
    open_line, decode = Shot.open_line, ImageFile.decode
    monkeypatch.setattr(Shot, "open_line", lambda shot, number: (opened.append(number), open_line(shot, number))[1])
    monkeypatch.setattr(ImageFile, "decode", lambda file: (decoded.append(file.path.name), decode(file))[1])
    assert [d.rgba is None for d in read(folder)] == [False, True] * 3
    assert sorted(opened) == [1001, 1002, 1003, 1004, 1005, 1006], "each file is read once"
    assert sorted(decoded) == ["cut.1001.png", "cut.1003.png", "cut.1005.png"]


def test_a_drawing_that_is_known_is_not_decoded(folder: Path) -> None:
    shot = Shot.open(folder)
    with ThreadPoolExecutor(3) as pool:
        known = {shot.line_hash(1003): "what it shows"}
        found = {d.number: d for d in read_drawings(shot, [Span(shot.numbers, shot.numbers)], known, pool, 2)}
    assert found[1003].rgba is None and found[1003].digest == "what it shows" and not found[1003].repeats
    assert found[1002].rgba is not None


def test_another_file_with_the_same_pixels_is_a_hold_too(folder: Path) -> None:
    pixels = read_image(line(folder, 1003))
    line(folder, 1004).unlink()
    write_image(line(folder, 1004).with_suffix(".tga"), pixels)
    (folder / "line/cut.1004.tga").rename(line(folder, 1004))
    assert line(folder, 1003).read_bytes() != line(folder, 1004).read_bytes()
    assert [d.number for d in read(folder) if d.rgba is None] == [1004]


def test_a_broken_drawing_and_its_copy_each_name_their_own_file(folder: Path) -> None:
    for number in (1003, 1004):
        line(folder, number).write_bytes(line(folder, 1003).read_bytes()[:200])
    errors = {d.number: str(d.error) for d in read(folder) if d.error is not None}
    assert errors.keys() == {1003, 1004}
    assert all(f"cut.{number}.png" in error for number, error in errors.items())


def test_a_drawing_after_a_broken_one_repeats_the_last_that_could_be_read(folder: Path) -> None:
    line(folder, 1002).write_bytes(b"no picture")
    shutil.copy(line(folder, 1001), line(folder, 1003))
    found = {d.number: d for d in read(folder)}
    assert found[1002].error is not None
    assert found[1003].rgba is None and found[1003].error is None
    assert found[1003].digest == found[1001].digest
