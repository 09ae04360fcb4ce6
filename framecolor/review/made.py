"""Pictures and maps for the page, made when they are asked for, each once, and kept up to a size."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import read_file
from framecolor.core.hashing import digest
from framecolor.errors import FramecolorError
from framecolor.output.frame_entry import FrameEntry
from framecolor.report.lines import LineDrawing
from framecolor.report.marks import crop_to_regions
from framecolor.report.pictures import PictureReader
from framecolor.review.desk import Desk

Kind = Literal["thumbnail", "large", "map"]
Name = tuple[int, Kind, str]

_MOST_BYTES = 64 << 20
_WORKERS = 2


@dataclass(frozen=True)
class Item:
    """A WebP file, or a map as JSON.

    data      None if the frame or its drawing is missing
    version   of the frame's entry that it shows, and of its colors
    is_final  whether it shows that version for sure, so that it may be kept
    """

    data: bytes | None
    version: str
    is_final: bool


class Made:
    """The pictures and maps of a desk's frames. To be used in the thread of one event loop; close it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[Name, Item] = OrderedDict()
        self._bytes = 0
        self._making: dict[Name, asyncio.Future[Item]] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, "review-pictures")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def find(self, number: int, kind: Kind) -> Item | None:
        """Find or make a picture or map; None if the frame is not painted."""
        entry, version = self._desk.find_entry(number)
        if entry is None:
            return None
        colors, of_colors = self._desk.find_colors(number) if kind == "map" else (None, "")
        version += f".{of_colors}" if of_colors else ""
        name = number, kind, version
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        making = self._making.get(name)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._pool, self._make, entry, version, kind, colors)
            self._making[name] = making
            making.add_done_callback(lambda made: self._take(name, made))
        return await asyncio.shield(making)  # a client that goes away takes it from no other

    def _take(self, name: Name, made: asyncio.Future[Item]) -> None:
        self._making.pop(name, None)
        if made.cancelled() or made.exception() is not None or not made.result().is_final:
            return
        self._kept[name] = made.result()
        self._bytes += len(made.result().data or b"")
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.data or b"")

    def _make(self, entry: FrameEntry, version: str, kind: Kind, colors: NDArray[np.uint8] | None) -> Item:
        manifest, drawing = self._desk.read_manifest(), self._find_drawing(entry.number)
        reader = PictureReader(manifest)
        if kind == "map":
            data = reader.read_map(entry, drawing, colors).encode() or None
        else:
            crop = None
            if kind == "large":
                crop = crop_to_regions(entry.to_check or entry.unsure, manifest.width, manifest.height)
            data = reader.read_picture(entry, drawing, crop)
        return Item(data, version, data is not None and self._is_current(entry))

    def _find_drawing(self, number: int) -> LineDrawing:
        shot = self._desk.shot
        if shot.movie is None:
            return LineDrawing(number, shot.lines.get(number))
        try:
            return LineDrawing(number, pixels=shot.read_line(number))
        except (FramecolorError, KeyError):
            return LineDrawing(number)

    def _is_current(self, entry: FrameEntry) -> bool:
        """Tell whether a frame's file is that of its entry: a run may have written the next one already."""
        try:
            return entry.is_inside and digest(read_file(self._desk.out / entry.file)) == entry.paint
        except OSError:
            return False
