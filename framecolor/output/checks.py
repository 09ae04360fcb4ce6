"""Checks before a run begins, so that a long run does not fail late."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.errors import OutputError, ReadError, SettingsError
from framecolor.media import FORMATS
from framecolor.media.levels.member import find_container
from framecolor.output.cryptomatte import CRYPTOMATTE_FOLDER
from framecolor.output.lock import refuse_links_out
from framecolor.output.manifest import LINE_FOLDER, MANIFEST_NAME
from framecolor.output.mattes import LINE_MATTE_FOLDER, MATTE_FOLDER
from framecolor.shot.shot import Shot

_CHOOSE = "choose another folder with -o"


def check_output(shot: Shot, out: Path, settings: Settings) -> None:
    """Raise OutputError unless frames can be written to `out` without changing the shot's own files. Writes nothing.

    Raises SettingsError if the format's package is missing, or frames are too large for the format.
    """
    FORMATS[settings.format].check(settings.format, shot.size)
    if FORMATS[settings.format].level:
        _check_level(out / shot.level_name, settings)
    files = [path for files in (shot.lines, shot.keys, shot.hints, shot.stencils) for path in files.values()]
    files += [path for one in shot.references for path in (one.painted, one.line) if path is not None]
    inputs = {folder.resolve() for folder in {find_container(path).parent for path in files}}
    folders = {LINE_FOLDER: settings.line == "layer", MATTE_FOLDER: settings.mattes}
    folders |= {LINE_MATTE_FOLDER: settings.mattes, CRYPTOMATTE_FOLDER: settings.cryptomatte}
    for folder in (out, *(out / name for name, wanted in folders.items() if wanted)):
        if folder.resolve() in inputs:
            problem = "holds the shot's own drawings, keys or references, which would be overwritten"
            raise OutputError(folder, problem, _CHOOSE)
    try:
        place = next(folder for folder in (out, *out.parents) if folder.exists())
    except OSError as error:
        raise OutputError(out, f"cannot be written to ({error.strerror})", _CHOOSE) from None
    if not place.is_dir():
        raise OutputError(place, "is a file, not a folder", f"move it away, or {_CHOOSE}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(place, "is not writable", f"change its permissions, or {_CHOOSE}")
    if (out / MANIFEST_NAME).is_dir():
        raise OutputError(out / MANIFEST_NAME, "is a folder, not a file", f"remove it, or {_CHOOSE}")
    refuse_links_out(out)


def _check_level(level: Path, settings: Settings) -> None:
    """Raise SettingsError for settings that a level cannot hold, OutputError if another program's level is there."""
    for name, value, why in (
        ("mode", settings.mode, "a level holds one color for each swatch, no shading"),
        ("line", settings.line, "a level holds the lines apart from the paint already"),
    ):
        if value in ("painted", "layer"):
            fix = f"leave out --{name}, or choose another --format"
            raise SettingsError(f"--format tlv with --{name} {value}", why, fix)
    if level.exists() and not (level.parent / MANIFEST_NAME).is_file():
        raise OutputError(level, "is a level that framecolor has not painted, and would be overwritten", _CHOOSE)


def leave_out_broken_keys(shot: Shot) -> tuple[Shot, list[str]]:
    """Leave out the keys whose drawing cannot be read. Returns the shot, and a warning for each of them.

    Only the frame of such a drawing fails; the others are painted from the other keys. Raises ReadError if no key is
    left.
    """
    broken: dict[int, ReadError] = {}
    for number in shot.keys:
        try:
            shot.read_line(number)
        except ReadError as error:
            broken[number] = error
    if not broken:
        return shot, []
    if len(broken) == len(shot.keys):
        raise next(iter(broken.values()))
    keys = {number: path for number, path in shot.keys.items() if number not in broken}
    warnings = [f"key {number} is not used: its drawing cannot be read ({e.problem})" for number, e in broken.items()]
    return replace(shot, keys=keys), warnings
