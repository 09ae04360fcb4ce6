"""Text that is shown: values of somebody else's file in a message, commands to be copied into a shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable

_LONGEST = 40
_LONGEST_NAME = 80
_SPACES = "\u3000"  # of Japanese names
# What neither cmd nor PowerShell takes for anything but itself.
_PLAIN_WORD = re.compile(r"[\w.:/\\+=-]+")


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


def format_command(words: Iterable[str], system: str = os.name) -> str:
    """A command line for people to copy: quoted for a POSIX shell or, where `system` is "nt", for cmd and PowerShell.

    Both of these take double quotes. What they replace inside of them, %NAME% the one and $NAME the other, no quoting
    that both understand can hold.
    """
    if system != "nt":
        return shlex.join(words)
    return " ".join(word if _PLAIN_WORD.fullmatch(word) else _quote_for_windows(word) for word in words)


def format_install(requirement: str) -> str:
    """The command that installs a package or an extra, such as framecolor[exr]."""
    return format_command(("pip", "install", requirement))


def _quote_for_windows(word: str) -> str:
    # Programs take a backslash for itself unless a quote follows.
    return '"' + re.sub(r'(\\*)("|\Z)', lambda found: found[1] * 2 + (found[2] and '\\"'), word) + '"'
