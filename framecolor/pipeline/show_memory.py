"""Keep painted drawings of a shot as references for the other shots of its show: few, and each for what it adds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import xxhash
from numpy.typing import NDArray

from framecolor.config.settings import NO_FILE
from framecolor.core.files import read_file, write_bytes_atomic
from framecolor.core.types import Box
from framecolor.errors import OutputError, ReadError, ShotError
from framecolor.keys.keyframes import ask_for_key
from framecolor.media import encode_image, hash_file, read_image
from framecolor.media.levels.member import find_frame, is_member, is_there
from framecolor.output.manifest import MANIFEST_NAME, Manifest
from framecolor.pipeline.stencils import add_painted_keys
from framecolor.shot.references import (
    LINE_FOLDER,
    MOST_READ,
    REFERENCE_FOLDER,
    find_show,
    list_pictures,
    name_reference,
)
from framecolor.shot.shot import Shot

MOST_KEPT = 3
"""Drawings of a shot that are kept by default."""

_PADDING = 4
# A color counts if this share of the figure has it: not those of antialiasing.
_LEAST_SHARE = 0.001
# Pictures of figures are compared at this size.
_THUMB_PX = 16
# A pose within this mean difference of a kept one, in levels, adds nothing.
_SAME_POSE_LEVELS = 6.0


@dataclass(frozen=True)
class Kept:
    """A drawing in a show's memory: its number, its painting there, and whether it is new, changed, or was there."""

    number: int
    path: Path
    state: Literal["new", "changed", "there"]


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A painted drawing: its file, its colors as codes, and a small picture of its figure, float32 [16, 16, 3]."""

    number: int
    painted: Path
    colors: frozenset[int]
    thumb: NDArray[np.float32]


def add_references(shot: Shot, folder: Path | None = None, most: int = MOST_KEPT) -> list[Kept]:
    """Copy what is worth keeping of a painted shot into a folder of references, with line art. Returns what is kept.

    folder  by default `references` in the show, the folder above the shot
    most    drawings that are chosen, at most; those of earlier calls stay in the folder

    Candidates are the shot's keys, and painted frames in which a region was corrected, unless the shot is recolored.
    Each next one adds most new colors, then the pose that is least like those kept. Files are named SHOT.NUMBER and
    replace older ones of that name; a painting that is in the folder already, by whatever name, is not copied again.
    Raises ShotError if there is no candidate, ReadError for a file that cannot be read, OutputError if the folder is
    full or cannot be written.
    """
    folder = folder or find_show(shot.root) / REFERENCE_FOLDER
    looks = [_look(number, path) for number, path in sorted(_list_candidates(shot).items())]
    candidates = [one for one in looks if one.colors]  # empty ones show nothing
    if not candidates:
        problem = "there is neither a painted key nor a corrected frame"
        raise ShotError(shot.root, problem, ask_for_key(shot))
    known = {path: hash_file(path) for path in list_pictures(folder)} if folder.is_dir() else {}
    chosen = list(_choose(candidates, most))
    taken = set(map(name_reference, known))
    new = [one for one in chosen if hash_file(one.painted) not in known.values() and _name(shot, one) not in taken]
    if len(known) + len(new) > MOST_READ:
        problem = f"holds {len(known)} references, and at most {MOST_READ} are used"
        raise OutputError(folder, problem, "remove some, or choose another folder with --to")
    return [_keep(shot, one, folder, known) for one in chosen]


def _list_candidates(shot: Shot) -> dict[int, Path]:
    """List the files of painted drawings that a painter has made or corrected, by number; keys win."""
    found: dict[int, Path] = {}
    if (shot.out / MANIFEST_NAME).is_file():
        manifest = Manifest.read(shot.out)
        corrected = {correction.number for correction in manifest.corrections}
        recolor = manifest.settings.get("recolor")
        if recolor != NO_FILE and (recolor is not None or shot.recolor_file.exists()):
            corrected = set()  # in colors that belong to this shot alone
        for frame in manifest.with_status("painted"):
            path = find_frame(shot.out, frame.file)
            if frame.number in corrected and frame.number in shot.numbers and is_there(path):
                found[frame.number] = path
    return found | dict(add_painted_keys(shot, shot.out).keys)


def _look(number: int, path: Path) -> _Candidate:
    rgba = read_image(path)
    solid = rgba[..., 3] >= 128
    code = rgba[..., :3].astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    colors, counts = np.unique(code[solid], return_counts=True)
    used = colors[counts >= max(1.0, _LEAST_SHARE * solid.sum())]
    over = np.where(solid[..., None], rgba[..., :3], np.uint8(255))
    figure = Box.around((over != over[0, 0]).any(axis=2).astype(np.uint8)).crop(over)
    thumb = cv2.resize(figure, (_THUMB_PX, _THUMB_PX), interpolation=cv2.INTER_AREA)
    return _Candidate(number, path, frozenset(used.tolist()), np.asarray(thumb, np.float32))


def _choose(candidates: Sequence[_Candidate], most: int) -> Iterator[_Candidate]:
    """Yield candidates, greedily, until none adds a color or a pose; ties go to the lower number."""
    left = list(candidates)
    chosen: list[_Candidate] = []
    while left and len(chosen) < most:
        colors = frozenset[int]().union(*(one.colors for one in chosen))
        gains = [(len(one.colors - colors), _measure_distance(one, chosen), -one.number) for one in left]
        best = max(range(len(left)), key=lambda i: gains[i])
        if chosen and gains[best][0] == 0 and gains[best][1] <= _SAME_POSE_LEVELS:
            return
        chosen.append(left.pop(best))
        yield chosen[-1]


def _measure_distance(one: _Candidate, others: Sequence[_Candidate]) -> float:
    return min((float(np.abs(one.thumb - other.thumb).mean()) for other in others), default=255.0)


def _keep(shot: Shot, one: _Candidate, folder: Path, known: Mapping[Path, str]) -> Kept:
    """Copy one painting and its line art, the line art first: a painting without it would be used without it.

    known  hash of each painting in the folder
    """
    own, name = hash_file(one.painted), _name(shot, one)
    there = [path for path, other in known.items() if other == own]
    if there and name not in map(name_reference, there):  # renamed, with its line art
        return Kept(one.number, there[0], "there")
    older = [path for path in known if name_reference(path) == name]
    is_new_line = _keep_line(shot, one.number, folder / LINE_FOLDER, name)
    if is_member(one.painted):
        target, data = folder / f"{name}.png", encode_image(read_image(one.painted))
        own = xxhash.xxh3_128_hexdigest(data)
    else:
        target, data = folder / f"{name}{one.painted.suffix}", _read(one.painted)
    if known.get(target) != own:
        write_bytes_atomic(target, data)
    elif not is_new_line:
        return Kept(one.number, target, "there")
    _forget_others(target, older)
    return Kept(one.number, target, "changed" if older else "new")


def _keep_line(shot: Shot, number: int, folder: Path, name: str) -> bool:
    """Copy the line art of a drawing, unless it is there already. Returns whether it was not."""
    if shot.movie is None and not is_member(shot.lines[number]):
        target, data = folder / f"{name}{shot.lines[number].suffix}", _read(shot.lines[number])
    else:
        target, data = folder / f"{name}.png", encode_image(shot.read_line(number))
    others = [path for path in list_pictures(folder) if name_reference(path) == name] if folder.is_dir() else []
    if others == [target] and _read(target) == data:
        return False
    write_bytes_atomic(target, data)
    _forget_others(target, others)
    return True


def _forget_others(target: Path, paths: Iterable[Path]) -> None:
    """Delete the same picture in other formats. Raises OutputError."""
    for path in paths:
        try:
            # Names that differ only in letter case or in how accents are written may be one file.
            if path.exists() and not path.samefile(target):
                path.unlink(missing_ok=True)
        except OSError as error:
            problem = f"the older file cannot be deleted ({error.strerror or error})"
            raise OutputError(path, problem, "delete it") from error


def _name(shot: Shot, one: _Candidate) -> str:
    """Name a drawing of a shot among references; not as a hidden file, which would not be found."""
    name = f"{shot.name.replace('/', '.')}.{one.number:0{_PADDING}d}".lstrip(".")
    return unicodedata.normalize("NFC", name)


def _read(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise ReadError(path, f"the file cannot be read ({error.strerror or error})", "check its permissions") from None
