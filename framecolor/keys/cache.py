"""Keep keyframes beside the painted frames, so that farm tasks and resumed runs need not read the keys again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.core.drawing_number import number_from_json, number_to_json, read_number
from framecolor.core.files import write_bytes_atomic
from framecolor.core.parsing import MISSHAPEN
from framecolor.core.types import Palette
from framecolor.errors import OutputError
from framecolor.keys.alignment.align import Alignment
from framecolor.keys.keyframes import Keyframes
from framecolor.keys.line_colors import KeyLines, LineColors
from framecolor.keys.named_palette import ColorTuples
from framecolor.keys.recolor import Recolors, Rgba
from framecolor.keys.trace_sides import TraceSides
from framecolor.matching.gallery import Gallery, KeyRegions
from framecolor.matching.tokens import Tokens
from framecolor.networks.kept import pack_arrays, unpack_arrays
from framecolor.shot.annotations import RegionLabels

# Increased when the same keys give other keyframes, or the file's format changes.
RECIPE = "keys 8"
_PREFIX = "keys-"
_OF_LINES = ("color", "first", "second", "place", "weight")


def keep_keyframes(folder: Path, name: str, keyframes: Keyframes, warnings: tuple[str, ...]) -> None:
    """Write keyframes with their gallery and warnings as `name`, and delete other kept ones.

    If the folder cannot be written to, nothing is kept: the keys are read again next time.
    """
    path = folder / f"{_PREFIX}{name}.safetensors"
    with suppress(OutputError):
        write_bytes_atomic(path, pack_arrays(*_pack(keyframes, warnings)))
        forget_keyframes(folder, but=path)


def forget_keyframes(folder: Path, but: Path | None = None) -> None:
    """Delete all kept keyframes in a folder `but` one file."""
    for path in folder.glob(f"{_PREFIX}*.safetensors"):
        with suppress(OSError):
            if path != but:
                path.unlink()


def find_keyframes(folder: Path, name: str) -> tuple[Keyframes, tuple[str, ...]] | None:
    """Read the keyframes and warnings that `keep_keyframes` wrote; None if missing or damaged."""
    content = unpack_arrays(folder / f"{_PREFIX}{name}.safetensors")
    try:
        return None if content is None else _unpack(*content)
    except (*MISSHAPEN, IndexError):
        return None


def _pack(keyframes: Keyframes, warnings: tuple[str, ...]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    assert keyframes.gallery is not None
    arrays: dict[str, NDArray[Any]] = {
        "colors": keyframes.palette.colors,
        "classes": keyframes.classes,
        "prior": keyframes.prior,
    }
    if keyframes.reference is not None:
        arrays["reference"] = keyframes.reference
    if keyframes.tuples is not None:
        arrays |= {"tuples": keyframes.tuples.entries, "seen": keyframes.tuples.seen.astype(np.uint8)}
    arrays |= {f"left {number}": left for number, left in keyframes.left.items()}
    arrays |= {f"paper {number}": kinds for number, kinds in keyframes.paper.items()}
    arrays |= {f"index {number}": index for number, index in keyframes.index.items()}
    for key in keyframes.gallery.keys:
        arrays[f"rows {key.number}"] = key.tokens.rows
        arrays[f"values {key.number}"] = key.tokens.values
        arrays[f"contact {key.number}"] = key.tokens.contact
        if key.likely is not None:
            arrays[f"likely {key.number}"] = key.likely
    for one in keyframes.gallery.references:
        arrays |= {f"reference {name} {one.number}": array for name, array in _list_arrays(one).items()}
    if (mirrored := keyframes.gallery.mirrored) is not None:
        arrays |= {f"mirrored {name} {mirrored.number}": array for name, array in _list_arrays(mirrored).items()}
    if keyframes.lines is not None:
        arrays |= {"line colors": keyframes.lines.colors, "line own": keyframes.lines.own}
        for number, lines in keyframes.lines.keys.items():
            arrays |= {f"line {name} {number}": getattr(lines, name) for name in _OF_LINES}
    for number, labels in keyframes.labels.items():
        arrays |= {f"label {number}": labels.color, f"by {number}": labels.by, f"area {number}": labels.area}
    table = {
        "recipe": RECIPE,
        "names": list(keyframes.palette.names),
        "scale": keyframes.scale,
        "numbers": _list_numbers(keyframes.index),
        "repeats": {drawing: _list_numbers(numbers) for drawing, numbers in sorted(keyframes.repeats.items())},
        "labels": {str(number): labels.drawing for number, labels in sorted(keyframes.labels.items())},
        "proposed": {str(number): colors for number, colors in sorted(keyframes.proposed.items())},
        "moved": {str(number): list(astuple(one)) for number, one in sorted(keyframes.moved.items())},
        "soft": _list_numbers(keyframes.soft),
        "left": _list_numbers(keyframes.left),
        "paper": _list_numbers(keyframes.paper),
        "lines": None if keyframes.lines is None else _list_numbers(keyframes.lines.keys),
        "over lines": [] if keyframes.lines is None else _list_numbers(keyframes.lines.hidden),
        "trace": {
            "dark": keyframes.trace.dark,
            "rules": [[*pair, e] for pair, e in sorted(keyframes.trace.rules.items())],
        },
        "compared": list(keyframes.compared),
        "recolors": [keyframes.recolors.file, list(keyframes.recolors.colors.items())],
        "warnings": list(warnings),
    }
    return arrays, table


def _list_numbers(numbers: Iterable[int]) -> list[int | str | None]:
    """List numbers of drawings for JSON, rising."""
    return [number_to_json(number) for number in sorted(numbers)]


def _list_arrays(one: KeyRegions) -> dict[str, NDArray[Any]]:
    tokens = one.tokens
    return {"rows": tokens.rows, "values": tokens.values, "contact": tokens.contact, "colors": one.colors}


def _unpack(arrays: Mapping[str, NDArray[Any]], table: Mapping[str, Any]) -> tuple[Keyframes, tuple[str, ...]]:
    if table["recipe"] != RECIPE:
        raise ValueError("kept by another version")
    numbers = [number_from_json(number) for number in table["numbers"]]
    index = {number: arrays[f"index {number}"].astype(np.intp) for number in numbers}
    keyframes = Keyframes(
        Palette(arrays["colors"], tuple(map(str, table["names"]))),
        index,
        table["scale"],
        arrays["classes"].astype(np.intp),
        arrays["prior"],
        {drawing: tuple(map(number_from_json, repeated)) for drawing, repeated in table["repeats"].items()},
        labels={
            read_number(n): RegionLabels(drawing, arrays[f"label {n}"], arrays[f"by {n}"], arrays[f"area {n}"])
            for n, drawing in table["labels"].items()
        },
        reference=arrays.get("reference"),
        proposed={read_number(number): colors for number, colors in table["proposed"].items()},
        moved={read_number(number): Alignment(*one) for number, one in table["moved"].items()},
        soft=frozenset(map(number_from_json, table["soft"])),
        left={number: arrays[f"left {number}"].astype(np.intp) for number in map(number_from_json, table["left"])},
        paper={number: arrays[f"paper {number}"].astype(np.int8) for number in map(number_from_json, table["paper"])},
        trace=TraceSides({(h, a, b): e for h, a, b, e in table["trace"]["rules"]}, table["trace"]["dark"]),
        lines=_unpack_lines(arrays, table["lines"], table["over lines"]),
        compared=tuple(table.get("compared", ())),
        recolors=_unpack_recolors(*table.get("recolors", ("", ()))),
        tuples=ColorTuples(arrays["tuples"].astype(np.intp), arrays["seen"] > 0) if "tuples" in arrays else None,
    )
    colors, names, tuples = len(keyframes.palette), keyframes.palette.names, keyframes.tuples
    if len(names) not in (0, colors) or (tuples is not None and len(tuples.seen) != colors):
        raise ValueError("names or tuples of another palette")
    keys = []
    for number in numbers:
        rows = arrays[f"rows {number}"].astype(np.intp)
        tokens = Tokens(rows, arrays[f"values {number}"], arrays[f"contact {number}"])
        keys.append(replace(keyframes.list_regions(number, tokens), likely=arrays.get(f"likely {number}")))
    references = [_unpack_other(arrays, "reference", number) for number in range(len(keyframes.compared))]
    first = min(keyframes.whole, default=None)
    mirrored = None if first is None else _unpack_other(arrays, "mirrored", first)
    if mirrored is not None:
        mirrored = keyframes.list_regions(mirrored.number, mirrored.tokens)
    gallery = Gallery(keys, len(keyframes.palette), references, mirrored)
    return replace(keyframes, gallery=gallery), tuple(table["warnings"])


def _unpack_lines(
    arrays: Mapping[str, NDArray[Any]], listed: list[int | str] | None, hidden: list[int | str]
) -> LineColors | None:
    if listed is None:
        return None
    numbers = [number_from_json(number) for number in listed]
    colors, own = arrays["line colors"], arrays["line own"]
    keys = {n: KeyLines(colors, own, *(arrays[f"line {name} {n}"] for name in _OF_LINES)) for n in numbers}
    return LineColors(colors, own, keys, frozenset(map(number_from_json, hidden)))


def _unpack_recolors(file: str, pairs: Iterable[tuple[list[int], list[int]]]) -> Recolors:
    def unpack(color: list[int]) -> Rgba:
        red, green, blue, alpha = color
        return red, green, blue, alpha

    return Recolors({unpack(old): unpack(new) for old, new in pairs}, file)


def _unpack_other(arrays: Mapping[str, NDArray[Any]], kind: str, number: int) -> KeyRegions:
    rows, values, contact, colors = (
        arrays[f"{kind} {name} {number}"] for name in ("rows", "values", "contact", "colors")
    )
    return KeyRegions(number, Tokens(rows.astype(np.intp), values, contact), colors.astype(np.intp))
