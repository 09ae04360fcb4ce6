"""Keep arrays for later runs in a safetensors file that detects damage by a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from framecolor.core.files import read_file
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.networks.tensors import read_metadata

Arrays = Mapping[str, NDArray[np.generic]]


def pack_arrays(arrays: Arrays, table: Mapping[str, Any]) -> bytes:
    """Pack arrays and a table of plain data, without a key "digest", into bytes: equal for equal content."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # One metadata entry: safetensors writes several in any order, so that equal content would give different bytes.
    return save(whole, {"framecolor": json.dumps({**table, "digest": _digest(whole, table)})})


def unpack_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Read the arrays and table of a file of `pack_arrays`; None if it is missing or damaged."""
    try:
        data = read_file(path)
        arrays, table = load(data), parse_json(read_metadata(data)["framecolor"])
        expected = table.pop("digest")
        return (arrays, table) if expected == _digest(arrays, table) else None
    except (OSError, *MISSHAPEN, RuntimeError, SafetensorError):
        return None


def _digest(arrays: Arrays, table: Mapping[str, Any]) -> str:
    parts: list[str | bytes] = [json.dumps(table, sort_keys=True)]
    for name in sorted(arrays):
        parts += [f"{name} {arrays[name].shape} {arrays[name].dtype}", arrays[name].tobytes()]
    return digest(*parts)
