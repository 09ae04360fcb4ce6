"""Read a map from the hues of lines to what they mean: 'red=highlight, blue=shadow, yellow-green=second shadow'."""

from __future__ import annotations

from typing import Literal, get_args

Meaning = Literal["trace", "highlight", "shadow", "second shadow", "ink"]
"""What lines of a hue are: trace lines, of any kind or around one, which vanish in the paint; or ink, which stays."""

HUES = (
    "red",
    "orange",
    "yellow",
    "yellow-green",
    "green",
    "spring-green",
    "cyan",
    "azure",
    "blue",
    "violet",
    "magenta",
    "rose",
)
"""Every 30 degrees of the color circle, from red on."""
_MEANINGS = get_args(Meaning)


def parse_trace_map(text: str) -> dict[str, Meaning]:
    """Parse a map by hue; 'auto' is an empty one. A hue without a meaning is a trace line. Raises ValueError."""
    found: dict[str, Meaning] = {}
    for entry in text.split(",") if text.strip() != "auto" else ():
        hue, has_meaning, word = (part.strip().lower() for part in entry.partition("="))
        meaning = next((one for one in _MEANINGS if one == word), None) if has_meaning else "trace"
        if hue not in HUES or meaning is None or hue in found:
            raise ValueError(f"{entry.strip()!r} is not a hue and its meaning")
        found[hue] = meaning
    return found


def is_trace_map(text: str) -> bool:
    """Tell whether a text is a map."""
    try:
        parse_trace_map(text)
    except ValueError:
        return False
    return True
