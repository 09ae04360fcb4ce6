"""Ask for the tones of one part where a trace line parts two regions, before any other color.

A trace line parts light from shadow in one part. If a palette names the tones of parts, and no key shows a region's
color beside the color across the line, its answer is limited to the tones of that part: the shadow of this skin comes
before some other dark color.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Frame, Regions
from framecolor.keys.named_palette import ColorTuples
from framecolor.lineart.trace_contact import find_trace_contacts

# How likely each tone is if nothing else is known, in the order of TONES: what is smaller than the base is its shadow.
_PRIOR = np.array([0.55, 0.15, 0.75, 0.1], np.float32)
# Least probability that the larger region has a color of the tuple.
_SURE = 0.5
# Share of the belief that the tuple decides.
_TRUST = np.float32(0.9)
_LEAST_EVIDENCE = 0.05


def settle_tones(
    belief: NDArray[np.float32], fixed: NDArray[np.bool_], frame: Frame, regions: Regions, tuples: ColorTuples
) -> NDArray[np.float32]:
    """Limit regions to the tones of the part across their trace line. Returns the belief, [count + 1, P].

    belief  probability of each palette color in each region
    fixed   regions whose color is known, bool [count + 1]: they stay
    """
    contacts = find_trace_contacts(frame, regions)
    if not len(contacts.pairs):
        return belief
    belief = belief.copy()
    area = regions.area
    across: dict[int, list[tuple[int, int]]] = {}
    for (one, two), found in zip(contacts.pairs.tolist(), contacts.found.tolist(), strict=True):
        small, large = sorted((one, two), key=lambda region: (area[region], region))
        across.setdefault(small, []).append((found, large))
    for region in sorted(across, key=lambda region: (-area[region], region)):
        partner = max(across[region])[1]
        if not fixed[region]:
            _limit(belief, region, partner, tuples)
    return belief


def _limit(belief: NDArray[np.float32], region: int, partner: int, tuples: ColorTuples) -> None:
    """Limit a region to the tuple of its partner, which is larger, if its color was never seen beside the partner's."""
    color, beside = int(belief[region].argmax()), int(belief[partner].argmax())
    if tuples.seen[color, beside] or belief[partner, beside] < _SURE:
        return
    rows = np.flatnonzero((tuples.entries == beside).any(axis=1))
    if not len(rows) or (color != beside and (tuples.entries[rows] == color).any()):
        return
    entries = tuples.entries[rows[0]]
    tones = np.flatnonzero((entries >= 0) & (entries != beside))
    masses = np.where(tuples.entries >= 0, belief[region][tuples.entries], 0)
    evidence = _LEAST_EVIDENCE + masses.sum(axis=0)
    weight = (_PRIOR * evidence)[tones]
    share = np.zeros_like(belief[region])
    share[entries[tones]] = weight / weight.sum()
    belief[region] = (1 - _TRUST) * belief[region] + _TRUST * share
