"""Straight 8-bit RGBA -> one image file, written whole or not at all."""

from __future__ import annotations

import uuid
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from framecolor.errors import OutputError

# Ending -> codec, pixel format, options. PNG measured on one core with painted 1920x1080 frames of flat color:
# level 2 without prediction writes 271 KiB in 15 ms and is read again in 5 ms; level 6 writes 206 KiB in 28 ms (read
# in 15), level 9 203 KiB in 74 ms, and the predictors only help where colors are soft (level 2: 543 to 479 KiB).
_WRITERS = {
    ".png": ("png", "rgba", {"compression_level": "2", "pred": "none"}),
    ".tga": ("targa", "bgra", {"rle": "1"}),
    ".tif": ("tiff", "rgba", {"compression_algo": "lzw"}),
    ".tiff": ("tiff", "rgba", {"compression_algo": "lzw"}),
}


def write_image(path: str | Path, rgba: NDArray[np.uint8]) -> None:
    """Write uint8 HxWx4 straight RGBA as PNG, TGA or TIFF, by the path's ending; a missing folder is made.

    The file is there whole or not at all, also when the process is interrupted; an older file of the name is replaced.
    Raises OutputError when it cannot be written or the ending is another, ValueError when `rgba` is no such array.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITERS:
        raise OutputError(path, f"images are not written as {path.suffix or 'files without ending'}", "use .png")
    write_bytes_atomic(path, encode_image(rgba, path.suffix))


def encode_image(rgba: NDArray[np.uint8], suffix: str = ".png") -> bytes:
    """The bytes of an image file of uint8 HxWx4 straight RGBA; `suffix` is .png, .tga, .tif or .tiff."""
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4 or 0 in rgba.shape:
        raise ValueError(f"rgba must be uint8 HxWx4, got {rgba.dtype} {rgba.shape}")
    codec, pixel_format, options = _WRITERS[suffix.lower()]
    if pixel_format == "bgra":
        rgba = rgba[..., [2, 1, 0, 3]]
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = rgba.shape[1], rgba.shape[0], pixel_format
    context.time_base = Fraction(1, 24)
    context.thread_count = 1
    context.options = options
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format=pixel_format)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def write_text_atomic(path: str | Path, text: str) -> None:
    """`write_bytes_atomic` of UTF-8 text; line ends are written as they are."""
    write_bytes_atomic(path, text.encode())


def write_bytes_atomic(path: str | Path, data: bytes) -> None:
    """Write a file that is there whole or not at all; a missing folder is made, an older file is replaced.

    Raises OutputError, and leaves nothing behind, when that fails.
    """
    path = Path(path)
    # Beside the target, because only a rename within one disk is atomic; hidden, so that no sequence takes it in.
    draft = path.with_name(f".{path.name[:64]}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(data)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        fix = "check that the folder exists, may be written to and has room, or choose another one with -o"
        raise OutputError(path, f"the file cannot be written ({error.strerror or error})", fix) from error
