"""Check keys: leave out those that cannot be read, and warn of those that may surprise the painter."""

from __future__ import annotations

from dataclasses import replace

from framecolor.config.settings import Settings
from framecolor.keys.key_drawing import KeyDrawings
from framecolor.keys.keyframes import Keyframes
from framecolor.shot.shot import Shot


def leave_out_broken(shot: Shot, drawings: KeyDrawings) -> tuple[Shot, list[str]]:
    """Return the shot without keys, strokes and corrections of drawings that cannot be read, and a warning for each.

    Only the frames of these drawings fail; the others are painted from the other keys. Raises ReadError if no key is
    left.
    """
    broken = drawings.broken
    if not broken:
        return shot, []
    if shot.keys and broken.keys() >= shot.keys.keys():
        raise next(error for number, error in broken.items() if number in shot.keys)
    warnings = [
        f"key {number} is not used: its drawing cannot be read ({error.problem})"
        if number in shot.keys
        else f"strokes and corrections of frame {number} are not used: its drawing cannot be read ({error.problem})"
        for number, error in broken.items()
    ]
    keys = {number: path for number, path in shot.keys.items() if number not in broken}
    hints = {number: path for number, path in shot.hints.items() if number not in broken}
    right = tuple(correction for correction in shot.corrections if correction.number not in broken)
    return replace(shot, keys=keys, hints=hints, corrections=right), warnings


def find_mixed(keyframes: Keyframes) -> list[str]:
    """Warn of each key in which a region has a second color."""
    return [
        f"key {number}: more than one color in {count} region{'s' * (count > 1)}, of which only the most frequent is "
        "painted; draw a line or trace line between them"
        for number, count in sorted(keyframes.mixed.items())
    ]


def find_doubts(shot: Shot, keyframes: Keyframes, settings: Settings) -> list[str]:
    """Warn of keys that will be painted otherwise than the painter may expect."""
    doubts = find_mixed(keyframes)
    if shot.cel is not None and settings.background == "keys" and keyframes.palette.colors[:, 3].all():
        doubts.append(
            "its keys have opaque paper, and so will its frames; for transparent cels use --background transparent"
        )
    return doubts
