"""Clips to measure on: CLIP/line, CLIP/color and, if the paint is antialiased, CLIP/flat with the true colors."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framecolor.evaluation.metrics.score import list_frames


@dataclass(frozen=True)
class Clip:
    """Files by frame number, in order: drawings, painted frames, and the truth for scoring."""

    name: str
    line: Mapping[int, Path]
    color: Mapping[int, Path]
    truth: Mapping[int, Path]

    @classmethod
    def open(cls, folder: Path) -> Clip:
        """Open a clip's folder. Raises InputError if line/ or color/ is missing."""
        color = list_frames(folder / "color")
        truth = list_frames(folder / "flat") if (folder / "flat").is_dir() else color
        return cls(folder.name, list_frames(folder / "line"), color, truth)

    def keys(self, every: int) -> list[int]:
        """Choose every N-th drawing from the first on, by position and not by number."""
        return list(self.line)[::every]

    def thin_out(self, most: int) -> Clip:
        """Take every drawing, every second, third, ..., from the first on, so that at most `most` are left."""
        step = -(-len(self.line) // most)
        kept = list(self.line)[::step]
        line, color, truth = (
            {number: files[number] for number in kept} for files in (self.line, self.color, self.truth)
        )
        return Clip(self.name, line, color, truth)

    def write_shot(self, folder: Path, keys: Sequence[int]) -> Path:
        """Write a shot folder with all drawings, and with these frames of `color/` as keys."""
        for role, files, numbers in (("line", self.line, self.line), ("keys", self.color, keys)):
            (folder / role).mkdir(parents=True)
            for number in numbers:
                shutil.copyfile(files[number], folder / role / files[number].name)
        return folder


def find_clips(folder: Path, names: Sequence[str]) -> list[Clip]:
    """Open the clips of a folder, all or those named."""
    found = sorted(path for path in folder.iterdir() if (path / "line").is_dir() and (path / "color").is_dir())
    unknown = set(names) - {path.name for path in found}
    if unknown:
        raise SystemExit(f"{folder} has no clip named {', '.join(sorted(unknown))}")
    return [Clip.open(path) for path in found if not names or path.name in names]
