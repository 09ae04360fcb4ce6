"""Targets: palettes of other programs. What is read comes back the same from every format that can hold it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import partial

from framecolor.media.palettes import PALETTES, Swatch, SwatchList, read_swatch_list, write_swatches
from framecolor.media.palettes.tpl import read_styles, write_styles
from framecolor.media.palettes.tuples import find_tuples
from fuzz.mutate import mutate_toml
from fuzz.target import Target, place, scratch_folder

_SEED = SwatchList(
    (
        Swatch((255, 224, 189, 255), "skin", "0x0c52af9d81aa3618"),
        Swatch((200, 160, 125, 255), "skin shadow", "7", "face"),
        Swatch((0, 0, 0, 255), '肌 "1"', "", "face"),
    ),
    "film",
)
_WORDS = {
    ".plt": (b"Solid ", b"Gradient a 0x1 Linear\n{ 0.0 1 2 3 255 }", b"0x", b'"', b'\\"'),
    ".tpl": (b"<style>", b"</style>", b"<page>", b"<indices>", b"<animation>", b"<!--", b"-->", b'"', b"\\", b"_1 "),
    ".kpl": (b"<Group>", b"<Lab L='1' a='0' b='0'/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&amp;", b"nan"),
    ".ase": (b"CMYK", b"LAB ", b"Gray", b"\xc0\1", b"\xc0\2", b"\xd8\0", b"\x7f\xc0\0\0", b"\xff\xff\xff\xff"),
    ".aco": (b"\0\1", b"\0\2", b"\0\7", b"\0\x08", b"8BIM", b"\xd8\0", b"\xff\xff"),
    ".pal": (b"JASC-PAL", b"0100", b"255", b"\r\n"),
    ".toml": (b"[a]", b"base", b"shadow2", b'"#ffffff"', b"=", b"[["),
}  # fmt: skip


def _feed(data: bytes, suffix: str) -> None:
    palette = read_swatch_list(place(data, f"film{suffix}"))
    texts = (palette.title, *palette.notes, *(one.name for one in palette.swatches))
    assert all(text.replace("\u3000", " ").isprintable() for text in texts)
    tuples, notes = find_tuples(palette.swatches)
    assert all("base" in one.places and len(one.places) > 1 for one in tuples)
    assert all(note.replace("\u3000", " ").isprintable() for note in notes)
    again = scratch_folder() / f"again{suffix}"
    if all(one.color[3] == 255 for one in palette.swatches) and suffix != ".toml":
        write_swatches(again, palette)
        assert [one.color for one in read_swatch_list(again).swatches] == [one.color for one in palette.swatches]


def _feed_styles(data: bytes) -> None:
    palette = read_styles(place(data, "film.tpl"))
    again = scratch_folder() / "again.tpl"
    write_styles(again, palette)
    assert read_styles(again).styles == palette.styles


def _feed_colors(data: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("colorset.xml", data)
    _feed(packed.getvalue(), ".kpl")


def _seeds(suffix: str) -> Iterator[bytes]:
    yield PALETTES[suffix].encode(_SEED)


def _xml_seeds() -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(PALETTES[".kpl"].encode(_SEED))) as archive:
        yield archive.read("colorset.xml")


TARGETS = (
    *(
        Target(
            suffix[1:],
            f"media.read_swatch_list ({suffix})",
            partial(_feed, suffix=suffix),
            partial(_seeds, suffix),
            mutate=mutate_toml if suffix == ".toml" else None,
            words=words,
        )
        for suffix, words in _WORDS.items()
    ),
    Target("styles", "media.palettes.tpl.read_styles", _feed_styles, partial(_seeds, ".tpl"), words=_WORDS[".tpl"]),
    Target("kpl-xml", "media.read_swatch_list (colorset.xml)", _feed_colors, _xml_seeds, words=_WORDS[".kpl"]),
)
