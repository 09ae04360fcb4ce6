"""Tensors that a run keeps for later ones: a safetensors file that notices when a bit of it flips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from framecolor.digest import digest
from framecolor.networks.tensors import read_tensors
from framecolor.tables import MISSHAPEN, parse_json


def pack_tensors(tensors: dict[str, Tensor], table: Mapping[str, Any]) -> bytes:
    """The file's bytes: the same for the same tensors and table. `table` is plain data, and has no "digest"."""
    # One entry holds all: several are written in any order, and the same fit would not give the same file.
    return save(tensors, {"framecolor": json.dumps({**table, "digest": _digest(tensors, table)})})


def unpack_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and table of a file that `pack_tensors` made; None when there is none or it is damaged."""
    try:
        tensors, metadata = read_tensors(path)
        table = parse_json(metadata["framecolor"])
        told = table.pop("digest")
        return (tensors, table) if told == _digest(tensors, table) else None
    except (OSError, *MISSHAPEN, RuntimeError):
        return None


def _digest(tensors: Mapping[str, Tensor], table: Mapping[str, Any]) -> str:
    parts: list[str | bytes] = [json.dumps(table, sort_keys=True)]
    for name in sorted(tensors):
        flat = tensors[name].contiguous().reshape(-1).view(torch.uint8)  # NumPy does not know all types
        parts += [f"{name} {tuple(tensors[name].shape)}", flat.numpy().tobytes()]
    return digest(*parts)
