"""Pictures and maps for the page, made when they are asked for, once at a time, and kept up to a size."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Literal

from framecolor.output.frame_entry import FrameEntry
from framecolor.report.lines import LineArt
from framecolor.report.marks import crop_to_regions
from framecolor.report.pictures import PictureReader
from framecolor.review.desk import Desk

Kind = Literal["thumbnail", "large", "map"]

_MOST_BYTES = 64 << 20


class Made:
    """The pictures and maps of a desk's frames. Thread-safe."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[int, Kind, str], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._making: dict[tuple[int, Kind, str], Lock] = {}

    def find(self, number: int, kind: Kind) -> bytes | None:
        """Find or make a WebP file, or a map as JSON; None if the frame is not painted or its files are missing."""
        entry = self._desk.entry(number)
        if entry is None:
            return None
        name = number, kind, self._desk.versions.get(number, "")
        with self._lock:
            making = self._making.setdefault(name, Lock())
        with making:
            with self._lock:
                if name in self._kept:
                    self._kept.move_to_end(name)
                    return self._kept[name]
            data = self._make(entry, kind)
            with self._lock:
                self._making.pop(name, None)
                if data is not None:
                    self._keep(name, data)
        return data

    def _make(self, entry: FrameEntry, kind: Kind) -> bytes | None:
        manifest = self._desk.read_manifest()
        reader = PictureReader(manifest)
        (drawing,) = LineArt(manifest.out, manifest.line_dir).visit([entry.number])
        if kind == "map":
            return reader.read_map(entry, drawing).encode() or None
        crop = None
        if kind == "large":
            crop = crop_to_regions(entry.to_check or entry.unsure, manifest.width, manifest.height)
        return reader.read_picture(entry, drawing, crop)

    def _keep(self, name: tuple[int, Kind, str], data: bytes) -> None:
        self._kept[name] = data
        self._bytes += len(data)
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old)
