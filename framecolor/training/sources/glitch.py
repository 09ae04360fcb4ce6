"""The glitch source: a folder CHARACTER/ACTION/{seq.json, 0000.png...} of 16-bit id maps of animated characters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import ReadError
from framecolor.training.dataset import IdSequence, Provenance

PROVENANCE = Provenance(
    source="Glitch avatars by Tiny Speck, https://github.com/tinyspeck/glitch-avatars, "
    "commit 4e90e6ecafead2ee2a84bec3fc9841bfe28b2284 (base_avatar, vanity, wardrobe), rendered to id maps",
    license="CC0-1.0",
    name="glitch",
    attribution="Glitch avatars by Tiny Speck",
)


def read_sequences(folder: Path, long_side: int) -> Iterator[IdSequence]:
    """Yield the sequences under `folder`, sorted by character and action, scaled (nearest) to at most `long_side` px.

    Raises ReadError if the folder has no sequences or a file is damaged.
    """
    tables = sorted(folder.glob("*/*/seq.json"))
    if not tables:
        raise ReadError(folder, "holds no CHARACTER/ACTION/seq.json", "give the folder of the glitch data set")
    for table in tables:
        yield _read_sequence(table, long_side)


def _read_sequence(table: Path, long_side: int) -> IdSequence:
    try:
        meta = parse_json(table.read_text("utf-8"))
        shapes = sorted((int(k), v) for k, v in meta["shapes"].items())
        frames = [_shrink(read_id_map(table.parent / name), long_side) for name in meta["files"]]
        return IdSequence(
            character=meta["avatar"],
            action=meta["action"],
            frames=np.stack(frames),
            ids=np.array([k for k, _ in shapes], np.uint16),
            rgb=np.array([v["rgb"] for _, v in shapes], np.uint8).reshape(-1, 3),
            base=np.array([v["base"] for _, v in shapes], np.uint16),
            parts=tuple(v["part"] for _, v in shapes),
        )
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(table, f"is not a sequence table ({error!r})", "restore the file from the data set") from error


def read_id_map(path: Path) -> NDArray[np.uint16]:
    """Read a 16-bit gray PNG exactly, uint16 HxW. Raises ReadError if it is missing, damaged or of another format."""
    fix = "restore the file from the data set"
    try:
        with av.open(str(path)) as container:
            frame = cast(av.VideoFrame, next(container.decode(video=0)))
            if frame.format.name not in ("gray16be", "gray16le"):
                raise ReadError(path, f"is {frame.format.name}, not 16-bit gray", fix)
            return frame.to_ndarray().astype(np.uint16, copy=False)
    except (OSError, av.error.FFmpegError, StopIteration) as error:
        raise ReadError(path, f"cannot be read ({error})", fix) from error


def _shrink(ids: NDArray[np.uint16], long_side: int) -> NDArray[np.uint16]:
    scale = long_side / max(ids.shape)
    if scale >= 1:
        return ids
    size = (max(1, round(ids.shape[1] * scale)), max(1, round(ids.shape[0] * scale)))
    return cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST).astype(np.uint16, copy=False)
