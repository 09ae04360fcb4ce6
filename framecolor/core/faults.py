"""Faults of a painter's keys and drawings: what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from framecolor.core.text import count_of

FaultKind = Literal[
    "moved", "soft", "leak", "tones", "hole", "trace", "near color", "blank", "paper", "color set", "palette", "recolor"
]
Place = tuple[int, int]

# More places than this are counted in a text; JSON has all.
_MOST_PLACES = 20


@dataclass(frozen=True)
class Fault:
    """One fault of a key or a drawing.

    frame   number of the drawing
    text    what is wrong, as a part of a sentence
    fix     what to do about it; "" if nothing has to be done
    places  (x, y) in pixels of the drawing, inside of what is meant
    role    which of the frame's pictures has it; "palette": a file of colors does, and `frame` is the first key
    """

    kind: FaultKind
    frame: int
    text: str
    fix: str = ""
    places: tuple[Place, ...] = ()
    role: Literal["key", "drawing", "palette"] = "key"

    def __str__(self) -> str:
        where = f" at {format_places(self.places)}" if self.places else ""
        whose = "" if self.role == "palette" else f"{self.role} {self.frame}: "
        return f"{whose}{self.text}{where}" + (f"; {self.fix}" if self.fix else "")

    def describe(self) -> dict[str, Any]:
        """Describe the fault as plain data, for JSON."""
        return {
            "kind": self.kind,
            "role": self.role,
            "frame": self.frame,
            "text": self.text,
            "fix": self.fix,
            "places": [list(place) for place in self.places],
        }


def format_places(places: Sequence[Place]) -> str:
    """Format places as 'x 12, y 40', or 'x,y' for several: '12,40; 30,8 and 3 more'."""
    if len(places) == 1:
        return f"x {places[0][0]}, y {places[0][1]}"
    shown = "; ".join(f"{x},{y}" for x, y in places[:_MOST_PLACES])
    more = len(places) - _MOST_PLACES
    return shown + (f" and {count_of(more, 'more place')}" if more > 0 else "")
