"""Parse JSON and TOML of untrusted files: every fault is a ValueError.

The standard parsers alone raise RecursionError on deep nesting, and accept NaN and infinite numbers in JSON.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from pathlib import PurePath
from typing import Any, NoReturn

MISSHAPEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What reading the values of a parsed table raises if it does not have the expected structure."""


def parse_json(text: str | bytes, *, unique_keys: bool = False) -> Any:
    """Parse JSON. Raises ValueError if it is invalid, nests too deeply or has a number that is not finite.

    unique_keys  refuse an object that has a key twice; by default the last one counts
    """
    pairs = _refuse_repeats if unique_keys else None
    try:
        return json.loads(text, parse_float=_parse_float, parse_constant=_refuse_constant, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises ValueError if it is invalid or nests too deeply."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def take_whole(value: Any) -> int:
    """Convert a whole number of a parsed file to an int, 3.0 to 3. Raises one of MISSHAPEN if it is not one."""
    whole = int(value)
    if whole != value:
        raise ValueError(f"{value!r} is no whole number")
    return whole


def is_file_name(text: object) -> bool:
    """Tell whether a value is the bare name of a file, without a folder."""
    return isinstance(text, str) and text not in ("", "..") and PurePath(text).name == text and "\0" not in text


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse_constant(text)
    return number


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = Counter(key for key, _ in pairs)
        raise ValueError(f"{keys.most_common(1)[0][0][:40]!r} stands twice in one object")
    return table


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not a finite number")
