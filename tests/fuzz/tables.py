"""Targets: small text files. Palettes, corrections, settings, profiles, and the manifest that a run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import numpy as np

from framecolor import Settings
from framecolor.config.settings_file import read_table
from framecolor.core.types import Palette
from framecolor.engines.tensorrt.profiles import read_profile
from framecolor.media import read_palette, write_palette
from framecolor.output.manifest import Manifest
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.output.mattes import PALETTE_JSON, MatteIds, write_palette_files
from framecolor.recolor.palette_swap import read_swap
from framecolor.shot.corrections import Correction, read_corrections, write_corrections
from framecolor.training.curate.provenance import read_provenance
from fuzz.mutate import mutate_json, mutate_toml
from fuzz.target import Target, place, scratch_folder

_TOML_WORDS = (b"=", b"[[", b"]]", b'"""', b"'''", b"inf", b"nan", b"0x", b"1979-05-27T07:32:00Z", b"{", b"}", b"true")
_REGION = {"area": 9, "box": [1, 1, 3, 3], "outline": [[1, 1], [4, 4]], "color": 0, "second": 1, "confidence": 0.4}


def _feed_palette(data: bytes) -> None:
    palette = read_palette(place(data, "film.gpl"))
    written = scratch_folder() / "again.gpl"
    write_palette(written, palette)
    opaque = palette.colors[palette.colors[:, 3] > 0]
    if len(opaque):
        assert np.array_equal(read_palette(written).colors, opaque)


def _palettes() -> Iterator[bytes]:
    path = scratch_folder() / "seed.gpl"
    write_palette(path, Palette(np.array([[1, 2, 3, 255], [200, 100, 0, 255]], np.uint8), ("ink", "skin")))
    yield path.read_bytes()
    yield b"\xef\xbb\xbfGIMP Palette\r\nChannels: RGBA\r\n# note\r\n255 255 255 0 paper\r\n0 0 0 255\tink\r\n"


def _feed_swap(data: bytes, name: str) -> None:
    ids = MatteIds(((1, 2, 3), (200, 100, 0)))
    colors = read_swap(place(data, name), scratch_folder(), ids)
    assert colors.dtype == np.uint8 and colors.shape == (3, 4)
    assert set(colors[:, 3].tolist()) <= {0, 255} and colors[0, 3] == 0


def _palette_tables() -> Iterator[bytes]:
    write_palette_files(scratch_folder(), MatteIds(((1, 2, 3), (200, 100, 0))), "cut", {(1, 2, 3): "ink"})
    yield (scratch_folder() / PALETTE_JSON).read_bytes()


def _feed_mattes(data: bytes) -> None:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        return
    ids = MatteIds.read(table)
    assert MatteIds.read([list(paint) for paint in ids.paints]) == ids


def _matte_tables() -> Iterator[bytes]:
    yield b"[[1, 2, 3], [255, 0, 128], [9, 9, 9]]"


def _feed_corrections(data: bytes) -> None:
    found = read_corrections(place(data, "corrections.json"))
    again = scratch_folder() / "again.json"
    write_corrections(again, "cut", found)
    assert read_corrections(again) == found


def _corrections() -> Iterator[bytes]:
    path = scratch_folder() / "seed.json"
    right = [Correction(3, 4, 5, (200, 60, 40, 255)), Correction(9, 0, 1, (255, 255, 255, 0), "5f0c")]
    write_corrections(path, "cut", right)
    yield path.read_bytes()


def _feed_settings(data: bytes) -> None:
    settings = Settings(**read_table(place(data, "framecolor.toml")))
    assert Settings(**asdict(settings)) == settings
    assert int(settings.min_region_px) >= 1 and int(settings.closed_gap_px) >= 0


def _settings() -> Iterator[bytes]:
    yield b'mode = "painted"\nengine = "cpu"\nlanes = 2\ngap_px = 1.5\nmin_region_px = 9\nline = "layer"\n'
    yield b'background = "paper"\nfit = 300\nseed = 7\npalette = "film.gpl"\nreference = "a.png"\noverwrite = true\n'


def _feed_profile(data: bytes) -> None:
    profile = read_profile(place(data, "usual.toml"))
    assert profile.at("least").keys() == profile.at("most").keys()


