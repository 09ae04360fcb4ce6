"""Choose the references that a shot's drawings are compared with: few, and each for regions that the others lack."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.engines.base import Runner
from framecolor.errors import ReadError
from framecolor.keys.key_drawing import KeyDrawing, make_key_drawing, map_in_pool, measure_scale
from framecolor.keys.key_gallery import describe_drawing
from framecolor.keys.references.drawing import ReferenceDrawing
from framecolor.lineart.region_colors import SCATTER_LEVELS
from framecolor.lineart.regions import outside_regions
from framecolor.matching.gallery import MOST_REFERENCES
from framecolor.matching.tokens import Tokens
from framecolor.shot.shot import Shot

# At most this many keys, or drawings of a shot without keys, are compared with all references.
_MOST_SAMPLES = 3
# A reference of the show is of use if at least this share of its counterparts of the keys' regions has their color: for
# other drawings of the same figure it is about 0.25, for other figures below 0.05.
_LEAST_AGREEMENT = 0.1
# Weight of a counterpart of a region that has one already.
_OWN_WEIGHT = 0.1


def choose_samples(numbers: Sequence[int]) -> list[int]:
    """Choose the drawings that stand for a shot without keys, evenly over it."""
    return [numbers[i] for i in _spread(len(numbers))]


def _spread(count: int) -> list[int]:
    return np.unique(np.linspace(0, count - 1, _MOST_SAMPLES).round().astype(int)).tolist()


def read_samples(shot: Shot, settings: Settings) -> list[KeyDrawing]:
    """Read the drawings that stand for a shot without keys. Leaves out broken ones; raises ReadError if all are."""
    found: list[KeyDrawing] = []
    broken: ReadError | None = None
    for number in choose_samples(shot.numbers):
        try:
            found.append(make_key_drawing(number, shot.read_line(number), None, settings))
        except ReadError as error:
            broken = broken or error
    if not found and broken is not None:
        raise broken
    return found


def choose_references(
    references: Sequence[ReferenceDrawing],
    samples: Sequence[KeyDrawing],
    runner: Runner,
    pool: ThreadPoolExecutor | None = None,
    shared: Collection[int] = (),
) -> list[ReferenceDrawing]:
    """Choose at most MOST_REFERENCES references, in their order.

    samples  keys, or drawings of a shot without keys
    shared   positions of references of the whole show: of these only those whose colors agree with the keys are chosen

    Greedy: the next one is the reference that adds most to the samples' regions that have a counterpart in a chosen
    one; regions that have one already count little. In keys a counterpart counts only if it has the key's color.
    """
    if not references or (len(references) <= MOST_REFERENCES and not shared):
        return list(references)
    samples = [samples[i] for i in _spread(len(samples))]
    scale = measure_scale(samples)
    seen = map_in_pool(lambda key: describe_drawing(key.drawing, scale, runner), samples, pool)

    def measure(reference: ReferenceDrawing) -> NDArray[np.float32]:
        tokens = describe_drawing(reference.drawing, reference.scale, runner)
        parts = [_measure_use(key, own, reference, tokens, runner) for key, own in zip(samples, seen, strict=True)]
        return np.concatenate(parts, axis=1)

    matched, use = np.moveaxis(np.stack(map_in_pool(measure, references, pool)), 1, 0)
    agrees = use.sum(axis=1) >= _LEAST_AGREEMENT * matched.sum(axis=1)
    allowed = [i for i, one in enumerate(references) if agrees[i] or one.position not in shared]
    chosen: list[int] = []
    while len(chosen) < min(MOST_REFERENCES, len(allowed)):
        reached = use[chosen].max(axis=0, initial=0)
        gain = {
            i: float(np.maximum(use[i] - reached, 0).sum() + _OWN_WEIGHT * use[i].sum())
            for i in allowed
            if i not in chosen
        }
        chosen.append(max(gain, key=lambda i: gain[i]))
    return [references[i] for i in sorted(chosen)]


def _measure_use(
    key: KeyDrawing, own: Tokens, reference: ReferenceDrawing, tokens: Tokens, runner: Runner
) -> NDArray[np.float32]:
    """Compute for each region of a figure the probability of a counterpart in a reference, and of one of its color.

    Returns float32 [2, N]; without colors both are the same.
    """
    figure = ~outside_regions(key.drawing.regions())[own.rows]
    if not figure.any() or not len(tokens.rows):
        return np.zeros((2, int(figure.sum())), np.float32)
    score, _, unmatched, _ = runner.compare(own.values, tokens.values, own.contact, tokens.contact)
    logits = np.concatenate([score, unmatched[:, None]], axis=1).astype(np.float32)
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share = share[:, :-1] / share.sum(axis=1, keepdims=True)
    agrees: NDArray[np.bool_] | bool = True
    if key.colors is not None:
        mine, others = (c.astype(int) for c in (key.colors.color[own.rows], reference.colors.color[tokens.rows]))
        agrees = np.abs(mine[:, None] - others[None]).max(axis=2) <= SCATTER_LEVELS
    return np.stack([share.sum(axis=1), (share * agrees).sum(axis=1)])[:, figure].astype(np.float32)
