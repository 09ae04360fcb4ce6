"""Everything that framecolor raises on purpose.

    FramecolorError
    ├── InputError            the user's input cannot be used; nothing was painted (exit 2)
    │   ├── ReadError         a file is missing, unreadable or truncated
    │   ├── ShotError         the shot as a whole: no line art, no keys, numbers or sizes that do not match
    │   ├── PaletteError      a file that is not a palette, or a palette that cannot be used
    │   └── SettingsError     a setting that does not exist, or a value that it does not take
    ├── OutputError           a folder or file that cannot be written (exit 2)
    └── EngineError           an engine that cannot run on this machine (exit 2)

Each error is one line: the file or thing at fault, the problem, and the fix.
A `ReadError` of one line drawing fails that frame only: the run goes on and ends with exit 1.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

_LONGEST = 2000


def on_one_line(text: str, keep: str = "") -> str:
    r"""Escape the characters of a text that cannot be printed: \n, \x1b, \udcff for a byte of a name that is not UTF-8.

    A file name can hold any character, such as one that clears a terminal or adds a line to a log.
    keep  characters that are not escaped
    """
    return text if text.isprintable() else "".join(c if c in keep or _is_plain(c) else _escape(c) for c in text)


class FramecolorError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line for the user.

    Characters that cannot be printed are escaped, and long texts are cut.
    """

    def __init__(self, subject: str | Path, problem: str, fix: str = "") -> None:
        self.subject, self.problem, self.fix = (_cut(on_one_line(str(text))) for text in (subject, problem, fix))
        super().__init__(f"{self.subject}: {self.problem}" + (f"; {self.fix}" if fix else ""))


class InputError(FramecolorError):
    """The user's input cannot be used."""


class ReadError(InputError):
    """A file is missing, unreadable or truncated."""


class ShotError(InputError):
    """The shot as a whole cannot be painted."""


class PaletteError(InputError):
    """A file that is not a palette, or a palette that cannot be used."""


class SettingsError(InputError):
    """A setting that does not exist, or a value that it does not take."""


class OutputError(FramecolorError):
    """A folder or file that cannot be written."""


class EngineError(FramecolorError):
    """An engine that cannot run on this machine."""


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
