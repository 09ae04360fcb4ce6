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

from pathlib import Path


class FramecolorError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line fit to be shown to a user."""

    def __init__(self, subject: str | Path, problem: str, fix: str = "") -> None:
        self.subject = str(subject)
        self.problem = problem
        self.fix = fix
        super().__init__(f"{subject}: {problem}" + (f"; {fix}" if fix else ""))


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
