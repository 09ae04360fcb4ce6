"""Read a `framecolor.toml`, and write a draft of one."""

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

# The time that tomllib needs grows with the square of a line's length, which hostile files use.
_MOST_BYTES = 1 << 14
_LONGEST_LINE = 1000


def read_table(path: Path) -> dict[str, Any]:
    """Read the checked values of a `framecolor.toml` by the names of settings.

    Raises ReadError if it cannot be read, SettingsError if it is not TOML, is too large, or has an unknown setting or
    an invalid value; for the last two it names the line.
    """
    text = _read_text(path)
    try:
        table = parse_toml(text)
    except ValueError as error:
        fix = "correct or remove it"
        if "Invalid value" in str(error):  # most often a word without quotes
            fix = 'put text into quotes, as in mode = "flat", but not numbers, true and false'
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
        # If the limit cuts a character in half, the file is too large, and its text is not the fault.
        if len(data) <= _MOST_BYTES:
            raise SettingsError(path, f"is not valid TOML ({error})", "save it as UTF-8") from None
        text = ""
    if len(data) > _MOST_BYTES or any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        problem = f"is larger than {_MOST_BYTES >> 10} KiB, or has a line of more than {_LONGEST_LINE} characters"
        raise SettingsError(path, problem, "keep only settings in it")
    return text


def _locate(path: Path, text: str, name: str) -> str:
    """Format the line of a name as path:line; the path alone if no line is found."""
    begins = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[\].=]""")
    found = [number for number, line in enumerate(text.split("\n"), 1) if begins.match(line)]
    return f"{path}:{found[0]}" if found else str(path)


def draft_file() -> str:
    """Draft the text of a settings file: all settings with their meaning and default, commented out."""
    lines = [
        "# Settings of framecolor, for the shot in this folder and all shots in the folders below it.",
        "# Remove the # before a name to set it. To list the settings of a shot: framecolor config show SHOT",
        "# Relative paths begin at the folder of this file.",
    ]
    for name, stated in SETTINGS.items():
        lines += ["", *textwrap.wrap(stated.help, 118, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"#{name} = {json.dumps('...' if stated.default is None else stated.default)}")
    return "\n".join(lines) + "\n"
