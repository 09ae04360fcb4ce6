"""Draw the results of a bench as SVG: bars of stages and engines, and a timeline of overlapped stages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from framecolor.bench.sizes import name_size
from framecolor.bench.table import is_contest, name_machine
from framecolor.core.clock import STAGES

_WIDTH = 800
_LEFT, _BAR_WIDTH, _ROW, _BAR = 190, 400, 26, 16
_TOP = 64
_LANE, _SPAN = 30, 20
# Approximate width of a letter in the label of a span; a span narrower than its label gets none.
_LETTER_PX = 6.2
_TICKS = 8

# Visible on white and on black.
_COLORS: Mapping[str, str] = dict(
    zip(STAGES, ("#4a87cf", "#2f9e8f", "#8a74c9", "#cc7f1e", "#cf4f66", "#6f9433", "#77879a"), strict=True)
)
_OURS, _OTHERS = "#cf4f66", "#77879a"

_STYLE = """<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.back { fill: #ffffff; }
.title { font-size: 16px; font-weight: 600; }
.group { font-weight: 600; }
.quiet { fill: #59636e; font-size: 12px; }
.in { fill: #fff; font-size: 11px; text-anchor: middle; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.rule { stroke: #8b949e; stroke-opacity: 0.35; }
.limit { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  .back { fill: #0d1117; }
  text { fill: #e6edf3; }
  .quiet { fill: #9198a1; }
  .in { fill: #fff; }
  .limit { stroke: #e6edf3; }
}
</style>"""


def draw_bars(results: Mapping[str, Any]) -> str:
    """Draw a bar for the time of each row, with a mark at the machine's limit; each size has its own scale."""
    groups: dict[tuple[str, bool], list[Mapping[str, Any]]] = {}
    for row in results["rows"]:
        size = name_size(row["size"][1], row["size"][0])
        groups.setdefault((size, is_contest(row)), []).append(row)
    options = results["options"]
    parts = [
        _text(16, 26, "Milliseconds a drawing, shorter is better", "title"),
        _text(16, 46, f"{name_machine(results['machine'])}; engine {options['engine']}, {options['precision']}. "
              "The mark: what this machine's own speed allows.", "quiet"),
    ]  # fmt: skip
    y = _TOP + 8
    for (size, contest), rows in groups.items():
        title = f"The generator's pass at {size}, all cores" if contest else f"Stages at {size}, each alone on one core"
        parts.append(_text(16, y + 10, title, "group"))
        y += 22
        longest = max(row["ms"]["median"] for row in rows)
        for row in rows:
            parts += _draw_bar(row, y, longest, contest)
            y += _ROW
        y += 18
    return _frame(y, "Milliseconds a drawing by stage and engine", parts)


def _draw_bar(row: Mapping[str, Any], y: int, longest: float, contest: bool) -> list[str]:
    ms = row["ms"]["median"]
    length = max(1.5, _BAR_WIDTH * ms / longest)
    own = row["by"].startswith("framecolor")
    color = (_OURS if own else _OTHERS) if contest else _COLORS[row["stage"]]
    label = _name_contestant(row) if contest else row["stage"]
    parts = [
        _text(_LEFT - 10, y + 13, label, "end"),
        f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2" fill="{color}"/>',
    ]
    value = _short(ms) + " ms"
    end = _LEFT + length
    if "limit" in row:
        at = _LEFT + _BAR_WIDTH * min(1.05, row["limit"]["ms"] / longest)
        end = max(end, at)
        parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 3}" y2="{y + _BAR + 3}"/>')
        value += f", {_percent(row['of_limit'])} of its limit"
    return [*parts, _text(end + 8, y + 13, value, "")]


def _name_contestant(row: Mapping[str, Any]) -> str:
    return row["by"] if row["precision"] in row["by"] else f"{row['by']} {row['precision']}"


def draw_timeline(timeline: Mapping[str, Any]) -> str:
    """Draw a timeline of `end_to_end.cut_timeline`: a row for each thread, a color for each stage, frame numbers."""
    length, threads, spans = timeline["length_ms"], timeline["threads"], timeline["spans"]
    busy = sum(end - begin for *_, begin, end in spans) / length if length else 0
    size = name_size(timeline["size"][1], timeline["size"][0])
    parts = [
        _text(16, 26, f"Who works on which frame: {size}, {timeline['clip']}", "title"),
        _text(16, 46, f"{length:.0f} ms from the middle of a run, {timeline['frame_ms']:.0f} ms a frame; "
              f"{busy:.1f} threads at work on average. Numbers are frames.", "quiet"),
        *_draw_legend(66),
    ]  # fmt: skip
    left, top = 100, 96
    scale = (_WIDTH - left - 24) / max(length, 1)
    bottom = top + _LANE * len(threads)
    step = _round_step(length / _TICKS)
    for i in range(int(length / step) + 1 if length else 0):
        x = left + i * step * scale
        parts.append(f'<line class="rule" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 18, f"{i * step:g}" + (" ms" if i == 0 else ""), "quiet middle"))
    parts += [_text(left - 10, top + _LANE * i + 14, _name_thread(n), "end quiet") for i, n in enumerate(threads)]
    for stage, thread, number, begin, end in spans:
        parts += _draw_span(stage, number, left + begin * scale, (end - begin) * scale, top + _LANE * thread)
    return _frame(bottom + 30, "Stages of painting over time, by thread", parts)


def _draw_span(stage: str, number: int | None, x: float, width: float, y: float) -> list[str]:
    drawn = max(width - 0.4, 0.3)
    parts = [f'<rect x="{x:.2f}" y="{y}" width="{drawn:.2f}" height="{_SPAN}" fill="{_COLORS[stage]}"/>']
    label = "" if number is None else str(number)
    if label and width > _LETTER_PX * len(label) + 6:
        parts.append(_text(x + width / 2, y + 14, label, "in"))
    return parts


def _draw_legend(y: float) -> list[str]:
    parts, x = [], 16.0
    for stage, color in _COLORS.items():
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="12" height="12" rx="2" fill="{color}"/>')
        parts.append(_text(x + 17, y + 11, stage, "quiet"))
        x += 17 + 7 * len(stage) + 22
    return parts


def _name_thread(name: str) -> str:
    """Name a thread of the pool or of Python in the chart: `framecolor_0` is worker 1."""
    start, _, number = name.rpartition("_")
    return (
        f"worker {int(number) + 1}" if start and number.isdecimal() else "main" if name == "MainThread" else name[-12:]
    )


def _round_step(step: float) -> float:
    """Round up to the next of 1, 2, 5, 10, 20, ..."""
    power = 10 ** math.floor(math.log10(max(step, 1)))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= step - 1e-9)


def _short(ms: float) -> str:
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 1 else f"{ms:.2f}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"' + (f' class="{style}"' if style else "") + f">{escape(text)}</text>"


def _frame(height: float, title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {_WIDTH} {height:.0f}" role="img">'
    )
    back = '<rect class="back" width="100%" height="100%" rx="6"/>'  # for dark viewers that do not report dark mode
    return "\n".join([head, f"<title>{escape(title)}</title>", _STYLE, back, *parts, "</svg>"]) + "\n"
