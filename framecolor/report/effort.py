"""What a painter's work costs, in seconds: set here alone.

The operators are those of the keystroke-level model (Card, Moran and Newell, Communications of the ACM 23, 1980):
pressing a key, pointing with the mouse, clicking, making up one's mind. A glance is one movement of the eyes (Card,
Moran and Newell, The Psychology of Human-Computer Interaction, 1983). The model fits what a studio reports, ten minutes
by hand for a drawing in HD (labs.gree.jp, 2020): that is 113 regions at `FILL`.
"""

from __future__ import annotations

_KEY, _POINT, _CLICK, _MIND, _GLANCE = 0.28, 1.1, 0.2, 1.35, 0.23

FILL = _MIND + _POINT + _CLICK + _MIND + _POINT + _CLICK
"""Paint one region by hand: know its color and pick it, find the region and click on it."""

OPEN = _MIND + _POINT + _CLICK
"""Go to another frame."""

GLANCE = _GLANCE
"""Look at one region of a frame that is looked through, or at one frame of a held stretch."""

MEND = _MIND + _POINT + _CLICK + _POINT + _CLICK
"""Mend a region that was seen to be wrong: know its color and pick it, click on the region."""

LOOK = _KEY + _MIND
"""Go to the next listed doubt and tell whether it is right."""

CONFIRM = _KEY
"""Confirm a listed doubt, or take the next best guess."""

CHOOSE = _MIND + _POINT + _CLICK
"""Give a listed doubt another color of the palette."""

HOLD = _KEY + _MIND + _POINT + _CLICK
"""Hold a correction over a stretch, without the glances at its frames."""

UNTICK = _POINT + _CLICK
"""Leave a frame out of a held stretch."""


def name_time(seconds: float) -> str:
    """Name a time in words: 'a few seconds', 'half a minute', '1 minute', '12 minutes'."""
    if seconds < 45:
        return "a few seconds" if seconds < 15 else "half a minute"
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
