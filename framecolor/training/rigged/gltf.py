"""Read glTF 2.0 binaries (GLB, VRM) with NumPy: the tables, arrays and pictures of one file, no compression extensions.

Every fault of a file is one of `core.parsing.MISSHAPEN`, so that a caller can name the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.parsing import parse_json

_DTYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_HEADER_BYTES = 12


class Gltf:
    """One file: `table` is its JSON; arrays and pictures are decoded on demand."""

    def __init__(self, path: Path) -> None:
        """Raise OSError if the file cannot be read, one of MISSHAPEN if it is not a binary glTF."""
        content = path.read_bytes()
        if content[:4] != b"glTF":
            raise ValueError("it is not a binary glTF")
        chunks: dict[int, bytes] = {}
        at = _HEADER_BYTES
        while at + 8 <= len(content):
            size, kind = (int.from_bytes(content[i : i + 4], "little") for i in (at, at + 4))
            chunks.setdefault(kind, content[at + 8 : at + 8 + size])
            at += 8 + size
        self.table: dict[str, Any] = parse_json(chunks[_JSON])
        self._binary = chunks.get(_BINARY, b"")

    def list_rows(self, name: str) -> list[dict[str, Any]]:
        """List the rows of a table such as "nodes"; none if the file does not have it."""
        return self.table.get(name, [])

    def read_floats(self, accessor: int) -> NDArray[np.float64]:
        """Read an accessor as floats, [count] or [count, width]; normalized integers become numbers in [-1, 1]."""
        row = self.table["accessors"][accessor]
        values = self._read(row)
        if row.get("normalized") and values.dtype.kind in "iu":
            return np.maximum(values / float(np.iinfo(values.dtype).max), -1.0)
        return values.astype(np.float64)

    def read_integers(self, accessor: int) -> NDArray[np.int64]:
        """Read an accessor as integers, [count] or [count, width]."""
        return self._read(self.table["accessors"][accessor]).astype(np.int64)

    def read_image(self, image: int) -> NDArray[np.uint8]:
        """Decode a picture that the file holds, RGBA uint8 HxWx4."""
        row = self.table["images"][image]
        data = self._view(row["bufferView"])
        if not len(data):
            raise ValueError("a picture is empty")
        pixels, coded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if pixels is None or coded is None:
            raise ValueError("a picture cannot be decoded")
        opaque = np.full(pixels.shape[:2], 255, np.uint8)
        has_alpha = coded.ndim == 3 and coded.shape[2] == 4 and coded.dtype == np.uint8
        return np.dstack([pixels, coded[..., 3] if has_alpha else opaque]).astype(np.uint8)

    def _read(self, row: dict[str, Any]) -> NDArray[Any]:
        dtype = np.dtype(_DTYPES[row["componentType"]]).newbyteorder("<")
        width, count = _WIDTHS[row["type"]], row["count"]
        if "bufferView" in row:
            values = self._gather(row["bufferView"], row.get("byteOffset", 0), dtype, count, width)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in row:
            sparse, values = row["sparse"], values.copy()
            where, what = sparse["indices"], sparse["values"]
            kind = np.dtype(_DTYPES[where["componentType"]]).newbyteorder("<")
            at = self._gather(where["bufferView"], where.get("byteOffset", 0), kind, sparse["count"], 1)
            values[at[:, 0]] = self._gather(
                what["bufferView"], what.get("byteOffset", 0), dtype, sparse["count"], width
            )
        return values[:, 0] if width == 1 else values

    def _gather(self, view: int, offset: int, dtype: np.dtype[Any], count: int, width: int) -> NDArray[Any]:
        content = self._view(view)
        size = dtype.itemsize * width
        stride = self.table["bufferViews"][view].get("byteStride") or size
        if count < 1 or offset < 0 or offset + (count - 1) * stride + size > len(content):
            raise ValueError("an array leads out of its buffer")
        at = offset + stride * np.arange(count)[:, None] + np.arange(size)
        return content[at].view(dtype)

    def _view(self, view: int) -> NDArray[np.uint8]:
        row = self.table["bufferViews"][view]
        return np.frombuffer(self._binary, np.uint8, row["byteLength"], row.get("byteOffset", 0))
