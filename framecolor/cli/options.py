"""Options that several commands share: where a shot is, and how it is painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click
from click.shell_completion import CompletionItem

from framecolor.config.cascade import LayeredSettings, read_levels
from framecolor.config.settings import (
    MOST_LANES,
    MOST_THREADS,
    Background,
    EngineName,
    FormatName,
    LinePlacement,
    Mode,
    Settings,
)
from framecolor.core.precision import PrecisionChoice

if TYPE_CHECKING:
    pass

Command = TypeVar("Command", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path)


class _WordsType(click.ParamType):
    """A number or one of a few words, which a shell completes."""

    words: tuple[str, ...]

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class FitType(_WordsType):
    """A number of steps, or one of the words auto, keep, off."""

    words = ("auto", "keep", "off")

    name = "STEPS|auto|keep|off"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in self.words or isinstance(value, int):
            return value
        if str(value).isdecimal():
            return int(value)
        self.fail(f"{value!r} is not a number of steps, auto, keep or off", param, ctx)


class CountType(_WordsType):
    """A number from 1 to `most`, or the word auto."""

    words = ("auto",)

    name = "N|auto"

    def __init__(self, most: int) -> None:
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in self.words or isinstance(value, int):
            return value
        if str(value).isdecimal() and 1 <= int(value) <= self.most:
            return int(value)
        self.fail(f"{value!r} is not a number from 1 to {self.most}, or auto", param, ctx)


def shot_options(command: Command) -> Command:
    """Where things lie: keys, hints, stencils, the exposure sheet; frames."""
    for option in (
        click.option(
            "--sheet",
            type=_FOLDER,
            metavar="FILE|none",
            help="Exposure sheet, .xdts or .csv; SHOT/*.xdts or SHOT/sheet.csv if not given.",
        ),
        click.option("--frames", metavar="RANGE", help="Paint only these, such as 1-24x2 or 5,8,12."),
        click.option("--stencils", type=_FOLDER, help="Folder of masks, NNNN.png: change only there; see below."),
        click.option(
            "--hints", type=_FOLDER, help="Folder of strokes, NNNN.png on transparent; SHOT/hints if not given."
        ),
        click.option("--keys", type=_FOLDER, help="Folder of painted keys; SHOT/keys if not given."),
    ):
        command = option(command)
    return command


corrections_option = click.option(
    "--corrections",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Regions set right on the report page: final in their frame, and votes in others.",
)
overwrite_option = click.option("--overwrite", is_flag=True, default=None, help="Paint again what is up to date.")


def cel_option(command: Command) -> Command:
    """Which cels of a cut folder."""
    text = "Of a cut folder only these cels, such as A or A,B.R1; all if not given."
    return click.option("--cel", "cels", multiple=True, metavar="NAME", help=text)(command)


def paint_options(command: Command) -> Command:
    """Settings; what is not given comes from framecolor.toml or the defaults."""
    for option in (
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Settings of this TOML file, and of no framecolor.toml, as a farm job takes its own along.",
        ),
        click.option("--seed", type=click.IntRange(0), help="Seed of the fit, and of colors that are proposed."),
        click.option(
            "--model", type=click.Path(), metavar="PATH", help="Colorist that proposes colors where there is no key."
        ),
        click.option(
            "--background",
            type=click.Choice([b for b in get_args(Background) if b != "keys"]),
            help="Paper; as in the keys if not given.",
        ),
        click.option(
            "--mattes", is_flag=True, default=None, help="Also write the palette color of each pixel as an id."
        ),
        click.option(
            "--format",
            type=click.Choice(get_args(FormatName)),
            help="Of the frames; png if not given. psd needs its extra.",
        ),
        click.option(
            "--line",
            type=click.Choice(get_args(LinePlacement)),
            help="Lines over the paint, not at all, or as own files.",
        ),
        click.option(
            "--reference",
            type=click.Path(),
            metavar="IMAGE",
            help="Where unsure, or without a key: colors as in this picture.",
        ),
        click.option("--palette", type=click.Path(), metavar="FILE", help="Use only the colors of this .gpl file."),
        click.option(
            "--gap", "gap_px", type=click.FloatRange(0), metavar="PX", help="Close openings in lines up to this wide."
        ),
        click.option("--threads", type=CountType(MOST_THREADS), help="Processor cores to keep busy; all if not given."),
        click.option("--lanes", type=CountType(MOST_LANES), help="Drawings that each GPU works on at once."),
        click.option(
            "--precision",
            type=click.Choice(get_args(PrecisionChoice)),
            help="Of the networks: the fastest that the machine has, or float32.",
        ),
        click.option("--engine", type=click.Choice(get_args(EngineName)), help="Where the network runs."),
        click.option(
            "--mode", type=click.Choice(get_args(Mode)), help="flat: exact palette colors; painted: soft color."
        ),
        click.option("--fit", type=FitType(), help="Tuning on the keys: steps, auto, keep the last one, or off."),
    ):
        command = option(command)
    return command


def gather_settings(root: Path, given: dict[str, Any]) -> Settings:
    """Of a shot's folder: see `gather_levels`."""
    return gather_levels(root, given).settings


def gather_levels(root: Path, given: Mapping[str, Any]) -> LayeredSettings:
    """Defaults, then each framecolor.toml, or the file of --settings in their place, then the options given."""
    options = {name: value for name, value in given.items() if name != "settings_file"}
    return read_levels(root, options, given.get("settings_file"))
