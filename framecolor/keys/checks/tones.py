"""Find the base colors of regions that a painter shaded without lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from framecolor.keys.checks.parts import Part, is_shade
from framecolor.lineart.region_colors import SCATTER_LEVELS, RegionColors, Rgba, as_color

# The lighter of two tones is the base, unless it has only this share of them: then it is a highlight.
_HIGHLIGHT_SHARE = 0.2
# Shades of different colors by one factor, this exact, are a layer of shadow: the lighter color is always the base.
_LAYER_SPREAD = 0.04
# A color that is exactly that factor of a base color, within these levels, is its shade.
_LAYER_LEVELS = 3


@dataclass(eq=False)
class _Pair:
    """A shade and its base: their pixels where both lie in one region."""

    dark_px: int = 0
    light_px: int = 0


def settle_tones(colors: Mapping[int, RegionColors], parts: Mapping[int, Sequence[Part]]) -> dict[int, RegionColors]:
    """Give regions of two tones their base color. Returns the colors of all keys, by number.

    colors  of each key's regions
    parts   of each key's regions in another color
    """
    toned = {number: [part for part in found if part.kind == "tones"] for number, found in parts.items()}
    if not any(toned.values()):
        return dict(colors)
    table = _Table()
    pairs: dict[tuple[int, int], _Pair] = {}
    for number, found in toned.items():
        for part in found:
            if is_shade(part.color, part.main):
                _count(pairs, table, part, int(colors[number].seen[part.region]))
    factor = _find_factor(pairs, table)
    base: dict[int, int] = {}
    for (dark, light), pair in pairs.items():
        is_layer = factor is not None and abs(_measure_factor(dark, light, table) - factor) <= _LAYER_SPREAD
        lit = is_layer or pair.light_px >= _HIGHLIGHT_SHARE * (pair.light_px + pair.dark_px)
        base.setdefault(dark if lit else light, light if lit else dark)
    rare = _find_rare(colors, toned, pairs, table)
    return {number: _rebase(one, toned.get(number, ()), base, factor, rare, table) for number, one in colors.items()}


class _Table:
    """Colors with their numbers: those within compression noise share one."""

    def __init__(self) -> None:
        self.colors: list[Rgba] = []

    def find(self, color: Rgba) -> int:
        for i, known in enumerate(self.colors):
            if max(abs(a - b) for a, b in zip(known, color, strict=True)) <= SCATTER_LEVELS:
                return i
        self.colors.append(color)
        return len(self.colors) - 1


def _count(pairs: dict[tuple[int, int], _Pair], table: _Table, part: Part, seen: int) -> None:
    main, other = table.find(part.main), table.find(part.color)
    is_darker = sum(part.color[:3]) < sum(part.main[:3])
    pair = pairs.setdefault((other, main) if is_darker else (main, other), _Pair())
    rest = max(0, seen - part.px)
    pair.dark_px += part.px if is_darker else rest
    pair.light_px += rest if is_darker else part.px


def _measure_factor(dark: int, light: int, table: _Table) -> float:
    return sum(table.colors[dark][:3]) / max(1, sum(table.colors[light][:3]))


def _find_factor(pairs: Mapping[tuple[int, int], _Pair], table: _Table) -> float | None:
    """Find the factor of a layer of shadow over several colors; None if there is none."""
    factors = np.array([_measure_factor(dark, light, table) for dark, light in pairs])
    if not len(factors):
        return None
    alike = np.abs(factors[:, None] - factors[None]) <= _LAYER_SPREAD
    best = int(alike.sum(axis=1).argmax())
    return float(np.median(factors[alike[best]])) if alike[best].sum() > 1 else None


def _find_rare(
    colors: Mapping[int, RegionColors],
    toned: Mapping[int, Sequence[Part]],
    pairs: Mapping[tuple[int, int], _Pair],
    table: _Table,
) -> set[int]:
    """Find the colors that fill less in whole regions than in regions of two tones.

    A shade that mostly has its own regions, between trace lines, is a paint of its own there.
    """
    whole: dict[int, int] = {}
    for number, one in colors.items():
        shaded = {part.region for part in toned.get(number, ())}
        for region in np.flatnonzero(one.pure).tolist():
            if region and region not in shaded:
                color = table.find(as_color(one.color[region]))
                whole[color] = whole.get(color, 0) + int(one.seen[region])
    mixed: dict[int, int] = {}
    for (dark, light), pair in pairs.items():
        mixed[dark] = mixed.get(dark, 0) + pair.dark_px
        mixed[light] = mixed.get(light, 0) + pair.light_px
    return {color for color in range(len(table.colors)) if whole.get(color, 0) < max(1, mixed.get(color, 0))}


def _rebase(
    one: RegionColors,
    toned: Sequence[Part],
    base: Mapping[int, int],
    factor: float | None,
    rare: set[int],
    table: _Table,
) -> RegionColors:
    """Replace shades by their base: in regions of two tones, and where a rare shade fills a whole region."""
    color, votes, rivals = one.color.copy(), one.votes.copy(), one.rivals.copy()
    shaded = {part.region for part in toned if is_shade(part.color, part.main)}
    for region in range(1, len(color)):
        main = as_color(color[region])
        if not main[3]:
            continue
        number = table.find(main)
        is_shaded = region in shaded or (one.pure[region] and number in rare)
        found = _find_base(number, main, base, factor, table) if is_shaded else None
        if found is not None:
            color[region] = found
        if region in shaded:
            votes[region], rivals[region] = one.seen[region], 0
    return replace(one, color=color, votes=votes, rivals=rivals)


def _find_base(number: int, main: Rgba, base: Mapping[int, int], factor: float | None, table: _Table) -> Rgba | None:
    """Find the base of a color, `number` in the table; None if it is no shade."""
    if number in base:
        return table.colors[base[number]]
    if factor is None or number in base.values():
        return None
    for light in dict.fromkeys(base.values()):
        shade = np.array(table.colors[light][:3]) * factor
        if np.abs(shade - main[:3]).max() <= _LAYER_LEVELS:
            return table.colors[light]
    return None
