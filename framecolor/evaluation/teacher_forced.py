"""Teacher-forced painting, as the literature scores propagation: each drawing from the true colors of the one before.

What a user gets is the chained score: paint a shot with `colorize` and score its frames with the same metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import lay_over_color
from framecolor.engines.base import Runner
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.region_colors import region_colors
from framecolor.pipeline.events import ignore
from framecolor.pipeline.job import prepare_run
from framecolor.pipeline.paint import choose_paint, paint_frame
from framecolor.propagation.belief import Node, Votes, propagate
from framecolor.propagation.features import FrameFeatures, compute_features, link_frames, match_regions
from framecolor.propagation.smoothing import judge_belief
from framecolor.shot.shot import Shot

Rgba = NDArray[np.uint8]


def paint_teacher_forced(
    shot: Shot,
    read_truth: Callable[[int], Rgba],
    settings: Settings,
    out: Path,
) -> Iterator[tuple[int, Rgba]]:
    """Paint each drawing of a shot from the truth of the one before. Yields (number, uint8 HxWx4) in order.

    read_truth  reads the true frame of a number, uint8 HxWx4 of the shot's size; called for each drawing but the last.
                Its colors are replaced by the nearest ones of the keys' palette.
    out         folder of the painted frames, whose caches are used and filled

    Keys vote, and a network is fitted if the settings want it, as in `colorize`. Keys come out as painted, and a first
    drawing that is no key is painted from the keys alone; do not score them, as neither uses propagation. Two drawings
    are in memory at a time. Raises ReadError, PaletteError, OutputError and EngineError, and ValueError if a true frame
    has another size.
    """
    with ThreadPoolExecutor(settings.count_cores()) as pool:
        run = prepare_run(shot, out, settings, ignore, pool, everything=True)
    keyframes, runner, settings = run.keyframes, run.runner, run.settings
    before: tuple[FrameFeatures, Votes] | None = None
    for number in shot.numbers:
        features = compute_features(number, shot.read_line(number), keyframes, runner, settings, ask_keys=True)
        yield number, _paint(features, before, keyframes, runner, settings)
        if number != shot.numbers[-1]:
            belief = _true_belief(features, read_truth(number), keyframes)
            before = features, belief


def _paint(
    features: FrameFeatures,
    before: tuple[FrameFeatures, Votes] | None,
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
) -> Rgba:
    node = Node(features.votes, keyframes.belief(features.number))
    if before is None:
        belief = propagate([node], [])[0]
    else:
        earlier, truth = before
        belief = propagate([Node(earlier.votes, truth), node], [link_frames(earlier, features, runner)])[1]
    sure = judge_belief(features, belief, keyframes)
    frame, regions = features.drawing.frame(), features.drawing.regions()
    match = match_regions(features.tokens, features.count, keyframes, runner)
    choice = choose_paint(features, frame, regions, belief, keyframes, settings, match, features.number)
    return paint_frame(choice, regions, sure, keyframes, runner, settings).rgba


def _true_belief(features: FrameFeatures, painted: Rgba, keyframes: Keyframes) -> Votes:
    """Make a belief of probability 1 in the true color of each region, float32 [count + 1, P]."""
    colors = region_colors(painted, features.drawing.frame(), features.drawing.regions()).color
    index = _nearest(colors, keyframes.recolors.apply(keyframes.palette.colors))
    belief = np.zeros((len(index), len(keyframes.palette)), np.float32)
    belief[np.arange(len(index)), index] = 1
    return belief


def _nearest(colors: Rgba, palette: Rgba) -> NDArray[np.intp]:
    """Find the nearest palette entry of each color [N, 4], both over white, as truth may be on white paper.

    If the palette has both paper and white, alpha decides.
    """
    seen, table = (lay_over_color(row[None])[0].astype(np.float32) for row in (colors, palette))
    apart = np.square(seen[:, None] - table[None]).sum(axis=2)
    return np.argmin(apart + 0.5 * (colors[:, None, 3] != palette[None, :, 3]), axis=1)
