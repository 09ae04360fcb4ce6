"""corrections.json: what is written comes back, and whatever else is in a file is an error with a fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecolor import InputError, OutputError, ReadError
from framecolor.shot import corrections as module
from framecolor.shot.corrections import PAPER_COLOR, Correction, read_corrections, write_corrections

RED = (200, 60, 40, 255)
GOOD = {"frame": 12, "x": 340, "y": 210, "color": "#c83c28"}


def write(path: Path, *entries: object, **head: object) -> Path:
    path.write_text(json.dumps({"format": 1, "shot": "cut", **head, "corrections": list(entries)}))
    return path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "corrections.json"
    made = [
        Correction(3, 0, 7, RED, "5f0c"),
        Correction(3, 5, 7, PAPER_COLOR),
        Correction(12, 1, 2, (0, 0, 0, 255), name="ink"),
    ]
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
    "entry",
    [
        [],
        None,
        {"x": 1, "y": 1, "color": "paper"},
        GOOD | {"frame": -1},
        GOOD | {"x": "340"},
        GOOD | {"y": 1.5},
        GOOD | {"color": "#c83c2\u0662"},
        GOOD | {"color": "#c83c28\n"},
        GOOD | {"color": "x" * 9000},
        GOOD | {"color": {"r": 1}},
        GOOD | {"drawing": "../etc"},
        GOOD | {"drawing": 5},
    ],
)
def test_an_entry_that_cannot_be_used_is_named(tmp_path: Path, entry: object) -> None:
    path = write(tmp_path / "c.json", GOOD, entry)
    with pytest.raises(InputError) as raised:
        read_corrections(path)
    assert raised.value.subject == f"{path}: correction 2" and raised.value.fix
    assert len(raised.value.problem) < 200


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", ReadError),
        (b'{"format": 1, "corrections": [', ReadError),
        (b"\xff\xfe\x00", ReadError),
        (b"[" * 200_000, ReadError),
        (b'{"format": 1, "corrections": [{"x": NaN}]}', ReadError),
        (b"[]", InputError),
        (b'{"format": 1, "corrections": {}}', InputError),
        (b'{"format": 2, "corrections": []}', InputError),
        (b'{"format": true, "corrections": []}', InputError),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: bytes, kind: type[InputError]) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text)
    with pytest.raises(kind) as raised:
        read_corrections(path)
    assert type(raised.value) is kind and raised.value.subject == str(path) and raised.value.fix


def test_missing_files_folders_and_huge_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 100)
    (tmp_path / "huge.json").write_bytes(b" " * 101)
    for name in ("none.json", "", "huge.json"):
        with pytest.raises(ReadError):
            read_corrections(tmp_path / name)
    with pytest.raises(OutputError):
        write_corrections(tmp_path / "huge.json" / "c.json", "cut", [])


def test_a_correction_checks_itself() -> None:
    for place, color in ((-1, RED), (1, (1, 2, 3, 128))):
        with pytest.raises(ValueError, match="Correction"):
            Correction(1, place, 0, color)
