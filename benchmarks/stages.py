"""The stages of painting one drawing, each timed alone on one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import cv2
import torch
from record import summarize

from framecolor.beliefs import Believed, Linked, believe
from framecolor.engines.base import Runner
from framecolor.hints.flow import line_field
from framecolor.keyframes import Keyframes, describe_regions
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import sample_points
from framecolor.media import encode_image, write_bytes_atomic
from framecolor.networks.view import look
from framecolor.paint.painter import find_unsure, paint_frame
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.study import link_studies, study_drawing, vote

Times = dict[str, list[float]]
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Bench:
    """What the stages work on: a shot, what its keys say, and its network."""

    shot: Shot
    keyframes: Keyframes
    runner: Runner
    settings: Settings


def measure_stages(bench: Bench, drawings: int, scratch: Path) -> dict[str, dict[str, float]]:
    """Milliseconds of each stage for one drawing, after one drawing of warm-up.

    decode        file to pixels
    regions       pixels to ink, trace lines and regions, gaps closed
    network       planes, the networks, what they see averaged per region, the match with the keys
    flow + match  what flow sees of a drawing, flow both ways, match with a neighbor both ways
    paint         region colors to pixels, lines over; what is not sure, as outlines
    encode        pixels to a file
    """
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    numbers = bench.shot.numbers[: drawings + 2]
    times: Times = {}
    for number in numbers:
        _time_drawing(bench, number, times)
    studies = [
        study_drawing(n, bench.shot.read_line(n), bench.keyframes, bench.runner, bench.settings) for n in numbers
    ]
    linked = [Linked(studies[0], None, begins=True)]
    for earlier, later in pairwise(studies):
        link = _timed(times, "link", lambda e=earlier, s=later: link_studies(e, s, bench.runner))
        linked.append(Linked(later, link))
    for believed in believe(linked, bench.keyframes):
        _time_painting(bench, believed, scratch, times)
    times["flow + match"] = [a + b for a, b in zip(times.pop("look")[1:], times.pop("link"), strict=True)]
    order = ("decode", "regions", "network", "flow + match", "paint", "encode")
    return {name: summarize([1000 * t for t in times[name][1:]], 1) for name in order}


def _time_drawing(bench: Bench, number: int, times: Times) -> None:
    keyframes, settings = bench.keyframes, bench.settings
    rgba = _timed(times, "decode", lambda: bench.shot.read_line(number))

    def cut():
        frame = read_drawing(number, rgba)
        return frame, find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)

    frame, regions = _timed(times, "regions", cut)
    points = sample_points(regions)

    def look_and_vote():
        pending = bench.runner.see(look(frame, regions, keyframes.scale), points, votes=settings.fit != "off")
        tokens = describe_regions(regions, pending, bench.runner)
        return vote(number, pending.result(), tokens, keyframes, bench.runner)

    _timed(times, "network", look_and_vote)
    _timed(times, "look", lambda: (sample_points(regions), line_field(frame.lines)))


def _time_painting(bench: Bench, believed: Believed, scratch: Path, times: Times) -> None:
    study, belief, sure = believed.study, believed.belief, believed.confidence

    def paint():
        color, _ = paint_frame(study, belief, sure, bench.keyframes, bench.runner, bench.settings)
        find_unsure(study.regions(), belief, sure)
        return color

    color = _timed(times, "paint", paint)
    _timed(times, "encode", lambda: write_bytes_atomic(scratch, encode_image(color.rgba)))


def _timed(times: Times, name: str, work: Callable[[], Result]) -> Result:
    begin = time.perf_counter()
    result = work()
    times.setdefault(name, []).append(time.perf_counter() - begin)
    return result


def compare(stages: Mapping[str, Mapping[str, float]], frame_ms: float, cores: int) -> dict[str, float | str]:
    """A frame end to end beside its stages: how far overlapping them goes on this machine.

    ratio    end to end / slowest stage: 1 would be a pipeline that only waits for that stage
    overlap  sum of the stages / end to end: how many stages run at a time; at most the number of cores
    """
    slowest = max(stages, key=lambda name: stages[name]["median"])
    total = sum(stage["median"] for stage in stages.values())
    return {
        "frame_ms": round(frame_ms, 1),
        "stages_ms": round(total, 1),
        "slowest": slowest,
        "ratio": round(frame_ms / stages[slowest]["median"], 2),
        "overlap": round(total / frame_ms, 2),
        "cores": cores,
    }
