"""The results of `effort.py` as a table, and as curves: the share of right regions over minutes, by clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from record import read_results

from framecolor.bench.table import format_markdown

# Visible on white and on black, in the order in which they are drawn.
COLORS: Mapping[str, tuple[str, str]] = {
    "hand": ("#77879a", "by hand"),
    "area": ("#cc7f1e", "doubts by pixels"),
    "checks": ("#8a74c9", "doubts by what they settle"),
    "keys": ("#4a87cf", "suggested keys"),
    "advice": ("#cf4f66", "doubts or keys, as advised"),
}
_TARGETS = ("0.95", "0.99")
_WIDTH, _PLOT_WIDTH, _PLOT_HEIGHT = 800, 216, 120
_LEFT, _TOP, _ACROSS, _DOWN, _COLUMNS = 56, 96, 254, 178, 3

_STYLE = """<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.back { fill: #ffffff; }
.title { font-size: 16px; font-weight: 600; }
.quiet { fill: #59636e; font-size: 12px; }
.end { text-anchor: end; }
.rule { stroke: #8b949e; stroke-opacity: 0.35; }
@media (prefers-color-scheme: dark) {
  .back { fill: #0d1117; }
  text { fill: #e6edf3; }
  .quiet { fill: #9198a1; }
}
</style>"""


def format_effort(results: Path) -> str | None:
    """Format the area under each way's curve, by clip, and the minutes and clicks to 95 % and 99 % right."""
    table = read_results(results / "effort.json")
    clips = table.get("clips", {})
    if not clips:
        return None
    rows = [
        (
            name,
            f"{clip['hand']['minutes']:.0f}",
            *(f"{clip[way]['area_under']:.3f}" if way in clip else "" for way in COLORS),
            *(_format_reached(clip, target) for target in _TARGETS),
        )
        for name, clip in clips.items()
    ]
    means = (f"{table['mean'][way]['area_under']:.4f}" for way in COLORS)
    heads = ("clip", "minutes by hand", *(title for _, title in COLORS.values()))
    reached = (f"to {float(target):.0%} right: by hand / as advised" for target in _TARGETS)
    return format_markdown((*heads, *reached), [*rows, ("mean", "", *means, *("" for _ in _TARGETS))])


def _format_reached(clip: Mapping[str, Any], target: str) -> str:
    found = [clip[way]["to"][target] for way in ("hand", "advice") if way in clip]
    return " / ".join("not reached" if to is None else f"{to[0]:.0f} min, {to[1]} clicks" for to in found)


def draw_effort(results: Mapping[str, Any]) -> str | None:
    """Draw the curves as SVG; None without results."""
    clips = {name: clip for name, clip in results.get("clips", {}).items() if "hand" in clip}
    if not clips:
        return None
    rows = -(-len(clips) // _COLUMNS)
    height = _TOP + rows * _DOWN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'role="img">',
        "<title>Share of right regions over the painter's minutes</title>",
        _STYLE,
        '<rect class="back" width="100%" height="100%" rx="6"/>',
        _text(16, 26, "Share of right regions over the painter's minutes", "title"),
        *_draw_legend(),
    ]
    for place, (name, clip) in enumerate(clips.items()):
        parts += _draw_clip(name, clip, _LEFT + place % _COLUMNS * _ACROSS, _TOP + place // _COLUMNS * _DOWN)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _draw_legend() -> list[str]:
    parts: list[str] = []
    for place, (color, title) in enumerate(COLORS.values()):
        x, y = 16 + place % _COLUMNS * 260, 46 + place // _COLUMNS * 18
        parts.append(f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{color}" stroke-width="2.5"/>')
        parts.append(_text(x + 24, y, title, "quiet"))
    return parts


def _draw_clip(name: str, clip: Mapping[str, Any], left: float, top: float) -> list[str]:
    minutes = clip["hand"]["minutes"]
    bottom, right = top + _PLOT_HEIGHT, left + _PLOT_WIDTH
    parts = [_text(left, top - 8, name, "")]
    for share in (0, 0.5, 1):
        y = bottom - share * _PLOT_HEIGHT
        parts.append(f'<line class="rule" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(left - 6, y + 4, f"{share:.0%}", "quiet end"))
    parts.append(_text(left, bottom + 16, "0", "quiet"))
    parts.append(_text(right, bottom + 16, f"{minutes:.0f} min", "quiet end"))
    for way, (color, _) in COLORS.items():
        if way in clip:
            path = _trace(clip[way]["curve"], minutes, left, bottom)
            parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.8"/>')
    return parts


def _trace(curve: Sequence[Sequence[float]], minutes: float, left: float, bottom: float) -> str:
    """Trace a curve of steps: each share holds until the next point."""
    steps, share = [f"M{left:.1f} {bottom:.1f}"], 0.0
    for at, _, right in [*curve, (minutes, 0, curve[-1][2])]:
        x = left + min(1.0, at / minutes) * _PLOT_WIDTH
        steps += [f"L{x:.1f} {bottom - share * _PLOT_HEIGHT:.1f}", f"L{x:.1f} {bottom - right * _PLOT_HEIGHT:.1f}"]
        share = right
    return "".join(steps)


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"' + (f' class="{style}"' if style else "") + f">{text}</text>"
