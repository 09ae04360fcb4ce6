"""Options that several commands share: where a shot is and how it is painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from framecolor.config.cascade import LayeredSettings
    from framecolor.config.setting import Setting
    from framecolor.config.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

# --help lists these settings first, then the others in the order of their fields.
_FIRST = ("fit", "mode", "engine", "precision", "lanes", "threads", "gap_px", "palette", "recolor", "reference", "line",
          "format", "mattes", "cryptomatte", "background", "model", "seed")  # fmt: skip


class _DrawingNumber(click.ParamType):
    """The number of a drawing, such as 12 or 2a."""

    name = "drawing"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from framecolor.core.drawing_number import read_number

        try:
            return value if isinstance(value, int) else read_number(value)
        except ValueError:
            self.fail(f"{value!r} is not the number of a drawing, such as 12 or 2a", param, ctx)


DRAWING_NUMBER = _DrawingNumber()


class NumberOrWord(click.ParamType):
    """A number that a setting allows, or one of its words. The shell completes the words."""

    name = "number or word"

    def __init__(self, stated: Setting) -> None:
        self._stated = stated

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = _parse_number(str(value), value) if self._stated.kind is float else value
        if isinstance(found, float) and found >= self._stated.bounds[0]:
            return found  # `Settings` checks the upper bound
        found = int(value) if self._stated.kind is int and str(value).isdecimal() else found
        if not self._stated.allows(found):
            self.fail(f"{value!r} is not {self._stated.wanted}", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return [CompletionItem(word) for word in self._stated.words if word.startswith(incomplete)]


def _parse_number(text: str, other: Any) -> Any:
    try:
        return float(text)
    except ValueError:
        return other


def setting_option(name: str, **changes: Any) -> Callable[[Command], Command]:
    """Make the option of a setting from its field; `changes` are parameters of `click.option` that override it."""
    from framecolor.config.settings import SETTINGS

    stated = SETTINGS[name]
    form: dict[str, Any] = {"help": stated.help, "metavar": stated.metavar, "default": None}
    if stated.kind is bool:
        form["is_flag"] = True
    elif stated.kind is str:
        form["type"] = click.Path()
    else:
        form |= {"type": _choose_type(stated), "show_default": str(stated.default)}
        if stated.metavar and stated.words:
            form["metavar"] = "|".join((stated.metavar, *stated.words))
    return click.option(stated.option, name, **form | changes)


def _choose_type(stated: Setting) -> click.ParamType:
    if stated.check is not None:
        return click.STRING  # `Settings` checks it
    if stated.kind is NoneType:
        return click.Choice([word for word in stated.words if word not in stated.file_only])
    if stated.words:
        return NumberOrWord(stated)
    least, _ = stated.bounds  # `Settings` checks the upper bound
    return click.IntRange(int(least)) if stated.kind is int else click.FloatRange(least)


def cel_option(command: Command) -> Command:
    """Add --cel, which chooses cels of a cut folder."""
    text = "Cels of a cut folder, such as A or A,B.R1; all if not given."
    return click.option("--cel", "cels", multiple=True, metavar="NAME", help=text)(command)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FRAMES_FOLDER = "Folder for the frames; SHOT/color if not given."
out_option = click.option("-o", "--out", type=PATH, help=FRAMES_FOLDER)
corrections_option = click.option(
    "--corrections",
    type=PATH,
    metavar="FILE|none",
    help="Regions corrected on the report page: final in their frame, votes in others; SHOT/corrections.json if not "
    "given.",
)


references_option = click.option(
    "--references",
    type=PATH,
    metavar="DIR|none",
    help="Folder of painted drawings of other cuts or of a design sheet, line art in DIR/line; SHOT/references and "
    "references above SHOT if not given.",
)


def shot_options(command: Command) -> Command:
    """Add the options that name a shot's folders and exposure sheet, and the frames and cels to paint."""
    return add_options(
        command,
        click.option("--keys", type=PATH, help="Folder of painted keys; SHOT/keys if not given."),
        click.option("--hints", type=PATH, help="Folder of strokes, NNNN.png on transparent; SHOT/hints if not given."),
        click.option("--stencils", type=PATH, help="Folder of masks, NNNN.png: painted frames change only inside."),
        references_option,
        click.option("--frames", metavar="RANGE", help="Paint only these frames, such as 1-24x2 or 5,8,12."),
        click.option(
            "--sheet",
            type=PATH,
            metavar="FILE|none",
            help="Exposure sheet: .xdts, .tdts, .sxf, .csv or an export of TVPaint or Krita; SHOT's own if not given.",
        ),
        cel_option,
    )


def paint_options(command: Command) -> Command:
    """Add an option for each setting. One that is not given comes from framecolor.toml or the defaults."""
    from framecolor.config.settings import SETTINGS

    file_option = click.option(
        "--settings",
        "settings_file",
        type=PATH,
        metavar="FILE",
        help="Read settings from this TOML file instead of any framecolor.toml, as farm jobs do.",
    )
    others = [name for name, stated in SETTINGS.items() if stated.option and name not in _FIRST]
    return add_options(command, *map(setting_option, _FIRST), file_option, *map(setting_option, others))


def add_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Give a command options, in the order in which --help lists them."""
    for option in reversed(options):
        command = option(command)
    return command


def gather_settings(root: Path, given: dict[str, Any]) -> Settings:
    """Read the settings of a shot's folder and of the options given; see `gather_levels`."""
    return gather_levels(root, given).settings


def gather_levels(root: Path, given: Mapping[str, Any]) -> LayeredSettings:
    """Read settings and their sources: defaults, each framecolor.toml (or the --settings file instead), options."""
    from framecolor.config.cascade import read_levels

    options = {name: value for name, value in given.items() if name != "settings_file"}
    return read_levels(root, options, given.get("settings_file"))
