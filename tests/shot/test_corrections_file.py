"""corrections.json: what is written comes back, and whatever else is in a file is an error with a fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecolor.errors import FramecolorError, InputError, OutputError, ReadError
from framecolor.shot import corrections as module
from framecolor.shot.corrections import PAPER_COLOR, Correction, read_corrections, write_corrections

RED = (200, 60, 40, 255)
GOOD = {"frame": 12, "x": 340, "y": 210, "color": "#c83c28"}


def write(path: Path, *entries: object, **head: object) -> Path:
    path.write_text(json.dumps({"format": 1, "shot": "cut", **head, "corrections": list(entries)}))
    return path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "corrections.json"
    made = [Correction(3, 0, 7, RED, "5f0c"), Correction(3, 5, 7, PAPER_COLOR), Correction(12, 1, 2, (0, 0, 0, 255))]
    write_corrections(path, 'a "shot"\n', made)
    assert read_corrections(path) == made
    assert json.loads(path.read_text())["shot"] == 'a "shot"\n'
    assert json.loads(path.read_text())["corrections"][1] == {"frame": 3, "x": 5, "y": 7, "color": "paper"}
    write_corrections(path, "cut", [])
    assert read_corrections(path) == []


def test_the_later_one_holds_and_frames_are_in_order(tmp_path: Path) -> None:
    other = GOOD | {"color": "paper", "by": "somebody"}
    path = write(tmp_path / "c.json", GOOD | {"frame": 13}, GOOD, GOOD | {"x": 1}, other)
    assert read_corrections(path) == [
        Correction(12, 1, 210, RED),
        Correction(12, 340, 210, PAPER_COLOR),
        Correction(13, 340, 210, RED),
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ([], "is a list, not an object"),
        (None, "is None, not an object"),
        ({"x": 1, "y": 1, "color": "paper"}, "has no frame"),
        (GOOD | {"frame": -1}, "has the frame -1; give a whole number"),
        (GOOD | {"x": "340"}, "has the x '340'"),
        (GOOD | {"x": True}, "has the x True"),
        (GOOD | {"y": 1.5}, "has the y 1.5"),
        (GOOD | {"frame": 10**30}, "has the frame 1000"),
        (GOOD | {"color": "red"}, 'has the color \'red\'; write it as "#rrggbb", or "paper"'),
        (GOOD | {"color": "#c83c2\u0662"}, "has the color"),
        (GOOD | {"color": "#c83c28\n"}, "has the color"),
        (GOOD | {"color": "x" * 9000}, "has the color 'xxx"),
        (GOOD | {"color": {"r": 1}}, "has the color an object"),
        (GOOD | {"drawing": "../etc"}, "has the drawing '../etc'"),
        (GOOD | {"drawing": 5}, "has the drawing 5"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(tmp_path: Path, entry: object, words: str) -> None:
    path = write(tmp_path / "c.json", GOOD, entry)
    with pytest.raises(InputError) as raised:
        read_corrections(path)
    text = str(raised.value)
    assert text.startswith(f"{path}: correction 2: ") and words in text
    assert len(text) < len(str(path)) + 200 and "\n" not in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON, or it is cut off"),
        (b'{"format": 1, "corrections": [', "cut off"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"format": 1, "corrections": [' + b"9" * 5000 + b"]}", "not JSON"),
        (b'{"format": 1, "corrections": [{"x": NaN}]}', "not JSON"),
        (b'{"format": 1, "corrections": [{"x": 1e999}]}', "1e999 is not a finite number"),
        (b"[]", 'there is no list "corrections"'),
        (b'{"format": 1}', 'there is no list "corrections"'),
        (b'{"format": 1, "corrections": {}}', 'there is no list "corrections"'),
        (b'{"format": 2, "corrections": []}', "has format 2, this version reads 1"),
        (b'{"format": true, "corrections": []}', "has format True"),
        (b'{"corrections": []}', "has format None"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text)
    with pytest.raises(InputError) as raised:
        read_corrections(path)
    assert words in str(raised.value) and str(path) in str(raised.value) and raised.value.fix


def test_missing_files_folders_and_huge_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 100)
    (tmp_path / "huge.json").write_bytes(b" " * 101)
    for name, words in (("none.json", "no such file"), ("", "cannot be read"), ("huge.json", "larger than")):
        with pytest.raises(ReadError, match=words):
            read_corrections(tmp_path / name)
    with pytest.raises(OutputError):
        write_corrections(tmp_path / "huge.json" / "c.json", "cut", [])


def test_a_correction_checks_itself() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Correction(1, -1, 0, RED)
    with pytest.raises(ValueError, match="alpha 0 or 255"):
        Correction(1, 0, 0, (1, 2, 3, 128))
    assert issubclass(ReadError, FramecolorError)
