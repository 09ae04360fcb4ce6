"""Hostile names, numbers and sizes: a right result or one clear line; nothing that a terminal or a browser obeys."""

from __future__ import annotations

import os
import shutil
import struct
import time
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from drawings import make_shot
from faulty import read_tree, run
from painting import paint, read_frames

from framecolor import ReadError, Shot, ShotError
from framecolor.media import write_image
from framecolor.report import write_report
from framecolor.shot.spans import describe_plan

pytestmark = pytest.mark.usefixtures("quick_engine")

NAMES = {
    "bytes that are no text": os.fsdecode(b"\xff\xfe.{}"),
    "a line's end": "a\nerror: all is lost\n.{}",
    "what clears a terminal": "\x1b[2J\x1b]0;owned\x07.{}",
    "eight-bit controls": "\x9b2J.{}",
    "a script": "<script>alert(1)<%2Fscript><img src=x onerror=alert(2)>.{}",
    "quotes": "a'b\"c`d$(touch owned).{}",
    "a template": "{{{{ 7*7 }}}}{{% raw %}}.{}",
    "a leading dash": "--overwrite.{}",
    "writing to the left": "\u202egnp.{}",
    "two hundred and fifty bytes": "n" * 242 + ".{}",
    "characters of four bytes": "\U0001f58c" * 60 + ".{}",
    "spaces and dots": " . .. .{}",
    "an address": "http:x@y.{}",
    "a pattern": "%04d ##.{}",
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_files_and_folders(tmp_path: Path, kind: str) -> None:
    name = NAMES[kind]
    root = make_shot(tmp_path / name.format("")[:60], 2, (0,), name=name.replace("\n", " ") + ".png")
    outcome = paint(root)
    assert outcome.failed == {} and len(outcome.written) == 2
    assert sorted(read_frames(root / "color")) == sorted(path.name for path in (root / "line").iterdir())
    assert paint(root).written == ()
    next((root / "line").glob("*1002.png")).write_bytes(b"broken")
    failed = paint(root, overwrite=True).failed
    assert list(failed) == [1002] and failed[1002].isprintable()
    page = write_report(root / "color").read_bytes().decode()
    assert "\x1b" not in page and "\x07" not in page
    parser = Tags()
    parser.feed(page)
    assert not parser.strange


class Tags(HTMLParser):
    """Notes what a name would have to become to do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if any(name.startswith("on") for name, _ in attrs) or (tag, ("src", "x")) in [(tag, pair) for pair in attrs]:
            self.strange.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and data.strip().startswith("alert("):
            self.strange.append(data)


def test_what_commands_print_is_plain(tmp_path: Path) -> None:
    """Of a name that has all that a terminal obeys: a line's end, what clears it and eight-bit controls."""
    name = "a\nerror: all is lost\n\x1b[2J\x1b]0;owned\x07\x9b2J.{}"
    root = make_shot(tmp_path / name.format("shot"), 3, (0,), name=name.replace("\n", " ") + ".png")
    next((root / "line").glob("*1002.png")).write_bytes(b"broken")
    ended = run("colorize", root, "--fit", "0", "--report", "--progress", "openjd", printed=tmp_path / "printed")
    assert ended.code == 1
    text = ended.text
    for arguments in (["plan", root], ["report", root], ["colorize", root / "nothing"]):
        text += run(*arguments, printed=tmp_path / "printed").text
    assert not any(character in text for character in "\x1b\x07\x9b")
    assert "error: all is lost" not in text.splitlines()


def test_names_that_differ_in_case_or_form_only(tmp_path: Path) -> None:
    """Files of their own on this disk: nothing is taken for something else."""
    root = make_shot(tmp_path / "cut", 2, (0,), name="\u00e9.{:04d}.png")
    for name in ("\u00c9.1001.png", "e\u0301.1001.png"):
        shutil.copy(root / "line/\u00e9.1002.png", root / "line" / name)
        with pytest.raises(ShotError, match="the folder holds 2 sequences"):
            paint(root)
        (root / "line" / name).unlink()
    shutil.copy(root / "line/\u00e9.1002.png", root / "line/\u00e9.1002.PNG")
    with pytest.raises(ShotError, match=r"same number as .* 1002"):
        paint(root)


@pytest.mark.parametrize("first", [2**31 - 3, 2**31 - 2, 2**64])
def test_numbers_beyond_all_integers(tmp_path: Path, first: int) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,), first=first, name="cut.{}.png")
    if first + 2 < 2**31:
        assert paint(root).written == (first, first + 1, first + 2)
        write_report(root / "color")
        shutil.copy(root / f"line/cut.{first}.png", root / "line/cut.0.png")
        words = "check the name of"
    else:
        words = f"{first + 2} .* 2147483647"
    with pytest.raises(ShotError, match=words):
        paint(root)


def test_paths_that_are_too_long(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 1, (0,))
    deep = Path(*["d" * 200] * 30)
    for arguments in ([tmp_path / deep], [root, "-o", tmp_path / deep], [root, "--keys", tmp_path / deep],
                      [root, "--palette", tmp_path / deep], [root, "--log", tmp_path / deep], ["x" * 300]):  # fmt: skip
        ended = run("colorize", "--fit", "0", *arguments, printed=tmp_path / "printed")
        assert ended.code == 2, ended
        assert "error: " in ended.text and "Traceback" not in ended.text, ended


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG, RGBA, that says it is so large, with this as its compressed pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("size", [(15000, 15000), (2**31 - 1, 2**31 - 1)])
def test_a_drawing_that_claims_to_be_huge_costs_only_itself(tmp_path: Path, size: tuple[int, int]) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "line/cut.1002.png").write_bytes(png_header(*size, zlib.compress(bytes(9999))))
    begin = time.monotonic()
    outcome = paint(root)
    assert list(outcome.failed) == [1002] and time.monotonic() - begin < 10
    (root / "keys/cut.1003.png").write_bytes(png_header(*size))
    with pytest.raises((ShotError, ReadError), match=r"keys/cut\.1003\.png"):
        paint(root)


def test_shots_of_one_pixel(tmp_path: Path) -> None:
    for place in ("line", "keys"):
        for number in (1, 2, 3) if place == "line" else (1,):
            ink = np.full((1, 1, 4), 255 if place == "keys" else 0, np.uint8)
            write_image(tmp_path / "cut" / place / f"a.{number}.png", ink)
    outcome = paint(tmp_path / "cut", fit=2)
    assert outcome.failed == {} and len(outcome.written) == 3
    write_report(tmp_path / "cut/color")


def test_thousands_of_frames(tmp_path: Path) -> None:
    """One drawing on many frames is painted once, planned and reported in seconds."""
    root = make_shot(tmp_path / "cut", 1, (0,), first=1)
    line = root / "line/cut.0001.png"
    for number in range(2, 2001):
        os.link(line, line.with_name(f"cut.{number:04d}.png"))
    begin = time.monotonic()
    assert describe_plan(Shot.open(root))["holds"] == 1999
    outcome = paint(root)
    assert len(outcome.written) == 2000 and outcome.failed == {}
    assert paint(root).written == ()
    assert len({data for name, data in read_tree(root / "color").items() if name.endswith(".png")}) == 1
    assert time.monotonic() - begin < 30
