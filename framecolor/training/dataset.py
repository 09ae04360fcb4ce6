"""The training data set on disk: id maps of animated characters, one .npz per sequence, and dataset.json beside them.

An id map says for every pixel which drawn shape it belongs to (0: background); an id keeps its shape in all frames and
in all sequences of one character. Line art, colors, regions and correspondences all follow from it.

dataset.json: format, source, license, long_side, parts (names; the arrays hold indices), items (file, character,
action, frames, split, sha256). Built from the same input, all files are the same to the byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import OutputError, ReadError

FORMAT = 1
Split = Literal["train", "val"]


@dataclass(frozen=True)
class Provenance:
    """Where data comes from and what it may be used for; copied into dataset.json and from there to model cards."""

    source: str
    license: str


@dataclass(frozen=True, eq=False, repr=False)
class IdSequence:
    """One action of one character: frames uint16 FxHxW, and for each of its N ids the color, base id and part name."""

    character: str
    action: str
    frames: NDArray[np.uint16]
    ids: NDArray[np.uint16]
    rgb: NDArray[np.uint8]
    base: NDArray[np.uint16]
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.frames.ndim != 3 or self.frames.dtype != np.uint16:
            raise ValueError(f"frames must be uint16 FxHxW, got {self.frames.dtype} {self.frames.shape}")
        if self.rgb.shape != (count, 3) or self.base.shape != (count,) or len(self.parts) != count:
            raise ValueError(f"{count} ids, but tables of {self.rgb.shape}, {self.base.shape}, {len(self.parts)}")
        if not np.isin(np.unique(self.frames), np.append(self.ids, 0)).all():
            raise ValueError("a frame holds an id that the table does not")

    def __repr__(self) -> str:
        return f"IdSequence({self.character}/{self.action}, {'x'.join(map(str, self.frames.shape))})"


def write_dataset(
    sequences: Iterable[IdSequence], folder: Path, provenance: Provenance, long_side: int, val_characters: int
) -> dict[str, object]:
    """Write `sequences` to `folder`; the last `val_characters` characters by name are the val split.

    Returns the content of dataset.json, which is written last: a folder without it is not a data set.
    """
    items: list[dict[str, object]] = []
    parts: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sequence in sequences:
            parts += sorted({p for p in sequence.parts if p not in parts})
            path = folder / f"{sequence.character}_{sequence.action}.npz"
            np.savez_compressed(
                path,
                frames=sequence.frames,
                ids=sequence.ids,
                rgb=sequence.rgb,
                base=sequence.base,
                parts=np.array([parts.index(p) for p in sequence.parts], np.uint8),
            )
            items.append(
                {
                    "file": path.name,
                    "character": sequence.character,
                    "action": sequence.action,
                    "frames": len(sequence.frames),
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
            )
        names = sorted({str(item["character"]) for item in items})
        held_out = set(names[len(names) - val_characters :])
        for item in items:
            item["split"] = "val" if item["character"] in held_out else "train"
        table: dict[str, object] = {
            "format": FORMAT,
            "source": provenance.source,
            "license": provenance.license,
            "long_side": long_side,
            "parts": parts,
            "items": items,
        }
        (folder / "dataset.json").write_text(json.dumps(table, indent=1) + "\n")
    except OSError as error:
        raise OutputError(folder, f"cannot be written ({error})", "choose another folder with -o") from error
    return table


class Dataset:
    """A built data set: its table, and its sequences read when asked for (the last few are kept)."""

    def __init__(self, folder: Path) -> None:
        """Raise ReadError when `folder` holds no data set."""
        self.folder = folder
        path = folder / "dataset.json"
        fix = "build it with `framecolor dataset build`"
        try:
            self.table = json.loads(path.read_text())
            if self.table["format"] != FORMAT:
                raise ReadError(path, f"has format {self.table['format']}, not {FORMAT}", fix)
            self.parts: list[str] = self.table["parts"]
            self.items: list[dict[str, str]] = self.table["items"]
        except (OSError, ValueError, KeyError) as error:
            raise ReadError(path, f"is no data set table ({error!r})", fix) from error

    def characters(self, split: Split) -> list[list[str]]:
        """The sequence files of each character of a split, sorted by name."""
        found: dict[str, list[str]] = {}
        for item in self.items:
            if item["split"] == split:
                found.setdefault(item["character"], []).append(item["file"])
        return [sorted(files) for _, files in sorted(found.items())]

    @property
    def hash(self) -> str:
        """Identifies the content: a hash over the hashes of all items."""
        return hashlib.sha256("".join(item["sha256"] for item in self.items).encode()).hexdigest()[:16]

    def read(self, name: str) -> IdSequence:
        """One sequence file. Raises ReadError when it is missing or damaged."""
        return _read_sequence(self.folder / name, tuple(self.parts))


@lru_cache(maxsize=24)
def _read_sequence(path: Path, parts: tuple[str, ...]) -> IdSequence:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            character, _, action = path.stem.partition("_")
            return IdSequence(
                character,
                action,
                arrays["frames"],
                arrays["ids"],
                arrays["rgb"],
                arrays["base"],
                tuple(parts[i] for i in arrays["parts"]),
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ReadError(path, f"cannot be read ({error})", "build the data set again") from error
