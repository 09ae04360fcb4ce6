"""Open the drawing whose colors are explored, and the key that variations start from, if any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import digest
from framecolor.core.types import Frame, Regions
from framecolor.errors import InputError, ReadError
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.regions import outside_regions
from framecolor.media import hash_file, read_image
from framecolor.shot.cut import LINE_FOLDER, find_folder, is_cut
from framecolor.shot.sequence import list_images, number_files

# A drawing is mostly paper: a picture with more than this share of ink is a painting.
_MOST_INK = 0.6


@dataclass(frozen=True, eq=False)
class Subject:
    """One drawing.

    line   its file
    key    its painted file, if variations start from one
    start  color of each region in `key`, uint8 [count + 1, 4]
    """

    line: Path
    frame: Frame
    regions: Regions
    key: Path | None = None
    start: NDArray[np.uint8] | None = None

    @property
    def hash(self) -> str:
        """Hash of the files and the regions."""
        key = "" if self.key is None else hash_file(self.key)
        return digest(hash_file(self.line), key, self.regions.labels.tobytes())

    @property
    def figure(self) -> NDArray[np.intp]:
        """Indices of the regions to paint, rising: neither paper outside the figure, nor paper in `key`."""
        painted = ~outside_regions(self.regions)
        painted[0] = False
        if self.start is not None:
            painted &= self.start[:, 3] > 0
        return np.flatnonzero(painted)


def open_subject(key: Path, line: Path | None = None, settings: Settings | None = None) -> Subject:
    """Open a drawing, or a painted key with its drawing.

    key       a painted key, or a drawing
    line      drawing of the key; by default that of the same number in SHOT/line if `key` is in SHOT/keys; otherwise
              `key` is a drawing itself
    settings  settings of the regions

    Raises ReadError if a file cannot be read, InputError if the two do not fit or there is nothing to paint.
    """
    settings = settings or Settings()
    if line is None:
        line = _find_line(key)
    painted = None if line is None else read_image(key)
    path = key if line is None else line
    pixels = read_image(path)
    frame = read_lines(0, pixels, settings)
    if painted is not None and painted.shape[:2] != frame.size:
        problem = f"is {painted.shape[1]}x{painted.shape[0]}, its drawing is {frame.size[1]}x{frame.size[0]}"
        raise InputError(key, problem, "save it at the size of the drawing")
    if frame.solid.mean() > _MOST_INK:
        raise InputError(
            path, "is not a line drawing: most of it is ink", "name the drawing of a painted key with --line"
        )
    regions = segment(frame, settings)
    start = None if painted is None else region_colors(painted, frame, regions).color
    subject = Subject(path, frame, regions, None if painted is None else key, start)
    if len(subject.figure) == 0:
        raise InputError(path, "has no region to paint", "close the lines, or allow wider gaps in framecolor.toml")
    return subject


def find_home(key: Path) -> Path:
    """Find the folder of a drawing's or key's shot or cut; its own folder if it is in none."""
    folder = key.resolve().parent
    if find_folder(folder.parent, LINE_FOLDER).is_dir():
        return folder.parent
    return folder.parent.parent if is_cut(folder.parent.parent) else folder


def _find_line(key: Path) -> Path | None:
    """Find the drawing of a key in SHOT/keys; None if it is elsewhere. Raises InputError if there is no drawing."""
    folder = key.resolve().parent
    drawings = folder.parent / "line"
    if folder.name != "keys" or not drawings.is_dir():
        return None
    number = next((n for n, path in number_files(list_images(folder)).items() if path.name == key.name), None)
    if number is None:
        if not key.exists():
            raise ReadError(key, "there is no such file", "check the name")
        raise InputError(key, "has no number in its name", "name its drawing with --line")
    line = number_files(list_images(drawings)).get(number)
    if line is None:
        raise InputError(key, f"there is no drawing {number} in {drawings}", "name its drawing with --line")
    return line
