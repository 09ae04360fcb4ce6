"""Decide which side of a trace line its pixels belong to: the one that the keys show, else the darker one.

A painter fills up to a trace line from one side, so that the line vanishes in one of the two fills: in most studios the
shadow takes its line, in some the highlight as well. Where the keys show no rule, as lines that were found between two
fills, pixels belong to their nearest region.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import FAINT, Frame, Palette, Regions
from framecolor.lineart.line_sides import LineSides, find_line_sides
from framecolor.render.flat import Taken

# A pixel of a key shows a side if it is so much nearer to its color, as a share of both differences; the fills on both
# sides differ by so many levels.
_NEARER_SHARE, _APART_LEVELS = 0.25, 12
# A pair of colors has a rule if this share of so many pixels shows the same side.
_RULE_SHARE, _RULE_PX = 0.85, 8
# Keys that fill up to trace lines follow rules in nearly all pixels. Where trace lines were found between two fills,
# fewer than half do: then there is no rule.
_RULED_SHARE, _FEWEST_PX = 0.7, 12
_LUMINANCE = np.array([0.299, 0.587, 0.114])

Votes = NDArray[np.int64]
"""[N, 4]: hue of a trace line, region whose color its pixels have in a key, region on the other side, pixels."""


def count_sides(painted: NDArray[np.uint8], frame: Frame, regions: Regions, colors: NDArray[np.uint8]) -> Votes:
    """Count the pixels of a key's trace lines by the side that they belong to.

    painted  the key, uint8 HxWx4; colors: of each region in it, uint8 [count + 1, 4]
    """
    sides = find_line_sides(regions) if frame.trace.any() else None
    if sides is None:
        return np.zeros((0, 4), np.int64)
    hue, one, two, place = _list_pixels(frame, sides)
    shown = painted.reshape(-1, 4)[place].astype(int)
    shown[shown[:, 3] < 128] = (255, 255, 255, 0)
    fills = lay_over_color(colors).astype(int)
    to_one, to_two = (np.abs(shown[:, :3] - fills[side]).max(axis=1) for side in (one, two))
    apart = np.abs(fills[one] - fills[two]).max(axis=1)
    is_clear = (apart >= _APART_LEVELS) & (np.minimum(to_one, to_two) <= _NEARER_SHARE * apart)
    shows_one = to_one <= to_two
    rows = np.stack([hue, np.where(shows_one, one, two), np.where(shows_one, two, one)], axis=1)[is_clear]
    found, count = np.unique(rows, axis=0, return_counts=True)
    return np.concatenate([found, count[:, None]], axis=1).astype(np.int64).reshape(-1, 4)


@dataclass(frozen=True)
class TraceSides:
    """The rules of a shot.

    rules  (hue, lower palette entry, higher one) -> the entry that takes the line, -1 if the keys show no rule
    dark   whether the darker side takes the lines of all other pairs; if not, there are no rules
    """

    rules: Mapping[tuple[int, int, int], int] = field(default_factory=dict)
    dark: bool = True

    @classmethod
    def learn(cls, keys: Iterable[tuple[Votes, NDArray[np.intp]]]) -> TraceSides:
        """Learn the rules from the votes of each key, and the palette entry of each of its regions."""
        pixels: dict[tuple[int, int, int], list[int]] = {}
        for votes, entries in keys:
            for hue, shown, other, count in votes.tolist():
                winner, loser = int(entries[shown]), int(entries[other])
                if min(winner, loser) >= 0 and winner != loser:
                    both = pixels.setdefault((hue, min(winner, loser), max(winner, loser)), [0, 0])
                    both[winner > loser] += count
        rules, ruled, total = {}, 0, 0
        for pair, both in pixels.items():
            if sum(both) < _RULE_PX:
                continue
            is_rule = max(both) >= _RULE_SHARE * sum(both)
            rules[pair] = pair[1 + int(both[1] > both[0])] if is_rule else -1
            ruled, total = ruled + is_rule * sum(both), total + sum(both)
        if total < _FEWEST_PX:
            return cls()
        return cls(rules) if ruled >= _RULED_SHARE * total else cls(dark=False)

    def choose(self, frame: Frame, sides: LineSides, entries: NDArray[np.intp], palette: Palette) -> Taken | None:
        """Choose the pixels of a drawing's trace lines that are painted from one side; None if there are none.

        sides    of the drawing's lines
        entries  palette entry of each region, intp [count + 1]
        """
        if not frame.trace.any() or not self.dark:
            return None
        hue, one, two, place = _list_pixels(frame, sides)
        differs = entries[one] != entries[two]
        hue, one, two, place = hue[differs], one[differs], two[differs], place[differs]
        first, second = entries[one], entries[two]
        ordered = np.stack([hue, np.minimum(first, second), np.maximum(first, second)], axis=1)
        pairs, which = np.unique(ordered, axis=0, return_inverse=True)
        light = np.asarray(lay_over_color(palette.colors) @ _LUMINANCE, np.float64)
        winner = np.array([self._find_winner(hue, a, b, light) for hue, a, b in pairs.tolist()], np.intp)
        takes = winner[which.ravel()]
        ruled = takes >= 0
        return Taken(place[ruled], np.where(takes == first, one, two)[ruled].astype(np.int32))

    def _find_winner(self, hue: int, one: int, two: int, light: NDArray[np.float64]) -> int:
        if (rule := self.rules.get((hue, one, two))) is not None:
            return rule
        return one if light[one] <= light[two] else two


def _list_pixels(
    frame: Frame, sides: LineSides
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
    """List the pixels that trace lines cover: hue, region on both sides, and flat index, each [N]."""
    box = sides.box
    hues = box.crop(frame.trace.view(np.uint8) if frame.hues is None else frame.hues)
    one, two = sides.first, sides.second
    y, x = np.nonzero((hues > 0) & (hues < FAINT) & (one != two))
    return hues[y, x].astype(np.intp), one[y, x], two[y, x], ((y + box.top) * box.width + x + box.left).astype(np.intp)
