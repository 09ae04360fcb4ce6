"""Arrays that a run keeps for later ones: a safetensors file that notices when a bit of it flips."""

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
    """The file's bytes: the same for the same arrays and table. `table` is plain data, and has no "digest"."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    # One entry holds all: several are written in any order, and the same fit would not give the same file.
    return save(whole, {"framecolor": json.dumps({**table, "digest": _digest(whole, table)})})


def unpack_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Arrays and table of a file that `pack_arrays` made; None when there is none or it is damaged."""
    try:
        data = read_file(path)
        arrays, table = load(data), parse_json(read_metadata(data)["framecolor"])
        told = table.pop("digest")
        return (arrays, table) if told == _digest(arrays, table) else None
    except (OSError, *MISSHAPEN, RuntimeError, SafetensorError):
        return None


def _digest(arrays: Arrays, table: Mapping[str, Any]) -> str:
    parts: list[str | bytes] = [json.dumps(table, sort_keys=True)]
    for name in sorted(arrays):
        parts += [f"{name} {arrays[name].shape} {arrays[name].dtype}", arrays[name].tobytes()]
    return digest(*parts)
