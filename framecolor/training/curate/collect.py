"""Collect the paintings under a folder: read, scaled and sifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.media import read_image
from framecolor.training.curate.duplicates import Duplicates, sign_picture
from framecolor.training.curate.junk import find_junk, find_size_junk
from framecolor.training.curate.picture import ArtItem, curate_picture, fit_picture
from framecolor.training.curate.walk import Group, Rejected, list_groups, read_group
from framecolor.training.extract_lines import METHODS, Method

LONG_SIDE = 512
# With a limit, this many pictures are read for each one wanted, evenly over a group, as some are rejected.
_SPARE = 4


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """An accepted painting: name and group below its folder, rgb uint8 HxWx3 over white, paper bool HxW."""

    name: str
    group: Group
    rgb: NDArray[np.uint8]
    paper: NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"Picture({self.name}, {self.rgb.shape[1]}x{self.rgb.shape[0]})"


def collect_pictures(
    folder: Path, seen: Duplicates, *, long_side: int = LONG_SIDE, limit: int | None = None
) -> Iterator[Picture | Rejected]:
    """Yield the paintings under a folder by name, and the rejected pictures, each with its reason.

    seen       pictures whose duplicates are rejected; accepted ones are added
    long_side  larger pictures are scaled down to it
    limit      most paintings, spread over the groups and within them
    Raises ReadError if the folder cannot be read; unreadable files in it are among the rejected.
    """
    groups = list_groups(folder)
    left = limit
    for place, group in enumerate(groups):
        # The unused share of earlier groups goes to the later ones.
        quota = None if left is None else -(-left // (len(groups) - place))
        taken = 0
        for found in _sift_group(folder, group, seen, long_side, quota):
            if isinstance(found, Picture):
                taken += 1
            yield found
        left = None if left is None else left - taken
        if left == 0:
            return


def _sift_group(
    folder: Path, group: Group, seen: Duplicates, long_side: int, quota: int | None
) -> Iterator[Picture | Rejected]:
    taken = 0

    def choose(count: int) -> set[int] | None:
        if quota is None or count <= _SPARE * quota:
            return None
        return set(np.linspace(0, count - 1, _SPARE * quota).round().astype(int).tolist())

    for found in read_group(folder, group, choose):
        if quota is not None and taken == quota:
            return
        if isinstance(found, Rejected):
            yield found
            continue
        name, rgba = found
        picture = sift_picture(name, group, rgba, seen, long_side)
        taken += isinstance(picture, Picture)
        yield picture


def sift_picture(
    name: str, group: Group, rgba: NDArray[np.uint8], seen: Duplicates, long_side: int
) -> Picture | Rejected:
    """Return the picture at its working size, added to `seen`, or the reason for its rejection."""
    if reason := find_size_junk(*rgba.shape[:2]):
        return Rejected(name, reason)
    rgb, paper = fit_picture(rgba, long_side)
    if reason := find_junk(rgb):
        return Rejected(name, reason)
    signature = sign_picture(rgb)
    if seen.find(signature) is not None:
        return Rejected(name, "near-duplicate")
    seen.add(signature)
    return Picture(name, group, rgb, paper)


def list_paintings(folder: Path) -> list[Path]:
    """List the pictures under a plain folder that are paintings, without duplicates, by name; movies are ignored.

    Reads every picture. Raises ReadError if the folder cannot be read.
    """
    seen = Duplicates()
    found: list[Path] = []
    for group in list_groups(folder):
        if group.kind != "movie":
            kept = [p for p in _sift_group(folder, group, seen, LONG_SIDE, None) if isinstance(p, Picture)]
            found += [folder / picture.name for picture in kept]
    return sorted(found)


def read_painting(
    path: Path,
    long_side: int = LONG_SIDE,
    rng: np.random.Generator | None = None,
    methods: Sequence[Method] = METHODS,
) -> ArtItem:
    """Read and curate one picture file, with lines by `methods`. Raises ReadError if it cannot be read."""
    rgb, paper = fit_picture(read_image(path), long_side)
    return curate_picture(rgb, paper, methods=methods, rng=rng)
