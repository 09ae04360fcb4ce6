"""JSON and TOML from files that anybody may have written or damaged: whatever is wrong with them is a ValueError.

Both parsers have ways out of their own: nesting too deep ends in a RecursionError, and JSON may hold NaN, and numbers
that no float and no int can take.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from pathlib import PurePath
from typing import Any, NoReturn

MISSHAPEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What taking a table apart raises where it is not of the shape that it has to be of."""


def parse_json(text: str | bytes, *, unique_keys: bool = False) -> Any:
    """What a JSON file says. Raises ValueError when it is none, nests too deeply or has infinite numbers.

    unique_keys  refuse an object that has a key twice, of which the later one would win
    """
    pairs = _refuse_repeats if unique_keys else None
    try:
        return json.loads(text, parse_float=_parse_float, parse_constant=_refuse_constant, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_toml(text: str) -> dict[str, Any]:
    """What a TOML file says. Raises ValueError when it is none or nests too deeply."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def take_whole(value: Any) -> int:
    """A whole number of a parsed file as an int, 3.0 as 3. Raises one of MISSHAPEN where it is none."""
    whole = int(value)
    if whole != value:
        raise ValueError(f"{value!r} is no whole number")
    return whole


def is_file_name(text: object) -> bool:
    """Whether a text is the name of a file in one folder, and not the path of another."""
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
