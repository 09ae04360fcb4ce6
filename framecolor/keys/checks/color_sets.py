"""Find keys that show the same in other colors, with as little work as clean shots need: none by a network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from framecolor.core.faults import Fault
from framecolor.engines.base import Runner
from framecolor.keys.key_gallery import compare_by, describe_drawing
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.regions import outside_regions
from framecolor.matching.color_sets import may_be_other_set
from framecolor.matching.gallery import KeyRegions, differ_in_set


def find_color_sets(keyframes: Keyframes, load: Callable[[], Runner]) -> list[Fault]:
    """Find the whole keys that show what the one before shows in other colors.

    load  returns the networks; it is called only if two neighboring keys share hardly a color. Keyframes from a cache
          have no drawings to compare, and no faults here.
    """
    pairs = list_unlike_pairs(keyframes)
    if not pairs:
        return []
    runner = load()
    compare = compare_by(runner)
    described = {number: _describe(keyframes, number, runner) for number in sorted({n for pair in pairs for n in pair})}
    text = "shows what key {} shows in other colors, as by day and by night: each frame takes those of its nearest key"
    return [
        Fault("color set", two, text.format(one), "paint one more key where that is wrong")
        for one, two in pairs
        if differ_in_set(described[one], described[two], compare)
    ]


def list_unlike_pairs(keyframes: Keyframes) -> list[tuple[int, int]]:
    """List the neighboring whole keys that share hardly a color, by the areas of their regions alone."""
    painted = sorted(keyframes.whole.difference(keyframes.proposed).intersection(keyframes.drawings))
    areas = {}
    for number in painted if len(painted) > 1 else ():
        key = keyframes.drawings[number]
        area = np.where(outside_regions(key.drawing.regions()), 0, key.area).astype(np.float64)
        areas[number] = area[1:], keyframes.index[number][1:]
    return [(one, two) for one, two in pairwise(painted) if may_be_other_set(*areas[one], *areas[two])]


def _describe(keyframes: Keyframes, number: int, runner: Runner) -> KeyRegions:
    tokens = None if keyframes.gallery is None else keyframes.gallery.find(number)
    tokens = tokens or describe_drawing(keyframes.drawings[number].drawing, keyframes.scale, runner)
    return keyframes.list_regions(number, tokens)
