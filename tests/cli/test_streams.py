"""Consoles of other systems: characters that their code page lacks are escaped, and their own stream is used."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from framecolor.cli import streams
from framecolor.cli.streams import lasting_streams

TEXT = "\u7dda \u00e9 \ud83c\udfa8 \x07\udcff \u2026"


@contextmanager
def printed_to(path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, errors: str = "strict") -> Iterator[None]:
    """Descriptor 1 writes to a file, and sys.stdout to it in an encoding."""
    kept = os.dup(1)
    with path.open("wb") as file, monkeypatch.context() as changed:
        os.dup2(file.fileno(), 1)
        changed.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding, errors))
        yield
        os.dup2(kept, 1)
    os.close(kept)


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize(
    ("encoding", "begins"),
    [
        ("cp1252", r"\u7dda é"),
        ("cp932", r"線 \xe9"),
        ("cp437", r"\u7dda é"),
        ("latin-1", r"\u7dda é"),
        ("utf-8", "線 é"),
    ],
)
def test_characters_that_a_code_page_lacks_are_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, errors: str, begins: str
) -> None:
    path = tmp_path / "printed"
    with printed_to(path, monkeypatch, encoding, errors), lasting_streams():
        print(TEXT)
        click.echo(TEXT)
    lines = path.read_bytes().decode(encoding).split(os.linesep)
    assert lines[0] == lines[1]
    assert lines[0].startswith(begins)
    assert r"\x07\udcff" in lines[0] and "\x07" not in lines[0]


def test_a_console_is_opened_as_the_system_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where `open` gives a stream of characters: no bytes may bypass it."""
    written: list[bytes] = []

    class Console(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def fileno(self) -> int:
            return 1

        def isatty(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            written.append(bytes(data))
            return len(data)

    monkeypatch.setattr(streams, "open", lambda *_, **__: Console(), raising=False)
    path = tmp_path / "printed"
    with printed_to(path, monkeypatch, "utf-8"), lasting_streams():
        assert sys.stdout.isatty()
        print("\u7dda")
    assert b"".join(written).decode() == "\u7dda" + os.linesep
    assert path.read_bytes() == b""


def test_a_process_without_streams_prints_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a program on Windows that is started without a console."""
    with monkeypatch.context() as changed:
        for name in ("stdout", "__stdout__", "stderr", "__stderr__"):
            changed.setattr(sys, name, None)
        with lasting_streams():
            print(TEXT)
            print(TEXT, file=sys.stderr)
        sys.stdout.close()
        sys.stderr.close()
