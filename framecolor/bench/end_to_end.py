"""Measure a whole shot from file to file: frames, stages alone, their overlap, and a timeline of the threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framecolor.bench.stage_rows import frame_shares_ms, stage_rows
from framecolor.bench.timing import read_peak, reset_peak, summarize
from framecolor.bench.workload import Workload, frame_ms
from framecolor.core.clock import Span
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import Precision

# A timeline shows this many frames from the middle of the run.
_TIMELINE_FRAMES = 6
_SAME_MS = 0.3


def measure_shot(
    workload: Workload, clip: str, precision: Precision, *, warmup: int, repeats: int
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Measure one shot: rows of its stages, the end-to-end table, and a timeline.

    Each repeat paints the shot once as users do and once on one thread; one more run is recorded for the timeline.
    """
    for _ in range(max(1, warmup)):
        workload.paint()
    frames = len(workload.shot.wanted)
    taken: list[float] = []
    alone: list[list[Span]] = [[] for _ in range(repeats)]
    reset_peak()
    for spans in alone:
        taken.append(frame_ms(workload.paint(), frames))
        workload.paint(spans, overlap=False)
    peaks = read_peak()
    rows = stage_rows(workload, alone, precision)
    shares = frame_shares_ms(alone, frames)
    height, width = workload.shot.size
    table = {
        "clip": clip,
        "engine": workload.engine.name,
        "size": [width, height],
        "frames": frames,
        "keys": len(workload.shot.keys),
        **compare_stages(shares, taken, count_usable_cores()),
        **peaks,
    }
    spans = []
    timeline = cut_timeline(spans, frame_ms(workload.paint(spans), frames))
    return rows, table, {"clip": clip, "size": [width, height], **timeline}


def compare_stages(stages_ms: Mapping[str, float], frames_ms: Sequence[float], cores: int) -> dict[str, Any]:
    """Compare a frame end to end with its stages, each alone on one core.

    frame_ms          time per frame, from the first drawing to the last file, over the runs
    stages_ms         time of each stage per painted frame; holds count as frames
    of_slowest_stage  slowest stage / frame: at 1 and above the pipeline is at least as fast as that stage alone
    of_all_cores      (sum of the stages / cores) / frame: at 1 every core is busy with stages alone
    """
    taken = summarize(list(frames_ms))
    slowest = max(stages_ms, key=lambda stage: stages_ms[stage])
    total = sum(stages_ms.values())
    frame = summarize(list(frames_ms), 6)["median"]
    return {
        "frame_ms": taken,
        "frames_per_second": round(1000 / frame, 2),
        "stages_ms": {stage: round(ms, 2) for stage, ms in stages_ms.items()},
        "cores": cores,
        "slowest_stage": slowest,
        "of_slowest_stage": round(stages_ms[slowest] / frame, 3),
        "of_all_cores": round(total / cores / frame, 3),
    }


def cut_timeline(spans: Sequence[Span], frame_ms: float) -> dict[str, Any]:
    """Cut a stretch from the middle of a recorded run: threads, and [stage, thread, frame, begin, end] in ms.

    Consecutive work of one thread on one stage of one frame is one span.
    """
    if not spans:
        return {"frame_ms": round(frame_ms, 2), "length_ms": 0, "threads": [], "spans": []}
    spans = sorted(spans, key=lambda span: span.begin_seconds)
    first, last = spans[0].begin_seconds, max(span.end_seconds for span in spans)
    length = min(last - first, _TIMELINE_FRAMES * frame_ms / 1000)
    begin = (first + last - length) / 2
    joined: list[list[Any]] = []
    latest: dict[str, list[Any]] = {}
    for span in spans:
        low, high = (
            1000 * (min(max(t, begin), begin + length) - begin) for t in (span.begin_seconds, span.end_seconds)
        )
        if high <= low:
            continue
        before = latest.get(span.thread)
        if before and before[0] == span.stage and before[2] == span.frame and low - before[4] < _SAME_MS:
            before[4] = high
            continue
        latest[span.thread] = [span.stage, span.thread, span.frame, low, high]
        joined.append(latest[span.thread])
    threads = sorted({span[1] for span in joined}, key=lambda name: (not name.startswith("Main"), name))
    rows = [[stage, threads.index(thread), frame, round(a, 2), round(b, 2)] for stage, thread, frame, a, b in joined]
    return {"frame_ms": round(frame_ms, 2), "length_ms": round(1000 * length, 2), "threads": threads, "spans": rows}
