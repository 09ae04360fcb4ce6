"""Changes to files that keep them readable far enough for a parser to look at what they say."""

from __future__ import annotations

import json
import struct
import tomllib
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

_NUMBERS = (-1, 0, 1, 2, 255, 256, 65535, 2**31, 2**63, 10**30, -0.5, 0.5, 1e308, 1e999, float("nan"), 10**400)
_TEXTS = (
    "",
    "x",
    "../../x",
    "/etc/passwd",
    "a\nb",
    "\0",
    "\ud800",
    "\u202e",
    "<i>",
    "9" * 5000,
    "#ffffff",
    "ä" * 300,
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """A few changes of single bytes and stretches, as a fuzzer makes them when it knows nothing of a format."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(out) + 1)
        end = min(len(out), at + random.choice((1, 1, 2, 4, 8, 64)))
        kind = random.randrange(6)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            out[at:end] = random.randbytes(end - at)
        elif kind == 2:
            del out[at:end]
        elif kind == 3:
            out[at:at] = out[at:end] or b"0"
        elif kind == 4:
            out[at:end] = random.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * (end - at)
        else:
            del out[at:]
    return bytes(out)


def mutate_json(data: bytes, random: Random) -> bytes:
    """A JSON file with a few of its values changed, moved, doubled or gone; any other file with changed bytes."""
    try:
        table = json.loads(data)
        for _ in range(random.choice((1, 1, 2, 3))):
            table = mutate_value(table, random)
        return json.dumps(table).encode()
    except (ValueError, RecursionError):
        return mutate_bytes(data, random)


def mutate_toml(data: bytes, random: Random) -> bytes:
    """A TOML file with a few of its values changed, moved, doubled or gone; any other file with changed bytes."""
    try:
        table = tomllib.loads(data.decode())
        for _ in range(random.choice((1, 1, 2, 3))):
            table = mutate_value(table, random)
        return "".join(f"{json.dumps(key)} = {_write_toml(value)}\n" for key, value in table.items()).encode()
    except (ValueError, RecursionError, AttributeError):
        return mutate_bytes(data, random)


def _write_toml(value: Any) -> str:
    """A value on one line: as in JSON, but for tables and for what JSON has no word for."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_write_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_toml, value)) + "]"
    words = {"Infinity": "inf", "NaN": "nan", "null": "1979-05-27T07:32:00Z"}
    text = json.dumps(value, default=str)
    return words.get(text, text)


def mutate_value(value: Any, random: Random) -> Any:
    """A table with one value of it changed."""
    places = _list_places(value)
    if not places:
        return _hostile(value, random)
    holder, key = random.choice(places)
    kind = random.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, at = random.choice(places)
        holder[key] = json.loads(json.dumps(other[at], default=str))
    elif kind == 2 and isinstance(holder, list):
        holder.extend([holder[key]] * random.choice((1, 3, 40)))
    elif kind == 3 and isinstance(holder, dict):
        holder[random.choice(_TEXTS)] = holder.pop(key)
    else:
        holder[key] = _hostile(holder[key], random)
    return value


def _list_places(value: Any) -> list[tuple[Any, Any]]:
    """(list or object, index or key) of everything inside of a value."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = range(len(holder)) if isinstance(holder, list) else holder if isinstance(holder, dict) else ()
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys]
    return found


def _hostile(value: Any, random: Random) -> Any:
    if isinstance(value, int | float) and random.random() < 0.4:
        return value + random.choice((-1, 1, 7, -value, value))
    deep: Any = []
    for _ in range(random.choice((1, 3, 600))):
        deep = [deep]
    return random.choice(
        (random.choice(_NUMBERS), random.choice(_TEXTS), None, True, {}, [], deep, [value], str(value))
    )


def mend_png(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums that fit them; other files, and what follows a broken chunk, stay."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    out, at = bytearray(data), len(_PNG_SIGNATURE)
    while at + 12 <= len(out):
        end = at + 8 + struct.unpack_from(">I", out, at)[0]
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[at + 4 : end]))
        at = end + 4
    return bytes(out)


def mutate_png(data: bytes, random: Random) -> bytes:
    """A PNG with changed bytes and right checksums; now and then the pixels are changed inside of their compression."""
    if random.random() < 0.3 and (start := data.find(b"IDAT")) > 4:
        (length,) = struct.unpack_from(">I", data, start - 4)
        try:
            rows = zlib.decompress(data[start + 4 : start + 4 + length])
        except zlib.error:
            rows = b""
        packed = zlib.compress(mutate_bytes(rows, random))
        return mend_png(
            data[: start - 4] + struct.pack(">I", len(packed)) + b"IDAT" + packed + data[start + 8 + length :]
        )
    return mend_png(mutate_bytes(data, random))


def mutate_safetensors(data: bytes, random: Random, sign: Callable[[bytes], bytes] = lambda data: data) -> bytes:
    """A safetensors file with a changed header whose length is right, or with changed bytes.

    Texts in the header that are JSON themselves are changed inside. `sign` may mend what guards the file.
    """
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        metadata = dict(header["__metadata__"])
        header["__metadata__"] = metadata
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return mutate_bytes(data, random)
    kind = random.randrange(5)
    if kind == 0:
        return mutate_bytes(data, random)
    if kind == 1:
        header = mutate_value(header, random)
    else:
        name = random.choice([*metadata] or [""])
        try:
            metadata[name] = json.dumps(mutate_value(json.loads(metadata[name]), random))
        except (ValueError, KeyError, TypeError, RecursionError):
            metadata[name] = random.choice((*_TEXTS, *map(str, _NUMBERS)))
    try:
        packed = json.dumps(header).encode()
    except RecursionError:
        return mutate_bytes(data, random)
    return sign(struct.pack("<Q", len(packed)) + packed + data[8 + length :])
