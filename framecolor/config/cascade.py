"""Merge settings of several levels: the studio's file, the show's, the shot's, and the command line.

From the weakest to the strongest; if two levels set a setting, the later one counts:

    default  the fields of `Settings`
    studio   the file that FRAMECOLOR_CONFIG names; without it, framecolor.toml in the site's config folder
    user     framecolor.toml in the user's config folder; not read if FRAMECOLOR_CONFIG is set
    show     framecolor.toml in each folder above the shot, the nearer ones stronger
    shot     framecolor.toml in the shot's folder
    option   the command line

A farm job has one settings file of its own, which replaces all others (level `job`).

Links are resolved to find the folders above a shot, so that a shot has the same settings by every path. A relative
path in a framecolor.toml is relative to the folder of that file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import platformdirs

from framecolor.config.settings import FILE_SETTINGS, SETTINGS, Settings
from framecolor.config.settings_file import SETTINGS_FILE, read_table
from framecolor.core.files import read_name
from framecolor.errors import SettingsError

Level = Literal["default", "studio", "user", "show", "shot", "job", "option"]
LEVELS: tuple[Level, ...] = get_args(Level)

CONFIG_VARIABLE = "FRAMECOLOR_CONFIG"


@dataclass(frozen=True)
class Source:
    """The level that a value came from; `path` is its file, None for defaults and options."""

    level: Level
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS or (self.path is None) != (self.level in ("default", "option")):
            raise ValueError(f"a source of level {self.level} cannot have the path {self.path}")

    def __str__(self) -> str:
        return self.level if self.path is None else str(self.path)


@dataclass(frozen=True)
class Place:
    """A path of a settings file; `state` is read, absent, or unreachable (no permission to enter its folder)."""

    level: Level
    path: Path
    state: Literal["read", "absent", "unreachable"]


@dataclass(frozen=True)
class LayeredSettings:
    """Settings, the source of each of them, and all places that were searched, the weakest first."""

    settings: Settings
    sources: Mapping[str, Source]
    places: tuple[Place, ...]

    def __post_init__(self) -> None:
        if set(self.sources) != set(SETTINGS):
            raise ValueError("LayeredSettings.sources must have every setting and nothing else")


def read_levels(root: Path, options: Mapping[str, Any], only: Path | None = None) -> LayeredSettings:
    """Read the settings of the shot in the folder `root`.

    options  values of the command line by name; None: not given; file names are relative to the working folder
    only     a settings file to read instead of all others; file names in it are relative to `root`
    Raises ReadError if a file exists but cannot be read, SettingsError if it is not TOML or has an unknown setting or
    an invalid value; both name the file, and the line if it is known.
    """
    settings = Settings()
    sources: dict[str, Source] = dict.fromkeys(SETTINGS, Source("default"))
    places = []
    for level, path in _list_files(root, only):
        state = "read" if level == "job" else _look(path)
        places.append(Place(level, path, state))
        if state == "read":
            table = read_table(path)
            folder = root if level == "job" else path.parent
            table |= {name: read_name(file, folder) for name, file in _list_files_of(table).items()}
            # The shot's own file names stay relative: its manifest is still right after the shot is moved.
            anchored = table if level in ("shot", "job") else _anchor(table, path.parent)
            settings = settings.updated(anchored, str(path))
            sources |= {name: Source(level, path) for name in table}
    given = {name: value for name, value in options.items() if value is not None}
    settings = settings.updated(_anchor(given, Path()), "options")
    sources |= {name: Source("option") for name in given}
    return LayeredSettings(settings, MappingProxyType(sources), tuple(places))


def _list_files(root: Path, only: Path | None) -> Iterator[tuple[Level, Path]]:
    """Yield the settings files that a shot may have, the weakest first; only `only` if it is given."""
    if only is not None:
        yield "job", only
        return
    if chosen := os.environ.get(CONFIG_VARIABLE):
        path = Path(chosen).absolute()
        if _look(path) != "read":
            fix = "write it, or unset the variable"
            raise SettingsError(CONFIG_VARIABLE, f"names {path}, which is not there or cannot be reached", fix)
        yield "studio", path
    else:
        yield "studio", platformdirs.site_config_path("framecolor") / SETTINGS_FILE
        yield "user", platformdirs.user_config_path("framecolor") / SETTINGS_FILE
    try:
        real = root.resolve()
    except (OSError, RuntimeError):  # a loop of links; opening the shot reports it
        real = root.absolute()
    for folder in reversed(real.parents):
        yield "show", folder / SETTINGS_FILE
    yield "shot", real / SETTINGS_FILE


def _look(path: Path) -> Literal["read", "absent", "unreachable"]:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except PermissionError:
        return "unreachable"
    except OSError:  # a loop of links, a failing disk: reading the file reports it
        return "read"
    return "read"


def _anchor(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the table with its file names as absolute paths; relative ones begin at `folder`."""
    return {**table, **{name: str((folder / file).absolute()) for name, file in _list_files_of(table).items()}}


def _list_files_of(table: Mapping[str, Any]) -> dict[str, str]:
    """List the values of a table that name files."""
    named = {name: table[name] for name in FILE_SETTINGS if isinstance(table.get(name), str) and table[name]}
    return {name: file for name, file in named.items() if file not in SETTINGS[name].words}
