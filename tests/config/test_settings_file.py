"""A framecolor.toml: valid, invalid and hostile ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from framecolor import ReadError, SettingsError
from framecolor.config.settings_file import read_table


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_text('gap_px = 4\nfit = "off"\n')
    assert read_table(file) == {"gap_px": 4, "fit": "off"}
    file.write_bytes(b"\xef\xbb\xbfseed = 3\r\n")  # as a Windows editor writes it
    assert read_table(file) == {"seed": 3}
    file.write_text("")
    assert read_table(file) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"gap_px = 99\n", "gap_px cannot be 99"),
        (b"[paint]\ngap_px = 2\n", "there is no setting 'paint'"),
        (b"gap_px = \n", "is not valid TOML"),
        (b"mode = flat\n", "column 8)); put text into quotes"),
        (b"gap = 4\n", "there is no setting 'gap'; did you mean gap_px?"),
        (b"\xff\xfe", "is not valid TOML"),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_table(file)
    assert str(caught.value).startswith(f"{file}:")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "framecolor.toml"
    for text, line in (
        ("# paper\nseed = 1\nbakground = 'paper'\n", 3),
        ("seed = 1\n\n'gap_px' = 99\n", 3),
        ("\n[show.sh010]\nseed = 1\n", 2),
        ("show.seed = 1\n", 1),
    ):
        file.write_text(text)
        with pytest.raises(SettingsError) as caught:
            read_table(file)
        assert caught.value.subject == f"{file}:{line}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a" * (1 << 15), "is larger than 16 KiB"),
        ("\u3042".encode() * (1 << 15), "is larger than 16 KiB"),
        (b"a" + b".a" * 8000 + b" = 1\n", "has a line of more than 1000 characters"),
        (b"seed = " + b"[" * 900, "is not valid TOML (it is nested too deeply)"),
        (b"seed = " + b"[" * 200 + b"]" * 200, "seed cannot be [[["),
        (b"seed = [\n" + b"9" * 900 + b"\n]\n", "seed cannot be ["),
        (b"seed = 0x" + b"f" * 900, "seed cannot be "),
        (b'mode = "' + b"x" * 900 + b'"', "mode cannot be 'xxx"),
        (b'"' + b"x" * 900 + b'" = 1', "there is no setting 'xxx"),
        (b'"a\\nb" = 1', "there is no setting 'a\\nb'"),
        (b'palette = "a\\u0000b"', "palette cannot be 'a\\x00b'"),
        (b'model = ""', "model cannot be ''"),
        (b"seed = 1\nseed = 2\n", "is not valid TOML"),
        (b"seed = 1979-05-27", "seed cannot be datetime.date(1979, 5, 27)"),
        (b"gap_px = nan", "gap_px cannot be nan"),
        (b"seed = 1\0", "is not valid TOML"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_errors_of_hostile_files_are_one_short_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_bytes(content)
    begin = time.monotonic()
    with pytest.raises(SettingsError) as caught:
        read_table(file)
    text = str(caught.value).removeprefix(str(file))
    assert words in text
    assert "\n" not in text and text.isprintable() and len(text) < 400
    assert time.monotonic() - begin < 5


def test_the_worst_file_within_the_limits_is_read_quickly(tmp_path: Path) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_text("[" + "a." * 490 + "b]\n" + "\n".join(f"k{i}=1" for i in range(2000)))
    assert 15_000 < file.stat().st_size < 16_384
    begin = time.monotonic()
    with pytest.raises(SettingsError, match="there is no setting 'a'"):
        read_table(file)
    assert time.monotonic() - begin < 5


def test_a_file_that_would_block_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "framecolor.toml")
    with pytest.raises(ReadError, match="not a regular file"):
        read_table(tmp_path / "framecolor.toml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read"):
        read_table(tmp_path)
