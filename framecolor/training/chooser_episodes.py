"""Drawings for the chooser: those of the painter's episodes, as matcher and base weights describe them."""

from __future__ import annotations

import io
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import write_bytes_atomic
from framecolor.core.histogram import mean_by_label
from framecolor.networks.checkpoint import load_matcher, matcher_weights_path
from framecolor.networks.chooser_tokens import describe
from framecolor.networks.matcher import Matcher
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, Split
from framecolor.training.painter_episodes import IMAGES, Arrays, PainterEpisodes

_WHITE = 255


class ChooserEpisodes:
    """`count` episodes of IMAGES drawings each, kept as files.

    Of drawing i: tokens{i} float16 [T, V], shape{i}, contact{i}, area{i} in working pixels, classes{i}; and of the
    episode `colors` uint8 [K, 3], the character's own color of each class. Class 0 is paper.
    """

    def __init__(self, data: Dataset, split: Split, seed: int, folder: Path, count: int, size_px: int) -> None:
        self.source = PainterEpisodes(data, split, seed, folder, count, size_px)
        self.folder = self.source.folder.with_name(f"{self.source.folder.name}-described")
        self.count = count

    def read(self, number: int) -> Arrays:
        """Read an episode from its file, or make it if there is none."""
        path = self.folder / f"{number:06d}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, EOFError, BadZipFile):  # none yet, or cut off by a full disk
            episode = self.make(number)
            packed = io.BytesIO()
            np.savez(packed, **episode)  # pyright: ignore[reportArgumentType]
            write_bytes_atomic(path, packed.getvalue())
            return episode

    def make(self, number: int) -> Arrays:
        """Describe the drawings of an episode."""
        looked = self.source.read(number)
        episode: Arrays = {"colors": self.find_colors(number)}
        for i in range(IMAGES):
            look, shape, contact = (looked[f"{name}{i}"].astype(np.float32) for name in ("look", "shape", "contact"))
            episode[f"tokens{i}"] = describe(self._matcher, look, shape, contact, looked[f"crops{i}"]).astype(
                np.float16
            )
            episode |= {f"{name}{i}": looked[f"{name}{i}"] for name in ("shape", "contact", "area", "classes")}
        return episode

    def find_colors(self, number: int) -> NDArray[np.uint8]:
        """Find the own color of each class of an episode's character: it is drawn again, without its recoloring."""
        sequences, rng = self.source.choose_character(number)
        character = draw_character(sequences, rng, recolored=False)
        colors = mean_by_label(character.rgb, character.classes, int(character.classes.max()) + 1)
        colors[0] = _WHITE
        return np.rint(colors).astype(np.uint8)

    @cached_property
    def _matcher(self) -> Matcher:
        return load_matcher(matcher_weights_path())
