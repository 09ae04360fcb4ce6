"""Output streams that cannot stop the work, even if their reader goes away or a name cannot be encoded."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TextIO, cast

from framecolor.errors import on_one_line


@dataclass
class Losses:
    """Whether output was lost because standard output could not be written; a reader that went away is no loss."""

    any: bool = False


class _LastingFile(io.RawIOBase):
    """A file whose writes never fail; once its reader is gone or its disk is full, it discards what is written."""

    def __init__(self, number: int, losses: Losses) -> None:
        self._losses = losses
        # `open` chooses the system's kind of file: a Windows console is not a stream of bytes.
        self._raw = cast(io.RawIOBase, open(number, "wb", buffering=0, closefd=False))  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: Any, /) -> int | None:
        try:
            return self._raw.write(data)
        except OSError as error:
            number = self.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError) and number != 2:
                self._losses.any = True
                with suppress(OSError):
                    os.write(2, f"error: output: cannot be written ({error.strerror}); make room for it\n".encode())
            return len(data)


class _PlainText(io.TextIOWrapper):
    """Escapes characters that a terminal would obey, except line ends; the text can hold names of files."""

    def write(self, text: str, /) -> int:
        return super().write(on_one_line(text, keep="\n\r\t"))


@contextmanager
def lasting_streams() -> Iterator[Losses]:
    """Replace stdout and stderr by streams whose writes never fail, for the time of this context.

    Yields an object that tells, after this context, whether output was lost.

    `framecolor colorize SHOT | head -1` then paints the whole shot, with the exit code of the painting. Characters that
    the terminal cannot encode, or would obey, are written as escapes. Streams without a file, as in tests, are kept.
    """
    _open_missing()
    before = sys.stdout, sys.stderr
    losses = Losses()
    sys.stdout, sys.stderr = _wrap(sys.stdout, 1, losses), _wrap(sys.stderr, 2, losses)
    try:
        yield losses
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _open_missing() -> None:
    """Open closed standard streams; otherwise the next file that is opened gets their number, and our output."""
    if sys.__stdout__ is not None and sys.__stderr__ is not None:
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout, sys.stderr = sys.stdout or _open_nowhere(), sys.stderr or _open_nowhere()


def _open_nowhere() -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")), "utf-8", "backslashreplace")


def _wrap(stream: TextIO, number: int, losses: Losses) -> TextIO:
    try:
        if not isinstance(stream, io.TextIOWrapper) or stream.fileno() != number:
            return stream
    except (OSError, ValueError):
        return stream
    stream.flush()
    return _PlainText(
        io.BufferedWriter(_LastingFile(number, losses)),
        encoding=stream.encoding,
        # The C locale uses surrogateescape for bytes of names, which `_PlainText` has escaped already.
        errors="backslashreplace" if stream.errors in ("strict", "surrogateescape") else stream.errors,
        # This stream has a buffer even if Python's has none (PYTHONUNBUFFERED): lines must not wait in it.
        line_buffering=stream.line_buffering or stream.write_through,
        write_through=stream.write_through,
    )
