"""The regions of a shot's drawings that continue each other, as framecolor.json links them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from framecolor.output.frame_entry import FrameEntry

Place = tuple[int, int]
"""Frame number and region, from 1 on."""


@dataclass(frozen=True)
class Links:
    """How the regions of painted drawings continue each other, as the page's "Hold" follows them.

    back, on  the region before, and the first one after, of each region that has one
    """

    back: Mapping[Place, Place]
    on: Mapping[Place, Place]

    @classmethod
    def of(cls, frames: Iterable[FrameEntry]) -> Links:
        """Collect the links between the painted frames of a run; keys end them."""
        entries = {frame.number: frame for frame in frames if frame.status == "painted"}
        back: dict[Place, Place] = {}
        on: dict[Place, Place] = {}
        for number, frame in entries.items():
            if frame.before not in entries or not frame.origins:
                continue
            for region, origin in enumerate(frame.origins, 1):
                if origin:
                    back[number, region] = (frame.before, origin)
                    on.setdefault((frame.before, origin), (number, region))
        return cls(back, on)

    def follow(self, number: int, region: int, most: int | None = None) -> Iterator[Place]:
        """Follow a region to the drawings before it, then to those after it, up to the keys on both sides.

        most  number of drawings on each side; None: all
        """
        for links in (self.back, self.on):
            place, left = links.get((number, region)), most
            while place is not None and left != 0:
                yield place
                place, left = links.get(place), None if left is None else left - 1
