"""Read safetensors files whole, without mapping them into memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framecolor.core.files import read_file
from framecolor.core.parsing import parse_json

if TYPE_CHECKING:
    from torch import Tensor

_LENGTH_BYTES = 8


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and metadata of a safetensors file. Raises OSError if it cannot be read, ValueError if invalid.

    The file is not mapped into memory: if a mapped file is truncated, the process crashes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_file(path)
    try:
        return load(data), read_metadata(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def read_metadata(data: bytes) -> dict[str, str]:
    """Read the metadata of a safetensors file from its bytes."""
    header = parse_json(data[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")])
    return header.get("__metadata__", {})
