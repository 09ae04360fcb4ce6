"""Judge the regions of keys that have the color of paper: paper, white paint, left unpainted, or unclear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import WHITE as WHITE_PAPER
from framecolor.core.faults import Fault
from framecolor.core.text import count_of
from framecolor.core.types import Regions
from framecolor.keys.checks.holes import find_middle
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.touching import find_beyond_line, find_main_paper
from framecolor.matching.paper_kinds import LEFT, PAINT, PAPER, UNCLEAR, WHITE, Kinds

# Smallest share of the picture that is named as unclear: 400 px in 1080p.
_SMALLEST_UNCLEAR = 1 / 5_000


def judge_paper(keyframes: Keyframes, faults: Iterable[Fault]) -> Keyframes:
    """Add to keyframes what the keys' regions in the color of paper are (`Keyframes.paper`).

    faults  of the keys (`keys.checks.judge.find_faults`)
    """
    holes: dict[int, set[tuple[int, int]]] = {}
    for fault in faults:
        if fault.kind == "hole":
            holes.setdefault(fault.frame, set()).update(fault.places)
    paper = {n: _judge(keyframes, n, holes.get(n, set())) for n in keyframes.whole if n in keyframes.drawings}
    return replace(keyframes, paper=paper)


def _judge(keyframes: Keyframes, number: int, holes: set[tuple[int, int]]) -> Kinds:
    drawing = keyframes.drawings[number].drawing
    regions, color = drawing.regions(), keyframes.palette.colors[keyframes.index[number]]
    clear, white = color[:, 3] == 0, (color == WHITE_PAPER).all(axis=1)
    kinds = np.where(clear, PAPER, PAINT)
    if not clear[1:].any() and white[1:].any():
        kinds = _judge_white(regions, drawing.frame().lines, white)
    for x, y in holes:
        kinds[regions.labels[y, x]] = LEFT
    kinds[0] = PAINT
    return kinds.astype(np.int8)


def _judge_white(regions: Regions, lines: NDArray[np.bool_], white: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Judge regions as white as opaque paper: what does not touch the border is paint, as it stays white."""
    along = white & regions.along_border
    main = find_main_paper(regions, white)
    figure = find_beyond_line(regions, lines, main, along & ~main)
    kinds = np.where(white, WHITE, PAINT)
    kinds[along & ~figure] = UNCLEAR
    kinds[main | (along & ~figure & outside_regions(regions))] = PAPER
    return kinds


def find_paper_faults(keyframes: Keyframes, settings: Settings) -> list[Fault]:
    """Find keys whose paper is another one than that of other keys, or that do not tell white paper from white paint.

    Call it after `judge_paper`.
    """
    faults = []
    for number in keyframes.opaque_keys:
        if keyframes.palette.has_clear_paper:
            text = "its paper is opaque white, that of other keys is transparent"
            faults.append(Fault("paper", number, text, "save all keys on transparent paper"))
        elif settings.background == "transparent":
            faults += _find_unclear(keyframes, number)
    return faults


def _find_unclear(keyframes: Keyframes, number: int) -> list[Fault]:
    regions = keyframes.drawings[number].drawing.regions()
    is_large = regions.area >= _SMALLEST_UNCLEAR * regions.labels.size
    unclear = np.flatnonzero((keyframes.paper[number] == UNCLEAR) & is_large).tolist()
    if not unclear:
        return []
    text = f"{count_of(len(unclear), 'white region')} along the border may be paper or figure, and will be transparent"
    places = tuple(find_middle(regions, region) for region in unclear)
    return [Fault("paper", number, text, "save the key on transparent paper", places)]
