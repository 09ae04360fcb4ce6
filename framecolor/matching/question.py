"""The question that matching puts to the painter, a network."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

ABSENT = -1e4
"""The score of a pair of which one region is not there, as `networks.painter_pairs` has it."""


@dataclass(frozen=True, eq=False)
class Question:
    """What the painter is asked: the colors of a drawing's A regions, from K painted drawings with up to R regions.

    All are float32; P is the size of the palette, T that of a token by `networks.match_passes.DescribePass`.

    tokens          [A, T]
    contact         [A, A]: share of a region's outline along another
    known           [A, P]: 1 for the color of a region that is known already
    memory          [K, R, T]: tokens of the painted regions
    memory_contact  [K, R, R]
    members         [K, R, P]: 1 for the color of a painted region; all 0 if it is not known
    score           [A, K, R]: the matcher's logits of all pairs; ABSENT where a drawing has fewer regions
    unmatched       [A]: the matcher's logits of having no counterpart
    """

    tokens: Rows
    contact: Rows
    known: Rows
    memory: Rows
    memory_contact: Rows
    members: Rows
    score: Rows
    unmatched: Rows

    def list_values(self) -> list[Rows]:
        """List all values in the order in which the network takes them."""
        return [getattr(self, field.name) for field in fields(self)]

    def pad(self, count: int, painted: int, colors: int) -> Question:
        """Pad to `count` regions of the drawing, `painted` of each painted one, and `colors` of the palette."""
        a, r, p = count - len(self.tokens), painted - self.memory.shape[1], colors - self.known.shape[1]
        return Question(
            np.pad(self.tokens, ((0, a), (0, 0))),
            np.pad(self.contact, ((0, a), (0, a))),
            np.pad(self.known, ((0, a), (0, p))),
            np.pad(self.memory, ((0, 0), (0, r), (0, 0))),
            np.pad(self.memory_contact, ((0, 0), (0, r), (0, r))),
            np.pad(self.members, ((0, 0), (0, r), (0, p))),
            np.pad(self.score, ((0, a), (0, 0), (0, r)), constant_values=ABSENT),
            np.pad(self.unmatched, (0, a)),
        )
