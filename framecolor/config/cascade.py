"""Settings from several places: the studio's file, the show's, the shot's, and the command line.

From the weakest to the strongest; a setting that two of them name is as the later one says:

    default  the fields of `Settings`
    studio   the file that FRAMECOLOR_CONFIG names; without it, framecolor.toml in the site's config folder
    user     framecolor.toml in the user's config folder; none where FRAMECOLOR_CONFIG is set
    show     framecolor.toml in each folder above the shot, nearer ones over farther ones
    shot     framecolor.toml in the shot's folder
    option   the command line

A job on a farm takes its settings along: in one file, which stands for all of the others.

Folders above a shot are those of its real place, links followed, so that the same shot has the same settings however
it was named. A file that a setting names is looked for beside the framecolor.toml that names it.
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
    """Where a value came from; `path` is the file's, None for defaults and options."""

    level: Level
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS or (self.path is None) != (self.level in ("default", "option")):
            raise ValueError(f"a source of level {self.level} cannot have the path {self.path}")

    def __str__(self) -> str:
        return self.level if self.path is None else str(self.path)


@dataclass(frozen=True)
class Place:
    """A settings file that was looked for; `state` is read, absent, or unreachable (its folder may not be entered)."""

    level: Level
    path: Path
    state: Literal["read", "absent", "unreachable"]


@dataclass(frozen=True)
class LayeredSettings:
    """Settings, where each of them came from, and all the places that were looked at, the weakest first."""

    settings: Settings
    sources: Mapping[str, Source]
    places: tuple[Place, ...]

    def __post_init__(self) -> None:
        if set(self.sources) != set(SETTINGS):
            raise ValueError("LayeredSettings.sources must have every setting and nothing else")


def read_levels(root: Path, options: Mapping[str, Any], only: Path | None = None) -> LayeredSettings:
    """The settings of the shot in the folder `root`.

    options  what the command line says, by name; None stands for not given, files are relative to where one is
    only     a settings file to read in place of all others; names of files in it are as in the shot's own
    Raises SettingsError or ReadError, naming the file and as a rule the line, when one of the files is there and cannot
    be read, is not TOML, or has a setting that does not exist or a value that it cannot have.
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
            table |= {name: read_name(table[name], folder) for name in FILE_SETTINGS if table.get(name)}
            # The shot's own names stay as they are: a shot can be moved, and its record still says the same.
            anchored = table if level in ("shot", "job") else _anchor(table, path.parent)
            settings = settings.updated(anchored, str(path))
            sources |= {name: Source(level, path) for name in table}
    given = {name: value for name, value in options.items() if value is not None}
    settings = settings.updated(_anchor(given, Path()), "options")
    sources |= {name: Source("option") for name in given}
    return LayeredSettings(settings, MappingProxyType(sources), tuple(places))


def _list_files(root: Path, only: Path | None) -> Iterator[tuple[Level, Path]]:
    """All the places where a shot's settings may stand, the weakest first; `only` stands for them all."""
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
    except (OSError, RuntimeError):  # a loop of links; what opens the shot says so
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
    except OSError:  # a loop of links, a disk that fails: reading it says what is wrong
        return "read"
    return "read"


def _anchor(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The table with the files that it names as whole paths, from `folder` on."""
    named = {name: table[name] for name in FILE_SETTINGS if isinstance(table.get(name), str) and table[name]}
    return {**table, **{name: str((folder / value).absolute()) for name, value in named.items()}}
