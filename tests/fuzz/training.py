"""Targets: data sets and curated art as they lie on disk, sources of them, and what a training goes on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from framecolor.training.curate.picture import ArtItem
from framecolor.training.curate.shards import ArtShards, ShardWriter, encode_item
from framecolor.training.dataset import Dataset, IdSequence, Provenance, _read_sequence, write_dataset
from framecolor.training.sources.art import read_sources
from framecolor.training.sources.svg import read_shapes
from fuzz.mutate import mutate_json
from fuzz.target import Target, place, scratch_folder


@cache
def _made_dataset() -> Path:
    folder = scratch_folder() / "data"
    frames = np.zeros((2, 4, 5), np.uint16)
    frames[:, 1:3] = 7
    ids, rgb = np.array([7], np.uint16), np.array([[1, 2, 3]], np.uint8)
    sequence = IdSequence("fox", "walk", frames, ids, rgb, np.array([7], np.uint16), ("body",))
    write_dataset([sequence], folder, Provenance("a", "CC0-1.0"), 64, 0)
    return folder


def _feed_dataset(data: bytes) -> None:
    place(data, "dataset.json")
    table = Dataset(scratch_folder())
    for split in ("train", "val"):
        assert all(isinstance(name, str) for files in table.characters(split) for name in files)
        table.characters_by_source(split)
    assert len(table.hash) == 16


def _datasets() -> Iterator[bytes]:
    yield (_made_dataset() / "dataset.json").read_bytes()


def _feed_sequence(data: bytes) -> None:
    sequence = _read_sequence.__wrapped__(place(data, "fox_walk.npz"), ("body", "head"))
    assert sequence.frames.dtype == np.uint16 and sequence.frames.ndim == 3


def sequences() -> Iterator[bytes]:
    yield (_made_dataset() / "fox_walk.npz").read_bytes()


def _picture() -> ArtItem:
    flat = np.zeros((4, 6), np.uint8)
    flat[1:3, 2:5] = 1
    palette = np.array([[255, 255, 255], [200, 10, 30]], np.uint8)
    return ArtItem(palette[flat], flat, palette, {"canny": flat.astype(bool)}, True)


@cache
def _made_art() -> tuple[bytes, bytes]:
    """art.json of one picture, and its shard."""
    writer = ShardWriter(scratch_folder() / "art")
    shard, members, sha256 = writer.add("a", encode_item(_picture(), {"license": "CC0-1.0"}))
    writer.close()
    row = {"name": "a", "shard": shard, "source": "s", "group": "g", "split": "train", "sha256": sha256}
    row |= {"size": [4, 6], "colors": 2, "members": members}
    head = {"format": 1, "kind": "art", "source": "s", "license": "CC0-1.0", "items": [row]}
    return json.dumps(head).encode(), (writer.folder / shard).read_bytes()


def _feed_art(data: bytes) -> None:
    place(data, "art.json")
    place(_made_art()[1], "art-00000.tar")
    art = ArtShards(scratch_folder())
    assert all(isinstance(value, str) for value in art.facts.values())
    for record in art.records[:4]:
        assert art.read(record).size == _picture().size


def _art_tables() -> Iterator[bytes]:
    yield _made_art()[0]


def _feed_shard(data: bytes) -> None:
    """A shard whose pictures have the hash that their table says, so that they are decoded."""
    table = json.loads(_made_art()[0])
    (row,) = table["items"]
    members = [data[at : at + length] for _, (at, length) in sorted(row["members"].items())]
    row["sha256"] = hashlib.sha256(b"".join(members)).hexdigest()
    place(json.dumps(table).encode(), "art.json")
    place(data, "art-00000.tar")
    art = ArtShards(scratch_folder())
    item = art.read(art.records[0])
    assert item.color.shape == (*item.size, 3)


def _shards() -> Iterator[bytes]:
    yield _made_art()[1]


def _feed_manifest(data: bytes) -> None:
    folder = scratch_folder() / "sources" / "one"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_bytes(data)
    (source,) = read_sources(folder.parent)
    assert all(drawing.path.parent == folder for drawing in source.drawings)


def _manifests() -> Iterator[bytes]:
    files = {"a.svg": {"category": "figure"}, "b.svg": {"category": "food"}}
    facts = {"name": "set", "attribution": "someone", "package": "p", "version": "1", "license": "CC0-1.0"}
    yield json.dumps({**facts, "files": files}).encode()


def _feed_svg(data: bytes) -> None:
    shapes = read_shapes(place(data, "a.svg"))
    assert all(np.isfinite(contour).all() for shape in shapes for contour in shape.contours)


def _svgs() -> Iterator[bytes]:
    yield (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><linearGradient id="g"><stop'
        b' stop-color="#f00"/></linearGradient><clipPath id="c"><circle cx="4" cy="4" r="3"/></clipPath></defs>'
        b'<g transform="rotate(9)" opacity="0.9"><path d="M1 1C2 2 3 1 4 4A2 2 0 0 1 1 1z" fill="url(#g)"'
        b' clip-path="url(#c)"/><rect x="1" y="1" width="3" height="2" style="fill:red;stroke:#00f"/></g></svg>'
    )


TARGETS = (
    Target("dataset", "training.dataset.Dataset", _feed_dataset, _datasets, mutate=mutate_json),
    Target("sequence", "training.dataset (sequences)", _feed_sequence, sequences),
    Target("art", "training.curate.ArtShards", _feed_art, _art_tables, mutate=mutate_json),
    Target("shard", "training.curate (pictures)", _feed_shard, _shards, most_bytes=1 << 14),
    Target("manifest", "training.sources.art.read_sources", _feed_manifest, _manifests, mutate=mutate_json),
    Target(
        "svg", "training.sources.svg.read_shapes", _feed_svg, _svgs, words=(b"<use href='#g'/>", b"<g id='a'>", b"</g>")
    ),
)
