"""A session: several runs on one shot in one process, each of which repeats only what the last edit touches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from framecolor.core.memory import Memory
from framecolor.errors import ReadError
from framecolor.keys.keyframes import Keyframes
from framecolor.output.frame_entry import FrameEntry
from framecolor.pipeline.origin import Origin
from framecolor.pipeline.stream import name_frame
from framecolor.propagation.smoothing import FramePosterior
from framecolor.shot.shot import Shot

# About a thousand drawings of 1080p.
_MOST_BYTES = 1 << 30


@dataclass(eq=False)
class Session:
    """What runs on one shot, with the same settings, keep for the next: pass it to `paint_shot`.

    note      is called with the entry of each frame, in the thread that writes
    settle    is called with the number of each frame and the colors of its regions, uint8 [count + 1, 4], as soon as
              they are decided: from the second run on, before any frame is painted
    memory    drawings, links and answers of the networks
    origins   by frame, what it follows from as it is written
    is_new    whether no run has looked at the drawings yet

    A run paints and writes the same frames as without a session, to the bit.
    """

    note: Callable[[FrameEntry], None]
    settle: Callable[[int, NDArray[np.uint8]], None] = lambda number, colors: None
    memory: Memory = field(default_factory=partial(Memory, _MOST_BYTES))
    origins: dict[int, Origin] = field(default_factory=dict)
    is_new: bool = True

    def list_known(self, shot: Shot, numbers: Iterable[int], keyframes: Keyframes) -> dict[str, str]:
        """List the drawings that need no decoding: the hash of their pixels by that of their file."""
        known: dict[str, str] = {}
        for number in numbers if shot.movie is None else ():
            try:
                file = shot.line_hash(number)
            except ReadError:
                continue  # the run names it
            pixels = self.memory.find(("pixels", file))
            if pixels is not None and self.memory.find(name_frame(pixels, keyframes)) is not None:
                known[file] = pixels
        return known

    def keep_pixels(self, shot: Shot, item: FramePosterior) -> None:
        """Keep the hash of a drawing's pixels by that of its file."""
        if shot.movie is None:
            self.memory.keep(("pixels", shot.line_hash(item.number)), item.features.digest)
