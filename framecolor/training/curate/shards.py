"""Curated art on disk: tar shards of about 64 MB, and art.json, their index.

The shards have the layout of WebDataset, so that other tools can stream them: NAME.color.png, NAME.flat.png (indexed),
NAME.line.METHOD.png and NAME.json. Here they are read at random: art.json holds the offset of every member. The same
input gives the same bytes.

art.json: format, kind "art", sources (name, source, license, attribution), source and license (of all, joined),
long_side, items (name, shard, source, group, split, sha256, size, colors, members), dropped (reason: count, first).
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from framecolor.core.parsing import MISSHAPEN, is_file_name, parse_json
from framecolor.errors import ReadError
from framecolor.media import write_bytes_atomic
from framecolor.training.curate.codec import (
    decode_color,
    decode_flat,
    decode_line,
    encode_color,
    encode_flat,
    encode_line,
)
from framecolor.training.curate.picture import ArtItem
from framecolor.training.dataset import Split
from framecolor.training.extract_lines import METHODS, Method

ART_TABLE = "art.json"
FORMAT = 1
SHARD_BYTES = 64_000_000
_BLOCK = 512
_LINE = "line."
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class ArtRecord:
    """The location of a picture: its row of art.json. members: ending -> (offset, length) in the shard, sorted."""

    name: str
    shard: str
    source: str
    group: str
    split: Split
    sha256: str
    size: tuple[int, int]
    colors: int
    members: dict[str, tuple[int, int]]


def encode_item(item: ArtItem, about: dict[str, Any]) -> dict[str, bytes]:
    """Encode the members of a picture, ending -> bytes, sorted; `about` and the palette go into its JSON."""
    facts = {**about, "palette": [bytes(color).hex() for color in item.palette], "paper": item.paper}
    members = {
        "color.png": encode_color(item.color),
        "flat.png": encode_flat(item.flat, item.palette),
        "json": (json.dumps(facts, sort_keys=True) + "\n").encode(),
    }
    members |= {f"{_LINE}{method}.png": encode_line(line) for method, line in item.lines.items()}
    return dict(sorted(members.items()))


@dataclass
class ShardWriter:
    """Packs members into shards, each written whole when it is full. `close` writes the last one."""

    folder: Path
    shard_bytes: int = SHARD_BYTES
    names: list[str] = field(default_factory=list)
    _buffer: BytesIO = field(default_factory=BytesIO)

    def add(self, name: str, members: dict[str, bytes]) -> tuple[str, dict[str, tuple[int, int]], str]:
        """Add a picture; return its shard, its members' offsets and lengths, and the hash of all their bytes.

        `name` must not have dots or slashes. Raises OutputError if a full shard cannot be written.
        """
        length = sum(2 * _BLOCK + len(data) for data in members.values())
        if self._buffer.tell() and self._buffer.tell() + length > self.shard_bytes:
            self._flush()
        places: dict[str, tuple[int, int]] = {}
        for ending, data in members.items():
            info = tarfile.TarInfo(f"{name}.{ending}")
            info.size, info.mode = len(data), 0o644
            self._buffer.write(info.tobuf(tarfile.USTAR_FORMAT))
            places[ending] = self._buffer.tell(), len(data)
            self._buffer.write(data + bytes(-len(data) % _BLOCK))
        return self._shard, places, hashlib.sha256(b"".join(members.values())).hexdigest()

    def close(self) -> None:
        """Write the last shard."""
        if self._buffer.tell():
            self._flush()

    @property
    def _shard(self) -> str:
        return f"art-{len(self.names):05d}.tar"

    def _flush(self) -> None:
        self._buffer.write(bytes(2 * _BLOCK))
        self._buffer.write(bytes(-self._buffer.tell() % tarfile.RECORDSIZE))
        write_bytes_atomic(self.folder / self._shard, self._buffer.getvalue())
        self.names.append(self._shard)
        self._buffer = BytesIO()


class ArtShards:
    """Curated art: its table, and its pictures, read at random. Safe in threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Raise ReadError if `folder` holds no curated art, or art of another format."""
        self.folder = folder
        path = folder / ART_TABLE
        fix = "build it with `framecolor dataset build --from`"
        try:
            self.table: dict[str, Any] = parse_json(path.read_text("utf-8"))
            if self.table["kind"] != "art" or self.table["format"] != FORMAT:
                raise ReadError(path, f"has format {self.table['format']}, not {FORMAT} of art", "build it again")
            self.records = tuple(_read_record(row) for row in self.table["items"])
            if not all(isinstance(self.table[key], str) for key in ("source", "license")):
                raise ValueError("source and license must be texts")
        except (OSError, *MISSHAPEN) as error:
            raise ReadError(path, f"is not a table of curated art ({error!r})", fix) from error

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"ArtShards({self.folder.name}, {len(self)} pictures)"

    def items(self, split: Split) -> list[ArtRecord]:
        """Return the pictures of a split, by source and name."""
        return [record for record in self.records if record.split == split]

    @property
    def hash(self) -> str:
        """Return a hash of the content, over the hashes of all items."""
        return hashlib.sha256("".join(record.sha256 for record in self.records).encode()).hexdigest()[:16]

    @property
    def facts(self) -> dict[str, str]:
        """Return source, license and hash, for a run's record and a model card."""
        return {"source": self.table["source"], "license": self.table["license"], "hash": self.hash}

    def read(self, record: ArtRecord) -> ArtItem:
        """Read one picture. Raises ReadError if its shard is missing or its bytes have changed."""
        path = self.folder / record.shard
        try:
            with path.open("rb") as file:
                members = {ending: _read_at(file, *place) for ending, place in record.members.items()}
            if hashlib.sha256(b"".join(members.values())).hexdigest() != record.sha256:
                raise ReadError(path, f"{record.name} is damaged", "build the data set again")
            facts = parse_json(members["json"])
            palette = np.array([list(bytes.fromhex(color)) for color in facts["palette"]], np.uint8).reshape(-1, 3)
            lines: dict[Method, Any] = {
                m: decode_line(members[f"{_LINE}{m}.png"]) for m in METHODS if f"{_LINE}{m}.png" in members
            }
            color, flat = decode_color(members["color.png"]), decode_flat(members["flat.png"])
            return ArtItem(color, flat, palette, lines, bool(facts["paper"]))
        except (OSError, *MISSHAPEN) as error:
            raise ReadError(path, f"{record.name} cannot be read ({error})", "build the data set again") from error


def _read_at(file: Any, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise ValueError("the shard is cut off")
    return data


def _read_record(row: dict[str, Any]) -> ArtRecord:
    if row["split"] not in ("train", "val") or not is_file_name(row["shard"]):
        raise ValueError(f"{row['name']}: split {row['split']}, shard {row['shard']}")
    members = {str(e): (int(at), int(length)) for e, (at, length) in sorted(row["members"].items())}
    if not _SHA256.fullmatch(row["sha256"]):
        raise ValueError(f"{row['name']}: hash {row['sha256']}")
    if any(at < 0 or not 0 <= length <= SHARD_BYTES * 16 for at, length in members.values()):
        raise ValueError(f"{row['name']}: a member lies outside of the shard")
    height, width = row["size"]
    texts = {key: str(row[key]) for key in ("name", "shard", "source", "group", "sha256")}
    return ArtRecord(
        **texts, split=row["split"], size=(int(height), int(width)), colors=int(row["colors"]), members=members
    )
