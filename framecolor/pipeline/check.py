"""Check a shot before it is painted: its keys against their drawings. Needs no network and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.errors import ReadError
from framecolor.keys.drawing_style import Pictures
from framecolor.keys.key_checks import find_faults
from framecolor.keys.key_drawing import KeyDrawing, map_in_pool, read_key_drawing
from framecolor.lineart.region_colors import build_palette
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
    """Find the faults of a shot's keys by each of some settings; every picture is read once."""

    def read(number: int) -> list[KeyDrawing]:
        painted = None
        try:
            rgba = seen.drawings[number] if number in seen.drawings else shot.read_line(number)
        except ReadError:
            return []
        if number in shot.keys:
            with suppress(ReadError):
                painted = seen.keys[number] if number in seen.keys else shot.read_key(number)
        return [read_key_drawing(shot, number, rgba, painted, settings) for settings in ways]

    numbers = sorted({*shot.keys, *shot.hints, *(c.number for c in shot.corrections)})
    with ThreadPoolExecutor(count_workers(ways[0].count_cores(), shot.size)) as pool:
        by_key = [keys for keys in map_in_pool(read, numbers, pool) if keys]
    found = []
    for drawings in zip(*by_key, strict=True) if by_key else [()] * len(ways):
        if painted := [key.colors for key in drawings if key.colors is not None]:
            build_palette(painted)
        found.append(find_faults({key.number: key for key in drawings}))
    return found
