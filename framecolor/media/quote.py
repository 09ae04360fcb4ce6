"""Values of somebody else's file in an error message."""

from __future__ import annotations

_LONGEST = 40


def quote(value: object) -> str:
    """A value in an error message: short and on one line, whatever it is."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return "a huge number"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