def _profiles() -> Iterator[bytes]:
    yield b'network = "features"\nprecision = "half"\n[sizes]\nbatch = 1\nheight = [64, 256, 1024]\nwidth = 64\n'
    yield b'network = "color"\nrefit = true\n[sizes]\nbatch = 2\nheight = 64\nwidth = 64\n'


def _feed_earlier(data: bytes) -> None:
    place(data, "framecolor.json")
    out = scratch_folder()
    manifest = ManifestWriter(out)
    for entry in manifest.entries():
        assert manifest.entry(entry.number) == entry
        assert not manifest.is_current(entry.number, "source", "gone.png")
    assert manifest.last_fit is None or isinstance(manifest.last_fit, str)
    numbers = [entry.number for entry in manifest.entries()]
    manifest.begin({"palette": [[1, 2, 3, 255]]}, numbers)
    manifest.save()
    again = ManifestWriter(out)
    assert list(again.entries()) == list(manifest.entries())
    assert again.head == manifest.head


def _manifests() -> Iterator[bytes]:
    frames = [
        {"number": 1, "file": "a.1.png", "status": "key", "source": "s", "paint": "p", "regions": 4, "confidence": 1.0},
        {"number": 2, "file": "a.2.png", "status": "painted", "regions": 4, "confidence": 0.5, "flicker": 0.1,
         "unsure": [_REGION, {**_REGION, "second": None}], "layer": "l"},
        {"number": 3, "file": "a.3.png", "status": "hold", "hold_of": 2},
        {"number": 4, "file": "a.4.png", "status": "failed", "error": "cut off"},
    ]  # fmt: skip
    head = {
        "format": 1, "shot": "cut", "line_dir": "line", "size": [64, 48], "settings": {"mode": "flat"},
        "palette": [[1, 2, 3, 255], [4, 5, 6, 255]], "fit": {"hash": "ab", "steps": 3},
        "corrections": [{"frame": 2, "x": 1, "y": 1, "color": "#010203"}],
    }  # fmt: skip
    yield json.dumps({**head, "frames": frames}).encode()


def _feed_manifest(data: bytes) -> None:
    place(data, "framecolor.json")
    manifest = Manifest.read(scratch_folder())
    assert min(manifest.width, manifest.height) >= 1
    for frame in manifest.frames:
        assert frame.expected_wrong >= 0
        assert all(len(manifest.palette[region.color]) == 4 for region in frame.unsure)


def _feed_provenance(data: bytes) -> None:
    place(data, "provenance.toml")
    found = read_provenance(scratch_folder())
    assert all(value.strip() for value in (found.name, found.source, found.license))


def _provenances() -> Iterator[bytes]:
    yield b'name = "film"\nsource = "the studio"\nlicense = "CC0-1.0"\nattribution = "someone"\n'


TARGETS = (
    Target(
        "palette", "media.read_palette", _feed_palette, _palettes, words=(b"GIMP Palette\n", b"Channels: RGBA", b"255")
    ),
    Target(
        "swap",
        "recolor.palette_swap.read_swap (.gpl)",
        partial(_feed_swap, name="night.gpl"),
        _palettes,
        words=(b"GIMP Palette\n",),
    ),
    Target(
        "swap-json",
        "recolor.palette_swap.read_swap (.json)",
        partial(_feed_swap, name="night.json"),
        _palette_tables,
        mutate=mutate_json,
    ),
    Target("mattes", "output.mattes.MatteIds.read", _feed_mattes, _matte_tables, mutate=mutate_json),
    Target("corrections", "shot.corrections.read_corrections", _feed_corrections, _corrections, mutate=mutate_json),
    Target(
        "settings", "config.settings_file.read_table", _feed_settings, _settings, mutate=mutate_toml, words=_TOML_WORDS
    ),
    Target("profile", "engines.tensorrt.read_profile", _feed_profile, _profiles, mutate=mutate_toml, words=_TOML_WORDS),
    Target(
        "provenance",
        "training.curate.read_provenance",
        _feed_provenance,
        _provenances,
        mutate=mutate_toml,
        words=_TOML_WORDS,
    ),
    Target("earlier", "output.manifest_writer", _feed_earlier, _manifests, refusals=(), mutate=mutate_json),
    Target("manifest", "output.manifest.Manifest.read", _feed_manifest, _manifests, mutate=mutate_json),
)  # fmt: skip
