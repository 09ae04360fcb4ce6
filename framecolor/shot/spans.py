"""Spans: the drawings from one key to the next, which are painted together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.cpu import count_usable_cores
from framecolor.core.drawing_number import number_to_json
from framecolor.core.hashing import digest
from framecolor.core.number_ranges import format_numbers, format_range
from framecolor.errors import ReadError
from framecolor.media import check_image
from framecolor.shot.shot import Shot

# Increased when the same drawings, keys and fit no longer give the same paint.
_RECIPE = "paint 13"
# Settings that are hashed by position; others by name, if changed (`Settings.list_changed`).
_BY_PLACE = ("mode", "gap_px", "min_region_px", "line", "background", "precision")


@dataclass(frozen=True)
class Span:
    """Neighboring drawings, first to last, with a key at one end or both.

    numbers  all drawings of the span
    paints   the drawings to paint with it; a key between two spans belongs to the first
    """

    numbers: tuple[int, ...]
    paints: tuple[int, ...]


def plan_spans(numbers: Sequence[int], keys: Collection[int], wanted: Collection[int]) -> list[Span]:
    """Split a shot at its keys into spans. Leaves out spans without a wanted drawing.

    numbers  every drawing of the shot, rising
    keys     a subset of them; may be empty
    """
    wanted = frozenset(wanted)
    cuts = [i for i, number in enumerate(numbers) if number in keys]
    edges = [0, *[i for i in cuts if 0 < i < len(numbers) - 1], len(numbers) - 1]
    spans = []
    for first, last in pairwise(edges):
        own = numbers[first : last + 1] if first == 0 else numbers[first + 1 : last + 1]
        spans.append(Span(tuple(numbers[first : last + 1]), tuple(n for n in own if n in wanted)))
    if len(numbers) == 1:
        spans = [Span(tuple(numbers), tuple(n for n in numbers if n in wanted))]
    return [span for span in spans if span.paints]


def hash_span(
    span: Span,
    shot: Shot,
    hashes: Mapping[int, str],
    settings: Settings,
    marks: Sequence[str],
    labels: Mapping[int, str] | None = None,
) -> str:
    """Hash all inputs of a span's frames: drawings, keys, strokes, corrections, settings and networks.

    hashes  number -> hash of the drawing's file
    marks   hashes of other inputs, such as the networks
    labels  number -> hash of the drawing's strokes and corrections, which also apply to its holds
    """
    drawings = {hashes[number] for number in span.numbers}
    parts = [_RECIPE, *marks]
    parts.append(repr([settings.closed_gap_px if n == "gap_px" else getattr(settings, n) for n in _BY_PLACE]))
    parts += settings.list_changed("frames", _BY_PLACE)
    for number in span.numbers:
        parts += [str(number), hashes[number], shot.key_hash(number) if number in shot.keys else ""]
    for number, label in sorted((labels or {}).items()):
        if hashes.get(number) in drawings:
            parts += [f"told {number}", label]
    return digest(*parts)


def describe_plan(shot: Shot) -> dict[str, Any]:
    """Describe what painting a shot involves, as plain data: size, frames, keys, spans, holds, gaps, broken files.

    `partial` lists the partial keys. A shot without keys is one span. `sheet` is `Timing.describe`, None without a
    sheet. `cost` counts all drawings of the spans to paint, wanted or not.

    Decodes every drawing, key and hint, as a file can be damaged anywhere; a frame that colorize could not paint is
    named with the reason. Writes nothing.
    """
    spans = plan_spans(shot.numbers, shot.keys, shot.wanted)
    seen = _read_lines(shot)
    broken = {number: error for number, error in seen.items() if isinstance(error, ReadError)}
    holds = len(find_repeats(shot).keys() & set(shot.wanted) - broken.keys() - shot.keys.keys())
    distance = _measure_distance(shot)
    farthest = max(shot.wanted, key=lambda n: distance.get(n, 0))
    drawings = {number for span in spans for number in span.numbers}
    return {
        "shot": shot.name,
        "size": [shot.size[1], shot.size[0]],
        "frames": len(shot.wanted),
        "range": format_numbers(shot.wanted),
        "keys": _to_json(shot.keys),
        "partial": _to_json({*shot.hints, *(c.number for c in shot.corrections)}.difference(shot.keys)),
        "references": [str(reference.painted) for reference in shot.references],
        "spans": [_describe_span(span) for span in spans],
        "holds": holds,
        "missing": ",".join(format_range(gap) for gap in shot.gaps),
        "sheet": None if shot.timing is None else shot.timing.describe(shot.numbers),
        "notes": list(shot.notes),
        "warnings": [*shot.warnings, *_list_broken_keys(shot), *_list_broken_references(shot)],
        "unreadable": _to_json(broken),
        "broken": {str(number): str(error) for number, error in broken.items()},
        "farthest": [number_to_json(farthest), distance[farthest]] if distance.get(farthest) else None,
        "cost": {
            "drawings": len(drawings),
            "megapixels": round(len(drawings) * shot.size[0] * shot.size[1] / 1e6, 1),
        },
    }


def find_repeats(shot: Shot) -> dict[int, int]:
    """Find the drawings that repeat the one before them: number -> the first drawing that shows the same."""
    repeats: dict[int, int] = {}
    for before, number in pairwise(shot.numbers):
        try:
            if shot.line_hash(before) == shot.line_hash(number):
                repeats[number] = repeats.get(before, before)
        except ReadError:
            continue
    return repeats


def _to_json(numbers: Iterable[int]) -> list[int | str | None]:
    return [number_to_json(number) for number in sorted(numbers)]


def _measure_distance(shot: Shot) -> dict[int, int]:
    """Measure each drawing's distance to its nearest key, in drawings; empty without keys."""
    position = {number: i for i, number in enumerate(shot.numbers)}
    keys = sorted(position[key] for key in shot.keys)
    distance = {}
    if not keys:
        return distance
    for number, i in position.items():
        after = bisect_left(keys, i)
        distance[number] = min(abs(i - k) for k in keys[max(0, after - 1) : after + 1])
    return distance


def _describe_span(span: Span) -> dict[str, Any]:
    return {
        "first": number_to_json(span.numbers[0]),
        "last": number_to_json(span.numbers[-1]),
        "paints": len(span.paints),
        "frames": format_numbers(span.paints),
    }


def _list_broken_keys(shot: Shot) -> Iterator[str]:
    for role, files, read in (("key", shot.keys, shot.read_key), ("hint", shot.hints, shot.read_hint)):
        for number in files:
            try:
                read(number)
            except ReadError as error:
                yield f"{role} {number} cannot be read, so the shot cannot be painted from it: {error}"


def _list_broken_references(shot: Shot) -> Iterator[str]:
    for reference in shot.references:
        for path in (reference.painted, reference.line):
            try:
                if path is not None:
                    check_image(path)
            except ReadError as error:
                yield f"reference cannot be read, so it is not used: {error}"


def _read_lines(shot: Shot) -> dict[int, str | ReadError]:
    """Read and decode every drawing. Returns number -> its hash, or the error of a broken one."""
    if shot.movie is not None:
        return {number: _try(shot.line_hash, number) for number in shot.numbers}

    def read(number: int) -> str:
        file = shot.open_line(number)
        file.decode()
        return file.hash

    with ThreadPoolExecutor(count_usable_cores(), "framecolor") as pool:
        return dict(zip(shot.numbers, pool.map(lambda number: _try(read, number), shot.numbers), strict=True))


def _try(read: Callable[[int], str], number: int) -> str | ReadError:
    try:
        return read(number)
    except ReadError as error:
        return error
