"""Values of somebody else's file in a message."""

from __future__ import annotations

_LONGEST = 40
_LONGEST_NAME = 80
_SPACES = "\u3000"  # of Japanese names


def quote(value: object) -> str:
    """A value in an error message: short and on one line, whatever it is."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return "a huge number"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"


def plain_name(text: str) -> str:
    """A name as it can be shown on one line: not too long, and without letters that control what shows it."""
    kept = text.strip()[:_LONGEST_NAME]
    return "".join(letter if letter.isprintable() or letter in _SPACES else "\ufffd" for letter in kept)
