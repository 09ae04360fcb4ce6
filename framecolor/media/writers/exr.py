"""OpenEXR as compositing wants it: half floats of linear light, multiplied with alpha, and a header that says so."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import OutputError

# Of sRGB and BT.709: red, green, blue, white, each as x and y.
_CHROMATICITIES = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)


@cache
def _light_of_codes() -> NDArray[np.float32]:
    """Linear light of sRGB's 8-bit codes."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode_exr(rgba: NDArray[np.uint8]) -> bytes:
    """An EXR file of uint8 HxWx4 straight RGBA in sRGB: channels A, B, G, R as half, ZIP compression.

    Opaque colors come back exactly when the light is encoded as sRGB again, half-transparent ones as well; what is
    wholly transparent has no color in EXR. Raises OutputError when there is no room for a temporary file.
    """
    import OpenImageIO as oiio  # noqa: N813 (its own documentation has it so)

    alpha = rgba[..., 3:].astype(np.float32) / 255
    light = np.concatenate([_light_of_codes()[rgba[..., :3]] * alpha, alpha], axis=2).astype(np.float16)
    spec = oiio.ImageSpec(rgba.shape[1], rgba.shape[0], 4, oiio.HALF)
    spec.channelnames = ("R", "G", "B", "A")
    spec.alpha_channel = 3
    spec.attribute("compression", "zip")
    spec.attribute("oiio:ColorSpace", "lin_rec709_scene")
    spec.attribute("DateTime", "")  # or it would be the time of writing: the same frame is the same file
    spec.attribute("chromaticities", oiio.TypeDesc("float[8]"), _CHROMATICITIES)
    try:
        # OpenImageIO writes to a path only: what it wrote is read again, and goes the way of all other files.
        with tempfile.TemporaryDirectory(prefix="framecolor-") as folder:
            path = Path(folder) / "frame.exr"
            out = oiio.ImageOutput.create(str(path))
            if out is None or not out.open(str(path), spec) or not out.write_image(light) or not out.close():
                problem = oiio.geterror() if out is None else out.geterror()
                raise OutputError(path, f"the frame cannot be written as EXR ({problem})", "make room on that disk")
            return path.read_bytes()
    except OSError as error:
        problem = f"there is no room for a temporary file ({error.strerror or error})"
        raise OutputError(tempfile.gettempdir(), problem, "make room there, or set TMPDIR") from error
