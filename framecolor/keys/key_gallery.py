"""Describe the keys' regions by the networks: the gallery that each drawing is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from framecolor.core.clock import stage
from framecolor.core.memory import NO_MEMORY, Memory
from framecolor.core.types import Frame, Regions
from framecolor.engines.base import Pending, Runner
from framecolor.keys.key_drawing import map_in_pool
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.region_crops import crop_regions
from framecolor.lineart.region_shapes import describe_shapes, region_traits
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import sample_points
from framecolor.matching.gallery import Compare, Gallery, KeyRegions
from framecolor.matching.tokens import Rows, Tokens, choose_rows
from framecolor.networks.view import look


def add_gallery(
    keyframes: Keyframes,
    runner: Runner,
    numbers: Iterable[int] | None = None,
    pool: ThreadPoolExecutor | None = None,
    memory: Memory = NO_MEMORY,
) -> Keyframes:
    """Add a gallery to keyframes, computed by the engine that will paint, in the pool's threads.

    numbers  of the drawings to paint: keys that none of them is compared with are left out. None: all keys
    memory   keeps the tokens for later runs
    """
    chosen = sorted(keyframes.index) if numbers is None else list_asked(keyframes, numbers)

    def recall(drawing: PackedDrawing, scale: float) -> Tokens:
        name = ("tokens", drawing.digest, scale)
        return memory.recall(name, lambda: describe_drawing(drawing, scale, runner))

    def describe(number: int) -> KeyRegions:
        return keyframes.list_regions(number, recall(keyframes.drawings[number].drawing, keyframes.scale))

    def describe_reference(number: int) -> KeyRegions:
        reference, index = keyframes.references[number]
        tokens = recall(reference.drawing, reference.scale)
        return KeyRegions(number, tokens, index[tokens.rows])

    keys = map_in_pool(describe, chosen, pool)
    references = map_in_pool(describe_reference, range(len(keyframes.references)), pool)
    gallery = Gallery(keys, len(keyframes.palette), references, _mirror_first(keyframes, runner, memory), memory)
    return replace(keyframes, gallery=gallery.settle(compare_by(runner), runner.decide))


def _mirror_first(keyframes: Keyframes, runner: Runner, memory: Memory) -> KeyRegions | None:
    """Describe the first whole key as seen in a mirror; None if there is none."""
    if not keyframes.whole:
        return None
    number = min(keyframes.whole)
    drawing = keyframes.drawings[number].drawing

    def describe() -> Tokens:
        return _describe(drawing.frame().mirror(), drawing.regions().mirror(), keyframes.scale, runner)

    tokens = memory.recall(("mirrored tokens", drawing.digest, keyframes.scale), describe)
    return keyframes.list_regions(number, tokens)


def compare_by(runner: Runner) -> Compare:
    """Return how `Gallery` compares two drawings, without flow."""

    def compare(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        score, _, unmatched, _ = runner.compare(target.values, source.values, target.contact, source.contact)
        return score, unmatched

    return compare


def describe_drawing(drawing: PackedDrawing, scale: float, runner: Runner) -> Tokens:
    """Compute the tokens of a drawing's regions; scale: working pixels per pixel."""
    return _describe(drawing.frame(), drawing.regions(), scale, runner)


def _describe(frame: Frame, regions: Regions, scale: float, runner: Runner) -> Tokens:
    pending = runner.infer(look(frame, regions, scale), sample_points(regions), votes=False)
    return describe_regions(frame, regions, scale, pending, runner)


def list_asked(keyframes: Keyframes, numbers: Iterable[int]) -> list[int]:
    """List the keys and partial keys that drawings of these numbers are compared with, and their keys, rising."""
    nothing = Tokens(np.zeros(0, np.intp), np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
    keys = [
        KeyRegions(number, nothing, index[choose_rows(keyframes.drawings[number].area)])
        for number, index in sorted(keyframes.index.items())
    ]
    gallery = Gallery(keys, len(keyframes.palette))
    asked = {key.number: key for number in set(numbers) for key in gallery.choose_keys(number)}
    partial = [number for number, key in asked.items() if not key.is_whole]
    return sorted(asked.keys() | {key.number for number in partial for key in gallery.choose_keys(number)})


def describe_regions(frame: Frame, regions: Regions, scale: float, pending: Pending, runner: Runner) -> Tokens:
    """Compute the tokens of a drawing's regions; shapes are measured and crops are cut while the engine runs.

    scale  working pixels per drawing pixel
    """
    shapes = describe_shapes(regions)
    rows = choose_rows(regions.area)
    contact = shapes.contact_among(rows)
    traits = region_traits(shapes, outside_regions(regions))
    crops = crop_regions(frame.solid, frame.trace, regions.labels, rows, scale)
    with stage("generator"):
        output = pending.result()
    return Tokens(rows, runner.describe(output.features[rows], traits[rows - 1], contact, crops), contact)
