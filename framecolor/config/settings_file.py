"""A `framecolor.toml`: what it says, and a draft of one."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from framecolor.config.settings import SETTINGS, Settings
from framecolor.core.files import open_file
from framecolor.core.parsing import parse_toml
from framecolor.errors import ReadError, SettingsError

SETTINGS_FILE = "framecolor.toml"

# What tomllib makes of a hostile file takes time with the square of its lines' length; ours has twenty short ones.
_MOST_BYTES = 1 << 14
_LONGEST_LINE = 1000


def read_table(path: Path) -> dict[str, Any]:
    """What a `framecolor.toml` says, checked, by the names of settings.

    Raises ReadError when it cannot be read, SettingsError when it is not TOML, too large, or has a setting that does
    not exist or a value that it cannot have; these two name the line.
    """
    text = _read_text(path)
    try:
        table = parse_toml(text)
    except ValueError as error:
        fix = "mend or remove it"
        if "Invalid value" in str(error):  # most often a word as it stands
            fix = 'put text into quotes, as in mode = "flat"; numbers, true and false stand without'
        raise SettingsError(path, f"is not valid TOML ({str(error)[:200]})", fix) from None
    for name, value in table.items():
        Settings().updated({name: value}, _locate(path, text, name))
    return table


def _read_text(path: Path) -> str:
    try:
        with open_file(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ReadError(
            path, f"cannot be read ({error.strerror})", "check the file's permissions, or move it away"
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character that the limit cuts in half is told as a file that is too large.
        if len(data) <= _MOST_BYTES:
            raise SettingsError(path, f"is not valid TOML ({error})", "save it as UTF-8") from None
        text = ""
    if len(data) > _MOST_BYTES or any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        problem = f"is larger than {_MOST_BYTES >> 10} KiB, or has a line of more than {_LONGEST_LINE} characters"
        raise SettingsError(path, problem, "keep nothing but settings in it")
    return text


def _locate(path: Path, text: str, name: str) -> str:
    """The file with the line that a name stands in, as path:line; the file alone where that is not plain."""
    begins = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[\].=]""")
    found = [number for number, line in enumerate(text.split("\n"), 1) if begins.match(line)]
    return f"{path}:{found[0]}" if found else str(path)


def draft_file() -> str:
    """The text of a settings file with everything that can be set, its meaning and its default, commented out."""
    lines = [
        "# Settings of framecolor, for the shot in this folder and all shots in the folders below it.",
        "# Take away the # before a name to set it. Which settings apply to a shot: framecolor config show SHOT",
        "# A file that a setting names is looked for from the folder of this one.",
    ]
    for name, stated in SETTINGS.items():
        lines += ["", *textwrap.wrap(stated.help, 118, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"#{name} = {json.dumps('...' if stated.default is None else stated.default)}")
    return "\n".join(lines) + "\n"
