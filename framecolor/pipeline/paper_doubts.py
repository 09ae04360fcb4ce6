"""Find the regions of a frame in the color of paper that are the figure's, or may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.types import Frame, Regions
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.touching import find_beyond_line, find_main_paper
from framecolor.matching.paper_kinds import LEFT, PAPER, UNCLEAR, WHITE
from framecolor.propagation.features import FrameFeatures

Votes = NDArray[np.float32]
Mask = NDArray[np.bool_]


def clears_white(keyframes: Keyframes, settings: Settings) -> bool:
    """Tell whether white paper becomes transparent, as keys have opaque paper and cels are asked for."""
    if settings.background != "transparent":
        return False
    return not keyframes.palette.has_clear_paper or bool(keyframes.opaque_keys)


def find_white_figure(
    features: FrameFeatures, frame: Frame, regions: Regions, white: Mask, keyframes: Keyframes
) -> Mask:
    """Find the regions that are white along the border and yet no paper, bool [count + 1].

    Either the keys show them inside of the figure, or nothing but a line separates them from the paper.

    frame  the drawing
    white  bool [count + 1]: regions in opaque white
    """
    shown, beyond = _weigh_white(features, frame, regions, white, keyframes)
    return shown | beyond


def _weigh_white(
    features: FrameFeatures, frame: Frame, regions: Regions, white: Mask, keyframes: Keyframes
) -> tuple[Mask, Mask]:
    """Find the white regions along the border that are the figure by the keys, and by the lines: bool [count + 1]."""
    along = white & regions.along_border
    if (own := keyframes.find_paper(features.number, features.digest)) is not None:
        return along & (own == WHITE), along & (own == WHITE)
    kinds = features.kinds
    shown = along & (kinds[:, WHITE] > kinds[:, [PAPER, UNCLEAR]].max(axis=1))
    paper = find_main_paper(regions, white)
    return shown, find_beyond_line(regions, frame.lines, paper, along & ~paper)


def find_paper(features: FrameFeatures, regions: Regions, belief: Votes, keyframes: Keyframes) -> Mask:
    """Find the regions of the figure, as far as its lines go, that are painted in the color of paper: bool [count + 1].

    belief  probability of each palette color in each region, float32 [count + 1, P]
    """
    paper = keyframes.palette.paper[belief.argmax(axis=1)] & ~features.outside
    paper[0] = False
    return paper


def find_left(
    features: FrameFeatures,
    frame: Frame,
    regions: Regions,
    belief: Votes,
    paper: Mask,
    keyframes: Keyframes,
    settings: Settings,
) -> Mask:
    """Find the regions of `paper` that are probably the figure's, bool [count + 1].

    The keys left them unpainted, or show them neither as paper nor as figure, or only a line separates them from the
    paper around. Also, if white paper becomes transparent, the white regions along the border of which the keys and the
    lines tell two things. What a painter said of a region counts.

    frame   the drawing
    belief  as for `find_paper`; paper: found by it
    """
    clears = clears_white(keyframes, settings)
    if not paper.any() and not clears:
        return paper
    own = keyframes.find_paper(features.number, features.digest)
    if own is not None:
        left = (own == LEFT) | ((own == UNCLEAR) & clears)
    else:
        doubtful, others = ([LEFT, UNCLEAR], [PAPER, WHITE]) if clears else ([LEFT], [PAPER, WHITE, UNCLEAR])
        kinds = features.kinds
        left = kinds[:, doubtful].max(axis=1) > kinds[:, others].max(axis=1)
        if keyframes.palette.has_clear_paper:
            around = find_main_paper(regions, paper | features.outside)
            left |= find_beyond_line(regions, frame.lines, around, paper)
    left &= paper
    if clears:
        white = (keyframes.palette.colors[belief.argmax(axis=1)] == 255).all(axis=1)
        shown, beyond = _weigh_white(features, frame, regions, white, keyframes)
        left |= shown ^ beyond
    said = keyframes.find_said(features.number, features.digest, regions.count)
    return left & ~said
