"""Check keys: leave out those that cannot be read, and find the faults of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.core.text import count_of
from framecolor.keys.checks.faults import format_color
from framecolor.keys.checks.holes import PaintedKey, find_holes, find_middle
from framecolor.keys.checks.paper import find_paper_faults, judge_paper
from framecolor.keys.key_drawing import KeyDrawing, KeyDrawings
from framecolor.keys.keyframes import Keyframes, list_painted
from framecolor.keys.named_palette import describe_use
from framecolor.lineart.region_colors import RegionColors, Rgba, as_color
from framecolor.media import read_swatch_list
from framecolor.shot.shot import Shot

# Colors that differ by so many levels are one color, if the key is exact in this share of its pixels.
_OFF_LEVELS = 2
_EXACT_SHARE = 0.998
_FEWEST_PX = 24


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


def find_faults(drawings: Mapping[int, KeyDrawing]) -> list[Fault]:
    """Find the faults of a shot's keys, by number: each key's own, and those that show between keys."""
    keys = [key for _, key in sorted(drawings.items()) if key.colors is not None]
    faults = [fault for key in keys for fault in key.faults]
    painted = [
        PaintedKey(key.number, key.drawing.frame(), key.drawing.regions(), key.colors, key.bare.unpack())
        for key in keys
        if key.colors is not None and key.bare is not None
    ]
    blank = {key.number for key in painted if _is_blank(key)}
    faults += [
        Fault("blank", number, "shows one color in all regions: nothing is painted", "paint it, or remove it")
        for number in sorted(blank)
    ]
    faults += [fault for fault in find_holes(painted) if fault.frame not in blank]
    faults += find_near_colors([key for key in painted if drawings[key.number].soft is None])
    return sorted(faults, key=lambda fault: fault.frame)


def _is_blank(key: PaintedKey) -> bool:
    """Tell whether a key has one color, or none, in all regions of its drawing, of which there are several."""
    fills = key.regions.area[1:] >= _FEWEST_PX
    return bool(np.count_nonzero(fills) > 1 and len(np.unique(key.colors.color[1:][fills], axis=0)) == 1)


def find_near_colors(keys: Sequence[PaintedKey]) -> list[Fault]:
    """Find regions whose color is a level or two off a color that fills more: a mistake of the color picker."""
    filled: dict[Rgba, int] = {}
    regions: dict[Rgba, list[tuple[int, int]]] = {}
    exact = [key for key in keys if _is_exact(key.colors)]
    for key in exact:
        for region in np.flatnonzero(key.colors.pure & (key.colors.seen >= _FEWEST_PX)).tolist():
            color = as_color(key.colors.color[region])
            filled[color] = filled.get(color, 0) + int(key.colors.seen[region])
            regions.setdefault(color, []).append((key.number, region))
    by_number = {key.number: key for key in exact}
    faults = []
    for color, places in regions.items():
        near = [
            (max(abs(a - b) for a, b in zip(color, other, strict=True)), other)
            for other in filled
            if other != color and filled[other] > filled[color]
        ]
        off, other = min(near, default=(_OFF_LEVELS + 1, color))
        if off > _OFF_LEVELS:
            continue
        for number, region in places:
            text = f"{format_color(color)} is {count_of(off, 'level')} off {format_color(other)}"
            place = find_middle(by_number[number].regions, region)
            faults.append(Fault("near color", number, text, "paint both in one color, or ignore this", (place,)))
    return faults


def _is_exact(colors: RegionColors) -> bool:
    """Tell whether a key has hard edges: the levels of antialiased and compressed fills are not meant."""
    return int(colors.votes[1:].sum()) >= _EXACT_SHARE * int(colors.seen[1:].sum())


def judge_keys(
    keyframes: Keyframes, settings: Settings, root: Path, own: Sequence[Fault] | None = None, *, is_cel: bool = False
) -> tuple[Keyframes, list[Fault]]:
    """Find the faults of keys that need no network, and add to the keyframes what in them is paper (`judge_paper`).

    root    folder of the shot, to which the settings' paths are relative
    own     the result of `find_faults`; None: found now
    is_cel  whether the frames are a cel, which is composited over others
    """
    faults = list(find_faults(keyframes.drawings) if own is None else own)
    keyframes = judge_paper(keyframes, faults)
    painted = sorted(keyframes.whole.difference(keyframes.proposed))
    if is_cel and painted and settings.background == "keys" and not keyframes.palette.has_clear_paper:
        text = "has opaque paper, as all keys here, and so will the frames"
        faults.append(Fault("paper", painted[0], text, "for transparent cels use --background transparent"))
    if painted and settings.palette is not None:
        path = root / settings.palette
        lines = describe_use(list_painted(keyframes.drawings), keyframes.palette, read_swatch_list(path), path.name)
        faults += [Fault("palette", painted[0], line, role="palette") for line in lines]
    if unused := keyframes.recolors.describe_unused(keyframes.known):
        faults.append(Fault("recolor", min(keyframes.index, default=0), unused, "correct or remove it", role="palette"))
    return keyframes, [*faults, *find_paper_faults(keyframes, settings)]
