"""Safetensors files, read whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framecolor.core.files import read_file
from framecolor.core.parsing import parse_json

if TYPE_CHECKING:
    from torch import Tensor

_LENGTH_BYTES = 8


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Raises OSError where it cannot be read, ValueError where it is none.

    Not mapped into memory, as the library would: a mapped file that somebody cuts short ends the whole process.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_file(path)
    try:
        return load(data), read_metadata(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def read_metadata(data: bytes) -> dict[str, str]:
    """Metadata of a safetensors file from its bytes."""
    header = parse_json(data[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")])
    return header.get("__metadata__", {})
