"""framecolor: line-art frames and a few painted keys in, every frame painted in exactly the painter's colors out.

from framecolor import Settings, Shot, colorize

shot = Shot.open("cut_012")
outcome = colorize(shot, settings=Settings(gap_px=3))
print(outcome.out, outcome.failed, outcome.unsure)

docs/api.md lists all public names; whatever is not exported here may change with any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.config.settings import Settings
    from framecolor.errors import (
        EngineError,
        FramecolorError,
        InputError,
        OutputError,
        PaletteError,
        ReadError,
        SettingsError,
        ShotError,
    )
    from framecolor.evaluation.metrics import score_folders
    from framecolor.movie.movie import write_movie
    from framecolor.movie.sheet import write_sheet
    from framecolor.output.frame_entry import UnsureRegion
    from framecolor.pipeline.color_frames import ColoredFrame, color_frames
    from framecolor.pipeline.colorize import colorize, colorize_part, colorize_stencils, prepare
    from framecolor.pipeline.events import Event, FrameDone, Progress, Warned
    from framecolor.pipeline.result import Outcome, gather_parts
    from framecolor.recolor.recolor import recolor_frames
    from framecolor.report.page import write_report
    from framecolor.shot.shot import Shot

__version__ = VERSION

_NAMES = {
    "config.settings": "Settings",
    "errors": "EngineError FramecolorError InputError OutputError PaletteError ReadError SettingsError ShotError",
    "evaluation.metrics": "score_folders",
    "movie.movie": "write_movie",
    "movie.sheet": "write_sheet",
    "pipeline.color_frames": "ColoredFrame color_frames",
    "pipeline.colorize": "colorize colorize_part colorize_stencils prepare",
    "pipeline.events": "Event FrameDone Progress Warned",
    "pipeline.result": "Outcome gather_parts",
    "output.frame_entry": "UnsureRegion",
    "recolor.recolor": "recolor_frames",
    "report.page": "write_report",
    "shot.shot": "Shot",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "ColoredFrame",
    "EngineError",
    "Event",
    "FrameDone",
    "FramecolorError",
    "InputError",
    "Outcome",
    "OutputError",
    "PaletteError",
    "Progress",
    "ReadError",
    "Settings",
    "SettingsError",
    "Shot",
    "ShotError",
    "UnsureRegion",
    "Warned",
    "__version__",
    "color_frames",
    "colorize",
    "colorize_part",
    "colorize_stencils",
    "gather_parts",
    "prepare",
    "recolor_frames",
    "score_folders",
    "write_movie",
    "write_report",
    "write_sheet",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that `framecolor --help` answers at once."""
    if name in _HOMES:
        return getattr(import_module(f"framecolor.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'framecolor' has no attribute {name!r}")
