"""framecolor: line-art frames and a few painted keys in, every frame painted in exactly the painter's colors out.

from framecolor import Settings, Shot, colorize

shot = Shot.open("cut_012")
outcome = colorize(shot, settings=Settings(gap_px=3))
print(outcome.out, outcome.failed, outcome.unsure)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.config.settings import Settings
    from framecolor.errors import FramecolorError
    from framecolor.evaluation.metrics import score_folders
    from framecolor.pipeline.colorize import colorize
    from framecolor.pipeline.result import Outcome
    from framecolor.shot.shot import Shot

__version__ = VERSION

__all__ = ["FramecolorError", "Outcome", "Settings", "Shot", "__version__", "colorize", "score_folders"]

_HOMES = {
    "FramecolorError": "errors",
    "Outcome": "pipeline.result",
    "Settings": "config.settings",
    "Shot": "shot.shot",
    "colorize": "pipeline.colorize",
    "score_folders": "evaluation.metrics",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that `framecolor --help` answers at once."""
    if name in _HOMES:
        return getattr(import_module(f"framecolor.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'framecolor' has no attribute {name!r}")
