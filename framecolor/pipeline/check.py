"""Check a shot before it is painted: its keys against their drawings and against each other. Writes nothing.

A network is needed only for keys that share hardly a color, to tell whether they show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.engines.base import Runner
from framecolor.engines.registry import load_shipped
from framecolor.errors import ReadError
from framecolor.keys.checks.color_sets import find_color_sets
from framecolor.keys.checks.judge import judge_keys
from framecolor.keys.drawing_style import Pictures
from framecolor.keys.key_drawing import KeyDrawing, add_labels, make_key_drawing, map_in_pool
from framecolor.keys.keyframes import build_keyframes
from framecolor.keys.recolor import find_recolors, load_recolors
from framecolor.pipeline.stream import count_workers
from framecolor.shot.shot import Shot


def check_shot(
    shot: Shot, settings: Settings, given: Settings | None = None, seen: Pictures | None = None
) -> list[Fault]:
    """Find the faults of a shot's keys, by frame: those that a run on it warns of.

    given  the settings before `keys.drawing_style` chose a gap: also name the leaks that this gap closes
    seen   pictures that were read already, by `read_deciding`

    Drawings and keys that cannot be read have no faults here. Raises InputError for a key that does not fit its
    drawing, a hint without transparency or a correction outside of the picture, PaletteError if no key shows a color.
    """
    ways = [settings]
    if given is not None and given.closed_gap_px != settings.closed_gap_px:
        ways.append(settings.updated({name: getattr(given, name) for name in ("gap_px", "bridge_px")}))
    faults, *before = _find_faults(shot, ways, seen or Pictures({}, {}))
    if not before:
        return faults
    open_places = {(fault.frame, *place) for fault in faults if fault.kind == "leak" for place in fault.places}
    leaks = [fault for fault in before[0] if fault.kind == "leak"]
    closed = [leak for leak in leaks if not any((leak.frame, *place) in open_places for place in leak.places)]
    return [*(replace(leak, fix="it is closed in this run") for leak in closed), *faults]


def _find_faults(shot: Shot, ways: Sequence[Settings], seen: Pictures) -> list[list[Fault]]:
    """Find the faults of a shot's keys by each of some settings; every picture is read once.

    Keys are compared with each other by the first settings alone, by the networks on the processor if need be.
    """

    def read(number: int) -> list[KeyDrawing]:
        painted = None
        try:
            rgba = seen.drawings[number] if number in seen.drawings else shot.read_line(number)
        except ReadError:
            return []
        if number in shot.keys:
            with suppress(ReadError):
                painted = seen.keys[number] if number in seen.keys else shot.read_key(number)
        return [add_labels(shot, make_key_drawing(number, rgba, painted, settings)) for settings in ways]

    numbers = sorted({*shot.keys, *shot.hints, *(c.number for c in shot.corrections)})
    with ThreadPoolExecutor(count_workers(ways[0].count_cores(), shot.size)) as pool:
        by_key = [keys for keys in map_in_pool(read, numbers, pool) if keys]
    found, recolors = [], load_recolors(find_recolors(shot, ways[0]))
    for way, drawings in zip(ways, zip(*by_key, strict=True) if by_key else ((),) * len(ways), strict=True):
        if all(key.colors is None for key in drawings):
            found.append([])
            continue
        keyframes = build_keyframes({key.number: key for key in drawings}, way, shot.root, recolors=recolors)
        keyframes, faults = judge_keys(keyframes, way, shot.root, is_cel=shot.cel is not None)
        found.append(faults)
        if way is ways[0]:
            faults += find_color_sets(keyframes, lambda: _load(ways[0]))
    return found


def _load(settings: Settings) -> Runner:
    # Two keys are compared in a second; on a GPU, networks may have to be compiled first.
    return load_shipped("cpu", settings.lanes, settings.precision, settings.count_cores())[0]
