"""Format text for people: values of files in messages, commands to copy into a shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable

_LONGEST = 40
_LONGEST_NAME = 80
_SPACES = "\u3000"  # the ideographic space of Japanese names
# Words without a special meaning in cmd and in PowerShell.
_PLAIN_WORD = re.compile(r"[\w.:/\\+=-]+")


def quote(value: object) -> str:
    """Format any value for an error message: short and on one line."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return "a huge number"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"


def count_of(number: int, noun: str) -> str:
    """Format a count: '1 frame', '2 frames', '1,200 frames'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain_name(text: str) -> str:
    """Format a name for one line: cut to 80 characters, control characters replaced."""
    return replace_controls(text.strip()[:_LONGEST_NAME])


def replace_controls(text: str) -> str:
    """Replace the control characters of a text by U+FFFD; the ideographic space stays."""
    return "".join(letter if letter.isprintable() or letter in _SPACES else "\ufffd" for letter in text)


def format_command(words: Iterable[str], system: str = os.name) -> str:
    """Format a command line to copy: quoted for a POSIX shell or, if `system` is "nt", for cmd and PowerShell.

    Both of these accept double quotes. Inside them cmd still expands %NAME% and PowerShell $NAME: no quoting that both
    accept prevents that.
    """
    if system != "nt":
        return shlex.join(words)
    return " ".join(word if _PLAIN_WORD.fullmatch(word) else _quote_for_windows(word) for word in words)


def format_install(requirement: str) -> str:
    """Format the command that installs a package or an extra, such as framecolor[exr]."""
    return format_command(("pip", "install", requirement))


def _quote_for_windows(word: str) -> str:
    # A backslash is literal unless a quote follows.
    return '"' + re.sub(r'(\\*)("|\Z)', lambda found: found[1] * 2 + (found[2] and '\\"'), word) + '"'
