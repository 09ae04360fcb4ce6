"""Everything that framecolor raises on purpose.

    FramecolorError
    ├── InputError            what the user gave cannot be used; nothing was painted (exit 2)
    │   ├── ReadError         a file is missing, unreadable or truncated
    │   ├── ShotError         the shot as a whole: no line art, no keys, numbers or sizes that fit nothing
    │   ├── PaletteError      a palette file that is not one
    │   └── SettingsError     a setting that does not exist or has a value it cannot have
    ├── OutputError           a folder or file that cannot be written (exit 2)
    └── EngineError           an engine that this machine cannot run (exit 2)

Each error is one line: the file or thing at fault, the problem, and the fix.
A `ReadError` on a single line drawing costs that frame only: the run goes on and ends with exit 1.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

_LONGEST = 2000


def on_one_line(text: str, keep: str = "") -> str:
    r"""A text with escapes for all that cannot be printed: \n, \x1b, \udcff for a byte of a name that is no UTF-8.

    Names of files may hold anything, also what clears a terminal or adds a line to a log.
    keep  characters that stay as they are
    """
    return text if text.isprintable() else "".join(c if c in keep or _is_plain(c) else _escape(c) for c in text)


class FramecolorError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line fit to be shown to a user.

    Whatever the names and texts in it hold: what cannot be printed stands there as an escape, what is endless is cut.
    """

    def __init__(self, subject: str | Path, problem: str, fix: str = "") -> None:
        self.subject, self.problem, self.fix = (_cut(on_one_line(str(text))) for text in (subject, problem, fix))
        super().__init__(f"{self.subject}: {self.problem}" + (f"; {self.fix}" if fix else ""))


class InputError(FramecolorError):
    """What the user gave cannot be used."""


class ReadError(InputError):
    """A file is missing, unreadable or truncated."""


class ShotError(InputError):
    """The shot as a whole cannot be painted."""


class PaletteError(InputError):
    """A palette file that is not one, or a palette that cannot be used."""


class SettingsError(InputError):
    """A setting that does not exist or has a value it cannot have."""


class OutputError(FramecolorError):
    """A folder or file that cannot be written."""


class EngineError(FramecolorError):
    """An engine that this machine cannot run."""


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
