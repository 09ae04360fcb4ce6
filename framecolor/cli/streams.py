"""Output that does not decide over the work: a reader that goes away early, or a name that cannot be written."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from framecolor.errors import on_one_line


class _LastingFile(io.RawIOBase):
    """A file that takes everything; once nobody reads it any more, or its disk is full, what comes goes nowhere."""

    def __init__(self, number: int) -> None:
        # The system's own kind of file: a console of Windows is no stream of bytes in its code page.
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
                with suppress(OSError):
                    os.write(2, f"error: output: cannot be written ({error.strerror}); make room for it\n".encode())
            return len(data)


class _PlainText(io.TextIOWrapper):
    """Text without anything that a terminal obeys but ends of lines: names of files come by here, too."""

    def write(self, text: str, /) -> int:
        return super().write(on_one_line(text, keep="\n\r\t"))


@contextmanager
def lasting_streams() -> Iterator[None]:
    """While this lasts, stdout and stderr can be closed by their reader, and no character is refused.

    `framecolor colorize SHOT | head -1` paints all of the shot, and its exit code says how that went. What the
    terminal's encoding lacks is written with backslashes, and so is what a terminal would obey. Streams that are no
    files of their own, as in tests, are left alone.
    """
    _open_missing()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _wrap(sys.stdout, 1), _wrap(sys.stderr, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _open_missing() -> None:
    """Something to write to where the caller closed it: the next file to be opened would get its number, and words."""
    if sys.__stdout__ is not None and sys.__stderr__ is not None:
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout, sys.stderr = sys.stdout or _open_nowhere(), sys.stderr or _open_nowhere()


def _open_nowhere() -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")), "utf-8", "backslashreplace")


def _wrap(stream: TextIO, number: int) -> TextIO:
    try:
        if not isinstance(stream, io.TextIOWrapper) or stream.fileno() != number:
            return stream
    except (OSError, ValueError):
        return stream
    stream.flush()
    return _PlainText(
        io.BufferedWriter(_LastingFile(number)),
        encoding=stream.encoding,
        # surrogateescape, as in the C locale, only writes the bytes of names, and those are escapes here already.
        errors="backslashreplace" if stream.errors in ("strict", "surrogateescape") else stream.errors,
        # A stream that Python does not buffer (PYTHONUNBUFFERED) is one here, and lines must not wait in it.
        line_buffering=stream.line_buffering or stream.write_through,
        write_through=stream.write_through,
    )
