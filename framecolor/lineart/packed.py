"""Pack a drawing and its regions, to keep a span of drawings and the keys in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecolor.core.run_length import Runs
from framecolor.core.types import Box, Frame, Regions


@dataclass(frozen=True, eq=False)
class PackedDrawing:
    """A drawing and its regions as run lengths: about half a megabyte at 1080p, packed and unpacked in milliseconds.

    digest  hash of the drawing's pixels: equal digests mean the same drawing (a hold)
    count   number of its regions
    blank   whether it has no line
    """

    number: int
    digest: str
    count: int
    blank: bool
    _part: Box
    _ink: Runs[np.uint32]
    _trace: Runs[np.bool_]
    _hues: Runs[np.uint8] | None
    _labels: Runs[np.int32]
    _paper_border: float

    @classmethod
    def pack(cls, frame: Frame, regions: Regions, digest: str) -> PackedDrawing:
        """Pack a frame and its regions."""
        part = frame.box
        ink = part.crop(np.ascontiguousarray(frame.ink).view(np.uint32)[..., 0])
        trace = part.crop(frame.trace)
        return cls(
            frame.number,
            digest,
            regions.count,
            not part.crop(frame.lines).any(),
            part,
            Runs.pack(ink),
            Runs.pack(trace),
            None if frame.hues is None else Runs.pack(part.crop(frame.hues)),
            regions.runs,
            regions.paper_border,
        )

    def frame(self) -> Frame:
        """Restore the drawing."""
        part = self._part
        size = part.height, part.width
        ink, trace = np.zeros((*size, 4), np.uint8), np.zeros(size, bool)
        part.crop(ink)[:] = self._ink.unpack().view(np.uint8).reshape(*self._ink.shape, 4)
        part.crop(trace)[:] = self._trace.unpack()
        hues = None
        if self._hues is not None:
            hues = np.zeros(size, np.uint8)
            part.crop(hues)[:] = self._hues.unpack()
        frame = Frame(self.number, ink, trace, hues)
        frame.__dict__["box"] = part  # fills the cached_property
        return frame

    def regions(self) -> Regions:
        """Restore the drawing's regions."""
        return Regions.unpack(self._labels, self.count, self._paper_border)
