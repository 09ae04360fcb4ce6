"""Build a training set on disk from folders of art: `framecolor dataset build --from`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from framecolor.core.stages import overlapped
from framecolor.errors import InputError, OutputError
from framecolor.media import write_text_atomic
from framecolor.training.curate.collect import LONG_SIDE, Picture, collect_pictures
from framecolor.training.curate.duplicates import Duplicates
from framecolor.training.curate.picture import ArtItem, curate_picture
from framecolor.training.curate.shards import ART_TABLE, FORMAT, ShardWriter, encode_item
from framecolor.training.curate.table import format_table
from framecolor.training.curate.walk import Rejected
from framecolor.training.dataset import Provenance

# OpenCV and zlib release Python's lock while they work: two pictures at a time keep two cores busy.
_THREADS = 2
_NAMED = 5


@dataclass(frozen=True)
class ArtFolder:
    """A folder of pictures and movies, and its provenance."""

    path: Path
    provenance: Provenance


def build_art(
    folders: Sequence[ArtFolder],
    output: Path,
    *,
    long_side: int = LONG_SIDE,
    val_share: float = 0.08,
    limit: int | None = None,
    seed: int = 0,
    report: Callable[[Picture | Rejected], object] = lambda _: None,
) -> dict[str, Any]:
    """Curate the art of `folders`, write it to `output`, and return the content of art.json, which is written last.

    val_share  share of the groups (movies, sequences, folders of single pictures) of each folder that is held out: at
               least one of two or more, the last ones by a hash of their names. A folder that is one group of single
               pictures is split by picture; of a single movie or sequence nothing is held out.
    limit      most pictures of each folder
    seed       of the lines' jitter
    report     called with every picture, accepted or rejected
    Raises ReadError if a folder cannot be read, InputError if two have one name or no painting is found, OutputError
    if `output` cannot be written or holds another kind of data set.
    """
    if (output / "dataset.json").exists():
        raise OutputError(output, "holds a data set of id maps", "choose another folder with -o")
    names = [folder.provenance.name for folder in folders]
    for name in names:
        if names.count(name) > 1:
            raise InputError(name, "two folders have this name", "give each a name in its provenance.toml")
    try:
        (output / ART_TABLE).unlink(missing_ok=True)  # without it, an unfinished build is not a data set
    except OSError as error:
        raise OutputError(output, f"cannot be written ({error.strerror or error})", "choose another one") from error
    writer = ShardWriter(output)
    seen = Duplicates()
    items: list[dict[str, Any]] = []
    dropped: dict[str, dict[str, Any]] = {}
    for folder in folders:
        pictures = _note(collect_pictures(folder.path, seen, long_side=long_side, limit=limit), dropped, report)
        items += _split(list(_write(folder.provenance, pictures, writer, seed)), val_share)
    if not items:
        counts = ", ".join(f"{about['count']} {reason}" for reason, about in sorted(dropped.items()))
        raise InputError(folders[0].path, f"holds no painting ({counts or 'no picture at all'})", "name another folder")
    writer.close()
    for stale in set(output.glob("art-*.tar")) - {output / name for name in writer.names}:
        stale.unlink(missing_ok=True)
    sources = [
        {k: getattr(f.provenance, k) for k in ("name", "source", "license", "attribution")}
        for f in folders
        if any(item["source"] == f.provenance.name for item in items)
    ]
    content: dict[str, Any] = {
        "format": FORMAT,
        "kind": "art",
        "sources": sources,
        "source": "; ".join(row["source"] for row in sources),
        "license": " AND ".join(sorted({row["license"] for row in sources})),
        "long_side": long_side,
        "seed": seed,
        "items": items,
        "dropped": dict(sorted(dropped.items())),
    }
    write_text_atomic(output / ART_TABLE, format_table(content))
    return content


def _note(
    found: Iterable[Picture | Rejected],
    dropped: dict[str, dict[str, Any]],
    report: Callable[[Picture | Rejected], object],
) -> Iterator[Picture]:
    """Yield the accepted pictures; count the rejected ones by reason in `dropped`."""
    for picture in found:
        report(picture)
        if isinstance(picture, Picture):
            yield picture
            continue
        row = dropped.setdefault(picture.reason, {"count": 0, "first": []})
        row["count"] += 1
        if len(row["first"]) < _NAMED:
            row["first"].append(picture.name)


def _write(
    provenance: Provenance, pictures: Iterable[Picture], writer: ShardWriter, seed: int
) -> Iterator[dict[str, Any]]:
    """Curate and pack the pictures; yield their rows, without the split."""

    def curate(picture: Picture) -> tuple[Picture, ArtItem, str, dict[str, bytes]]:
        digest = hashlib.sha256(f"{provenance.name}/{picture.name}".encode(errors="surrogateescape")).digest()
        item = curate_picture(picture.rgb, picture.paper, rng=np.random.default_rng([seed, *digest[:8]]))
        about = {
            "name": picture.name,
            "group": picture.group.name,
            "source": provenance.name,
            "license": provenance.license,
            "attribution": provenance.attribution,
            "size": list(item.size),
        }
        return picture, item, f"{_slug(picture.name)}-{digest[:4].hex()}", encode_item(item, about)

    with ThreadPoolExecutor(_THREADS) as pool:
        for picture, item, name, members in overlapped(pool, curate, pictures, 2 * _THREADS):
            shard, places, sha256 = writer.add(name, members)
            yield {
                "name": name,
                "file": picture.name,
                "shard": shard,
                "source": provenance.name,
                "group": picture.group.name,
                "kind": picture.group.kind,
                "sha256": sha256,
                "size": list(item.size),
                "colors": len(item.palette),
                "members": {ending: list(place) for ending, place in places.items()},
            }


def _split(items: list[dict[str, Any]], val_share: float) -> list[dict[str, Any]]:
    """Set the split of the rows of one source."""
    keys = [item["group"] for item in items]
    if len(set(keys)) == 1 and items[0]["kind"] == "pictures":
        keys = [item["file"] for item in items]
    order = sorted(set(keys), key=lambda key: hashlib.sha256(key.encode(errors="surrogateescape")).digest())
    count = 0 if val_share <= 0 or len(order) < 2 else max(1, round(val_share * len(order)))
    held_out = set(order[len(order) - count :])
    return [{**item, "split": "val" if key in held_out else "train"} for item, key in zip(items, keys, strict=True)]


def _slug(name: str) -> str:
    """Make a name that is safe in a tar file and for WebDataset, which cuts at the first dot."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name.rsplit(".", 1)[0] if "#" not in name else name).strip("-")[-48:] or "x"
