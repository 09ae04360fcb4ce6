"""Compare the time of each pipeline stage alone on one core with its limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from framecolor.bench.codec import DECODER, ENCODER, bare_decode_ms, bare_encode_ms
from framecolor.bench.limits import Rates, Work, count_work, measure_rates
from framecolor.bench.timing import summarize
from framecolor.bench.workload import Calls, Workload
from framecolor.core.clock import STAGES, Span
from framecolor.core.precision import Precision
from framecolor.lineart.region_crops import crop_shape
from framecolor.networks.checkpoint import (
    base_weights_path,
    load_generator,
    load_matcher,
    load_painter,
    matcher_weights_path,
    painter_weights_path,
)
from framecolor.networks.generator import LINE_PLANES
from framecolor.networks.match_passes import ComparePass, DecidePass, DescribePass
from framecolor.networks.matcher import SHAPE_TRAITS
from framecolor.networks.passes import FeaturePass

Limit = dict[str, Any]
_MOST_FILES = 8
# Bytes per pixel that a stage moves at least: four in, four out.
_PIXEL_BYTES = 8


def stage_rows(workload: Workload, runs: Sequence[Sequence[Span]], precision: Precision) -> list[dict[str, Any]]:
    """Make a row for each recorded stage, from runs on one thread.

    `ms` is the time per drawing, without drawings that skip the stage. `limit` is what it is compared with.
    """
    times, calls = _drawing_ms(runs), workload.engine.runner.calls
    height, width = workload.shot.size
    rows = []
    for stage in STAGES:
        if stage not in times:
            continue
        limit = _LIMITS[stage](workload, calls, precision)
        row: dict[str, Any] = {
            "stage": stage,
            "by": "framecolor",
            "engine": workload.engine.name,
            "size": [width, height],
            "precision": {"generator": precision, "match": "f32"}.get(stage),
            "batch": 1,
            "lanes": 1,
            "cores": 1,
            "ms": summarize(times[stage], 3),
        }
        if limit is not None:
            row |= {"limit": limit, "of_limit": round(limit["ms"] / max(median(times[stage]), 1e-6), 3)}
        rows.append(row)
    return rows


def frame_shares_ms(runs: Sequence[Sequence[Span]], frames: int) -> dict[str, float]:
    """Compute the mean time of each stage per painted frame, holds included, in ms over all runs."""
    totals: dict[str, float] = defaultdict(float)
    for spans in runs:
        for span in spans:
            totals[span.stage] += 1000 * span.seconds / frames / len(runs)
    return {stage: totals[stage] for stage in STAGES if stage in totals}


def _drawing_ms(runs: Sequence[Sequence[Span]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for spans in runs:
        drawings: dict[tuple[str, int], float] = defaultdict(float)
        for span in spans:
            if span.frame is not None:  # None: work for many drawings at once
                drawings[span.stage, span.frame] += 1000 * span.seconds
        for (stage, _), ms in drawings.items():
            found[stage].append(ms)
    return found


def _limit_of_pixels(workload: Workload, calls: Calls, precision: Precision) -> Limit:
    height, width = workload.shot.size
    ms = measure_rates("f32", 1).copy_ms(_PIXEL_BYTES * height * width)
    return {"of": "copy rate of one core, the picture in and out", "ms": round(ms, 4)}


def _limit_of_decoding(workload: Workload, calls: Calls, precision: Precision) -> Limit | None:
    taken = bare_decode_ms([*workload.shot.lines.values()][:_MOST_FILES])
    return None if taken is None else {"of": DECODER, "ms": round(median(taken), 4)}


def _limit_of_encoding(workload: Workload, calls: Calls, precision: Precision) -> Limit | None:
    shot, image = workload.shot, workload.settings.format
    files: list[Path] = [workload.out / shot.output_name(n, image) for n in shot.wanted[:_MOST_FILES]]
    return {"of": ENCODER, "ms": round(median(bare_encode_ms(files)), 4)}


def _limit_of_generator(workload: Workload, calls: Calls, precision: Precision) -> Limit | None:
    """Compute the limit of a pass over a drawing of mean size; None if there was none."""
    if not calls.sizes:
        return None
    generator = load_generator(base_weights_path())
    multiple = generator.size_multiple
    height, width = (-(-round(fmean(size[side] for size in calls.sizes)) // multiple) * multiple for side in (0, 1))
    work = count_work(FeaturePass(generator), [(1, LINE_PLANES, height, width)], precision)
    rates, where = _rates_of_networks(workload, precision)
    return {"of": f"{precision} matrix rate of {where}, {width}x{height}", "ms": round(rates.limit_ms(work), 4)}


def _limit_of_match(workload: Workload, calls: Calls, precision: Precision) -> Limit | None:
    """Compute the limit of matcher and painter per drawing, for the calls at their mean numbers of regions and keys."""
    if not calls.regions or not calls.pairs or not calls.painted:
        return None
    matcher, painter = load_matcher(matcher_weights_path()), load_painter(painter_weights_path())
    regions = round(fmean(calls.regions))
    keys, most, colors = (round(fmean(sizes)) for sizes in zip(*calls.painted, strict=True))
    square, tokens = (regions, regions), (regions, painter.tokens + SHAPE_TRAITS)
    own = [(regions, matcher.features + matcher.context), (regions, SHAPE_TRAITS), square]
    describe = count_work(DescribePass(matcher), [*own, crop_shape(regions)], "f32")
    compare = count_work(ComparePass(matcher), [tokens, tokens, square, square, square, square], "f32")
    memory = [(keys, most, tokens[1]), (keys, most, most), (keys, most, colors)]
    asked = [tokens, square, (regions, colors), *memory, (regions, keys, most), (regions,)]
    decide = count_work(DecidePass(painter), asked, "f32")
    pairs, decided = calls.pairs / len(calls.regions), len(calls.painted) / len(calls.regions)
    flops = round(describe.flops + pairs * compare.flops + decided * decide.flops)
    rates, where = _rates_of_networks(workload, "f32")
    ms = rates.compute_ms(Work(flops, 0))
    return {"of": f"f32 matrix rate of {where}, {pairs:.1f} pairs of {regions} regions", "ms": round(ms, 4)}


def _rates_of_networks(workload: Workload, precision: Precision) -> tuple[Rates, str]:
    """Return the rates of the device that runs the networks, and its name."""
    if workload.engine.device == "cpu":
        return measure_rates(precision, 1), "one core"
    return measure_rates(precision, 1, "cuda"), "the GPU"


_LIMITS: Mapping[str, Callable[[Workload, Calls, Precision], Limit | None]] = {
    "decode": _limit_of_decoding,
    "regions": _limit_of_pixels,
    "flow": _limit_of_pixels,
    "match": _limit_of_match,
    "generator": _limit_of_generator,
    "paint": _limit_of_pixels,
    "encode": _limit_of_encoding,
}
