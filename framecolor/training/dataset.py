"""The training data set on disk: id maps of animated characters, one .npz per sequence, and dataset.json.

An id map holds for each pixel the id of the shape that is drawn there (0: background); a shape keeps its id in all
frames and sequences of its character. Line art, colors, regions and correspondences follow from it.

dataset.json: format, sources (name, source, license, attribution), source and license (of all, joined), long_side,
parts (names; the arrays hold indices), items (file, source, character, action, frames, split, sha256). The same input
gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tokenize import TokenError
from typing import Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from framecolor.core.parsing import MISSHAPEN, is_file_name, parse_json
from framecolor.errors import OutputError, ReadError

FORMAT = 2
_TEXTS = ("file", "source", "character", "split", "sha256")
# Limit for all arrays of a sequence: a hundred drawings at 1080p take less than half of it.
_MOST_BYTES = 1 << 30
Split = Literal["train", "val"]


@dataclass(frozen=True)
class Provenance:
    """Origin and license of data; copied into dataset.json and from there to model cards.

    name: one word for the source, unique in a data set; attribution: the line that the license asks for.
    """

    source: str
    license: str
    name: str = "data"
    attribution: str = ""


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
        known = np.zeros(2**16, bool)
        known[np.append(self.ids, 0)] = True
        if not known[self.frames].all():
            raise ValueError("a frame holds an id that the table does not")

    def __repr__(self) -> str:
        return f"IdSequence({self.character}/{self.action}, {'x'.join(map(str, self.frames.shape))})"


def write_dataset(
    sequences: Iterable[IdSequence], folder: Path, provenance: Provenance, long_side: int, val_characters: int
) -> dict[str, object]:
    """Write the data set of one source, as `write_sources`, with a number of characters held out instead of a share."""
    return _write([(provenance, sequences)], folder, long_side, lambda count: min(val_characters, count))


def write_sources(
    sources: Iterable[tuple[Provenance, Iterable[IdSequence]]], folder: Path, long_side: int, val_share: float
) -> dict[str, object]:
    """Write the sequences of all `sources` to `folder`, and return the content of dataset.json.

    Of each source, `val_share` of the characters (at least one of two or more) are the val split: the last ones by a
    hash of the name, so that a larger build moves few. dataset.json is written last: a folder without it is not a data
    set. Raises OutputError if the folder cannot be written, ValueError if two sources or characters have one name.
    """

    def count_val(count: int) -> int:
        return 0 if val_share <= 0 or count < 2 else max(1, round(val_share * count))

    return _write(sources, folder, long_side, count_val)


def _write(
    sources: Iterable[tuple[Provenance, Iterable[IdSequence]]],
    folder: Path,
    long_side: int,
    count_val: Callable[[int], int],
) -> dict[str, object]:
    items: list[dict[str, object]] = []
    parts: list[str] = []
    table: list[dict[str, str]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for provenance, sequences in sources:
            own = [_write_sequence(sequence, folder, provenance.name, parts) for sequence in sequences]
            if not own:
                continue
            if any(row["name"] == provenance.name for row in table):
                raise ValueError(f"two sources are named {provenance.name}")
            names = sorted({str(item["character"]) for item in own}, key=_order)
            held_out = set(names[len(names) - count_val(len(names)) :])
            for item in own:
                item["split"] = "val" if item["character"] in held_out else "train"
            items += own
            table.append({k: getattr(provenance, k) for k in ("name", "source", "license", "attribution")})
        if len({item["file"] for item in items}) < len(items):
            raise ValueError("two sequences have the same character and action")
        content: dict[str, object] = {
            "format": FORMAT,
            "sources": table,
            "source": "; ".join(row["source"] for row in table),
            "license": " AND ".join(sorted({row["license"] for row in table})),
            "long_side": long_side,
            "parts": parts,
            "items": items,
        }
        (folder / "dataset.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise OutputError(folder, f"cannot be written ({error})", "choose another folder with -o") from error
    return content


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _write_sequence(sequence: IdSequence, folder: Path, source: str, parts: list[str]) -> dict[str, object]:
    """Write one sequence, add new part names to `parts`, and return its item, without the split."""
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
    return {
        "file": path.name,
        "source": source,
        "character": sequence.character,
        "action": sequence.action,
        "frames": len(sequence.frames),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _check_texts(*rows: list[str]) -> None:
    for row in rows:
        if not isinstance(row, list) or not all(isinstance(text, str) and text.isprintable() for text in row):
            raise ValueError("a value is not a text")


class Dataset:
    """A built data set: its table, and its sequences, read on demand (the last few are cached)."""

    def __init__(self, folder: Path) -> None:
        """Raise ReadError if `folder` holds no data set, or one of another format."""
        self.folder = folder
        path = folder / "dataset.json"
        fix = "build it with `framecolor dataset build`"
        try:
            self.table = parse_json(path.read_text("utf-8"))
            if self.table["format"] != FORMAT:
                raise ReadError(path, f"has format {self.table['format']}, not {FORMAT}", "build the data set again")
            self.parts: list[str] = self.table["parts"]
            self.items: list[dict[str, str]] = self.table["items"]
            _check_texts(self.parts, *([item[key] for key in _TEXTS] for item in self.items))
            if not all(is_file_name(item["file"]) for item in self.items):
                raise ValueError("a file name leads out of the folder")
        except (OSError, *MISSHAPEN) as error:
            raise ReadError(path, f"is not a data set table ({error!r})", fix) from error

    def characters(self, split: Split) -> list[list[str]]:
        """Return the sequence files of each character of a split, sorted by name."""
        return _group_files(item for item in self.items if item["split"] == split)

    def characters_by_source(self, split: Split) -> dict[str, list[list[str]]]:
        """Return `characters` by source name, for each source that has characters in this split."""
        own = [item for item in self.items if item["split"] == split]
        sources = sorted({item["source"] for item in own})
        return {source: _group_files(item for item in own if item["source"] == source) for source in sources}

    @property
    def hash(self) -> str:
        """Return a hash of the content, over the hashes of all items."""
        return hashlib.sha256("".join(item["sha256"] for item in self.items).encode()).hexdigest()[:16]

    @property
    def facts(self) -> dict[str, str]:
        """Return source, license and hash, for a run's record and a model card."""
        return {"source": self.table["source"], "license": self.table["license"], "hash": self.hash}

    def read(self, name: str) -> IdSequence:
        """Read one sequence file. Raises ReadError if it is missing or damaged."""
        return _read_sequence(self.folder / name, tuple(self.parts))


def _group_files(items: Iterable[dict[str, str]]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item["character"], []).append(item["file"])
    return [sorted(files) for _, files in sorted(found.items())]


@lru_cache(maxsize=24)
def _read_sequence(path: Path, parts: tuple[str, ...]) -> IdSequence:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if sum(member.file_size for member in arrays.zip.infolist()) > _MOST_BYTES:
                raise ValueError("its arrays are too large")
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
    # RuntimeError: a member that is marked as encrypted; TokenError: an array's header that NumPy cannot parse.
    except (OSError, *MISSHAPEN, EOFError, BadZipFile, zlib.error, RuntimeError, TokenError, MemoryError) as error:
        raise ReadError(path, f"cannot be read ({error})", "build the data set again") from error
